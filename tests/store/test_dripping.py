"""Stores that never end an answer, and clients that do not wait for one."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
import uvicorn

from graph_service.api.app import create_app
from graph_service.build.publish import publish
from graph_service.settings import PROJECT, Settings
from graph_service.store import StoreError, TookTooLong
from graph_service.store import upload as loading
from graph_service.store.asking import ASKING, Asking, NobodyWaits
from graph_service.store.remote import RemoteStore, client_for
from tests.store.publishing import small

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/sparql-results+json\r\n"
#: What comes at once, and what comes byte by byte after it, again and again.
DRIPS = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "headers": (HEAD, b"X-More: yes\r\n"),
    "one header": (HEAD + b"X-More: ", b"y"),
    "body by its length": (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "body without a length": (HEAD + b"\r\n", b" "),
    "between chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1", b";x=y"),
    "trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n0\r\n", b"X-More: yes\r\n"),
    "packed nothing": (
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10],
        b"\x00\x00\x00\xff\xff",
    ),
    "nothing": (b"", b""),
}


class Dripping:
    """A store that begins each answer at once and goes on with a byte now and then.

    Attributes:
        url: its query address.
        asked: set when somebody has asked.
        hung_up: set when somebody who asked has closed the connection.
    """

    def __init__(self, first: bytes, drop: bytes) -> None:
        self._first, self._drop = first, drop
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/sparql"
        self.asked, self.hung_up, self._done = (threading.Event() for _ in range(3))
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._done.is_set():
                connection.close()
                return
            self._threads.append(threading.Thread(target=self._answer, args=(connection,)))
            self._threads[-1].start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            self.asked.set()
            connection.sendall(self._first)
            connection.settimeout(0.05)
            place = 0
            while not self._done.is_set():
                with suppress(TimeoutError):
                    if connection.recv(65536) == b"":
                        break
                if self._drop:
                    connection.sendall(self._drop[place : place + 1])
                    place = (place + 1) % len(self._drop)
        self.hung_up.set()

    def close(self) -> None:
        self._done.set()
        socket.create_connection(self._socket.getsockname()).close()
        for thread in self._threads:
            thread.join(10)
        self._socket.close()


@contextmanager
def dripping(name: str) -> Iterator[Dripping]:
    made = Dripping(*DRIPS[name])
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("name", DRIPS)
def test_an_answer_without_end_is_given_up_in_time(name: str) -> None:
    with dripping(name) as store:
        began = time.monotonic()
        with pytest.raises(TookTooLong):
            RemoteStore(store.url, "0123", 0.6).ask("ASK {}")
        assert 0.5 < time.monotonic() - began < 2.0
        assert store.hung_up.wait(2), "the connection is closed too"


def test_an_upload_without_end_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "LONGEST", 0.6)
    with dripping("one header") as store, client_for("", 120.0) as client:
        began = time.monotonic()
        with pytest.raises(StoreError, match="ReadTimeout"):
            loading._send(client, "POST", store.url, "http://g", b"<http://a> <http://b> 1 .")
        assert time.monotonic() - began < 2.0


def test_a_question_that_nobody_waits_for_is_not_asked(published: Settings) -> None:
    with dripping("nothing") as store:
        token = ASKING.set(Asking(gone=True))
        try:
            with pytest.raises(NobodyWaits):
                RemoteStore(store.url, "0123").ask("ASK {}")
        finally:
            ASKING.reset(token)
        assert not store.asked.is_set()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small snapshot, with half a minute for a query."""
    made = Settings(PROJECT, tmp_path_factory.mktemp("snapshots"), None, query_seconds=30.0)
    publish(small(), made.snapshots)
    return replace(made, workers=1)


@contextmanager
def serving(settings: Settings) -> Iterator[int]:
    """A server in this process; gives its port."""
    running = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_config=None))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    try:
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        thread.join(20)


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/responsibilities",
        "/api/v1/questions/who-receives?task=x",
        "/api/v1/things/body/b0",
        "/ansvar",
    ],
)
def test_a_question_whose_client_leaves_is_given_up(published: Settings, address: str) -> None:
    with dripping("headers") as store, serving(replace(published, store=store.url)) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f"GET {address} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert store.asked.wait(10)
            assert not store.hung_up.wait(0.6), "it goes on while somebody waits"
        assert store.hung_up.wait(2)
