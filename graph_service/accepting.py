"""How connections come in: a few in each turn of the event loop, and little made for one that is
silent.

asyncio makes a task, a transport and a protocol, with its parser, for each connection at once, and
accepts as many in one turn as may wait. Here a connection on which nothing was said is a socket
and a place in the register; the rest is made when its first byte has come. And accepting takes no
more than a part of the event loop's time, so that a flood of connections holds up those who are
not connected yet, and hardly those who are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import ClassVar

import uvicorn

from graph_service.connections import BUSY, WAITING, Register, network
from graph_service.guarded import TOO_MANY, Guarded

log = logging.getLogger("ansvarsgraf")

#: Connections that may wait to be accepted; and how many are in one turn of the event loop.
BACKLOG, ACCEPTED = 2048, 16
#: After so many, how long the next wait, in times of what these took; and in seconds, where the
#: system has no room for more.
REST, NO_ROOM = 3.0, 1.0
#: Seconds in which what has a protocol is read.
TURNS = 0.01
#: Bytes that are read of what a client sent on a connection that is refused.
HEARD = 64 * 1024


class Silent:
    """A connection on which nothing was said yet; its own transport, as far as it has one.

    Args:
        connection: its socket.
        address: whom it counts for.
        accepting: what accepted it.

    Attributes:
        handing: what makes its successor, when the first byte has come.
    """

    state = WAITING
    said_something: ClassVar[bool] = False

    def __init__(self, connection: socket.socket, address: str, accepting: Accepting) -> None:
        self.address, self._socket, self._accepting = address, connection, accepting
        self._loop, self._register = accepting.loop, accepting.register
        self.handing: asyncio.Task[None] | None = None
        self._held: asyncio.TimerHandle | None = None

    @property
    def transport(self) -> Silent:
        """What the register closes it by."""
        return self

    def listen(self) -> None:
        """Wait for the first byte; what is held up, only after its time."""
        if seconds := self._register.hold(self.address):
            self._held = self._loop.call_later(seconds, self._listen)
        else:
            self._listen()

    def _listen(self) -> None:
        self._loop.add_reader(self._socket, self._speaks)

    def _speaks(self) -> None:
        """The first byte has come, or the end."""
        try:
            gone = not self._socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            gone = True
        if gone:
            self.close()
            return
        self._loop.remove_reader(self._socket)
        # So it gives way to nobody, and no deadline ends it, before its successor takes its place.
        self.state = BUSY
        self._register.speaks(self)
        self.handing = self._loop.create_task(self._hand_over())

    async def _hand_over(self) -> None:
        try:
            await self._loop.connect_accepted_socket(self._successor, self._socket)
        except Exception:
            log.exception("a connection could not be read")
            self.close()
        else:
            self._accepting.silent.discard(self)

    def _successor(self) -> Guarded:
        made = self._accepting.make()
        made.former = self
        return made

    def close(self) -> None:
        """Close; nothing was written that could be lost."""
        self._accepting.silent.discard(self)
        self._register.leave(self)
        if self._held:
            self._held.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    abort = close

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self._socket.fileno() < 0

    def get_write_buffer_size(self) -> int:
        """Bytes that were written and not taken."""
        return 0

    def answer(self, status: int, words: str) -> None:
        """Nothing: it asked nothing."""

    def finish(self) -> None:
        """Close."""
        self.close()


class Accepting:
    """Accepts the connections of one listening socket.

    Args:
        listening: bound, and listening from now on.
        register: of the connections.
        make: makes the protocol of one.

    Attributes:
        silent: the connections on which nothing was said.
    """

    def __init__(
        self, listening: socket.socket, register: Register, make: Callable[[], Guarded]
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.register, self.make = register, make
        self.silent: set[Silent] = set()
        self._listening = listening
        self._resting: asyncio.TimerHandle | None = None
        listening.setblocking(False)
        listening.listen(BACKLOG)
        self._start()

    def close(self) -> None:
        """Accept nothing more, and close what has said nothing."""
        if self._resting:
            self._resting.cancel()
        self.loop.remove_reader(self._listening)
        self._listening.close()
        for connection in [one for one in self.silent if one.state == WAITING]:
            connection.close()

    def _start(self) -> None:
        self.loop.add_reader(self._listening, self._accept)

    def _rest(self, seconds: float) -> None:
        self.loop.remove_reader(self._listening)
        self._resting = self.loop.call_later(seconds, self._start)

    def _accept(self) -> None:
        begun = self.loop.time()
        try:
            for _ in range(ACCEPTED):
                connection, (host, *_) = self._listening.accept()
                connection.setblocking(False)
                self._take(Silent(connection, network(host), self), connection)
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:
            log.exception("no connection can be accepted now")
            self._rest(NO_ROOM)
        else:
            self._rest(REST * (self.loop.time() - begun))

    def _take(self, new: Silent, connection: socket.socket) -> None:
        if self.register.admit(new):
            self.silent.add(new)
            new.listen()
            return
        self.register.closed["refused"] += 1
        with contextlib.suppress(OSError):
            connection.recv(HEARD)
        with contextlib.suppress(OSError):
            connection.send(TOO_MANY)
        connection.close()


class Server(uvicorn.Server):
    """uvicorn's server, whose connections come in here; ``http`` of its configuration is a class
    that :func:`graph_service.guarded.guarded` made."""

    _accepting: tuple[Accepting, ...] = ()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, for sockets that are bound."""
        await super().startup([])
        made: type[Guarded] = self.config.http_protocol_class  # type: ignore[assignment]

        def make() -> Guarded:
            return made(self.config, self.server_state, self.lifespan.state)

        self._accepting = tuple(Accepting(each, made.register, make) for each in sockets or ())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; what has begun to speak is read first, and so answered."""
        for each in self._accepting:
            each.close()
        handing = [one.handing for each in self._accepting for one in each.silent if one.handing]
        await asyncio.gather(*handing)
        await asyncio.sleep(TURNS)
        await super().shutdown([])
