"""What the service says about itself."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.sparql.worker import GRAPH_FORMATS
from graph_service.vocabulary import DCAT, RDF, SD, VOID, graph

ADDRESSES = ["/sparql", "/.well-known/void", "/api/v1/catalog"]
ENDPOINT = ox.NamedNode("http://testserver/sparql")


def described(client: TestClient, address: str) -> ox.Store:
    store = ox.Store()
    store.load(client.get(address, headers={"accept": "text/turtle"}).content,
               format=ox.RdfFormat.TURTLE)  # fmt: skip
    return store


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


def test_no_words_of_ours_are_unknown_to_the_vocabularies(client: TestClient) -> None:
    known = {"Service", "endpoint", "supportedLanguage", "resultFormat", "defaultDataset",
             "Dataset", "defaultGraph", "Graph", "namedGraph", "NamedGraph", "name", "graph",
             "SPARQL11Query"}  # fmt: skip
    used = {
        term.value.removeprefix(SD)
        for quad in described(client, "/sparql")
        for term in (quad.predicate, quad.object)
        if term.value.startswith(SD)
    }
    assert used <= known
