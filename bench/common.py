"""What the measurements share: data of each size, servers, a client, figures and tables."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.generate import generate
from bench.load import RECEIVED, children
from graph_service.build.publish import current, manifest_of
from graph_service.settings import Settings
from tests.store.engine import free_port

RESULTS = Path(__file__).parent / "results"


@dataclass
class Bench:
    """How to run.

    Attributes:
        quick: small sizes and few rounds, to see that everything works.
        sizes: regions of each size; the first is the real graph.
        data: folder that holds the generated graphs.
        tables: what was found, for the Markdown at the end.
    """

    quick: bool
    sizes: tuple[int, ...]
    data: Path
    tables: list[str] = field(default_factory=list)

    def rounds(self, full: int) -> int:
        """So many rounds, or few."""
        return max(3, full // 5) if self.quick else full

    def snapshots(self, regions: int) -> Path:
        """The snapshots folder that holds so many regions; made when it is not there."""
        settings = Settings.from_environment()
        if regions == 1:
            return settings.snapshots
        target = self.data / f"{regions}x"
        generate(current(settings.snapshots), target, regions, tell=say)
        return target

    def triples(self, regions: int) -> int:
        """Triples of a size."""
        return manifest_of(current(self.snapshots(regions))).triples

    def show(self, title: str, rows: Sequence[Mapping[str, Any]], note: str = "") -> None:
        """Print a table, keep it for the report."""
        text = f"### {title}\n\n{table(rows)}\n" + (f"\n{note}\n" if note else "")
        print("\n" + text, flush=True)
        self.tables.append(text)

    def save(self, name: str, found: Mapping[str, Any]) -> None:
        """Write what was found to ``bench/results/{name}.json``."""
        RESULTS.mkdir(exist_ok=True)
        whole = {"name": name, "quick": self.quick, **machine(), **found}
        text = json.dumps(whole, ensure_ascii=False, indent=1, default=str)
        (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def say(text: str) -> None:
    """A line of progress."""
    print(f"… {text}", file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """Where and when this ran, and how busy the machine was."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": [round(part, 1) for part in os.getloadavg()],
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a Markdown table that reads well as text too."""
    if not rows:
        return "(nothing)"
    names = list(rows[0])
    cells = [names, *([str(row.get(n, "")) for n in names] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of some figures."""

    low: float
    middle: float
    high: float
    number: int

    @staticmethod
    def of(figures: Sequence[float]) -> Spread:
        """Of at least one figure."""
        if len(figures) < 2:
            return Spread(figures[0], figures[0], figures[0], len(figures))
        low, middle, high = statistics.quantiles(figures, n=4, method="inclusive")
        return Spread(low, middle, high, len(figures))

    def ms(self) -> str:
        """Seconds as milliseconds, for a table."""
        return f"{self.middle * 1e3:.2f} ({self.low * 1e3:.2f}-{self.high * 1e3:.2f})"

    def plain(self, digits: int = 2) -> str:
        """The figures as they are, for a table."""
        return f"{self.middle:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


