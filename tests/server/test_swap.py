"""A new snapshot is ready before it is in service, and the former is let go."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import signal
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from graph_service.answers import Answers
from graph_service.api.app import create_app
from graph_service.build.held import is_held
from graph_service.build.publish import KEEP, POINTER, current
from graph_service.processes import Among, Generation
from graph_service.server import Following
from graph_service.service import Service
from graph_service.settings import Settings
from tests.api.test_operations import small
from tests.server.conftest import below, gone, has_open, label_served, reload, server, wait_until
from tests.web.addresses import PAGES

#: A page, and addresses of programs.
ASKED = (*PAGES, "/api/v1/search?q=plan", "/api/v1/responsibilities?law=sul-140")


@pytest.fixture
def service(settings: Settings, tmp_path: Path) -> Service:
    """A service in which a snapshot answers, while another is published."""
    small(tmp_path, "Før")
    service = Service(replace(settings, snapshots=tmp_path))
    service.reload()
    small(tmp_path, "Efter")
    return service


def label(answers: Answers) -> str:
    return next(iter(answers.slugs("law").values()))


def test_the_former_answers_until_the_new_one_is_prepared(service: Service) -> None:
    met: list[tuple[str, str]] = []

    def meet(new: Answers) -> None:
        met.append((label(service.answers), label(new)))

    service.in_use.append(lambda former: [meet])
    service.reload()
    assert met == [("Før", "Efter")]
    assert label(service.answers) == "Efter"
    service.reload()
    assert len(met) == service.swaps == 1


def test_what_cannot_be_prepared_is_no_reason_to_stay(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(answers: Answers) -> None:
        raise KeyError("no such thing in this graph")

    service.in_use.append(lambda former: [fail])
    assert service.reload().id == service.snapshot
    assert label(service.answers) == "Efter"
    assert "no such thing in this graph" in caplog.text


class Slow:
    """Prepares until it may end."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.prepared: list[str] = []
        self.thread = threading.Thread()

    def __call__(self, answers: Answers) -> None:
        self.prepared.append(label(answers))
        self.begun.set()
        assert self.may_end.wait(20)


@pytest.fixture
def preparing(service: Service) -> Iterator[Slow]:
    """A thread that takes the other snapshot in service, and prepares it first."""
    slow = Slow()
    service.in_use.append(lambda former: [slow])
    slow.thread = threading.Thread(target=service.reload)
    slow.thread.start()
    assert slow.begun.wait(20)
    yield slow
    slow.may_end.set()
    slow.thread.join()


def test_what_another_process_serves_is_not_waited_for(service: Service, preparing: Slow) -> None:
    service.reload(at_once=True)
    assert label(service.answers) == "Efter"
    assert service.swaps == 1
    preparing.may_end.set()
    service.reload()
    assert service.swaps == 1


def test_what_nobody_prepared_is_prepared_once_it_is_in_service(service: Service) -> None:
    slow = Slow()
    service.in_use.append(lambda former: [slow])
    service.reload(at_once=True)
    assert label(service.answers) == "Efter"
    assert slow.begun.wait(20)
    slow.may_end.set()
    assert slow.prepared == ["Efter"]


def test_a_newer_one_goes_before_one_that_is_still_prepared(
    service: Service, preparing: Slow, tmp_path: Path
) -> None:
    newest = small(tmp_path, "Nyest")
    service.reload(at_once=True)
    preparing.may_end.set()
    service.reload()
    assert (label(service.answers), service.snapshot) == ("Nyest", newest)
    assert service.swaps == 1


def test_one_that_was_taken_back_meanwhile_stays_out(
    service: Service, preparing: Slow, tmp_path: Path
) -> None:
    assert small(tmp_path, "Før") == service.snapshot
    service.reload()
    preparing.may_end.set()
    preparing.thread.join()
    assert (label(service.answers), service.swaps) == ("Før", 0)


def test_processes_see_what_the_others_tell() -> None:
    generation = Generation(2)
    before = generation.read()
    assert generation.read() == before
    generation.announce()
    coming = generation.read()
    assert coming.taken == before.taken and coming.coming != before.coming
    generation.advance()
    assert generation.read().taken != coming.taken
    assert generation.read().coming == coming.coming
    for place, all_of_them in ((0, False), (1, True)):
        generation.prepared(place, "00112233445566aa")
        assert generation.all_prepared("00112233445566aa") == all_of_them
    generation.prepared(0, "00112233445566bb")
    assert not generation.all_prepared("00112233445566aa")


