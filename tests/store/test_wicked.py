"""Stores that answer what is no answer: each is 503 to the client, and nothing of it is passed on."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import publish
from graph_service.settings import PROJECT, Settings
from graph_service.store import StoreError
from graph_service.store.upload import upload
from tests.store.publishing import small

ROWS = json.dumps(
    {
        "head": {"vars": ["thing", "label"]},
        "results": {
            "bindings": [
                {"thing": {"type": "uri", "value": f"https://evil.example/{n}"}} for n in range(99)
            ]
        },
    }
).encode()
JSON = b"Content-Type: application/sparql-results+json\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + JSON
LENGTH = b"Content-Length: %d\r\n\r\n"
HTML = b"<!DOCTYPE html><h1>evil.example</h1>"
#: What comes on the connection, and then its end.
ANSWERS = {
    "nothing": b"",
    "no HTTP": b"\x16\x03\x01\x02\x00evil.example\r\n\r\n",
    "headers without end": OK + b"X-Slow: ",
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + LENGTH % len(HTML) + HTML,
    "an error page": b"HTTP/1.1 500 Oh\r\n" + LENGTH % len(HTML) + HTML,
    "a refusal": b"HTTP/1.1 400 Bad\r\n" + LENGTH % len(HTML) + HTML,
    "partial content": b"HTTP/1.1 206 Partial\r\n" + JSON + LENGTH % len(ROWS) + ROWS,
    "cut off, by its length": OK + LENGTH % len(ROWS) + ROWS[:700],
    "cut off, in a chunk": OK
    + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(ROWS)
    + ROWS[:700],
    "cut off, after a chunk": OK
    + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(ROWS), ROWS),
    "cut off, without a length": OK + b"\r\n" + ROWS[:-1],
    "stopped early": OK + b"X-SQL-State: S1TAT\r\n" + LENGTH % len(ROWS) + ROWS,
    "rows cut": OK + b"X-SPARQL-MaxRows: 99\r\n" + LENGTH % len(ROWS) + ROWS,
    "no gzip": OK + b"Content-Encoding: gzip\r\n" + LENGTH % len(ROWS) + ROWS,
    "nested": OK + LENGTH % 200_000 + b"[" * 200_000,
    "no answer to an ASK": OK + LENGTH % 20 + b'{"boolean": "never"}',
}


class Wicked:
    """Answers every connection with the same bytes.

    Attributes:
        url: its query address.
        asked: how often it was asked.
    """

    def __init__(self, answer: bytes, hold: float) -> None:
        self._answer = answer
        self._hold = hold
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/sparql"
        self.asked = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                if self._done.is_set():
                    return
                self.asked += 1
                with connection.makefile("rb") as request:
                    length = 0
                    while (line := request.readline()) not in (b"\r\n", b""):
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.partition(b":")[2])
                    request.read(length)
                self._done.wait(self._hold)
                connection.sendall(self._answer)

    def close(self) -> None:
        self._done.set()
        socket.create_connection(self._socket.getsockname()).close()
        self._thread.join(10)
        self._socket.close()


@contextmanager
def wicked(answer: bytes, hold: float = 0.0) -> Iterator[Wicked]:
    """A store that answers so, after ``hold`` seconds."""
    made = Wicked(answer, hold)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small snapshot, with two seconds for a query."""
    made = Settings(PROJECT, tmp_path_factory.mktemp("snapshots"), None, query_seconds=2.0)
    publish(small(), made.snapshots)
    return made


def assert_unavailable(settings: Settings) -> None:
    """Every way to ask is told so, in Danish, without a word from the store."""
    client = TestClient(create_app(settings))
    for path, accept in (
        ("/api/v1/responsibilities", "application/json"),
        ("/api/v1/things/body/b0", "text/turtle"),
        ("/readyz", "*/*"),
        ("/ansvar", "text/html"),
    ):
        answer = client.get(path, headers={"Accept": accept}, follow_redirects=False)
        assert answer.status_code == 503, path
        assert answer.headers["retry-after"] == "5"
        assert "Grafen kan ikke nås lige nu" in answer.text
        assert "evil" not in answer.text
        kind = "text/html" if accept == "text/html" else "application/problem+json"
        assert answer.headers["content-type"].startswith(kind)


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_no_answer_is_503(name: str, published: Settings) -> None:
    with wicked(ANSWERS[name]) as store:
        assert_unavailable(replace(published, store=store.url))
        assert store.asked >= 4


def test_a_store_that_takes_the_question_and_says_nothing_is_503_in_time(
    published: Settings,
) -> None:
    with wicked(b"", hold=60.0) as store:
        client = TestClient(create_app(replace(published, store=store.url)))
        began = time.monotonic()
        assert client.get("/api/v1/responsibilities").status_code == 503
        assert time.monotonic() - began < 4.5
        assert store.asked == 1, "what took the whole time is not asked again"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, published: Settings) -> None:
    with wicked(OK + LENGTH % len(ROWS) + ROWS) as inner:
        sends = f"HTTP/1.1 {status} Moved\r\nLocation: {inner.url}\r\n".encode() + LENGTH % 0
        with wicked(sends) as store:
            assert_unavailable(replace(published, store=store.url))
        assert inner.asked == 0


def test_an_upload_does_not_follow_a_redirect_either(published: Settings, tmp_path: Path) -> None:
    none = b'{"results": {"bindings": [{"n": {"type": "literal", "value": "0"}}]}}'
    with wicked(OK + LENGTH % len(none) + none) as queries, wicked(b"") as inner:
        sends = f"HTTP/1.1 307 Moved\r\nLocation: {inner.url}\r\n".encode() + LENGTH % 0
        with wicked(sends) as graphs:
            settings = replace(published, store=queries.url, store_graphs=graphs.url)
            with pytest.raises(StoreError, match="307 to DELETE") as caught:
                publish(small(2), tmp_path / "s", lambda folder: upload(settings, folder))
            assert caught.value.status == 307
        assert inner.asked == 0


def test_only_what_is_whole_is_an_answer(published: Settings) -> None:
    """The same bytes as above, whole: so it is what was cut that made them none."""
    with wicked(OK + LENGTH % len(ROWS) + ROWS) as store:
        client = TestClient(create_app(replace(published, store=store.url)))
        assert client.get("/readyz").status_code == 200
