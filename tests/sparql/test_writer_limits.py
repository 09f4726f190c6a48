"""A change stays within memory and time, and one that does not changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import current
from graph_service.vocabulary import graph
from tests.sparql.conftest import ENDLESS, EX, HUNGRY, TOKEN, make
from tests.sparql.test_graph_store import NEW, ONE, STORE, TURTLE, size

#: It writes a product of three times all triples.
GREEDY = f"INSERT {{ GRAPH <{NEW}> {{ ?a ?e ?i }} }} WHERE {{ {{ {HUNGRY} }} }}"
#: It counts one, which takes no memory and does not end.
SLOW = f"INSERT {{ GRAPH <{NEW}> {{ <{EX}a> <{EX}b> ?n }} }} WHERE {{ {{ {ENDLESS} }} }}"
#: More triples than the process has room for.
LARGE = b"".join(b"<http://e/%d> <http://e/p> <http://e/%d> .\n" % (n, n) for n in range(400_000))


@contextmanager
def service(folder: Path, **limits: object) -> Iterator[TestClient]:
    with TestClient(create_app(make(folder, admin_token=TOKEN, **limits))) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield client


def must_be_as_before(client: TestClient, folder: Path, snapshot: Path) -> None:
    """Nothing was changed, and the next change is made."""
    assert current(folder / "snapshots") == snapshot
    assert (size(client, graph=NEW), size(client, graph=graph("items"))) == (-1, 400)
    put = client.put(STORE, params={"graph": NEW}, content=ONE, headers=TURTLE)
    assert put.status_code == 201, put.text
    assert not list((folder / "snapshots").glob(".new-*"))


@pytest.mark.parametrize("what", ["update", "put"])
def test_a_change_that_takes_too_much_memory_changes_nothing(tmp_path: Path, what: str) -> None:
    limit = 512 * 1024**2
    with service(tmp_path, write_memory=limit) as client:
        snapshot = current(tmp_path / "snapshots")
        if what == "update":
            answer = client.post("/sparql", data={"update": GREEDY})
        else:
            answer = client.put(STORE, params={"graph": NEW}, content=LARGE, headers=TURTLE)
        told = answer.json()
        assert (answer.status_code, told["type"].rpartition("/")[2]) == (503, "memory-limit"), told
        assert told["bytes"] == limit
        assert "512 MB" in told["detail"]
        assert "intet er ændret" in told["detail"]
        must_be_as_before(client, tmp_path, snapshot)


def test_a_change_that_takes_too_long_changes_nothing(tmp_path: Path) -> None:
    with service(tmp_path, write_seconds=3.0) as client:
        snapshot = current(tmp_path / "snapshots")
        answer = client.post("/sparql", data={"update": SLOW})
        told = answer.json()
        assert (answer.status_code, told["type"].rpartition("/")[2]) == (503, "time-limit"), told
        assert told["detail"].startswith("Ændringen blev stoppet efter 3 sekunder")
        must_be_as_before(client, tmp_path, snapshot)


def test_an_update_that_overflows_the_engine_changes_nothing(tmp_path: Path) -> None:
    with service(tmp_path) as client:
        snapshot = current(tmp_path / "snapshots")
        text = f"INSERT {{ ?s ?p ?o }} WHERE {{ {'{} UNION ' * 10_000} {{}} }}"
        answer = client.post("/sparql", data={"update": text})
        assert answer.status_code == 400, answer.text
        must_be_as_before(client, tmp_path, snapshot)
