"""SQLite files beside a snapshot's store: written once, then read by any number of processes.

Source: SQLite's URI filenames (``immutable``) and result codes.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graph_service.store import StoreError

#: The largest file that is read in: half of the machine's memory. And how much of it at a time.
LARGEST = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
PIECE = 1 << 20


class Table:
    """A file that is there, read-only, for all threads.

    Args:
        path: the file.
        mapped: whether it is read from where the system keeps it in memory, not copied from there.

    Raises:
        StoreError: there is no such file.
    """

    def __init__(self, path: Path, *, mapped: bool = False) -> None:
        self._name = path.name
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._file = sqlite3.connect(address, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
        if mapped:
            self.rows(f"PRAGMA mmap_size = {1 << 40}")

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """The rows of a query.

        Raises:
            StoreError: the file cannot be read.
        """
        try:
            return self._file.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self._name}: {error}") from error


def read_in(path: Path) -> None:
    """Read a file once, so that the system has it in its memory, unless it is too large for that.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        if path.stat().st_size > LARGEST:
            return
        piece = bytearray(PIECE)
        with path.open("rb", buffering=0) as file:
            while file.readinto(piece):
                pass
    except OSError as error:
        raise StoreError(f"{path}: {error}") from error


@contextmanager
def written(path: Path, tables: str) -> Iterator[sqlite3.Connection]:
    """A new file with tables, to be filled.

    Raises:
        OSError: the disk is full or not writable.
    """
    file = sqlite3.connect(path, isolation_level=None)
    try:
        # Nothing to roll back to: who is killed meanwhile leaves a folder that nobody names.
        file.execute("PRAGMA journal_mode = OFF")
        file.execute("PRAGMA synchronous = OFF")
        file.executescript(tables)
        file.execute("BEGIN")
        yield file
        file.execute("COMMIT")
    except sqlite3.Error as error:
        number = errno.ENOSPC if error.sqlite_errorcode == sqlite3.SQLITE_FULL else errno.EIO
        raise OSError(number, f"{path.name}: {error}") from error
    finally:
        file.close()
