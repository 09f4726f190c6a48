"""What a snapshot says of each thing, kept together: a file beside its store.

A store on disk looks up the text of each term of each triple by itself: to describe a page of
fifty things took it 28 ms, and one in memory 14. Here the triples of a thing lie side by side, and
the same page takes 6. It is one table, IRI → N-Triples, in SQLite, read by any number of processes;
the triples that label a thing stand in a column of their own too, for most things are only named.

Source: RDF 1.1 N-Triples; SQLite's ``json_each``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO

import pyoxigraph as ox

from graph_service.shaping import HIDDEN
from graph_service.store import Fact, Row, Store
from graph_service.store.tables import Table, written
from graph_service.vocabulary import SKOS

FILE = "things.sqlite"
TABLE = "CREATE TABLE things (iri TEXT PRIMARY KEY, labels BLOB NOT NULL, triples BLOB NOT NULL)"
READ = "SELECT {} FROM things WHERE iri IN (SELECT value FROM json_each(?))"
LABEL = f"<{SKOS}prefLabel>".encode()
ASK_LABELS = "SELECT ?s ?label WHERE { VALUES ?s { } ?s skos:prefLabel ?label }"
#: Most things that one query names: Virtuoso refuses a query of more than about 4000.
AT_ONCE = 1000


class Things:
    """The file of a snapshot.

    Args:
        folder: the snapshot's folder.

    Raises:
        StoreError: there is no such file, or it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._table = Table(folder / FILE)

    def about(self, things: Sequence[str]) -> Iterator[Fact]:
        """As :meth:`graph_service.store.Store.about`."""
        return self._read("triples", things)

    def labels(self, things: Sequence[str]) -> Iterator[tuple[str, str]]:
        """As :meth:`graph_service.store.Store.labels`."""
        return ((thing, label.value) for thing, _, label in self._read("labels", things))

    def _read(self, column: str, things: Sequence[str]) -> Iterator[Fact]:
        found = self._table.rows(READ.format(column), (json.dumps(things),))
        lines = b"".join(triples for (triples,) in found)
        for quad in ox.parse(lines, format=ox.RdfFormat.N_TRIPLES, lenient=True):
            yield quad.subject.value, quad.predicate.value, quad.object


def asked(store: Store, things: Sequence[str]) -> Iterator[Fact]:
    """As :meth:`graph_service.store.Store.about`, by queries."""
    hidden = ", ".join(f"<{predicate}>" for predicate in HIDDEN)
    query = f"SELECT ?s ?p ?o WHERE {{ VALUES ?s {{ }} ?s ?p ?o FILTER(?p NOT IN ({hidden})) }}"
    for row in rows_of(store, query, things):
        yield row["s"].value, row["p"].value, row["o"]


def asked_labels(store: Store, things: Sequence[str]) -> Iterator[tuple[str, str]]:
    """As :meth:`graph_service.store.Store.labels`, by queries."""
    for row in rows_of(store, ASK_LABELS, things):
        yield row["s"].value, row["label"].value


def rows_of(store: Store, query: str, things: Sequence[str]) -> Iterator[Row]:
    """The rows of a query for some things, asked for a number of them at a time.

    Args:
        query: its first ``{ }`` is the empty list of a ``VALUES``, where the things come. Each row
            must be of one thing.
        things: IRIs, each once.
    """
    head, _, rest = query.partition("{ }")
    for start in range(0, len(things), AT_ONCE):
        names = " ".join(f"<{iri}>" for iri in things[start : start + AT_ONCE])
        yield from store.select(f"{head}{{ {names} }}{rest}")


def write(lines: IO[bytes], folder: Path) -> None:
    """Write the file of a snapshot.

    Args:
        lines: its merged graph in N-Triples, as a store dumps it.

    Raises:
        OSError: the disk is full or not writable.
    """
    with written(folder / FILE, TABLE) as file:
        file.executemany("INSERT INTO things VALUES (?, ?, ?)", together(lines))


def together(lines: IO[bytes]) -> Iterator[tuple[str, bytes, bytes]]:
    """The IRI of each thing with the lines that label it, and all but those of hidden properties.

    Args:
        lines: N-Triples in which the lines of one subject follow each other, as a store gives them.
    """
    hidden = {f"<{predicate}>".encode() for predicate in HIDDEN}
    for subject, triples in groupby(lines, lambda line: line[: line.index(b" ")]):
        if not subject.startswith(b"<"):
            continue
        start = len(subject) + 1
        shown = [(t[start : t.index(b" ", start)], t) for t in triples]
        labels = b"".join(t for predicate, t in shown if predicate == LABEL)
        kept = b"".join(t for predicate, t in shown if predicate not in hidden)
        yield subject[1:-1].decode(), labels, kept
