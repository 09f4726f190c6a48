"""A snapshot answers from the files beside its store, and without them from the store alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graph_service.answers import Answers
from graph_service.build.publish import current
from graph_service.questions import registry
from graph_service.service import Service
from graph_service.settings import Settings
from graph_service.store import StoreError, index, tables
from graph_service.store.embedded import EmbeddedStore
from graph_service.vocabulary import ag, thing

ASKED = ("who-under-provision", "due-by", "initiative-counts", "role-card", "tasks")


@pytest.fixture
def copy(settings: Settings, tmp_path: Path) -> Path:
    """A copy of the snapshot's folder."""
    return shutil.copytree(current(settings.snapshots), tmp_path / "copy")


def test_a_snapshot_of_an_earlier_version_answers_too(copy: Path, answers: Answers) -> None:
    (copy / index.FILE).unlink()
    without = Answers(EmbeddedStore(copy), registry())
    for name in ASKED:
        example = registry()[name].example
        assert without.rows(name, example) == answers.rows(name, example) != []
    duties = answers.page("responsibilities", {}, limit=3).things
    assert without.page("responsibilities", {}, limit=3).things == duties
    assert without.describe(duties) == answers.describe(duties)


def test_a_thing_can_be_described_that_has_a_value_without_a_name(answers: Answers) -> None:
    (said,) = answers.describe([ag("mentionedIn")])
    assert said["property_chain_axiom"]


def test_what_stands_for_a_thing_is_the_same_however_much_is_remembered(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    duties = answers.page("responsibilities", {}, limit=60).things
    whole = answers.describe(duties)
    monkeypatch.setattr("graph_service.answers.KEPT_LABELS", 10)
    fresh = Answers(answers.store, answers.questions)
    assert [fresh.describe([duty])[0] for duty in duties] == whole
    assert fresh.describe(duties) == whole


@pytest.mark.parametrize("name", ["initiatives", "events", "responsibilities"])
def test_a_list_by_another_key_is_the_same_from_both(
    name: str, copy: Path, answers: Answers
) -> None:
    (copy / index.FILE).unlink()
    without = Answers(EmbeddedStore(copy), registry())
    for key in registry()[name].sorts:
        for down in (False, True):
            page = answers.page(name, {}, sort=key, descending=down)
            assert without.page(name, {}, sort=key, descending=down) == page
            assert page.total


def test_a_spoilt_file_is_an_error_of_the_store(copy: Path) -> None:
    (copy / index.FILE).write_bytes(b"no table" * 1000)
    with pytest.raises(StoreError, match=index.FILE):
        EmbeddedStore(copy)


def test_named_graphs_are_asked_of_the_store(answers: Answers) -> None:
    law = [thing("law", "sul-140")]
    named = {quad.graph_name for quad in answers.quads(law)}
    assert named
    for query in ("graph ?g", "GRAPH\n?g", f"GRAPH {named.pop()}"):
        wanted = f"SELECT ?s WHERE {{ {query} {{ ?s ?p ?o }} }} LIMIT 3"
        assert len(list(answers.store.select(wanted))) == 3


def test_what_the_graph_does_not_describe(answers: Answers) -> None:
    assert answers.exists(thing("law", "sul-140"))
    assert not answers.exists(thing("law", "sul-1400"))
    assert not answers.exists("no IRI at all")


def test_what_is_let_go_is_found_again(copy: Path) -> None:
    own = Answers(EmbeddedStore(copy), registry())
    example = registry()["who-under-provision"].example
    before = own.rows("who-under-provision", example)
    shown = own.table(own.solutions("who-under-provision", example))
    listed = own.page("tasks", {}).things
    own.let_go()
    assert not own._shown and not own._labels
    assert isinstance(own.store, EmbeddedStore) and own.store._index
    assert not any(own.store._index.forward) and not own.store._index.terms
    assert own.rows("who-under-provision", example) == before != []
    assert own.table(own.solutions("who-under-provision", example)) == shown
    assert own.page("tasks", {}).things == listed


def read_by_this_process() -> int:
    """Bytes that calls of read(2) and the like have given so far."""
    (line,) = (s for s in Path("/proc/self/io").read_text().splitlines() if s.startswith("rchar:"))
    return int(line.removeprefix("rchar:"))


@pytest.mark.parametrize("room", [True, False])
def test_the_index_is_read_in_when_a_snapshot_is_taken_in_service(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, room: bool
) -> None:
    """Unless the machine has no room for it."""
    size = (current(settings.snapshots) / index.FILE).stat().st_size
    monkeypatch.setattr(tables, "LARGEST", size if room else size - 1)
    before = read_by_this_process()
    Service(settings).reload()
    assert (read_by_this_process() - before >= size) == room


def test_an_index_that_cannot_be_read_in_is_an_error_of_the_store(copy: Path) -> None:
    store = EmbeddedStore(copy)
    (copy / index.FILE).unlink()
    with pytest.raises(StoreError, match=index.FILE):
        store.read_in()
