"""Nothing that a client sends brings the service down, leaks, or goes unanswered.

The server is the real one, in a process of its own, with short limits. For each input: an answer
that is right or a clear error, in bounded time and memory; afterwards the service answers as before.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from graph_service.connections import Limits
from graph_service.settings import Settings
from tests.hostile.inputs import INPUTS, LIMITS, Hostile
from tests.hostile.sending import Answer, send, watched
from tests.server.conftest import Running, server

#: Limits of a free query here: seconds, bytes, rows.
QUERY_SECONDS, QUERY_MEMORY, QUERY_ROWS = 1.5, 1024**3, 20_000
#: What an answer may take at most, in seconds, on a machine that is busy with other tests.
BOUND = 15.0
#: What a process that answers may hold, in bytes: the graph, its answers, and what was sent to it.
WEB_MEMORY = 400 * 1024**2
QUESTION = "/api/v1/responsibilities?law=sul-140"


@pytest.fixture(scope="module")
def running(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    limits = {
        "query_seconds": QUERY_SECONDS,
        "query_memory": QUERY_MEMORY,
        "query_rows": QUERY_ROWS,
        "workers": 2,
    }
    log = tmp_path_factory.mktemp("hostile") / "stderr"
    with server(settings.snapshots, log, **limits) as found:
        yield found


def check(hostile: Hostile, answer: Answer) -> None:
    """The answer is right, or says clearly what is wrong, or breaks off so that all can see it."""
    assert answer.status in hostile.statuses, answer
    assert b"Traceback" not in answer.body
    assert b"root:" not in answer.body
    if answer.status == 0:
        assert answer.body == b""
        return
    kind = answer.headers["content-type"]
    if answer.status >= 400:
        assert answer.whole
        assert kind.startswith("application/problem+json") or b"<h1>" in answer.body
        if kind.startswith("application/problem+json"):
            problem = json.loads(answer.body)
            assert problem["status"] == answer.status
            assert problem["title"]
            name = problem["type"].rpartition("/")[2]
            assert name != "internal"
            assert not hostile.kinds or name in hostile.kinds, problem
    elif hostile.kinds == LIMITS:
        # None of these has a whole answer within the limits.
        assert not answer.whole
    else:
        assert answer.whole
        if "json" in kind:
            json.loads(answer.body)


@pytest.mark.parametrize("hostile", INPUTS, ids=lambda h: h.name)
def test_each_input_gets_a_right_answer_or_a_clear_error(
    running: Running, hostile: Hostile
) -> None:
    with watched(running.process.pid) as peak:
        answer = send(running.port, hostile.raw, BOUND)
    check(hostile, answer)
    assert answer.seconds < BOUND
    assert 0 < peak.worker < QUERY_MEMORY
    assert 0 < peak.web < WEB_MEMORY
    assert running.get("/healthz")[0] == 200


def test_there_are_at_least_sixty_inputs() -> None:
    assert len(INPUTS) >= 60
    assert len({h.name for h in INPUTS}) == len(INPUTS)


def test_script_in_a_search_is_text(running: Running) -> None:
    _, page = running.get("/soeg?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert b"alert(1)" in page
    assert b"<script>alert(1)" not in page


def test_after_all_of_it_the_answer_is_the_same(running: Running) -> None:
    status, body = running.get(QUESTION)
    ids = {item["id"] for item in json.loads(body)["items"]}
    assert status == 200
    assert {"kommune-almen-genoptraening", "kommune-afslutningsnotat-140"} <= ids
    assert running.process.poll() is None


def test_a_slow_client_does_not_hold_the_service(running: Running) -> None:
    """Clients that send a header byte by byte, or nothing, or a body that does not come, while
    others are answered."""
    begun = (
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
        b"Content-Type: application/sparql-query\r\n\r\nASK",
    )
    slow = []
    try:
        for number in range(150):
            connection = socket.create_connection(("127.0.0.1", running.port), timeout=BOUND)
            connection.sendall(begun[number % 3])
            slow.append(connection)
        for _ in range(5):
            assert running.get("/healthz")[0] == 200
            assert running.get("/sparql?query=ASK%7B%7D")[0] == 200
    finally:
        for connection in slow:
            connection.close()


def test_a_header_that_never_ends_is_cut_off_after_ten_seconds(running: Running) -> None:
    """With the limits that hold when nothing is set."""
    assert (Limits().header_seconds, Limits().header_bytes) == (10.0, 64 * 1024)
    with socket.create_connection(("127.0.0.1", running.port), timeout=40) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        begun = time.monotonic()
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - begun > 9
