"""Check the graph against the SHACL shapes that must hold, and say in Danish what is wrong where.

The engine is pyshacl-turbo, chosen by measurement (docs/decisions.md); pySHACL is the referee and
can be chosen instead (``--engine pyshacl``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import pyoxigraph as ox
import rdflib
from rdflib.namespace import SH

from graph_service.build.quads import in_graph
from graph_service.build.shapes import Alternative, Path, Predicate, ShapesGraph, text

ENGINES = ("turbo", "pyshacl")


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
        self._compiled: Any = None
        self._graph: rdflib.Graph | None = None
        if engine == "turbo":
            import pyshacl_turbo

            compiler: Any = pyshacl_turbo.CompiledShapes
            try:
                self._compiled = compiler(shapes.ntriples, shacl_graph_format="nt", advanced=True)
            except (pyshacl_turbo.ValidationFailure, RuntimeError) as error:
                raise ValueError(f"the shapes cannot be run: {error}") from error
        elif engine == "pyshacl":
            self._graph = rdflib.Graph().parse(data=shapes.ntriples, format="nt")
        else:
            raise ValueError(f"unknown SHACL engine {engine!r}; choose one of {', '.join(ENGINES)}")

    def report(self, data: ox.Store, focus: Iterable[str] | None = None) -> rdflib.Graph:
        """The SHACL validation report on the default graph of a store.

        Args:
            focus: IRIs of the only focus nodes to look at; None for all.

        Raises:
            ValueError: the shapes are malformed.
        """
        chosen = None if focus is None else sorted(focus)
        if self.engine == "turbo":
            from pyshacl_turbo import ValidationFailure

            try:
                _, graph, _ = self._compiled.validate(data, focus_nodes=chosen)
            except (ValidationFailure, RuntimeError) as error:
                raise ValueError(f"the shapes cannot be run: {error}") from error
        else:
            import pyshacl

            triples = data.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
            _, graph, why = pyshacl.validate(
                rdflib.Graph().parse(data=triples, format="nt"),
                shacl_graph=self._graph,
                advanced=True,
                inference="none",
                focus_nodes=chosen,
            )
            if not isinstance(graph, rdflib.Graph):
                raise ValueError(f"the shapes cannot be run: {why}")
        found: rdflib.Graph = graph
        return found

    def validate(self, data: ox.Store, focus: Iterable[str] | None = None) -> list[Violation]:
        """Every violation by the default graph of a store, sorted, without files.

        Args:
            focus: IRIs of the only focus nodes to look at; None for all.
        """
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

    def _path(self, shape: ox.NamedNode, told: Any, focus: Any, value: Any, data: ox.Store) -> str:
        if isinstance(told, rdflib.URIRef):
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
        return str(next(report.objects(result, SH.resultMessage), ""))


def _node(term: Any) -> ox.NamedNode:
    return ox.NamedNode(str(term) if isinstance(term, rdflib.URIRef) else "urn:shape:unnamed")


def _taken(path: Path, focus: Any, value: Any, data: ox.Store) -> Path | None:
    """Which of alternative properties leads from a thing to a value."""
    if not isinstance(path, Alternative) or not isinstance(focus, rdflib.URIRef) or value is None:
        return None
    thing = ox.NamedNode(str(focus))
    held = {
        quad.predicate.value
        for quad in data.quads_for_pattern(thing, None, None, ox.DefaultGraph())
        if getattr(quad.object, "value", None) == str(value)
    }
    return next((p for p in path.paths if isinstance(p, Predicate) and p.iri in held), None)


def with_files(violations: Iterable[Violation], origin: Mapping[str, str]) -> list[Violation]:
    """The violations with the file that each thing comes from."""
    return [replace(v, file=origin.get(v.focus, "")) for v in violations]


@lru_cache(maxsize=4)
def _validator(shapes: tuple[ox.Triple, ...], engine: str) -> Validator:
    return Validator(ShapesGraph(shapes), engine)


def check(
    triples: Iterable[ox.Triple],
    shapes: Iterable[ox.Triple],
    origin: Mapping[str, str],
    engine: str = "turbo",
) -> list[Violation]:
    """Every violation of ``shapes`` by ``triples``, sorted; empty when the graph is sound.

    Args:
        origin: IRI of a thing → the file that it comes from.
        engine: one of ``ENGINES``.

    Raises:
        ValueError: unknown engine, or the shapes themselves are malformed.
    """
    store = ox.Store()
    store.bulk_extend(in_graph(triples))
    return with_files(_validator(tuple(shapes), engine).validate(store), origin)
