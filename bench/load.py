"""A load generator for HTTP/1.1: raw sockets, kept alive, one request at a time on each.

It does as little as possible, so that on two cores the server is what is measured. Beside requests
per second it tells the CPU time that the server's processes spent on each, which other work on the
machine changes less.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from dataclasses import dataclass
from pathlib import Path

#: Bytes that a client receives at once. For more than 128 KB the C library maps memory each time,
#: which takes longer than all else that a client does.
RECEIVED = 1 << 16


@dataclass
class Measured:
    """What a run gave.

    Attributes:
        rate: answers per second.
        cpu: microseconds of the server's CPU time for each answer.
        latencies: seconds of each answer, sorted.
        failed: answers that were not 200.
    """

    rate: float
    cpu: float
    latencies: list[float]
    failed: int

    def quantile(self, share: float) -> float:
        """The latency in milliseconds below which this share of the answers lies."""
        if not self.latencies:
            return float("nan")
        place = min(len(self.latencies) - 1, int(share * len(self.latencies)))
        return self.latencies[place] * 1000


def cpu_seconds(pids: list[int]) -> float:
    """CPU time that processes have used, in seconds."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """A process and all that come from it."""
    found = [pid]
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return found
    for child in below:
        found += children(int(child))
    return found


class Client:
    """One connection that asks again as soon as it is answered."""

    def __init__(self, address: tuple[str, int], requests: list[bytes], first: int) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests, self.next = requests, first
        self.begun = 0.0
        self.got = b""
        self.missing = -1
        self.status = 0

    def ask(self) -> None:
        """Send the next request."""
        self.begun = time.perf_counter()
        self.got, self.missing = b"", -1
        self.socket.sendall(self.requests[self.next % len(self.requests)])
        self.next += 1

    def take(self) -> bool:
        """Read what there is; True when an answer is complete.

        Raises:
            ConnectionError: the server closed.
        """
        data = self.socket.recv(RECEIVED)
        if not data:
            raise ConnectionError
        if self.missing >= 0:
            self.missing -= len(data)
            return self.missing <= 0
        self.got += data
        end = self.got.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self.got[:end].lower()
        self.status = int(head[9:12])
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        self.missing = length - (len(self.got) - end - 4)
        return self.missing <= 0


def run(
    address: tuple[str, int],
    paths: list[str],
    *,
    seconds: float,
    connections: int,
    pids: list[int] | None = None,
    headers: str = "Accept: application/json\r\n",
) -> Measured:
    """Ask for paths in turn, on several connections, for some seconds."""
    requests = [
        f"GET {p} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n{headers}\r\n".encode()
        for p in paths
    ]
    selector = selectors.DefaultSelector()
    for number in range(connections):
        client = Client(address, requests, number)
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.ask()
    latencies: list[float] = []
    failed = 0
    before = cpu_seconds(pids or [])
    begun = time.perf_counter()
    until = begun + seconds
    now = begun
    while now < until:
        for key, _ in selector.select(0.5):
            client = key.data
            if client.take():
                now = time.perf_counter()
                latencies.append(now - client.begun)
                failed += client.status != 200
                client.ask()
        now = time.perf_counter()
    spent = cpu_seconds(pids or []) - before
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    took = now - begun
    latencies.sort()
    number = max(1, len(latencies))
    return Measured(len(latencies) / took, spent / number * 1e6, latencies, failed)
