"""What a snapshot says of each thing, kept together: a file beside its store.

A store on disk looks up the text of each term of each triple by itself: to describe a page of
fifty things took it 28 ms, and one in memory 14. Here the triples of a thing lie side by side, and
the same page takes 6. It is one table, IRI → N-Triples, in SQLite, read by any number of processes;
the triples that label a thing stand in a column of their own too, for most things are only named.

Source: RDF 1.1 N-Triples; SQLite's URI filenames (``immutable``) and ``json_each``.
"""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import pyoxigraph as ox

from graph_service.shaping import HIDDEN
from graph_service.store import Fact, Store, StoreError
from graph_service.vocabulary import SKOS

FILE = "things.sqlite"
TABLE = "CREATE TABLE things (iri TEXT PRIMARY KEY, labels BLOB NOT NULL, triples BLOB NOT NULL)"
READ = "SELECT {} FROM things WHERE iri IN (SELECT value FROM json_each(?))"
LABEL = f"<{SKOS}prefLabel>".encode()


class Things:
    """The file of a snapshot.

    Args:
        folder: the snapshot's folder.

    Raises:
        StoreError: there is no such file, or it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        address = f"{(folder / FILE).absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._table = sqlite3.connect(address, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreError(f"{folder / FILE}: {error}") from error

    def about(self, things: Sequence[str]) -> Iterator[Fact]:
        """As :meth:`graph_service.store.Store.about`."""
        return self._read("triples", things)

    def labels(self, things: Sequence[str]) -> Iterator[tuple[str, str]]:
        """As :meth:`graph_service.store.Store.labels`."""
        return ((thing, label.value) for thing, _, label in self._read("labels", things))

    def _read(self, column: str, things: Sequence[str]) -> Iterator[Fact]:
        try:
            found = self._table.execute(READ.format(column), (json.dumps(things),)).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{FILE}: {error}") from error
        lines = b"".join(triples for (triples,) in found)
        for quad in ox.parse(lines, format=ox.RdfFormat.N_TRIPLES, lenient=True):
            yield quad.subject.value, quad.predicate.value, quad.object


def asked(store: Store, things: Sequence[str]) -> Iterator[Fact]:
    """As :meth:`graph_service.store.Store.about`, by a query."""
    wanted = " ".join(f"<{iri}>" for iri in things)
    hidden = ", ".join(f"<{predicate}>" for predicate in HIDDEN)
    rows = store.select(
        f"SELECT ?s ?p ?o WHERE {{ VALUES ?s {{ {wanted} }} ?s ?p ?o "
        f"FILTER(?p NOT IN ({hidden})) }}"
    )
    for row in rows:
        yield row["s"].value, row["p"].value, row["o"]


def asked_labels(store: Store, things: Sequence[str]) -> Iterator[tuple[str, str]]:
    """As :meth:`graph_service.store.Store.labels`, by a query."""
    wanted = " ".join(f"<{iri}>" for iri in things)
    for row in store.select(
        f"SELECT ?s ?label WHERE {{ VALUES ?s {{ {wanted} }} ?s skos:prefLabel ?label }}"
    ):
        yield row["s"].value, row["label"].value


def write(store: ox.Store, folder: Path) -> None:
    """Write the file of a snapshot from the default graph of its store.

    Raises:
        OSError: the disk is full or not writable.
    """
    with TemporaryFile(dir=folder) as lines:
        store.dump(lines, format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
        lines.seek(0)
        table = sqlite3.connect(folder / FILE, isolation_level=None)
        try:
            # Nothing to roll back to: who is killed meanwhile leaves a folder that nobody names.
            table.execute("PRAGMA journal_mode = OFF")
            table.execute("PRAGMA synchronous = OFF")
            table.execute("BEGIN")
            table.execute(TABLE)
            table.executemany("INSERT INTO things VALUES (?, ?, ?)", together(lines))
            table.execute("COMMIT")
        except sqlite3.Error as error:
            number = errno.ENOSPC if error.sqlite_errorcode == sqlite3.SQLITE_FULL else errno.EIO
            raise OSError(number, f"{FILE}: {error}") from error
        finally:
            table.close()


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
