"""Answers that do not arrive whole: what the client sees of it, and what the operator does."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from graph_service.settings import Settings
from tests.server.conftest import Running, pool, server, wait_until

ROWS = "/sparql?query=" + quote("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
#: Below every limit, and more than the system takes from the server for a client that does not read.
WHOLE = "/sparql?query=" + quote("SELECT * { ?a ?b ?c }")


@pytest.fixture(scope="module")
def running(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that breaks off an answer of many rows, after it has begun to send it."""
    log = tmp_path_factory.mktemp("log") / "stderr"
    with server(
        settings.snapshots, log, query_seconds=30, query_rows=300_000, query_bytes=10**9
    ) as made:
        yield made


def lines(running: Running, name: str) -> list[dict[str, Any]]:
    """The lines about a request, by its id."""
    told = [json.loads(line) for line in running.log.read_text().splitlines()]
    return [line for line in told if line.get("request_id") == name]


def ask(running: Running, path: str, name: str, version: str = "1.1") -> socket.socket:
    """A connection on which this was asked, under this id."""
    connection = running.open()
    head = f"GET {path} HTTP/{version}\r\nHost: x\r\nX-Request-Id: {name}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def test_an_answer_that_the_server_breaks_off_is_marked(running: Running) -> None:
    with ask(running, ROWS, "broken") as connection:
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 200 " in said[:20] and not said.endswith(b"0\r\n\r\n")
    wait_until(lambda: lines(running, "broken"))
    (line,) = lines(running, "broken")
    assert (line["status"], line["broken"], line["level"]) == (200, True, "error")
    assert 'ansvarsgraf_broken_total{what="sparql"} 1' in running.get("/metrics")[1].decode()


def test_a_client_that_leaves_is_told_apart(running: Running) -> None:
    wait_until(lambda: pool(running, "idle") >= 1, 60)
    with ask(running, WHOLE, "left") as connection:
        connection.recv(65536)
    wait_until(lambda: lines(running, "left"))
    (line,) = lines(running, "left")
    assert line["status"] == 499
    assert "broken" not in line
    assert 'method="GET",status="499"} 1' in running.get("/metrics")[1].decode()


def test_a_client_that_has_the_whole_answer_and_leaves_is_not(running: Running) -> None:
    with ask(running, "/healthz", "whole") as connection:
        said = b""
        while not said.endswith(b"\n") or b"\r\n\r\nok " not in said:
            said += connection.recv(65536)
    wait_until(lambda: lines(running, "whole"))
    assert [line["status"] for line in lines(running, "whole")] == [200]


GRAPHS = ("/graph/laws", "/rdf-graph-store?default&format=nquads", "/.well-known/void")


@pytest.mark.parametrize(
    "path",
    ["/", "/ansvar", "/api/v1/events?limit=500", "/static/search.js", "/kalender/alle.ics",
     "/sparql?query=ASK%20%7B%7D", "/sparql", "/metrics", "/nothing", "/id/law/sul-140", *GRAPHS],
)  # fmt: skip
@pytest.mark.parametrize("version", ["1.0", "0.9"])
def test_a_client_of_http_1_0_gets_no_chunks(running: Running, path: str, version: str) -> None:
    """RFC 9112, section 6.1; each answer says its length, so that one that broke off is seen."""
    with ask(running, path, "old", version) as connection:
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    assert b"transfer-encoding" not in headers
    assert int(headers[b"content-length"]) == len(body)
    assert headers[b"connection"] == b"close"
