"""Nothing that a client sends brings the service down, leaks, or goes unanswered.

The server is the real one, in a process of its own, with short limits. For each input: an answer
that is right or a clear error, within the limits; afterwards the service answers as before.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from graph_service.settings import Settings
from tests.hostile.inputs import INPUTS, Hostile

#: Limit of a free query here, in seconds, and what an answer may take on a busy machine beyond it.
QUERY_SECONDS = 1.5
PATIENCE = 30.0


@dataclass(frozen=True)
class Server:
    """A running service."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> int:
        """Resident bytes of the web processes, without the workers that run queries."""
        total = 0
        for line in subprocess.check_output(
            ["ps", "-o", "rss=,args=", "-g", str(os.getpgid(self.process.pid))], text=True
        ).splitlines():
            size, _, command = line.strip().partition(" ")
            if "graph_service.sparql" not in command:
                total += int(size) * 1024
        return total


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[Server]:
    port = free_port()
    environment = os.environ | {
        "ANSVARSGRAF_SNAPSHOTS": str(settings.snapshots),
        "ANSVARSGRAF_QUERY_SECONDS": str(QUERY_SECONDS),
        "ANSVARSGRAF_QUERY_MEMORY": str(1024**3),
        "ANSVARSGRAF_QUERY_ROWS": "20000",
        "ANSVARSGRAF_WORKERS": "2",
    }
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "graph_service.cli",
            "serve",
            "--port",
            str(port),
            "--processes",
            "1",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    running = Server(port, process)
    end = time.monotonic() + 60
    while True:
        try:
            if httpx.get(running.url + "/healthz").status_code == 200:
                break
        except httpx.HTTPError:
            pass
        assert time.monotonic() < end and process.poll() is None, "the service did not start"
        time.sleep(0.1)
    yield running
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(40)


def send(port: int, raw: bytes) -> tuple[int, bytes, bool]:
    """Status, body, and whether the transfer was whole; status 0 for no answer."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(raw)
            while part := connection.recv(65536):
                received += part
        except (ConnectionError, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                raise
    if not received.startswith(b"HTTP/"):
        return 0, bytes(received), False
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if b"transfer-encoding: chunked" in head.lower():
        whole = body.endswith(b"0\r\n\r\n")
        parts = []
        rest = body
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16) if size else 0
            parts.append(rest[:length])
            rest = rest[length + 2 :]
        return status, b"".join(parts), whole
    return status, body, True


@pytest.mark.parametrize("hostile", INPUTS, ids=lambda h: h.name)
def test_each_input_gets_a_right_answer_or_a_clear_error(server: Server, hostile: Hostile) -> None:
    status, body, whole = send(server.port, hostile.raw)
    assert status in hostile.statuses, body[:300]
    assert b"Traceback" not in body
    assert b"root:" not in body
    if status >= 400 and body.startswith(b"{"):
        problem = json.loads(body)
        assert problem["status"] == status
        assert problem["title"]
        kind = problem["type"].rpartition("/")[2]
        assert kind != "internal"
        if hostile.kinds:
            assert kind in hostile.kinds, problem
    elif hostile.kinds and status == 200:
        # Either the answer is whole, or it was broken off so that nobody takes it for whole.
        assert not whole or body.startswith((b"{", b"<", b"@", b"_"))
    assert httpx.get(server.url + "/healthz", timeout=PATIENCE).status_code == 200


def test_there_are_at_least_sixty_inputs() -> None:
    assert len(INPUTS) >= 60
    assert len({h.name for h in INPUTS}) == len(INPUTS)


def test_script_in_a_search_is_text(server: Server) -> None:
    page = httpx.get(server.url + "/soeg", params={"q": "<script>alert(1)</script>"}).text
    assert "<script>alert(1)" not in page


def test_after_all_of_it_the_answer_is_the_same_and_memory_is_bounded(server: Server) -> None:
    answer = httpx.get(server.url + "/api/v1/responsibilities?law=sul-140", timeout=PATIENCE).json()
    ids = {item["id"] for item in answer["items"]}
    assert {"kommune-almen-genoptraening", "kommune-afslutningsnotat-140"} <= ids
    assert server.process.poll() is None
    assert server.memory() < 600 * 1024**2


def test_a_slow_client_does_not_hold_the_service(server: Server) -> None:
    """Clients that send a header byte by byte, or nothing, while others are answered."""
    slow = []
    try:
        for number in range(100):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
            if number % 2:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            slow.append(connection)
        for _ in range(5):
            assert httpx.get(server.url + "/healthz", timeout=PATIENCE).status_code == 200
    finally:
        for connection in slow:
            connection.close()


def test_a_header_that_never_ends_is_cut_off(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=40) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        answer = connection.recv(4096)
    assert answer == b"" or b" 408 " in answer.split(b"\r\n", 1)[0] + b" "
