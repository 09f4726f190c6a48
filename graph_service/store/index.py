"""A snapshot's merged graph as numbers: for a thing and a property, its values and its subjects.

The named questions walk it (:mod:`graph_service.plans`): a step is a look-up in a dictionary that
remembers what was walked lately, or one row of SQLite. A step in Oxigraph takes ten times as long.
Things are described from it too: what Oxigraph needs 28 ms for takes it 6.

Terms have numbers from 0, in the order in which they are first spoken of; properties have numbers
of their own, of ``BITS`` bits. Rows lie in the order of the numbers, so what is spoken of together
lies together in the file: a page of fifty things reads a few places of it, not hundreds.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service.ordering import rank
from graph_service.remembered import Remembered
from graph_service.shaping import HIDDEN
from graph_service.store import Fact, Key, Rank, Term
from graph_service.store.tables import Table, written
from graph_service.vocabulary import SKOS

FILE = "index.sqlite"
#: Bits of a property's number; a step lies under ``thing << BITS | property``.
BITS = 12
#: Bits of a term's number.
PLACES = 25
#: The bits of a step that are the property, and of a key that are the term; see :func:`numbered`.
PROPERTY, TERM = (1 << BITS) - 1, (1 << PLACES) - 1
#: Keys that are sorted at once.
PART = 10_000_000
#: In place of a thing: a step backwards from it leads to all subjects of the property; and what no
#: triple has, from which nothing leads anywhere.
ANYTHING, NOWHERE = -1, -2
TABLES = """
CREATE TABLE terms (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE properties (
  id INTEGER PRIMARY KEY, iri TEXT NOT NULL, triples INTEGER, subjects INTEGER, objects INTEGER
);
CREATE TABLE forward (step INTEGER PRIMARY KEY, found NOT NULL);
CREATE TABLE backward (step INTEGER PRIMARY KEY, found NOT NULL);
"""
#: The terms that are found by their text: IRIs, and literals that are not long.
IRIS = "text >= '<' AND text < '='"
IRI = f"SELECT id FROM terms WHERE text = ? AND {IRIS}"  # noqa: S608 - a constant
LITERALS = "text >= '\"' AND text < '#' AND length(text) <= 100"
LITERAL = f"SELECT id FROM terms WHERE text = ? AND {LITERALS}"  # noqa: S608 - a constant
#: How a step is read, and all steps from a thing; in each direction.
FORWARD = "SELECT found FROM forward WHERE step = ?"
BACKWARD = "SELECT found FROM backward WHERE step = ?"
#: The same of many steps, a JSON array.
ALL_FORWARD = "SELECT step, found FROM forward WHERE step IN (SELECT value FROM json_each(?))"
ALL_BACKWARD = "SELECT step, found FROM backward WHERE step IN (SELECT value FROM json_each(?))"
#: To count does not read what is counted: of a class at a hundred regions it is 4 MB.
NUMBER_BACKWARD = (
    "SELECT CASE typeof(found) WHEN 'blob' THEN length(found) / 4 ELSE 1 END "
    "FROM backward WHERE step = ?"
)
AROUND_FORWARD = "SELECT step, found FROM forward WHERE step BETWEEN ? AND ?"
AROUND_BACKWARD = "SELECT step, found FROM backward WHERE step BETWEEN ? AND ?"
#: All steps from many things, and many terms; a JSON array of numbers each.
AROUND_ALL = (
    "SELECT step, found FROM json_each(?) JOIN forward "  # noqa: S608 - constants
    f"ON step BETWEEN value << {BITS} AND (value << {BITS}) + {PROPERTY}"
)
MANY_TERMS = "SELECT id, text FROM terms WHERE id IN (SELECT value FROM json_each(?))"
#: Terms that are remembered; steps of one property, in one direction; and the most things that a
#: step that is remembered may lead to.
KEPT, KEPT_STEPS, LONGEST = 100_000, 20_000, 4_000
#: Things, up to which each is read by itself; and the most that are read at once.
FEW, AHEAD = 8, 5_000
#: Sets of subjects that are remembered of one property; the most subjects that a set has, where a
#: look takes 0.03 µs, and a subject 60 bytes; and that a sorted array has: 0.3 µs, and 4 bytes. To
#: walk from a subject takes 6 µs.
KEPT_SETS, LARGEST_SET, LARGEST_ARRAY = 50, 1_000, 500_000

#: What a step leads to.
Found = tuple[int, ...]


class NowhereError(LookupError):
    """A number stands for no term."""


@dataclass(frozen=True)
class Property:
    """A property of the graph.

    Attributes:
        number: its number.
        triples, subjects, objects: how many it has.
    """

    number: int
    triples: int
    subjects: int
    objects: int


class Steps(Remembered[int, Found]):
    """The number of a thing → where a property leads from it, in one direction.

    Args:
        find: reads it from the file.
        find_all: the same of many things, in one look.
    """

    def __init__(
        self,
        find: Callable[[int], Found],
        find_all: Callable[[Sequence[int]], Iterable[tuple[int, Found]]],
    ) -> None:
        super().__init__(find, KEPT_STEPS)
        self._find_all = find_all

    def ahead(self, things: Iterable[int]) -> None:
        """Read where it leads from things that will be walked from, unless they are few: one by one
        it takes twice as long."""
        lacking = [thing for thing in things if thing not in self]
        if len(lacking) > FEW:
            for thing, found in self._find_all(lacking[:AHEAD]):
                if self.worth(found):
                    self.keep(thing, found)

    def worth(self, found: Found) -> bool:
        return len(found) <= LONGEST


@dataclass(frozen=True)
class Sorted:
    """The subjects of a value of which there are many: their numbers in order, as in the file."""

    numbers: array[int]

    def __contains__(self, subject: object) -> bool:
        at = bisect_left(self.numbers, subject)  # type: ignore[call-overload]
        return at < len(self.numbers) and bool(self.numbers[at] == subject)


@dataclass(frozen=True)
class Leading:
    """The subjects of a value of which there are very many: to find out of one, it is walked from.

    Attributes:
        steps: from a subject to its values.
        value: the value.
    """

    steps: Steps
    value: int

    def __contains__(self, subject: object) -> bool:
        return self.value in self.steps[subject]  # type: ignore[index]


class Index:
    """The file of a snapshot; any number of threads and processes may read it.

    Args:
        folder: the snapshot's folder.

    Attributes:
        forward: for each property, by its number, the steps from a subject to its values.
        backward: for each property the steps from a value to its subjects.
        subjects: for each property the subjects of a value, to find out which of many are among
            them.
        terms: the terms by their numbers.
        ranks: where terms stand, by their numbers; of what has none, by itself.
        properties: by IRI.

    Raises:
        StoreError: there is no such file, or it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._table = Table(folder / FILE, mapped=True)
        rows = self._table.rows("SELECT iri, id, triples, subjects, objects FROM properties")
        self.properties = {iri: Property(*figures) for iri, *figures in rows}
        numbers = range(len(self.properties))
        self._iris = {p.number: iri for iri, p in self.properties.items()}
        self._hidden = {p.number for iri, p in self.properties.items() if iri in HIDDEN}
        self.forward, self.backward = (
            [Steps(partial(self._step, one, n), partial(self._steps, many, n)) for n in numbers]
            for one, many in ((FORWARD, ALL_FORWARD), (BACKWARD, ALL_BACKWARD))
        )
        self.subjects = [Remembered(partial(self._subjects, n), KEPT_SETS) for n in numbers]
        self.terms = Remembered(self._term, KEPT)
        self.ranks = Remembered(self._rank, KEPT)
        self._described = Remembered(self._any, KEPT)
        self._numbers = Remembered(self._number, KEPT)

    def let_go(self) -> None:
        """Forget what was read."""
        kept: list[Remembered[Any, Any]] = [self.terms, self.ranks, self._described, self._numbers]
        kept += [*self.forward, *self.backward, *self.subjects]
        for one in kept:
            one.clear()

    @cached_property
    def _names(self) -> dict[int, int]:
        """The number of each property among properties → that among terms."""
        names = {number: self.number(f"<{iri}>") for number, iri in self._iris.items()}
        return {number: name for number, name in names.items() if name is not None}

    def around(self, thing: int, *, back: bool = False) -> Iterator[tuple[int, int]]:
        """The number of each property of a thing, and what it leads to; backwards, of each
        property that leads to the thing, and from where."""
        first = thing << BITS
        query = AROUND_BACKWARD if back else AROUND_FORWARD
        for step, found in self._table.rows(query, (first, first | PROPERTY)):
            name = self._names[step - first]
            for other in found_in(found):
                yield name, other

    def about(self, things: Sequence[str]) -> Iterator[Fact]:
        """As :meth:`graph_service.store.Store.about`."""
        named = self._named(things)
        rows = self._table.rows(AROUND_ALL, (json.dumps([*named]),))
        return self._facts(named, [row for row in rows if row[0] & PROPERTY not in self._hidden])

    def labels(self, things: Sequence[str]) -> Iterator[tuple[str, str]]:
        """As :meth:`graph_service.store.Store.labels`."""
        label = self.properties.get(SKOS + "prefLabel")
        if label is None:
            return iter(())
        named = self._named(things)
        steps = [number << BITS | label.number for number in named]
        rows = self._table.rows(ALL_FORWARD, (json.dumps(steps),))
        return ((iri, text.value) for iri, _, text in self._facts(named, rows))

    def _named(self, things: Sequence[str]) -> dict[int, str]:
        """The number of each of these things that there is → its IRI."""
        numbers = ((self.number(f"<{iri}>"), iri) for iri in things)
        return {number: iri for number, iri in numbers if number is not None}

    def _facts(
        self, named: Mapping[int, str], rows: Iterable[tuple[int, int | bytes]]
    ) -> Iterator[Fact]:
        """What rows of ``forward`` say of things; all terms are read in one look."""
        said = [(step, value) for step, found in rows for value in found_in(found)]
        lacking = {value for _, value in said if value not in self.terms}
        for number, text in self._table.rows(MANY_TERMS, (json.dumps([*lacking]),)):
            self.terms.keep(number, term_of(text))
            if text.startswith("<"):
                # What a thing leads to is asked about next.
                self._numbers.keep(text, number)
        for step, value in said:
            yield named[step >> BITS], self._iris[step & PROPERTY], self.terms[value]

    def number(self, text: str) -> int | None:
        """The number of a term; None where no triple has it, and of a literal that is long.

        Args:
            text: in N-Triples.
        """
        number = self._numbers[text]
        return None if number == NOWHERE else number

    def _number(self, text: str) -> int:
        # That there is none is remembered too: a slug is tried with one kind after another.
        rows = self._table.rows(IRI if text.startswith("<") else LITERAL, (text,))
        return rows[0][0] if rows else NOWHERE

    def describes(self, iri: str) -> bool:
        """Whether a triple has this IRI as its subject."""
        number = self.number(f"<{iri}>")
        return number is not None and self._described[number]

    def _any(self, number: int) -> bool:
        return next(self.around(number), None) is not None

    def _step(self, query: str, property: int, thing: int) -> Found:
        rows = self._table.rows(query, (thing << BITS | property,))
        return found_in(rows[0][0]) if rows else ()

    def _steps(
        self, query: str, property: int, things: Sequence[int]
    ) -> Iterator[tuple[int, Found]]:
        steps = [thing << BITS | property for thing in things]
        rows = dict(self._table.rows(query, (json.dumps(steps),)))
        for thing, step in zip(things, steps, strict=True):
            yield thing, found_in(rows[step]) if step in rows else ()

    def subjects_of(self, property: int, value: int) -> int:
        """How many subjects a property has with a value."""
        rows = self._table.rows(NUMBER_BACKWARD, (value << BITS | property,))
        return rows[0][0] if rows else 0

    def _subjects(self, property: int, value: int) -> Container[int]:
        number = self.subjects_of(property, value)
        if number > max(LARGEST_SET, LARGEST_ARRAY):
            return Leading(self.forward[property], value)
        if number <= LARGEST_SET:
            return frozenset(self._step(BACKWARD, property, value))
        ((found,),) = self._table.rows(BACKWARD, (value << BITS | property,))
        return Sorted(array("i", [found] if isinstance(found, int) else found))

    def _rank(self, key: Key | None) -> Rank:
        return rank(self.terms[key] if isinstance(key, int) else key)

    def _term(self, number: int) -> Term:
        rows = self._table.rows("SELECT text FROM terms WHERE id = ?", (number,))
        if not rows:
            raise NowhereError(number)
        return term_of(rows[0][0])


def found_in(found: int | bytes) -> Found:
    """What :func:`packed` packed."""
    return (found,) if isinstance(found, int) else tuple(array("i", found))


def term_of(text: str) -> Term:
    """A term from N-Triples."""
    if text[0] == "<":
        return ox.NamedNode(text[1:-1])
    if text[0] == '"' and "\\" not in text:
        end = text.rindex('"')
        value, rest = text[1:end], text[end + 1 :]
        if not rest:
            return ox.Literal(value)
        if rest[0] == "@":
            return ox.Literal(value, language=rest[1:])
        return ox.Literal(value, datatype=ox.NamedNode(rest[3:-1]))
    line = f"<a:> <a:> {text} ."
    (quad,) = ox.parse(line, format=ox.RdfFormat.N_TRIPLES, lenient=True)
    assert isinstance(quad.object, ox.BlankNode | ox.Literal)
    return quad.object


def write(lines: Iterable[bytes], folder: Path) -> None:
    """Write the file of a snapshot.

    Args:
        lines: its triples in N-Triples, in any order and any number of times; what stands together
            here lies together there.

    Raises:
        OSError: the disk is full or not writable.
        ValueError: there is more than numbers can tell apart.
    """
    with written(folder / FILE, TABLES) as file:
        _fill(file, lines)


def _fill(table: sqlite3.Connection, lines: Iterable[bytes]) -> None:
    terms: dict[bytes, int] = {}
    properties: dict[bytes, int] = {}
    keys = numbered(lines, terms, properties)
    figures = [Figures() for _ in properties]
    turned = array("q")

    def forward() -> Iterator[tuple[int, int | bytes]]:
        for step, values in steps_of(keys):
            subject, property = step >> BITS, step & PROPERTY
            turned.extend((value << BITS | property) << PLACES | subject for value in values)
            figures[property].triples += len(values)
            figures[property].subjects.append(subject)
            yield packed(step, values)

    def backward() -> Iterator[tuple[int, int | bytes]]:
        for step, subjects in steps_of(turned):
            figures[step & PROPERTY].objects += 1
            yield packed(step, subjects)
        for property, found in enumerate(figures):
            yield packed(ANYTHING << BITS | property, found.subjects)

    table.executemany("INSERT INTO forward VALUES (?, ?)", forward())
    table.executemany("INSERT INTO backward VALUES (?, ?)", backward())
    table.executemany(
        "INSERT INTO terms VALUES (?, ?)", ((n, text.decode()) for text, n in terms.items())
    )
    table.execute(f"CREATE UNIQUE INDEX iris ON terms (text) WHERE {IRIS}")
    table.execute(f"CREATE INDEX literals ON terms (text) WHERE {LITERALS}")
    table.executemany(
        "INSERT INTO properties VALUES (?, ?, ?, ?, ?)",
        (
            (
                n,
                iri[1:-1].decode(),
                found.triples,
                len(found.subjects),
                found.objects,
            )
            for (iri, n), found in zip(properties.items(), figures, strict=True)
        ),
    )


def numbered(
    lines: Iterable[bytes], terms: dict[bytes, int], properties: dict[bytes, int]
) -> array[int]:
    """For each triple its key: the step from its subject, and its value in the last bits.

    Args:
        lines: as for :func:`write`.
        terms, properties: filled with the number of each.

    Raises:
        ValueError: as :func:`write`.
    """
    keys = array("q")

    def number(text: bytes) -> int:
        return terms.setdefault(text, len(terms))

    try:
        for line in lines:
            end = line.index(b" ")
            start = line.index(b" ", end + 1) + 1
            subject, name = number(line[:end]), line[end + 1 : start - 1]
            if name not in properties:
                properties[name] = len(properties)
                number(name)
            value = number(line[start : line.rindex(b" .")])
            keys.append((subject << BITS | properties[name]) << PLACES | value)
    except OverflowError:
        raise ValueError("more terms than numbers tell apart") from None
    if len(properties) > PROPERTY or len(terms) > TERM:
        raise ValueError(f"{len(properties)} properties, {len(terms)} terms: too many to number")
    return keys


def steps_of(keys: array[int]) -> Iterator[tuple[int, array[int]]]:
    """Each step, in order, with the numbers that it leads to, in order and each once."""
    # In parts: an integer in a list takes five times the memory of one in an array.
    parts = [array("q", sorted(keys[start : start + PART])) for start in range(0, len(keys), PART)]
    for step, together in groupby(merge(*parts), lambda key: key >> PLACES):
        yield step, array("i", (key & TERM for key, _ in groupby(together)))


@dataclass
class Figures:
    """What is counted of a property while the file is written."""

    triples: int = 0
    objects: int = 0
    subjects: array[int] = field(default_factory=lambda: array("i"))


def packed(step: int, found: array[int]) -> tuple[int, int | bytes]:
    """A row: a step, and where it leads; one thing as its number, several as 4 bytes each."""
    return step, found[0] if len(found) == 1 else found.tobytes()
