"""The line before the workers: bounded, and fair between clients.

First come, first served would let one client that asks a hundred slow questions keep all others
waiting. So a client may hold only so many places, and a free worker goes to the one of those who
wait whose client has fewest queries running; among these, to the client whose last turn is longest
ago, and to the one of its queries that came first.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from graph_service.sparql import failures
from graph_service.sparql.process import Worker


class Turn(NamedTuple):
    """A place in the line.

    Attributes:
        client: whom it counts for.
        worker: comes when it is its turn.
    """

    client: str
    worker: asyncio.Future[Worker]


class Line:
    """Those who wait for a worker.

    Args:
        length: how many may wait.
        of_one: how many queries of one client may wait and run.

    Attributes:
        refused: limit (``refused``, ``refused_client``) → how often it refused somebody.
    """

    def __init__(self, length: int, of_one: int) -> None:
        self.length, self.of_one = length, of_one
        self.refused: Counter[str] = Counter()
        self._turns: list[Turn] = []
        self._number = 0
        self._last: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._turns)

    def join(self, client: str, running: Collection[str]) -> Turn:
        """Stand at the end of the line.

        Args:
            running: the client of each query that runs.

        Raises:
            Problem: too-many when the client has its share already; too-busy when the line is full.
        """
        waiting = [turn.client for turn in self._turns]
        if [*waiting, *running].count(client) >= self.of_one:
            self.refused["refused_client"] += 1
            raise failures.too_many(self.of_one)
        if len(waiting) >= self.length:
            self.refused["refused"] += 1
            raise failures.too_busy()
        turn = Turn(client, asyncio.get_running_loop().create_future())
        self._turns.append(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """Leave the line."""
        turn.worker.cancel()
        if turn in self._turns:
            self._turns.remove(turn)

    def next(self, running: Collection[str]) -> Turn:
        """Take out the one whose turn it is; somebody must wait.

        Args:
            running: as for :meth:`join`.
        """
        runs = Counter(running)
        turn = min(
            self._turns, key=lambda turn: (runs[turn.client], self._last.get(turn.client, 0))
        )
        here = {*running, *(turn.client for turn in self._turns)}
        self._number += 1
        self._last[turn.client] = self._number
        self._last = {client: last for client, last in self._last.items() if client in here}
        self._turns.remove(turn)
        return turn

    def close(self) -> None:
        """Send everybody away."""
        while self._turns:
            self._turns.pop().worker.cancel()
