"""Validate again only what a change can affect; the result equals a full validation.

1. What is inferred is brought in step with the change (:mod:`graph_service.build.maintain`); from
   there, inferred triples are changed triples like any other.
2. Everything that the shapes can read from a focus node is one automaton
   (:mod:`graph_service.build.reading`). Walked back from the changed triples, in the graph that
   holds those added and those removed, it gives the focus nodes affected.
3. Walked from these in the graph after the change, it gives the triples that decide about them.
   The engine validates that cut, for those focus nodes; what is found takes the place of what was
   known about them.

Cost follows the change and its neighbourhood, not the size of the graph (bench/shacl/).
Source: SHACL, section 3.4 (validation is per focus node and shape).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

import pyoxigraph as ox

from graph_service.build.infer import rules
from graph_service.build.maintain import Change, Rule, compile_rules, maintain
from graph_service.build.reach import View
from graph_service.build.reading import UnjoinedConstraintError, reading
from graph_service.build.shapes import ShapesGraph, Term
from graph_service.build.validate import Validator, Violation

__all__ = ["Change", "Incremental", "UnjoinedConstraintError", "affected", "revalidate"]


@lru_cache(maxsize=4)
def _rules() -> list[Rule]:
    return compile_rules(rules())


class Incremental:
    """Shapes and rules made ready to validate changes.

    Args:
        shapes: the triples of the shapes graph.
        texts: name and CONSTRUCT of each inference rule; the project's when None.
        engine: see :mod:`graph_service.build.validate`.

    Raises:
        UnjoinedConstraintError: a SPARQL constraint is not joined to ``$this``.
        ValueError: a shape or a rule uses what is not known here.
    """

    def __init__(
        self,
        shapes: Iterable[ox.Triple],
        texts: Iterable[tuple[str, str]] | None = None,
        engine: str = "turbo",
    ) -> None:
        graph = ShapesGraph(shapes)
        self.automaton = reading(graph)
        self.validator = Validator(graph, engine)
        self.rules = _rules() if texts is None else compile_rules(texts)

    def whole(self, store: ox.Store, change: Change) -> Change:
        """The change of the merged graph, with what is inferred."""
        return maintain(store, change, self.rules)

    def affected(self, store: ox.Store, change: Change) -> set[Term]:
        """The nodes about which a change of the merged graph can change the verdict."""
        either = View(store)
        for triple in change.added:
            either.add(triple)
        return self.automaton.readers(either, (*change.added, *change.removed))

    def cut(self, store: ox.Store, change: Change, focus: Iterable[Term]) -> set[ox.Triple]:
        """All that decides about some focus nodes after a change of the merged graph."""
        after = View(store)
        for triple in change.removed:
            after.remove(triple)
        for triple in change.added:
            after.add(triple)
        read: set[ox.Triple] = set()
        for node in focus:
            self.automaton.run(after, node, read=read)
        return read

    def revalidate(
        self,
        store: ox.Store,
        change: Change,
        previous: Iterable[Violation],
        origin: Mapping[str, str] | None = None,
    ) -> list[Violation]:
        """Every violation after a change, given every violation before it, as the engine tells it.

        Both are of focus nodes; :func:`validate.located` tells them of the things to be mended.

        Args:
            store: the graph before the change, as a snapshot has it: all triples in the default
                graph, and the inferred ones in ``graph/inferred`` too.
            change: of what is asserted, descriptions of passages included.
            previous: the violations of the graph before the change.
            origin: IRI of a thing → the file that it comes from.
        """
        whole = self.whole(store, change)
        focus = self.affected(store, whole)
        if not focus:
            return sorted(previous)
        names = {_name(n) for n in focus}
        named = all(isinstance(n, ox.NamedNode) for n in focus)
        again = self.validator.validate(self.cut(store, whole, focus), names if named else None)
        new = [replace(v, file=(origin or {}).get(v.focus, "")) for v in again if v.focus in names]
        return sorted([v for v in previous if v.focus not in names] + new)


def _name(node: Term) -> str:
    """A node as a violation's focus names it."""
    return node.value if isinstance(node, ox.NamedNode | ox.BlankNode) else str(node)


@lru_cache(maxsize=4)
def _incremental(shapes: tuple[ox.Triple, ...]) -> Incremental:
    return Incremental(shapes)


def affected(store: ox.Store, change: Change, shapes: Iterable[ox.Triple]) -> set[Term]:
    """The focus nodes that a change of what is asserted can affect."""
    prepared = _incremental(tuple(shapes))
    return prepared.affected(store, prepared.whole(store, change))


def revalidate(
    store: ox.Store,
    change: Change,
    shapes: Iterable[ox.Triple],
    previous: Iterable[Violation],
    origin: Mapping[str, str] | None = None,
) -> list[Violation]:
    """Every violation after a change; see :meth:`Incremental.revalidate`."""
    return _incremental(tuple(shapes)).revalidate(store, change, previous, origin)
