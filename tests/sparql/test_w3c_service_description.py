"""The W3C suite for the service description: a manifest of texts.

Each test is written from the name of the entry it is named by, and the Service Description's own
vocabulary, section 3.
"""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.vocabulary import RDF, SD
from tests.sparql import w3c

ENDPOINT = "http://testserver/sparql"
#: Property → class of its subjects, class of its objects where they must have one here.
PROPERTIES = {
    "endpoint": ("Service", None),
    "supportedLanguage": ("Service", None),
    "feature": ("Service", None),
    "resultFormat": ("Service", None),
    "inputFormat": ("Service", None),
    "defaultEntailmentRegime": ("Service", None),
    "defaultDataset": ("Service", "Dataset"),
    "defaultGraph": ("Dataset", "Graph"),
    "namedGraph": ("Dataset", "NamedGraph"),
    "name": ("NamedGraph", None),
    "graph": ("NamedGraph", "Graph"),
}


def description(client: TestClient) -> ox.Store:
    """What a GET of the endpoint without a query gives, read by the media type it says."""
    answer = client.get("/sparql")
    assert answer.status_code == 200
    form = ox.RdfFormat.from_media_type(answer.headers["content-type"])
    assert form is not None
    store = ox.Store()
    store.load(answer.content, format=form)
    return store


def test_returns_rdf(client: TestClient) -> None:
    assert len(description(client)) > 0


def test_has_endpoint_triple(client: TestClient) -> None:
    endpoint = ox.NamedNode(SD + "endpoint")
    assert list(description(client).quads_for_pattern(None, endpoint, ox.NamedNode(ENDPOINT)))


def test_conforms_to_schema(writable: TestClient) -> None:
    """Every property is one of the vocabulary, between things of the classes that it joins."""
    store = description(writable)

    def of_class(node: object, name: str | None) -> bool:
        kind = ox.NamedNode(RDF + "type")
        assert isinstance(node, ox.NamedNode)
        return name is None or ox.Quad(node, kind, ox.NamedNode(SD + name)) in store

    for quad in store:
        if not quad.predicate.value.startswith(SD):
            continue
        domain, range = PROPERTIES[quad.predicate.value.removeprefix(SD)]
        assert of_class(quad.subject, domain), quad
        assert of_class(quad.object, range), quad


@pytest.mark.w3c
def test_each_entry_has_its_test() -> None:
    w3c.must_be_written("service-description", globals())
