"""Whatever is asked on a connection, in whatever pieces: each request is answered, in order, and a
register at rest watches what is there and nothing else."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from graph_service.api.at_once import Whole
from graph_service.connections import IDLE, WAITING, Limits, Register
from tests.server.connected import deadlines, open_to, until

LARGE = 400_000
#: What may stand behind the last request, and the status that it is answered with, 0 for none.
ENDS = {
    b"": 0,
    b"GET /now/ HT": 0,
    b"\x00 no HTTP\r\n\r\n": 400,
    b"GET /now/ HTTP/1.1\r\n\r\n": 400,
    b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n": 400,
    b"POST /soon/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n": 400,
    b"POST /soon/ HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nmore": 413,
    b"GET /now/ HTTP/1.1\r\n" + b"a: b\r\n" * 300: 431,
}
UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
EXPECT = b"Expect: 100-continue\r\n"
CLOSE = b"Connection: close\r\n"


class Request(NamedTuple):
    """One request.

    Attributes:
        how: the first part of its path; see :class:`Application`.
        body: pieces of a body, or None for a request without one.
        chunked: whether the body is sent as these pieces.
        more: other lines of the headers.
    """

    how: str
    body: list[bytes] | None
    chunked: bool
    more: bytes

    def sent(self, number: int) -> bytes:
        """The request as it is sent."""
        method = b"GET" if self.body is None else b"POST"
        head = b"%b /%b/%d HTTP/1.1\r\nHost: a\r\n%b" % (
            method,
            self.how.encode(),
            number,
            self.more,
        )
        if self.body is None:
            return head + b"\r\n"
        if self.chunked:
            chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in self.body)
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nA: b\r\n\r\n"
        body = b"".join(self.body)
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body

    @property
    def may_close(self) -> bool:
        """Whether the connection may be closed behind the answer: the rest of a body that nobody
        reads is not waited for."""
        return self.how == "unread" and self.body is not None

    def answer(self, number: int) -> bytes:
        """The body of the answer."""
        read = b"" if self.how == "unread" else b"".join(self.body or [])
        text = b"/%b/%d %b" % (self.how.encode(), number, read)
        return text.ljust(LARGE) if self.how == "large" else text


class Application:
    """Says the path and the body: ``now`` at once where it can, ``soon``, ``later``, with so much
    that nobody takes it at once (``large``), or without a look at the body (``unread``)."""

    def at_once(self, scope: Scope) -> Whole | None:
        if not scope["path"].startswith("/now/"):
            return None
        text = scope["path"].encode() + b" "
        return Whole(200, [(b"content-length", b"%d" % len(text))], text)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        how = scope["path"].split("/")[1]
        body, more = b"", how != "unread"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        await asyncio.sleep(0.002 if how == "later" else 0)
        text = scope["path"].encode() + b" " + body
        text = text.ljust(LARGE) if how == "large" else text
        headers = [(b"content-length", b"%d" % len(text))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})


def until_closed(requests: list[Request]) -> list[Request]:
    """Nothing is sent behind a request to close the connection (RFC 9112, section 9.6)."""
    closed = [number for number, each in enumerate(requests) if each.more == CLOSE]
    return requests[: closed[0] + 1] if closed else requests


BODIES = st.none() | st.lists(st.binary(min_size=1, max_size=30), max_size=3)
REQUESTS = st.lists(
    st.builds(
        Request,
        st.sampled_from(["now", "now", "soon", "later", "large", "unread"]),
        BODIES,
        st.booleans(),
        st.sampled_from([b"", b"", b"", UPGRADE, EXPECT, CLOSE]),
    ),
    max_size=6,
).map(until_closed)
#: Where what is sent is cut, of a thousand, and for how many milliseconds nothing is sent there.
CUTS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 3)), max_size=8).map(sorted)


class Client:
    """A socket that can be read after the other side has closed it, whatever is written to it."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.read = b""

    async def send(self, data: bytes, cuts: list[tuple[int, int]]) -> None:
        """Send in pieces."""
        at = 0
        with suppress(ConnectionError):
            for cut, pause in [*cuts, (1000, 0)]:
                to = len(data) * cut // 1000
                await self.loop.sock_sendall(self.socket, data[at:to])
                await asyncio.sleep(pause / 1000)
                at = to

    async def more(self) -> bytes:
        """What comes next, or nothing at the end."""
        with suppress(ConnectionError):
            return await self.loop.sock_recv(self.socket, 65536)
        return b""

    async def answer(self) -> tuple[int, bytes] | None:
        """The next answer: its status, and the body of a good one; None when there is no more."""
        while b"\r\n\r\n" not in self.read:
            if not (more := await self.more()):
                assert not self.read
                return None
            self.read += more
        head, _, self.read = self.read.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        if status == 100:
            return await self.answer()
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(self.read) < length:
            more = await self.more()
            assert more, "an answer breaks off"
            self.read += more
        body, self.read = self.read[:length], self.read[length:]
        return status, body if status == 200 else b""


def nothing_left(register: Register, tasks: set[asyncio.Task[object]]) -> bool:
    """Whether nothing is open, watched or under way but these tasks."""
    figures = register.figures()
    counts = [figures[f'connections{{state="{s}"}}'] for s in ("open", "waiting", "stalled")]
    return not (any(counts) or deadlines(register) or asyncio.all_tasks() - tasks)


async def talk(
    requests: list[Request], end: bytes, cuts: list[tuple[int, int]], pause: int, leaves: bool
) -> None:
    """Ask all on one connection, wait so many milliseconds, and read all, or leave."""
    end = b"" if requests and requests[-1].more == CLOSE else end
    async with open_to(Application(), Limits(refusals=0)) as ((_, other), register):
        address = other.get_extra_info("peername")
        other.close()
        await until(lambda: register._task is not None and not register._open)
        tasks = asyncio.all_tasks()
        client = Client()
        try:
            await client.loop.sock_connect(client.socket, address)
            data = b"".join(each.sent(number) for number, each in enumerate(requests))
            await client.send(data + end, cuts)
            await asyncio.sleep(pause / 1000)
            if not leaves:
                await read_all(client, register, requests, end)
        finally:
            client.socket.close()
        await until(lambda: nothing_left(register, tasks))


async def read_all(client: Client, register: Register, requests: list[Request], end: bytes) -> None:
    refused = [(ENDS[end], b"")] if ENDS[end] else []
    answers = [(200, each.answer(number)) for number, each in enumerate(requests)]
    for number, answer in enumerate(answers + refused):
        found = await client.answer()
        if found is None and number and requests[number - 1].may_close:
            return
        assert found == answer
    if refused or (requests and requests[-1].more == CLOSE):
        assert await client.answer() is None
    elif not (requests and requests[-1].may_close):
        # While it is said that the first byte has come, the connection is another each time.
        expected = WAITING if end or not requests else IDLE
        await until(lambda: [c.state for (c,) in register._by_address.values()] == [expected])
        assert deadlines(register) == 1


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """uvicorn logs what is no HTTP."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("examples", [100, pytest.param(2000, marks=pytest.mark.long)])
def test_each_request_is_answered_in_order_and_nothing_is_left(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(REQUESTS, st.sampled_from(list(ENDS)), CUTS, st.integers(0, 20), st.booleans())
    def holds(
        requests: list[Request],
        end: bytes,
        cuts: list[tuple[int, int]],
        pause: int,
        leaves: bool,
    ) -> None:
        asyncio.run(asyncio.wait_for(talk(requests, end, cuts, pause, leaves), 5))

    holds()
