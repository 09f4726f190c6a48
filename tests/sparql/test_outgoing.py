"""What is written to the service makes it ask nobody: not by a graph, and not by an update."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import current
from graph_service.sparql import guard
from graph_service.sparql.confine import SYSCALLS
from tests.hosts import Asked, Reply, host
from tests.sparql.conftest import EX, TOKEN, make
from tests.sparql.test_graph_store import NEW, STORE, size

CONTEXT = b'{"@context": {"b": "http://example.org/b"}}'
RDF_XML = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://example.org/">'
    '<rdf:Description rdf:about="http://example.org/a"><e:b>{}</e:b></rdf:Description></rdf:RDF>'
)
JSONLD, XML = "application/ld+json", "application/rdf+xml"
NOT_FETCHED, NO_ENTITY = "@context på en anden adresse hentes ikke", "hentes ikke på en anden"
#: What it names → a body that wants something from ``far``, its media type, and what is told.
WANTING = {
    "context": (
        '{{"@context": "http://{far}/c", "@id": "http://example.org/a", "b": 1}}',
        JSONLD,
        NOT_FETCHED,
    ),
    "context in a list": (
        '{{"@context": [{{"b": "http://example.org/b"}}, "http://{far}/c"], '
        '"@id": "http://example.org/a", "b": 1}}',
        JSONLD,
        NOT_FETCHED,
    ),
    "imported context": (
        '{{"@context": {{"@version": 1.1, "@import": "http://{far}/c"}}, '
        '"@id": "http://example.org/a", "b": 1}}',
        JSONLD,
        NOT_FETCHED,
    ),
    "context of one property": (
        '{{"@context": {{"b": {{"@id": "http://example.org/b", "@context": "http://{far}/c"}}}}, '
        '"@id": "http://example.org/a", "b": {{"b": 1}}}}',
        JSONLD,
        NOT_FETCHED,
    ),
    "context of a relative address": (
        '{{"@context": [{{"@base": "http://{far}/"}}, "c"], "@id": "a", "b": 1}}',
        JSONLD,
        NOT_FETCHED,
    ),
    "external entity": (
        '<!DOCTYPE r [<!ENTITY x SYSTEM "http://{far}/e">]>' + RDF_XML.format("&x;"),
        XML,
        NO_ENTITY,
    ),
    "public entity": (
        '<!DOCTYPE r [<!ENTITY x PUBLIC "p" "http://{far}/e">]>' + RDF_XML.format("&x;"),
        XML,
        NO_ENTITY,
    ),
    "parameter entity": (
        '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://{far}/e"> %x;]>' + RDF_XML.format("1"),
        XML,
        NO_ENTITY,
    ),
    "entity in a file": (
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + RDF_XML.format("&x;"),
        XML,
        NO_ENTITY,
    ),
}
DTD = '<!DOCTYPE r SYSTEM "http://{far}/d">' + RDF_XML.format("1")
UPDATES = (
    "LOAD <http://{far}/a> INTO GRAPH <http://example.org/new>",
    "LOAD SILENT <http://{far}/a>",
    "INSERT DATA {{ <urn:a> <urn:b> 1 }} ; LOAD <http://{far}/a>",
    "INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <http://{far}/sparql> {{ ?s ?p ?o }} }}",
    "INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE SILENT <http://{far}/sparql> {{ ?s ?p ?o }} }}",
    "DELETE {{ ?s ?p ?o }} WHERE {{ VALUES ?g {{ <http://{far}/> }} SERVICE ?g {{ ?s ?p ?o }} }}",
)


@pytest.fixture
def far() -> Iterator[str]:
    """A host on the network, which nobody asks."""
    asked: list[Asked] = []

    def answer(request: Asked) -> Reply:
        asked.append(request)
        return Reply(CONTEXT, JSONLD)

    with host(answer) as name:
        yield name
    assert asked == []


def kind(answer: object) -> tuple[int, str]:
    """Status and type of a problem."""
    told = answer.json()  # type: ignore[attr-defined]
    return answer.status_code, told["type"].rpartition("/")[2]  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("what", WANTING)
def test_a_graph_that_needs_something_from_elsewhere_is_refused_and_nobody_asked(
    writable: TestClient, far: str, what: str, method: str
) -> None:
    body, media, words = WANTING[what]
    answer = writable.request(
        method,
        STORE,
        params={"graph": NEW},
        content=body.format(far=far),
        headers={"content-type": media},
    )
    assert kind(answer) == (400, "bad-content")
    assert words in answer.json()["detail"]
    assert size(writable, graph=NEW) == -1


def test_a_part_of_several_that_needs_something_from_elsewhere_is_refused_too(
    writable: TestClient, far: str
) -> None:
    body, media, _ = WANTING["context"]
    files = [("a", ("a.jsonld", body.format(far=far).encode(), media))]
    answer = writable.post(STORE, params={"graph": NEW}, files=files)
    assert kind(answer) == (400, "bad-content")
    assert size(writable, graph=NEW) == -1


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_graph_that_only_names_a_dtd_is_read_without_it(
    writable: TestClient, far: str, method: str
) -> None:
    answer = writable.request(
        method,
        STORE,
        params={"graph": NEW},
        content=DTD.format(far=far),
        headers={"content-type": XML},
    )
    assert (answer.status_code, size(writable, graph=NEW)) == (201, 1)


@pytest.mark.parametrize("text", UPDATES)
def test_an_update_that_asks_elsewhere_is_refused_where_no_host_is_allowed(
    writable: TestClient, far: str, tmp_path: Path, text: str
) -> None:
    before = current(tmp_path / "snapshots")
    update = text.format(far=far)
    assert kind(writable.post("/sparql", data={"update": update})) == (403, "outgoing-request")
    headers = {"content-type": "application/sparql-update"}
    patch = writable.patch("/graph/items", content=update, headers=headers)
    assert kind(patch) == (403, "outgoing-request")
    assert current(tmp_path / "snapshots") == before


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in SYSCALLS,
    reason="this system has no seccomp",
)
@pytest.mark.parametrize("text", [UPDATES[0], UPDATES[3]])
def test_an_update_that_gets_past_the_guard_reaches_nobody(
    writable: TestClient, far: str, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The system closes the network to the process that writes."""
    monkeypatch.setattr(guard, "look", lambda *_: guard.Seen("INSERT", True, False))
    answer = writable.post("/sparql", data={"update": text.format(far=far)})
    assert kind(answer) == (400, "cannot-be-done")
    assert "Permission denied" in answer.json()["detail"]
    assert size(writable, graph=NEW) == -1


def test_entities_that_multiply_end_with_the_process_that_reads_them(tmp_path: Path) -> None:
    names = "abcdefghij"
    more = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names))
    body = f'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">{more}]>' + RDF_XML.format("&j;")
    with TestClient(
        create_app(make(tmp_path, admin_token=TOKEN, write_memory=512 * 1024**2))
    ) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        headers = {"content-type": XML}
        answer = client.put(STORE, params={"graph": NEW}, content=body, headers=headers)
        assert kind(answer) == (503, "memory-limit")
        assert size(client, graph=NEW) == -1
        update = f"INSERT DATA {{ GRAPH <{NEW}> {{ <{EX}a> <{EX}b> 1 }} }}"
        assert client.post("/sparql", data={"update": update}).status_code == 204
