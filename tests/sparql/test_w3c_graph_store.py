"""The W3C suite http-rdf-update for the Graph Store Protocol: a manifest of texts.

Each test is written from the text of the entry it is named by, and begins with the state that the
entries before it leave. W3C has deprecated the suite in favour of graph-store-protocol, which
test_w3c_protocol runs.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.settings import Settings
from tests.sparql import w3c
from tests.sparql.conftest import TOKEN, make

#: Graphs at addresses of their own.
ONE, TWO, FOUR = "/graph/person/1.ttl", "/graph/person/2.ttl", "/graph/person/4.ttl"
STORE = "/rdf-graph-store"
DEFAULT = STORE + "?default"
TURTLE = {"content-type": "text/turtle; charset=utf-8"}
P = "PREFIX p: <http://example.org/person/> "
HANS, GRETE = P + 'p:1 p:card [ p:name "Hans" ] .', P + 'p:1 p:card [ p:name "Grete" ] .'
MORE = P + 'p:1 p:called "Grete" .'
GIVEN, FAMILY = P + 'p:1 p:given "Grete" .', P + 'p:1 p:family "Hansen" .'
NOBODY = P + '[] p:card [ p:name "Ingen" ] .'


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings: Settings = make(tmp_path_factory.mktemp("gsp"), admin_token=TOKEN)
    with TestClient(create_app(settings)) as made:
        made.headers["Authorization"] = f"Bearer {TOKEN}"
        yield made


def holding(client: TestClient, address: str, text: str | None) -> None:
    """Let the graph at an address hold this text, or not be there."""
    if text is None:
        client.delete(address)
    else:
        assert client.put(address, content=text, headers=TURTLE).status_code in (201, 204)


def must_hold(client: TestClient, address: str, *texts: str) -> None:
    """The graph at an address, as Turtle, must hold these texts and no more."""
    answer: httpx.Response = client.get(address, headers={"accept": "text/turtle"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert canonical(answer.text) == canonical(*texts)


def canonical(*texts: str) -> object:
    return w3c.canonical(quad for text in texts for quad in ox.parse(text, ox.RdfFormat.TURTLE))


def test_put__initial_state(client: TestClient) -> None:
    holding(client, ONE, None)
    assert client.put(ONE, content=HANS, headers=TURTLE).status_code == 201


def test_get_of_put__initial_state(client: TestClient) -> None:
    holding(client, ONE, HANS)
    must_hold(client, f"{STORE}?graph=http://testserver{ONE}", HANS)


def test_put__graph_already_in_store(client: TestClient) -> None:
    holding(client, ONE, HANS)
    assert client.put(ONE, content=GRETE, headers=TURTLE).status_code == 204


def test_get_of_put__graph_already_in_store(client: TestClient) -> None:
    holding(client, ONE, HANS)
    holding(client, ONE, GRETE)
    must_hold(client, ONE, GRETE)


def test_put__default_graph(client: TestClient) -> None:
    holding(client, DEFAULT, None)
    assert client.put(DEFAULT, content=NOBODY, headers=TURTLE).status_code == 201


def test_get_of_put__default_graph(client: TestClient) -> None:
    """The default graph merges all graphs: those that were there stay in it."""
    holding(client, DEFAULT, None)
    before = client.get(DEFAULT).text
    holding(client, DEFAULT, NOBODY)
    must_hold(client, DEFAULT, before, NOBODY)
    must_hold(client, "/graph/default", NOBODY)


def test_delete__existing_graph(client: TestClient) -> None:
    holding(client, TWO, HANS)
    assert client.delete(TWO).status_code in (200, 204)


def test_get_of_delete__existing_graph(client: TestClient) -> None:
    holding(client, TWO, HANS)
    holding(client, TWO, None)
    assert client.get(TWO).status_code == 404


def test_delete__nonexistent_graph(client: TestClient) -> None:
    holding(client, TWO, None)
    assert client.delete(TWO).status_code == 404


def test_post__existing_graph(client: TestClient) -> None:
    holding(client, ONE, GRETE)
    assert client.post(ONE, content=MORE, headers=TURTLE).status_code in (200, 204)


def test_get_of_post__existing_graph(client: TestClient) -> None:
    """The text of the entry expects a name that nothing before it wrote; here, what was written."""
    holding(client, ONE, GRETE)
    assert client.post(ONE, content=MORE, headers=TURTLE).is_success
    must_hold(client, ONE, GRETE, MORE)


def parts(client: TestClient) -> httpx.Response:
    files = [
        (name, (name, text, TURTLE["content-type"]))
        for name, text in (("family.ttl", FAMILY), ("given.ttl", GIVEN))
    ]
    answer: httpx.Response = client.post(ONE, files=files)
    return answer


def test_post__multipart_formdata(client: TestClient) -> None:
    holding(client, ONE, GRETE)
    assert parts(client).status_code in (200, 204)


def test_get_of_post__multipart_formdata(client: TestClient) -> None:
    holding(client, ONE, GRETE)
    assert parts(client).is_success
    must_hold(client, ONE, GRETE, FAMILY, GIVEN)


def test_post__create__new_graph(client: TestClient) -> None:
    answer = client.post(STORE, content=NOBODY, headers=TURTLE)
    assert answer.status_code == 201
    assert answer.headers["location"].startswith("http://testserver/graph/")


def test_get_of_post__create__new_graph(client: TestClient) -> None:
    new = client.post(STORE, content=NOBODY, headers=TURTLE).headers["location"]
    must_hold(client, new, NOBODY)


def test_get_of_post__after_noop(client: TestClient) -> None:
    new = client.post(STORE, content=NOBODY, headers=TURTLE).headers["location"]
    assert client.post(new, content="", headers=TURTLE).status_code in (200, 204)
    must_hold(client, new, NOBODY)


def test_head_on_an_existing_graph(client: TestClient) -> None:
    holding(client, ONE, HANS)
    head, get = client.head(ONE), client.get(ONE)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length"):
        assert head.headers[name] == get.headers[name]


def test_head_on_a_nonexisting_graph(client: TestClient) -> None:
    assert client.head(FOUR).status_code == 404


@pytest.mark.w3c
def test_each_entry_has_its_test() -> None:
    w3c.must_be_written("http-rdf-update", globals())
