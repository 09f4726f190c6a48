"""SERVICE and LOAD reach the hosts that are allowed, and no other, however they are written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.api.problems import Problem
from graph_service.settings import Settings
from graph_service.sparql.guard import look
from graph_service.sparql.pool import Pool
from tests.hosts import Asked, Reply, host
from tests.sparql.conftest import EX, TOKEN, make
from tests.sparql.test_graph_store import size
from tests.sparql.test_pool import ask, job, with_pool

ANSWER = b'{"head":{"vars":["x"]},"results":{"bindings":[{"x":{"type":"literal","value":"der"}}]}}'
TRIPLE = f'<{EX}a> <{EX}b> "hentet" .\n'.encode()


class Far:
    """A service that answers a query or a fetch, sends on, or keeps still.

    Attributes:
        name: of its host.
        asked: the paths it was asked for.
        other: where ``/to/STATUS`` sends on to.
    """

    def __init__(self, other: str = "") -> None:
        self.name = ""
        self.asked: list[str] = []
        self.other = other
        self._still = threading.Event()

    def answer(self, asked: Asked) -> Reply | None:
        self.asked.append(asked.path)
        if asked.path == "/still":
            self._still.wait(20)
            return None
        reply = Reply(ANSWER) if asked.method == "POST" else Reply(TRIPLE, "text/turtle")
        if asked.path.startswith("/to/"):
            there = {"Location": f"http://{self.other}/sparql"}
            return replace(reply, body=b"", status=int(asked.path[4:]), headers=there)
        return reply

    @contextmanager
    def at_work(self) -> Iterator[Far]:
        with host(self.answer) as self.name:
            try:
                yield self
            finally:
                self._still.set()


@pytest.fixture(scope="module")
def other() -> Iterator[Far]:
    """A host that nobody allowed."""
    with Far().at_work() as made:
        yield made
        assert made.asked == [], "this host was asked"


@pytest.fixture(scope="module")
def allowed(other: Far) -> Iterator[Far]:
    """The host that is allowed."""
    with Far(other.name).at_work() as made:
        yield made


@pytest.fixture(scope="module")
def set_up(allowed: Far, tmp_path_factory: pytest.TempPathFactory) -> Settings:
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
    client: TestClient, allowed: Far, word: str
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
        "VALUES ?g {{ <http://{ok}/sparql> <http://{other}/sparql> }} SERVICE SILENT $g {{ ?x ?p ?o }}",
        "SERVICE e:sparql {{ ?x ?p ?o }}",
        "SERVICE <sparql> {{ ?x ?p ?o }}",
        "SERVICE <file:sparql> {{ ?x ?p ?o }}",
        "SERVICE <FILE:///etc/passwd> {{ ?x ?p ?o }}",
        "SERVICE <HTTP://{other}/sparql> {{ ?x ?p ?o }}",
        "SERVICE <h\\u0074tp://{other}/sparql> {{ ?x ?p ?o }}",
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
    ],
)
def test_any_other_host_is_refused_before_anything_is_asked(
    client: TestClient, allowed: Far, other: Far, pattern: str
) -> None:
    inside = pattern.format(ok=allowed.name, other=other.name)
    prologue = f"BASE <http://{other.name}/> PREFIX e: <http://{other.name}/> "
    assert told(client, f"{prologue} SELECT * {{ {inside} }}") == (403, "outgoing-request")
    assert allowed.asked == other.asked == []


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("BASE <http://{ok}>", "<sparql>"),
        ("BASE <http://{ok}/a/b>", "<../sparql>"),
        ("BASE <http://{other}/> BASE <http://{ok}/>", "<./sparql>"),
        ("base#\n<http://{ok}/> PREFIX base: <http://{other}/>", "<sparql>"),
    ],
)
def test_a_path_after_a_base_at_an_allowed_host_is_asked_there(
    client: TestClient, allowed: Far, other: Far, base: str, address: str
) -> None:
    base = base.format(ok=allowed.name, other=other.name)
    assert told(client, f"{base} SELECT * {{ SERVICE {address} {{ ?x ?p ?o }} }}") == (200, "")
    assert allowed.asked.pop() == "/sparql"


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("", "<sparql>"),
        ("BASE <http://{ok}/> BASE <http://{other}/>", "<sparql>"),
        ("BASE <http://{ok}/> BASE <//{other}/>", "<sparql>"),
        ("BASE <http://{ok}@{other}/>", "<sparql>"),
        ("BASE # <http://{ok}/>\n <http://{other}/>", "<sparql>"),
        ("BASE <http://{other}/> PREFIX BASE: <http://{ok}/>", "<sparql>"),
        ("BASE <http://{ok}/>", "<//{other}/sparql>"),
        ("BASE <http://{ok}/>", "<.//{other}/sparql>"),
        ("BASE <http://{ok}/>", "<\\u002f\\u002f{other}/sparql>"),
        ("BASE <http://{ok}/>", "<http:sparql>"),
    ],
)
def test_a_path_after_any_other_base_or_one_that_is_more_is_refused(
    client: TestClient, allowed: Far, other: Far, base: str, address: str
) -> None:
    base, address = (part.format(ok=allowed.name, other=other.name) for part in (base, address))
    query = f"{base} SELECT * {{ SERVICE {address} {{ ?x ?p ?o }} }}"
    assert told(client, query) == (403, "outgoing-request")
    assert allowed.asked == other.asked == []


def test_the_base_of_one_operation_holds_in_the_next(client: TestClient, allowed: Far) -> None:
    base = f"BASE <http://{allowed.name}/x/> CREATE GRAPH <{EX}loaded>"

    def status(update: str) -> int:
        return client.post("/sparql", data={"update": update}).status_code

    assert status(f"{base}; LOAD <a.ttl> INTO GRAPH <{EX}loaded>; DROP GRAPH <{EX}loaded>") == 204
    assert allowed.asked.pop() == "/x/a.ttl"
    assert status(f"{base}; BASE <urn:x> LOAD <a.ttl>") == 403
    assert allowed.asked == []


@pytest.mark.parametrize("inside", ["SERVICE", "SERVICE SILENT { ?x ?p ?o }", "SERVICE 'x' {}"])
def test_what_has_no_address_is_no_sparql(client: TestClient, inside: str) -> None:
    answer = client.get("/sparql", params={"query": f"SELECT *\n{{ {inside} }}"})
    assert (answer.status_code, answer.json()["line"]) == (400, 2)
    assert client.post("/sparql", data={"update": "LOAD"}).status_code == 400


def test_an_address_that_is_not_of_http_asks_nobody(client: TestClient, allowed: Far) -> None:
    service = f"SERVICE {{}} <ftp://{allowed.name}/sparql> {{{{ ?x ?p ?o }}}}"
    for silent, wanted in (("", (400, "cannot-be-done")), ("SILENT", (200, ""))):
        assert told(client, f"SELECT * {{ {service.format(silent)} }}") == wanted
    assert allowed.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_allowed_host_cannot_send_on_to_another(
    client: TestClient, allowed: Far, other: Far, status: int
) -> None:
    there = f"<http://{allowed.name}/to/{status}>"
    assert told(client, f"SELECT * {{ SERVICE {there} {{ ?x ?p ?o }} }}") == (502, "other-service")
    assert told(client, f"SELECT * {{ SERVICE SILENT {there} {{ ?x ?p ?o }} }}") == (200, "")
    change = client.post("/sparql", data={"update": f"LOAD {there} INTO GRAPH <{EX}loaded>"})
    assert change.status_code == 502
    assert size(client, graph=EX + "loaded") == -1
    assert allowed.asked == [f"/to/{status}"] * 3
    allowed.asked.clear()
    assert other.asked == []


def test_a_host_that_keeps_still_does_not_hold_the_query_longer_than_its_limit(
    client: TestClient, allowed: Far
) -> None:
    query = f"SELECT * {{ SERVICE <http://{allowed.name}/still> {{ ?x ?p ?o }} }}"
    assert told(client, query) == (503, "time-limit")
    assert told(client, "ASK {}") == (200, "")
    allowed.asked.clear()


def test_a_host_that_keeps_still_holds_up_nobody_who_asks_us_alone(
    set_up: Settings, folder: Path, allowed: Far
) -> None:
    """There is one worker here. Of queries that go out, as many are let out."""
    text = f"SELECT * {{ SERVICE <http://{allowed.name}/still> {{ ?x ?p ?o }} }}"

    async def test(pool: Pool) -> None:
        out = asyncio.ensure_future(ask(pool, job(text, network=True, seconds=3)))
        while "/still" not in allowed.asked:
            await asyncio.sleep(0.02)
        for _ in range(3):
            assert await asyncio.wait_for(ask(pool, job("ASK {}")), 1.5)
        assert pool.figures()["running"] == 1
        with pytest.raises(Problem) as refused:
            await ask(pool, job(text, network=True))
        assert refused.value.kind == "too-busy"
        with pytest.raises(Problem) as late:
            await out
        assert late.value.kind == "time-limit"
        assert pool.figures()["running"] == 0
        assert b'"der"' in await ask(pool, job(text.replace("still", "sparql"), network=True))

    with_pool(set_up, folder, test)
    allowed.asked.clear()


@pytest.mark.parametrize(
    "update",
    [
        "LOAD <http://{far}/to/404> INTO GRAPH <{ex}loaded>",
        "INSERT {{ GRAPH <{ex}loaded> {{ ?x ?p ?o }} }} "
        "WHERE {{ SERVICE <http://{far}/to/500> {{ ?x ?p ?o }} }}",
    ],
)
def test_a_host_that_fails_an_update_is_told_of_as_in_a_query(
    client: TestClient, allowed: Far, update: str
) -> None:
    text = update.format(far=allowed.name, ex=EX)
    answer = client.post("/sparql", data={"update": text})
    assert answer.status_code == 502
    assert answer.json()["type"].endswith("/other-service")
    assert size(client, graph=EX + "loaded") == -1
    allowed.asked.clear()


def test_load_fetches_from_an_allowed_host_only(
    client: TestClient, allowed: Far, other: Far
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
    set_up: Settings, folder: Path, allowed: Far
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


def test_what_is_asked_is_what_the_engine_would_ask(allowed: Far) -> None:
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
