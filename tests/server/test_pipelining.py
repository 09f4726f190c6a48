"""What comes on a connection while an earlier request is being answered."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, cast

import pytest
from starlette.types import Receive, Scope, Send

from graph_service.connections import Limits, Register
from tests.server.connected import GET, deadlines, open_to, play, until


def test_headers_without_end_behind_a_slow_request_are_cut_off() -> None:
    """They are not bounded by the time in which headers must come, and would fill the memory."""

    async def test() -> None:
        done = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await done.wait()

        async with open_to(slow, Limits(header_bytes=64 * 1024)) as ((reader, writer), register):
            writer.write(GET)
            await writer.drain()
            await asyncio.sleep(0.1)
            sent = 0
            with suppress(OSError):
                writer.write(b"GET / HTTP/1.1\r\nX-Long: ")
                while sent < 64 * 1024**2 and not reader.at_eof():
                    writer.write(b"x" * 65536)
                    await asyncio.wait_for(writer.drain(), 5)
                    await asyncio.sleep(0)
                    sent += 65536
            assert sent < 16 * 1024**2
            assert register.closed["header_bytes"] == 1
            done.set()

    play(test)


def test_a_large_body_and_what_follows_it_are_taken() -> None:
    async def test() -> None:
        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            size, more = 0, True
            while more:
                message = await receive()
                size, more = size + len(message["body"]), message["more_body"]
            text = str(size).encode()
            headers = [(b"content-length", str(len(text)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": text})

        async with open_to(counting, Limits(header_bytes=64 * 1024)) as ((reader, writer), _):
            for _ in range(2):
                writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
                writer.write(b"x" * 3_000_000 + GET)
                await writer.drain()
                for size in (b"3000000", b"0"):
                    head = await reader.readuntil(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 200")
                    assert await reader.readexactly(len(size)) == size

    play(test)


def test_what_is_no_http_is_not_answered_in_the_midst_of_another_answer() -> None:
    async def test() -> None:
        begun, done = asyncio.Event(), asyncio.Event()

        async def halting(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [(b"content-length", b"1000")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"a" * 10, "more_body": True})
            begun.set()
            await done.wait()

        async with open_to(halting, Limits()) as ((reader, writer), _):
            writer.write(GET)
            await begun.wait()
            writer.write(GET + b"\x00 no HTTP\r\n\r\n")
            await asyncio.sleep(0.1)
            done.set()
            said = await reader.read()
            assert said.count(b"HTTP/1.1") == 1
            assert said.endswith(b"a" * 10)

    play(test)


def test_what_stands_behind_a_body_is_no_header() -> None:
    """RFC 9110, section 6.5.1: trailers are not merged into the headers."""

    async def test() -> None:
        seen: list[tuple[bytes, bytes]] = []

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            while (await receive())["more_body"]:
                pass
            seen.extend(scope["headers"])
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        async with open_to(noting, Limits()) as ((reader, writer), _):
            writer.write(
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"1\r\nx\r\n0\r\nAuthorization: Bearer x\r\nIf-Match: *\r\n\r\n" + GET
            )
            for _ in range(2):
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 204")
            names = [name for name, _ in seen]
            assert names == [b"host", b"transfer-encoding", b"host"]

    play(test)


def test_lines_behind_an_empty_body_are_bounded_as_headers_are() -> None:
    async def test() -> None:
        async with open_to(slow, Limits()) as ((reader, writer), register):
            head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            writer.write(head + (b"X: " + b"a" * 1000 + b"\r\n") * 70)
            answer = await asyncio.wait_for(reader.read(), 3)
            assert answer.startswith(b"HTTP/1.1 431 ")
            assert register.closed == {"header_bytes": 1}

    play(test)


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer after others have been read."""
    await asyncio.sleep(0.05)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def late(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer more than the system takes at once, and the last byte a little later."""
    headers = [(b"content-length", b"16000001")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"a" * 16_000_000, "more_body": True})
    await asyncio.sleep(0.3)
    await send({"type": "http.response.body", "body": b"a"})


def test_what_comes_behind_too_many_requests_in_one_read_leaves_nothing() -> None:
    """The parser goes on after a limit has closed the connection."""

    async def test() -> None:
        async with open_to(slow, Limits(pipelined=4)) as ((_, writer), register):
            writer.write(GET * 20 + b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
            await until(lambda: register.figures()['connections{state="open"}'] == 0)
            await asyncio.sleep(0.2)
            assert register.closed == {"pipelined": 1}
            assert deadlines(register) == 0

    play(test)


@pytest.mark.parametrize("tell", ["idles", "waits", "sends"])
def test_a_connection_that_has_left_is_not_watched(tell: str) -> None:
    """Its answer may end, or its next request begin, after a limit has closed it."""

    class Left:
        address = "192.0.2.1"

    register, left = Register(Limits()), cast(Any, Left())
    getattr(register, tell)(left, *([True] if tell == "sends" else []))
    assert deadlines(register) == 0


def test_an_answer_that_ends_when_a_limit_has_closed_its_connection_leaves_nothing() -> None:
    async def test() -> None:
        kept: list[asyncio.Transport] = []
        async with open_to(late, Limits(linger_seconds=0.1), kept) as ((_, writer), register):
            writer.write(GET)
            await until(lambda: bool(kept and kept[0].get_write_buffer_size()))
            writer.write(b"\x00junk\r\n\r\n")
            await until(lambda: bool(register.closed))
            await until(lambda: deadlines(register) == 0)
            assert kept[0].get_write_buffer_size()
            assert register.figures()['connections{state="stalled"}'] == 1

    play(test)


@pytest.mark.parametrize(
    "asked",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
        GET + b"GET / HT",
    ],
    ids=["closed after it", "a body not sent", "closed for a limit"],
)
def test_the_end_of_an_answer_that_nobody_takes_holds_no_connection(asked: bytes) -> None:
    """What is left when a connection closes is less than what makes it stall."""

    async def test() -> None:
        async def large(scope: Scope, receive: Receive, send: Send) -> None:
            body = b"a" * 16_000_000
            headers = [(b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        kept: list[asyncio.Transport] = []
        limits = Limits(stalled_seconds=1.0, header_seconds=0.5, idle_seconds=60)
        async with open_to(large, limits, kept) as ((_, writer), register):
            writer.write(asked)
            await writer.drain()
            await until(lambda: bool(kept and kept[0].is_closing()))
            assert kept[0].get_write_buffer_size()
            await until(lambda: kept[0].get_write_buffer_size() == 0)
            assert register.figures()['connections{state="open"}'] == 0
            assert register.figures()['connections{state="stalled"}'] == 0

    play(test)


def test_the_end_of_an_answer_that_is_taken_slowly_is_waited_for() -> None:
    async def test() -> None:
        size = 16_000_000

        async def large(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [(b"content-length", b"%d" % size)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"a" * size})

        async with open_to(large, Limits(stalled_seconds=1.0), []) as ((reader, writer), _):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            taken = 0
            while piece := await reader.read(200_000):
                taken += len(piece)
                await asyncio.sleep(0.03)
            assert taken == size

    play(test)
