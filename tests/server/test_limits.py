"""What one client can do to the others: nothing, whatever it sends, or does not send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from graph_service.accepting import Server
from graph_service.api.app import create_app
from graph_service.connections import LENIENT, Limits, Register
from graph_service.guarded import READ, guarded, held
from graph_service.processes import listen
from graph_service.settings import Settings
from graph_service.sparql import request
from tests.server.conftest import TOKEN, Running, server, wait_until
from tests.server.connected import GET, open_to, play, until
from tests.sparql.conftest import make

HEADER_SECONDS, PER_ADDRESS, IN_ALL = 1.0, 40, 60


@pytest.fixture(scope="module")
def running(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("log") / "stderr"
    with server(
        settings.snapshots,
        log,
        header_seconds=HEADER_SECONDS,
        idle_seconds=2,
        connections=IN_ALL,
        connections_per_address=PER_ADDRESS,
    ) as made:
        yield made


def closed_after(connection: socket.socket) -> tuple[float, bytes]:
    """Seconds until the server closes, and what it said before."""
    begun, said = time.monotonic(), b""
    try:
        while piece := connection.recv(65536):
            said += piece
    except ConnectionResetError:
        pass
    return time.monotonic() - begun, said


def test_a_silent_connection_is_closed(running: Running) -> None:
    with running.open() as silent:
        seconds, said = closed_after(silent)
    assert HEADER_SECONDS * 0.8 < seconds < HEADER_SECONDS + 2
    assert said == b""


def test_headers_that_trickle_are_cut_off(running: Running) -> None:
    with running.open() as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        begun = time.monotonic()
        try:
            while time.monotonic() - begun < 10:
                slow.sendall(b"X-More: y\r\n")
                time.sleep(0.1)
        except OSError:
            pass
        assert time.monotonic() - begun < HEADER_SECONDS + 2


def test_headers_that_trickle_on_a_kept_connection_are_cut_off(running: Running) -> None:
    with running.open() as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in slow.recv(65536)
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        seconds, said = closed_after(slow)
    assert seconds < HEADER_SECONDS + 2
    assert b" 408 " in said


def test_an_idle_kept_connection_is_closed(running: Running) -> None:
    with running.open() as kept:
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        kept.recv(65536)
        seconds, _ = closed_after(kept)
    assert 1 < seconds < 4


@pytest.mark.parametrize(
    "lines",
    [
        b"X-Long: " + b"x" * 70_000,
        b"\r\n".join(b"X-%d: %s" % (n, b"y" * 500) for n in range(200)),
        b"Cookie: " + b"x" * 3_000_000,
    ],
    ids=["one long header", "many headers", "three megabytes"],
)
def test_long_headers_are_refused(running: Running, lines: bytes) -> None:
    with running.open() as long:
        with contextlib.suppress(OSError):
            long.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n\r\n")
        _, said = closed_after(long)
    assert said.startswith(b"HTTP/1.1 431 ") or said == b""


@pytest.mark.parametrize(("number", "status"), [(199, 200), (200, 431), (9_000, 431)])
def test_headers_are_counted(running: Running, number: int, status: int) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * (number - 1)
    with running.open() as many:
        many.sendall(head + b"Connection: close\r\n\r\n")
        _, said = closed_after(many)
    assert said.startswith(b"HTTP/1.1 %d " % status)


def test_a_refusal_of_the_server_is_described(running: Running) -> None:
    """Any address may be refused so, whatever the application behind it says."""
    status, body = running.get("/api/v1/figures?q=" + "x" * 70_000)
    document = json.loads(running.get("/api/v1/openapi.json")[1])
    told = document["paths"]["/api/v1/figures"]["get"]["responses"][str(status)]
    schema = told["content"]["application/problem+json"]["schema"]
    assert (status, schema) == (431, {"$ref": "#/components/schemas/Refusal"})
    jsonschema_rs.validate({**schema, "components": document["components"]}, json.loads(body))


def test_a_connection_reads_little_at_once() -> None:
    """asyncio has no name for it but this one, which must not go unnoticed when it changes."""

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("nothing was asked")

    async def test() -> None:
        kept: list[asyncio.Transport] = []
        async with open_to(silent, Limits(), kept) as ((_, writer), _register):
            writer.write(GET[:1])
            await until(lambda: bool(kept))
            transport: Any = kept[0]._transport  # type: ignore[attr-defined]
            assert type(transport).max_size > transport.max_size == READ

    play(test)


REFUSED = b"GET /nothing HTTP/1.1\r\nHost: x\r\n"


def asked(connection: socket.socket, raw: bytes) -> bytes:
    """Status line of the answer to a request."""
    connection.sendall(raw)
    said = b""
    while b"\r\n\r\n" not in said:
        said += connection.recv(65536)
    return said.split(b"\r\n")[0]


@pytest.mark.parametrize("kept", [True, False], ids=["one connection", "a new one for each"])
def test_who_is_refused_over_and_over_is_read_more_slowly(
    settings: Settings, tmp_path: Path, kept: bool
) -> None:
    with server(settings.snapshots, tmp_path / "log", refusals_per_second=10) as running:
        begun = time.monotonic()
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(running.open())
            for _ in range(40):
                assert b" 404 " in asked(connection, REFUSED + b"\r\n")
                if not kept:
                    connection.close()
                    connection = stack.enter_context(running.open())
            # Two seconds' worth at once, the others at ten a second.
            assert time.monotonic() - begun > 1.5
            with socket.create_connection(
                ("127.0.0.1", running.port), source_address=("127.0.0.9", 0)
            ) as other:
                begun = time.monotonic()
                assert b" 404 " in asked(other, REFUSED + b"\r\n")
                assert time.monotonic() - begun < 1.0
            # What is not refused is answered too, when its turn comes.
            assert b" 200 " in asked(connection, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2)
        _, figures = running.get("/metrics")
    held = re.search(rb"\nansvarsgraf_connections_held_total (\d+)", figures)
    assert held
    assert int(held[1]) >= 15


def refusals(running: Running, ahead: int, seconds: float) -> int:
    """How many requests of a connection are refused meanwhile, with so many ahead of the answers."""
    request, number, until = REFUSED + b"\r\n", 0, time.monotonic() + seconds
    with running.open() as connection:
        connection.settimeout(0.05)
        connection.sendall(request * ahead)
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                found = connection.recv(65536).count(b"HTTP/1.1 404 ")
                number += found
                connection.sendall(request * found)
    return number


@pytest.mark.parametrize(
    ("connections", "ahead"),
    [
        (1, 16),
        (10, 4),
        *(pytest.param(*each, marks=pytest.mark.long) for each in ((1, 1), (1, 2), (10, 1))),
    ],
)
def test_neither_many_connections_nor_requests_ahead_are_a_way_around_it(
    settings: Settings, tmp_path: Path, connections: int, ahead: int
) -> None:
    seconds = 4.0
    with (
        server(settings.snapshots, tmp_path / "log", refusals_per_second=10) as running,
        ThreadPoolExecutor(connections) as threads,
    ):
        asked = [threads.submit(refusals, running, ahead, seconds) for _ in range(connections)]
        number = sum(one.result() for one in asked)
    # What may be at once, what there is time for, and what each had ahead, at most twice.
    assert 20 <= number <= 10 * (LENIENT + seconds) + 2 * connections * ahead


def test_a_header_without_end_is_refused_with_words(running: Running) -> None:
    with running.open() as long:
        long.sendall(b"GET /healthz HTTP/1.1\r\nX-Long: " + b"x" * 66_000)
        _, said = closed_after(long)
    assert said.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("path", ["/sparql", "/rdf-graph-store?default", "/healthz"])
@pytest.mark.parametrize("length", [b"99999999999", b"0" * 30 + b"68157441", b"9" * 19])
def test_a_body_that_is_announced_as_too_large_is_refused_at_once(
    running: Running, path: str, length: bytes
) -> None:
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
    with running.open() as large:
        large.sendall(head % path.encode() + b"Content-Length: " + length + b"\r\n\r\n")
        seconds, said = closed_after(large)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["status"] == 413
    assert seconds < 0.5


def test_a_query_that_is_announced_as_too_long_is_refused_at_once(running: Running) -> None:
    head = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
    with running.open() as large:
        large.sendall(head + b"Content-Length: 2000000\r\n\r\n")
        seconds, said = closed_after(large)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"/query-too-long" in said
    assert seconds < 0.5


def test_a_body_within_the_limit_is_waited_for(running: Running) -> None:
    head = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
    with running.open() as slow:
        slow.sendall(head + b"Content-Length: 6\r\nConnection: close\r\n\r\nASK")
        time.sleep(0.2)
        slow.sendall(b" {}")
        _, said = closed_after(slow)
    assert said.startswith(b"HTTP/1.1 200 ")


def test_an_answer_of_unknown_length_is_held_for_a_client_of_http_1_0() -> None:
    """And one that does not end is never sent: its end would look like the end of a whole one."""
    start = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}
    piece = {"type": "http.response.body", "body": b"abc", "more_body": True}
    end = {"type": "http.response.body", "body": b"d"}

    def sent(method: str, *messages: dict[str, object]) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []

        async def send(message: dict[str, object]) -> None:
            found.append(message)

        async def run() -> None:
            sending = held(method, send)  # type: ignore[arg-type]
            for message in messages:
                await sending(message)

        asyncio.run(run())
        return found

    whole = {**start, "headers": [(b"a", b"b"), (b"content-length", b"4")]}
    assert sent("GET", start, piece, end) == [whole, {**end, "body": b"abcd"}]
    assert sent("GET", start, piece) == []
    assert sent("GET", whole, piece) == [whole, piece]
    assert sent("HEAD", start, end) == [start, end]
    empty = {**start, "status": 204}
    assert sent("GET", empty, end) == [empty, end]


def test_headers_within_the_limit_are_taken(running: Running) -> None:
    assert running.get("/healthz", **{"X-Long": "x" * 60_000})[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
        b"GET  / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"\x00" * 2000,
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nHOST: x\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused(running: Running, sent: bytes) -> None:
    with running.open() as odd:
        odd.sendall(sent)
        _, said = closed_after(odd)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["status"] == 400
    assert running.get("/healthz")[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        "GET {} HTTP/1.1\r\nHost: evil.example\r\nHost: good.example\r\n\r\n",
        "GET {} HTTP/1.1\r\nHost: evil.example\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\nHost: good.example\r\n\r\n",
    ],
)
def test_no_client_chooses_the_address_in_the_answers_of_another(
    running: Running, sent: str
) -> None:
    """An answer is kept for the host that was asked, and links to the same."""
    path = "/api/v1/events?limit=1&fields=label"
    for attempt in (sent.format(path), f"GET {path} HTTP/1.1\r\nHost: good.example\r\n\r\n"):
        with running.open() as client:
            client.sendall(attempt.encode())
            _, said = closed_after(client)
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"good.example" in body
    assert b"evil.example" not in said


def test_http_1_0_needs_no_host(running: Running) -> None:
    with running.open() as old:
        old.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        _, said = closed_after(old)
    assert b" 200 " in said[:20]


def test_silent_connections_crowd_out_each_other_and_nobody_else(running: Running) -> None:
    silent = [running.open() for _ in range(300)]
    try:
        for _ in range(20):
            begun = time.monotonic()
            assert running.get("/healthz")[0] == 200
            assert time.monotonic() - begun < 2
        metrics = running.get("/metrics")[1].decode()
        assert 'connections_closed_total{limit="per_address"}' in metrics
        opened = next(
            float(line.split()[-1])
            for line in metrics.splitlines()
            if line.startswith('ansvarsgraf_connections{state="open"}')
        )
        assert opened <= PER_ADDRESS
    finally:
        for connection in silent:
            connection.close()


def test_one_who_does_not_read_does_not_stop_others(running: Running) -> None:
    greedy = []
    for _ in range(20):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", running.port))
        connection.sendall(b"GET /api/v1/events?limit=500 HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
        greedy.append(connection)
    assert running.get("/healthz")[0] == 200
    assert running.get("/api/v1/legal-bases/sul-140")[0] == 200
    for connection in greedy:
        connection.close()


def test_requests_far_ahead_of_their_answers_are_cut_off(running: Running) -> None:
    with running.open() as eager:
        with contextlib.suppress(OSError):
            eager.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
        closed_after(eager)
    assert 'limit="pipelined"' in running.get("/metrics")[1].decode()


def test_a_few_requests_ahead_are_answered_in_order(running: Running) -> None:
    with running.open() as ahead:
        ahead.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            b"GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        _, said = closed_after(ahead)
    statuses = [line.split()[1] for line in said.split(b"\r\n") if line.startswith(b"HTTP/1.1")]
    statuses += [s.split()[1] for s in said.split(b"}HTTP")[1:] or said.split(b"\nHTTP")[1:]]
    assert said.count(b"HTTP/1.1 200") == 2
    assert said.count(b"HTTP/1.1 404") == 1
    assert said.index(b"404") > said.index(b"200")


def test_a_body_that_nobody_asked_for_is_not_waited_for(running: Running) -> None:
    with running.open() as sender:
        sender.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 100
        )
        seconds, said = closed_after(sender)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert seconds < 5


def test_the_register_empties_when_all_have_left(running: Running) -> None:
    def opened() -> bool:
        text = running.get("/metrics")[1].decode()
        return 'ansvarsgraf_connections{state="open"} 1\n' in text

    wait_until(opened)


def test_a_connection_too_many_is_told_when_to_come_back() -> None:
    """All that may be open are at work, so that none can give way."""

    async def main() -> bytes:
        asked, done = asyncio.Event(), asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            asked.set()
            await done.wait()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        async with open_to(slow, Limits(connections=1)) as ((busy, writer), _):
            writer.write(GET)
            await asked.wait()
            late, other = await asyncio.open_connection(*writer.get_extra_info("peername"))
            told = await late.read()
            done.set()
            assert (await busy.readline()).startswith(b"HTTP/1.1 204")
            other.close()
            return told

    head, _, body = asyncio.run(asyncio.wait_for(main(), 20)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    told = dict(line.lower().split(b": ") for line in head.split(b"\r\n")[1:])
    assert int(told[b"retry-after"]) > 0
    assert json.loads(body)["status"] == 503


@contextlib.contextmanager
def answering(folder: Path, limits: Limits) -> Iterator[tuple[int, Register]]:
    """The service in this process, within limits: its port and its connections."""
    protocol, register = guarded(limits)
    app = create_app(make(folder, admin_token=TOKEN))
    serving = Server(uvicorn.Config(app, http=protocol, log_config=None))
    listening = listen("127.0.0.1", 0)
    thread = threading.Thread(
        target=lambda: asyncio.run(serving.serve(sockets=[listening])), daemon=True
    )
    thread.start()
    wait_until(lambda: serving.started)
    try:
        yield listening.getsockname()[1], register
    finally:
        serving.should_exit = True
        thread.join(20)


def trickled(port: int, head: bytes, each: bytes) -> tuple[float, bytes]:
    """Send headers, and then ten times a second a little more; gives the seconds until the server
    closed, and what it said."""
    begun, said = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", port), timeout=0.1) as slow:
        slow.sendall(head + b"\r\n")
        while time.monotonic() - begun < 15:
            try:
                slow.sendall(each)
                piece = slow.recv(65536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if not piece:
                break
            said += piece
    return time.monotonic() - begun, said


@pytest.mark.parametrize(
    ("head", "each"),
    [
        (
            b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
            b"Content-Length: 90000\r\n",
            b" ",
        ),
        (
            b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
            b"Transfer-Encoding: chunked\r\n",
            b"1\r\n \r\n",
        ),
        (
            b"PUT /rdf-graph-store?default HTTP/1.1\r\nHost: x\r\nContent-Type: text/turtle\r\n"
            b"Authorization: Bearer " + TOKEN.encode() + b"\r\nContent-Length: 90000\r\n",
            b" ",
        ),
        (
            b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
            b"Content-Length: 90000\r\n",
            b"",
        ),
    ],
    ids=["query", "chunks", "graph", "no body at all"],
)
@pytest.mark.parametrize("by", ["connection", pytest.param("service", marks=pytest.mark.long)])
def test_a_body_that_trickles_ends_in_time_and_others_are_served_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes, each: bytes, by: str
) -> None:
    """The service tells of it after its time; the connection closes after its own, in any case."""
    short = 1.0
    if by == "service":
        monkeypatch.setattr(request, "BODY_SECONDS", short)
    limits = Limits(body_seconds=short if by == "connection" else 60.0)
    with answering(tmp_path, limits) as (port, register), ThreadPoolExecutor(20) as clients:
        slow = [clients.submit(trickled, port, head, each) for _ in range(20)]
        served = 0
        while not all(client.done() for client in slow):
            begun = time.monotonic()
            for path in ("/healthz", "/sparql?query=ASK%7B%7D"):
                connection = HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", path)
                assert connection.getresponse().status == 200
                connection.close()
            assert time.monotonic() - begun < 3
            served += 1
        ended = [client.result() for client in slow]
    assert served > 1
    for seconds, said in ended:
        assert short * 0.8 < seconds < short + 5
        if by == "service":
            assert said.startswith(b"HTTP/1.1 408 ")
            assert json.loads(said.partition(b"\r\n\r\n")[2])["type"].endswith("/too-slow")
        else:
            assert said == b""
    assert register.closed["body_seconds"] == (20 if by == "connection" else 0)
