"""Closed sets of words: what a parameter of the type ``word(...)`` may be.

A set is what the graph in service has at one place: the kinds of its documents, the properties that
its sources leave open. What the model names besides is taken too, for "there is none" is a right
answer to it; all else is a misspelling, and an empty list would be a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

import pyoxigraph as ox

from graph_service.shaping import local
from graph_service.store import Store, Term

#: How a text is compared, and what it is then.
Form = tuple[str, str]


class Graph(Protocol):
    """What reading a set needs: the graph, and to be one object for each snapshot."""

    store: Store


@dataclass(frozen=True)
class Source:
    """Where a set is read, as SPARQL patterns that bind ``?value``.

    Attributes:
        there: what the graph has; told to whoever writes something else.
        known: what the model names besides, or empty.
    """

    there: str
    known: str = ""


def below(root: str) -> Source:
    """The classes of the things of a class, and those that the model has below it."""
    steps = ("/".join(["rdfs:subClassOf"] * depth) for depth in (1, 2, 3))
    paths = [f"{{ ?value {step} {root} }}" for step in steps]
    return Source(f"?thing a {root} ; a ?value", " UNION ".join(paths))


PROPERTIES = "?value a ?sort . VALUES ?sort { owl:ObjectProperty owl:DatatypeProperty }"
CLASSES = "?value a owl:Class"


def concepts(there: str, scheme: str) -> Source:
    """The values of a property, and all concepts of their scheme."""
    return Source(there, f"?value skos:inScheme|skos:topConceptOf {scheme}")


#: Name → where it is read.
SOURCES = {
    "gap": Source("?thing ag:notStated ?value", PROPERTIES),
    "gap-of-indicator": Source("?thing a ag:Indicator ; ag:notStated ?value", PROPERTIES),
    "gap-of-responsibility": Source("?thing a ag:Responsibility ; ag:notStated ?value", PROPERTIES),
    "class-with-gap": Source("?thing ag:notStated ?gap ; a ?value", CLASSES),
    "actor-class": below("ag:Actor"),
    "body-class": below("ag:Body"),
    "organisation-class": below("org:Organization"),
    "area-class": Source("?cell a qb:Observation ; ag:area ?area . ?area a ?value", CLASSES),
    "document-kind": Source("?thing a ag:Document ; ag:documentKind ?value"),
    "event-type": concepts("?thing ag:eventType ?value", "ag:EventTypeScheme"),
    "agreement-fact": Source(
        '{ VALUES ?value { "party" } } UNION { ?thing ag:eventType ?value }',
        "?value skos:inScheme|skos:topConceptOf ag:EventTypeScheme",
    ),
    "deadline-kind": concepts("?thing ag:deadlineKind ?value", "ag:DeadlineKindScheme"),
    "remark-effect": concepts("?thing ag:effect ?value", "ag:RemarkEffectScheme"),
    "agreement-status": concepts("?thing ag:status ?value", "ag:AgreementStatusScheme"),
    "unit": Source("?thing a ag:Figure ; ag:unit ?value"),
    "section": Source("?thing a ag:HearingRemark ; ag:section ?value"),
    "column": Source(
        "?cell a qb:Observation ; ag:component|ag:ageGroup|ag:healthArea ?column . "
        "?column skos:notation ?value"
    ),
    "rule": Source("?finding ag:rule ?value"),
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """A set as a snapshot has it.

    Attributes:
        there: the words that the graph has, in order.
    """

    there: tuple[str, ...]
    _taken: Mapping[Form, str]

    @staticmethod
    def of(there: Iterable[Term], known: Iterable[Term]) -> Words:
        """The set of these values."""
        told = {word(value): value for value in there}
        both = {**{word(value): value for value in known}, **told}
        taken: dict[Form, str] = {}
        for name, value in both.items():
            taken[form("exact", name)] = name
            taken[form("name" if isinstance(value, ox.NamedNode) else "text", name)] = name
        return Words(tuple(sorted(told, key=str.casefold)), taken)

    def find(self, text: str) -> str:
        """The word that a client means, or empty; whatever it writes where the graph has none.

        ``legal_basis``, ``legalBasis``, ``ag:legalBasis`` and the IRI mean one property; of words
        that are no names only the capitals do not matter.
        """
        asked = (form(kind, text) for kind in ("exact", "text", "name"))
        found = (self._taken[each] for each in asked if each in self._taken)
        return next(found, "" if self.there else text)


def word(value: Term) -> str:
    """The word of a value: of an IRI its last part."""
    return local(value.value) if isinstance(value, ox.NamedNode) else value.value


def form(kind: str, text: str) -> Form:
    """A text as it is compared: exactly, without capitals, or as a name, however its words are
    joined."""
    if kind == "exact":
        return kind, text
    if kind == "text":
        return kind, text.casefold()
    short = local(text) if text.startswith(("http://", "https://")) else text.removeprefix("ag:")
    return kind, short.casefold().replace("_", "").replace("-", "")


_read: WeakKeyDictionary[Graph, dict[str, Words]] = WeakKeyDictionary()


def words(graph: Graph, name: str) -> Words:
    """A set as the graph has it, read once for each snapshot.

    Raises:
        StoreError: the graph cannot be asked.
    """
    read = _read.setdefault(graph, {})
    if name not in read:
        source = SOURCES[name]

        def values(pattern: str) -> list[Term]:
            if not pattern:
                return []
            rows = graph.store.select(f"SELECT DISTINCT ?value WHERE {{ {pattern} }}")
            return [row["value"] for row in rows if "value" in row]

        read[name] = Words.of(values(source.there), values(source.known))
    return read[name]
