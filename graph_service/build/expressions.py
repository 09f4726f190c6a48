"""Evaluate the expressions that rules use in FILTER and BIND.

Source: SPARQL 1.1 Query Language, section 17.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pyoxigraph as ox

from graph_service.build.patterns import Branch, Call, Exists, Expression, Variable
from graph_service.build.shapes import Term
from graph_service.vocabulary import XSD

Binding = Mapping[Variable, Term]
#: Whether a group has a solution that extends a binding.
Asker = Callable[[tuple[Branch, ...], Binding], bool]

BOOLEAN = ox.NamedNode(XSD + "boolean")
TRUE, FALSE = (ox.Literal(v, datatype=BOOLEAN) for v in ("true", "false"))


class ExpressionError(Exception):
    """An expression has no value: a variable is not bound, or a term is of the wrong kind."""


def text(term: Term) -> str:
    """The IRI of a node or the lexical form of a literal."""
    if isinstance(term, ox.NamedNode | ox.Literal):
        return term.value
    raise ExpressionError(f"{term} has no text")


def truth(term: Term) -> bool:
    """The effective boolean value of a literal."""
    if isinstance(term, ox.Literal):
        return term.value not in ("", "0", "false")
    raise ExpressionError(f"{term} is neither true nor false")


FUNCTIONS: dict[str, Callable[..., Term]] = {
    "STR": lambda x: ox.Literal(text(x)),
    "IRI": lambda x: ox.NamedNode(text(x)),
    "URI": lambda x: ox.NamedNode(text(x)),
    "CONCAT": lambda *xs: ox.Literal("".join(map(text, xs))),
    "STRAFTER": lambda x, y: ox.Literal(text(x).partition(text(y))[2]),
    "STRBEFORE": lambda x, y: ox.Literal(
        text(x).partition(text(y))[0] if text(y) in text(x) else ""
    ),
    "REPLACE": lambda x, y, z: ox.Literal(re.sub(text(y), _groups(text(z)), text(x))),
    "STRSTARTS": lambda x, y: _boolean(text(x).startswith(text(y))),
    "STRENDS": lambda x, y: _boolean(text(x).endswith(text(y))),
    "CONTAINS": lambda x, y: _boolean(text(y) in text(x)),
    "REGEX": lambda x, y: _boolean(re.search(text(y), text(x)) is not None),
    "ISIRI": lambda x: _boolean(isinstance(x, ox.NamedNode)),
    "ISLITERAL": lambda x: _boolean(isinstance(x, ox.Literal)),
    "ISBLANK": lambda x: _boolean(isinstance(x, ox.BlankNode)),
    "=": lambda x, y: _boolean(x == y),
    "!=": lambda x, y: _boolean(x != y),
    "IN": lambda x, *ys: _boolean(x in ys),
    "NOT IN": lambda x, *ys: _boolean(x not in ys),
    "!": lambda x: _boolean(not truth(x)),
}
LAZY = ("||", "&&", "BOUND", "COALESCE")


def _boolean(value: bool) -> Term:
    return TRUE if value else FALSE


def _groups(replacement: str) -> str:
    return re.sub(r"\$([0-9])", r"\\\1", replacement)


def known(expression: Expression) -> None:
    """Check that an expression can be evaluated here.

    Raises:
        ValueError: it uses an operator or function that is not known here.
    """
    if isinstance(expression, Exists):
        for branch in expression.branches:
            for inner in (*branch.filters, *(e for _, e in branch.binds)):
                known(inner)
    elif isinstance(expression, Call):
        if expression.name not in FUNCTIONS and expression.name not in LAZY:
            raise ValueError(f"{expression.name} is not evaluated here")
        for argument in expression.arguments:
            known(argument)


def value(expression: Expression, binding: Binding, ask: Asker) -> Term:
    """The value of an expression.

    Args:
        ask: answers what an EXISTS asks.

    Raises:
        ExpressionError: it has none.
    """
    if isinstance(expression, Variable):
        if expression not in binding:
            raise ExpressionError(f"{expression} is not bound")
        return binding[expression]
    if isinstance(expression, Exists):
        return _boolean(ask(expression.branches, binding) == expression.positive)
    if not isinstance(expression, Call):
        return expression
    name, arguments = expression.name, expression.arguments
    if name == "BOUND":
        return _boolean(arguments[0] in binding)
    if name in ("||", "&&"):
        sides = [_side(a, binding, ask) for a in arguments]
        decisive = name == "||"
        if decisive in sides:
            return _boolean(decisive)
        if None in sides:
            raise ExpressionError("one side has no value")
        return _boolean(not decisive)
    if name == "COALESCE":
        for argument in arguments:
            try:
                return value(argument, binding, ask)
            except ExpressionError:
                continue
        raise ExpressionError("nothing has a value")
    return FUNCTIONS[name](*(value(a, binding, ask) for a in arguments))


def _side(expression: Expression, binding: Binding, ask: Asker) -> bool | None:
    try:
        return truth(value(expression, binding, ask))
    except ExpressionError:
        return None
