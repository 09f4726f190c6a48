"""The one interface between questions and the place where the graph lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import is_, is_not
from typing import TYPE_CHECKING, Protocol, TypeVar

import pyoxigraph as ox

if TYPE_CHECKING:
    from graph_service.questions import Question

#: A term of an answer. Blank nodes do not occur in data, but in the ontology.
Term = ox.NamedNode | ox.BlankNode | ox.Literal
Row = Mapping[str, Term]
#: A term, or the number under which its store knows it: to look something up under a number takes
#: a fifth of the time that it takes under a term.
Key = int | Term
Value = TypeVar("Value")
#: Where a term stands in the order of SPARQL.
Rank = tuple[int, float, str]
#: Without a call of Python's for each value.
IS_NOTHING, IS_THERE = partial(is_, None), partial(is_not, None)
#: IRI of a thing, IRI of a property, its value.
Fact = tuple[str, str, Term]


class StoreError(Exception):
    """The store cannot answer now; the message says why, in English, for the log.

    Args:
        message: why.
        status: the HTTP status with which a service elsewhere refused; 0 when it did not answer,
            or answered with what is no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class TookTooLong(StoreError):
    """The store may have answered later, but not within the limit on a query."""


@dataclass
class Solutions:
    """The solutions of a question. To go through them gives rows of terms.

    Attributes:
        names: the variables, in order.
        rows: for each solution the keys of its values; None where nothing is bound.
        term: gives the term of a key.
        ranks: where the term of a key, or nothing, stands in the order of SPARQL.
    """

    names: Sequence[str]
    rows: list[Sequence[Key | None]]
    term: Callable[[Key], Term]
    ranks: Mapping[Key | None, Rank]

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            named = zip(self.names, row, strict=True)
            yield {name: self.term(key) for name, key in named if key is not None}

    def bound(self) -> set[Key]:
        """The keys of all that is bound."""
        return {key for row in self.rows for key in row if key is not None}

    def shown(self, shown: Mapping[Key, Value]) -> list[dict[str, Value]]:
        """The rows, with what stands for each key.

        Raises:
            KeyError: for one there is nothing.
        """
        names = self.names
        return [
            {name: shown[key] for name, key in zip(names, row, strict=True) if key is not None}
            for row in self.rows
        ]

    def as_json(self, written: Mapping[Key, bytes]) -> bytes:
        """The rows of :meth:`shown` as JSON, made of the JSON of what stands for each key.

        Raises:
            KeyError: for one there is nothing.
        """
        members = [b'"%b":%%b' % name.encode() for name in self.names]
        whole = b"{%b}" % b",".join(members)
        # Which values are not there → the form of such a row.
        forms: dict[bytes, bytes] = {}
        rows = []
        for row in self.rows:
            if None in row:
                absent = bytes(map(IS_NOTHING, row))
                form = forms.get(absent)
                if form is None:
                    there = [
                        member for member, gone in zip(members, absent, strict=True) if not gone
                    ]
                    form = forms[absent] = b"{%b}" % b",".join(there)
                rows.append(form % tuple(map(written.__getitem__, filter(IS_THERE, row))))  # type: ignore[arg-type]
            else:
                rows.append(whole % tuple(map(written.__getitem__, row)))  # type: ignore[arg-type]
        return b"[%b]" % b",".join(rows)


class Store(Protocol):
    """A graph that answers SPARQL 1.1 queries over its default graph.

    Attributes:
        snapshot: id of the content, for ETags and caches.
    """

    snapshot: str

    def select(self, query: str, prefixes: dict[str, str] | None = None) -> Iterator[Row]:
        """The solutions of a SELECT, each with its bound variables only.

        Args:
            prefixes: those of ours that the query uses, with their namespaces; looked for in the
                query when the caller does not know them.

        Raises:
            SyntaxError: the query is not SPARQL; found only where it is answered in this process.
            StoreError: the store cannot answer.
        """

    def answer(self, question: Question, terms: Mapping[str, tuple[str, ...]]) -> Solutions:
        """The solutions of a named question, in any order; see ``Question.unsorted``.

        Args:
            terms: parameter → terms in SPARQL syntax.

        Raises:
            StoreError: the store cannot answer.
        """

    def let_go(self) -> None:
        """Forget what was kept between answers: another snapshot is in service."""

    def ask(self, query: str) -> bool:
        """The answer to an ASK. Raises as :meth:`select`."""

    def about(self, things: Sequence[str]) -> Iterator[Fact]:
        """What the graph says of these things, without what describing leaves out (``HIDDEN`` in
        :mod:`graph_service.shaping`); in any order.

        Args:
            things: IRIs, each once.

        Raises:
            StoreError: the store cannot answer.
        """

    def labels(self, things: Sequence[str]) -> Iterator[tuple[str, str]]:
        """IRI and text of each ``skos:prefLabel`` of these things. Takes and raises as
        :meth:`about`."""

    def describes(self, thing: ox.NamedNode) -> bool:
        """Whether the graph says anything about a thing.

        Raises:
            StoreError: the store cannot answer.
        """
