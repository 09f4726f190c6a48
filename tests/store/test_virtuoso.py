"""The whole service on a real Virtuoso 7: same answers, its limits, its loss, its snapshots."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from graph_service.answers import Answers
from graph_service.api.app import create_app
from graph_service.build.publish import current, manifest_of, publish
from graph_service.service import Service
from graph_service.settings import PROJECT, Settings
from graph_service.store import StoreError
from graph_service.store import remote as asking
from graph_service.store import upload as uploading
from graph_service.store.remote import RemoteStore, merged_graph
from graph_service.store.upload import upload
from graph_service.vocabulary import ID
from tests.store.engine import INI, Virtuoso, running
from tests.store.every_server import SLOW, Death, SameAnswers
from tests.store.publishing import ansvarsgraf, small, small_project

pytestmark = pytest.mark.virtuoso
LATE, AGAIN = "Svaret kom ikke inden for tidsgrænsen.", "Prøv igen om et øjeblik."
STOPPED = r"stopped early|more than 1 s|ReadTimeout"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtuoso]:
    """A server that is removed afterwards."""
    with running(Virtuoso(tmp_path_factory.mktemp("virtuoso"))) as made:
        yield made


@pytest.fixture(scope="module")
def loaded(server: Virtuoso, settings: Settings) -> Settings:
    """Settings of a service over the project's own graph, that the real command put there."""
    made = replace(server.settings(settings), query_seconds=60.0)
    before = current(made.snapshots)
    built = ansvarsgraf(made, "build", "--publish")
    assert built.returncode == 0, built.stderr
    manifest = manifest_of(before)
    says = f"Graf {manifest.id}: {manifest.triples} tripler i {len(manifest.graphs)} grafer.\n"
    assert built.stdout == says
    assert current(made.snapshots) == before, "the same files, the same graph"
    assert server.graphs() == {merged_graph(manifest.id)}
    return made


@pytest.mark.long
class TestSameAnswers(SameAnswers):
    """On Virtuoso."""


class TestDeath(Death):
    """Of Virtuoso."""

    def engine(self, folder: Path) -> Virtuoso:
        return Virtuoso(folder)


def test_more_things_than_one_query_may_name(loaded: Settings, answers: Answers) -> None:
    rows = answers.store.select("SELECT DISTINCT ?s { ?s a ?kind ; skos:prefLabel ?label }")
    things = [row["s"].value for row in rows][:5000]
    assert len(things) == 5000
    store = RemoteStore(loaded.store, current(loaded.snapshots).name, 60.0)
    with pytest.raises(StoreError, match="Too many arguments"):
        names = " ".join(f"<{iri}>" for iri in things)
        list(store.select(f"SELECT ?s {{ VALUES ?s {{ {names} }} ?s skos:prefLabel ?label }}"))
    assert sorted(store.labels(things)) == sorted(answers.store.labels(things))


# -- limits ---------------------------------------------------------------------------------------


def test_a_slow_query_is_stopped_and_gives_no_partial_rows(loaded: Settings) -> None:
    folder = current(loaded.snapshots)
    hasty = RemoteStore(loaded.store, folder.name, 1.0)
    rows = hasty.select(SLOW)
    with pytest.raises(StoreError, match=STOPPED):
        next(rows)
    with pytest.raises(StoreError, match=STOPPED):
        next(hasty.select("SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f }"))


def test_what_we_gave_up_is_ended_at_the_server(server: Virtuoso, loaded: Settings) -> None:
    hasty = RemoteStore(loaded.store, current(loaded.snapshots).name, 1.0)
    with pytest.raises(StoreError, match=STOPPED):
        next(hasty.select("SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f }"))
    end = time.monotonic() + 20
    while True:
        before = server.worked()
        time.sleep(1.0)
        if server.worked() - before < 0.2:
            break
        assert time.monotonic() < end, "it still works for nobody"


def test_our_limit_on_rows_is_passed_on(loaded: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RemoteStore(loaded.store, current(loaded.snapshots).name)
    monkeypatch.setattr(asking, "MOST_ROWS", 10)
    assert len(list(store.select("SELECT ?s WHERE { ?s ?p ?o } LIMIT 9"))) == 9
    with pytest.raises(StoreError, match="cut the answer at 10 rows"):
        list(store.select("SELECT ?s WHERE { ?s ?p ?o }"))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"query_seconds": 0.001}, f"{LATE} {AGAIN}"),
        ({"store": "http://127.0.0.1:1/sparql"}, AGAIN),
    ],
    ids=["late", "lost"],
)
def test_an_answer_over_the_limit_is_503_and_says_why(
    loaded: Settings, changed: dict[str, Any], why: str
) -> None:
    """A server that is lost is another matter, and does not say so."""
    client = TestClient(create_app(replace(loaded, **changed)))
    answer = client.get("/api/v1/responsibilities")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert (problem["type"].rpartition("/")[2], problem["detail"]) == ("store-unavailable", why)


def test_a_server_that_cuts_rows_is_found_out(tmp_path: Path) -> None:
    with running(Virtuoso(tmp_path / "virtuoso", rows=10)) as short:
        settings = short.settings(Settings(PROJECT, tmp_path / "snapshots", None))
        manifest = publish(small(20), settings.snapshots, lambda f: upload(settings, f))
        store = RemoteStore(settings.store, manifest.id)
        assert len(list(store.select("SELECT ?s WHERE { ?s a ag:Body } LIMIT 5"))) == 5
        with pytest.raises(StoreError, match="10 rows"):
            list(store.select("SELECT ?s WHERE { ?s a ag:Body }"))


