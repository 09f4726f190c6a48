"""Which triples a path reads from a node, and which nodes read a triple.

An automaton holds everything that is read from a start node: each step follows one property,
forwards or backwards. Walked from a node it gives the triples read; walked back from a triple it
gives the nodes from which that triple is read. Both cost what they find, not what the graph holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import pyoxigraph as ox

from graph_service.build.shapes import (
    Alternative,
    Inverse,
    Node,
    Path,
    Predicate,
    Repeat,
    Sequence,
    Term,
)

DEFAULT = ox.DefaultGraph()


class View:
    """A store's default graph with triples added and removed; the store itself stays as it is."""

    def __init__(self, store: ox.Store) -> None:
        self.store = store
        self.removed: set[ox.Triple] = set()
        self._added: dict[tuple[Term | None, Term | None, Term | None], set[ox.Triple]]
        self._added = defaultdict(set)

    def copy(self) -> View:
        """Another view that starts as this one is."""
        other = View(self.store)
        other.removed = set(self.removed)
        for key, triples in self._added.items():
            other._added[key] = set(triples)
        return other

    def add(self, triple: ox.Triple) -> None:
        """Let the view hold a triple."""
        if triple in self.removed:
            self.removed.discard(triple)
        elif triple not in self:
            for key in _keys(triple):
                self._added[key].add(triple)

    def remove(self, triple: ox.Triple) -> None:
        """Let the view not hold a triple."""
        if triple in self._added[None, None, None]:
            for key in _keys(triple):
                self._added[key].discard(triple)
        elif triple in self:
            self.removed.add(triple)

    def __contains__(self, triple: ox.Triple) -> bool:
        if triple in self.removed:
            return False
        if triple in self._added.get((None, None, None), ()):
            return True
        return ox.Quad(triple.subject, triple.predicate, triple.object) in self.store

    def match(self, s: Term | None, p: ox.NamedNode | None, o: Term | None) -> Iterator[ox.Triple]:
        """The triples with this subject, property and object; None stands for any."""
        if isinstance(s, ox.Literal):
            return
        for quad in self.store.quads_for_pattern(s, p, o, DEFAULT):
            triple = quad.triple
            if triple not in self.removed:
                yield triple
        yield from tuple(self._added.get((s, p, o), ()))


def _keys(t: ox.Triple) -> Iterator[tuple[Term | None, Term | None, Term | None]]:
    for s in (t.subject, None):
        for p in (t.predicate, None):
            for o in (t.object, None):
                yield s, p, o


@dataclass(frozen=True)
class Step:
    """From a state to the next over a triple of a property (None: any), maybe backwards.

    Where it is ``enough`` that there is such a triple, one of them is read.
    """

    source: int
    predicate: str | None
    backwards: bool
    target: int
    enough: bool = False


@dataclass
class Automaton:
    """What is read from a start node. State 0 is the start."""

    size: int = 1
    out: dict[int, list[Step]] = field(default_factory=lambda: defaultdict(list))
    into: dict[int, list[Step]] = field(default_factory=lambda: defaultdict(list))
    by_predicate: dict[str | None, list[Step]] = field(default_factory=lambda: defaultdict(list))
    skip: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    skipped: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def state(self) -> int:
        """A new state."""
        self.size += 1
        return self.size - 1

    def step(self, source: int, predicate: str | None, backwards: bool = False) -> int:
        """The state after a step; one that is there already is used again."""
        for old in self.out[source]:
            if (old.predicate, old.backwards, old.enough) == (predicate, backwards, False):
                return old.target
        self._join(new := Step(source, predicate, backwards, self.state()))
        return new.target

    def require(self, source: int, predicate: str, backwards: bool = False) -> None:
        """Read that a node has a property, or is a value of it, but no more."""
        self._join(Step(source, predicate, backwards, self.state(), enough=True))

    def _join(self, step: Step) -> None:
        self.out[step.source].append(step)
        self.into[step.target].append(step)
        self.by_predicate[step.predicate].append(step)

    def pass_over(self, source: int, target: int) -> None:
        """Let a state be reached from another without a step."""
        self.skip[source].add(target)
        self.skipped[target].add(source)

    def walk(self, source: int, path: Path, backwards: bool = False) -> int:
        """The state after a path."""
        match path:
            case Predicate(iri):
                return self.step(source, iri, backwards)
            case Inverse(inner):
                return self.walk(source, inner, not backwards)
            case Sequence(paths):
                for part in reversed(paths) if backwards else paths:
                    source = self.walk(source, part, backwards)
                return source
            case Alternative(paths):
                end = self.state()
                for part in paths:
                    self.pass_over(self.walk(source, part, backwards), end)
                return end
            case Repeat(inner, sign):
                start, end = self.state(), self.state()
                self.pass_over(source, start)
                last = self.walk(start, inner, backwards)
                self.pass_over(last, end)
                if sign != "?":
                    self.pass_over(last, start)
                if sign != "+":
                    self.pass_over(start, end)
                return end

    def run(
        self, view: View, node: Term, state: int = 0, read: set[ox.Triple] | None = None
    ) -> set[tuple[Term, int]]:
        """Every node and state reached from a node in a state; collects the triples read."""
        return self._search(view, node, state, self.out, self.skip, forwards=True, read=read)

    def back(self, view: View, node: Term, state: int) -> set[tuple[Term, int]]:
        """Every node and state from which a node is reached in a state."""
        return self._search(view, node, state, self.into, self.skipped, forwards=False, read=None)

    def _search(
        self,
        view: View,
        node: Term,
        state: int,
        steps: dict[int, list[Step]],
        skips: dict[int, set[int]],
        *,
        forwards: bool,
        read: set[ox.Triple] | None,
    ) -> set[tuple[Term, int]]:
        seen, queue = {(node, state)}, [(node, state)]
        while queue:
            here, at = queue.pop()
            found = [(here, to) for to in skips.get(at, ())]
            for step in steps.get(at, ()):
                to = step.target if forwards else step.source
                predicate = None if step.predicate is None else ox.NamedNode(step.predicate)
                ahead = step.backwards != forwards
                triples = view.match(here if ahead else None, predicate, None if ahead else here)
                if step.enough and forwards:
                    triples = islice(triples, 1)
                for triple in triples:
                    found.append((triple.object if ahead else triple.subject, to))
                    if read is not None:
                        read.add(triple)
            for place in found:
                if place not in seen:
                    seen.add(place)
                    queue.append(place)
        return seen

    def crossed(self, triple: ox.Triple) -> Iterator[tuple[Step, Term, Term]]:
        """The steps that go over a triple, with the node before and the node after."""
        for name in (triple.predicate.value, None):
            for step in self.by_predicate.get(name, ()):
                ends = (triple.subject, triple.object)
                before, after = reversed(ends) if step.backwards else ends
                yield step, before, after

    def readers(self, view: View, triples: Iterable[ox.Triple]) -> set[Term]:
        """The nodes from which one of the triples is read, in a view that holds them all."""
        found: set[Term] = set()
        done: set[tuple[Term, int]] = set()
        for triple in triples:
            for step, before, _ in self.crossed(triple):
                place = (before, step.source)
                if place not in done:
                    done.add(place)
                    found.update(n for n, at in self.back(view, *place) if at == 0)
        return found


def as_node(term: Term) -> Node | None:
    """The term where it can be a subject."""
    return term if isinstance(term, ox.NamedNode | ox.BlankNode) else None
