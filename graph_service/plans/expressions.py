"""Expressions of filters and ``BIND`` as functions of the registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyoxigraph as ox

from graph_service.build.patterns import Call, Variable
from graph_service.plans.layout import Layout, Names
from graph_service.plans.read import Condition, Unread, Within
from graph_service.plans.values import (
    Evaluated,
    Made,
    Operators,
    Registers,
    ValueProblem,
    compatible,
    functions,
)


class Expressions:
    """Makes the functions.

    Args:
        layout: where registers are.
        operators: what is done with their values.
        within: makes the function of an ``EXISTS``.
    """

    def __init__(
        self, layout: Layout, operators: Operators, within: Callable[[Within, Names], Evaluated]
    ) -> None:
        self._layout, self._operators, self._within = layout, operators, within
        self._functions = functions(operators)

    def evaluate(self, expression: Condition, names: Names, known: set[str]) -> Evaluated:
        """What gives the value of an expression."""
        match expression:
            case Variable(value=name):
                if name not in known:
                    return lambda _: None
                slot = self._layout.share(names.slots[name])
                return lambda r: r[slot]
            case Within():
                return self._within(expression, names)
            case Call(name, arguments):
                return self._call(name, arguments, names, known)
        term = expression
        assert isinstance(term, ox.NamedNode | ox.BlankNode | ox.Literal)
        slot, _ = self._layout.constant(term)
        return lambda r: r[slot]

    def _call(
        self, name: str, arguments: Sequence[Condition], names: Names, known: set[str]
    ) -> Evaluated:
        """An operator or a function. Its errors: SPARQL 1.1, section 17.2."""
        if name == "BOUND":
            (variable,) = arguments
            value = self.evaluate(variable, names, known)
            return lambda r: value(r) is not None
        match name, arguments:
            case "CONTAINS", (Call("LCASE", (text,)), Call("LCASE", (part,))):
                return self._contains(*(self.evaluate(a, names, known) for a in (text, part)))
        values = [self.evaluate(a, names, known) for a in arguments]
        truth, equal = self._operators.truth, self._operators.equal
        match name:
            case "!":
                (only,) = values
                return lambda r: not truth(only(r))
            case "&&" | "||":
                one, other = values
                decides = name == "||"

                def both(r: Registers) -> bool:
                    try:
                        if truth(one(r)) is decides:
                            return decides
                    except ValueProblem:
                        if truth(other(r)) is decides:
                            return decides
                        raise
                    return truth(other(r))

                return both
            case "IN" | "NOT IN":
                tested, *options = values

                def among(r: Registers) -> bool:
                    value, wrong = tested(r), False
                    for option in options:
                        try:
                            if equal(value, option(r)):
                                return name == "IN"
                        except ValueProblem:
                            wrong = True
                    if wrong:
                        raise ValueProblem
                    return name != "IN"

                return among
            case "IF":
                condition, yes, no = values
                return lambda r: yes(r) if truth(condition(r)) else no(r)
            case "COALESCE":

                def first(r: Registers) -> object:
                    for value in values:
                        try:
                            found = value(r)
                        except ValueProblem:
                            continue
                        if found is not None:
                            return found
                    raise ValueProblem

                return first
            case "-":
                one, other = values

                def less(r: Registers) -> Made:
                    a, b = self._operators.plain(one(r)), self._operators.plain(other(r))
                    if not isinstance(a, int) or not isinstance(b, int):
                        raise Unread("- of what is no integer")
                    return Made(a - b)

                return less
        function = self._functions.get(name)
        if function is None:
            raise Unread(f"{name}()")
        if len(values) == 1:
            (value,) = values
            return lambda r: function(value(r))
        if len(values) == 2:
            one, other = values
            return lambda r: function(one(r), other(r))
        return lambda r: function(*(value(r) for value in values))

    def _contains(self, text: Evaluated, part: Evaluated) -> Evaluated:
        """``CONTAINS(LCASE(text), LCASE(part))``, which is asked of each label of a list."""
        folded = self._operators.folded

        def contains(r: Registers) -> bool:
            one, other = folded(text(r)), folded(part(r))
            compatible(one, other)
            return other[0] in one[0]

        return contains
