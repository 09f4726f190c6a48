"""Findings as plain data: the one form that the API and ``ansvarsgraf validate`` give.

Source: the project's issue on consistency; docs/api.md, section "Findings".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pyoxigraph as ox

from graph_service.build.passages import read_address
from graph_service.vocabulary import DCTERMS, SKOS, ag, kind_and_slug

#: The members of a finding, in order.
MEMBERS = (
    "id",
    "rule",
    "severity",
    "title",
    "explanation",
    "suggestion",
    "things",
    "passages",
)


def documents(triples: Iterable[ox.Triple], findings: Iterable[str]) -> list[dict[str, Any]]:
    """The findings in the order given.

    Args:
        triples: what is said about them; other triples are passed over.
        findings: their IRIs.

    Returns:
        Dictionaries with :data:`MEMBERS`: ``id`` and ``rule`` are last parts of IRIs, ``things``
        are IRIs (what it is about, then what it names besides), ``passages`` have file, first and
        last line.
    """
    wanted = list(findings)
    said: dict[str, dict[str, list[ox.NamedNode | ox.Literal]]] = {
        iri: defaultdict(list) for iri in wanted
    }
    for triple in triples:
        name = triple.subject.value if isinstance(triple.subject, ox.NamedNode) else ""
        if name in said and isinstance(triple.object, ox.NamedNode | ox.Literal):
            said[name][triple.predicate.value].append(triple.object)
    return [_document(iri, said[iri]) for iri in wanted]


def _document(iri: str, values: Mapping[str, list[ox.NamedNode | ox.Literal]]) -> dict[str, Any]:
    def text(*predicates: str) -> str:
        for predicate in predicates:
            found = sorted(
                values.get(predicate, ()), key=lambda v: getattr(v, "language", "") != "da"
            )
            if found:
                return found[0].value
        return ""

    def name(predicate: str) -> str:
        value = text(predicate)
        split = kind_and_slug(value)
        return split[1] if split else value.rpartition("#")[2].rpartition("/")[2]

    about = sorted(v.value for v in values.get(ag("about"), ()))
    named = sorted(v.value for v in values.get(ag("thing"), ()))
    addresses = sorted(a for v in values.get(ag("evidence"), ()) if (a := read_address(v.value)))
    split = kind_and_slug(iri)
    return {
        "id": split[1] if split else iri,
        "rule": name(ag("rule")),
        "severity": name(ag("severity")),
        "title": text(DCTERMS + "title", SKOS + "prefLabel"),
        "explanation": text(ag("explanation")),
        "suggestion": text(ag("suggestion")),
        "things": list(dict.fromkeys([*about, *named])),
        "passages": [
            {"document": f"{stem}.txt", "first_line": first, "last_line": last}
            for stem, first, last in addresses
        ],
    }
