"""The Graph Store Protocol, and changes by SPARQL Update."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build import build
from graph_service.build.publish import current
from graph_service.vocabulary import graph
from tests.sparql.conftest import EX, TOKEN, make

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
        (STORE + "?graph=", 400),
        (STORE + "?graph=//example.org/a", 400),
        (STORE + "?graph=a/b:c", 400),
        (STORE + "?graph=http://a&graph=http://b", 400),
        (STORE + "?graph=http://a b", 400),
        (STORE + "?graph=http://a&default", 400),
        (STORE + "?graph=http://example.org/none", 404),
        ("/graph/none", 404),
    ],
)
def test_graphs_that_cannot_be_read(client: TestClient, address: str, status: int) -> None:
    assert client.get(address).status_code == status


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
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


def test_what_may_be_done_is_told(client: TestClient, writable: TestClient) -> None:
    for address in (STORE, "/graph/items"):
        assert client.options(address).headers["allow"] == "GET, HEAD, OPTIONS"
        assert "PUT" in writable.options(address).headers["allow"]
        refused = writable.request("TRACE", address)
        assert refused.status_code == 405
        assert {"GET", "PUT", "PATCH", "DELETE"} <= set(refused.headers["allow"].split(", "))


def test_a_graph_that_is_not_utf8_is_refused_and_not_misread(writable: TestClient) -> None:
    """``Ã¦`` in Latin-1 is ``æ`` in UTF-8."""
    body = "<http://a> <http://b> 'Ã¦' .".encode("latin-1")
    headers = {"content-type": "text/turtle; charset=iso-8859-1"}
    answer = writable.put(STORE, params={"graph": NEW}, content=body, headers=headers)
    assert (answer.status_code, size(writable, graph=NEW)) == (415, -1)


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [("content-range", "bytes 0-4/100", 400), ("content-encoding", "gzip", 415)],
)
def test_a_part_of_a_graph_or_a_packed_one_is_refused(
    writable: TestClient, name: str, value: str, status: int
) -> None:
    answer = writable.put(
        STORE, params={"graph": NEW}, content=ONE, headers={**TURTLE, name: value}
    )
    assert (answer.status_code, size(writable, graph=NEW)) == (status, -1)


def test_a_multipart_body_without_parts_makes_no_graph(writable: TestClient) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = writable.post(STORE, params={"graph": NEW}, content=b"hej", headers=headers)
    assert (answer.status_code, size(writable, graph=NEW)) == (400, -1)


def test_an_update_does_not_take_the_dataset_of_a_query(writable: TestClient) -> None:
    """It would change more than was meant."""
    clear = {"update": "DELETE WHERE { GRAPH ?g { ?s ?p ?o } }"}
    where = {"default-graph-uri": NEW}
    assert writable.post("/sparql", data=clear, params=where).status_code == 400
    assert size(writable, default="") == 401


def test_a_new_graph_gets_an_address(writable: TestClient) -> None:
    answer = writable.post(STORE, content=ONE, headers=TURTLE)
    assert answer.status_code == 201
    assert writable.get(answer.headers["location"]).status_code == 200


@pytest.mark.parametrize("name", ["værdi", "\U0001ab1a/é", "a?b=c#d", "a:b@c;d,e!"])
def test_the_address_of_a_new_graph_leads_to_it_whatever_its_name(
    writable: TestClient, name: str
) -> None:
    answer = writable.put(STORE, params={"graph": graph(name)}, content=ONE, headers=TURTLE)
    location = answer.headers["location"]
    assert answer.status_code == 201
    assert location.isascii()
    assert writable.get(location, headers={"accept": "text/turtle"}).status_code == 200
    assert size(writable, graph=location) == size(writable, graph=graph(name)) == 1
    assert writable.delete(location).status_code == 204
    assert size(writable, graph=graph(name)) == -1


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


def test_the_default_graph_is_there_before_anything_is_written_to_it(writable: TestClient) -> None:
    insert = 'INSERT DATA { <urn:a> <urn:b> "x" }'
    patch = {"content-type": "application/sparql-update"}
    default = {"default": ""}
    sent = writable.patch(STORE, params=default, content=insert, headers=patch)
    assert (sent.is_success, size(writable, default="")) == (True, 402)


def test_what_is_written_to_the_default_graph_lies_in_a_graph_of_its_own(
    writable: TestClient,
) -> None:
    """The W3C tests want 201 at first; the named graphs stay in it whatever is written."""
    default = {"default": ""}
    put = writable.put(STORE, params=default, content=ONE, headers=TURTLE)
    assert (put.status_code, size(writable, default="")) == (201, 402)
    assert writable.get(put.headers["location"]).status_code == 200
    assert size(writable, graph=graph("default")) == 1
    two = b"<http://example.org/a> <http://example.org/b> 2, 3 ."
    assert writable.put(STORE, params=default, content=two, headers=TURTLE).status_code == 204
    assert size(writable, default="") == 403
    assert writable.post(STORE, params=default, content=ONE, headers=TURTLE).status_code == 204
    assert size(writable, default="") == 404
    head = writable.head(STORE, params=default)
    assert (head.status_code, head.content) == (200, b"")
    for _ in range(2):
        assert writable.delete(STORE, params=default).status_code == 204
    assert size(writable, default="") == 401


def test_an_empty_graph_is_a_graph(writable: TestClient) -> None:
    where = {"graph": NEW}
    before = size(writable, default="")
    assert writable.put(STORE, params=where, content=b"", headers=TURTLE).status_code == 201
    assert size(writable, graph=NEW) == 0
    assert writable.head(STORE, params=where).status_code == 200
    assert NEW in writable.get("/.well-known/void", headers={"accept": "text/turtle"}).text
    asked = writable.get("/sparql", params={"query": f"ASK {{ GRAPH <{NEW}> {{}} }}"})
    assert asked.json()["boolean"] is True
    assert size(writable, default="") == before
    assert writable.put(STORE, params=where, content=b"", headers=TURTLE).status_code == 204
    other = {"graph": EX + "other"}
    assert writable.put(STORE, params=other, content=ONE, headers=TURTLE).status_code == 201
    assert size(writable, graph=NEW) == 0
    assert writable.delete(STORE, params=where).status_code == 204
    assert size(writable, graph=NEW) == -1


def test_a_patch_sees_and_changes_one_graph_alone(writable: TestClient) -> None:
    def patch(text: str, media: str = "application/sparql-update", name: str = NEW) -> int:
        headers = {"content-type": media}
        answer = writable.patch(STORE, params={"graph": name}, content=text, headers=headers)
        return answer.status_code

    assert patch(f"INSERT DATA {{ <{EX}a> <{EX}b> 1 }}") == 404
    assert writable.put(STORE, params={"graph": NEW}, content=ONE, headers=TURTLE).is_success
    assert patch(f"INSERT {{ ?s <{EX}c> 2, 3 }} WHERE {{ ?s <{EX}b> 1 }}") == 204
    assert (size(writable, graph=NEW), size(writable, graph=graph("items"))) == (3, 400)
    assert patch(f"DELETE WHERE {{ ?s <{EX}c> ?o }}") == 204
    assert size(writable, graph=NEW) == 1
    assert patch(f"INSERT DATA {{ GRAPH <{EX}other> {{ <{EX}a> <{EX}b> 1 }} }}") == 422
    assert patch("LOAD <http://localhost/a>") == 403
    assert patch("ASK {}") == 400
    assert patch("INSERT DATA {") == 400
    assert patch("INSERT DATA {}", media="text/turtle") == 415
    assert patch("DELETE WHERE { ?s ?p ?o }") == 204
    assert size(writable, graph=NEW) == 0
    allowed = writable.options(STORE).headers
    assert "PATCH" in allowed["allow"]
    assert allowed["accept-patch"] == "application/sparql-update"


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


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("<<( <urn:a> <urn:b> 1 )>>", "RDF 1.2"),
        ('"hej"@da--ltr', "RDF 1.2"),
        ('"hej\\u0001"', "XML"),
        ('"hej\\uFFFE"@da', "XML"),
    ],
)
def test_what_no_format_can_hold_changes_nothing(
    writable: TestClient, tmp_path: Path, value: str, why: str
) -> None:
    before = current(tmp_path / "snapshots")
    triple = f"<{EX}a> <{EX}b> {value} ."
    update = {"update": f"INSERT DATA {{ GRAPH <{NEW}> {{ {triple} }} }}"}
    for answer in (
        writable.put(STORE, params={"graph": NEW}, content=triple, headers=TURTLE),
        writable.post("/sparql", data=update),
    ):
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("/bad-content")
        assert why in answer.json()["detail"]
        assert f"<{EX}a> <{EX}b>" in answer.json()["detail"]
    assert current(tmp_path / "snapshots") == before


def test_updates_change_named_graphs_in_one_piece(writable: TestClient) -> None:
    def send(text: str, **params: str) -> int:
        return writable.post("/sparql", data={"update": text}, params=params).status_code

    assert send(f"INSERT DATA {{ GRAPH <{NEW}> {{ <{EX}a> <{EX}b> 1 }} }}") == 204
    assert size(writable, graph=NEW) == 1
    assert send(f"INSERT DATA {{ GRAPH <{NEW}> {{ <{EX}a> <{EX}b> 2 }} }} ; oops") == 400
    assert send(f"LOAD <http://localhost/a> INTO GRAPH <{NEW}>") == 403
    assert size(writable, graph=NEW) == 1
    assert send("SELECT * {}") == 400
    copy = f"INSERT {{ GRAPH <{EX}copy> {{ ?s ?p ?o }} }} WHERE {{ ?s ?p ?o }}"
    assert send(copy, **{"using-graph-uri": NEW}) == 204
    assert size(writable, graph=EX + "copy") == 1
    assert send(f"DROP GRAPH <{NEW}>") == 204
    assert size(writable, graph=NEW) == -1


@pytest.mark.parametrize("text", ["DROP GRAPH <{g}>", "CREATE GRAPH <{g}>; CREATE GRAPH <{g}>"])
def test_what_can_be_read_and_not_be_done_is_not_called_no_sparql(
    writable: TestClient, text: str
) -> None:
    answer = writable.post("/sparql", data={"update": text.format(g=NEW)})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/cannot-be-done")
    assert size(writable, graph=NEW) == -1


def test_what_is_written_lasts_until_the_next_build_unless_it_is_put_in_data(
    writable: TestClient, tmp_path: Path
) -> None:
    for name in ("ontology", "data"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.ttl").write_text(f"<{EX}{name}> <{EX}b> 1 .", encoding="utf-8")
    assert writable.put(STORE, params={"default": ""}, content=ONE, headers=TURTLE).is_success
    turtle = writable.get("/graph/default", headers={"accept": "text/turtle"})
    (tmp_path / "data" / "rettelser.ttl").write_bytes(turtle.content)
    build(writable.app.state.service.settings)  # type: ignore[attr-defined]
    assert writable.post("/api/v1/admin/reload").is_success
    assert size(writable, graph=graph("default")) == -1
    assert size(writable, graph=graph("doc/rettelser")) == 1


def test_blank_nodes_stay_the_same_through_a_change_of_something_else(
    writable: TestClient,
) -> None:
    """Also between two graphs, which only an update can make share one."""
    both = f"GRAPH <{NEW}> {{ _:x <{EX}b> 1 }} GRAPH <{EX}other> {{ _:x <{EX}b> 2 }}"
    shared = f"ASK {{ GRAPH <{NEW}> {{ ?x ?p 1 }} GRAPH <{EX}other> {{ ?x ?p 2 }} }}"
    changes = [f"INSERT DATA {{ {both} }}", f"INSERT DATA {{ <{EX}a> <{EX}b> 3 }}"]
    for text in changes:
        assert writable.post("/sparql", data={"update": text}).status_code == 204
    patch = writable.patch(
        STORE,
        params={"graph": NEW},
        content=f"INSERT DATA {{ <{EX}a> <{EX}b> 4 }}",
        headers={"content-type": "application/sparql-update"},
    )
    assert patch.status_code == 204
    assert writable.get("/sparql", params={"query": shared}).json()["boolean"] is True
    sizes = [size(writable, graph=name) for name in (NEW, EX + "other", graph("default"))]
    assert sizes == [2, 1, 1]


def test_updates_of_the_default_graph_change_its_own_graph(writable: TestClient) -> None:
    def send(text: str) -> int:
        return writable.post("/sparql", data={"update": text}).status_code

    own = graph("default")
    assert send(f"INSERT DATA {{ <{EX}a> <{EX}b> 1, 2 }}") == 204
    assert (size(writable, graph=own), size(writable, default="")) == (2, 403)
    assert send(f"DELETE DATA {{ <{EX}a> <{EX}b> 1 }}") == 204
    assert (size(writable, graph=own), size(writable, default="")) == (1, 402)
    # What stands in another graph too can only be removed there.
    assert send(f"DELETE WHERE {{ <{EX}1> ?p ?o }}") == 400
    assert size(writable, default="") == 402
    assert send("CLEAR DEFAULT") == 204
    assert size(writable, default="") == 401
    # Removed with its graph and put back: not to be told from never touched, so nothing is lost.
    kept = f"INSERT DATA {{ <{EX}a> <{EX}b> 1 }}"
    assert send(kept) == 204
    assert send(f"CLEAR ALL ; {kept}") == 400
    assert send("CLEAR ALL") == 204
    assert size(writable, default="") == 0


def test_a_whole_graph_has_a_limit_of_its_own(tmp_path: Path) -> None:
    """Not that of free queries: all that the installation has is more than one answer may be."""
    queries = make(tmp_path / "a", query_bytes=1000)
    with TestClient(create_app(queries)) as reader:
        assert reader.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"}).status_code == 403
        for form in ("turtle", "ntriples", "nquads", "jsonld", "rdfxml"):
            answer = reader.get(f"{STORE}?default&format={form}")
            assert answer.status_code == 200
            assert len(answer.content) > 8 * 1000
    graphs = make(tmp_path / "b", graph_bytes=1000)
    with TestClient(create_app(graphs)) as reader:
        assert reader.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"}).status_code == 200
        told = reader.get(f"{STORE}?default")
        assert told.status_code == 403
        assert told.json()["type"].endswith("/size-limit")
        assert "Grafen fylder mere end 1000 byte" in told.json()["detail"]
        assert "ANSVARSGRAF_GRAPH_BYTES" in told.json()["detail"]
        assert reader.get("/graph/doc/one?format=ntriples").status_code == 200
