"""What becomes of a connection whose answer breaks off or is not taken, or whose client is odd."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from graph_service import connections
from graph_service.connections import BUSY, LOOK, Limits, Register
from tests.clock import Clock
from tests.server.connected import GET, deadlines, open_to, play, until
from tests.server.test_register import Connection

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
#: What Java's client says of itself with each request over plain HTTP (RFC 7540, section 3.2).
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """uvicorn logs what applications here raise."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def opened(register: Register) -> float:
    return register.figures()['connections{state="open"}']


async def whole_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    return body


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the method and the body, a little later."""
    body = await whole_body(receive)
    await asyncio.sleep(0.05)
    text = scope["method"].encode() + b" " + body
    headers = [(b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


async def answer_of(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Status and body of the next answer."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head.split(b" ")[1], await reader.readexactly(length)


@pytest.mark.parametrize("ends", ["with an error", "without an end"])
def test_an_answer_that_breaks_off_and_is_not_taken_holds_no_connection(ends: str) -> None:
    """uvicorn closes the connection itself then; what is left may be too little to stall."""

    async def test() -> None:
        async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [(b"content-length", b"16000001")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"a" * 16_000_000, "more_body": True})
            if ends == "with an error":
                raise RuntimeError

        kept: list[asyncio.Transport] = []
        limits = Limits(stalled_seconds=1.0, header_seconds=0.5, idle_seconds=0.5)
        async with open_to(breaking, limits, kept) as ((_, writer), register):
            writer.write(GET)
            await until(lambda: bool(kept and kept[0].is_closing()))
            assert kept[0].get_write_buffer_size()
            assert deadlines(register) == 0
            await until(lambda: opened(register) == 0)
            assert register.closed == {"stalled_seconds": 1}

    play(test)


def test_a_connection_that_a_limit_closes_counts_until_it_is_closed_and_gives_way() -> None:
    async def test() -> None:
        async def large(scope: Scope, receive: Receive, send: Send) -> None:
            headers = [(b"content-length", b"16000000")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"a" * 16_000_000})

        kept: list[asyncio.Transport] = []
        async with open_to(large, Limits(per_address=1), kept) as ((_, writer), register):
            writer.write(GET)
            await until(lambda: bool(kept and kept[0].get_write_buffer_size()))
            writer.write(b"\x00junk\r\n\r\n")
            await until(lambda: register.closed["malformed"] == 1)
            await asyncio.sleep(0.1)
            assert opened(register) == 1
            _, other = await asyncio.open_connection(*writer.get_extra_info("peername"))
            other.write(GET[:1])
            await until(lambda: len(kept) == 2)
            assert not kept[1].is_closing()
            assert kept[0].get_write_buffer_size() == 0
            assert (opened(register), register.closed["per_address"]) == (1, 1)
            other.close()

    play(test)


def test_of_those_who_take_nothing_some_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may be sent some MB, which are kept until it takes them."""

    async def test() -> None:
        clock = Clock()
        monkeypatch.setattr(connections, "time", clock)
        register = Register(Limits(stalled=4, few=2, patience=5))

        def stall(address: str) -> Connection:
            connection = Connection(address)
            register.admit(connection)
            connection.state = BUSY
            register.stalls(connection, 1000)
            clock.now += 1
            return connection

        made = [stall(address) for address in "bacab"]
        # Nobody has many, and nobody has taken nothing for long.
        assert all(connection.open for connection in made)
        # Of those of the address that has many, the one that has not for longest.
        made.append(stall("a"))
        assert [c.open for c in made] == [True, False, True, True, True, True]
        # Where nobody has many, one that has not for long.
        made.append(stall("d"))
        assert [c.open for c in made] == [False, False, True, True, True, True, True]
        assert register.figures()['connections{state="stalled"}'] == 5
        assert register.closed == {"stalled": 2}
        register._task.cancel()

    play(test)


