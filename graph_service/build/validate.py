"""Check the graph against the SHACL shapes that must hold, and say in Danish what is wrong where.

The engine is pyshacl-turbo; pySHACL can be chosen instead (``--engine pyshacl``). See
:mod:`graph_service.build.engine`, and :mod:`graph_service.build.settled` for what is asked before.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from graph_service.build.engine import NTRIPLES, ByProperty, Program, by_property
from graph_service.build.quads import iri, store_of
from graph_service.build.settled import unsettled
from graph_service.build.shapes import Alternative, Path, Predicate, ShapesGraph, Term, text
from graph_service.vocabulary import SH, compact

if TYPE_CHECKING:
    import rdflib

ENGINES = ("turbo", "pyshacl")
#: From this many triples on, the store is asked first; a small graph the engine has done sooner.
LARGE = 20_000


@dataclass(frozen=True, order=True)
class Violation:
    """One thing that breaks one shape.

    Attributes:
        focus: IRI of the thing; a literal as N-Triples write it.
        path: IRI of the property; a path in SPARQL's syntax when it is more than one property;
            empty when the shape is about the thing itself.
        value: the offending value as text, or empty.
        component: IRI of the SHACL constraint component.
        message_da, message_en: what must hold, in the words of the shape.
        file: the project's file that the thing comes from, or empty.
        severity: ``Violation``, ``Warning`` or ``Info``.
        value_of: IRIs of properties, when the shape is about the values of these and ``focus`` is
            such a value; empty after :func:`located`.
    """

    focus: str
    path: str
    value: str
    component: str
    message_da: str
    message_en: str
    file: str
    severity: str
    value_of: tuple[str, ...] = ()


class Validator:
    """Shapes made ready for one engine.

    Args:
        engine: one of ``ENGINES``.

    Raises:
        ValueError: unknown engine.
    """

    def __init__(self, shapes: ShapesGraph, engine: str = "turbo") -> None:
        if engine not in ENGINES:
            raise ValueError(f"unknown SHACL engine {engine!r}; choose one of {', '.join(ENGINES)}")
        self.shapes = shapes
        self.engine = engine

    @cached_property
    def _whole(self) -> Program:
        return Program(self.shapes, self.engine)

    def report(
        self, data: ox.Store | Iterable[ox.Triple], focus: Iterable[str] | None = None
    ) -> rdflib.Graph:
        """The SHACL validation report on a graph.

        Args:
            data: the graph, or a store that has it as its default graph.
            focus: IRIs of the only focus nodes to look at; None for all.

        Raises:
            ValueError: the shapes are malformed.
        """
        return self._whole.report(by_property(data), None if focus is None else sorted(focus))

    def _program(self, data: ox.Store | list[ox.Triple]) -> Program | None:
        """The shapes that a whole graph may break, for the engine; None when it breaks none."""
        if self.engine != "turbo" or len(data) < LARGE:
            return self._whole
        store = data if isinstance(data, ox.Store) else store_of(data)
        with ThreadPoolExecutor(1) as aside:
            # Compiled in any case, so that malformed shapes are refused whatever the graph holds.
            compiled = aside.submit(lambda: self._whole)
            targets = unsettled(self.shapes, store, _cores())
            compiled.result()
        return Program(self.shapes.only(targets), self.engine) if targets else None

    def validate(
        self, data: ox.Store | Iterable[ox.Triple], focus: Iterable[str] | None = None
    ) -> list[Violation]:
        """Every violation by a graph, sorted, as the engine tells it: see :func:`located`.

        Args:
            data: the graph, or a store that has it as its default graph.
            focus: IRIs of the only focus nodes to look at; None for all.

        Raises:
            ValueError: the shapes are malformed.
        """
        from rdflib.namespace import SH as RESULT

        data = data if isinstance(data, ox.Store) else list(data)
        program = self._whole if focus is not None else self._program(data)
        if program is None:
            return []
        lines = by_property(data)
        report = program.report(lines, None if focus is None else sorted(focus))
        found = set()
        for result in report.objects(None, RESULT.result):
            shape = _node(report.value(result, RESULT.sourceShape))
            rule = _node(report.value(result, RESULT.sourceConstraint))
            node, value = report.value(result, RESULT.focusNode), report.value(result, RESULT.value)
            severity = str(report.value(result, RESULT.resultSeverity))
            found.add(
                Violation(
                    focus=_focus(node),
                    path=self._path(
                        shape, report.value(result, RESULT.resultPath), node, value, lines
                    ),
                    value="" if value is None else str(value),
                    component=str(report.value(result, RESULT.sourceConstraintComponent)),
                    message_da=self._words((rule, shape), report, result, "da"),
                    message_en=self._words((rule, shape), report, result, "en"),
                    file="",
                    severity=severity.rpartition("#")[2],
                    value_of=self._value_of.get(shape, ()),
                )
            )
        return sorted(found)

    @cached_property
    def _value_of(self) -> Mapping[Term, tuple[str, ...]]:
        """Shape → the properties whose values it is about, for it and the shapes within it."""
        found: dict[Term, set[str]] = defaultdict(set)
        for shape in self.shapes.subjects():
            properties = {iri(p) for p in self.shapes.objects(shape, SH + "targetObjectsOf")}
            if properties:
                for within in self.shapes.within(shape):
                    found[within] |= properties
        return {shape: tuple(sorted(properties)) for shape, properties in found.items()}

    def _path(
        self,
        shape: ox.NamedNode,
        told: Any,
        focus: Any,
        value: Any,
        data: ByProperty,
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


def _taken(path: Path, focus: Any, value: Any, data: ByProperty) -> Path | None:
    """Which of alternative properties leads from a thing to a value."""
    if not isinstance(path, Alternative) or not _is_iri(focus) or value is None:
        return None
    for taken in path.paths:
        if isinstance(taken, Predicate):
            start = f"<{focus}> <{taken.iri}> "
            lines = data.get(taken.iri, ())
            held = "\n".join(line for line in lines if line.startswith(start))
            if any(iri(t.object) == str(value) for t in ox.parse(held, format=NTRIPLES)):
                return taken
    return None


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def located(
    violations: Iterable[Violation],
    data: ox.Store | Iterable[ox.Triple],
    origin: Mapping[str, str],
) -> list[Violation]:
    """The violations, each of the thing to be mended and with the file that it comes from, sorted.

    What is wrong with a value is told of each thing that has it: the property becomes the path, and
    the value the value.

    Args:
        data: the graph that was validated, or a store that has it as its default graph.
        origin: IRI of a thing → the file that it comes from.
    """
    violations = list(violations)
    verbs = {ox.NamedNode(name) for violation in violations for name in violation.value_of}
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for triple in data if verbs else ():
        if triple.predicate in verbs:
            value = triple.object
            text = str(value) if isinstance(value, ox.Literal) else iri(value)
            users[triple.predicate.value, text].append(iri(triple.subject))
    found = set()
    for violation in violations:
        placed = [
            replace(
                violation,
                focus=user,
                path=name,
                value=_plain(violation.focus),
                message_da=_of_property(name, violation.message_da),
                message_en=_of_property(name, violation.message_en),
                value_of=(),
            )
            for name in violation.value_of
            for user in users[name, violation.focus]
        ]
        found.update(placed or [replace(violation, value_of=())])
    return sorted(replace(v, file=origin.get(v.focus, "")) for v in found)


def _of_property(name: str, message: str) -> str:
    """What is said of a value, said of the property that has it."""
    return f"{compact(name)}: {message[:1].lower()}{message[1:]}"


def _plain(focus: str) -> str:
    """A focus without the marks of a literal."""
    if not focus.startswith('"'):
        return focus
    return iri(next(iter(ox.parse(f"<urn:s> <urn:p> {focus} .", format=NTRIPLES))).object)


def _focus(node: Any) -> str:
    """A node of a report as a violation's focus names it."""
    from rdflib import Literal

    if isinstance(node, Literal):
        datatype = None if node.language or not node.datatype else ox.NamedNode(str(node.datatype))
        return str(ox.Literal(str(node), datatype=datatype, language=node.language))
    return str(node)


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
    data = triples if isinstance(triples, ox.Store) else list(triples)
    return located(_validator(tuple(shapes), engine).validate(data), data, origin)
