"""In which order the parts of a group are walked: that in which the graph holds least to walk.

Averages of the graph tell how many values a property has, and how many subjects a value; of a
constant, and of what was asked for when the program was made, they are counted. Each part is tried
as the first one; then comes always that after which the fewest ways are left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import pyoxigraph as ox

from graph_service.build import shapes
from graph_service.build.patterns import Call, Pattern, Variable
from graph_service.plans.groups import joinable, optionals
from graph_service.plans.layout import Layout
from graph_service.plans.read import (
    Condition,
    Element,
    Filter,
    Group,
    Select,
    Union,
    Unread,
    Values,
    bound,
    mentioned,
)
from graph_service.store.index import Index
from graph_service.vocabulary import RDF

#: So many triples a thing has, more or less.
AROUND = 10.0


class Planner:
    """Orders the parts of groups.

    Args:
        index: what is walked.
        layout: where constants are.
        flat: the parts of a group, one by one.
    """

    def __init__(
        self,
        index: Index,
        layout: Layout,
        flat: Callable[[Iterable[Element]], list[Element]],
    ) -> None:
        self._index, self._layout, self._flat = index, layout, flat
        self._fans_known: dict[tuple[int, frozenset[str]], tuple[float, Element]] = {}

    def ordered(
        self, joined: Sequence[Element], filters: Sequence[Filter], known: set[str]
    ) -> list[Element]:
        """The order in which least is walked, by the averages of the graph."""
        best: tuple[float, list[Element]] = (math.inf, [])
        for first in joined:
            order, cost, _ = self._follow(first, joined, filters, known)
            if cost < best[0]:
                best = (cost, order)
        if not best[1]:
            raise Unread("a pattern of which nothing is known")
        return best[1]

    def _follow(
        self,
        first: Element,
        joined: Sequence[Element],
        filters: Sequence[Filter],
        known: set[str],
    ) -> tuple[list[Element], float, float]:
        """An order that begins with an element, what is walked in it, and how much is found."""
        rest, order, known = list(joined), list[Element](), set(known)
        waiting = [(set(mentioned(f)), holds(f.expression)) for f in filters]
        rows, cost = 1.0, 0.0
        chosen = first
        while True:
            fan = self.fan(chosen, known)
            if fan == math.inf:
                return [], fan, fan
            rows *= fan
            cost += rows + 0.01
            order.append(chosen)
            rest.remove(chosen)
            known |= set(bound(chosen))
            for one in [w for w in waiting if w[0] <= known]:
                waiting.remove(one)
                rows *= one[1]
            if not rest:
                return order, cost, rows
            chosen = min(rest, key=lambda e: self._promise(e, rest, known))

    def _promise(self, element: Element, rest: Sequence[Element], known: set[str]) -> float:
        """How many ways are left after an element and the best of those that can follow it."""
        fan = self.fan(element, known)
        if fan == math.inf:
            return fan
        then = known | set(bound(element))
        after = min((self.fan(e, then) for e in rest if e is not element), default=1.0)
        return fan * min(1.0, after)

    def fan(self, element: Element, known: set[str]) -> float:
        """How many ways to bind an element there are on average; infinity where it cannot be."""
        asked = (id(element), frozenset(known.intersection(bound(element))))
        if asked not in self._fans_known:
            # The element is kept, so that no other gets its identity.
            self._fans_known[asked] = (self._fan(element, known), element)
        return self._fans_known[asked][0]

    def _fan(self, element: Element, known: set[str]) -> float:
        if optionals(element) & known:
            return math.inf
        match element:
            case Pattern():
                return self._pattern_fan(element, known)
            case Values():
                return 0.5 if element.variable in known else len(element.terms)
            case Union():
                return sum(self._group_fan(g, known) for g in element.groups)
            case Group():
                return self._group_fan(element, known)
            case Select(grouped=None):
                return self._group_fan(element.group, known)
        return 1.0

    def _group_fan(self, group: Group, known: set[str]) -> float:
        elements = self._flat(group.elements)
        filters = [e for e in elements if isinstance(e, Filter)]
        joined, _ = joinable([e for e in elements if not isinstance(e, Filter)], ())
        if not joined:
            return 1.0
        found = (self._follow(first, joined, filters, known)[1:] for first in joined)
        return min(found)[1]

    def _pattern_fan(self, pattern: Pattern, known: set[str]) -> float:
        ends = [
            not isinstance(end, Variable) or end.value in known
            for end in (pattern.subject, pattern.object)
        ]
        if isinstance(pattern.path, Variable):
            return AROUND if any(ends) else math.inf
        forward, backward = self._fans(pattern.path)
        if isinstance(pattern.path, shapes.Predicate) and isinstance(pattern.object, ox.NamedNode):
            there = self._index.properties.get(pattern.path.iri)
            number = self._layout.asked(pattern.object)
            if there and number is not None:
                # Not nothing: the next may ask for what there is something of.
                backward = max(0.5, float(self._index.subjects_of(there.number, number)))
        match ends:
            case [True, True]:
                return self._check_fan(pattern.path)
            case [True, False]:
                return forward
            case [False, True]:
                return backward
        paths = (
            pattern.path.paths if isinstance(pattern.path, shapes.Alternative) else (pattern.path,)
        )
        if all(isinstance(p, shapes.Predicate) for p in paths):
            return sum(self._fans(p)[0] * self._subjects(p) for p in paths)
        return math.inf

    def _check_fan(self, path: shapes.Path) -> float:
        """How often two things have a path between them: a guess. Classes exclude little."""
        if path == shapes.Predicate(RDF + "type"):
            return 0.9
        forward, backward = self._fans(path)
        return min(1.0, max(0.02, forward * backward / self._subjects(path)))

    def _subjects(self, path: shapes.Path) -> float:
        if isinstance(path, shapes.Predicate):
            there = self._index.properties.get(path.iri)
            return float(there.subjects) if there else 1.0
        return 1000.0

    def _fans(self, path: shapes.Path) -> tuple[float, float]:
        match path:
            case shapes.Predicate(iri):
                there = self._index.properties.get(iri)
                if there is None:
                    return 0.0, 0.0
                return there.triples / there.subjects, there.triples / there.objects
            case shapes.Inverse(inner):
                forward, backward = self._fans(inner)
                return backward, forward
            case shapes.Alternative(paths):
                fans = [self._fans(p) for p in paths]
                return sum(f for f, _ in fans), sum(b for _, b in fans)
            case shapes.Sequence(paths):
                fans = [self._fans(p) for p in paths]
                return math.prod(f for f, _ in fans), math.prod(b for _, b in fans)
            case shapes.Repeat(inner, "?"):
                forward, backward = self._fans(inner)
                return forward + 1, backward + 1
        raise Unread("a path of any length")


def holds(expression: Condition) -> float:
    """How many of some solutions a filter lets pass: a guess."""
    if isinstance(expression, Call):
        return {"=": 0.02, "IN": 0.2, "&&": 0.3}.get(expression.name, 0.7)
    return 0.7
