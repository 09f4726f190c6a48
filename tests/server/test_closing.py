"""SIGTERM with requests under way: those are answered whole, and load balancers are told first."""

from __future__ import annotations

import os
import signal
import socket
import threading
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.server.conftest import Running, pool, running_as, server, wait_until
from tests.sparql.conftest import make

#: All 401 triples of the small graph with each other, 20 MB; and only how many that are.
PAIRS = "SELECT ?a ?c ?d ?f { ?a ?b ?c . ?d ?e ?f }"
COUNT = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f }"
ROWS = 401 * 401


def ask(running: Running, query: str, room: int) -> HTTPResponse:
    """The answer to a query, of which only the beginning has been read.

    Args:
        room: bytes that the system takes in for us before we read them.
    """
    connection = HTTPConnection("127.0.0.1", running.port, timeout=60)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.sock.settimeout(60)
    connection.sock.connect(("127.0.0.1", running.port))
    connection.request("GET", f"/sparql?format=csv&query={quote(query)}")
    return connection.getresponse()


def refused(running: Running) -> bool:
    """Whether no new connection is taken any more."""
    try:
        running.open().close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("notice", [0, 0.5])
@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_under_way_is_answered_whole(tmp_path: Path, processes: int, notice: float) -> None:
    limits = {"query_rows": 10**6, "query_seconds": 60, "notice_seconds": notice}
    snapshots = make(tmp_path).snapshots
    with server(snapshots, tmp_path / "log", processes, **limits) as running:
        streamed = ask(running, PAIRS, room=64 * 1024)
        # The workers stand still, so the next query is under way for as long as we will. Each
        # process has one and a spare.
        wait_until(lambda: pool(running, "idle") == 2 * processes, 60)
        workers = running_as("graph_service.sparql.worker", running.process.pid)
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        slow: list[tuple[int, bytes]] = []
        asking = threading.Thread(
            target=lambda: slow.append(running.get(f"/sparql?format=csv&query={quote(COUNT)}"))
        )
        asking.start()
        wait_until(lambda: pool(running, "running") == 1)
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refused(running))
        assert running.process.poll() is None
        assert slow == []

        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        asking.join()
        assert slow == [(200, b"n\r\n%d\r\n" % ROWS)]
        assert running.process.poll() is None
        assert streamed.status == 200
        assert streamed.read().count(b"\r\n") == ROWS + 1
        assert running.process.wait(30) == 0
        assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize("processes", [1, 2])
def test_load_balancers_are_told_while_all_else_is_answered(tmp_path: Path, processes: int) -> None:
    snapshots = make(tmp_path).snapshots
    with server(snapshots, tmp_path / "log", processes, notice_seconds=600) as running:
        wait_until(lambda: processes == 1 or len(running.children()) == processes)
        kept = HTTPConnection("127.0.0.1", running.port, timeout=20)

        def ready() -> tuple[int, str]:
            kept.request("GET", "/readyz")
            answer = kept.getresponse()
            return answer.status, answer.read().decode()

        assert ready()[0] == 200
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: ready()[0] == 503)
        assert "Tjenesten er ved at lukke" in ready()[1]
        wait_until(lambda: {running.get("/readyz")[0] for _ in range(8)} == {503})
        assert {running.get("/healthz")[0] for _ in range(8)} == {200}
        assert running.get("/sparql?query=ASK%7B%7D")[0] == 200
        # Ctrl+C goes to all processes of a terminal, and does not wait for the notice.
        for pid in (running.process.pid, *(running.children() if processes > 1 else ())):
            os.kill(pid, signal.SIGINT)
        assert running.process.wait(30) == 0
        kept.close()
