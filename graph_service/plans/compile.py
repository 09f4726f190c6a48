"""From a question's algebra to loops that walk an index.

A solution is a list of registers, one for each variable and each constant. Every step binds
registers, and the next one stands within it, once for each way to do so; the innermost notes the
solution (:mod:`graph_service.plans.source`). In which order patterns are walked is settled by what
the graph holds: how many values a property has on average, and how many subjects a value.

Source: SPARQL 1.1 Query Language, section 18 (semantics). A part of a query is walked with what is
bound around it. That is what the algebra says as long as each variable that is bound around an
``OPTIONAL`` of an inner group is bound in that group too; anything else is not read here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

from graph_service.build.patterns import Pattern, Variable
from graph_service.plans import steps
from graph_service.plans.aggregates import figure
from graph_service.plans.expressions import Expressions
from graph_service.plans.groups import (
    flat,
    hidden,
    joinable,
    may_stay,
    optionals,
    pattern_names,
    surely,
)
from graph_service.plans.layout import FOUND, Layout, Names, Run
from graph_service.plans.order import Planner
from graph_service.plans.read import (
    Bind,
    Condition,
    Element,
    Filter,
    Group,
    Minus,
    Optional,
    Select,
    Union,
    Unread,
    Values,
    bound,
    mentioned,
)
from graph_service.plans.source import Maker, Source, chained, in_one, registers
from graph_service.plans.steps import Finds
from graph_service.plans.values import Operators, Registers
from graph_service.plans.walk import Walker
from graph_service.store.index import Index


class Compiler:
    """Compiles one query.

    Args:
        index: what it will walk.
        operators: what is done with the values of registers.
        asked: parameter and place → the number of the thing that is asked for first.

    Attributes:
        layout: which register holds what, once a query is compiled.
    """

    def __init__(
        self,
        index: Index,
        operators: Operators,
        asked: Mapping[tuple[str, int], int | None],
    ) -> None:
        self.layout = Layout(index, asked)
        self._index = index
        self._operators = operators
        self._fresh = count(1)
        self._distinct = False
        self._verbs: set[str] = set()
        self._walker = Walker(index, self.layout)
        self._planner = Planner(index, self.layout, self._flat)
        self._expressions = Expressions(
            self.layout, self._operators, lambda g, n: self.within(g, n, n.known())
        )

    def _flat(self, elements: Iterable[Element]) -> list[Element]:
        return list(flat(elements, self._fresh, distinct=self._distinct))

    # -- a whole query ------------------------------------------------------------------------

    def select(self, select: Select, names: Names) -> Run:
        """What gives the rows of a SELECT that stands alone."""
        self._distinct = select.distinct
        if select.grouped is None:
            makers = self.group(select.group, names)
            shown = [name for name, _ in select.columns]
            slots = [self._seen(name, names) for name in [*shown, *hidden(select)]]
            kind, note = (set, "add") if select.distinct else (list, "append")
            noted = f"r[{FOUND}].{note}({registers(slots)})"
            walk = Source(self.layout.shared).made(
                chained(makers, lambda source: source.line(noted))
            )

            def run(r: Registers) -> Iterable[Sequence[object]]:
                r[FOUND] = kind()
                walk(r)
                return r[FOUND]  # type: ignore[return-value]

            return run
        return self._aggregated(select, names)

    def _seen(self, name: str, names: Names) -> int:
        if name in names.known():
            return names.slots[name]
        return self.layout.register()

    def _aggregated(self, select: Select, names: Names) -> Run:
        assert select.grouped is not None
        makers = self.group(select.group, names)
        key = registers([self._seen(name, names) for name in select.grouped])
        made = bool(names.made.intersection(select.grouped))
        counted = [c for _, c in select.columns if c]
        values = [self._expressions.counted(c.expression, names) for c in counted]

        def note(source: Source) -> None:
            group = f"tuple(map({source.value(self._operators.alike)}, {key}))" if made else key
            row = ", ".join([value(source) for value in values])
            source.line(f"r[{FOUND}].setdefault({group}, []).append([{row}])")

        walk = Source(self.layout.shared).made(chained(makers, note))
        at: list[tuple[bool, int]] = []
        for name, aggregate in [*select.columns, *((name, None) for name in hidden(select))]:
            if aggregate:
                at.append((True, counted.index(aggregate)))
            elif name in select.grouped:
                at.append((False, select.grouped.index(name)))
            else:
                raise Unread(f"?{name} is neither grouped nor counted")

        def run(r: Registers) -> Iterable[Sequence[object]]:
            found: dict[Sequence[object], list[list[object]]] = {}
            if not select.grouped:
                found[()] = []
            r[FOUND] = found
            walk(r)
            for group, rows in found.items():
                figures = [
                    figure(aggregate, [row[n] for row in rows], self._operators)
                    for n, aggregate in enumerate(counted)
                ]
                yield [figures[n] if figure else group[n] for figure, n in at]

        return run

    # -- groups -------------------------------------------------------------------------------

    def group(self, group: Group, names: Names, seen: Collection[str] = frozenset()) -> list[Maker]:
        """The steps of a group.

        Args:
            names: what is bound around it; afterwards also what it binds.
            seen: what of that its filters see.
        """
        elements = self._flat(group.elements)
        filters = [e for e in elements if isinstance(e, Filter)]
        rest: list[Element] = [e for e in elements if not isinstance(e, Filter)]
        around = names.known()
        own: set[str] = set()
        makers: list[Maker] = []

        def settle() -> None:
            """Put in the filters whose variables cannot change any more."""
            open_still = {n for e in rest for n in bound(e)} - (names.certain & own.union(seen))
            for one in list(filters):
                if open_still.isdisjoint(mentioned(one)):
                    filters.remove(one)
                    makers.append(self.filter(one.expression, names, own.union(seen)))

        settle()
        while rest:
            joined, barrier = joinable(rest, names.certain & own)
            for element in (
                self._planner.ordered(joined, filters, names.known()) if joined else [barrier]
            ):
                assert element is not None
                rest.remove(element)
                there = set(bound(element))
                inner = optionals(element)
                if (there & inner & around) - own:
                    raise Unread("an OPTIONAL of an inner group shares a variable with outside")
                makers.append(self.element(element, names, own))
                own |= there
                settle()
        return makers

    def element(self, element: Element, names: Names, own: set[str]) -> Maker:
        """The step of an element, and what is bound after it."""
        match element:
            case Pattern():
                return self.pattern(element, names)
            case Values():
                return self.values(element, names)
            case Bind():
                return self.bind(element, names, own)
            case Optional():
                return self.optional(element, names, own)
            case Union():
                return self.union(element, names)
            case Group():
                return in_one(self.group(element, names))
            case Select():
                return self.subselect(element, names)
            case Minus():
                return self.minus(element, names, own)
        raise Unread(f"{element} in a group")

    # -- the parts of a group -----------------------------------------------------------------

    def pattern(self, pattern: Pattern, names: Names) -> Maker:
        """Walk a path."""
        subject, before = self.layout.end(pattern.subject, names)
        value, after = self.layout.end(pattern.object, names)
        verb = (
            self.layout.end(pattern.path, names) if isinstance(pattern.path, Variable) else (0, "")
        )
        if isinstance(pattern.path, Variable):
            self._verbs.add(pattern.path.value)
        elif self._verbs & pattern_names(pattern) and may_stay(pattern.path):
            raise Unread("a path of no steps from a property, which need not be in the graph")
        if subject == value or verb[0] in (subject, value):
            raise Unread("a pattern with one variable in two places")
        names.maybe -= pattern_names(pattern)
        names.certain |= pattern_names(pattern)
        if isinstance(pattern.path, Variable):
            if before != "known" and after != "known":
                raise Unread("a pattern of which nothing is known")
            back = before != "known"
            ends = (value, subject) if back else (subject, value)
            return self._walker.around(*ends, before if back else after, *verb, back=back)
        match before, after:
            case "new", "new":
                return self._walker.scan(pattern.path, subject, value)
            case "known", "known":
                given = self.layout.is_given(pattern.object)
                return self._walker.check(pattern.path, subject, value, given=given)
            case "known", _:
                return self._walker.walk(pattern.path, subject, value, after, back=False)
            case _, "known":
                return self._walker.walk(pattern.path, value, subject, before, back=True)
        raise Unread("a pattern of which nothing is known")

    def values(self, values: Values, names: Names) -> Maker:
        """``VALUES``."""
        constants = [self.layout.constant(term) for term in values.terms]
        slots = [slot for slot, _ in constants]
        name = values.variable
        slot = self.layout.slot(name, names)
        if name in names.known():
            if name in names.made and name not in self.layout.given:
                raise Unread("VALUES of what was made")
            self.layout.walked.update(slots, self.layout.given.get(name, ()))
            made = names.made if name in names.maybe else set()
            names.maybe.discard(name)
            step = steps.allowed(slot, slots)
        else:
            made = names.made
            step = steps.offered(slot, slots)
            if all(one in self.layout.places.values() for one in slots):
                self.layout.given[name] = slots
        names.certain.add(name)
        if not all(is_number_of_term for _, is_number_of_term in constants):
            made.add(name)
        return step

    def bind(self, bind: Bind, names: Names, own: set[str]) -> Maker:
        """``BIND``."""
        name = bind.variable
        if name in names.known():
            raise Unread("BIND of what is bound before")
        if names.known() & set(mentioned(bind.expression)) - own:
            raise Unread("a BIND sees what its group does not bind")
        slot = self.layout.slot(name, names)
        step = self._expressions.binding(slot, bind.expression, names)
        copied = isinstance(bind.expression, Variable) and bind.expression.value
        if copied and copied in names.certain and copied not in names.made:
            names.certain.add(name)
        else:
            names.maybe.add(name)
            names.made.add(name)
        return step

    def minus(self, minus: Minus, names: Names, own: set[str]) -> Maker:
        """``MINUS``, where it is the same as ``NOT EXISTS``: what both bind is sure to be bound."""
        shared = set(bound(minus.group)) & names.known()
        if not shared or not shared <= names.certain & own & surely(minus.group):
            raise Unread("a MINUS of what may not be bound")
        return steps.absent(self.within(minus.group, names, ()))

    def optional(self, optional: Optional, names: Names, own: set[str]) -> Maker:
        """``OPTIONAL``: what is there, or else nothing, once."""
        inner = names.copy()
        for name in bound(optional.group):
            inner.slots[name] = self.layout.slot(name, names)
        makers = self.group(optional.group, inner, own)
        new = [names.slots[n] for n in set(bound(optional.group)) - names.known()]
        names.maybe |= set(bound(optional.group)) - names.certain
        names.made |= inner.made
        return steps.optional(makers, new, self.layout.register())

    def union(self, union: Union, names: Names) -> Maker:
        """``UNION``."""
        before = names.known()
        every = set(bound(union))
        for name in every:
            self.layout.slot(name, names)
        branches: list[tuple[list[int], list[Maker]]] = []
        certain: list[set[str]] = []
        for group in union.groups:
            inner = names.copy()
            makers = self.group(group, inner)
            unbound = [names.slots[n] for n in every - set(bound(group)) - before]
            branches.append((unbound, makers))
            certain.append(inner.certain)
            names.made |= inner.made
        names.certain |= set.intersection(*certain)
        names.maybe = (names.maybe | every) - names.certain

        return steps.either(branches)

    def subselect(self, select: Select, names: Names) -> Maker:
        """A sub-SELECT: with what is bound around it, or by itself where it counts."""
        columns = [name for name, _ in select.columns]
        if select.grouped is not None:
            if names.known().intersection(columns):
                raise Unread("a sub-SELECT that counts is joined")
            run = self.select(select, Names())
            slots = [self.layout.slot(name, names) for name in columns]
            names.maybe |= set(columns)
            names.made |= set(columns)
            return steps.by_itself(run, slots, self.layout.register())
        inner = Names()
        for name in columns:
            inner.slots[name] = self.layout.slot(name, names)
            for mine, theirs in (
                (inner.certain, names.certain),
                (inner.maybe, names.maybe),
                (inner.made, names.made),
            ):
                if name in theirs:
                    mine.add(name)
        makers = self.group(select.group, inner)
        for name in columns:
            if name in inner.certain:
                names.certain.add(name)
                names.maybe.discard(name)
            elif name in inner.maybe:
                names.maybe.add(name)
            else:
                raise Unread(f"?{name} is not bound in its sub-SELECT")
            if name in inner.made:
                names.made.add(name)
        return in_one(makers)

    def filter(self, expression: Condition, names: Names, seen: set[str]) -> Maker:
        """``FILTER``: what is no truth value does not hold."""
        if names.known() & set(mentioned(expression)) - seen:
            raise Unread("a filter sees what its group does not bind")
        return self._expressions.passing(expression, names)

    def within(self, group: Group, names: Names, seen: Collection[str]) -> Finds:
        """``EXISTS``: whether a group has a solution with what is bound around it."""
        inner = names.copy()
        every = set(bound(group))
        for name in every - names.known():
            inner.slots[name] = self.layout.register()
        self.layout.shared.update(names.slots[name] for name in every & names.known())
        makers = self.group(group, inner, seen)
        # What may be bound is bound while the group is walked, and is left so when it is found.
        maybe = [names.slots[name] for name in every & names.maybe]
        return steps.exists(makers, maybe, self.layout.shared)
