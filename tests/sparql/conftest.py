"""A small published graph, and the service over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import current, publish
from graph_service.settings import Settings
from graph_service.vocabulary import AG, graph, thing

EX = "http://example.org/"
TOKEN = "hemmelig"
#: A query that never ends within a test: a product of three times all triples.
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
#: A query that takes all memory: it sorts a product.
HUNGRY = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f ?i"


def quads(count: int = 400) -> Iterator[ox.Quad]:
    """A graph of things with awkward labels, and one of ours with a bearer."""
    items, other = ox.NamedNode(graph("items")), ox.NamedNode(graph("doc/one"))
    label = ox.NamedNode(EX + "label")
    for number in range(count):
        text = f'værdi {number}, "citat"\n<tag> }},{{ \\ ;'
        yield ox.Quad(ox.NamedNode(f"{EX}{number}"), label, ox.Literal(text, language="da"), items)
    duty = ox.NamedNode(thing("responsibility", "a"))
    yield ox.Quad(duty, ox.NamedNode(AG + "bearer"), ox.NamedNode(thing("actor", "kommune")), other)


def make(folder: Path, **changed: object) -> Settings:
    """Settings over a small graph published in ``folder``."""
    publish(quads(), folder / "snapshots")
    settings = Settings(
        project=folder,
        snapshots=folder / "snapshots",
        corpus=None,
        public_url="http://testserver",
        workers=1,
        query_seconds=5.0,
        query_rows=5000,
    )
    return replace(settings, **changed)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings over the small graph, for tests that change nothing."""
    return make(tmp_path_factory.mktemp("sparql"))


@pytest.fixture(scope="session")
def folder(published: Settings) -> Path:
    """Folder of its snapshot."""
    return current(published.snapshots)


@pytest.fixture(scope="session")
def client(published: Settings) -> Iterator[TestClient]:
    """A client of a service over the small graph."""
    with TestClient(create_app(published)) as made:
        yield made


@pytest.fixture
def writable(tmp_path: Path) -> Iterator[TestClient]:
    """A client of a service that may be changed with :data:`TOKEN`, over a graph of its own."""
    settings = make(tmp_path, admin_token=TOKEN)
    with TestClient(create_app(settings)) as made:
        made.headers["Authorization"] = f"Bearer {TOKEN}"
        yield made
