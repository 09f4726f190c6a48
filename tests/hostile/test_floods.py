"""One that opens ten thousand connections, or asks all the time, does not keep others waiting."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest

from graph_service.settings import Settings
from tests.server.conftest import Running, server, wait_until
from tests.sparql.conftest import ENDLESS

FLOOD = 10_000
#: Whom the flood comes from, so that the limit for one address does not alone decide.
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 201)]
QUESTION = "/api/v1/questions/who-receives?task=afslutningsnotat"
#: Seconds that an answer may take on a machine that runs other things too.
SOON = 2.0
#: Resident bytes that the flood may add, all processes together: 10 KB a connection.
ADDED = 100 * 1024**2


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process have the flood's sockets open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, FLOOD + 1000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def silent(port: int, address: str) -> socket.socket:
    """A connection from an address, on which nothing is said; not waited for."""
    opened = socket.socket()
    opened.setblocking(False)
    opened.bind((address, 0))
    with contextlib.suppress(BlockingIOError):
        opened.connect(("127.0.0.1", port))
    return opened


def still_open(connections: list[socket.socket]) -> int:
    """How many the server has accepted and not closed."""
    number = 0
    for connection in connections:
        try:
            connection.getpeername()
            number += connection.recv(1) != b""
        except BlockingIOError:
            number += 1
        except OSError:
            pass
    return number


def memory(running: Running) -> int:
    """Resident bytes of the processes that answer and of their parent."""
    page = resource.getpagesize()
    pids = [running.process.pid, *running.children()]
    return sum(int(Path(f"/proc/{p}/statm").read_text().split()[1]) * page for p in pids)


def ask(port: int, path: str, address: str = "127.0.0.1") -> tuple[int, bytes, float]:
    """Status, body and seconds of a GET from an address."""
    begun = time.monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=20, source_address=(address, 0))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(), time.monotonic() - begun
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("limits", "held"),
    [({}, (1000, 2000)), ({"connections": 12_000, "header_seconds": 60}, (FLOOD, FLOOD))],
    ids=["within the limits", "with room for all"],
)
def test_ten_thousand_idle_connections_do_not_keep_a_question_waiting(
    settings: Settings,
    tmp_path: Path,
    many_files: None,
    limits: dict[str, int],
    held: tuple[int, int],
) -> None:
    given = {"cache_bytes": 0, **limits}
    with server(settings.snapshots, tmp_path / "stderr", processes=2, **given) as running:
        status, right, _ = ask(running.port, QUESTION)
        assert (status, json.loads(right)["rows"] != []) == (200, True)
        before, flood, slowest = memory(running), [], 0.0
        try:
            for number in range(FLOOD):
                flood.append(silent(running.port, ADDRESSES[number % len(ADDRESSES)]))
                if number % 500 == 499:
                    status, body, seconds = ask(running.port, QUESTION)
                    assert (status, body) == (200, right)
                    slowest = max(slowest, seconds)
            for _ in range(20):
                status, body, seconds = ask(running.port, QUESTION)
                assert (status, body) == (200, right)
                slowest = max(slowest, seconds)
            # A connection for which there was no room in the system's line is asked for again.
            wait_until(lambda: still_open(flood) >= held[0])
            assert still_open(flood) <= held[1]
            print(f"slowest {slowest:.3f} s, {(memory(running) - before) / 1024**2:.1f} MB more")
            assert slowest < SOON
            assert memory(running) - before < ADDED
        finally:
            for connection in flood:
                connection.close()


@pytest.mark.long
def test_one_that_asks_all_the_time_leaves_places_to_others(
    settings: Settings, tmp_path: Path
) -> None:
    """Eight endless queries at any time from one address; another gets its answer in between."""
    endless = "/sparql?query=" + quote(ENDLESS)
    enough = threading.Event()
    told: list[tuple[int, str]] = []

    def greedy() -> None:
        while not enough.is_set():
            status, body, _ = ask(running.port, endless, "127.0.0.3")
            told.append((status, json.loads(body)["type"].rpartition("/")[2]))
            time.sleep(0.1)

    limits = {"query_seconds": 2, "query_queue": 6, "queries_per_address": 4}
    with server(settings.snapshots, tmp_path / "stderr", **limits) as running:
        crowd = [threading.Thread(target=greedy) for _ in range(8)]
        for one in crowd:
            one.start()
        try:
            time.sleep(1)
            answers = [
                ask(running.port, "/sparql?query=" + quote(f"ASK {{ ?s ?p {n} }}"), "127.0.0.4")
                for n in range(3)
            ]
        finally:
            enough.set()
            for one in crowd:
                one.join()
    assert [status for status, _, _ in answers] == [200, 200, 200]
    assert (429, "too-many") in told
    assert set(told) <= {(429, "too-many"), (503, "time-limit"), (503, "too-busy")}


def test_named_questions_do_not_wait_behind_free_ones(settings: Settings, tmp_path: Path) -> None:
    """Every worker is taken and the line before them is full; named questions, pages and lists,
    none of them from the cache, are answered before any of these ends."""
    endless = "/sparql?query=" + quote(ENDLESS)
    limits = {"workers": 2, "query_queue": 4, "query_seconds": 20, "cache_bytes": 0}
    with server(settings.snapshots, tmp_path / "stderr", **limits) as running:

        def pool() -> tuple[bool, bool]:
            figures = running.get("/metrics")[1]
            return b'pool{state="running"} 2\n' in figures, b'pool{state="queue"} 4\n' in figures

        crowd = [running.open() for _ in range(6)]
        for one in crowd:
            one.sendall(f"GET {endless} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            one.setblocking(False)
        wait_until(lambda: pool() == (True, True))
        status, body, _ = ask(running.port, endless, "127.0.0.4")
        assert (status, json.loads(body)["type"].rpartition("/")[2]) == (503, "too-busy")
        for path in (QUESTION, "/api/v1/responsibilities?law=sul-140", "/ansvar?law=sul-140"):
            assert ask(running.port, path)[0] == 200
        assert pool() == (True, True)
        assert still_open(crowd) == len(crowd)
        for one in crowd:
            one.close()
        wait_until(lambda: b'pool{state="running"} 0\n' in running.get("/metrics")[1])
