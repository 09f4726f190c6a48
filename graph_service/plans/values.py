"""The operators of filters and ``BIND``, on what a program holds.

A value is the number of a term of the graph, a term that the graph has not, or what an operator
made: a text, a truth value, a number. Sources: SPARQL 1.1 Query Language, sections 17.2 (errors and
truth values), 17.3 (operators) and 17.4 (functions).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import pyoxigraph as ox

from graph_service.plans.read import Unread
from graph_service.remembered import Remembered
from graph_service.store import Term
from graph_service.store.index import KEPT, Index
from graph_service.vocabulary import XSD

Number = int | Decimal | float
#: An int that stands for a term is told from a number by :class:`Made`.
Registers = list[object]

STRING, BOOLEAN = XSD + "string", XSD + "boolean"
INTEGERS, DECIMALS = (XSD + "integer",), (XSD + "decimal",)
#: Patterns that mean the same here, to XPath and to the engine: words, one of several, one of some
#: letters and figures, and so many of them.
PLAIN = re.compile(r"(?:[\w ]|[|()]|\[[\w-]+\]|(?<=[\w\])])\{[0-9]\})+")
#: What :func:`comparable` says of what is no literal, and of strings.
NODES, STRINGS = ("iri", "blank"), ("text", "tagged")
DOUBLES = (XSD + "double", XSD + "float")


class ValueProblem(Exception):
    """An operator was given what it has no value for; a filter then holds not."""


@dataclass(frozen=True, slots=True)
class Made:
    """A number that an operator made, or that a query has written."""

    number: Number


def number_of(term: Term) -> Number | None:
    """The number that a literal stands for, or None."""
    if not isinstance(term, ox.Literal):
        return None
    datatype = term.datatype.value
    try:
        if datatype in INTEGERS:
            return int(term.value)
        if datatype in DECIMALS:
            return Decimal(term.value)
        if datatype in DOUBLES:
            return float(term.value)
    except (ValueError, InvalidOperation):
        raise ValueProblem from None
    return None


class Operators:
    """The operators over the terms of one index."""

    def __init__(self, index: Index) -> None:
        self._number = index.number
        self._terms = terms = index.terms
        self._compared: Remembered[int, tuple[str, object]] = Remembered(
            lambda number: comparable(plain(terms[number])), KEPT
        )
        self._texts: Remembered[int, tuple[str, str | None] | None] = Remembered(
            lambda number: text(terms[number]), KEPT
        )
        self._folded: Remembered[int, tuple[str, str | None]] = Remembered(
            lambda number: lowered(self.text(number)), KEPT
        )
        self._written: Remembered[int, str | None] = Remembered(
            lambda number: written(terms[number]), KEPT
        )

    def term(self, value: object) -> Term:
        """The term that a value stands for, or is written as.

        Raises:
            ValueProblem: nothing is bound.
        """
        match value:
            case None:
                raise ValueProblem
            case bool():
                return ox.Literal(value)
            case int():
                return self._terms[value]
            case str():
                return ox.Literal(value)
            case Made():
                number = value.number
                if isinstance(number, Decimal):
                    raise Unread("a decimal that was computed")
                return ox.Literal(number)
        return value  # type: ignore[return-value]

    def text(self, value: object) -> tuple[str, str | None]:
        """The text of a string, and its language.

        Raises:
            ValueProblem: it is no string.
        """
        if type(value) is int:
            found = self._texts[value]
            if found is None:
                raise ValueProblem
            return found
        if isinstance(value, str):
            return value, None
        found = text(self.term(value))
        if found is None:
            raise ValueProblem
        return found

    def folded(self, value: object) -> tuple[str, str | None]:
        """The text of a string in small letters, and its language. Raises as :meth:`text`."""
        return self._folded[value] if type(value) is int else lowered(self.text(value))

    def written(self, value: object) -> str:
        """``STR``. Raises as :meth:`text`, for a blank node."""
        if isinstance(value, str):
            return value
        found = self._written[value] if type(value) is int else written(self.term(value))
        if found is None:
            raise ValueProblem
        return found

    def truth(self, value: object) -> bool:
        """The effective boolean value. Raises as :meth:`text`, for what has none."""
        if value is True or value is False:
            return value
        found = self.plain(value)
        if isinstance(found, bool | str) or is_number(found):
            return bool(found) and found == found
        raise ValueProblem

    def plain(self, value: object) -> object:
        """A value as Python compares it: a number, a text, a truth value; else the term. Raises
        as :meth:`term`."""
        return self.compared(value)[1]

    def compared(self, value: object) -> tuple[str, object]:
        """What a value can be compared with, and what it is then. Raises as :meth:`term`."""
        if type(value) is int:
            return self._compared[value]
        if isinstance(value, str):
            return "text", value
        if isinstance(value, bool):
            return "truth", value
        return comparable(value.number if isinstance(value, Made) else plain(self.term(value)))

    def alike(self, value: object) -> object:
        """A value as a key: the number of the term that it is, or the term, or None for nothing."""
        if value is None or type(value) is int:
            return value
        term = self.term(value)
        number = self._number(str(term))
        return term if number is None else number

    def stored(self, value: object) -> object:
        """A value as a register holds it: a truth value would equal the number of a term."""
        return ox.Literal(value) if isinstance(value, bool) else value

    def equal(self, one: object, other: object) -> bool:
        """``=``.

        Raises:
            ValueProblem: whether two literals are equal cannot be told.
            Unread: they are of a kind that is not compared here.
        """
        # Numbers of terms are ints; a bool is one too.
        if type(one) is int and type(other) is int and one == other:
            return True
        (kind, a), (its, b) = self.compared(one), self.compared(other)
        if kind == its or kind in NODES or its in NODES:
            if kind == its == "other" and self.term(one) != self.term(other):
                raise Unread("= of literals of other kinds")
            return a == b
        if kind in STRINGS and its in STRINGS:
            return False
        raise Unread("= of literals of different kinds")

    def among(self, value: object, options: Sequence[object]) -> bool:
        """``IN``. Raises as :meth:`equal`."""
        wrong = False
        for option in options:
            try:
                if self.equal(value, option):
                    return True
            except ValueProblem:
                wrong = True
        if wrong:
            raise ValueProblem
        return False

    def less(self, one: object, other: object) -> bool:
        """``<``. Raises as :meth:`equal`."""
        (kind, a), (its, b) = self.compared(one), self.compared(other)
        if kind == its and kind in ("text", "number", "double"):
            return bool(a < b)  # type: ignore[operator]
        raise Unread("< of what is neither text nor number")

    def difference(self, one: object, other: object) -> Made:
        """``-``. Raises as :meth:`equal`."""
        a, b = self.plain(one), self.plain(other)
        if type(a) is not int or type(b) is not int:
            raise Unread("- of what is no integer")
        return Made(a - b)

    def contains_folded(self, text: object, part: object) -> bool:
        """``CONTAINS`` of both in small letters. Raises as :meth:`text`."""
        one, other = self.folded(text), self.folded(part)
        compatible(one, other)
        return other[0] in one[0]


def comparable(value: object) -> tuple[str, object]:
    """What a plain value can be compared with, which is its like; and the value."""
    kind = type(value)
    if kind is ox.NamedNode:
        return "iri", value
    if kind is str:
        return "text", value
    if kind is bool:
        return "truth", value
    if kind is ox.BlankNode:
        return "blank", value
    if kind is ox.Literal:
        return "tagged" if value.language is not None else "other", value  # type: ignore[attr-defined]
    # Which is compared as one, and a decimal then loses digits (section 17.3).
    return "double" if kind is float else "number", value


def plain(term: Term) -> object:
    """A term as Python compares it: a number, a text, a truth value; else the term."""
    if not isinstance(term, ox.Literal) or term.language is not None:
        return term
    datatype = term.datatype.value
    if datatype == STRING:
        return term.value
    if datatype == BOOLEAN:
        return term.value in ("true", "1")
    number = number_of(term)
    return term if number is None else number


def text(term: Term) -> tuple[str, str | None] | None:
    """The text of a string and its language; None of what is no string."""
    if not isinstance(term, ox.Literal):
        return None
    if term.language is None and term.datatype.value != STRING:
        return None
    return term.value, term.language


def lowered(string: tuple[str, str | None]) -> tuple[str, str | None]:
    """A string in small letters, in its language."""
    return string[0].lower(), string[1]


def written(term: Term) -> str | None:
    """``STR``; None of a blank node."""
    return None if isinstance(term, ox.BlankNode) else term.value


def made(term: ox.Literal) -> object:
    """A literal that no triple need have, as a value."""
    found = plain(term)
    if isinstance(found, int) and not isinstance(found, bool):
        return Made(found) if str(found) == term.value else term
    return found if isinstance(found, str) else term


def is_number(value: object) -> bool:
    """Whether it is a number and no truth value."""
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def compatible(one: tuple[str, str | None], other: tuple[str, str | None]) -> None:
    """Whether two strings can be arguments together (section 17.4.3.1.2).

    Raises:
        ValueProblem: they cannot.
    """
    if other[1] is not None and other[1] != one[1]:
        raise ValueProblem


def made_text(text: str, language: str | None) -> object:
    """A string as a value."""
    return text if language is None else ox.Literal(text, language=language)


def functions(operators: Operators) -> dict[str, Callable[..., object]]:
    """The functions that are called with the values of their arguments, by name."""
    text, term = operators.text, operators.term

    def lower(value: object) -> object:
        return made_text(*operators.folded(value))

    def upper(value: object) -> object:
        found, language = text(value)
        return made_text(found.upper(), language)

    def pair(one: object, other: object) -> tuple[str, str]:
        a, b = text(one), text(other)
        compatible(a, b)
        return a[0], b[0]

    def contains(one: object, other: object) -> bool:
        a, b = pair(one, other)
        return b in a

    def starts(one: object, other: object) -> bool:
        a, b = pair(one, other)
        return a.startswith(b)

    def ends(one: object, other: object) -> bool:
        a, b = pair(one, other)
        return a.endswith(b)

    def matches(one: object, pattern: object, *flags: object) -> bool:
        (found, _), (written, language) = text(one), text(pattern)
        if language is not None:
            raise ValueProblem
        if flags or not PLAIN.fullmatch(written):
            raise Unread(f"REGEX with {written!r}")
        try:
            return re.search(written, found) is not None
        except re.error as error:
            raise Unread(f"REGEX with {written!r}: {error}") from error

    def after(one: object, other: object) -> object:
        a, b = text(one), text(other)
        compatible(a, b)
        _, found, rest = a[0].partition(b[0]) if b[0] else ("", "found", a[0])
        return made_text(rest, a[1]) if found else ""

    def concat(*values: object) -> object:
        texts = [text(v) for v in values]
        languages = {language for _, language in texts}
        joined = "".join(t for t, _ in texts)
        return made_text(joined, languages.pop() if len(languages) == 1 else None)

    def is_iri(value: object) -> bool:
        return isinstance(term(value), ox.NamedNode)

    def language(value: object) -> str:
        found = term(value)
        if not isinstance(found, ox.Literal):
            raise ValueProblem
        return found.language or ""

    return {
        "STR": operators.written,
        "LCASE": lower,
        "UCASE": upper,
        "CONTAINS": contains,
        "STRSTARTS": starts,
        "STRENDS": ends,
        "STRAFTER": after,
        "REGEX": matches,
        "CONCAT": concat,
        "ISIRI": is_iri,
        "LANG": language,
        "-": operators.difference,
        "=": operators.equal,
        "!=": lambda a, b: not operators.equal(a, b),
        "<": operators.less,
        ">": lambda a, b: operators.less(b, a),
        "<=": lambda a, b: not operators.less(b, a),
        ">=": lambda a, b: not operators.less(a, b),
    }
