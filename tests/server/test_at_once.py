"""What is answered in the turn of the event loop that read it, and what goes the common way."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from graph_service.api import exact
from graph_service.api.app import Application, create_app
from graph_service.api.at_once import Whole
from graph_service.api.cache import Looked
from graph_service.connections import Limits
from graph_service.settings import Settings
from tests.server.connected import GET, Connection, open_to, play

QUESTION = "/api/v1/questions/who-under-provision?law=sul-140"


class App:
    """Answers at once with one letter, and the common way with another.

    Args:
        whole: what it answers at once, or raises.
    """

    def __init__(self, whole: Whole | Exception | None = None) -> None:
        self.whole = whole or Whole(200, [(b"content-length", b"1")], b"A")
        self.common = 0

    def at_once(self, scope: Scope) -> Whole | None:
        if isinstance(self.whole, Exception):
            raise self.whole
        return self.whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.common += 1
        headers = [(b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"C"})


async def said(connection: Connection, asked: bytes) -> bytes:
    """All that is sent until the connection is silent or closed."""
    reader, writer = connection
    writer.write(asked)
    await writer.drain()
    got = b""
    while True:
        try:
            part = await asyncio.wait_for(reader.read(1 << 20), 0.3)
        except TimeoutError:
            return got
        if not part:
            return got
        got += part


async def answer(connection: Connection, asked: bytes) -> bytes:
    """The answer to one request."""
    reader, writer = connection
    writer.write(asked)
    head = await reader.readuntil(b"\r\n\r\n")
    bare = asked.startswith(b"HEAD") or head.startswith(b"HTTP/1.1 304")
    length = 0 if bare else int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


def bodies(answers: bytes) -> str:
    """The letters of the answers, in order."""
    return "".join(part[:1].decode() for part in answers.split(b"\r\n\r\n")[1:])


def asked_of(app: App, *requests: bytes) -> str:
    """The letters that a connection gets for what is sent, each part after the answers before."""
    got = ""

    async def test() -> None:
        nonlocal got
        async with open_to(app, Limits()) as (connection, _):
            for each in requests:
                got += bodies(await said(connection, each))

    play(test)
    return got


def test_one_in_a_read_is_answered_at_once_and_the_others_take_their_turn() -> None:
    assert asked_of(App(), GET, GET) == "AA"
    assert asked_of(App(), GET * 3, GET) == "ACCA"


@pytest.mark.parametrize(
    "request_",
    [
        GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\nx"),
        GET.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        GET.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["length", "chunked", "1.0"],
)
def test_what_has_a_body_or_knows_no_lasting_connection_goes_the_common_way(
    request_: bytes,
) -> None:
    assert asked_of(App(), request_) == "C"


def test_a_wish_for_another_protocol_is_answered_as_any_other() -> None:
    wish = GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert asked_of(App(), wish) == "A"


@pytest.mark.parametrize(
    "broken",
    [RuntimeError("broken"), Whole(200, [(b"x", b"a\r\nset-cookie: b")], b"A")],
    ids=["raises", "header"],
)
def test_what_is_broken_goes_the_common_way(broken: Whole | Exception) -> None:
    assert asked_of(App(broken), GET, GET) == "CC"


def test_a_connection_that_shall_close_closes() -> None:
    async def test() -> None:
        async with open_to(App(), Limits()) as ((reader, writer), _):
            writer.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            answer = await reader.read()
            assert b"\r\nconnection: close\r\n" in answer
            assert answer.endswith(b"A")

    play(test)


def test_a_request_begun_behind_one_answered_at_once_has_its_deadline() -> None:
    async def test() -> None:
        async with open_to(App(), Limits(header_seconds=0.4)) as ((reader, writer), register):
            writer.write(GET + b"GET / HT")
            answers = await reader.read()
            assert answers.count(b"HTTP/1.1 200") == answers.count(b"HTTP/1.1 408") == 1
            assert register.closed == {"header_seconds": 1}

    play(test)


def test_who_was_answered_may_keep_still() -> None:
    async def test() -> None:
        async with open_to(App(), Limits(header_seconds=0.4)) as (connection, register):
            assert bodies(await said(connection, GET)) == "A"
            await asyncio.sleep(1.2)
            assert bodies(await said(connection, GET)) == "A"
            assert not register.closed

    play(test)


def test_a_slow_request_behind_a_quick_one_has_all_the_time_it_needs() -> None:
    """The time between two requests, which began with the answer to the first, ends."""

    class Slow(App):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(1.5)
            await super().__call__(scope, receive, send)

    async def test() -> None:
        async with open_to(Slow(), Limits(idle_seconds=1)) as ((reader, writer), _):
            writer.write(GET * 2)
            answers = await reader.read()
            assert bodies(answers) == "AC"

    play(test)


def test_what_is_under_way_behind_a_quick_one_gets_its_own_deadline() -> None:
    async def test() -> None:
        limits = Limits(header_seconds=2.0, idle_seconds=1)
        async with open_to(App(), limits) as ((reader, writer), register):
            writer.write(GET + b"GET / HT")
            answers = await reader.read()
            assert answers.count(b"HTTP/1.1 408") == 1
            assert register.closed == {"header_seconds": 1}

    play(test)


def test_nothing_of_an_answer_stays_behind_it(settings: Settings) -> None:
    """Else each silent connection would hold its last one, whatever the cache may."""
    app = create_app(replace(settings, cache_bytes=0))

    def held() -> int:
        return sum(type(each) in (Looked, RequestResponseCycle) for each in gc.get_objects())

    async def test() -> None:
        async with open_to(app, Limits()) as (connection, _):
            for path in (QUESTION, "/api/v1/questions", "/healthz", "/ansvar"):
                asked = request("GET", path, ())
                await answer(connection, asked)
                gc.collect()
                gc.disable()
                before = held()
                for _ in range(20):
                    await answer(connection, asked)
                assert held() == before, path
                gc.enable()

    try:
        run(test)
    finally:
        gc.enable()


def test_who_does_not_take_what_is_sent_gets_no_more_at_once() -> None:
    app = App(Whole(200, [(b"content-length", b"%d" % 10**6)], b"A" * 10**6))

    async def test() -> None:
        async with open_to(app, Limits()) as ((_, writer), _):
            for _ in range(40):
                writer.write(GET)
                await asyncio.sleep(0.02)
            assert app.common == 1

    play(test)


#: Path and header lines of requests, and whether they are answered at once.
ASKED = [
    (QUESTION, (), True),
    (QUESTION, ("If-None-Match: *",), True),
    (QUESTION, ("Accept: text/csv",), True),
    (QUESTION, ("Accept: application/xml", "Accept: text/csv;q=0.5"), True),
    (QUESTION, ("X-Request-Id: mit-eget", "Accept-Encoding: gzip"), True),
    (QUESTION, ("Origin: https://other.example",), True),
    (QUESTION + "&show=sparql", (), True),
    ("/api/v1/responsibilities?limit=3", (), True),
    ("/api/v1/questions", (), True),
    (QUESTION.replace("sul-140", "findes-ikke"), (), False),
    ("/healthz", (), False),
    ("/api/v1/nothing", (), False),
]


class Counting:
    """An application, and how many requests it answered at once."""

    def __init__(self, app: Application) -> None:
        self.app, self.number = app, 0

    def at_once(self, scope: Scope) -> Whole | None:
        whole = self.app.at_once(scope)
        self.number += whole is not None
        return whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.mark.parametrize("cache_bytes", [0, 10**7])
@pytest.mark.parametrize("origins", [(), ("*",), ("https://other.example",)])
def test_it_is_the_same_answer(
    settings: Settings,
    cache_bytes: int,
    origins: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # How long this machine takes is not what is tested: what was asked before is quick.
    monkeypatch.setattr(exact, "QUICK", math.inf)
    monkeypatch.setattr(exact, "HOLDS_UP", math.inf)
    app = create_app(replace(settings, cache_bytes=cache_bytes, cors_origins=origins))
    assert isinstance(app, Application)

    async def common(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    at_once = Counting(app)

    async def test() -> None:
        async with (
            open_to(at_once, Limits()) as (quick, _),
            open_to(common, Limits()) as (slow, _),
        ):
            for path, lines, quickly in ASKED:
                for method in ("GET", "HEAD"):
                    asked = request(method, path, lines)
                    there = await answer(slow, asked)
                    at_once.number = 0
                    # The first time goes the common way, for nothing is known of it.
                    for _ in range(2):
                        assert same(await answer(quick, asked)) == same(there), asked
                        if at_once.number:
                            break
                    assert at_once.number == quickly, asked

    run(test)


def request(method: str, path: str, lines: Iterable[str]) -> bytes:
    more = "".join(f"{line}\r\n" for line in lines)
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n".encode()


def same(answer: bytes) -> tuple[list[bytes], bytes]:
    """An answer without what differs from request to request."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert any(line.startswith(b"x-request-id: ") for line in lines)
    assert sum(line.startswith(b"date: ") for line in lines) == 1
    kept = [line for line in lines if not line.startswith(b"x-request-id: ") or b"mit-" in line]
    return kept, body.partition(b'"request_id"')[0]


def run(test: Callable[[], Awaitable[None]]) -> None:
    """As :func:`play`, for what takes longer."""
    asyncio.run(asyncio.wait_for(test(), 120))
