"""The Graph Store Protocol, and changes by SPARQL Update."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.build.publish import current
from graph_service.vocabulary import graph
from tests.sparql.conftest import EX, TOKEN

STORE = "/rdf-graph-store"
TURTLE = {"content-type": "text/turtle"}
NEW = "http://example.org/new"
ONE = b"<http://example.org/a> <http://example.org/b> 1 ."
SHAPE = f"""
@prefix sh: <http://www.w3.org/ns/shacl#> .
<{EX}shape> a sh:NodeShape ; sh:targetSubjectsOf <{EX}forbidden> ;
  sh:property <{EX}shape-p> .
<{EX}shape-p> sh:path <{EX}forbidden> ; sh:maxCount 0 ; sh:message "Må ikke stå her."@da .
"""


def size(client: TestClient, **params: str) -> int:
    answer = client.get(STORE, params=params, headers={"accept": "application/n-triples"})
    if answer.status_code == 404:
        return -1
    assert answer.status_code == 200, answer.text
    return len(list(ox.parse(answer.content, format=ox.RdfFormat.N_TRIPLES)))


def test_graphs_are_read_by_name_by_address_and_by_default(client: TestClient) -> None:
    assert size(client, graph=graph("items")) == 400
    assert size(client, default="") == 401
    direct = client.get("/graph/doc/one", headers={"accept": "text/turtle"})
    assert direct.status_code == 200
    assert b"bearer" in direct.content
    head = client.head(STORE, params={"graph": graph("doc/one")})
    assert (head.status_code, head.content) == (200, b"")
    etag = direct.headers["etag"]
    again = client.get("/graph/doc/one", headers={"accept": "text/turtle", "if-none-match": etag})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (STORE, 400),
        (STORE + "?graph=relative", 400),
        (STORE + "?graph=http://a b", 400),
        (STORE + "?graph=http://a&default", 400),
        (STORE + "?graph=http://example.org/none", 404),
        ("/graph/none", 404),
    ],
)
def test_graphs_that_cannot_be_read(client: TestClient, address: str, status: int) -> None:
    assert client.get(address).status_code == status


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_nothing_can_be_changed_without_a_key(
    client: TestClient, writable: TestClient, method: str
) -> None:
    params = {"graph": NEW}
    refused = client.request(method, STORE, params=params, headers=TURTLE)
    assert refused.status_code == 403
    for given in ("", "Bearer forkert", f"Basic {TOKEN}"):
        answer = writable.request(
            method,
            STORE,
            params=params,
            headers={**TURTLE, "authorization": given},
        )
        assert answer.status_code == 401
        assert "Bearer" in answer.headers["www-authenticate"]


def test_a_graph_is_made_replaced_added_to_and_removed(writable: TestClient) -> None:
    def send(method: str, body: bytes = b"", **headers: str) -> int:
        answer = writable.request(
            method, STORE, params={"graph": NEW}, content=body, headers={**TURTLE, **headers}
        )
        return answer.status_code

    assert size(writable, graph=NEW) == -1
    assert send("PUT", ONE) == 201
    assert size(writable, graph=NEW) == 1
    assert size(writable, default="") == 402
    assert send("POST", b"<http://example.org/a> <http://example.org/b> 2 .") == 204
    assert size(writable, graph=NEW) == 2
    assert send("PUT", ONE) == 204
    assert size(writable, graph=NEW) == 1
    assert send("PUT", b"this is not turtle") == 400
    assert send("PUT", ONE, **{"content-type": "text/html"}) == 415
    assert size(writable, graph=NEW) == 1
    assert send("DELETE") == 204
    assert send("DELETE") == 404
    assert size(writable, default="") == 401


def test_a_new_graph_gets_an_address(writable: TestClient) -> None:
    answer = writable.post(STORE, content=ONE, headers=TURTLE)
    assert answer.status_code == 201
    assert writable.get(answer.headers["location"]).status_code == 200


def test_several_parts_become_one_graph(writable: TestClient) -> None:
    answer = writable.post(
        STORE,
        params={"graph": NEW},
        files=[
            ("a", ("a.ttl", ONE, "text/turtle")),
            ("b", ("b.nt", b"<http://a> <http://b> <http://c> .\n", "application/n-triples")),
        ],
    )
    assert answer.status_code == 201, answer.text
    assert size(writable, graph=NEW) == 2


def test_the_default_graph_is_made_from_the_named_ones(writable: TestClient) -> None:
    for method in ("PUT", "POST", "DELETE"):
        answer = writable.request(method, STORE, params={"default": ""}, headers=TURTLE)
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]


def test_what_breaks_a_shape_changes_nothing(writable: TestClient, tmp_path: Path) -> None:
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes" / "model.ttl").write_text(SHAPE, encoding="utf-8")
    before = current(tmp_path / "snapshots")
    answer = writable.put(
        STORE,
        params={"graph": NEW},
        content=f"<{EX}a> <{EX}forbidden> 1 .",
        headers=TURTLE,
    )
    assert answer.status_code == 422
    told = answer.json()
    assert told["type"].endswith("/invalid-graph")
    assert told["violations"][0]["message"] == "Må ikke stå her."
    assert current(tmp_path / "snapshots") == before
    assert writable.put(STORE, params={"graph": NEW}, content=ONE, headers=TURTLE).is_success


def test_updates_change_named_graphs_in_one_piece(writable: TestClient) -> None:
    def send(text: str, **params: str) -> int:
        return writable.post("/sparql", data={"update": text}, params=params).status_code

    assert send(f"INSERT DATA {{ GRAPH <{NEW}> {{ <{EX}a> <{EX}b> 1 }} }}") == 204
    assert size(writable, graph=NEW) == 1
    assert send(f"INSERT DATA {{ GRAPH <{NEW}> {{ <{EX}a> <{EX}b> 2 }} }} ; oops") == 400
    assert send(f"INSERT DATA {{ <{EX}a> <{EX}b> 3 }} ; CLEAR GRAPH <{NEW}>") == 400
    assert send(f"LOAD <http://localhost/a> INTO GRAPH <{NEW}>") == 403
    assert size(writable, graph=NEW) == 1
    assert send("SELECT * {}") == 400
    copy = f"INSERT {{ GRAPH <{EX}copy> {{ ?s ?p ?o }} }} WHERE {{ ?s ?p ?o }}"
    assert send(copy, **{"using-graph-uri": NEW}) == 204
    assert size(writable, graph=EX + "copy") == 1
    assert send(f"DROP GRAPH <{NEW}>") == 204
    assert size(writable, graph=NEW) == -1
