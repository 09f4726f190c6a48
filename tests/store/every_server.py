"""What holds on every real SPARQL server: same answers as the embedded store, and its death.

A module of tests has fixtures ``server`` (one that runs) and ``loaded`` (settings of a service on it,
over the project's own graph), and a class of these tests.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from graph_service.answers import Answers
from graph_service.api.app import create_app
from graph_service.build.publish import current, publish
from graph_service.questions import registry
from graph_service.service import Service
from graph_service.settings import PROJECT, Settings
from graph_service.shaping import to_json
from graph_service.store import StoreError
from graph_service.store.remote import RemoteStore
from graph_service.store.upload import upload
from graph_service.vocabulary import ID
from tests.store.compare import assert_same_rows
from tests.store.engine import Engine, running
from tests.store.publishing import small

QUESTIONS = registry()
#: Nothing answers this in seconds: every triple against every other.
SLOW = "SELECT ?a ?d WHERE { ?a ?p ?b . ?c ?q ?d . FILTER(CONTAINS(STR(?d), STR(?b))) }"


class SameAnswers:
    @pytest.mark.parametrize("name", QUESTIONS)
    def test_a_question_gives_the_same_rows(
        self, name: str, answers: Answers, remote: Answers
    ) -> None:
        assert_same_rows(QUESTIONS[name], answers, remote)

    @pytest.mark.parametrize("name", [q.name for q in QUESTIONS.values() if q.kind == "list"])
    def test_a_list_is_cut_in_the_same_pages(
        self, name: str, answers: Answers, remote: Answers
    ) -> None:
        example = dict(QUESTIONS[name].example)
        assert remote.count(name, example) == answers.count(name, example)
        for sort in ["", *QUESTIONS[name].sorts]:
            cursor = ""
            for _ in range(3):
                here, there = (
                    a.page(name, example, limit=5, cursor=cursor, sort=sort)
                    for a in (answers, remote)
                )
                assert there == here
                cursor = here.cursor
                if not cursor:
                    break

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_a_question_without_what_it_can_do_without_is_shown_the_same(
        self, name: str, settings: Settings, loaded: Settings
    ) -> None:
        """By services that have just started: the labels of all that is in the answer are asked
        for at once, and no earlier answer has brought some of them along."""
        question = QUESTIONS[name]
        needed = {n: v for n, v in question.example.items() if question.parameters[n].required}
        here, there = (Service(each).answers for each in (settings, loaded))
        one, other = (
            answers.table(answers.solutions(name, needed), labelled=question.gives_labels)
            for answers in (here, there)
        )
        assert sorted(map(to_json, other)) == sorted(map(to_json, one))

    def test_things_are_described_the_same(self, answers: Answers, remote: Answers) -> None:
        for name in ("responsibilities", "initiatives", "agreements", "events", "findings"):
            things = answers.page(name, {}, limit=10).things
            assert things, name
            assert remote.describe(things) == answers.describe(things)
            assert {str(q) for q in remote.quads(things)} == {str(q) for q in answers.quads(things)}
            assert remote.labels(things) == answers.labels(things)
            here, there = ({str(t) for t in a.triples(things)} for a in (answers, remote))
            assert there == here
        assert not remote.exists(ID + "body/findes-ikke")
        assert remote.slugs("body") == answers.slugs("body")
        assert remote.fields == answers.fields

    def test_pages_and_data_are_the_same(self, settings: Settings, loaded: Settings) -> None:
        here, there = TestClient(create_app(settings)), TestClient(create_app(loaded))
        for path in (
            "/api/v1/responsibilities?limit=5",
            "/api/v1/initiatives?limit=5&format=nquads",
            "/api/v1/search?q=genoptræningsplan",
            "/api/v1/search?q=genoptr",
            "/ansvar",
            "/indsatser",
        ):
            one, other = here.get(path), there.get(path)
            assert (one.status_code, other.status_code) == (200, 200), path
            if "nquads" in path:
                assert sorted(other.text.splitlines()) == sorted(one.text.splitlines())
            else:
                assert other.text == one.text


class Death(ABC):
    @abstractmethod
    def engine(self, folder: Path) -> Engine:
        """A server in a folder, which does not run yet."""

    def test_a_server_that_dies_in_the_middle_of_an_answer_gives_none_and_recovers(
        self, tmp_path: Path
    ) -> None:
        with running(self.engine(tmp_path / "engine")) as server:
            settings = server.settings(Settings(PROJECT, tmp_path / "snapshots", None))
            publish(small(3000), settings.snapshots, lambda folder: upload(settings, folder))
            client = TestClient(create_app(settings))
            store = RemoteStore(settings.store, current(settings.snapshots).name, 60.0)
            killing = threading.Timer(1.0, server.kill)
            killing.start()
            with pytest.raises(StoreError, match=r"RemoteProtocolError|ConnectError|ReadError"):
                next(store.select(SLOW))
            killing.join()
            lost = client.get("/api/v1/things/body/b1")
            assert (lost.status_code, lost.headers["retry-after"]) == (503, "5")
            server.start()
            assert len(list(store.select("SELECT ?s WHERE { ?s a ag:Body }"))) == 3000
            back = client.get("/api/v1/things/body/b1")
            assert (back.status_code, "Udvalg 1" in back.text) == (200, True)
