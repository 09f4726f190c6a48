"""Real processes killed in the middle of publishing: always a whole snapshot, never none."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from graph_service.build.publish import KEEP, _exchange, current, manifest_of
from graph_service.search import file as search
from graph_service.settings import PROJECT
from graph_service.store.embedded import EmbeddedStore
from tests.server.conftest import (
    Running,
    below,
    gone,
    label_served,
    pool,
    reload,
    running_as,
    server,
    wait_until,
)
from tests.sparql.conftest import ENDLESS, make

pytestmark = pytest.mark.long

LABEL = "SELECT ?label { ?law a eli:LegalResource ; skos:prefLabel ?label }"


def write_project(project: Path, label: str) -> None:
    """A project whose graph is one provision with this label."""
    for file, text in (
        ("ontology/small.ttl", "<http://example.org/Class> a <http://example.org/Meta> ."),
        (
            "data/laws.ttl",
            "<https://w3id.org/ansvarsgraf/id/law/sul-140> "
            "a <http://data.europa.eu/eli/ontology#LegalResource> ; "
            f'<http://www.w3.org/2004/02/skos/core#prefLabel> "{label}"@da .',
        ),
    ):
        (project / file).parent.mkdir(parents=True, exist_ok=True)
        (project / file).write_text(text, encoding="utf-8")


def build(project: Path, *dying: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run ``ansvarsgraf build`` on a project, or let it die at a moment; see :mod:`.dying`.

    Args:
        how: for :func:`subprocess.run`.
    """
    module = ["tests.server.dying", *dying] if dying else ["graph_service.cli"]
    return subprocess.run(
        [sys.executable, "-m", *module, "build"],
        env={
            **os.environ,
            "ANSVARSGRAF_PROJECT": str(project),
            "ANSVARSGRAF_SNAPSHOTS": str(project / "snapshots"),
        },
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        **how,
    )


def built(project: Path, label: str) -> str:
    """Publish a graph with this label; gives the snapshot's id."""
    write_project(project, label)
    done = build(project)
    assert done.returncode == 0, done.stderr
    return current(project / "snapshots").name


def label_in(snapshots: Path) -> str:
    """What the snapshot in service says, when it is opened afresh."""
    (row,) = EmbeddedStore(current(snapshots)).select(LABEL)
    return row["label"].value


def leftovers(snapshots: Path) -> list[str]:
    """Names of what is neither a whole snapshot, the pointer nor the lock."""
    whole = {path.parent.name for path in snapshots.glob("[!.]*/manifest.json")}
    return sorted({path.name for path in snapshots.iterdir()} - whole - {"CURRENT", "LOCK"})


def must_be_as_before(project: Path, running: Running, good: str, what: str) -> None:
    """After a kill the good snapshot serves on; the next build takes its place and clears up.

    Args:
        what: the label of the good one is this after "Før".
    """
    snapshots = project / "snapshots"
    assert current(snapshots).name == good
    assert label_in(snapshots) == f"Før {what}"
    assert reload(running) == good
    assert label_served(running) == f"Før {what}"

    new = built(project, f"Efter {what}")
    assert leftovers(snapshots) == []
    assert label_in(snapshots) == f"Efter {what}"
    assert reload(running) == new
    assert label_served(running) == f"Efter {what}"


# -- a build that is killed ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Running]]:
    """A project, and a server that runs while its builds are killed."""
    project = tmp_path_factory.mktemp("project")
    built(project, "Fra begyndelsen")
    with server(project / "snapshots", project / "log") as running:
        yield project, running


@pytest.mark.parametrize(
    ("event", "word", "left"),
    [
        pytest.param("os.mkdir", ".new-", "", id="before the folder"),
        pytest.param("open", "manifest.json', 'w'", ".new-", id="store written, no manifest"),
        pytest.param("os.rename", ".new-", ".new-", id="folder written, not yet named"),
        pytest.param("open", ".pointer-", "", id="folder named, no pointer"),
        pytest.param("os.rename", ".pointer-", ".pointer-", id="pointer written, not yet replaced"),
    ],
)
def test_a_killed_build_leaves_the_last_good_snapshot(
    served: tuple[Path, Running], event: str, word: str, left: str
) -> None:
    project, running = served
    snapshots = project / "snapshots"
    what = f"{event} {word[:9]}"
    good = built(project, f"Før {what}")
    assert reload(running) == good
    write_project(project, f"Efter {what}")

    assert build(project, event, word).returncode == -signal.SIGKILL
    assert [name[: len(left)] for name in leftovers(snapshots)] == ([left] if left else [])
    must_be_as_before(project, running, good, what)


