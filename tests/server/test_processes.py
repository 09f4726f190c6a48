"""Several processes that answer as one: swaps, deaths and stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from graph_service import processes
from graph_service.build.publish import POINTER
from graph_service.cli import CommandError
from graph_service.commands import serve_command
from graph_service.processes import listen
from graph_service.server import FIGURES
from graph_service.settings import Settings
from graph_service.vocabulary import GRAPH
from tests.api.test_operations import small
from tests.server.conftest import Running, gone, label_served, pool, reload, server, wait_until
from tests.sparql.conftest import make


class Asking:
    """A client that keeps asking, and what it met."""

    def __init__(self, running: Running) -> None:
        self.running, self.done = running, threading.Event()
        self.statuses: list[int] = []
        self.slowest = 0.0
        self.errors: list[str] = []
        self.thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self.done.is_set():
            begun = time.monotonic()
            try:
                self.statuses.append(self.running.get("/api/v1/legal-bases")[0])
            except (OSError, HTTPException) as error:
                self.errors.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def __enter__(self) -> Asking:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()


def test_a_swap_told_to_one_process_is_seen_by_all_at_once(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "Den første")
    with server(snapshots, tmp_path / "log", processes=2) as running:
        wait_until(lambda: len(running.children()) == 2)
        assert label_served(running) == "Den første"
        with Asking(running) as asking:
            for number in range(4):
                newest = small(snapshots, f"Nummer {number}")
                assert reload(running, 20) == newest
                assert {label_served(running) for _ in range(12)} == {f"Nummer {number}"}
        assert set(asking.statuses) == {200}
        assert asking.errors == []


def test_sighup_takes_the_newest_snapshot_in_service_everywhere(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "Før")
    with server(snapshots, tmp_path / "log", processes=2) as running:
        with Asking(running) as asking:
            small(snapshots, "Efter")
            running.process.send_signal(signal.SIGHUP)
            wait_until(lambda: {label_served(running) for _ in range(8)} == {"Efter"})
        assert set(asking.statuses) == {200}
        assert asking.errors == []


def test_sighup_works_for_one_process_too(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "Før")
    with server(snapshots, tmp_path / "log") as running:
        assert label_served(running) == "Før"
        small(snapshots, "Efter")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: label_served(running) == "Efter")


def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "En")
    with server(snapshots, tmp_path / "log", processes=2) as running:
        wait_until(lambda: len(running.children()) == 2)
        before = running.children()
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len(set(running.children()) - set(before)) == 1)
        wait_until(lambda: all(running.get("/healthz")[0] == 200 for _ in range(8)))


def test_a_process_that_starts_again_with_a_newer_snapshot_brings_the_others_along(
    tmp_path: Path,
) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "Før")
    with server(snapshots, tmp_path / "log", processes=2) as running:
        # Each process has a worker and a spare, and has taken its snapshot before it starts them.
        wait_until(lambda: pool(running, "idle") == 4, 60)
        small(snapshots, "Efter")
        assert label_served(running) == "Før"
        killed = running.children()[0]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: gone(killed))
        wait_until(lambda: label_served(running) == "Efter", 60)
        assert {label_served(running) for _ in range(12)} == {"Efter"}


def test_figures_are_over_all_processes_and_no_counter_falls_when_one_ends(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "En")
    with server(snapshots, tmp_path / "log", processes=2) as running:
        for _ in range(20):
            running.get("/api/v1/legal-bases")

        def counted() -> bool:
            text = running.get("/metrics")[1].decode()
            line = 'requests_total{what="legal-bases",method="GET",status="200"} 20\n'
            return line in text and "ansvarsgraf_processes 2\n" in text

        wait_until(counted)
        # Killed, a process loses what it counted since it left its figures last.
        time.sleep(2 * FIGURES)
        for _ in range(2):
            killed = running.children()[0]
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda killed=killed: gone(killed))
            wait_until(lambda: len(running.children()) == 2)
            wait_until(counted, 60)


def test_an_answer_in_two_writes_does_not_wait_for_an_acknowledgement() -> None:
    """asyncio sets TCP_NODELAY only where the socket's protocol is named."""

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        class Look(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                sock = transport.get_extra_info("socket")
                found.set_result(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

        listening = listen("127.0.0.1", 0)
        server = await asyncio.get_running_loop().create_server(Look, sock=listening)
        with socket.create_connection(listening.getsockname()):
            value = await found
        server.close()
        return value

    assert asyncio.run(accepted()) != 0


@pytest.mark.parametrize("number", [1, 2])
def test_sigterm_ends_it_when_requests_are_done(tmp_path: Path, number: int) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "En")
    with server(snapshots, tmp_path / "log", processes=number) as running:
        kept = HTTPConnection("127.0.0.1", running.port, timeout=20)
        kept.request("GET", "/healthz")
        assert kept.getresponse().read()
        begun = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
        assert time.monotonic() - begun < 10
        kept.close()
        assert "Traceback" not in running.log.read_text()


def test_when_the_parent_is_killed_the_others_end_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots, temporary = tmp_path / "snapshots", tmp_path / "temporary"
    small(snapshots, "En")
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with server(snapshots, tmp_path / "log", processes=2) as running:
        wait_until(lambda: len(running.children()) == 2)
        children = running.children()
        assert list(temporary.iterdir())
        running.process.kill()
        running.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 20)
        assert not list(temporary.iterdir())


def test_the_log_is_json_lines(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "En")
    with server(snapshots, tmp_path / "log") as running:
        running.get("/api/v1/legal-bases?q=sundhed")
        running.get("/nothing")
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    assert any(line.get("query") == "q=sundhed" for line in lines)