class Client:
    """One connection, kept alive. It does as little as possible: what is measured is the server.

    (Python's own client takes 0.2 ms for each answer, most of it to read the headers as mail.)
    """

    def __init__(self, url: str, timeout: float = 120) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._at = (parts.hostname, parts.port or 80)
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._got = bytearray()

    def ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, float]:
        """Status, body, seconds. A connection that the server closed is opened again.

        Raises:
            OSError: there is no answer, or it breaks off.
        """
        lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1"]
        lines += [f"Host: {self._at[0]}:{self._at[1]}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        request = "\r\n".join([*lines, "", ""]).encode() + (body or b"")
        for last in (False, True):
            begun = time.perf_counter()
            try:
                if self._socket is None:
                    self._socket = socket.create_connection(self._at, self._timeout)
                    self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._got.clear()
                self._socket.sendall(request)
                status, data = self._answer()
                return status, data, time.perf_counter() - begun
            except ConnectionError:
                self.close()
                if last:
                    raise
            except OSError:
                self.close()
                raise
        raise AssertionError

    def _answer(self) -> tuple[int, bytes]:
        head = self._until(b"\r\n\r\n").lower()
        status = int(head[9:12])
        at = head.find(b"\r\ncontent-length:")
        if at >= 0:
            return status, self._exactly(int(head[at + 17 :].split(b"\r\n", 1)[0]))
        if b"\r\ntransfer-encoding: chunked" not in head:
            raise OSError(f"an answer without a length: {bytes(head)!r}")
        pieces = []
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            pieces.append(self._exactly(size))
            self._until(b"\r\n")
        self._until(b"\r\n")
        return status, b"".join(pieces)

    def _more(self) -> None:
        assert self._socket
        data = self._socket.recv(RECEIVED)
        if not data:
            raise ConnectionResetError("the server closed")
        self._got += data

    def _until(self, mark: bytes) -> bytes:
        while (at := self._got.find(mark)) < 0:
            self._more()
        found = bytes(self._got[:at])
        del self._got[: at + len(mark)]
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._got) < size:
            self._more()
        found = bytes(self._got[:size])
        del self._got[:size]
        return found

    def close(self) -> None:
        """Close; the next request opens it again."""
        if self._socket:
            self._socket.close()
            self._socket = None


def spin() -> None:
    """Do nothing on a core, for as long as nobody else has a use for it."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while True:
        pass


@contextmanager
def awake() -> Iterator[None]:
    """Keep the cores from sleeping between requests.

    On a virtual machine a core that slept is woken late and finds its caches cold: a fifth of an
    answer of half a millisecond, and nothing of one of twenty. On a machine in use they are awake.
    """
    apart = multiprocessing.get_context("spawn")
    spinning = [apart.Process(target=spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for process in spinning:
        process.start()
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.join()


class Server:
    """A process that serves; stopped, with its children, by :meth:`stop`.

    Args:
        command: what to run.
        url: its address.
        path: what it is asked for until it answers.
        environment: added to ours.
        patience: seconds until it must have answered.

    Attributes:
        seconds: from starting the process to the first answer.
    """

    def __init__(
        self,
        command: Sequence[str],
        url: str,
        path: str,
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        patience: float = 300,
    ) -> None:
        self.url = url
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            list(command),
            env={**os.environ, **(environment or {})},
            cwd=cwd,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            client = Client(url)
            while True:
                if self.process.poll() is not None or time.perf_counter() - begun > patience:
                    raise RuntimeError(f"{command[:4]} does not answer")
                try:
                    status, _, _ = client.ask(path)
                except OSError:
                    time.sleep(0.005)
                    continue
                if status == 200:
                    break
                time.sleep(0.005)
            client.close()
        except BaseException:
            self.stop()
            raise
        self.seconds = time.perf_counter() - begun

    @property
    def pids(self) -> list[int]:
        """The process and all that come from it."""
        return children(self.process.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


FIRST = "/api/v1/questions/who-under-provision?law=sul-140"


def service(
    snapshots: Path,
    *,
    processes: int = 1,
    cache: bool = True,
    one_core: bool = False,
    as_installed: bool = False,
) -> Server:
    """Our service over a snapshots folder, on all cores or on the first one.

    Args:
        as_installed: with the limits on connections and the log that it has when nothing is set;
            else without the log, as the peers are, and with room for a load from one address.
    """
    port = free_port()
    environment = {"ANSVARSGRAF_SNAPSHOTS": str(snapshots)}
    if not as_installed:
        environment["ANSVARSGRAF_LOG_REQUESTS"] = "0"
        environment["ANSVARSGRAF_CONNECTIONS_PER_ADDRESS"] = "2000"
    if not cache:
        environment["ANSVARSGRAF_CACHE_BYTES"] = "0"
    command = [sys.executable, "-m", "graph_service.cli", "serve", "--port", str(port)]
    if one_core:
        command = ["taskset", "-c", "0", *command]
    return Server(
        [*command, "--processes", str(processes)],
        f"http://127.0.0.1:{port}",
        FIRST,
        environment=environment,
    )