@pytest.mark.parametrize(
    ("event", "word"),
    [
        pytest.param("ctypes.dlsym", "renameat2", id="before the exchange"),
        pytest.param("shutil.rmtree", ".new-", id="after the exchange"),
    ],
)
def test_a_snapshot_in_service_that_lacks_a_file_is_replaced_at_one_moment(
    served: tuple[Path, Running], event: str, word: str
) -> None:
    """After an upgrade that adds a file the same content is written anew, under the same id."""
    project, running = served
    snapshots = project / "snapshots"
    good = built(project, f"Før {event}")
    (snapshots / good / search.FILE).unlink()

    assert build(project, event, word).returncode == -signal.SIGKILL
    assert current(snapshots).name == good
    assert label_in(snapshots) == f"Før {event}"
    assert reload(running) == good

    assert built(project, f"Før {event}") == good
    assert (snapshots / good / search.FILE).is_file()
    assert leftovers(snapshots) == []
    assert label_in(snapshots) == f"Før {event}"


def test_where_the_system_cannot_exchange_folders_each_is_named_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / folder.name).touch()
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    _exchange(one, other)
    assert [path.name for path in one.iterdir()] == ["other"]
    assert [path.name for path in other.iterdir()] == ["one"]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_build_killed_while_it_fills_the_store_leaves_the_last_good_snapshot(
    served: tuple[Path, Running],
) -> None:
    """The engine writes the store by itself, without an event; it is killed while it reads."""
    project, running = served
    snapshots = project / "snapshots"
    good = built(project, "Før lageret")
    code = """
import os, pathlib, signal, sys
from graph_service.build.publish import alone, publish_stream

def pieces():
    for piece in range(4):
        yield b"".join(b"<urn:%d> <urn:%d> <urn:x> <urn:g> .\\n" % (piece, n) for n in range(99))
    os.kill(os.getpid(), signal.SIGKILL)

snapshots = pathlib.Path(sys.argv[1])
with alone(snapshots):
    publish_stream(pieces, "0123456789abcdef", 1, {}, snapshots)
"""
    killed = subprocess.run([sys.executable, "-c", code, snapshots], cwd=PROJECT, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    (left,) = snapshots.glob(".new-*")
    assert list((left / "store").iterdir())
    must_be_as_before(project, running, good, "lageret")


def test_a_build_killed_while_it_removes_an_old_snapshot_leaves_no_half_one(
    served: tuple[Path, Running],
) -> None:
    """What was half removed must not be taken for whole when the same content comes again."""
    project, running = served
    snapshots = project / "snapshots"
    oldest = built(project, "Tæller 0")
    for number in range(1, KEEP):
        built(project, f"Tæller {number}")
    write_project(project, f"Tæller {KEEP}")
    assert build(project, "os.remove", "IDENTITY").returncode == -signal.SIGKILL
    assert label_in(snapshots) == f"Tæller {KEEP}"
    assert leftovers(snapshots) == [f".old-{oldest}"]
    assert reload(running) == current(snapshots).name
    assert built(project, "Tæller 0") == oldest
    assert leftovers(snapshots) == []
    assert label_in(snapshots) == "Tæller 0"


# -- a change that is killed --------------------------------------------------------------------

NEW = "http://example.org/graph/new"
ADDRESS = "/rdf-graph-store?graph=" + NEW
TRIPLES = 60_000
BODY = b"".join(b"<urn:s:%d> <urn:p> %d .\n" % (n, n) for n in range(TRIPLES))


@dataclass
class Change:
    """A large graph on its way into the store, stopped while its snapshot is being written.

    Attributes:
        writer: process id of the one that writes, which stands still.
        answer: what the client got: status and body, or None when the connection broke.
    """

    running: Running
    snapshots: Path
    writer: int = 0
    answer: tuple[int, bytes] | None = None
    thread: threading.Thread = field(init=False)

    def __enter__(self) -> Change:
        before = current(self.snapshots)
        self.thread = threading.Thread(target=self._put)
        self.thread.start()
        wait_until(lambda: list(self.snapshots.glob(".new-*/store/*.sst")), 60, pause=0.001)
        (self.writer,) = running_as("graph_service.sparql.writer", self.running.process.pid)
        os.kill(self.writer, signal.SIGSTOP)
        assert current(self.snapshots) == before
        assert list(self.snapshots.glob(".new-*"))
        return self

    def _put(self) -> None:
        try:
            self.answer = self.running.send("PUT", ADDRESS, BODY)
        except (OSError, HTTPException):
            self.answer = None

    def go_on(self) -> None:
        os.kill(self.writer, signal.SIGCONT)

    def __exit__(self, *_: object) -> None:
        if not gone(self.writer):
            self.go_on()
        self.thread.join()


def serving(folder: Path, processes: int) -> AbstractContextManager[Running]:
    """A server over what :func:`make` published in a folder."""
    limits = {"query_seconds": 60, "query_bytes": 2**30}
    return server(folder / "snapshots", folder / "stderr", processes, project=folder, **limits)


def must_answer_from(running: Running, snapshot: str) -> None:
    """Every process is well, and serves this snapshot, lists and free SPARQL alike."""
    wait_until(lambda: all(running.get("/readyz")[0] == 200 for _ in range(8)), 60)
    assert {running.get("/healthz")[1].decode().split()[1] for _ in range(8)} == {snapshot}
    asked = quote(f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{NEW}> {{ ?s ?p ?o }} }}")
    status, body = running.get(f"/sparql?query={asked}&format=csv")
    assert status == 200
    assert int(body.split()[1]) in (0, TRIPLES)


