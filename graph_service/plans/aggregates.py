"""What an aggregate makes of the values of a group (SPARQL 1.1 Query Language, section 18.5.1)."""

from __future__ import annotations

from graph_service.plans.read import Aggregate, Unread
from graph_service.plans.values import Made, Operators, ValueProblem, is_number


def figure(aggregate: Aggregate, values: list[object], operators: Operators) -> object:
    """A figure.

    Args:
        values: of each solution; None where nothing is bound, ``ValueProblem`` for an error.

    Raises:
        Unread: of some of them it is not told here.
    """
    wrong = [v for v in values if v is ValueProblem]
    there = [v for v in values if v is not None and v is not ValueProblem]
    if aggregate.distinct:
        numbers = {v for v in there if type(v) is int}
        others = {operators.term(v) for v in there if type(v) is not int}
        there = [*numbers, *(others - {operators.term(n) for n in numbers if others})]
    if aggregate.name == "COUNT":
        return Made(len(there))
    plain = [operators.plain(v) for v in there]
    if wrong or (len(there) < len(values) and not aggregate.distinct):
        raise Unread(f"{aggregate.name} of what is not bound")
    if not all(map(is_number, plain)):
        raise Unread(f"{aggregate.name} of what is no number")
    if aggregate.name == "SUM":
        return Made(sum(plain))  # type: ignore[arg-type]
    if not there:
        return None
    choose = max if aggregate.name == "MAX" else min
    best = choose(range(len(plain)), key=plain.__getitem__)  # type: ignore[arg-type]
    return there[best]
