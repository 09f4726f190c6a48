"""Read a SHACL shapes graph: its paths, messages, targets, and names for its blank nodes.

Source: SHACL (W3C Recommendation, 2017), sections 2.1.3 (targets), 2.3.1 (property paths).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyoxigraph as ox

from graph_service.vocabulary import RDF, RDFS, SH

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Node = ox.NamedNode | ox.BlankNode


@dataclass(frozen=True)
class Predicate:
    """A path of one property."""

    iri: str


@dataclass(frozen=True)
class Inverse:
    """A path walked backwards."""

    path: Path


@dataclass(frozen=True)
class Sequence:
    """Paths walked one after the other."""

    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Alternative:
    """Any of some paths."""

    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Repeat:
    """A path walked again and again: ``sign`` is ``*``, ``+`` or ``?``."""

    path: Path
    sign: str


Path = Predicate | Inverse | Sequence | Alternative | Repeat


def text(path: Path) -> str:
    """The path as SPARQL writes it, with IRIs in full; a single property without brackets.

    >>> text(Inverse(Predicate("http://example.org/p")))
    '^<http://example.org/p>'
    """
    return path.iri if isinstance(path, Predicate) else _part(path)


def _part(path: Path) -> str:
    match path:
        case Predicate(iri):
            return f"<{iri}>"
        case Inverse(inner):
            return f"^{_part(inner)}"
        case Sequence(paths):
            return "(" + "/".join(map(_part, paths)) + ")"
        case Alternative(paths):
            return "(" + "|".join(map(_part, paths)) + ")"
        case Repeat(inner, sign):
            return f"{_part(inner)}{sign}"


class ShapesGraph:
    """The triples of a shapes graph, with names for the blank nodes that are shapes or constraints.

    Engines report those nodes, and each engine names blank nodes in its own way; paths and lists
    must stay blank nodes.
    """

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        given = list(triples)
        names = _names(given)
        self.triples = [
            ox.Triple(
                _named(t.subject, names),
                t.predicate,
                _named(t.object, names),
            )
            for t in given
        ]
        self._about: Mapping[Term, Mapping[str, list[Term]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for t in self.triples:
            self._about[t.subject][t.predicate.value].append(t.object)

    @cached_property
    def ntriples(self) -> bytes:
        """The triples as N-Triples."""
        made = ox.serialize(self.triples, format=ox.RdfFormat.N_TRIPLES)
        assert made is not None
        return made

    @cached_property
    def has_components(self) -> bool:
        """Whether it declares constraint components; their parameters can be any property.

        Source: SHACL, section 6.2.
        """
        return any(self.objects(node, SH + "parameter") for node in self.subjects())

    def targets(self) -> list[ox.Triple]:
        """The triples that say what shapes are about."""
        return [t for t in self.triples if _is_target(t)]

    def only(self, targets: Iterable[ox.Triple]) -> ShapesGraph:
        """The shapes that are about these targets, with all that they are made of."""
        found = set(targets)
        queue: list[Any] = [t.subject for t in found]
        seen = set(queue)
        while queue:
            subject = queue.pop()
            for predicate, value in self.about(subject):
                triple = ox.Triple(subject, ox.NamedNode(predicate), value)
                if not _is_target(triple):
                    found.add(triple)
                    if value in self._about and value not in seen:
                        seen.add(value)
                        queue.append(value)
        return ShapesGraph(found)

    def within(self, shape: Term) -> set[Term]:
        """A shape and the property shapes within it."""
        found, queue = {shape}, [shape]
        while queue:
            for inner in self.objects(queue.pop(), SH + "property"):
                if inner not in found:
                    found.add(inner)
                    queue.append(inner)
        return found

    def objects(self, subject: Term, predicate: str) -> list[Term]:
        """The values of a property; ``predicate`` is an IRI."""
        return self._about.get(subject, {}).get(predicate, [])

    def about(self, subject: Term) -> Iterator[tuple[str, Term]]:
        """Property and value of everything said of a node."""
        for predicate, values in self._about.get(subject, {}).items():
            for value in values:
                yield predicate, value

    def subjects(self) -> list[Term]:
        """Every node that something is said of."""
        return list(self._about)

    def items(self, head: Term) -> list[Term]:
        """The members of a list."""
        found: list[Term] = []
        while first := self.objects(head, RDF + "first"):
            found.append(first[0])
            head = self.objects(head, RDF + "rest")[0]
        return found

    def message(self, node: Term, language: str) -> str:
        """What a shape or constraint says in a language; empty when it says nothing in it."""
        for message in self.objects(node, SH + "message"):
            if isinstance(message, ox.Literal) and message.language == language:
                return message.value
        return ""

    def path(self, node: Term) -> Path:
        """The path that a node stands for.

        Raises:
            ValueError: the node is no well-formed path.
        """
        if isinstance(node, ox.NamedNode):
            return Predicate(node.value)
        members = self.items(node)
        if members:
            return Sequence(tuple(self.path(m) for m in members))
        for predicate, value in self.about(node):
            match predicate.removeprefix(SH):
                case "inversePath":
                    return Inverse(self.path(value))
                case "alternativePath":
                    return Alternative(tuple(self.path(m) for m in self.items(value)))
                case "zeroOrMorePath":
                    return Repeat(self.path(value), "*")
                case "oneOrMorePath":
                    return Repeat(self.path(value), "+")
                case "zeroOrOnePath":
                    return Repeat(self.path(value), "?")
        raise ValueError(f"{node} is no path")

    def path_of(self, shape: Term) -> Path | None:
        """The path of a property shape; None for a node shape."""
        paths = self.objects(shape, SH + "path")
        return self.path(paths[0]) if paths else None


def _is_target(triple: ox.Triple) -> bool:
    """Whether a triple says what a shape is about; SHACL, section 2.1.3."""
    if triple.predicate.value == RDF + "type":
        return triple.object == ox.NamedNode(RDFS + "Class")
    return triple.predicate.value.startswith(SH + "target")


def _names(triples: list[ox.Triple]) -> dict[ox.BlankNode, ox.NamedNode]:
    """A name for each blank node that is neither a path nor a cell of a list."""
    unnamed: set[Term] = set()
    inside: dict[Term, list[Term]] = defaultdict(list)
    for t in triples:
        if isinstance(t.object, ox.BlankNode):
            inside[t.subject].append(t.object)
        if t.predicate.value.startswith(RDF) and t.predicate.value.endswith(("first", "rest")):
            unnamed.add(t.subject)
    queue = [t.object for t in triples if t.predicate.value == SH + "path"]
    while queue:
        node = queue.pop()
        if isinstance(node, ox.BlankNode):
            unnamed.add(node)
            queue.extend(inside[node])
    blank = {t.subject for t in triples} | {t.object for t in triples}
    found = [n for n in blank if isinstance(n, ox.BlankNode) and n not in unnamed]
    return {node: ox.NamedNode(f"urn:shape:{node.value}") for node in found}


def _named(term: Any, names: Mapping[ox.BlankNode, ox.NamedNode]) -> Any:
    return names.get(term, term) if isinstance(term, ox.BlankNode) else term
