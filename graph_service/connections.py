"""Limits on connections: deadlines, sizes, and how many may be open, for each address and in all.

uvicorn's own protocol waits for ever for the first byte of a request, takes a header of any length
and any number of silent connections; this one, built on it, does not. Where too many are open, the
connection that has waited longest without sending a request gives way to the new one, so that a
flood of silent connections crowds out itself and not the clients that ask something. An address
that is refused over and over is read more slowly, so that what it sends costs the others little:
each refusal has its connection wait for the next place in time, and a new connection waits too.
The protocol itself is in :mod:`graph_service.guarded`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from typing import Protocol

from starlette.types import Scope

log = logging.getLogger("ansvarsgraf")

WAITING, BUSY, IDLE = "waiting", "busy", "idle"
#: Seconds between two looks for what has passed its deadline.
LOOK = 0.5
#: Seconds for which an address may be refused as fast as it asks, before it is held up; the longest
#: time in seconds that it is then held up after each; and addresses that are known for it.
LENIENT, LONGEST_HOLD, KNOWN = 2.0, 3.0, 10_000


#: How often the bound of what is stalled may be exceeded by addresses that have few of them each.
MANY_TIMES = 4


@dataclass(frozen=True)
class Limits:
    """What one process allows.

    Attributes:
        connections: open ones in all.
        per_address: open ones from one address.
        header_bytes: of a request's line and headers together.
        headers: of a request; each is read by itself, so many short ones hold up all others.
        header_seconds: for these to arrive, from the first moment of the connection or, later, from
            the first byte of the request.
        idle_seconds: between two requests.
        body_bytes: of a request's body.
        body_seconds: for the body to arrive, from the end of the headers.
        linger_seconds: in which the rest may arrive of what is answered already.
        stalled_seconds: in which a client must take ``progress_bytes`` of an answer.
        progress_bytes: see there.
        stalled: answers that are not taken as fast as they are sent; each is kept until it is. An
            address that has no more than ``few`` of them is given ``patience``.
        few: see there.
        patience: seconds in which nothing need be taken though there are too many.
        pipelined: requests sent ahead of the answers to those before.
        refusals: requests of one address a second that may come to a status from 400 to 499 without
            its being held up; 0 for no limit.
    """

    connections: int = 2000
    per_address: int = 500
    header_bytes: int = 64 * 1024
    headers: int = 200
    header_seconds: float = 10.0
    idle_seconds: float = 30.0
    body_bytes: int = 65 * 1024**2
    body_seconds: float = 60.0
    linger_seconds: float = 5.0
    stalled_seconds: float = 30.0
    progress_bytes: int = 64 * 1024
    stalled: int = 64
    few: int = 4
    patience: float = 5.0
    pipelined: int = 16
    refusals: float = 20.0

    def share(self, processes: int) -> Limits:
        """The limits of each of several processes that together keep these."""
        return replace(
            self,
            connections=max(8, self.connections // processes),
            per_address=max(4, self.per_address // processes),
            refusals=self.refusals / processes,
        )


def network(address: str) -> str:
    """Whom an address counts as: itself, or for IPv6 its /64, of which one client has all.

    An IPv4 address that is written as IPv6 counts as what it is.
    """
    if ":" not in address:
        return address
    try:
        whole = IPv6Address(address)
    except ValueError:
        return address
    return str(whole.ipv4_mapped or IPv6Address(int(whole) >> 64 << 64))


def client_of(scope: Scope) -> str:
    """Whom a request counts for: its address, as connections count it."""
    client = scope.get("client")
    return network(client[0]) if client else ""


class Closable(Protocol):
    """What the register closes a connection by; see :class:`asyncio.Transport`."""

    def abort(self) -> None: ...
    def close(self) -> None: ...
    def is_closing(self) -> bool: ...
    def get_write_buffer_size(self) -> int: ...


class Connection(Protocol):
    """What the register needs to know of a connection.

    Attributes:
        address: whom it counts for.
        state: ``waiting`` for a request's headers, ``busy``, or ``idle`` between two requests.
        said_something: whether any byte has come.
    """

    address: str
    state: str

    @property
    def said_something(self) -> bool: ...
    @property
    def transport(self) -> Closable: ...

    def answer(self, status: int, words: str) -> None:
        """Write a short answer."""

    def finish(self) -> None:
        """Hear nothing more on a connection that closes."""


class Register:
    """The open connections of a process.

    Attributes:
        closed: limit → how many connections it closed.
        held: how often nothing more was read from an address for a while.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.closed: Counter[str] = Counter()
        self.held = 0
        self._due: OrderedDict[str, float] = OrderedDict()
        self._by_address: dict[str, OrderedDict[Connection, None]] = {}
        self._open = 0
        self._waiting: OrderedDict[Connection, float] = OrderedDict()
        self._speaking: dict[Connection, float] = {}
        self._sending: OrderedDict[Connection, float] = OrderedDict()
        self._idle: OrderedDict[Connection, float] = OrderedDict()
        self._lingering: OrderedDict[Connection, float] = OrderedDict()
        self._stalled: dict[Connection, tuple[float, int]] = {}
        self._task: asyncio.Task[None] | None = None

    def figures(self) -> dict[str, float]:
        """Open connections by state, and what the limits closed, for the metrics."""
        found: dict[str, float] = {
            'connections{state="open"}': self._open,
            'connections{state="waiting"}': len(self._waiting),
            'connections{state="stalled"}': len(self._stalled),
            "connections_held_total": self.held,
        }
        for limit, number in self.closed.items():
            found[f'connections_closed_total{{limit="{limit}"}}'] = number
        return found

    def admit(self, connection: Connection) -> bool:
        """Take a new connection in; False when there is no room even by closing a silent one."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._look())
        mine = self._by_address.get(connection.address, OrderedDict())
        if len(mine) >= self.limits.per_address and not self._give_way(mine, "per_address"):
            return False
        if self._open >= self.limits.connections and not self._make_room():
            return False
        self._by_address.setdefault(connection.address, OrderedDict())[connection] = None
        self._open += 1
        self._watch(self._waiting, connection, self.limits.header_seconds)
        return True

    def succeeds(self, connection: Connection, former: Connection) -> None:
        """A connection takes the place of one on which the first byte came, and its deadline."""
        mine = self._by_address[former.address]
        del mine[former]
        mine[connection] = None
        self._waiting[connection] = self._speaking.pop(former)

    def speaks(self, connection: Connection) -> None:
        """Its first byte has come: it gives way to nobody until another succeeds it."""
        self._speaking[connection] = self._waiting.pop(connection)

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._speaking.pop(connection, None)
        self._stalled.pop(connection, None)
        self._waiting.pop(connection, None)
        self._sending.pop(connection, None)
        self._idle.pop(connection, None)
        self._lingering.pop(connection, None)
        mine = self._by_address.get(connection.address)
        if mine is None or connection not in mine:
            return
        del mine[connection]
        if not mine:
            del self._by_address[connection.address]
        self._open -= 1

    def _watch(
        self, deadlines: OrderedDict[Connection, float], connection: Connection, seconds: float
    ) -> None:
        """Give a connection a deadline, unless it has left or closes: one that a limit closed may
        still tell of itself."""
        if self._is_open(connection) and not connection.transport.is_closing():
            deadlines[connection] = time.monotonic() + seconds

    def _is_open(self, connection: Connection) -> bool:
        return connection in self._by_address.get(connection.address, ())

    def idles(self, connection: Connection) -> None:
        """Between two requests."""
        self._watch(self._idle, connection, self.limits.idle_seconds)

    def waits(self, connection: Connection) -> None:
        """A request has begun whose headers are not complete."""
        self._idle.pop(connection, None)
        self._watch(self._waiting, connection, self.limits.header_seconds)

    def heard(self, connection: Connection) -> None:
        """The headers are complete."""
        self._idle.pop(connection, None)
        self._waiting.pop(connection, None)

    def sends(self, connection: Connection, under_way: bool) -> None:
        """A body may be under way, or has arrived."""
        if under_way:
            self._watch(self._sending, connection, self.limits.body_seconds)
        else:
            self._sending.pop(connection, None)

    def refused(self, address: str) -> float:
        """A request of an address was refused; seconds for which to read nothing from its
        connection."""
        if not self.limits.refusals:
            return 0.0
        now = time.monotonic()
        due = max(self._due.pop(address, now), now) + 1 / self.limits.refusals
        self._due[address] = min(due, now + LENIENT + LONGEST_HOLD)
        if len(self._due) > KNOWN:
            self._due.popitem(last=False)
        return self.hold(address)

    def hold(self, address: str) -> float:
        """Seconds for which to read nothing from a new connection of an address."""
        seconds = max(0.0, self._due.get(address, 0.0) - time.monotonic() - LENIENT)
        if seconds:
            self.held += 1
        return seconds

    def stalls(self, connection: Connection, size: int) -> None:
        """The client does not take what we send as fast as we send it. Where too many do not, the
        one that has not for longest, of the address that has most of them, gives way."""
        now = time.monotonic()
        self._stalled[connection] = (now, size)
        if len(self._stalled) <= self.limits.stalled:
            return
        by_address = Counter(one.address for one in self._stalled)
        ((most, number),) = by_address.most_common(1)
        slow = (one for one in self._stalled if one.address == most)
        longest = min(slow, key=self._stalled.__getitem__)
        far_too_many = len(self._stalled) > MANY_TIMES * self.limits.stalled
        too_long = now - self._stalled[longest][0] >= self.limits.patience
        if far_too_many or too_long or number > self.limits.few:
            self.close(longest, "stalled")

    def flows(self, connection: Connection) -> None:
        """The client has taken it."""
        self._stalled.pop(connection, None)

    def closes(self, connection: Connection) -> None:
        """A connection closes when what was written to it is taken; so the client must take it, and
        nothing else is waited for. Until then it counts as open."""
        for deadlines in (self._waiting, self._sending, self._idle):
            deadlines.pop(connection, None)
        size = connection.transport.get_write_buffer_size()
        if size and connection not in self._stalled:
            self.stalls(connection, size)

    def lingers(self, connection: Connection) -> None:
        """A connection closes whose client may still be sending: it is heard for a while."""
        if self._is_open(connection):
            self._lingering[connection] = time.monotonic() + self.limits.linger_seconds

    def _make_room(self) -> bool:
        """Close the one of all that has waited longest, else one of the address that has most."""
        if self._waiting:
            self.close(next(iter(self._waiting)), "connections")
            return True
        return self._give_way(max(self._by_address.values(), key=len), "connections")

    def _give_way(self, among: OrderedDict[Connection, None], limit: str) -> bool:
        """Close the one that has waited longest for its first request, else one between two."""
        for state in (WAITING, IDLE):
            for connection in among:
                if connection.state == state:
                    self.close(connection, limit)
                    return True
        return False

    def close(self, connection: Connection, limit: str) -> None:
        """Close a connection at once, for a limit."""
        self.closed[limit] += 1
        self.leave(connection)
        connection.transport.abort()

    async def _look(self) -> None:
        """Close what has passed its deadline, for as long as the process runs."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                self._expire_all(time.monotonic())
            except Exception:
                log.exception("deadlines of connections")

    def _expire_all(self, now: float) -> None:
        self._expire(self._waiting, now, "header_seconds")
        self._expire(self._sending, now, "body_seconds")
        self._expire(self._idle, now, "idle_seconds")
        self._expire(self._lingering, now, "linger_seconds")
        for connection, (since, before) in list(self._stalled.items()):
            if now - since < self.limits.stalled_seconds:
                continue
            left = connection.transport.get_write_buffer_size()
            if before - left < self.limits.progress_bytes:
                self.close(connection, "stalled_seconds")
            else:
                self._stalled[connection] = (now, left)

    def _expire(self, deadlines: OrderedDict[Connection, float], now: float, limit: str) -> None:
        for connection in [one for one, deadline in deadlines.items() if deadline <= now]:
            # Whatever closing does, this one is done with.
            deadlines.pop(connection, None)
            try:
                self._end(connection, limit)
            except Exception:
                log.exception("a connection past its deadline")

    def _end(self, connection: Connection, limit: str) -> None:
        if limit == "linger_seconds":
            connection.finish()
            return
        if limit == "header_seconds" and connection.said_something:
            connection.answer(408, "Forespørgslens hoveder kom for langsomt.")
        self.close_softly(connection, limit)

    def close_softly(self, connection: Connection, limit: str) -> None:
        """Close a connection after what was written to it is taken; see :meth:`closes`."""
        self.closed[limit] += 1
        connection.transport.close()
