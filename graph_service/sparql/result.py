"""The bytes of one answer, kept between the worker that makes them and the client that takes them.

A worker is never held up by a slow client: what it writes is kept, in memory up to a megabyte and
then in a temporary file, and the worker goes on to the next query.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from graph_service.api.problems import Problem

#: The answer begins to be sent when it has so many bytes and has taken so many seconds, or is
#: complete. Until then an error can still be told as a problem document.
START_BYTES = 256 * 1024
START_SECONDS = 2.0
IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024


@dataclass
class Budget:
    """Bytes that all kept answers together may hold.

    Attributes:
        limit: most bytes.
        held: bytes held now.
    """

    limit: int
    held: int = 0


class Result:
    """An answer under way.

    Attributes:
        snapshot: id of the snapshot that it comes from.
        size: bytes so far.
        done: whether nothing more will come.
        failure: why it broke off, or None.
        rows: rows or triples, known at the end.
    """

    def __init__(self, budget: Budget, snapshot: str = "") -> None:
        self.snapshot = snapshot
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
            Problem: too-busy, when all answers together hold too much.
        """
        if self._closed:
            return
        if self._budget.held + len(piece) > self._budget.limit:
            raise Problem(
                "too-busy",
                "Mange store svar er ved at blive hentet. Prøv igen om lidt, eller bed om færre "
                "rækker med LIMIT.",
                headers={"Retry-After": "10"},
            )
        self._budget.held += len(piece)
        self._file.seek(self.size)
        self._file.write(piece)
        self.size += len(piece)
        self._changed.set()

    def finish(self, failure: Problem | None = None) -> None:
        """Say that nothing more will come."""
        if not self.done:
            self.done, self.failure = True, failure
            self._changed.set()

    async def begun(self) -> None:
        """Wait until the answer is complete or large enough for the sending to begin.

        Raises:
            Problem: it broke off before that.
        """
        while not self.done:
            left = START_SECONDS - (time.monotonic() - self._begun)
            if left <= 0 and self.size >= START_BYTES:
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
        self._budget.held -= self.size
        with contextlib.suppress(OSError):
            self._file.close()
        self._changed.set()
        self._on_close()
