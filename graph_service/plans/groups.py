"""What a group of a query binds, and which of its parts may be taken out of their order.

Source: SPARQL 1.1 Query Language, section 18.2.4 (what is in scope) and 18.5 (joins).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graph_service.build import shapes
from graph_service.build.patterns import Call, Pattern, Variable
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
    Within,
    bound,
    mentioned,
)


def optionals(element: Element) -> set[str]:
    """The variables that an element binds in an ``OPTIONAL``, or in part of a ``UNION``."""
    match element:
        case Optional():
            return set(bound(element))
        case Union():
            first, *others = [surely(g) for g in element.groups]
            return set(bound(element)) - first.intersection(*others)
        case Group():
            return set(bound(element)) - set(surely(element))
        case Select():
            return {n for n, _ in element.columns} - set(surely(element.group))
    return set()


def surely(group: Group) -> set[str]:
    """The variables that a group binds in every solution."""
    found: set[str] = set()
    for element in group.elements:
        match element:
            case Pattern() | Values():
                found |= set(bound(element))
            case Group() | Union() | Select():
                found |= set(bound(element)) - optionals(element)
    return found


def flat(elements: Iterable[Element], fresh: Iterator[int], *, distinct: bool) -> Iterable[Element]:
    """The elements with what can be joined to them, one by one; paths of steps as steps."""
    for element in elements:
        match element:
            case Pattern(path=shapes.Sequence(paths)):
                ends = [Variable(f"__{next(fresh)}") for _ in paths[1:]]
                nodes = [element.subject, *ends, element.object]
                parts = zip(nodes, paths, nodes[1:], strict=False)
                steps = [Pattern(s, p, o) for s, p, o in parts]
                yield from flat(steps, fresh, distinct=distinct)
            case Pattern(path=shapes.Inverse(path)):
                yield from flat(
                    [Pattern(element.object, path, element.subject)], fresh, distinct=distinct
                )
            case Group() if simple(element):
                own = set(bound(element))
                for inner in element.elements:
                    if isinstance(inner, Filter) and not own.issuperset(mentioned(inner)):
                        raise Unread("a filter sees what its group does not bind")
                yield from flat(element.elements, fresh, distinct=distinct)
            case Group((Select() as select,)):
                yield from flat([select], fresh, distinct=distinct)
            case Select(distinct=True) if not distinct:
                raise Unread("a sub-SELECT DISTINCT where equal rows count")
            case Select() if select_is_simple(element):
                keep = {name for name, _ in element.columns}
                hidden = set(bound(element.group)) - keep
                for name in keep - set(bound(element.group)):
                    raise Unread(f"?{name} is not bound in its sub-SELECT")
                new = {name: f"{name}__{next(fresh)}" for name in hidden}
                named = [renamed(e, new) for e in element.group.elements]
                yield from flat(named, fresh, distinct=distinct)
            case _:
                yield element


def joinable(
    rest: Sequence[Element], certain: Collection[str]
) -> tuple[list[Element], Element | None]:
    """What can be joined now, in any order; or else the element that must come next.

    Args:
        certain: what the group itself has bound in every solution.
    """
    joined: list[Element] = []
    barrier: Element | None = None
    new: set[str] = set()
    for element in rest:
        if isinstance(element, Optional | Bind | Minus):
            barrier = barrier or element
            if isinstance(element, Minus):
                break
            new |= set(mentioned(element)).difference(certain)
        elif new.isdisjoint(bound(element)):
            joined.append(element)
    return joined, barrier


def hidden(select: Select) -> list[str]:
    """What a SELECT is ordered by and does not give."""
    shown = [name for name, _ in select.columns]
    return [name for name, _ in select.order if name not in shown]


def pattern_names(pattern: Pattern) -> set[str]:
    """The names of a pattern's variables."""
    return {v.value for v in pattern.variables()}


def may_stay(path: shapes.Path) -> bool:
    """Whether there are no steps in a path, in a way that it allows."""
    match path:
        case shapes.Repeat():
            return True
        case shapes.Inverse(inner):
            return may_stay(inner)
        case shapes.Sequence(paths) | shapes.Alternative(paths):
            return any(map(may_stay, paths))
    return False


def simple(group: Group) -> bool:
    """Whether a group is patterns and filters only, without a group in them."""
    return all(
        isinstance(e, Pattern | Values) or (isinstance(e, Filter) and without_exists(e.expression))
        for e in group.elements
    )


def select_is_simple(select: Select) -> bool:
    """Whether a sub-SELECT is the same as its patterns, but for the names that it hides."""
    own = set(bound(select.group))
    return (
        select.grouped is None
        and simple(select.group)
        and all(own.issuperset(mentioned(e)) for e in select.group.elements)
    )


def without_exists(expression: Condition) -> bool:
    """Whether an expression has no ``EXISTS``."""
    if isinstance(expression, Call):
        return all(map(without_exists, expression.arguments))
    return not isinstance(expression, Within)


def renamed(element: Element, new: Mapping[str, str]) -> Element:
    """An element of a simple group with other names."""

    def term(value: Any) -> Any:
        if isinstance(value, Variable):
            return variable(value.value)
        return value

    def variable(name: str) -> Variable:
        return Variable(new.get(name, name))

    def expression(value: Any) -> Any:
        if isinstance(value, Call):
            return replace(value, arguments=tuple(map(expression, value.arguments)))
        return term(value)

    match element:
        case Pattern():
            ends = {"subject": term(element.subject), "object": term(element.object)}
            return replace(element, path=term(element.path), **ends)
        case Values():
            return replace(element, variable=new.get(element.variable, element.variable))
        case Filter():
            return Filter(expression(element.expression))
    raise Unread("a name in a group that is not simple")