def test_processes_wait_for_each_other(service: Service, tmp_path: Path) -> None:
    generation = Generation(2)
    other = Service(service.settings)
    slow = Slow()
    other.in_use.append(lambda former: [slow])
    following = []
    for place, each in enumerate((service, other)):
        app: Any = SimpleNamespace(state=SimpleNamespace(service=each))
        following.append(Following(app, Among(2, place, generation, tmp_path, 0)))
    (tmp_path / POINTER).write_text(service.snapshot)
    other.reload()
    for each_one in following:
        asyncio.run(each_one.look())
    newest = small(tmp_path, "Nyest")
    threads = [threading.Thread(target=each.reload) for each in (service, other)]
    for thread in threads:
        thread.start()
    assert slow.begun.wait(20)
    threads[0].join(0.3)
    assert label(service.answers) == "Før", "the other is not ready"
    slow.may_end.set()
    for thread in threads:
        thread.join(4)
    assert {service.snapshot, other.snapshot} == {newest}


def test_a_process_that_nobody_asks_takes_the_new_one_too(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "Før")
    with server(snapshots, tmp_path / "log", processes=3) as running:
        wait_until(lambda: len(running.children()) == 3)
        small(snapshots, "Efter")
        reload(running, 20)
        opened = f"{current(snapshots).name}/index.sqlite"
        wait_until(lambda: all(has_open(pid, opened) for pid in running.children()))
        assert label_served(running) == "Efter"


def test_what_is_answered_from_stays_however_much_is_published(tmp_path: Path) -> None:
    """Workers that take the place of others open it again; what was reloaded from goes."""
    snapshots = tmp_path / "snapshots"
    first = small(snapshots, "Før")
    labels = "/sparql?query=SELECT%20%3Fl%20%7B%3Fs%20skos%3AprefLabel%20%3Fl%7D"
    with server(snapshots, tmp_path / "log", processes=2, workers=2) as running:
        wait_until(lambda: len(running.children()) == 2)
        opened = f"{first}/index.sqlite"
        wait_until(lambda: all(has_open(pid, opened) for pid in running.children()))
        for n in range(KEEP + 1):
            small(snapshots, f"Efter {n}")
        assert label_served(running) == "Før"
        workers = [worker for process in running.children() for worker in below(process)]
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: all(map(gone, workers)))
        for _ in range(4):
            assert running.get(labels, Accept="text/csv") == (200, "l\r\nFør\r\n".encode())
        assert running.get("/api/v1/search?q=sul")[0] == 200
        reload(running, 20)
        newest = f"{current(snapshots).name}/index.sqlite"
        wait_until(lambda: all(has_open(pid, newest) for pid in running.children()))
    small(snapshots, "Sidst")
    assert not (snapshots / first).exists()
    assert len(list(snapshots.glob("*/manifest.json"))) == KEEP


def test_a_service_lets_go_of_what_it_no_longer_answers_from(
    service: Service, tmp_path: Path
) -> None:
    first = service.folder
    assert is_held(first) and not is_held(current(tmp_path))
    service.reload()
    assert not is_held(first) and is_held(current(tmp_path))


TWINS = ("0" * 15 + "1", "0" * 15 + "2")


@pytest.fixture
def swapping(settings: Settings, tmp_path: Path) -> FastAPI:
    """The application over the real graph, which is there under two ids."""
    for name in TWINS:
        copy = shutil.copytree(current(settings.snapshots), tmp_path / name)
        manifest = json.loads((copy / "manifest.json").read_text())
        (copy / "manifest.json").write_text(json.dumps({**manifest, "id": name}))
    (tmp_path / POINTER).write_text(TWINS[0])
    return create_app(replace(settings, snapshots=tmp_path, cache_bytes=0))


def swap(app: FastAPI) -> Answers:
    """Take the other twin in service; gives the answers of the former."""
    service: Service = app.state.service
    former = service.answers
    other = TWINS[service.snapshot == TWINS[0]]
    (service.settings.snapshots / POINTER).write_text(other)
    assert service.reload().id == other
    return former


def test_what_nobody_used_is_not_made(swapping: FastAPI) -> None:
    with TestClient(swapping) as client:
        assert client.get("/api/v1/legal-bases").status_code == 200
        swap(swapping)
        shared = swapping.state.service.answers.shared
        assert not shared
        assert client.get("/fund").status_code == 200
        assert client.get("/api/v1/openapi.json").status_code == 200
        used = set(shared)
        swap(swapping)
        assert used == set(swapping.state.service.answers.shared) != set()


def test_what_pages_share_is_made_before_and_the_former_is_let_go(swapping: FastAPI) -> None:
    objects = []
    with TestClient(swapping) as client:
        for _ in range(3):
            for address in ASKED:
                assert client.get(address).status_code == 200, address
            gone = weakref.ref(swap(swapping))
            gc.collect()
            assert gone() is None
            objects.append(len(gc.get_objects()))
            shared = swapping.state.service.answers.shared
            made = set(shared)
            for address in ("/ansvar", "/indsatser", "/kalender", "/fund", "/kilder", "/aktoerer"):
                assert client.get(address).status_code == 200, address
            late = {str(getattr(f, "__name__", f)) for f in set(shared) - made}
            assert late <= {"_by_thing"}  # made of what is there
    assert objects[2] - objects[1] < 500
