"""The service on a second real engine, ``oxigraph serve``: same answers, its limits, its loss."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from graph_service.build.publish import current, manifest_of, publish
from graph_service.settings import PROJECT, Settings
from graph_service.store import StoreError
from graph_service.store.remote import RemoteStore, merged_graph
from graph_service.store.upload import upload
from tests.store.engine import Oxigraph, running
from tests.store.every_server import SLOW, Death, SameAnswers
from tests.store.publishing import ansvarsgraf, small, small_project

pytestmark = pytest.mark.long

#: As slow, and without a row until the end.
ONE = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f . FILTER(CONTAINS(STR(?d), STR(?b))) }"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oxigraph]:
    """A server that is removed afterwards."""
    with running(Oxigraph(tmp_path_factory.mktemp("oxigraph"))) as made:
        yield made


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Oxigraph, Settings]]:
    """A server of 6000 triples that ends every query after two seconds, and its settings."""
    with running(Oxigraph(tmp_path_factory.mktemp("hasty"), seconds=2)) as made:
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


class TestSameAnswers(SameAnswers):
    """On ``oxigraph serve``."""


class TestDeath(Death):
    """Of ``oxigraph serve``."""

    def engine(self, folder: Path) -> Oxigraph:
        return Oxigraph(folder)


@pytest.mark.parametrize("query", [SLOW, ONE], ids=["rows at once", "a row at the end"])
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
