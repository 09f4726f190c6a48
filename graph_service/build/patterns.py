"""Graph patterns as rules and constraints have them: unions of conjunctions.

What changes when a triple changes can be asked of a query only when its patterns are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from graph_service.build.shapes import Path, Term

Variable = ox.Variable
TermOrVariable = Term | Variable


@dataclass(frozen=True)
class Pattern:
    """One triple pattern; the middle is a path or a variable."""

    subject: TermOrVariable
    path: Path | Variable
    object: TermOrVariable

    def variables(self) -> set[Variable]:
        """The variables that it binds."""
        return {v for v in (self.subject, self.path, self.object) if isinstance(v, Variable)}


@dataclass(frozen=True)
class Call:
    """An operator or function with its arguments; a name in capitals for a function."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Exists:
    """``EXISTS`` or, where not ``positive``, ``NOT EXISTS``."""

    branches: tuple[Branch, ...]
    positive: bool


Expression = Term | Variable | Call | Exists


@dataclass(frozen=True)
class Branch:
    """A conjunction: patterns that all hold, filters, and variables computed from others."""

    patterns: tuple[Pattern, ...] = ()
    filters: tuple[Expression, ...] = ()
    binds: tuple[tuple[Variable, Expression], ...] = ()

    def __add__(self, other: Branch) -> Branch:
        return Branch(
            self.patterns + other.patterns, self.filters + other.filters, self.binds + other.binds
        )

    def variables(self) -> set[Variable]:
        """The variables that its patterns bind."""
        return {v for p in self.patterns for v in p.variables()}

    def exists(self) -> Iterator[Exists]:
        """The ``EXISTS`` and ``NOT EXISTS`` of its filters, not those within them."""
        queue = [*self.filters, *(e for _, e in self.binds)]
        while queue:
            expression = queue.pop()
            if isinstance(expression, Exists):
                yield expression
            elif isinstance(expression, Call):
                queue.extend(expression.arguments)

    def deep(self) -> Iterator[tuple[Pattern, ...]]:
        """Its patterns; and for each group in a filter, however deep, those around and within."""
        yield self.patterns
        for exists in self.exists():
            for inner in exists.branches:
                for patterns in inner.deep():
                    yield self.patterns + patterns


@dataclass(frozen=True)
class Query:
    """A SELECT or CONSTRUCT as a union of conjunctions.

    An OPTIONAL gives two: without and with what is optional. For the set of solutions, and for the
    set of triples constructed, that is the same unless a filter asks for what is not bound.
    """

    template: tuple[Pattern, ...]
    branches: tuple[Branch, ...]


def rename(branch: Branch, keep: set[str], mark: str) -> Branch:
    """The branch with a mark on the variables that are not to be seen from outside."""

    def term(value: TermOrVariable) -> TermOrVariable:
        if isinstance(value, Variable) and value.value not in keep:
            return Variable(value.value + mark)
        return value

    def expression(value: Expression) -> Expression:
        if isinstance(value, Call):
            return Call(value.name, tuple(map(expression, value.arguments)))
        if isinstance(value, Exists):
            inner = tuple(rename(b, keep, mark) for b in value.branches)
            return Exists(inner, value.positive)
        return term(value)

    def verb(value: Path | Variable) -> Path | Variable:
        changed = term(value) if isinstance(value, Variable) else value
        assert not isinstance(changed, ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple)
        return changed

    def variable(value: Variable) -> Variable:
        changed = term(value)
        assert isinstance(changed, Variable)
        return changed

    return Branch(
        tuple(Pattern(term(p.subject), verb(p.path), term(p.object)) for p in branch.patterns),
        tuple(map(expression, branch.filters)),
        tuple((variable(v), expression(e)) for v, e in branch.binds),
    )
