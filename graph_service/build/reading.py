"""What the shapes read from a focus node, as one automaton.

Targets, property paths and inverse paths, what nested shapes and sh:class read from the values,
what sh:lessThan and sh:closed compare, and the patterns of SPARQL constraints.
Source: SHACL, sections 2.1.3 (targets), 4 (core constraint components), 5.3.1 (pre-binding).
"""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox

from graph_service.build.grammar import parse
from graph_service.build.patterns import Pattern, Variable
from graph_service.build.reach import Automaton
from graph_service.build.shapes import Path, Predicate, Repeat, Sequence, ShapesGraph, Term, text
from graph_service.vocabulary import RDF, RDFS, SH

CLASS = Sequence((Predicate(RDF + "type"), Repeat(Predicate(RDFS + "subClassOf"), "*")))
#: Constraints whose value is a shape that the value nodes must, or must not, conform to.
NESTED = ("property", "node", "not", "qualifiedValueShape")
NESTED_LISTS = ("and", "or", "xone")
COMPARED = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
REFUSED = ("expression", "js", "rule", "target")
THIS = Variable("this")
#: Variables that an engine binds besides ``$this``; they lead nowhere.
BOUND = (Variable("currentShape"), Variable("shapesGraph"))


class UnjoinedConstraintError(ValueError):
    """A SPARQL constraint reads triples that no path of its patterns joins to ``$this``.

    Any change anywhere could then change its verdict, so it cannot be validated incrementally.

    Attributes:
        constraint: the constraint's node.
    """

    def __init__(self, constraint: str, why: str) -> None:
        super().__init__(f"{constraint}: {why}")
        self.constraint = constraint


def reading(shapes: ShapesGraph, about: Iterable[Term] | None = None) -> Automaton:
    """The automaton of everything that the shapes can read from a focus node.

    Args:
        about: the only shapes whose focus nodes are meant; None for all.

    Raises:
        UnjoinedConstraintError: a SPARQL constraint is not joined to ``$this``.
        ValueError: a shape uses what is not known here.
    """
    made = Automaton()
    reader = _Reader(shapes, made)
    for shape in shapes.subjects() if about is None else about:
        if reader.targets(shape):
            reader.read(shape, 0)
    return made


def predicates_read(shapes: ShapesGraph, about: Iterable[Term] | None = None) -> set[str] | None:
    """The IRIs of the properties whose triples the shapes can read; None for any.

    Args:
        about: the only shapes whose focus nodes are meant; None for all.
    """
    try:
        steps = [step for found in reading(shapes, about).out.values() for step in found]
    except ValueError:
        return None
    found = {step.predicate for step in steps}
    return None if None in found else {iri for iri in found if iri is not None}


class _Reader:
    def __init__(self, shapes: ShapesGraph, automaton: Automaton) -> None:
        self.shapes = shapes
        self.automaton = automaton
        self.seen: set[tuple[Term, int]] = set()

    def targets(self, shape: Term) -> bool:
        """Add what says that a node is a target of a shape; False when the shape has no target."""
        found = False
        for name, value in self.shapes.about(shape):
            if name.startswith(SH) and name.removeprefix(SH) in REFUSED:
                raise ValueError(f"{shape}: sh:{name.removeprefix(SH)} is not known here")
            is_class = name == RDF + "type" and value == ox.NamedNode(RDFS + "Class")
            if name == SH + "targetClass" or is_class:
                self.automaton.walk(0, CLASS)
            elif name in (SH + "targetSubjectsOf", SH + "targetObjectsOf"):
                assert isinstance(value, ox.NamedNode)
                self.automaton.require(0, value.value, backwards=name.endswith("ObjectsOf"))
            elif name != SH + "targetNode":
                continue
            found = True
        return found

    def read(self, shape: Term, state: int) -> None:
        """Add what a shape reads from a node in a state."""
        if (shape, state) in self.seen:
            return
        self.seen.add((shape, state))
        path = self.shapes.path_of(shape)
        values = state if path is None else self.automaton.walk(state, path)
        for iri, value in self.shapes.about(shape):
            name = iri.removeprefix(SH)
            if name in NESTED:
                self.read(value, values)
            elif name in NESTED_LISTS:
                for member in self.shapes.items(value):
                    self.read(member, values)
            elif name == "class":
                self.automaton.walk(values, CLASS)
            elif name in COMPARED:
                assert isinstance(value, ox.NamedNode)
                self.automaton.step(state, value.value)
            elif name == "closed":
                self.automaton.step(values, None)
            elif name == "sparql":
                self.constraint(value, state, path)
            if name == "property":
                self.siblings(shape, value, values)

    def siblings(self, shape: Term, property_shape: Term, state: int) -> None:
        """Add what sh:qualifiedValueShapesDisjoint asks of the values."""
        if not self.shapes.objects(property_shape, SH + "qualifiedValueShapesDisjoint"):
            return
        path = self.shapes.path_of(property_shape)
        assert path is not None
        values = self.automaton.walk(state, path)
        for other in self.shapes.objects(shape, SH + "property"):
            for sibling in self.shapes.objects(other, SH + "qualifiedValueShape"):
                self.read(sibling, values)

    def constraint(self, node: Term, state: int, path: Path | None) -> None:
        """Add what a SPARQL constraint reads."""
        prefixes = {}
        for holder in self.shapes.objects(node, SH + "prefixes"):
            for declared in self.shapes.objects(holder, SH + "declare"):
                prefix, namespace = (
                    self.shapes.objects(declared, SH + n)[0] for n in ("prefix", "namespace")
                )
                assert isinstance(prefix, ox.Literal)
                assert isinstance(namespace, ox.Literal)
                prefixes[prefix.value] = namespace.value
        for select in self.shapes.objects(node, SH + "select"):
            assert isinstance(select, ox.Literal)
            query = select.value
            if path is not None:
                written = f"<{path.iri}>" if isinstance(path, Predicate) else text(path)
                query = query.replace("$PATH", written)
            try:
                branches = parse(query, prefixes).branches
            except ValueError as error:
                raise UnjoinedConstraintError(str(node), str(error)) from error
            for branch in branches:
                for patterns in branch.deep():
                    self.join(node, patterns, state)

    def join(self, node: Term, patterns: tuple[Pattern, ...], state: int) -> None:
        """Add the patterns, each from where its variables join those before, up to ``$this``."""
        known: dict[Variable, int] = {THIS: state}
        rest = list(patterns)
        while rest:
            pattern = next((p for p in rest if known.keys() & {p.subject, p.object}), None)
            if pattern is None:
                raise UnjoinedConstraintError(
                    str(node), f"{len(rest)} patterns of the constraint do not join to $this"
                )
            rest.remove(pattern)
            forwards = pattern.subject in known
            near, far = (
                (pattern.subject, pattern.object) if forwards else (pattern.object, pattern.subject)
            )
            assert isinstance(near, Variable)
            if isinstance(pattern.path, Variable):
                end = self.automaton.step(known[near], None, backwards=not forwards)
            else:
                end = self.automaton.walk(known[near], pattern.path, backwards=not forwards)
            if isinstance(far, Variable) and far not in BOUND:
                known.setdefault(far, end)
