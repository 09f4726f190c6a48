"""Answers over real connections: broken off where they break off, killed when nobody listens."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn

from graph_service.api.app import create_app
from graph_service.settings import Settings
from graph_service.sparql import result
from graph_service.sparql.media import GRAPHS, SOLUTIONS, Format
from tests.sparql.conftest import ENDLESS

ROWS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
#: A graph without end within a test: all its triples are different.
TRIPLES = """CONSTRUCT { ?a ?b ?all } { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i
  BIND(CONCAT(STR(?c), STR(?f), STR(?i)) AS ?all) }"""


@contextmanager
def serving(published: Settings, start_seconds: float) -> Iterator[tuple[str, Any]]:
    """A server with none of the limits on rows and size, and a short one on time."""
    settings = replace(published, query_seconds=1.0, query_rows=10**9, query_bytes=10**9)
    app = create_app(settings)
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=running.run, daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(result, "START_SECONDS", start_seconds)
        thread.start()
        while not running.started:
            time.sleep(0.01)
        port = running.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", app
        running.should_exit = True
        thread.join(10)


@pytest.fixture
def server(published: Settings) -> Iterator[tuple[str, Any]]:
    """A server of its own: its address and its application."""
    with serving(published, 0.1) as made:
        yield made


@pytest.fixture(scope="module")
def eager(published: Settings) -> Iterator[tuple[str, Any]]:
    """A server that begins to send as soon as there is something to be sent."""
    with serving(published, 0.0) as made:
        yield made


def until(pool: Any, name: str, value: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while pool.figures().get(name, 0) != value:
        assert time.monotonic() < end, pool.figures()
        time.sleep(0.01)


def test_an_answer_that_breaks_off_is_not_taken_for_complete(server: tuple[str, Any]) -> None:
    address, _ = server
    taken = 0
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("GET", address + "/sparql", params={"query": ROWS}, timeout=20) as answer,
    ):
        assert answer.status_code == 200
        for piece in answer.iter_bytes():
            taken += len(piece)
    assert taken > result.START_BYTES
    assert httpx.get(address + "/sparql", params={"query": "ASK {}"}).json()["boolean"] is True


@pytest.mark.parametrize(
    ("limit", "value", "figure"),
    [
        pytest.param("query_seconds", 1.0, "killed_time", marks=pytest.mark.long),
        ("query_rows", 20_000, "failed_row_limit"),
        ("query_bytes", 4_000_000, "failed_size_limit"),
    ],
)
@pytest.mark.parametrize(
    ("query", "form"),
    [*((ROWS, form) for form in SOLUTIONS), *((TRIPLES, form) for form in GRAPHS)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_every_format_is_sent_while_it_is_made_and_breaks_off_at_a_limit(
    eager: tuple[str, Any], query: str, form: Format, limit: str, value: float, figure: str
) -> None:
    address, app = eager
    service, pool = app.state.service, app.state.pool
    before, wide = pool.figures().get(figure, 0), service.settings
    service.settings = replace(wide, **{"query_seconds": 20.0, limit: value})
    taken = 0
    params = {"query": query, "format": form.name}
    try:
        with (
            pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked"),
            httpx.stream("GET", address + "/sparql", params=params, timeout=30) as answer,
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(form.media[0])
            assert "content-length" not in answer.headers
            for piece in answer.iter_raw():
                if not taken and limit == "query_seconds":
                    assert pool.figures()["running"] == 1, "it was sent when it was made"
                taken += len(piece)
    finally:
        service.settings = wide
    assert taken >= result.START_BYTES
    assert pool.figures()[figure] == before + 1


@pytest.mark.parametrize("query", [ENDLESS, ROWS])
def test_a_query_whose_client_hangs_up_is_killed(server: tuple[str, Any], query: str) -> None:
    address, app = server
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET /sparql?query={quote(query)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        until(app.state.pool, "running", 1, 5)
        if query == ROWS:
            connection.recv(1000)
    until(app.state.pool, "killed_gone", 1, 0.8)
    until(app.state.pool, "kept_bytes", 0, 1)


def test_a_client_that_takes_nothing_holds_no_worker(server: tuple[str, Any]) -> None:
    address, app = server
    host, port = address.removeprefix("http://").split(":")
    large = ROWS + " LIMIT 8000"
    service = app.state.service
    service.settings = replace(service.settings, query_seconds=20.0)
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET /sparql?query={quote(large)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        until(app.state.pool, "answered", 1, 20)
        assert app.state.pool.figures()["running"] == 0
        got = httpx.get(address + "/sparql", params={"query": "ASK {}"})
        assert got.json()["boolean"] is True


def test_other_addresses_answer_while_hostile_queries_run(server: tuple[str, Any]) -> None:
    address, _ = server
    threads = [
        threading.Thread(
            target=lambda: httpx.get(address + "/sparql", params={"query": ENDLESS}, timeout=30)
        )
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            assert httpx.get(address + "/healthz").status_code == 200
        assert any(thread.is_alive() for thread in threads), "the hostile queries ended first"
    finally:
        for thread in threads:
            thread.join()


def test_a_client_of_http_1_0_gets_its_answer_whole_or_not_at_all(server: tuple[str, Any]) -> None:
    """It knows no chunks, and takes the end of the connection for the end of the answer; proxies
    ask so, nginx unless told otherwise (RFC 9112, section 6.1)."""
    host, port = server[0].removeprefix("http://").split(":")
    for query, status in (("SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 20000", b"200"), (ROWS, b"503")):
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            line = f"GET /sparql?query={quote(query)} HTTP/1.0\r\nHost: x\r\n\r\n"
            connection.sendall(line.encode())
            said = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = said.partition(b"\r\n\r\n")
        assert head.split()[1] == status
        headers = dict(each.lower().split(b": ") for each in head.split(b"\r\n")[1:])
        assert b"transfer-encoding" not in headers
        assert int(headers[b"content-length"]) == len(body)
