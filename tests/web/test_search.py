"""Search finds by stem, part of a compound, beginning, synonym, abbreviation and paragraph."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_service.answers import Answers
from graph_service.build.publish import current
from graph_service.danish import normalise, split_compound, stem, words
from graph_service.search import SearchIndex, index_of
from graph_service.search.file import FILE, Said, fill
from graph_service.settings import Settings
from graph_service.store import StoreError
from graph_service.store.embedded import EmbeddedStore
from graph_service.vocabulary import kind_and_slug
from tests.store.disk import refusing

ROWS = [
    ("https://w3id.org/ansvarsgraf/id/actor/almen-praksis", "label", "Almen praksis"),
    ("https://w3id.org/ansvarsgraf/id/actor/almen-praksis", "alt", "egen læge"),
    ("https://w3id.org/ansvarsgraf/id/task/genoptraening", "label", "Genoptræning"),
    ("https://w3id.org/ansvarsgraf/id/message/ggop", "label", "Genoptræningsplan"),
    ("https://w3id.org/ansvarsgraf/id/message/ggop", "alt", "GOP"),
    ("https://w3id.org/ansvarsgraf/id/topic/plan", "label", "Plan for en sygdom"),
    ("https://w3id.org/ansvarsgraf/id/law/sul-140", "label", "Sundhedsloven § 140"),
    ("https://w3id.org/ansvarsgraf/id/law/sel-140", "label", "Serviceloven § 140, stk. 2"),
    (
        "https://w3id.org/ansvarsgraf/id/actor/hjemmesygepleje",
        "label",
        "Den kommunale hjemmesygepleje",
    ),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    return of_rows(ROWS, tmp_path_factory.mktemp("small"))


def of_rows(rows: Iterable[Said], folder: Path) -> SearchIndex:
    """The index of these texts."""
    fill(rows, folder)
    return SearchIndex(folder)


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("genoptræningen", "genoptraening"),
        ("GOP", "ggop"),
        ("egen læge", "almen-praksis"),
        ("hjemmesygepl", "hjemmesygepleje"),
        ("sundhedsloven §140", "sul-140"),
        ("serviceloven § 140 stk 2", "sel-140"),
        ("SYGDOMMEN", "plan"),
        ("genoptrænning", "genoptraening"),
    ],
)
def test_finds(small: SearchIndex, query: str, slug: str) -> None:
    assert small.search(query)[0].slug == slug


def test_part_of_a_compound_finds_it(small: SearchIndex) -> None:
    assert "ggop" in [hit.slug for hit in small.search("plan")]


def test_nothing_for_nothing(small: SearchIndex) -> None:
    assert small.search("") == []
    assert small.search("   ?? ") == []
    assert small.search("xyzzyqw") == []


@given(st.text(max_size=80), st.integers(1, 5))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_finds_things_of_ours_once_best_first(
    small: SearchIndex, query: str, limit: int
) -> None:
    hits = small.search(query, limit)
    assert len({h.iri for h in hits}) == len(hits) <= limit
    assert {h.iri for h in hits} <= {iri for iri, _, _ in ROWS}
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


@given(st.text(max_size=80))
def test_any_text_has_words_or_none_each_once(text: str) -> None:
    found = words(text)
    assert all(word and word == word.strip() for word in found)
    assert len(set(found)) == len(found)


@given(st.lists(st.from_regex("[a-zæøå]{1,12}", fullmatch=True)), st.sampled_from(" .,?!/\n"))
def test_words_are_read_in_order_whatever_stands_between(written: list[str], sign: str) -> None:
    found = list(dict.fromkeys(stem(word) for word in written))
    assert words(sign.join(written)) == words(sign.join(written).upper()) == found


def test_only_some_kinds(small: SearchIndex) -> None:
    assert {hit.kind for hit in small.search("140", kinds=("law",))} == {"law"}


def test_provisions_have_one_form() -> None:
    for text in ("§ 140, stk. 2", "§140 stk2", "paragraf 140 stk 2", "Paragraffen 140, stk. 2"):
        assert words(text) == ["§140", "stk2"], text
    assert "§140" in normalise("§ 140")
    assert "stk2" in normalise("stk. 2")


def test_compounds_are_split_at_known_words() -> None:
    known = {stem(w) for w in ("genoptræning", "plan", "hjerte", "patient")}
    assert split_compound(stem("genoptræningsplan"), known) == [stem("genoptræning"), "plan"]


@pytest.mark.parametrize(
    ("query", "kind", "slug"),
    [
        ("XREF15", "message", "xref15"),
        ("egen læge", "actor", "almen-praksis"),
        ("§140", "law", "sul-140"),
        ("SAM:BO", "agreement", "sam-bo"),
        ("odense", "organisation", "odense-kommune"),
    ],
)
def test_first_hit_on_the_real_graph(answers: Answers, query: str, kind: str, slug: str) -> None:
    first = answers.search.search(query)[0]
    assert (first.kind, first.slug) == (kind, slug)


def test_programs_get_the_same_search(client: TestClient) -> None:
    answer = client.get("/api/v1/search?q=XREF15&limit=3", headers={"accept": "application/json"})
    assert answer.status_code == 200
    body = answer.json()
    assert body["items"][0]["id"] == "xref15"
    assert body["items"][0]["page"].endswith("/ting/message/xref15")
    assert len(body["items"]) == 3
    assert client.get("/api/v1/search?q=a&limit=0").status_code == 400
    assert client.get("/api/v1/search?q=a&kind=robot").status_code == 400


QUERIES = ("genoptræningsplan", "egen læge", "hjerte", "§ 140", "udskr", "komune", "skal kommunen")


def test_a_snapshot_of_an_earlier_version_is_searched_too(
    settings: Settings, tmp_path: Path, answers: Answers
) -> None:
    copy = shutil.copytree(current(settings.snapshots), tmp_path / "copy")
    (copy / FILE).unlink()
    without = index_of(copy, EmbeddedStore(copy))
    for query in QUERIES:
        assert without.search(query) == answers.search.search(query) != []
    assert not (copy / FILE).exists()


def test_a_spoilt_file_is_an_error_of_the_store(tmp_path: Path, answers: Answers) -> None:
    (tmp_path / FILE).write_bytes(b"no table" * 1000)
    with pytest.raises(StoreError, match=FILE):
        index_of(tmp_path, answers.store)


def test_a_full_disk_is_told_with_a_number(tmp_path: Path) -> None:
    rows = [(f"{ROWS[0][0]}-{n}", "label", f"Navn nummer {n}") for n in range(4_000)]
    with refusing(50_000):
        fill(rows, tmp_path)


def test_what_things_are_called_finds_them(answers: Answers) -> None:
    rows = answers.rows("searchable", {})
    named = [
        (row["thing"].value, row["words"].value) for row in rows if row["role"].value != "text"
    ]
    kinds = {"actor", "body", "initiative", "law", "agreement", "task", "message"}
    for thing, name in random.Random(1).sample(named, 400):
        if (kind := (kind_and_slug(thing) or ("", ""))[0]) in kinds:
            found = answers.search.search(name, 400, (kind,))
            assert thing in [hit.iri for hit in found], name


def test_the_same_texts_in_any_order_give_the_same_file(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder, rows in zip(folders, (ROWS, ROWS[::-1]), strict=True):
        folder.mkdir()
        fill(rows, folder)
    assert (folders[0] / FILE).read_bytes() == (folders[1] / FILE).read_bytes()