@pytest.mark.parametrize("cut", ["nowhere", "behind the headers", "everywhere"])
def test_a_body_beside_an_upgrade_that_is_not_taken_up_is_a_body(cut: str) -> None:
    """RFC 9110, section 7.8: a server may ignore Upgrade. A parser that believes it takes the body
    for another protocol, and then for a request."""

    async def test() -> None:
        body = b"GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n"
        head = POST.replace(b" 5", b" %d" % len(body)) + UPGRADE + b"\r\n"
        after = b"GET / HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"\r\n" + GET
        match cut:
            case "nowhere":
                pieces = [head + body + after]
            case "behind the headers":
                pieces = [head, body, after]
            case _:
                pieces = [bytes([byte]) for byte in head + body + after]
        async with open_to(echo, Limits()) as ((reader, writer), register):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0.02 if len(piece) > 1 else 0)
            assert await answer_of(reader) == (b"200", b"POST " + body)
            for _ in range(2):
                assert await answer_of(reader) == (b"200", b"GET ")
            assert not register.closed

    play(test)


@pytest.mark.parametrize("target", [b"a:80", b"http://a/"])
def test_connect_is_refused(target: bytes) -> None:
    """What follows would be of another protocol, or the next request."""

    async def test() -> None:
        async with open_to(echo, Limits()) as ((reader, writer), register):
            writer.write(b"CONNECT " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
            assert (await answer_of(reader))[0] == b"400"
            assert await asyncio.wait_for(reader.read(), 3) == b""
            assert register.closed == {"malformed": 1}

    play(test)


def test_many_upgrades_in_one_read_are_as_many_requests() -> None:
    async def test() -> None:
        asked = GET.replace(b"\r\n\r\n", b"\r\n" + UPGRADE + b"\r\n")
        async with open_to(echo, Limits(pipelined=16)) as ((reader, writer), register):
            writer.write(asked * 16)
            for _ in range(16):
                assert await answer_of(reader) == (b"200", b"GET ")
            writer.write(asked * 500)
            await until(lambda: opened(register) == 0)
            assert register.closed == {"pipelined": 1}

    play(test)


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_a_body_that_comes_after_the_answer_before_it_is_read(expect: bytes) -> None:
    async def test() -> None:
        async with open_to(echo, Limits()) as ((reader, writer), _):
            writer.write(GET + POST + expect + b"\r\n")
            assert await answer_of(reader) == (b"200", b"GET ")
            if expect:
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
            await asyncio.sleep(0.2)
            writer.write(b"ASK{}")
            assert await answer_of(reader) == (b"200", b"POST ASK{}")

    play(test)


def test_the_time_for_a_body_begins_when_it_is_read() -> None:
    async def test() -> None:
        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(1.2 if scope["method"] == "GET" else 0)
            await echo(scope, receive, send)

        async with open_to(late, Limits(body_seconds=0.2)) as ((reader, writer), register):
            writer.write(GET + POST + b"\r\nASK")
            assert await answer_of(reader) == (b"200", b"GET ")
            writer.write(b"{}")
            assert await answer_of(reader) == (b"200", b"POST ASK{}")
            writer.write(POST + b"\r\n")
            assert await asyncio.wait_for(reader.read(), 3) == b""
            assert register.closed == {"body_seconds": 1}

    play(test)


def test_a_client_that_leaves_is_noticed_though_it_has_asked_more() -> None:
    async def test() -> None:
        left: list[str] = []

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            await whole_body(receive)
            left.append((await receive())["type"])
            assert scope["state"]["gone"]()

        async with open_to(waiting, Limits()) as ((_, writer), _):
            writer.write(GET * 2)
            await asyncio.sleep(0.1)
            writer.close()
            await until(lambda: left == ["http.disconnect"])

    play(test)


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("junk", "status"),
    [
        (b"\x00junk\r\n\r\n", b"400"),
        (POST.replace(b"Host: a\r\n", b"") + b"\r\nASK{}", b"400"),
        (CHUNKED + b"no number\r\n", b"400"),
        (POST.replace(b" 5", b" 99999999999") + b"\r\nASK{}", b"413"),
        (POST.replace(b" 5", b" 99999999999") + b"\r\n" + b"a" * 1_000_000, b"413"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 300, b"431"),
    ],
    ids=["no HTTP", "no Host", "no chunk", "too large", "a long body of it", "too many headers"],
)
@pytest.mark.parametrize("before", [0, 1, 3])
def test_what_is_refused_waits_for_the_answers_before_it(
    before: int, junk: bytes, status: bytes
) -> None:
    async def test() -> None:
        async with open_to(echo, Limits()) as ((reader, writer), register):
            writer.write(GET * before + junk)
            for _ in range(before):
                assert await answer_of(reader) == (b"200", b"GET ")
            assert (await answer_of(reader))[0] == status
            assert await asyncio.wait_for(reader.read(), 3) == b""
            assert register.closed.total() == 1

    play(test)


