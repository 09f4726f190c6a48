"""A server of its own for each module of tests, as ``ansvarsgraf serve`` starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from graph_service.settings import PROJECT
from tests.hosts import free_port

TOKEN = "en-lang-hemmelighed"


@dataclass
class Running:
    """A server that answers.

    Attributes:
        port: where.
        process: what was started: the server, or the parent of several.
        log: file that its standard error goes to.
    """

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body of a GET on a connection of its own."""
        return self._call(20, "GET", path, b"", headers)

    def send(
        self, method: str, path: str, body: bytes = b"", seconds: float = 120
    ) -> tuple[int, bytes]:
        """Status and body of a call with the administrator's key; a body is Turtle."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/turtle"}
        return self._call(seconds, method, path, body, headers)

    def _call(
        self, seconds: float, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def open(self) -> socket.socket:
        """A connection on which nothing was said."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def children(self) -> list[int]:
        """The processes below the one that was started."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


@contextmanager
def server(
    snapshots: Path,
    log: Path,
    processes: int = 1,
    program: Sequence[str] = ("-m", "graph_service.cli"),
    **settings: object,
) -> Iterator[Running]:
    """Serve a snapshots folder; settings are names without ``ANSVARSGRAF_``. The program is what
    Python runs."""
    port = free_port()
    environment = {f"ANSVARSGRAF_{k.upper()}": str(v) for k, v in settings.items()}
    with log.open("wb") as err:
        process = subprocess.Popen(
            [
                *(sys.executable, *program, "serve"),
                *("--port", str(port), "--processes", str(processes)),
            ],
            env={
                **os.environ,
                "ANSVARSGRAF_SNAPSHOTS": str(snapshots),
                "ANSVARSGRAF_ADMIN_TOKEN": TOKEN,
                "ANSVARSGRAF_WORKERS": "1",
                # All tests come from one address, and most send what is refused.
                "ANSVARSGRAF_REFUSALS_PER_SECOND": "0",
                **environment,
            },
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
    running = Running(port, process, log)
    try:
        wait_until(lambda: healthy(running), 60)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def healthy(running: Running) -> bool:
    try:
        return running.get("/healthz")[0] == 200
    except OSError:
        assert running.process.poll() is None, running.log.read_text()
        return False


def reload(running: Running, seconds: float = 120) -> str:
    """Take the newest snapshot in service, within a time; gives its id."""
    status, body = running.send("POST", "/api/v1/admin/reload", seconds=seconds)
    assert status == 200, body
    return str(json.loads(body)["snapshot"])


def label_served(running: Running) -> str:
    """The label of the first provision that a server knows."""
    status, body = running.get("/api/v1/legal-bases")
    assert status == 200
    return str(json.loads(body)["items"][0]["label"])


def wait_until(true: object, seconds: float = 15.0, pause: float = 0.05) -> None:
    """Wait until a call is true, which is asked again after each pause, in seconds.

    Raises:
        AssertionError: it was not, for so long.
    """
    until = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until, "waited in vain"
        time.sleep(pause)


def name_of(pid: int) -> str:
    """The command line of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def has_open(pid: int, path: str) -> bool:
    """Whether a process has a file open whose path contains this. Others may close meanwhile."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if path in str(descriptor.readlink()):
                return True
    return False


def below(pid: int) -> list[int]:
    """All processes below one."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [found for child in map(int, text.split()) for found in (child, *below(child))]


def gone(pid: int) -> bool:
    """Whether a process has ended and closed all it had open, waited for by its parent or not.

    Its first thread can be dead while another still holds what was open.
    """
    try:
        dead = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] in "ZX"
        return dead and len(list(Path(f"/proc/{pid}/task").iterdir())) <= 1
    except OSError:
        return True


def running_as(module: str, parent: int) -> list[int]:
    """The processes below one that run a module of ours."""
    return [pid for pid in below(parent) if module in name_of(pid)]


def pool(running: Running, state: str) -> int:
    """How many free queries are in a state."""
    text = running.get("/metrics")[1].decode()
    found = re.search(rf'^ansvarsgraf_pool{{state="{state}"}} (\d+)', text, re.M)
    return int(found[1]) if found else 0
