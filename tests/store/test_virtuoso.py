"""The whole service on a real Virtuoso 7: same answers, its limits, its loss, its snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyoxigraph as ox
import pytest
from fastapi.testclient import TestClient

from graph_service.answers import Answers
from graph_service.api.app import create_app
from graph_service.build.publish import current, manifest_of, publish
from graph_service.questions import registry
from graph_service.search import SearchIndex
from graph_service.service import Service
from graph_service.settings import PROJECT, Settings
from graph_service.store import StoreError
from graph_service.store import upload as uploading
from graph_service.store.remote import RemoteStore, merged_graph
from graph_service.store.upload import upload
from graph_service.vocabulary import AG, ID, RDF, SKOS, graph
from tests.store.compare import askings, by_value
from tests.store.engine import INI, Virtuoso

pytestmark = pytest.mark.virtuoso
QUESTIONS = registry()
#: Nothing answers this in a second: every triple against every other.
SLOW = "SELECT ?a ?d WHERE { ?a ?p ?b . ?c ?q ?d . FILTER(CONTAINS(STR(?d), STR(?b))) }"
STOPPED = r"stopped early|more than 1 s|ReadTimeout"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtuoso]:
    """A server that is removed afterwards."""
    made = Virtuoso(tmp_path_factory.mktemp("virtuoso"))
    try:
        made.start()
        yield made
    finally:
        made.remove()
        assert not made.folder.exists()


def loaded_by(server: Virtuoso, settings: Settings) -> Settings:
    """Settings of a service over the project's own graph, once it lies on a server."""
    made = replace(server.settings(settings), query_seconds=60.0)
    folder = current(made.snapshots)
    assert upload(made, folder) == manifest_of(folder).triples
    return made


@pytest.fixture(scope="module")
def loaded(server: Virtuoso, settings: Settings) -> Settings:
    return loaded_by(server, settings)


@pytest.fixture(scope="module")
def remote(loaded: Settings) -> Answers:
    return Service(loaded).answers


# -- the same answers -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_gives_the_same_rows(name: str, answers: Answers, remote: Answers) -> None:
    asked: list[dict[str, str]] = []
    for values in askings(QUESTIONS[name], answers):
        if values not in asked:
            asked.append(values)
            here, there = (by_value(a.rows(name, values)) for a in (answers, remote))
            assert there == here, values


@pytest.mark.parametrize("name", [q.name for q in QUESTIONS.values() if q.kind == "list"])
def test_a_list_is_cut_in_the_same_pages(name: str, answers: Answers, remote: Answers) -> None:
    example = dict(QUESTIONS[name].example)
    assert remote.count(name, example) == answers.count(name, example)
    for sort in ["", *QUESTIONS[name].sorts]:
        cursor = ""
        for _ in range(3):
            here, there = (
                a.page(name, example, limit=5, cursor=cursor, sort=sort) for a in (answers, remote)
            )
            assert there == here
            cursor = here.cursor
            if not cursor:
                break


def test_things_are_described_the_same(answers: Answers, remote: Answers) -> None:
    for name in ("responsibilities", "initiatives", "agreements", "events", "findings"):
        things = answers.page(name, {}, limit=10).things
        assert remote.describe(things) == answers.describe(things)
        assert {str(q) for q in remote.quads(things)} == {str(q) for q in answers.quads(things)}
        assert remote.labels(things) == answers.labels(things)
        assert {str(t) for t in remote.triples(things)} == {str(t) for t in answers.triples(things)}
    assert not remote.exists(ID + "body/findes-ikke")
    assert remote.slugs("body") == answers.slugs("body")
    assert remote.fields == answers.fields


def test_search_finds_the_same(answers: Answers, remote: Answers) -> None:
    here, there = (
        SearchIndex(
            sorted(
                (r["thing"].value, r["role"].value, r["words"].value)
                for r in a.rows("searchable", {})
            )
        )
        for a in (answers, remote)
    )
    for words in ("genoptræningsplan", "egen læge", "epikrise frist", "§ 140"):
        assert there.search(words) == here.search(words) != []


def test_pages_and_data_are_the_same(settings: Settings, loaded: Settings) -> None:
    here, there = TestClient(create_app(settings)), TestClient(create_app(loaded))
    for path in (
        "/api/v1/responsibilities?limit=5",
        "/api/v1/initiatives?limit=5&format=nquads",
        "/api/v1/search?q=genoptræningsplan",
        "/ansvar",
        "/indsatser",
    ):
        one, other = here.get(path), there.get(path)
        assert (one.status_code, other.status_code) == (200, 200), path
        if "nquads" in path:
            assert sorted(other.text.splitlines()) == sorted(one.text.splitlines())
        else:
            assert other.text == one.text


# -- limits ---------------------------------------------------------------------------------------


def test_a_slow_query_is_stopped_and_gives_no_partial_rows(loaded: Settings) -> None:
    folder = current(loaded.snapshots)
    hasty = RemoteStore(loaded.store, folder.name, 1.0)
    rows = hasty.select(SLOW)
    with pytest.raises(StoreError, match=STOPPED):
        next(rows)
    with pytest.raises(StoreError, match=STOPPED):
        next(hasty.select("SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f }"))


