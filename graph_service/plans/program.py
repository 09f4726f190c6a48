"""A named question as a program over one index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

import pyoxigraph as ox

from graph_service.ordering import put_in_order
from graph_service.plans.compile import Compiler
from graph_service.plans.groups import hidden
from graph_service.plans.layout import FEW, Layout, Names, Run, placeholder
from graph_service.plans.read import Select, Unread, read
from graph_service.plans.values import Operators, Registers, made
from graph_service.questions import Question
from graph_service.store import Key, Solutions, Term
from graph_service.store.index import NOWHERE, Index, NowhereError, term_of

#: Programs that are kept: a question has one for each set of parameters that are given, and for
#: each :func:`room` of one's values.
PROGRAMS = 500
#: Values of a parameter: each has a part of the program, which takes long to make and room to keep.
MOST_VALUES = 512


def room(values: int) -> int:
    """For how many values of a parameter a program is made that is asked with so many: of those
    that are not few, a power of two, and the last is repeated."""
    return values if values <= FEW else 1 << (values - 1).bit_length()


class Program:
    """A question, compiled for one index and one shape of its parameters.

    Args:
        select: the question.
        run: walks the index, and gives the columns and what they are ordered by.
        made: whether a value that it gives can be another than the number of a term.
        layout: where registers are, and what they hold at the start.
        index, operators: what it walks, and how values are written.
    """

    def __init__(
        self,
        select: Select,
        run: Run,
        layout: Layout,
        index: Index,
        operators: Operators,
        *,
        made: bool,
    ) -> None:
        self._shown = [name for name, _ in select.columns]
        self._hidden = hidden(select)
        self._order, self._distinct = select.order, select.distinct
        self._run, self._layout, self._made = run, layout, made
        self._index, self._operators = index, operators

    def solutions(self, terms: Mapping[str, Sequence[str]]) -> Solutions:
        """The solutions, with the numbers of the index as keys.

        Args:
            terms: parameter → terms in SPARQL syntax, as many as it was compiled for, or as have
                the same :func:`room`.

        Raises:
            Unread: a value is of a kind that is not compared here.
            StoreError: the index cannot be read.
        """
        registers = self._layout.registers.copy()
        for slot in self._layout.memos:
            registers[slot] = {}
        absent = False
        for (name, place), slot in self._layout.places.items():
            walked = slot in self._layout.walked
            given = terms[name]
            term = given[min(place, len(given) - 1)]
            value = registers[slot] = self._value(term, walked=walked)
            absent = absent or value == NOWHERE
        try:
            return self._solutions(registers, absent=absent)
        except NowhereError as error:
            raise Unread("a term that is not in the graph is more than walked from") from error

    def _solutions(self, registers: Registers, *, absent: bool) -> Solutions:
        names = [*self._shown, *self._hidden]
        rows: list[Sequence[Key | None]] = list(self._run(registers))  # type: ignore[arg-type]
        found = Solutions(names, rows, self._term, self._index.ranks)
        if self._made:
            found.rows = [tuple(map(self._key, row)) for row in rows]
        if absent and any(NOWHERE in row for row in found.rows):
            raise NowhereError(NOWHERE)
        if self._order:
            put_in_order(found, [*self._order, *((name, False) for name in self._shown)])
        if self._hidden:
            found.names = self._shown
            found.rows = [row[: len(self._shown)] for row in found.rows]
        if self._distinct and (self._made or self._hidden):
            # A term that was made can be one that the graph has, too.
            alike = self._operators.alike
            keys = (tuple(map(alike, row)) for row in found.rows) if self._made else found.rows
            found.rows = list(dict(zip(keys, found.rows, strict=True)).values())
        return found

    def _key(self, value: object) -> Key | None:
        return value if value is None or type(value) is int else self._operators.term(value)

    def _term(self, key: Key) -> Term:
        return self._index.terms[key] if type(key) is int else key  # type: ignore[return-value]

    def _value(self, text: str, *, walked: bool) -> object:
        if not text.startswith("<"):
            term = ox.Literal(int(text)) if text.lstrip("-").isdigit() else term_of(text)
            assert isinstance(term, ox.Literal)
            if not walked:
                return made(term)
            text = str(term)
        number = self._index.number(text)
        return NOWHERE if number is None else number


class Programs:
    """The programs over one index, made when they are asked for.

    Args:
        index: what they walk.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._operators = Operators(index)
        self._made: dict[tuple[object, ...], Program | None] = {}

    def of(self, question: Question, terms: Mapping[str, tuple[str, ...]]) -> Program | None:
        """The program of a question with so many terms of each parameter.

        None where the question uses a part of SPARQL that is not read here, or a parameter has
        more than :data:`MOST_VALUES`.

        Raises:
            StoreError: the index cannot be read.
        """
        if any(len(given) > MOST_VALUES for given in terms.values()):
            return None
        rooms = {name: room(len(given)) for name, given in terms.items()}
        asked = (question.text, *rooms.items())
        if asked not in self._made:
            marks = {
                name: tuple(placeholder(name, at, given[0]) for at in range(rooms[name]))
                for name, given in terms.items()
            }
            query = question.sparql(marks).removesuffix(question.unsorted[0])
            program = None
            with suppress(Unread):
                program = self.compile(query, question.prefixes, terms)
            if len(self._made) >= PROGRAMS:
                self._made.clear()
            self._made[asked] = program
        return self._made[asked]

    def compile(
        self,
        text: str,
        prefixes: Mapping[str, str],
        terms: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> Program:
        """Make a program of a query in which a placeholder stands for each parameter.

        Args:
            terms: what is asked for first; what it has in the graph tells in which order to walk.

        Raises:
            Unread: the query uses a part of SPARQL that is not read here.
            StoreError: the index cannot be read.
        """
        select = read(text, prefixes)
        asked = {
            (name, place): self._index.number(term)
            for name, given in terms.items()
            for place, term in enumerate(given)
        }
        compiler = Compiler(self._index, self._operators, asked)
        names = Names()
        run = compiler.select(select, names)
        made = select.grouped is not None or bool(names.made)
        return Program(select, run, compiler.layout, self._index, self._operators, made=made)
