"""A line before what few can have at once: bounded, and fair between clients.

First come, first served would let one client that asks a hundred slow questions keep all others
waiting. So a client may hold only so many places, and what is free, as a worker, goes to the one of
those who wait whose client has fewest; among these, to the client whose last turn is longest ago,
and to the one of its requests that came first.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Collection
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

#: Clients whose last turn is remembered, so that who comes again at once is not taken for new.
KNOWN = 1000


class NoPlaceError(Exception):
    """Nobody more can wait.

    Attributes:
        of_one: how many requests of one client may wait and run, when it has its share; else 0.
    """

    def __init__(self, of_one: int = 0) -> None:
        super().__init__(of_one)
        self.of_one = of_one


class Turn(NamedTuple, Generic[T]):
    """A place in the line.

    Attributes:
        client: whom it counts for.
        given: what is waited for; comes when it is its turn.
    """

    client: str
    given: asyncio.Future[T]


class Line(Generic[T]):
    """Those who wait.

    Args:
        length: how many may wait.
        of_one: how many requests of one client may wait and run.

    Attributes:
        refused: limit (``refused``, ``refused_client``) → how often it refused somebody.
    """

    def __init__(self, length: int, of_one: int) -> None:
        self.length, self.of_one = length, of_one
        self.refused: Counter[str] = Counter()
        self._turns: list[Turn[T]] = []
        self._number = 0
        self._last: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._turns)

    def join(self, client: str, running: Collection[str]) -> Turn[T]:
        """Stand at the end of the line.

        Args:
            running: the client of each request that runs.

        Raises:
            NoPlaceError: the client has its share already, or the line is full.
        """
        waiting = [turn.client for turn in self._turns]
        if [*waiting, *running].count(client) >= self.of_one:
            self.refused["refused_client"] += 1
            raise NoPlaceError(self.of_one)
        if len(waiting) >= self.length:
            self.refused["refused"] += 1
            raise NoPlaceError
        turn = Turn(client, asyncio.get_running_loop().create_future())
        self._turns.append(turn)
        return turn

    def leave(self, turn: Turn[T]) -> None:
        """Leave the line."""
        turn.given.cancel()
        if turn in self._turns:
            self._turns.remove(turn)

    def next(self, running: Collection[str]) -> Turn[T]:
        """Take out the one whose turn it is; somebody must wait.

        Args:
            running: as for :meth:`join`.
        """
        runs = Counter(running)
        turn = min(
            self._turns, key=lambda turn: (runs[turn.client], self._last.get(turn.client, 0))
        )
        self._turns.remove(turn)
        self._number += 1
        self._last[turn.client] = self._number
        self._last.move_to_end(turn.client)
        if len(self._last) > KNOWN:
            self._last.popitem(last=False)
        return turn

    def close(self) -> None:
        """Send everybody away."""
        while self._turns:
            self._turns.pop().given.cancel()