# -- loss, recovery, snapshots --------------------------------------------------------------------


def test_loss_of_the_server_is_503_until_it_is_back(tmp_path: Path) -> None:
    with running(Virtuoso(tmp_path / "virtuoso")) as server:
        settings = server.settings(Settings(PROJECT, tmp_path / "snapshots", None))
        publish(small(), settings.snapshots, lambda folder: upload(settings, folder))
        client = TestClient(create_app(settings))
        assert client.get("/api/v1/things/body/b0").status_code == 200
        assert client.get("/readyz").status_code == 200
        server.kill()
        assert_away(client)
        server.start()
        assert client.get("/readyz").status_code == 200
        back = client.get("/api/v1/things/body/b1")
        assert (back.status_code, "Udvalg 1" in back.text) == (200, True)
        page = client.get("/id/body/b1", headers=BROWSER)
        assert (page.status_code, "Udvalg 1" in page.text) == (200, True)
        server.kill()
        server.forget()
        server.start()
        assert_away(client)
        assert upload(settings, current(settings.snapshots)) == 6
        assert client.get("/readyz").status_code == 200
        assert client.get("/api/v1/things/body/b2").status_code == 200


BROWSER = {"Accept": "text/html"}


def assert_away(client: TestClient) -> None:
    """What is not in the cache is 503, as a problem document and as a page."""
    for path in ("/api/v1/things/body/b2", "/api/v1/things/body/nobody", "/readyz"):
        lost = client.get(path)
        assert lost.status_code == 503, path
        assert lost.headers["content-type"].startswith("application/problem+json")
        assert lost.json()["title"] == "Grafen kan ikke nås lige nu"
        assert LATE not in lost.json()["detail"]
        assert lost.headers["retry-after"] == "5"
    for path in ("/ansvar", "/id/body/b2"):
        page = client.get(path, headers=BROWSER)
        assert (page.status_code, page.headers["retry-after"]) == (503, "5"), path
        assert page.headers["content-type"].startswith("text/html")
        assert "Grafen kan ikke nås lige nu" in page.text


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
    assert service.answers.labels([ID + "body/b1"]) == {ID + "body/b1": "Anden 1"}
    fourth = put("Fjerde")
    assert service.answers.labels([ID + "body/b2"]) == {ID + "body/b2": "Anden 2"}, "not swapped"
    assert server.graphs() == others | {merged_graph(each) for each in (second, third, fourth)}


# -- the command ----------------------------------------------------------------------------------


def test_the_command_says_what_failed_and_leaves_what_was_there(
    server: Virtuoso, tmp_path: Path
) -> None:
    project = small_project(tmp_path / "project", "Første")
    made = server.settings(Settings(project, tmp_path / "snapshots", None))
    assert ansvarsgraf(made, "build", "--publish").returncode == 0
    first, there = current(made.snapshots), server.graphs()
    assert merged_graph(first.name) in there
    small_project(project, "Anden")
    elsewhere = "http://127.0.0.1:1/sparql"
    wrong = made.store.replace("/sparql", "/intet")
    for lacking, code, says in (
        ({"store_login": "digest:dba:forkert"}, 4, ("svarede 401", "Ret ANSVARSGRAF_STORE_LOGIN")),
        ({"store_login": ""}, 4, ("svarede 401", "Ret ANSVARSGRAF_STORE_LOGIN")),
        ({"store": elsewhere}, 4, (elsewhere, "Kører det")),
        ({"store_graphs": elsewhere}, 4, (elsewhere, "Kører det")),
        ({"store": wrong}, 4, (wrong, "svarede 404", "Ret ANSVARSGRAF_STORE eller")),
        ({"store_graphs": ""}, 2, ("ANSVARSGRAF_STORE_GRAPHS",)),
        ({"store": "embedded"}, 2, ("ANSVARSGRAF_STORE,",)),
        ({"store_login": "dba:hemmelig"}, 2, ("ANSVARSGRAF_STORE_LOGIN skal være digest:",)),
    ):
        failed = ansvarsgraf(replace(made, **lacking), "build", "--publish")
        assert failed.returncode == code, (lacking, failed.stderr)
        assert failed.stdout == ""
        for words in says:
            assert words in failed.stderr, lacking
        assert "Traceback" not in failed.stderr
        assert "forkert" not in failed.stderr and "hemmelig" not in failed.stderr
        assert code == 2 or "den seneste gode graf er stadig i drift" in failed.stderr
        assert (current(made.snapshots), server.graphs()) == (first, there)
        shown = ansvarsgraf(made, "show", "body:b0")
        assert (shown.returncode, "Første 0" in shown.stdout) == (0, True)
    away = ansvarsgraf(replace(made, store=elsewhere), "show", "body:b0")
    assert (away.returncode, away.stdout) == (4, "")
    assert "Grafen kan ikke nås" in away.stderr and elsewhere in away.stderr
    assert ansvarsgraf(made, "build", "--publish").returncode == 0
    assert "Anden 0" in ansvarsgraf(made, "show", "body:b0").stdout


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
