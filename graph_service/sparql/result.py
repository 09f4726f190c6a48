"""The bytes of one answer, kept between the worker that makes them and the client that takes them.

A worker is never held up by a slow client: what it writes is kept, in memory up to a megabyte and
then in a temporary file, and the worker goes on to the next query.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from graph_service.api.problems import Problem

log = logging.getLogger("ansvarsgraf.sparql")

#: The answer begins to be sent when it has so many bytes and has taken so many seconds, or is
#: complete. Until then an error can still be told as a problem document.
START_BYTES = 256 * 1024
START_SECONDS = 2.0
IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024


@dataclass
class Budget:
    """Bytes that all kept answers together may hold; those of one client, half of them, so that
    one who takes none leaves room for those of others.

    Attributes:
        limit: most bytes.
        held: bytes held now.
        by_client: those of each client.
    """

    limit: int
    held: int = 0
    by_client: Counter[str] = field(default_factory=Counter)

    def room(self, size: int, client: str) -> bool:
        """Whether so many more bytes of a client may be held."""
        return self.held + size <= self.limit and self.by_client[client] + size <= self.limit // 2

    def take(self, size: int, client: str) -> None:
        """Hold so many more bytes; fewer when it is below 0."""
        self.held += size
        self.by_client[client] += size
        if not self.by_client[client]:
            del self.by_client[client]


class Result:
    """An answer under way.

    Attributes:
        snapshot: id of the snapshot that it comes from.
        size: bytes so far.
        done: whether nothing more will come.
        failure: why it broke off, or None.
        rows: rows or triples, known at the end.
    """

    def __init__(self, budget: Budget, snapshot: str = "", client: str = "") -> None:
        self.snapshot, self._client = snapshot, client
        self.size, self.rows, self.done = 0, 0, False
        self.failure: Problem | None = None
        self._budget = budget
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        self._changed = asyncio.Event()
        self._begun = time.monotonic()
        self._closed = False
        self._on_close: Callable[[], object] = lambda: None

    def on_close(self, call: Callable[[], object]) -> None:
        """What to do when the client has taken everything or is gone."""
        self._on_close = call

    def add(self, piece: bytes) -> None:
        """Keep the next bytes.

        Raises:
            Problem: too-busy, when all answers together, or all of this client, hold too much, or
                when the disk takes no more.
        """
        if self._closed:
            return
        if not self._budget.room(len(piece), self._client):
            raise Problem(
                "too-busy",
                "Mange store svar er ved at blive hentet. Prøv igen om lidt, eller bed om færre "
                "rækker med LIMIT.",
                headers={"Retry-After": "10"},
            )
        try:
            self._file.seek(self.size)
            self._file.write(piece)
        except OSError as error:
            log.error("an answer cannot be kept: %s", error)
            raise Problem(
                "too-busy",
                "Der er ikke plads til svaret på tjenestens disk lige nu. Prøv igen om lidt, eller "
                "bed om færre rækker med LIMIT.",
                headers={"Retry-After": "10"},
            ) from None
        self._budget.take(len(piece), self._client)
        self.size += len(piece)
        self._changed.set()

    def finish(self, failure: Problem | None = None) -> None:
        """Say that nothing more will come."""
        if not self.done:
            self.done, self.failure = True, failure
            self._changed.set()

    async def begun(self, *, whole: bool = False) -> None:
        """Wait until the answer is complete or large enough for the sending to begin.

        Args:
            whole: wait until it is complete.

        Raises:
            Problem: it broke off before that.
        """
        while not self.done:
            left = START_SECONDS - (time.monotonic() - self._begun)
            if left <= 0 and self.size >= START_BYTES and not whole:
                return
            self._changed.clear()
            waiting = asyncio.ensure_future(self._changed.wait())
            try:
                await asyncio.wait({waiting}, timeout=left if left > 0 else None)
            finally:
                waiting.cancel()
        if self.failure:
            raise self.failure

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes from the beginning; look at :attr:`failure` at the end."""
        position = 0
        while not self._closed:
            if position < self.size:
                self._file.seek(position)
                piece = self._file.read(min(PIECE, self.size - position))
                position += len(piece)
                yield piece
            elif self.done:
                return
            else:
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        """Let go of the bytes, and of the query if it still runs. Safe to call again."""
        if self._closed:
            return
        self._closed = True
        self._budget.take(-self.size, self._client)
        with contextlib.suppress(OSError):
            self._file.close()
        self._changed.set()
        self._on_close()
