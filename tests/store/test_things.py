"""What a snapshot says of each thing is the same by its index as by queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service.answers import Answers
from graph_service.api.as_of_facts import works_known
from graph_service.build.publish import current, publish
from graph_service.shaping import HIDDEN
from graph_service.store import Row, StoreError
from graph_service.store.embedded import EmbeddedStore
from graph_service.store.index import FILE
from graph_service.store.things import AT_ONCE, asked, asked_labels
from graph_service.vocabulary import thing

PART = 500


def test_every_thing_is_described_as_the_store_describes_it(answers: Answers) -> None:
    store = answers.store
    things = [row["s"].value for row in store.select("SELECT DISTINCT ?s { ?s ?p ?o }")]
    named = [iri for iri in things if iri.startswith("http")]
    assert len(named) > 20_000
    for start in range(0, len(named), PART):
        part = named[start : start + PART]
        assert Counter(store.about(part)) == Counter(asked(store, part))
        assert Counter(store.labels(part)) == Counter(asked_labels(store, part))


def test_a_fan_of_inferred_triples_is_left_out(answers: Answers) -> None:
    duty = [
        row["s"].value for row in answers.store.select("SELECT ?s { ?s ag:borneBy ?o } LIMIT 1")
    ]
    said = {predicate for _, predicate, _ in answers.store.about(duty)}
    assert said
    assert said.isdisjoint(HIDDEN)


def test_what_nobody_speaks_of_is_not_described(answers: Answers) -> None:
    law = thing("law", "sul-140")
    assert {s for s, _, _ in answers.store.about([law, thing("law", "sul-1400")])} == {law}
    assert list(answers.store.about([])) == []


def test_a_query_never_names_more_things_than_virtuoso_takes(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where all of a large answer is to be named at once."""
    store = answers.store
    labelled = [row["s"].value for row in store.select("SELECT ?s { ?s skos:prefLabel ?o }")]
    some = [iri for iri in dict.fromkeys(labelled) if iri.startswith("http")][: 2 * AT_ONCE + 1]
    queries: list[str] = []
    select = store.select

    def note(query: str) -> Iterator[Row]:
        queries.append(query)
        return select(query)

    monkeypatch.setattr(store, "select", note)
    for ask, kept in ((asked, store.about), (asked_labels, store.labels)):
        queries.clear()
        assert Counter(ask(store, some)) == Counter(kept(some))
        assert len(queries) == 3
    queries.clear()
    works_known(answers, some)
    assert all(query.count("<") <= AT_ONCE for query in queries)


#: Terms that a text file could spoil.
WICKED = [
    ox.Literal('a "quoted" \\ backslash,\nlines\r\n\tand ü ☃ 𝄞'),
    ox.Literal(" <http://x> <http://y> .\n<http://s> "),
    ox.Literal("hyggelig", language="da"),
    ox.Literal(140),
    ox.NamedNode("http://x/æøå?q=a%20b&c='"),
    ox.BlankNode("b1"),
]


@pytest.fixture
def wicked(tmp_path: Path) -> EmbeddedStore:
    graph, says = ox.NamedNode("urn:g"), ox.NamedNode("http://x/says")
    subjects = [*(ox.NamedNode(f"http://x/{n}") for n in ("a", "a/b", "å")), ox.BlankNode("b1")]
    publish([ox.Quad(s, says, o, graph) for s in subjects for o in WICKED], tmp_path)
    return EmbeddedStore(current(tmp_path))


def test_any_term_comes_back_as_it_was(wicked: EmbeddedStore) -> None:
    things = ["http://x/a", "http://x/a/b", "http://x/å"]
    found = list(wicked.about(things))
    for iri in things:
        named = [o for s, _, o in found if s == iri and not isinstance(o, ox.BlankNode)]
        assert Counter(named) == Counter(WICKED[:-1])
    assert sum(isinstance(o, ox.BlankNode) for _, _, o in found) == len(things)


def test_many_threads_read_at_once(answers: Answers) -> None:
    store = answers.store
    rows = store.select("SELECT ?s { ?s a ag:Responsibility } LIMIT 400")
    things = [row["s"].value for row in rows]
    parts = [things[start : start + 20] for start in range(0, len(things), 20)]
    alone = [Counter(store.about(part)) for part in parts]
    with ThreadPoolExecutor(8) as threads:
        asked_at_once = threads.map(lambda part: Counter(store.about(part)), parts * 10)
        assert list(asked_at_once) == alone * 10


def test_a_snapshot_of_an_earlier_version_is_asked_by_a_query(wicked: EmbeddedStore) -> None:
    (wicked.folder / FILE).unlink()
    before = EmbeddedStore(wicked.folder)
    assert Counter(before.about(["http://x/a"])) == Counter(wicked.about(["http://x/a"]))
    assert list(before.labels(["http://x/a"])) == []


def test_publishing_again_completes_a_snapshot_of_an_earlier_version(tmp_path: Path) -> None:
    quads = [ox.Quad(*(ox.NamedNode(f"urn:{x}") for x in "spog"))]
    publish(quads, tmp_path)
    file = current(tmp_path) / FILE
    file.unlink()
    publish(quads, tmp_path)
    assert file.is_file()


def test_a_spoilt_file_is_an_error_of_the_store(wicked: EmbeddedStore) -> None:
    file = wicked.folder / FILE
    file.write_bytes(b"no table" * 1000)
    with pytest.raises(StoreError, match=FILE):
        list(EmbeddedStore(wicked.folder).about(["http://x/a"]))
    with pytest.raises(StoreError, match=FILE):
        list(EmbeddedStore(wicked.folder).labels(["http://x/a"]))
