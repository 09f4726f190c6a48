"""A graph kept in memory answers as the one on disk does."""

from __future__ import annotations

import threading
from dataclasses import replace

import pyoxigraph as ox
import pytest

from graph_service.answers import Answers
from graph_service.build.publish import current
from graph_service.questions import registry
from graph_service.service import Service
from graph_service.settings import Settings
from graph_service.store.embedded import EmbeddedStore
from graph_service.vocabulary import thing


@pytest.fixture(scope="module")
def in_memory(settings: Settings) -> Answers:
    store = EmbeddedStore(current(settings.snapshots))
    store.keep_in_memory()
    return Answers(store, registry())


@pytest.mark.parametrize("name", sorted(registry()))
def test_every_question_has_the_same_rows_in_the_same_order(
    name: str, answers: Answers, in_memory: Answers
) -> None:
    example = registry()[name].example
    assert in_memory.rows(name, example) == answers.rows(name, example)


def test_named_graphs_are_still_answered_from_disk(answers: Answers, in_memory: Answers) -> None:
    law = [thing("law", "sul-140")]
    assert set(in_memory.quads(law)) == set(answers.quads(law))
    assert in_memory.quads(law)
    for query in ("graph ?g", "GRAPH\n?g", "GRAPH <https://w3id.org/ansvarsgraf/graph/law>"):
        wanted = f"SELECT ?s WHERE {{ {query} {{ ?s ?p ?o }} }} LIMIT 3"
        assert len(list(in_memory.store.select(wanted))) == len(list(answers.store.select(wanted)))


def test_what_the_graph_does_not_describe(in_memory: Answers) -> None:
    assert in_memory.exists(thing("law", "sul-140"))
    assert not in_memory.exists(thing("law", "sul-1400"))
    assert not in_memory.exists("no IRI at all")


@pytest.mark.parametrize("most", [0, 10_000_000])
def test_only_a_graph_that_is_not_large_is_kept_in_memory(settings: Settings, most: int) -> None:
    service = Service(replace(settings, memory_triples=most))
    store = service.answers.store
    assert isinstance(store, EmbeddedStore)
    for thread in threading.enumerate():
        if thread.name == "memory":
            thread.join(60)
    kept = store._merged is not store._disk
    assert kept == bool(most)
    assert store.describes(ox.NamedNode(thing("law", "sul-140")))
