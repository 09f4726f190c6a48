"""The service on a second real engine, ``oxigraph serve``: same answers, its limits, its loss."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from graph_service.answers import Answers
from graph_service.api.app import create_app
from graph_service.build.publish import current, manifest_of, publish
from graph_service.questions import registry
from graph_service.service import Service
from graph_service.settings import PROJECT, Settings
from graph_service.store import StoreError
from graph_service.store.remote import RemoteStore, merged_graph
from graph_service.store.upload import upload
from tests.store.compare import assert_same_rows
from tests.store.engine import Oxigraph
from tests.store.publishing import ansvarsgraf, small, small_project

pytestmark = pytest.mark.long

QUESTIONS = registry()
#: Nothing answers these in seconds; the first gives rows at once, the other none until the end.
MANY = "SELECT ?a ?d WHERE { ?a ?p ?b . ?c ?q ?d . FILTER(CONTAINS(STR(?d), STR(?b))) }"
ONE = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f . FILTER(CONTAINS(STR(?d), STR(?b))) }"


@contextmanager
def running(folder: Path, seconds: int = 60) -> Iterator[Oxigraph]:
    """A server, and nothing left of it."""
    made = Oxigraph(folder, seconds)
    try:
        made.start()
        yield made
    finally:
        made.remove()
        assert not made.folder.exists()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oxigraph]:
    """A server that is removed afterwards."""
    with running(tmp_path_factory.mktemp("oxigraph")) as made:
        yield made


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Oxigraph, Settings]]:
    """A server of 6000 triples that ends every query after two seconds, and its settings."""
    with running(tmp_path_factory.mktemp("hasty"), seconds=2) as made:
        folder = tmp_path_factory.mktemp("snapshots")
        settings = replace(made.settings(Settings(PROJECT, folder, None)), query_seconds=30.0)
        publish(small(3000), settings.snapshots, lambda folder: upload(settings, folder))
        yield made, settings


@pytest.fixture(scope="module")
def loaded(server: Oxigraph, settings: Settings) -> Settings:
    made = replace(server.settings(settings), query_seconds=30.0)
    folder = current(made.snapshots)
    assert upload(made, folder) == manifest_of(folder).triples
    return made


@pytest.fixture(scope="module")
def remote(loaded: Settings) -> Answers:
    return Service(loaded).answers


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_gives_the_same_rows(name: str, answers: Answers, remote: Answers) -> None:
    assert_same_rows(QUESTIONS[name], answers, remote)


def test_pages_and_data_are_the_same(settings: Settings, loaded: Settings) -> None:
    here, there = TestClient(create_app(settings)), TestClient(create_app(loaded))
    for path in ("/api/v1/responsibilities?limit=5", "/api/v1/search?q=genoptr", "/ansvar"):
        one, other = here.get(path), there.get(path)
        assert (one.status_code, other.status_code) == (200, 200), path
        assert other.text == one.text


@pytest.mark.parametrize("query", [MANY, ONE], ids=["rows at once", "a row at the end"])
@pytest.mark.parametrize("seconds", [1.0, 30.0], ids=["our limit", "the server's limit"])
def test_a_slow_query_gives_no_partial_rows(
    hasty: tuple[Oxigraph, Settings], query: str, seconds: float
) -> None:
    server, settings = hasty
    store = RemoteStore(server.url, current(settings.snapshots).name, seconds)
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"more than|ReadTimeout|no SPARQL results JSON"):
        next(store.select(query))
    assert time.monotonic() - began < 10.0


def test_what_the_server_ends_is_200_with_half_an_answer_and_words_in_it(
    hasty: tuple[Oxigraph, Settings],
) -> None:
    server, settings = hasty
    form = {"query": ONE, "default-graph-uri": merged_graph(current(settings.snapshots).name)}
    head = {"Accept": "application/sparql-results+json"}
    answer = httpx.post(server.url, data=form, headers=head, timeout=30)
    assert answer.status_code == 200
    assert answer.text.endswith("The SPARQL operation has been cancelled")


def test_the_command_publishes_there_and_asks_there(
    hasty: tuple[Oxigraph, Settings], tmp_path: Path
) -> None:
    server, _ = hasty
    made = server.settings(Settings(small_project(tmp_path / "p"), tmp_path / "s", None))
    built = ansvarsgraf(made, "build", "--publish")
    assert (built.returncode, built.stderr.count("Lageret")) == (0, 0)
    assert merged_graph(current(made.snapshots).name) in server.graphs()
    shown = ansvarsgraf(made, "show", "body:b0")
    assert (shown.returncode, "Udvalg 0" in shown.stdout) == (0, True)


def test_an_answer_cut_off_by_the_death_of_the_server_is_503_and_it_recovers(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "oxigraph") as server:
        settings = server.settings(Settings(PROJECT, tmp_path / "snapshots", None))
        publish(small(3000), settings.snapshots, lambda folder: upload(settings, folder))
        client = TestClient(create_app(settings))
        store = RemoteStore(settings.store, current(settings.snapshots).name, 30.0)
        killing = threading.Timer(1.0, server.kill)
        killing.start()
        with pytest.raises(StoreError, match=r"RemoteProtocolError|ConnectError|ReadError"):
            next(store.select(MANY))
        killing.join()
        lost = client.get("/api/v1/things/body/b1")
        assert (lost.status_code, lost.headers["retry-after"]) == (503, "5")
        server.start()
        back = client.get("/api/v1/things/body/b1")
        assert (back.status_code, "Udvalg 1" in back.text) == (200, True)
