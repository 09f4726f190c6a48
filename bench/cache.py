"""What a warm named question costs beside a bare endpoint of the same framework.

Usage: ``python -m bench.cache [SECONDS]``. Starts, on the same server program and one process each,
(a) a FastAPI route that returns a constant body of the same size, (b) the service; asks both in
rounds of random order and prints requests per second, CPU time of the server for each, and the
ratios with their spread. The goal is at least 0.6.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
from urllib.request import urlopen

from bench.load import children, run

QUESTIONS = (
    "/api/v1/questions/who-under-provision?law=sul-140",
    "/api/v1/responsibilities?law=sul-140",
    "/api/v1/events?due_before=2019-01-01&limit=50",
)
BARE = """
import sys, uvicorn
from fastapi import FastAPI
from starlette.responses import Response
app = FastAPI()
body = b"x" * int(sys.argv[2])
@app.get("/constant")
async def constant():
    return Response(body, media_type="application/json")
uvicorn.run(app, port=int(sys.argv[1]), http="httptools", log_level="error", access_log=False)
"""
ROUNDS = 7


def start(
    arguments: list[str], port: int, path: str, **environment: str
) -> subprocess.Popen[bytes]:
    """Start a server and wait until it answers."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    for _ in range(300):
        try:
            urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read()
            return process
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{arguments} does not answer")


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    ours_port, bare_port = 18761, 18762
    ours = start(
        ["-m", "graph_service.cli", "serve", "--port", str(ours_port), "--processes", "1"],
        ours_port,
        "/healthz",
    )
    try:
        for question in QUESTIONS:
            size = len(urlopen(f"http://127.0.0.1:{ours_port}{question}").read())
            bare = start(["-c", BARE, str(bare_port), str(size)], bare_port, "/constant")
            try:
                measure(question, size, (ours_port, ours.pid), (bare_port, bare.pid), seconds)
            finally:
                bare.terminate()
                bare.wait()
    finally:
        ours.terminate()
        ours.wait()


def measure(
    question: str, size: int, ours: tuple[int, int], bare: tuple[int, int], seconds: float
) -> None:
    """Both in turn, in random order; prints medians and the ratio with its spread."""
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    costs: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(ROUNDS):
        order = [("ours", *ours, question), ("bare", *bare, "/constant")]
        random.shuffle(order)
        for name, port, pid, path in order:
            found = run(
                ("127.0.0.1", port), [path], seconds=seconds, connections=16, pids=children(pid)
            )
            assert found.failed == 0, (name, found.failed)
            rates[name].append(found.rate)
            costs[name].append(found.cpu)
    ratios = sorted(a / b for a, b in zip(rates["ours"], rates["bare"], strict=True))
    by_cpu = sorted(b / a for a, b in zip(costs["ours"], costs["bare"], strict=True))
    print(
        f"{question}  {size} bytes\n"
        f"  ours {statistics.median(rates['ours']):7.0f} req/s"
        f" {statistics.median(costs['ours']):6.1f} µs CPU"
        f"   bare {statistics.median(rates['bare']):7.0f} req/s"
        f" {statistics.median(costs['bare']):6.1f} µs CPU\n"
        f"  ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
        f"   by CPU time {statistics.median(by_cpu):.2f} ({by_cpu[0]:.2f}-{by_cpu[-1]:.2f})"
    )


if __name__ == "__main__":
    main()
