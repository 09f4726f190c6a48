"""Check the graph against the SHACL shapes that must hold, and say in Danish what is wrong where.

The engine is pyshacl-turbo, chosen by measurement (docs/decisions.md); pySHACL is the referee and
can be chosen instead (``--engine pyshacl``). Both, and RDFLib, are imported only to check a graph:
a service that only answers has no use for them, and they take a third of a second and 25 MB.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from graph_service.build.quads import store_of
from graph_service.build.reading import predicates_read
from graph_service.build.shapes import Alternative, Path, Predicate, ShapesGraph, text

if TYPE_CHECKING:
    import rdflib

ENGINES = ("turbo", "pyshacl")


def _failures() -> tuple[type[Exception], ...]:
    """What the engines raise on shapes that they cannot run."""
    from pyshacl_turbo import ValidationFailure

    return (ValidationFailure, RuntimeError, ValueError)


@dataclass(frozen=True, order=True)
class Violation:
    """One thing that breaks one shape.

    Attributes:
        focus: IRI of the thing.
        path: IRI of the property; a path in SPARQL's syntax when it is more than one property;
            empty when the shape is about the thing itself.
        value: the offending value as text, or empty.
        component: IRI of the SHACL constraint component.
        message_da, message_en: what must hold, in the words of the shape.
        file: the project's file that the thing comes from, or empty.
        severity: ``Violation``, ``Warning`` or ``Info``.
    """

    focus: str
    path: str
    value: str
    component: str
    message_da: str
    message_en: str
    file: str
    severity: str


class Validator:
    """Shapes made ready for one engine.

    Raises:
        ValueError: unknown engine, or the shapes themselves are malformed.
    """

    def __init__(self, shapes: ShapesGraph, engine: str = "turbo") -> None:
        self.shapes = shapes
        self.engine = engine
        self._read = predicates_read(shapes)
        self._compiled: Any = None
        self._graph: rdflib.Graph | None = None
        if engine == "turbo":
            import pyshacl_turbo

            compiler: Any = pyshacl_turbo.CompiledShapes
            try:
                self._compiled = compiler(shapes.ntriples, shacl_graph_format="nt", advanced=True)
            except _failures() as error:
                raise ValueError(f"the shapes cannot be run: {error}") from error
        elif engine == "pyshacl":
            import rdflib

            self._graph = rdflib.Graph().parse(data=shapes.ntriples, format="nt")
        else:
            raise ValueError(f"unknown SHACL engine {engine!r}; choose one of {', '.join(ENGINES)}")

    def report(self, data: Iterable[ox.Triple], focus: Iterable[str] | None = None) -> rdflib.Graph:
        """The SHACL validation report on a graph.

        Args:
            focus: IRIs of the only focus nodes to look at; None for all.

        Raises:
            ValueError: the shapes are malformed.
        """
        import rdflib

        chosen = None if focus is None else sorted(focus)
        if self._read is not None:
            data = (t for t in data if t.predicate.value in self._read)
        ntriples = ox.serialize(data, format=ox.RdfFormat.N_TRIPLES) or b""
        try:
            if self.engine == "turbo":
                # N-Triples as they are. Given a Store, this engine takes "x" in it for another
                # literal than "x" in the shapes: 21 tests of the W3C suite fail. RDFLib is slow.
                from pyshacl_turbo.rdf import Input

                text_in = Input(ntriples.decode(), "nt", None, {}, {}, preserve_ids=True)
                _, graph, why = self._compiled.validate(text_in, focus_nodes=chosen)
            else:
                import pyshacl

                _, graph, why = pyshacl.validate(
                    rdflib.Graph().parse(data=ntriples, format="nt"),
                    shacl_graph=self._graph,
                    advanced=True,
                    inference="none",
                    focus_nodes=chosen,
                )
        except _failures() as error:
            raise ValueError(f"the shapes cannot be run: {error}") from error
        if not isinstance(graph, rdflib.Graph):
            raise ValueError(f"the shapes cannot be run: {why}")
        return graph

    def validate(
        self, data: Collection[ox.Triple], focus: Iterable[str] | None = None
    ) -> list[Violation]:
        """Every violation by a graph, sorted, without files.

        Args:
            focus: IRIs of the only focus nodes to look at; None for all.
        """
        from rdflib.namespace import SH

        report = self.report(data, focus)
        found = set()
        for result in report.objects(None, SH.result):
            shape = _node(report.value(result, SH.sourceShape))
            rule = _node(report.value(result, SH.sourceConstraint))
            node, value = report.value(result, SH.focusNode), report.value(result, SH.value)
            severity = str(report.value(result, SH.resultSeverity))
            found.add(
                Violation(
                    focus=str(node),
                    path=self._path(shape, report.value(result, SH.resultPath), node, value, data),
                    value="" if value is None else str(value),
                    component=str(report.value(result, SH.sourceConstraintComponent)),
                    message_da=self._words((rule, shape), report, result, "da"),
                    message_en=self._words((rule, shape), report, result, "en"),
                    file="",
                    severity=severity.rpartition("#")[2],
                )
            )
        return sorted(found)

    def _path(
        self, shape: ox.NamedNode, told: Any, focus: Any, value: Any, data: Iterable[ox.Triple]
    ) -> str:
        if _is_iri(told):
            return str(told)
        path = self.shapes.path_of(shape)
        if path is None:
            return ""
        return text(_taken(path, focus, value, data) or path)

    def _words(
        self, nodes: Iterable[ox.NamedNode], report: rdflib.Graph, result: Any, language: str
    ) -> str:
        for node in nodes:
            if message := self.shapes.message(node, language):
                return message
        from rdflib.namespace import SH

        return str(next(report.objects(result, SH.resultMessage), ""))


def _is_iri(term: Any) -> bool:
    from rdflib import URIRef

    return isinstance(term, URIRef)


def _node(term: Any) -> ox.NamedNode:
    return ox.NamedNode(str(term) if _is_iri(term) else "urn:shape:unnamed")


def _taken(path: Path, focus: Any, value: Any, data: Iterable[ox.Triple]) -> Path | None:
    """Which of alternative properties leads from a thing to a value."""
    if not isinstance(path, Alternative) or not _is_iri(focus) or value is None:
        return None
    thing = ox.NamedNode(str(focus))
    held = {
        t.predicate.value
        for t in data
        if t.subject == thing and getattr(t.object, "value", None) == str(value)
    }
    return next((p for p in path.paths if isinstance(p, Predicate) and p.iri in held), None)


def with_files(violations: Iterable[Violation], origin: Mapping[str, str]) -> list[Violation]:
    """The violations with the file that each thing comes from."""
    return [replace(v, file=origin.get(v.focus, "")) for v in violations]


@lru_cache(maxsize=4)
def _validator(shapes: tuple[ox.Triple, ...], engine: str) -> Validator:
    return Validator(ShapesGraph(shapes), engine)


def check(
    triples: ox.Store | Iterable[ox.Triple],
    shapes: Iterable[ox.Triple],
    origin: Mapping[str, str],
    engine: str = "turbo",
) -> list[Violation]:
    """Every violation of ``shapes`` by ``triples``, sorted; empty when the graph is sound.

    Args:
        triples: the graph, or a store that has it as its default graph.
        origin: IRI of a thing → the file that it comes from.
        engine: one of ``ENGINES``.

    Raises:
        ValueError: unknown engine, or the shapes themselves are malformed.
    """
    store = triples if isinstance(triples, ox.Store) else store_of(triples)
    return with_files(_validator(tuple(shapes), engine).validate(store), origin)
