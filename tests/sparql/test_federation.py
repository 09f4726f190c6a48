"""SERVICE and LOAD reach the hosts that are allowed, and no other, however they are written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.api.problems import Problem
from graph_service.settings import Settings
from graph_service.sparql.guard import look
from tests.sparql.conftest import EX, TOKEN, make
from tests.sparql.test_graph_store import size
from tests.sparql.test_pool import ask, job, with_pool

ANSWER = b'{"head":{"vars":["x"]},"results":{"bindings":[{"x":{"type":"literal","value":"der"}}]}}'
TRIPLE = f'<{EX}a> <{EX}b> "hentet" .\n'.encode()


class Host(ThreadingHTTPServer):
    """A host on this machine that answers a query or a fetch, sends on, or keeps still.

    Attributes:
        asked: the paths it was asked for.
        other: where ``/to/STATUS`` sends on to.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.other = ""
        self.still = threading.Event()

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Host

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(self.path)
        if self.path == "/still":
            self.server.still.wait(20)
            return
        sent_on = self.path.startswith("/to/")
        self.send_response(int(self.path.rpartition("/")[2]) if sent_on else 200)
        body = b"" if sent_on else ANSWER if self.command == "POST" else TRIPLE
        kind = "application/sparql-results+json" if self.command == "POST" else "text/turtle"
        if sent_on:
            self.send_header("Location", f"http://{self.server.other}/sparql")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def host() -> Iterator[Host]:
    with Host() as made:
        serving = threading.Thread(target=made.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield made
        finally:
            made.still.set()
            made.shutdown()
            serving.join()


@pytest.fixture(scope="module")
def other() -> Iterator[Host]:
    """A host that nobody allowed."""
    with host() as made:
        yield made
        assert made.asked == [], "this host was asked"


@pytest.fixture(scope="module")
def allowed(other: Host) -> Iterator[Host]:
    """The host that is allowed."""
    with host() as made:
        made.other = other.name
        yield made


@pytest.fixture(scope="module")
def set_up(allowed: Host, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("federation")
    return make(folder, allowed_hosts=(allowed.name,), admin_token=TOKEN, query_seconds=3.0)


@pytest.fixture(scope="module")
def client(set_up: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(set_up)) as made:
        made.headers["Authorization"] = f"Bearer {TOKEN}"
        yield made


def told(client: TestClient, query: str) -> tuple[int, str]:
    answer = client.get("/sparql", params={"query": query})
    return answer.status_code, answer.json().get("type", "").rpartition("/")[2]


@pytest.mark.parametrize("word", ["SERVICE", "service SILENT", "SERVICE#\n"])
def test_an_allowed_host_is_asked_and_the_answer_does_not_last(
    client: TestClient, allowed: Host, word: str
) -> None:
    query = f"SELECT ?x {{ {word} <http://{allowed.name}/sparql> {{ ?x ?p ?o }} }}"
    answer = client.get("/sparql", params={"query": query})
    assert answer.json()["results"]["bindings"][0]["x"]["value"] == "der"
    assert answer.headers["cache-control"] == "no-store"
    assert allowed.asked.pop() == "/sparql"


@pytest.mark.parametrize(
    "pattern",
    [
        "SERVICE <http://{other}/sparql> {{ ?x ?p ?o }}",
        "SERVICE SILENT <http://{other}/sparql> {{ ?x ?p ?o }}",
        "SERVICE <http://{ok}/sparql> {{ SERVICE <http://{other}/sparql> {{ ?x ?p ?o }} }}",
        "SERVICE <http://{ok}/> {{ ?x ?p ?o }} SERVICE <http://{other}/> {{ ?x ?p ?o }}",
        "VALUES ?g {{ <http://{other}/sparql> }} SERVICE ?g {{ ?x ?p ?o }}",
        "VALUES ?g {{ <http://{ok}/sparql> }} SERVICE SILENT $g {{ ?x ?p ?o }}",
        "SERVICE e:sparql {{ ?x ?p ?o }}",
        "SERVICE <sparql> {{ ?x ?p ?o }}",
        "SERVICE <//{other}/sparql> {{ ?x ?p ?o }}",
        "SERVICE <http://{ok}@{other}/sparql> {{ ?x ?p ?o }}",
        "SERVICE <http://{ok}\\u0040{other}/sparql> {{ ?x ?p ?o }}",
        "SERVICE <http://{other}#http://{ok}/sparql> {{ ?x ?p ?o }}",
        "SERVICE <http://{ok}.example.org/sparql> {{ ?x ?p ?o }}",
        "SERVICE <http://127.0.0.1/sparql> {{ ?x ?p ?o }}",
        "SERVICE <file:///etc/passwd> {{ ?x ?p ?o }}",
        "SERVICE # <http://{ok}/>\n <http://{other}/> {{ ?x ?p ?o }}",
        "\\u0053ERVICE <http://{other}/> {{ ?x ?p ?o }}",
        "?s ?p trueSERVICE<http://{other}/sparql> {{ ?x ?p ?o }}",
        "SERVICE",
    ],
)
def test_any_other_host_is_refused_before_anything_is_asked(
    client: TestClient, allowed: Host, other: Host, pattern: str
) -> None:
    inside = pattern.format(ok=allowed.name, other=other.name)
    prologue = f"BASE <http://{other.name}/> PREFIX e: <http://{other.name}/> "
    assert told(client, f"{prologue} SELECT * {{ {inside} }}") == (403, "outgoing-request")
    assert allowed.asked == other.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_allowed_host_cannot_send_on_to_another(
    client: TestClient, allowed: Host, other: Host, status: int
) -> None:
    there = f"<http://{allowed.name}/to/{status}>"
    assert told(client, f"SELECT * {{ SERVICE {there} {{ ?x ?p ?o }} }}") == (502, "other-service")
    assert told(client, f"SELECT * {{ SERVICE SILENT {there} {{ ?x ?p ?o }} }}") == (200, "")
    change = client.post("/sparql", data={"update": f"LOAD {there} INTO GRAPH <{EX}loaded>"})
    assert change.status_code == 400
    assert size(client, graph=EX + "loaded") == -1
    assert allowed.asked == [f"/to/{status}"] * 3
    allowed.asked.clear()
    assert other.asked == []


def test_a_host_that_keeps_still_does_not_hold_the_query_longer_than_its_limit(
    client: TestClient, allowed: Host
) -> None:
    query = f"SELECT * {{ SERVICE <http://{allowed.name}/still> {{ ?x ?p ?o }} }}"
    assert told(client, query) == (503, "time-limit")
    assert told(client, "ASK {}") == (200, "")
    allowed.asked.clear()


def test_load_fetches_from_an_allowed_host_only(
    client: TestClient, allowed: Host, other: Host
) -> None:
    def load(text: str) -> int:
        return client.post("/sparql", data={"update": text}).status_code

    assert load(f"LOAD <http://{other.name}/a.ttl> INTO GRAPH <{EX}loaded>") == 403
    assert load(f"LOAD <http://{allowed.name}/a.ttl> INTO GRAPH <{EX}loaded>") == 204
    assert size(client, graph=EX + "loaded") == 1
    assert load(f"DROP GRAPH <{EX}loaded>") == 204
    patch = client.patch(
        "/graph/items",
        content=f"LOAD <http://{allowed.name}/a.ttl>",
        headers={"content-type": "application/sparql-update"},
    )
    assert patch.status_code == 403
    assert allowed.asked == ["/a.ttl"]
    allowed.asked.clear()


def test_only_a_query_that_was_let_out_runs_where_the_network_is_open(
    set_up: Settings, folder: Path, allowed: Host
) -> None:
    """With the list set, too, what gets past the guard reaches nobody."""
    text = f"SELECT * {{ SERVICE <http://{allowed.name}/sparql> {{ ?x ?p ?o }} }}"

    async def test(pool: object) -> None:
        with pytest.raises(Problem) as caught:
            await ask(pool, job(text))  # type: ignore[arg-type]
        assert "Permission denied" in caught.value.detail
        assert allowed.asked == []
        assert b'"der"' in await ask(pool, job(text, network=True))  # type: ignore[arg-type]
        assert allowed.asked.pop() == "/sparql"

    with_pool(set_up, folder, test)


def test_what_is_asked_is_what_the_engine_would_ask(allowed: Host) -> None:
    """The guard and the engine read the same address out of a text."""
    for text in ("<http://{}/a{{}}>", "<http://{}>", "<http://{}/\\u0061>"):
        query = f"SELECT * {{ SERVICE SILENT {text.format(allowed.name)} {{ ?x ?p ?o }} }}"
        try:
            look(query, (allowed.name,))
        except Problem:
            continue
        list(ox.Store().query(query))  # type: ignore[arg-type]
    assert allowed.asked == ["/", "/a"]
    allowed.asked.clear()


def test_the_description_says_whether_other_services_can_be_asked(
    client: TestClient, set_up: Settings
) -> None:
    feature = "sd:BasicFederatedQuery"
    turtle = {"accept": "text/turtle"}
    assert feature in client.get("/sparql", headers=turtle).text
    with TestClient(create_app(replace(set_up, allowed_hosts=()))) as closed:
        assert feature not in closed.get("/sparql", headers=turtle).text
