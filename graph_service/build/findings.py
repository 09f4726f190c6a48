"""Run the review rules: what the sources say that does not hold together.

A review rule is a ``sh:SPARQLRule`` in shapes/review.ttl whose CONSTRUCT makes one
``ag:ReviewFinding`` for each case. Each runs once, as a set query over the whole graph. Title,
severity and suggestion stand on the rule; a finding gets them from it, by the rule's IRI.
Source: SHACL Advanced Features, section 9 (SPARQL rules); the project's architecture, decision 4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pyoxigraph as ox

from graph_service.build.quads import in_graph, iri, store_of
from graph_service.vocabulary import RDFS, SH, SKOS, ag, graph

FINDINGS = ox.NamedNode(graph("findings"))
RULE = ox.NamedNode(ag("rule"))


@dataclass(frozen=True, order=True)
class Rule:
    """A review rule as shapes/review.ttl states it.

    Attributes:
        iri: its address; the last part is its id.
        title: what it finds, in a few words.
        severity: IRI of ``ag:Critical``, ``ag:Warning`` or ``ag:Notice``.
        why: what it checks and why that matters.
        suggestion: what can be done about a finding.
        example: a case that it finds.
        construct: the query, without prefixes.
        prefixes: the prefixes that the query uses.
        focus: what it starts from: IRIs of classes, or of properties that it must have.
    """

    iri: str
    title: str
    severity: str
    why: str
    suggestion: str
    example: str
    construct: str
    prefixes: tuple[tuple[str, str], ...]
    focus: tuple[str, ...]

    @property
    def id(self) -> str:
        """The last part of the address."""
        return self.iri.rpartition("/")[2]


def rules(shapes: Iterable[ox.Triple]) -> list[Rule]:
    """The review rules among the triples of a shapes file, sorted by address."""
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for triple in shapes:
        said[iri(triple.subject)][triple.predicate.value].append(iri(triple.object))
    focus: dict[str, list[str]] = defaultdict(list)
    for values in said.values():
        for rule in values[SH + "rule"]:
            focus[rule] += values[SH + "targetClass"] + values[SH + "targetSubjectsOf"]

    def text(values: dict[str, list[str]], predicate: str) -> str:
        return next(iter(values[predicate]), "")

    def prefixes(values: dict[str, list[str]]) -> tuple[tuple[str, str], ...]:
        declared = [said[d] for node in values[SH + "prefixes"] for d in said[node][SH + "declare"]]
        return tuple(sorted((text(d, SH + "prefix"), text(d, SH + "namespace")) for d in declared))

    return sorted(
        Rule(
            iri=name,
            title=text(values, RDFS + "label"),
            severity=text(values, ag("severity")),
            why=text(values, RDFS + "comment"),
            suggestion=text(values, ag("suggestion")),
            example=text(values, SKOS + "example"),
            construct=text(values, SH + "construct"),
            prefixes=prefixes(values),
            focus=tuple(sorted(focus[name])),
        )
        for name, values in list(said.items())
        if values[SH + "construct"]
    )


def find(
    triples: Iterable[ox.Triple],
    shapes: Iterable[ox.Triple],
    *,
    store: ox.Store | None = None,
) -> set[ox.Quad]:
    """The findings of every rule, in ``graph/findings``.

    Args:
        triples: the graph to look in.
        shapes: the triples of shapes/review.ttl.
        store: a store whose default graph already holds ``triples``, which are then not read.
    """
    if store is None:
        store = store_of(triples)
    found: set[ox.Triple] = set()
    for rule in rules(shapes):
        made = store.query(rule.construct, prefixes=dict(rule.prefixes))
        if not isinstance(made, ox.QueryTriples):
            raise TypeError(f"{rule.iri} is no CONSTRUCT")
        new = set(made)
        found |= new
        words = (
            (SKOS + "prefLabel", ox.Literal(rule.title, language="da")),
            (ag("severity"), ox.NamedNode(rule.severity)),
            (ag("suggestion"), ox.Literal(rule.suggestion, language="da")),
        )
        for finding in {t.subject for t in new if t.predicate == RULE}:
            found |= {ox.Triple(finding, ox.NamedNode(p), o) for p, o in words}
    return set(in_graph(found, FINDINGS))
