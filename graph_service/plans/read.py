"""Read the SPARQL that the named questions are written in.

Source: SPARQL 1.1 Query Language, sections 18.2.2 (translation to the algebra) and 19.8 (grammar).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graph_service.build.grammar import Grammar
from graph_service.build.patterns import Call, Expression, Pattern, Variable
from graph_service.build.shapes import Term


class Unread(Exception):
    """A question uses what is not read here; the store's engine must answer it."""


@dataclass(frozen=True)
class Values:
    """``VALUES`` of one variable."""

    variable: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Filter:
    """``FILTER``."""

    expression: Condition


@dataclass(frozen=True)
class Bind:
    """``BIND``."""

    variable: str
    expression: Condition


@dataclass(frozen=True)
class Optional:
    """``OPTIONAL``."""

    group: Group


@dataclass(frozen=True)
class Minus:
    """``MINUS``."""

    group: Group


@dataclass(frozen=True)
class Union:
    """Groups with ``UNION`` between them."""

    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Group:
    """What stands between braces, in order."""

    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Aggregate:
    """``COUNT``, ``SUM``, ``MAX`` or ``MIN`` of an expression."""

    name: str
    distinct: bool
    expression: Condition


@dataclass(frozen=True)
class Select:
    """A SELECT.

    Attributes:
        columns: the names that it gives; those that are aggregates with what they count.
        distinct: whether equal rows count once.
        grouped: names in ``GROUP BY``; None without aggregates.
        order: the names in ``ORDER BY``, and whether downwards.
    """

    columns: tuple[tuple[str, Aggregate | None], ...]
    distinct: bool
    group: Group
    grouped: tuple[str, ...] | None = None
    order: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class Within:
    """``EXISTS`` or, where not ``positive``, ``NOT EXISTS``."""

    group: Group
    positive: bool


Condition = Expression | Within
Element = Pattern | Values | Filter | Bind | Optional | Minus | Union | Group | Select

AGGREGATES = ("COUNT", "SUM", "MAX", "MIN")


def read(text: str, prefixes: Mapping[str, str]) -> Select:
    """Read a SELECT query without ``ORDER BY``.

    Raises:
        Unread: it uses a part of SPARQL that is not read here.
    """
    try:
        reader = Reader(text, dict(prefixes))
        found = reader.select()
        if reader.peek():
            raise Unread(f"{reader.peek()} after a query")
    except ValueError as error:
        raise Unread(str(error)) from error
    return found


class Reader(Grammar):
    """A reader of one query."""

    def exists(self, *, positive: bool) -> Expression:
        """The group after ``EXISTS``."""
        return Within(self.group(), positive)  # type: ignore[return-value]

    def select(self) -> Select:
        """A SELECT and what it gives."""
        self.take("SELECT")
        distinct = self.skip("DISTINCT")
        columns: list[tuple[str, Aggregate | None]] = []
        binds: list[Element] = []
        while self.peek() not in ("WHERE", "{"):
            if self.skip("("):
                counted = self.aggregate() if self.peek() in AGGREGATES else None
                made = None if counted else self.expression()
                self.take("AS")
                name = self.take()[1:]
                columns.append((name, counted))
                if made is not None:
                    binds.append(Bind(name, made))
                self.take(")")
            elif self.tokens[self.at][0] == "var":
                columns.append((self.take()[1:], None))
            else:
                raise Unread(f"SELECT {self.peek()}")
        self.skip("WHERE")
        group = Group((*self.group().elements, *binds))
        grouped: tuple[str, ...] | None = None
        order: list[tuple[str, bool]] = []
        if self.skip("GROUP"):
            self.take("BY")
            names = []
            while self.tokens[self.at][0] == "var":
                names.append(self.take()[1:])
            grouped = tuple(names)
        elif any(counted for _, counted in columns):
            grouped = ()
        if grouped is not None and binds:
            raise Unread("an expression beside aggregates")
        if self.skip("HAVING"):
            raise Unread("HAVING")
        if self.skip("ORDER"):
            self.take("BY")
            while self.tokens[self.at][0] == "var" or self.peek() in ("DESC", "ASC"):
                down = self.peek() == "DESC"
                if self.peek() in ("DESC", "ASC"):
                    self.take()
                    self.take("(")
                    order.append((self.take()[1:], down))
                    self.take(")")
                else:
                    order.append((self.take()[1:], False))
        return Select(tuple(columns), distinct, group, grouped, tuple(order))

    def aggregate(self) -> Aggregate:
        """An aggregate in the columns."""
        name = self.take()
        self.take("(")
        distinct = self.skip("DISTINCT")
        expression = self.expression()
        self.take(")")
        return Aggregate(name, distinct, expression)

    def group(self) -> Group:
        """What stands between braces."""
        self.take("{")
        if self.peek() == "SELECT":
            inner = self.select()
            self.take("}")
            return Group((inner,))
        found: list[Element] = []
        while not self.skip("}"):
            match self.peek():
                case "FILTER":
                    self.take()
                    found.append(Filter(self.expression()))
                case "BIND":
                    self.take()
                    self.take("(")
                    value = self.expression()
                    self.take("AS")
                    found.append(Bind(self.take()[1:], value))
                    self.take(")")
                case "OPTIONAL":
                    self.take()
                    found.append(Optional(self.group()))
                case "MINUS":
                    self.take()
                    found.append(Minus(self.group()))
                case "VALUES":
                    self.take()
                    found.append(self.values())
                case "{":
                    groups = [self.group()]
                    while self.skip("UNION"):
                        groups.append(self.group())
                    found.append(groups[0] if len(groups) == 1 else Union(tuple(groups)))
                case ".":
                    self.take()
                case "GRAPH" | "SERVICE" as word:
                    raise Unread(word)
                case word:
                    patterns = tuple(self.triples())
                    if not patterns:
                        raise Unread(f"{word!r} in a group")
                    found += patterns
        return Group(tuple(found))

    def values(self) -> Values:
        """The ``VALUES`` of one variable."""
        name = self.take()[1:]
        self.take("{")
        terms = []
        while not self.skip("}"):
            terms.append(self.term())
        return Values(name, tuple(terms))


def mentioned(element: Element | Condition | Aggregate | None) -> Iterator[str]:
    """The names of the variables that stand in it, those that a sub-SELECT keeps to itself not."""
    match element:
        case Variable():
            yield element.value
        case Pattern():
            for variable in element.variables():
                yield variable.value
        case Values():
            yield element.variable
        case Bind():
            yield element.variable
            yield from mentioned(element.expression)
        case Filter() | Aggregate():
            yield from mentioned(element.expression)
        case Optional() | Minus() | Within():
            yield from mentioned(element.group)
        case Union():
            for group in element.groups:
                yield from mentioned(group)
        case Group():
            for inner in element.elements:
                yield from mentioned(inner)
        case Select():
            yield from (name for name, _ in element.columns)
        case Call():
            for argument in element.arguments:
                yield from mentioned(argument)


def bound(element: Element) -> Iterator[str]:
    """The names of the variables that it may bind."""
    match element:
        case Pattern() | Values() | Select():
            yield from mentioned(element)
        case Bind():
            yield element.variable
        case Optional():
            yield from bound(element.group)
        case Union():
            for group in element.groups:
                yield from bound(group)
        case Group():
            for inner in element.elements:
                yield from bound(inner)
