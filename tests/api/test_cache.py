"""Answers are kept as bytes for as long as their snapshot is in service, and no longer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from graph_service.api.cache import OVERHEAD, Cache, names
from graph_service.api.exact import Exact
from graph_service.api.metrics import Metrics
from graph_service.api.turns import Turns

ADDRESSES = (
    "/api/v1/events?limit=3",
    "/api/v1/events?limit=3&format=turtle",
    "/api/v1/legal-bases/sul-140",
    "/api/v1/questions/who-under-provision?law=sul-140",
    "/api/v1/questions",
    "/api/v1",
    "/api/v1/openapi.json",
    "/lovgrundlag",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_a_snapshot_determines_has_an_etag(client: TestClient, address: str) -> None:
    first = client.get(address)
    assert first.status_code == 200
    assert first.headers["cache-control"]
    etag = first.headers["etag"]
    for match in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(address, headers={"If-None-Match": match})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == etag
    assert client.get(address, headers={"If-None-Match": '"other"'}).content == first.content
    head = client.head(address)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == first.headers["content-length"]


def test_an_error_is_not_kept(client: TestClient) -> None:
    answer = client.get("/api/v1/events?x=1")
    assert "etag" not in answer.headers
    assert client.head("/api/v1/events?x=1").status_code == 400


class Snapshots:
    """A service as the cache sees it."""

    def __init__(self) -> None:
        self.snapshot = "one"
        self.on_swap: list[Any] = []

    def swap(self, name: str) -> None:
        self.snapshot = name
        for tell in self.on_swap:
            tell()


class App:
    """An application that counts, and answers what it is told."""

    def __init__(self, body: bytes = b"x" * 100, **headers: str) -> None:
        self.body, self.calls = body, 0
        self.headers = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        self.status, self.pieces = 200, 1
        self.meanwhile: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        if self.meanwhile:
            self.meanwhile()
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for number in range(self.pieces):
            more = number + 1 < self.pieces
            await send({"type": "http.response.body", "body": self.body, "more_body": more})


def ask(
    cache: Cache, path: str = "/api/v1/x", **more: Any
) -> tuple[int, dict[bytes, bytes], bytes]:
    given = more.pop("headers", {})
    lines = given.items() if isinstance(given, dict) else given
    headers = [(k.replace("_", "-").encode(), v.encode()) for k, v in lines]
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": headers,
        **more,
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(cache(scope, None, send))  # type: ignore[arg-type]
    body = b"".join(m.get("body", b"") for m in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


def made(app: App, room: int = 1_000_000) -> tuple[Cache, Snapshots]:
    service = Snapshots()
    return Cache(app, service, room, Metrics(), Exact((), threads_only=False), Turns()), service  # type: ignore[arg-type]


def test_the_second_answer_is_not_made_again() -> None:
    app = App()
    cache, _ = made(app)
    assert ask(cache) == ask(cache)
    assert app.calls == 1


def test_what_changes_the_answer_is_part_of_the_key() -> None:
    app = App()
    cache, _ = made(app)
    for more in (
        {},
        {"path": "/api/v1/y"},
        {"query_string": b"a=1"},
        {"headers": {"accept": "text/turtle"}},
        {"headers": {"host": "a"}},
        {"headers": {"host": "b"}},
        {"headers": {"accept_encoding": "gzip"}},
        {"scheme": "https"},
    ):
        ask(cache, **more)
    assert app.calls == 8


def test_of_two_hosts_the_first_is_the_key_as_it_is_of_the_answer() -> None:
    app = App()
    cache, _ = made(app)
    ask(cache, headers=[("host", "evil.example"), ("host", "good.example")])
    ask(cache, headers={"host": "good.example"})
    assert app.calls == 2


def test_a_swap_empties_it_and_a_late_answer_is_not_kept() -> None:
    app = App()
    cache, service = made(app)
    ask(cache)
    service.swap("two")
    assert cache.figures()["cache_answers"] == 0
    ask(cache)
    assert app.calls == 2
    app.meanwhile = lambda: service.swap("three")
    ask(cache, path="/api/v1/late")
    assert cache.figures()["cache_answers"] == 0


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"cache_control": "no-store"}, False),
        ({"cache_control": "private"}, False),
        ({"set_cookie": "a=b"}, False),
        ({"cache_control": "max-age=60"}, True),
    ],
)
def test_what_says_it_may_not_be_kept_is_not(change: dict[str, str], kept: bool) -> None:
    app = App(**change)
    cache, _ = made(app)
    ask(cache)
    ask(cache)
    assert app.calls == (1 if kept else 2)


def test_streams_errors_and_live_addresses_pass_through() -> None:
    app = App()
    app.pieces = 3
    cache, _ = made(app)
    assert ask(cache)[2] == app.body * 3
    app.pieces, app.status = 1, 503
    assert ask(cache)[0] == 503
    app.status = 200
    asked = {"query_string": b"query=ASK%20%7B%7D"}
    for path in ("/sparql", "/healthz", "/metrics", "/api/v1/admin/reload", "/graph/x"):
        status, headers, _ = ask(cache, path, **asked)
        assert status == 200
        assert b"etag" not in headers
    assert cache.figures()["cache_answers"] == 0


def test_it_is_bounded_in_bytes_and_lets_go_of_the_longest_unused() -> None:
    app = App(b"x" * 1000)
    room = 20 * (1000 + OVERHEAD + 200)
    cache, _ = made(app, room)
    for number in range(100):
        ask(cache, path=f"/api/v1/{number}")
        ask(cache, path="/api/v1/0")
        assert 0 < cache.figures()["cache_bytes"] <= room
    assert app.calls == 100
    assert cache.figures()["cache_evicted_total"] >= 75
    app.body = b"y" * room
    ask(cache, path="/api/v1/huge")
    assert ask(cache, path="/api/v1/huge")[2] == app.body
    assert app.calls == 102


def test_what_an_answer_is_kept_under_takes_room_too() -> None:
    app = App()
    cache, _ = made(app, room=1_000_000)
    for number in range(60):
        ask(cache, headers={"accept": f"text/plain, {'x' * 50_000}/{number}"})
    assert 10 < len(cache._stored) < 20
    assert cache.held <= 1_000_000
    ask(cache, headers={"accept": "x" * 200_000})
    assert len(cache._stored) < 20


def test_a_long_body_is_sent_in_pieces_that_make_the_whole() -> None:
    app = App(bytes(range(256)) * 4000)
    cache, _ = made(app, 100_000_000)
    assert ask(cache)[2] == app.body
    assert ask(cache)[2] == app.body
    assert ask(cache, method="HEAD")[2] == b""


@given(
    st.lists(st.from_regex(rb'(W/)?"[!#-+\--~]*"', fullmatch=True), max_size=5),
    st.from_regex(rb'"[0-9a-f]{4}"', fullmatch=True),
    st.lists(st.sampled_from([b"", b"W/"]), max_size=2),
    st.sampled_from([b",", b", ", b" ,\t"]),
)
def test_if_none_match_holds_exactly_for_what_it_lists(
    listed: list[bytes], etag: bytes, named: list[bytes], between: bytes
) -> None:
    """By weak comparison (RFC 9110, section 8.8.3.2)."""
    match = between.join([*listed, *(weak + etag for weak in named)])
    wanted = bool(named) or etag in [x.removeprefix(b"W/") for x in listed]
    assert names(match, etag) == names(match, b"W/" + etag) == wanted


@given(st.binary(max_size=60))
def test_no_if_none_match_is_too_strange(match: bytes) -> None:
    assert names(match, b'"0123456789abcdef"') == (match.strip() == b"*")


@pytest.mark.parametrize("match", [b"*", b" *\t"])
def test_a_star_names_every_etag(match: bytes) -> None:
    assert names(match, b'"a"')
    assert names(match, b'W/"a"')
