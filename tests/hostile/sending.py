"""Send bytes as they stand, read what comes back, and watch what it costs the service."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
#: Seconds between two looks at the memory.
LOOK = 0.02


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status; 0 for a connection closed without an answer.
        headers: by name in lower case.
        body: without the transfer coding.
        whole: whether the answer is complete: as long as it says, or ended by the last chunk.
        first, seconds: until the first byte came, and the last, in seconds.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool
    first: float
    seconds: float


def send(port: int, raw: bytes, patience: float = 30.0, address: str = "") -> Answer:
    """Send a request over a connection of its own, and read until the connection is closed.

    Args:
        patience: longest silence in seconds.
        address: of the client; empty for any.

    Raises:
        TimeoutError: nothing came for so long.
    """
    received = bytearray()
    begun = time.monotonic()
    first = 0.0
    there, here = ("127.0.0.1", port), (address, 0) if address else None
    with socket.create_connection(there, patience, source_address=here) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(raw)
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                first = first or time.monotonic() - begun
                received += part
    seconds = time.monotonic() - begun
    if not received.startswith(b"HTTP/"):
        return Answer(0, {}, bytes(received), False, first or seconds, seconds)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    whole = len(body) == int(headers.get("content-length", len(body)))
    if headers.get("transfer-encoding", "").lower() == "chunked":
        whole, body = body.endswith(b"0\r\n\r\n"), b"".join(chunks(body))
    return Answer(int(line.split(" ")[1]), headers, body, whole, first, seconds)


def chunks(body: bytes) -> Iterator[bytes]:
    """The chunks of a body, the last one cut when the transfer was."""
    at = 0
    while (end := body.find(b"\r\n", at)) >= 0 and (size := int(body[at:end], 16)):
        yield body[end + 2 : end + 2 + size]
        at = end + size + 4


def family(pid: int) -> Iterator[int]:
    """A process and all that come from it."""
    yield pid
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from family(int(child))


@dataclass
class Peak:
    """The most memory that a service's processes held while it was watched.

    Attributes:
        web: resident bytes of the largest process that answers.
        worker: resident bytes of the largest process that runs queries.
    """

    web: int = 0
    worker: int = 0
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def look(self, pid: int) -> None:
        """Look once."""
        for each in family(pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                size = int(Path(f"/proc/{each}/statm").read_text().split()[1]) * PAGE
                if b"graph_service.sparql" in Path(f"/proc/{each}/cmdline").read_bytes():
                    self.worker = max(self.worker, size)
                else:
                    self.web = max(self.web, size)


@contextlib.contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """Look at a service's memory all the time."""
    peak = Peak()

    def look() -> None:
        while not peak._stop.is_set():
            peak.look(pid)
            peak._stop.wait(LOOK)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        peak._stop.set()
        thread.join()
        peak.look(pid)
