"""What takes a while is worked out one at a time: each client in turn.

Python works out one thing at a time in a process, however many threads there are. Those that take
turns by the millisecond are all done late, one in 7 ms beside ten others in 77, and each of them
holds up the event loop; one after the other they are done, on an average, in half of that. So there
is one place for what is worked out in threads, and who waits for it gets it by the rule of
:class:`graph_service.sparql.line.Line`. What takes long, or is sent slowly, gives the place up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import Scope

from graph_service.api.observe import never
from graph_service.api.problems import Problem
from graph_service.connections import client_of
from graph_service.sparql.line import Line, NoPlaceError
from graph_service.sparql.streaming import ClientGone

#: Seconds after which the place goes to the next, though its holder is not done; and how many may
#: not be done, each of which takes memory for what it works out.
LONG, LATE = 0.05, 4


class Turns:
    """The place, or places, and the line before it.

    Args:
        places: how many are worked out at once.
        length: how many may wait; a connection that its client closed leaves its request in line.
        of_one: how many requests of one client may wait and be worked out.
        late: how many may not be done though the next has begun; :data:`LATE` where not given.

    Attributes:
        waited: how often somebody stood in line.
        late: how many gave their place up and are not done.
    """

    def __init__(
        self, places: int = 1, length: int = 2000, of_one: int = 500, late: int | None = None
    ) -> None:
        self._places, self._most_late = places, LATE if late is None else late
        self._line: Line[None] = Line(length, of_one)
        self._running: list[str] = []
        self.late = 0
        self.waited = 0

    def figures(self) -> dict[str, float]:
        """Who is at it, waits and has waited, for the metrics."""
        return {
            'turns{state="running"}': len(self._running),
            'turns{state="waiting"}': len(self._line),
            "turns_waited_total": self.waited,
        }

    async def come(self, scope: Scope) -> Callable[[], None]:
        """Wait for the place.

        Args:
            scope: of the request whose turn it is.

        Returns:
            What gives the place up; to be called when the answer is worked out, though the place
            was given up before it, after :data:`LONG`. It may be called again.

        Raises:
            ClientGone: nobody waits for the answer any more.
            Problem: too-busy, when the line is full, or its client's part of it.
        """
        client = client_of(scope)
        await self._wait(client)
        gone: Callable[[], bool] = scope["state"].get("gone", never)
        if gone():
            self.leave(client)
            raise ClientGone
        return _Held(self, client).give_up

    async def _wait(self, client: str) -> None:
        if len(self._running) < self._places:
            self._running.append(client)
            return
        self.waited += 1
        try:
            turn = self._line.join(client, self._running)
        except NoPlaceError as full:
            detail = "Mange forespørgsler venter på svar. Prøv igen om få sekunder."
            raise Problem("too-busy", detail) from full
        try:
            await asyncio.wait({turn.given})
        except asyncio.CancelledError:
            if turn.given.done():
                self.leave(client)
            else:
                self._line.leave(turn)
            raise

    def let_next(self, client: str) -> bool:
        """Whether the next may begin though this client's request is not done."""
        if self.late >= self._most_late:
            return False
        self.late += 1
        self.leave(client)
        return True

    def leave(self, client: str) -> None:
        """Give a client's place to the next."""
        self._running.remove(client)
        if len(self._line):
            turn = self._line.next(self._running)
            self._running.append(turn.client)
            turn.given.set_result(None)


class _Held:
    """A place that is held, given up before the work is done, or done with."""

    def __init__(self, turns: Turns, client: str) -> None:
        self._turns, self._client = turns, client
        self._holds, self._late = True, False
        self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LONG, self._let_next)

    def _let_next(self) -> None:
        if self._turns.let_next(self._client):
            self._holds, self._late = False, True
        else:
            self._wait()

    def give_up(self) -> None:
        self._timer.cancel()
        if self._holds:
            self._turns.leave(self._client)
        elif self._late:
            self._turns.late -= 1
        self._holds = self._late = False
