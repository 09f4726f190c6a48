"""How what the graph says about a thing becomes plain data: names, order, what is left out."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
import pyoxigraph as ox

from graph_service.store import Term
from graph_service.vocabulary import AG, DCTERMS, ELI, ID, OA, ORG, QB, RDF, SKOS, XSD, ag, compact


class Number(NamedTuple):
    """How a number is written, and read."""

    form: re.Pattern[str]
    of: Callable[[str], int | float]


#: Properties that describing leaves out: inferred fans that have questions of their own.
HIDDEN = tuple(
    ag(name) for name in ("heldBy", "borneBy", "derivation", "answersFor", "boundBy", "fallsUnder")
)
#: How the IRIs begin of things that have no life of their own: shown inside the thing that names
#: them.
NESTED = tuple(f"{ID}{kind}/" for kind in ("statement", "date", "passage", "assessment"))
#: Datatypes whose values are numbers in JSON; and the most characters of one that is.
NUMBERS = {
    XSD + "integer": Number(re.compile(r"[+-]?[0-9]+"), int),
    XSD + "decimal": Number(re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"), float),
}
LONGEST_NUMBER = 300
#: Predicates whose values stand in every reference; of a passage, in its address too.
SAID_ALREADY = frozenset((RDF + "type", SKOS + "prefLabel"))
SAID_OF_PASSAGE = SAID_ALREADY.union(
    (OA + "hasSelector", OA + "hasSource", ag("firstLine"), ag("lastLine"))
)

#: Properties of the standard vocabularies that things have.
STANDARD = tuple(
    base + name
    for base, names in {
        SKOS: "altLabel broader definition editorialNote inScheme narrowMatch notation related",
        DCTERMS: "conformsTo description identifier isPartOf isVersionOf issued publisher source",
        ELI: "is_part_of",
        ORG: "unitOf",
        QB: "dataSet structure",
    }.items()
    for name in names.split()
)
#: Members of a thing's data that are no property.
SHAPED = {
    "iri",
    "id",
    "kind",
    "label",
    "type",
    "page",
    "data",
    "as_of",
    "derivation",
    "file",
    "things",
    "passages",
}

Json = Any


@dataclass
class Description:
    """What the graph says about one thing, and about what is nested in it."""

    iri: str
    values: dict[str, list[Term]] = field(default_factory=lambda: defaultdict(list))


def snake(name: str) -> str:
    """The API's name of a property: ``targetGroup`` → ``target_group``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


@lru_cache(4096)
def member(predicate: str) -> str:
    """The API's name of a property, by its IRI.

    One that would have the name of a member that is no property keeps its prefix; and of a
    vocabulary that is not ours, nor one that we know, the name is the IRI.
    """
    name, known = snake(local(predicate)), compact(predicate)
    if predicate.startswith(AG) or (name not in SHAPED and known != predicate):
        return name
    return known


def local(iri: str) -> str:
    """The last part of an IRI."""
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]


def plain(value: Term) -> Json:
    """A literal as JSON: numbers as numbers, everything else as text, also what is said to be a
    number and is none."""
    if isinstance(value, ox.Literal):
        text, number = value.value, NUMBERS.get(value.datatype.value)
        if number and len(text) <= LONGEST_NUMBER and number.form.fullmatch(text):
            return number.of(text)
        return text
    return compact(value.value) if isinstance(value, ox.NamedNode) else str(value)


def best(values: list[Term]) -> str:
    for value in values:
        if isinstance(value, ox.Literal) and value.language == "da":
            return value.value
    return str(values[0].value)


def order_of(item: Json) -> tuple[str, int, str]:
    if isinstance(item, dict):
        return (str(item.get("file", "")), int(item.get("first_line", 0)), str(item["label"]))
    return ("", item, "") if isinstance(item, int) else ("", 0, str(item))


def to_json(value: Any) -> bytes:
    """Compact UTF-8 JSON; a lone surrogate, which UTF-8 cannot hold, becomes a question mark."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate, or a number beyond 64 bits
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")
