"""What a second process gives: requests per second with one and with two, in turn.

Usage: ``python -m bench.processes [SECONDS]``. Each answer is made anew (``CACHE_BYTES=0``), so that
the servers' work is what fills the cores. The goal is a ratio of at least 1.7 on two cores.
"""

from __future__ import annotations

import random
import statistics
import sys

from bench.cache import start
from bench.load import children, run

PATHS = [
    "/api/v1/questions/who-under-provision?law=sul-140",
    "/api/v1/responsibilities?law=sul-140",
    "/api/v1/responsibilities?actor=kommune&task=genoptraening&limit=10",
    "/api/v1/initiatives?group=foelgegruppen-for-forebyggelse&limit=5",
    "/api/v1/events?due_before=2019-01-01&limit=10",
]
ROUNDS = 5


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    rates: dict[int, list[float]] = {1: [], 2: []}
    cpu: dict[int, list[float]] = {1: [], 2: []}
    p99: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for processes in random.sample([1, 2], 2):
            port = 18770 + processes
            command = ["-m", "graph_service.cli", "serve", "--port", str(port)]
            server = start(
                [*command, "--processes", str(processes)],
                port,
                "/healthz",
                ANSVARSGRAF_CACHE_BYTES="0",
                ANSVARSGRAF_WORKERS="1",
            )
            try:
                address = ("127.0.0.1", port)
                run(address, PATHS, seconds=1, connections=16)
                found = run(
                    address, PATHS, seconds=seconds, connections=16, pids=children(server.pid)
                )
            finally:
                server.terminate()
                server.wait()
            assert found.failed == 0
            rates[processes].append(found.rate)
            cpu[processes].append(found.cpu)
            p99[processes].append(found.quantile(0.99))
    ratios = sorted(b / a for a, b in zip(rates[1], rates[2], strict=True))
    for processes, measured in rates.items():
        print(
            f"{processes} process(es): {statistics.median(measured):6.0f} req/s"
            f"  {statistics.median(cpu[processes]) / 1000:.1f} ms CPU each"
            f"  p99 {statistics.median(p99[processes]):5.0f} ms"
        )
    print(f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
