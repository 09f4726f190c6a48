"""How connections come in: little is made for a silent one, and few come at a time."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from graph_service import accepting, connections
from graph_service.accepting import ACCEPTED, Accepting, Server
from graph_service.connections import WAITING, Limits, Register
from graph_service.guarded import Guarded, guarded
from graph_service.processes import listen
from tests.server.connected import GET, Connection, deadlines, play, until


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 204."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@dataclass
class Open:
    """What accepts connections here.

    Attributes:
        made: the protocols that were made.
    """

    accepting: Accepting
    register: Register
    port: int
    made: list[Guarded] = field(default_factory=list)

    async def connect(self) -> Connection:
        return await asyncio.open_connection("127.0.0.1", self.port)

    def opened(self) -> float:
        return self.register.figures()['connections{state="open"}']


@asynccontextmanager
async def opened(limits: Limits) -> AsyncIterator[Open]:
    protocol, register = guarded(limits)
    config = uvicorn.Config(nothing, log_config=None, lifespan="off")
    config.load()
    state, made = ServerState(), list[Guarded]()

    def make() -> Guarded:
        made.append(protocol(config, state, {}))
        return made[-1]

    listening = listen("127.0.0.1", 0)
    taking = Accepting(listening, register, make)
    try:
        yield Open(taking, register, listening.getsockname()[1], made)
    finally:
        taking.close()


def test_nothing_is_made_for_a_silent_connection_before_it_speaks() -> None:
    async def test() -> None:
        async with opened(Limits()) as here:
            pairs = [await here.connect() for _ in range(20)]
            await until(lambda: here.opened() == 20)
            assert not here.made
            reader, writer = pairs[7]
            writer.write(GET)
            assert (await reader.readline()).startswith(b"HTTP/1.1 204")
            assert len(here.made) == 1
            assert here.opened() == 20
            for _, each in pairs:
                each.close()
            await until(lambda: here.opened() == 0)
            assert deadlines(here.register) == 0
            assert not here.accepting.silent

    play(test)


def test_what_was_silent_for_a_while_has_the_rest_of_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "LOOK", 0.02)

    async def test() -> None:
        async with opened(Limits(header_seconds=1.0)) as here:
            begun = time.monotonic()
            reader, writer = await here.connect()
            await asyncio.sleep(0.7)
            # Those who came later, and are silent, stand before it.
            others = [await here.connect() for _ in range(3)]
            writer.write(GET[:5])
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 408")
            assert 0.9 < time.monotonic() - begun < 1.5
            for _, other in others:
                other.close()
            writer.close()

    play(test)


def test_who_speaks_gives_way_to_no_newcomer_and_the_silent_do() -> None:
    async def test() -> None:
        async with opened(Limits(connections=3, per_address=3)) as here:
            silent = [await here.connect() for _ in range(2)]
            await until(lambda: here.opened() == 2)
            reader, writer = await here.connect()
            writer.write(GET)
            for _ in range(6):
                silent.append(await here.connect())
            assert (await reader.readline()).startswith(b"HTTP/1.1 204")
            await until(lambda: here.register.closed["per_address"] == 6)
            for quiet, _ in silent[:6]:
                with suppress(ConnectionError):
                    assert await quiet.read() == b""
            assert here.opened() == 3
            for _, each in (*silent, (reader, writer)):
                each.close()

    play(test)


def test_who_leaves_in_the_turn_of_its_first_byte_leaves_nothing() -> None:
    async def test() -> None:
        async with opened(Limits()) as here:
            for said in (b"", b"G", GET):
                for _ in range(20):
                    _, writer = await here.connect()
                    writer.write(said)
                    writer.transport.abort()
            await asyncio.sleep(0.05)
            await until(lambda: here.opened() == 0)
            assert deadlines(here.register) == 0
            assert not here.accepting.silent

    play(test)


def test_few_are_accepted_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "REST", 1e9)

    async def test() -> None:
        async with opened(Limits()) as here:
            # In this turn of the event loop, so that all wait when the next begins.
            waiting = [socket.create_connection(("127.0.0.1", here.port)) for _ in range(21)]
            await until(lambda: here.opened() == ACCEPTED)
            await asyncio.sleep(0.1)
            assert here.opened() == ACCEPTED
            reader, writer = await asyncio.open_connection(sock=waiting[0])
            writer.write(GET)
            assert (await reader.readline()).startswith(b"HTTP/1.1 204")
            writer.close()
            for each in waiting[1:]:
                each.close()

    play(test)


def test_all_are_accepted_who_wait_longer_than_one_turn() -> None:
    async def test() -> None:
        async with opened(Limits()) as here:
            waiting = [socket.create_connection(("127.0.0.1", here.port)) for _ in range(80)]
            await until(lambda: here.opened() == 80)
            for each in waiting:
                each.close()

    play(test)


def test_without_room_for_files_they_wait_until_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "NO_ROOM", 0.05)

    async def test() -> None:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        async with opened(Limits()) as here:
            reader, writer = await here.connect()
            await until(lambda: here.opened() == 1)
            highest = max(int(name.name) for name in Path("/proc/self/fd").iterdir())
            filled = [os.dup(0)]
            while filled[-1] < highest:
                filled.append(os.dup(0))
            try:
                # One more, for the client's end.
                resource.setrlimit(resource.RLIMIT_NOFILE, (filled[-1] + 2, before[1]))
                late_reader, late = await here.connect()
                late.write(GET)
                await asyncio.sleep(0.3)
                assert here.opened() == 1
                writer.write(GET)
                assert (await reader.readline()).startswith(b"HTTP/1.1 204")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
                for each in filled:
                    os.close(each)
            assert (await late_reader.readline()).startswith(b"HTTP/1.1 204")
            writer.close()
            late.close()

    play(test)


def test_a_refused_address_waits_before_its_new_connection_is_read() -> None:
    async def test() -> None:
        async with opened(Limits(refusals=2)) as here:
            for _ in range(6):
                here.register.refused("127.0.0.1")
            held = here.register.hold("127.0.0.1")
            assert held > 0.5
            begun = time.monotonic()
            reader, writer = await here.connect()
            writer.write(GET)
            assert (await reader.readline()).startswith(b"HTTP/1.1 204")
            assert time.monotonic() - begun > held - 0.2
            writer.close()

    play(test)


def test_who_has_begun_to_speak_is_answered_when_the_server_closes() -> None:
    async def test() -> None:
        protocol, register = guarded(Limits())
        config = uvicorn.Config(nothing, http=protocol, lifespan="off", log_config=None)
        serving, listening = Server(config), listen("127.0.0.1", 0)
        config.load()
        serving.lifespan = config.lifespan_class(config)
        await serving.startup(sockets=[listening])
        (taking,) = serving._accepting
        _, silent = await asyncio.open_connection(*listening.getsockname())
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        await until(lambda: len(taking.silent) == 2)
        writer.write(GET)
        while all(one.state == WAITING for one in taking.silent):
            await asyncio.sleep(0)
        await serving.shutdown()
        assert (await reader.read()).startswith(b"HTTP/1.1 204")
        assert register.figures()['connections{state="open"}'] == 0
        for each in (silent, writer):
            each.close()

    play(test)