def test_nobody_sends_for_ever_behind_what_is_refused() -> None:
    async def test() -> None:
        done = asyncio.Event()

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            await done.wait()

        async with open_to(waiting, Limits(body_bytes=1024**2)) as ((_, writer), register):
            writer.write(GET + b"\x00junk\r\n\r\n")
            await asyncio.sleep(0.1)
            assert not register.closed
            with pytest.raises(ConnectionError):
                while True:
                    writer.write(b"a" * 65536)
                    await writer.drain()
            assert register.closed == {"body_bytes": 1}
            done.set()

    play(test)


def test_an_answer_that_closes_before_what_is_refused_behind_it_is_read() -> None:
    async def test() -> None:
        size = 3_000_000

        async def large(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(0.1)
            headers = [(b"content-length", b"%d" % size), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"a" * size})

        async with open_to(large, Limits()) as ((reader, writer), _):
            writer.write(GET + b"\x00junk\r\n\r\n")
            await asyncio.sleep(0.2)
            writer.write(b"more junk")
            await asyncio.sleep(0.2)
            assert await answer_of(reader) == (b"200", b"a" * size)
            assert await asyncio.wait_for(reader.read(), 3) == b""

    play(test)


def test_clients_that_reset_what_nobody_reads_hold_up_no_deadlines() -> None:
    async def test() -> None:
        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(10)

        limits = Limits(body_seconds=1.0)
        async with open_to(waiting, limits) as ((_, writer), register):
            address = writer.get_extra_info("peername")
            others = [(await asyncio.open_connection(*address))[1] for _ in range(8)]
            for other in others:
                other.write(POST.replace(b" 5", b" 999999") + b"\r\n" + b"a" * 150_000)
                await other.drain()
            await asyncio.sleep(0.2)
            for other in others:
                reset = struct.pack("ii", 1, 0)
                other.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, reset
                )
                other.transport.abort()
            await until(lambda: len(register._sending) < 8)
            await asyncio.sleep(LOOK * 1.5)
            assert not register._sending
            await until(lambda: opened(register) == 1)

    play(test)