def test_an_answer_over_the_limit_is_503(loaded: Settings) -> None:
    late = TestClient(create_app(replace(loaded, query_seconds=0.001))).get(
        "/api/v1/responsibilities"
    )
    assert late.status_code == 503
    assert late.headers["content-type"].startswith("application/problem+json")


def test_a_server_that_cuts_rows_is_found_out(tmp_path: Path) -> None:
    short = Virtuoso(tmp_path / "virtuoso", rows=10)
    try:
        short.start()
        settings = short.settings(Settings(PROJECT, tmp_path / "snapshots", None))
        manifest = publish(small(20), settings.snapshots, lambda f: upload(settings, f))
        store = RemoteStore(settings.store, manifest.id)
        assert len(list(store.select("SELECT ?s WHERE { ?s a ag:Body } LIMIT 5"))) == 5
        with pytest.raises(StoreError, match="10 rows"):
            list(store.select("SELECT ?s WHERE { ?s a ag:Body }"))
    finally:
        short.remove()


# -- loss, recovery, snapshots --------------------------------------------------------------------


def small(count: int = 3, text: str = "Udvalg") -> list[ox.Quad]:
    name = ox.NamedNode(graph("doc/x"))
    made = []
    for n in range(count):
        thing = ox.NamedNode(f"{ID}body/b{n}")
        label = ox.Literal(f"{text} {n}", language="da")
        made.append(ox.Quad(thing, ox.NamedNode(RDF + "type"), ox.NamedNode(AG + "Body"), name))
        made.append(ox.Quad(thing, ox.NamedNode(SKOS + "prefLabel"), label, name))
    return made


def test_loss_of_the_server_is_503_until_it_is_back(tmp_path: Path) -> None:
    server = Virtuoso(tmp_path / "virtuoso")
    try:
        server.start()
        settings = server.settings(Settings(PROJECT, tmp_path / "snapshots", None))
        publish(small(), settings.snapshots, lambda folder: upload(settings, folder))
        client = TestClient(create_app(settings))
        assert client.get("/api/v1/things/body/b0").status_code == 200
        assert client.get("/readyz").status_code == 200
        server.kill()
        lost = client.get("/api/v1/things/body/b1")
        assert lost.status_code == 503
        assert lost.headers["content-type"].startswith("application/problem+json")
        assert lost.json()["title"] == "Grafen kan ikke nås lige nu"
        assert int(lost.headers["retry-after"]) > 0
        assert client.get("/readyz").status_code == 503
        server.start()
        assert client.get("/readyz").status_code == 200
        back = client.get("/api/v1/things/body/b1")
        assert back.status_code == 200
        assert "Udvalg 1" in back.text
    finally:
        server.remove()


def test_a_failed_upload_leaves_the_old_snapshot(
    server: Virtuoso, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = server.settings(Settings(PROJECT, tmp_path / "snapshots", None))
    others = server.graphs()

    def put(text: str) -> str:
        before = partial(upload, settings)
        return publish(small(40, text), settings.snapshots, before).id

    first = put("Første")
    service = Service(settings)
    assert service.snapshot == "" and service.manifest.id == first
    before = server.graphs()
    assert merged_graph(first) in before
    monkeypatch.setattr(uploading, "CHUNK", 30)
    send, sent = uploading._send, []

    def breaks(client, method, url, name, body=b""):  # type: ignore[no-untyped-def]
        sent.append(method)
        if sent.count("POST") == 2 and method == "POST":
            body = b"<half a line"
        send(client, method, url, name, body)

    monkeypatch.setattr(uploading, "_send", breaks)
    with pytest.raises(StoreError):
        put("Anden")
    assert sent == ["DELETE", "POST", "POST", "DELETE"]
    assert server.graphs() == before
    assert current(settings.snapshots).name == first
    assert service.reload().id == first
    assert service.answers.labels([ID + "body/b0"]) == {ID + "body/b0": "Første 0"}
    monkeypatch.setattr(uploading, "_send", send)
    second = put("Anden")
    assert service.reload().id == second
    assert service.answers.labels([ID + "body/b0"]) == {ID + "body/b0": "Anden 0"}
    third = put("Tredje")
    assert server.graphs() == others | {merged_graph(second), merged_graph(third)}


def test_a_snapshot_that_is_not_on_the_server_does_not_go_in_service(
    server: Virtuoso, tmp_path: Path
) -> None:
    settings = server.settings(Settings(PROJECT, tmp_path / "snapshots", None))
    publish(small(2, "Aldrig lagt op"), settings.snapshots)
    with pytest.raises(StoreError, match="does not hold snapshot"):
        Service(settings).reload()


def test_the_guide_shows_the_ini_that_these_tests_use() -> None:
    guide = (PROJECT / "docs" / "external-store.md").read_text(encoding="utf-8")
    shown = INI.format(folder="/var/lib/virtuoso/ansvarsgraf", sql=1111, http=8890, rows=1_000_000)
    assert shown in guide