def test_changes_that_several_processes_make_at_once_are_all_there(tmp_path: Path) -> None:
    made = make(tmp_path)
    names = [f"http://example.org/graph/{number}" for number in range(8)]
    statuses: list[int] = []

    def put(name: str) -> None:
        status, _ = running.send("PUT", f"/rdf-graph-store?graph={name}", b"<a> <b> 1 .", 60)
        statuses.append(status)

    log = tmp_path / "stderr"
    with server(made.snapshots, log, processes=2, project=tmp_path) as running:
        clients = [threading.Thread(target=put, args=(name,)) for name in names]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert statuses == [201] * len(names)
        for name in names:
            assert running.get(f"/rdf-graph-store?graph={name}")[0] == 200


@pytest.mark.parametrize("name", ["a%2Fb", "%C3", "x%20%C3%A9"])
def test_a_graph_whose_name_has_percent_signs_is_at_its_own_address(
    tmp_path: Path, name: str
) -> None:
    """Starlette's client for tests decodes an address twice, so a server is asked."""
    made = make(tmp_path)
    asked, own = quote(GRAPH + name, safe=""), quote(name, safe="")
    log = tmp_path / "stderr"
    with server(made.snapshots, log, project=tmp_path) as running:
        assert (
            running.send("PUT", f"/rdf-graph-store?graph={asked}", b"<http://a> <b> 1 .")[0] == 201
        )
        status, body = running.get(f"/graph/{own}", accept="text/turtle")
        assert (status, b"<http://a>" in body) == (200, True)
        assert running.get(f"/graph/{quote(unquote(name), safe='')}")[0] == 404
        assert running.send("DELETE", f"/graph/{own}")[0] == 204


def unreadable(snapshots: Path) -> None:
    """Make the pointer what nobody can read, not even root."""
    (snapshots / POINTER).unlink()
    (snapshots / POINTER).mkdir()


def test_while_the_pointer_cannot_be_read_those_that_are_well_go_on(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    name = small(snapshots, "En")
    with server(snapshots, tmp_path / "log", processes=2) as running:
        wait_until(lambda: pool(running, "idle") == 4, 60)
        time.sleep(processes.SOON)
        unreadable(snapshots)
        assert running.send("POST", "/api/v1/admin/reload")[0] == 503
        os.kill(running.children()[0], signal.SIGKILL)

        def tried() -> int:
            return running.log.read_text().count("a process could not start")

        wait_until(lambda: tried() > processes.GIVE_UP, 60)
        assert {label_served(running) for _ in range(8)} == {"En"}
        (snapshots / POINTER).rmdir()
        (snapshots / POINTER).write_text(name)
        wait_until(lambda: "ansvarsgraf_processes 2\n" in running.get("/metrics")[1].decode(), 60)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
        assert "Traceback" not in running.log.read_text()


def test_a_start_over_what_cannot_be_read_says_so(settings: Settings, tmp_path: Path) -> None:
    small(tmp_path, "En")
    unreadable(tmp_path)
    with pytest.raises(CommandError, match="Grafen kan ikke læses") as caught:
        serve_command(replace(settings, snapshots=tmp_path), "127.0.0.1", 0, 2)
    assert caught.value.code == 4


@pytest.mark.parametrize("number", [1, 2])
def test_a_second_service_on_the_same_port_is_refused(
    settings: Settings, tmp_path: Path, number: int
) -> None:
    """Also when both share theirs among processes: the system would share it among all."""
    small(tmp_path, "En")
    with server(tmp_path, tmp_path / "log", 2) as running:
        with pytest.raises(CommandError, match="kan ikke bruges: Address already in use") as caught:
            serve_command(replace(settings, snapshots=tmp_path), "127.0.0.1", running.port, number)
        assert caught.value.code == 4
        assert running.get("/healthz")[0] == 200


#: The service, in which the third fork fails, as where no more processes are allowed.
FORK_FAILS = """
import errno, os, sys
real, calls = os.fork, []
def fork():
    calls.append(1)
    if len(calls) == 3:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
    return real()
os.fork = fork
from graph_service.cli import main
sys.exit(main())
"""


def test_a_fork_that_fails_is_tried_again(tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    small(snapshots, "En")
    program = ("-c", FORK_FAILS)
    with server(snapshots, tmp_path / "log", processes=2, program=program) as running:
        wait_until(lambda: len(running.children()) == 2)
        before = running.children()
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len(set(running.children()) - set(before)) == 1)
        assert "no process can be started now" in running.log.read_text()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0


#: The service, to which SIGHUP comes before any module of the server is there.
HUP_EARLY = """
import os, signal, sys
class Early:
    def find_spec(self, name, path=None, target=None):
        if name in ("graph_service.commands", "graph_service.server"):
            os.kill(os.getpid(), signal.SIGHUP)
from graph_service.cli import main
sys.meta_path.insert(0, Early())
sys.exit(main())
"""


@pytest.mark.parametrize("number", [1, 2])
def test_a_sighup_that_comes_too_early_ends_nothing(tmp_path: Path, number: int) -> None:
    snapshots, log = tmp_path / "snapshots", tmp_path / "log"
    small(snapshots, "Før")
    program = ("-c", HUP_EARLY)
    with server(snapshots, log, processes=number, program=program) as running:
        wait_until(lambda: pool(running, "idle") == 2 * number, 60)
        assert label_served(running) == "Før"
        small(snapshots, "Efter")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: {label_served(running) for _ in range(8)} == {"Efter"})