def must_take_it(running: Running, snapshots: Path) -> None:
    """The same change, made again, succeeds and clears what was left."""
    assert running.send("PUT", ADDRESS, BODY)[0] in (201, 204)
    assert manifest_of(current(snapshots)).graphs[NEW] == TRIPLES
    assert leftovers(snapshots) == []
    must_answer_from(running, current(snapshots).name)


def test_a_killed_writer_is_told_of_and_changes_nothing(tmp_path: Path) -> None:
    snapshots = make(tmp_path).snapshots
    before = current(snapshots).name
    with serving(tmp_path, 1) as running:
        with Change(running, snapshots) as change:
            os.kill(change.writer, signal.SIGKILL)
        assert change.answer is not None
        status, body = change.answer
        assert status == 503
        told = json.loads(body)
        assert told["type"].endswith("not-written")
        assert "intet er ændret" in told["detail"]
        assert current(snapshots).name == before
        must_answer_from(running, before)
        must_take_it(running, snapshots)


def test_a_killed_process_takes_its_change_with_it(tmp_path: Path) -> None:
    snapshots = make(tmp_path).snapshots
    before = current(snapshots).name
    with serving(tmp_path, 2) as running:
        with Change(running, snapshots) as change:
            (serves,) = [pid for pid in running.children() if change.writer in below(pid)]
            os.kill(serves, signal.SIGKILL)
            wait_until(lambda: gone(change.writer))
        assert change.answer is None
        assert current(snapshots).name == before
        wait_until(lambda: len(running.children()) == 2)
        must_answer_from(running, before)
        must_take_it(running, snapshots)


def test_when_the_parent_is_killed_the_change_is_made_whole(tmp_path: Path) -> None:
    snapshots = make(tmp_path).snapshots
    with serving(tmp_path, 2) as running:
        with Change(running, snapshots) as change:
            children = running.children()
            (serves,) = [pid for pid in children if change.writer in below(pid)]
            running.process.kill()
            running.process.wait()
            wait_until(lambda: [pid for pid in children if not gone(pid)] == [serves])
            change.go_on()
        assert change.answer == (201, b"")
        wait_until(lambda: gone(serves))
    assert manifest_of(current(snapshots)).graphs[NEW] == TRIPLES
    assert leftovers(snapshots) == []
    with serving(tmp_path, 2) as running:
        must_answer_from(running, current(snapshots).name)


def test_killed_query_workers_hold_up_neither_a_change_nor_the_next_query(tmp_path: Path) -> None:
    snapshots = make(tmp_path).snapshots
    with serving(tmp_path, 1) as running:
        asked: list[tuple[int, bytes]] = []
        asking = threading.Thread(
            target=lambda: asked.append(running.get("/sparql?query=" + quote(ENDLESS)))
        )
        with Change(running, snapshots) as change:
            asking.start()
            wait_until(lambda: pool(running, "running") == 1)
            for worker in running_as("graph_service.sparql.worker", running.process.pid):
                os.kill(worker, signal.SIGKILL)
            asking.join()
            change.go_on()
        ((status, body),) = asked
        assert status == 503
        assert json.loads(body)["detail"]
        assert change.answer == (201, b"")
        must_answer_from(running, current(snapshots).name)