async def unread(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without a look at the body."""
    await send(
        {"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body"})


@pytest.mark.parametrize("size", [5_000_000, 100_000_000])
def test_a_client_that_still_sends_its_body_reads_the_answer(size: int) -> None:
    """RFC 9112, section 9.6: to close a connection on which the client sends has the system throw
    away what it was sent, or tell the client of an error before it has read it."""

    async def test() -> None:
        async with open_to(unread, Limits(body_bytes=size * 2)) as ((reader, writer), register):
            writer.write(POST.replace(b" 5", b" %d" % size) + b"\r\n")
            for _ in range(size // 1_000_000):
                writer.write(b"a" * 1_000_000)
                await writer.drain()
            assert (await answer_of(reader))[0] == b"403"
            assert await asyncio.wait_for(reader.read(), 3) == b""
            writer.close()
            await until(lambda: opened(register) == 0)
            assert deadlines(register) == 0

    play(test)


def test_a_client_that_is_answered_is_heard_for_a_time_and_up_to_a_length() -> None:
    async def test() -> None:
        for limits in (Limits(body_bytes=100_000), Limits(linger_seconds=0.5)):
            async with open_to(unread, limits) as ((_, writer), register):
                writer.write(POST.replace(b" 5", b" 99999") + b"\r\n")
                await until(lambda r=register: opened(r) == 1 and r._lingering)
                with pytest.raises(ConnectionError):
                    while True:
                        writer.write(b"a" * 1000)
                        await writer.drain()
                        await asyncio.sleep(0.001)
                await until(lambda r=register: opened(r) == 0)

    play(test)


def test_who_lingers_gives_way_to_who_comes() -> None:
    async def test() -> None:
        async with open_to(unread, Limits(per_address=1)) as ((reader, writer), register):
            writer.write(POST + b"\r\n")
            await answer_of(reader)
            other = await asyncio.open_connection(*writer.get_extra_info("peername"))
            other[1].write(GET)
            assert (await answer_of(other[0]))[0] == b"403"
            assert register.closed == {"per_address": 1}
            other[1].close()

    play(test)


def test_an_application_whose_request_is_refused_is_told() -> None:
    async def test() -> None:
        told: list[str] = []

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            message = await receive()
            while message["type"] == "http.request":
                message = await receive()
            told.append(message["type"])
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async with open_to(waiting, Limits()) as ((reader, writer), _):
            writer.write(CHUNKED + b"no number\r\n")
            assert (await answer_of(reader))[0] == b"400"
            await until(lambda: told == ["http.disconnect"])
            assert await asyncio.wait_for(reader.read(), 3) == b""

    play(test)


def test_a_client_that_says_no_more_and_takes_no_answer_holds_no_connection() -> None:
    async def test() -> None:
        kept: list[asyncio.Transport] = []

        async def halting(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a" * 16_000_000, "more_body": True})
            await receive()
            assert (await receive())["type"] == "http.disconnect"

        async with open_to(halting, Limits(stalled_seconds=0.5), kept) as ((_, writer), register):
            writer.write(GET)
            await until(lambda: bool(kept and kept[0].get_write_buffer_size()))
            writer.write_eof()
            await until(lambda: opened(register) == 0)
            assert register.closed == {"stalled_seconds": 1}

    play(test)


@pytest.mark.parametrize("target", [b"http://a", b"http://a/", b"http://a?b=c", b"/"])
def test_an_address_without_a_path_means_its_root(target: bytes) -> None:
    """RFC 9110, section 4.2.3; RFC 9112, section 3.2.2."""

    async def test() -> None:
        async def where(scope: Scope, receive: Receive, send: Send) -> None:
            text = scope["path"].encode() + b" " + scope["query_string"]
            headers = [(b"content-length", b"%d" % len(text))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": text})

        async with open_to(where, Limits()) as ((reader, writer), _):
            writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            assert await answer_of(reader) == (b"200", b"/ b=c" if b"?" in target else b"/ ")

    play(test)


@pytest.mark.parametrize("version", [b"0.9", b"2.0"])
def test_other_versions_of_http_are_refused(version: bytes) -> None:
    async def test() -> None:
        async with open_to(echo, Limits()) as ((reader, writer), _):
            writer.write(b"GET / HTTP/" + version + b"\r\nHost: a\r\n\r\n")
            assert (await answer_of(reader))[0] == b"400"

    play(test)


def test_a_client_of_http_1_0_is_told_of_an_answer_that_breaks_off_and_of_nothing_else() -> None:
    async def test() -> None:
        async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
            await whole_body(receive)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise RuntimeError

        async with open_to(breaking, Limits()) as ((reader, writer), register):
            asked = POST.replace(b"1.1", b"1.0") + b"Expect: 100-continue\r\n\r\nASK{}"
            writer.write(asked)
            said = await asyncio.wait_for(reader.read(), 3)
            assert said.startswith(b"HTTP/1.1 500 ")
            assert said.count(b"HTTP/1.1") == 1
            assert b"half" not in said
            await until(lambda: opened(register) == 0)

    play(test)


def test_deadlines_are_looked_for_again_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        times: list[float] = []

        def failing(self: Register, now: float) -> None:
            times.append(now)
            raise RuntimeError

        monkeypatch.setattr(Register, "_expire_all", failing)
        async with open_to(echo, Limits()) as (_, _):
            await until(lambda: len(times) == 2)

    play(test)
