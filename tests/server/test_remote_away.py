"""The server starts, answers and recovers while its remote store is away, empty, or hangs."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pyoxigraph as ox
import pytest

from graph_service.answers import Answers
from graph_service.build import current
from graph_service.settings import Settings
from tests.hosts import free_port, host, results
from tests.server.conftest import Running, server, wait_until

QUESTION = "/api/v1/questions/who-receives?task=afslutningsnotat"


def sparql_service(port: int, graph: ox.Store) -> AbstractContextManager[str]:
    """A SPARQL service on this machine that answers SELECT and ASK over a graph."""
    return host(lambda asked: results(graph, parse_qs(asked.body.decode())["query"][0]), port)


@contextmanager
def hanging(settings: Settings, folder: Path, seconds: float) -> Iterator[Running]:
    """A server whose store takes connections and says nothing, with so many seconds for a query."""
    with socket.create_server(("127.0.0.1", 0)) as store:
        url = f"http://127.0.0.1:{store.getsockname()[1]}/sparql"
        remote = {"store": url, "query_seconds": seconds}
        with server(settings.snapshots, folder / "stderr", **remote) as running:
            yield running


def refused(running: Running, path: str, accept: str = "application/json") -> tuple[int, str, str]:
    """Status, Retry-After and problem (or the page's first words) of an answer."""
    connection = HTTPConnection("127.0.0.1", running.port, timeout=20)
    try:
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        body = answer.read()
        problem = json.loads(body)["type"].rpartition("/")[2] if body[:1] == b"{" else ""
        return answer.status, answer.headers["Retry-After"] or "", problem
    finally:
        connection.close()


def test_a_server_starts_before_its_store_and_recovers_by_itself(
    settings: Settings, answers: Answers, tmp_path: Path
) -> None:
    port = free_port()
    remote = {"store": f"http://127.0.0.1:{port}/sparql", "query_seconds": 5}
    whole = ox.Store.read_only(str(current(settings.snapshots) / "store"))
    away = (503, "5", "store-unavailable")
    with server(settings.snapshots, tmp_path / "stderr", processes=2, **remote) as running:
        began = running.children()
        assert refused(running, "/readyz") == away
        assert refused(running, QUESTION) == away
        assert refused(running, "/ansvar", "text/html")[:2] == (503, "5")
        asked = running.get("/sparql?query=ASK%7B%3Fs%20%3Fp%20%3Fo%7D")
        assert (asked[0], json.loads(asked[1])["boolean"]) == (200, True), "its own copy is here"

        with sparql_service(port, ox.Store()):
            assert refused(running, "/readyz") == away
            assert refused(running, QUESTION) == away, "an empty store answers nothing"

        for _ in range(2):
            with sparql_service(port, whole):
                wait_until(lambda: running.get("/readyz")[0] == 200)
                status, body = running.get(QUESTION)
                assert status == 200
                wanted = answers.rows("who-receives", {"task": "afslutningsnotat"})
                assert len(json.loads(body)["rows"]) == len(wanted) > 0
            wait_until(lambda: refused(running, "/readyz") == away)
        assert running.children() == began


def test_a_store_that_hangs_does_not_hold_up_what_needs_it_not(
    settings: Settings, tmp_path: Path
) -> None:
    with hanging(settings, tmp_path, 2) as running:
        found: list[tuple[int, str, str]] = []
        asking = threading.Thread(target=lambda: found.append(refused(running, QUESTION)))
        asking.start()
        while asking.is_alive():
            begun = time.monotonic()
            assert running.get("/healthz")[0] == 200
            assert time.monotonic() - begun < 1.0
            time.sleep(0.05)
        asking.join()
        assert found == [(503, "5", "store-unavailable")]


def test_many_who_ask_whether_it_is_ready_hold_up_nobody(
    settings: Settings, tmp_path: Path
) -> None:
    """Nor do pages that wait for the store."""
    with hanging(settings, tmp_path, 6) as running:
        found: list[tuple[int, str, str]] = []
        asking = [
            threading.Thread(target=lambda path=path: found.append(refused(running, path)))
            for path in ["/readyz"] * 60 + [f"/ansvar?q=nummer{n}" for n in range(30)]
        ]
        for each in asking:
            each.start()
        for path in ("/metrics", "/healthz", "/readyz"):
            begun = time.monotonic()
            assert running.get(path)[0] == (503 if path == "/readyz" else 200), path
            assert time.monotonic() - begun < 5.0, path
        for each in asking:
            each.join()
        assert {status for status, _, _ in found} == {503}


def test_free_queries_keep_every_limit_and_never_reach_the_store(
    settings: Settings, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as store:
        store.setblocking(False)
        url = f"http://127.0.0.1:{store.getsockname()[1]}/sparql"
        limits = {"query_seconds": 2, "query_rows": 50, "query_bytes": 20_000}
        with server(settings.snapshots, tmp_path / "stderr", store=url, **limits) as running:

            def ask(query: str) -> tuple[int, dict[str, object]]:
                status, body = running.get("/sparql?" + urlencode({"query": query}))
                return status, json.loads(body)

            status, answer = ask("SELECT (1 AS ?x) { ?s ?p ?o } LIMIT 50")
            assert (status, len(answer["results"]["bindings"])) == (200, 50)  # type: ignore[index]
            for query, code, problem in (
                ("SELECT (1 AS ?x) { ?s ?p ?o } LIMIT 51", 403, "row-limit"),
                (f"SELECT ('{'x' * 1000}' AS ?x) {{ ?s ?p ?o }} LIMIT 49", 403, "size-limit"),
                ("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", 503, "time-limit"),
            ):
                status, answer = ask(query)
                assert (status, str(answer["type"]).rpartition("/")[2]) == (code, problem), query
            with pytest.raises(BlockingIOError):
                store.accept()
