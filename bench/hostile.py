"""What hostile clients cost the others: p99 of the named questions with and without an attack.

Sends every input of ``tests/hostile/inputs.py`` at the real service, over and over, while another
client asks named questions (uncached: a new parameter each time). The attackers are a process of
their own at low priority: elsewhere they would be other machines, which do not take the service's
cores. Prints a table: for each kind of input the longest time to an answer and the statuses; then
the p99 of the named questions without and with the attack, their ratio, and the peak memory of the
web processes and of the workers.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import httpx

from graph_service.settings import Settings
from tests.hostile.inputs import HTTP, INPUTS, PARAMETERS, PARSER, PATHS, QUERIES
from tests.hostile.test_hostile import free_port, send

SECONDS = 20.0
ATTACKERS = 12
RESULTS = Path(__file__).parent / "results"


def kinds() -> list[str]:
    """The kind of each input, in their order."""
    sizes = {
        "endless or huge queries": len(QUERIES),
        "parser bombs, updates, outgoing requests": len(PARSER),
        "injection by parameter": len(PARAMETERS),
        "path tricks": len(PATHS),
        "header, body and protocol tricks": len(HTTP),
    }
    return [name for name, size in sizes.items() for _ in range(size)]


def ask(url: str, seconds: float, seed: int) -> list[float]:
    """Seconds that each of many uncached named questions took."""
    rng = random.Random(seed)
    laws = ["sul-140", "sul-119", "sel-86", "sul-84", "sul-5", "sel-153"]
    places = ["odense-kommune", "nyborg-kommune", "esbjerg-kommune", "vejle-kommune"]
    taken = []
    end = time.monotonic() + seconds
    with httpx.Client(base_url=url, timeout=60) as client:
        for number in itertools.count():
            if time.monotonic() > end:
                return taken
            salt = f"&q={rng.randrange(10**9)}" if number % 2 else ""
            path = rng.choice(
                [
                    f"/api/v1/questions/who-under-provision?law={rng.choice(laws)}",
                    f"/api/v1/responsibilities?actor={rng.choice(places)}&limit=50{salt}",
                    f"/api/v1/questions/duties-of-organisation?organisation={rng.choice(places)}",
                ]
            )
            begun = time.perf_counter()
            client.get(path, headers={"Cache-Control": "no-cache"}).raise_for_status()
            taken.append(time.perf_counter() - begun)
            time.sleep(0.005)
    return taken


def memory(group: int) -> tuple[int, int]:
    """Resident bytes of the web processes and of the query workers."""
    web = workers = 0
    text = subprocess.check_output(["ps", "-o", "rss=,args=", "-g", str(group)], text=True)
    for line in text.splitlines():
        size, _, command = line.strip().partition(" ")
        if "serve" in command:
            web += int(size) * 1024
        else:
            workers += int(size) * 1024
    return web, workers


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(values, n=100)[98]


Seen = dict[str, tuple[int, float, set[int]]]


def attack(port: int, stop: multiprocessing.Event, told: multiprocessing.Queue) -> None:  # type: ignore[type-arg,valid-type]
    """Send the inputs in random order until told to stop; tell kind → number, longest, statuses."""
    os.nice(19)
    sent: dict[str, int] = defaultdict(int)
    longest: dict[str, float] = defaultdict(float)
    statuses: dict[str, set[int]] = defaultdict(set)

    def one(seed: int) -> None:
        work = list(zip(kinds(), INPUTS, strict=True))
        rng = random.Random(seed)
        while True:
            rng.shuffle(work)
            for kind, hostile in work:
                if stop.is_set():  # type: ignore[attr-defined]
                    return
                begun = time.perf_counter()
                try:
                    status, _, _ = send(port, hostile.raw)
                except OSError:
                    status = -1
                sent[kind] += 1
                longest[kind] = max(longest[kind], time.perf_counter() - begun)
                statuses[kind].add(status)

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put({kind: (sent[kind], longest[kind], statuses[kind]) for kind in sent})  # type: ignore[attr-defined]


def main() -> int:
    """Run the attack and print the table."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "graph_service.cli", "serve", "--port", str(port)],
        env=os.environ | {"ANSVARSGRAF_SNAPSHOTS": str(Settings.from_environment().snapshots)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    apart = multiprocessing.get_context("spawn")
    stop, told = apart.Event(), apart.Queue()
    try:
        while True:
            try:
                httpx.get(url + "/healthz").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        ask(url, 3, 0)
        calm = ask(url, SECONDS, 1)
        peak = [0, 0]

        def watch() -> None:
            while not stop.wait(0.5):
                now = memory(process.pid)
                peak[0], peak[1] = max(peak[0], now[0]), max(peak[1], now[1])

        attackers = apart.Process(target=attack, args=(port, stop, told))
        attackers.start()
        watcher = threading.Thread(target=watch)
        watcher.start()
        time.sleep(3)
        attacked = ask(url, SECONDS * 3, 2)
        stop.set()
        seen: Seen = told.get(timeout=120)
        attackers.join()
        watcher.join()
    finally:
        stop.set()
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
    print(f"{'kind of input':44} {'inputs':>6} {'sent':>6} {'longest s':>10}  statuses")
    for kind in dict.fromkeys(kinds()):
        sent, longest, statuses = seen.get(kind, (0, 0.0, set()))
        found = " ".join(map(str, sorted(statuses)))
        print(f"{kind:44} {kinds().count(kind):6} {sent:6} {longest:10.2f}  {found}")
    ratio = p99(attacked) / p99(calm)
    print(
        f"named questions: p99 {p99(calm) * 1000:.1f} ms alone ({len(calm)}), "
        f"{p99(attacked) * 1000:.1f} ms under attack ({len(attacked)}), ratio {ratio:.2f}; "
        f"peak {peak[0] / 1e6:.0f} MB web, {peak[1] / 1e6:.0f} MB workers"
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "hostile.json").write_text(
        json.dumps(
            {"p99_alone": p99(calm), "p99_attacked": p99(attacked), "ratio": ratio, "peak": peak}
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
