"""One connection to an application within limits, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from graph_service.accepting import Accepting
from graph_service.connections import Limits, Register
from graph_service.guarded import guarded
from graph_service.processes import listen

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def open_to(
    app: ASGIApp,
    limits: Limits,
    kept: list[asyncio.Transport] | None = None,
) -> AsyncIterator[tuple[Connection, Register]]:
    """A connection to an application within limits, and the register of those limits.

    Args:
        kept: when given, what is written is kept without stalling, and the transport put here.
    """
    protocol, register = guarded(limits)

    class Deep(protocol):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            if kept is not None:
                kept.append(self.transport)
                self.transport.set_write_buffer_limits(high=64 * 1024**2)

    config = uvicorn.Config(app, log_config=None, lifespan="off", proxy_headers=False, ws="none")
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"Sat, 28 Nov 2026 10:00:00 GMT")]
    listening = listen("127.0.0.1", 0)
    accepting = Accepting(listening, register, lambda: Deep(config, state, {}))
    connection = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
    try:
        yield connection, register
    finally:
        connection[1].close()
        accepting.close()


def play(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def deadlines(register: Register) -> int:
    """The deadlines that a register watches. One of a connection that left would never be met."""
    watched = register._waiting, register._sending, register._idle, register._lingering
    return sum(map(len, watched)) + len(register._speaking)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)
