"""What the service says about itself."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.sparql.media import GRAPHS, SOLUTIONS
from graph_service.sparql.worker import GRAPH_FORMATS
from graph_service.vocabulary import DCAT, RDF, SD, VOID, graph

ADDRESSES = ["/sparql", "/.well-known/void", "/api/v1/catalog"]
ENDPOINT = ox.NamedNode("http://testserver/sparql")


def described(client: TestClient, address: str) -> ox.Store:
    store = ox.Store()
    store.load(client.get(address, headers={"accept": "text/turtle"}).content,
               format=ox.RdfFormat.TURTLE)  # fmt: skip
    return store


def values(client: TestClient, name: str) -> set[ox.NamedNode]:
    """What the description says of the service by a property of the vocabulary."""
    found = described(client, "/sparql").quads_for_pattern(ENDPOINT, ox.NamedNode(SD + name), None)
    return {quad.object for quad in found if isinstance(quad.object, ox.NamedNode)}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("name", GRAPH_FORMATS)
def test_every_description_comes_in_every_format(
    client: TestClient, address: str, name: str
) -> None:
    answer = client.get(address, params={"format": name})
    assert answer.status_code == 200
    triples = {str(q.triple) for q in ox.parse(answer.content, format=GRAPH_FORMATS[name])}
    assert triples == {str(q.triple) for q in described(client, address)}
    assert client.head(address).headers["content-type"].startswith("text/turtle")


def test_the_service_names_its_endpoint_language_formats_and_graphs(client: TestClient) -> None:
    store = described(client, "/sparql")
    node = ox.NamedNode

    def has(subject: ox.NamedNode, predicate: str, value: ox.NamedNode | ox.Literal) -> bool:
        return ox.Quad(subject, node(predicate), value) in store

    assert has(ENDPOINT, RDF + "type", node(SD + "Service"))
    assert has(ENDPOINT, SD + "endpoint", ENDPOINT)
    assert has(ENDPOINT, SD + "supportedLanguage", node(SD + "SPARQL11Query"))
    assert has(ENDPOINT, SD + "resultFormat", node("http://www.w3.org/ns/formats/Turtle"))
    counts = store.query(
        f"SELECT ?name ?n {{ ?dataset <{SD}namedGraph> ?g . ?g <{SD}name> ?name ; "
        f"<{SD}graph>/<{VOID}triples> ?n }}"
    )
    assert {(row["name"].value, row["n"].value) for row in counts} == {
        (graph("items"), "400"),
        (graph("doc/one"), "1"),
    }


def test_changes_and_what_they_are_read_from_are_described_where_they_can_be_made(
    client: TestClient, writable: TestClient
) -> None:
    update = ox.NamedNode(SD + "SPARQL11Update")
    assert update not in values(client, "supportedLanguage")
    assert values(client, "inputFormat") == set()
    assert update in values(writable, "supportedLanguage")
    formats = {"Turtle", "N-Triples", "JSON-LD", "RDF_XML"}
    told = {f"http://www.w3.org/ns/formats/{name}" for name in formats}
    assert {node.value for node in values(writable, "inputFormat")} == told
    medias = ("text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml")
    for media in medias:
        body = ox.serialize([], format=ox.RdfFormat.from_media_type(media))
        put = writable.put("/graph/new", content=body, headers={"content-type": media})
        assert put.is_success, put.text


def test_every_result_format_that_is_told_is_given(client: TestClient) -> None:
    told = {node.value for node in values(client, "resultFormat")}
    assert told == {form.iri for form in (*SOLUTIONS, *GRAPHS)}
    queries = [("SELECT * { ?s ?p ?o } LIMIT 1", SOLUTIONS), ("DESCRIBE <http://a>", GRAPHS)]
    for query, forms in queries:
        for form in forms:
            answer = client.get("/sparql", params={"query": query, "format": form.name})
            assert answer.headers["content-type"].startswith(form.media[0])


def test_the_features_that_are_told_hold(writable: TestClient) -> None:
    features = {node.value.removeprefix(SD) for node in values(writable, "feature")}
    assert features == {"UnionDefaultGraph", "EmptyGraphs"}

    def ask(query: str) -> bool:
        answer: bool = writable.get("/sparql", params={"query": query}).json()["boolean"]
        return answer

    both = "FILTER NOT EXISTS"
    assert not ask(f"ASK {{ ?s ?p ?o {both} {{ GRAPH ?g {{ ?s ?p ?o }} }} }}")
    assert not ask(f"ASK {{ GRAPH ?g {{ ?s ?p ?o }} {both} {{ ?s ?p ?o }} }}")
    headers = {"content-type": "text/turtle"}
    assert writable.put("/graph/none", content=b"", headers=headers).status_code == 201
    assert ask(f"ASK {{ GRAPH <{graph('none')}> {{}} }}")


def test_what_was_not_said_is_not_inferred(client: TestClient) -> None:
    """Simple entailment: under RDF, each predicate is a property."""
    regimes = {node.value for node in values(client, "defaultEntailmentRegime")}
    assert regimes == {"http://www.w3.org/ns/entailment/Simple"}
    query = "ASK { ?p a rdf:Property }"
    assert client.get("/sparql", params={"query": query}).json()["boolean"] is False


def test_the_dataset_and_the_catalogue_point_at_what_is_there(client: TestClient) -> None:
    store = described(client, "/.well-known/void")
    for predicate in ("sparqlEndpoint", "dataDump"):
        for quad in store.quads_for_pattern(None, ox.NamedNode(VOID + predicate), None):
            assert client.get(quad.object.value).status_code == 200
    store = described(client, "/api/v1/catalog")
    downloads = list(store.quads_for_pattern(None, ox.NamedNode(DCAT + "downloadURL"), None))
    assert len(downloads) == len(GRAPH_FORMATS)
    for quad in downloads:
        assert client.get(quad.object.value).status_code == 200


def test_no_words_of_ours_are_unknown_to_the_vocabularies(writable: TestClient) -> None:
    known = {"Service", "endpoint", "supportedLanguage", "resultFormat", "defaultDataset",
             "Dataset", "defaultGraph", "Graph", "namedGraph", "NamedGraph", "name", "graph",
             "SPARQL11Query", "SPARQL11Update", "feature", "UnionDefaultGraph", "EmptyGraphs",
             "inputFormat", "defaultEntailmentRegime"}  # fmt: skip
    used = {
        term.value.removeprefix(SD)
        for quad in described(writable, "/sparql")
        for term in (quad.predicate, quad.object)
        if term.value.startswith(SD)
    }
    assert used <= known
