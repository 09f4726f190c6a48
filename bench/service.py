"""What running the service costs: building, starting, memory, both cores, a swap, the pages."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench.common import FIRST, Bench, Client, Server, Spread, say, service
from bench.load import run as load
from bench.peers import WARM, running
from graph_service.build.publish import POINTER, current

#: Page types: title → address on the real graph.
PAGES = {
    "front": "/",
    "search": "/soeg?q=genoptr%C3%A6ning",
    "duties, all": "/ansvar",
    "duties of an actor": "/ansvar?actor=odense-kommune",
    "duties under a provision": "/ansvar?law=sul-140",
    "initiatives": "/indsatser",
    "agreements": "/aftaler",
    "laws": "/lovgrundlag",
    "actors": "/aktoerer",
    "findings": "/fund",
    "calendar": "/kalender",
    "sources": "/kilder",
}
#: Kinds of thing whose own page is measured.
THINGS = (
    "responsibilities",
    "actors",
    "agreements",
    "initiatives",
    "legal-bases",
    "findings",
    "documents",
    "events",
)
LOAD_SECONDS = 5.0


def run(bench: Bench) -> None:
    """Every part."""
    build(bench)
    start(bench)
    memory(bench)
    pages(bench)
    cores(bench)
    swap(bench)
    readers(bench)


def build(bench: Bench) -> None:
    """From Turtle to a published snapshot."""
    rows = []
    for number in range(1 if bench.quick else 3):
        with tempfile.TemporaryDirectory(prefix="bench-") as room:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            begun = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "graph_service.cli", "build"],
                env={**os.environ, "ANSVARSGRAF_SNAPSHOTS": room},
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            took = time.perf_counter() - begun
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            rows.append({"run": number + 1, "seconds": f"{took:.1f}", "CPU seconds": f"{cpu:.1f}"})
    bench.show("Build", rows, "Goal: 20 s with everything in.")
    bench.save("build", {"rows": rows})


def start(bench: Bench) -> None:
    """From starting the process to the first answer of a named question."""
    rows = []
    for size in bench.sizes:
        for processes in (1, 2):
            took = []
            for _ in range(bench.rounds(10) if size == 1 else 3):
                with running(service(bench.snapshots(size), processes=processes)) as server:
                    took.append(server.seconds)
            rows.append(
                {
                    "size": f"{size}×",
                    "processes": processes,
                    "seconds to the first answer": Spread.of(took).plain(),
                }
            )
    note = f"First answer: `{FIRST}`. Goals: 1.5 s at 1×, 15 s at 100×."
    bench.show("Start from a built snapshot", rows, note)
    bench.save("start", {"rows": rows})


def kilobytes(pid: int, what: str) -> int:
    """A line of ``/proc/{pid}/smaps_rollup``, such as Rss or Pss."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(rf"^{what}: +(\d+) kB", text, re.M)
    return int(found[1]) if found else 0


def memory(bench: Bench) -> None:
    """Resident memory of each process, after the first answer and after much use."""
    rows = []
    for size in bench.sizes[:1]:
        with running(service(bench.snapshots(size), processes=2)) as server:
            client = Client(server.url)
            for moment in ("after the first answer", "after every page type, and 200 answers"):
                if moment != "after the first answer":
                    for _ in range(4):
                        for path in [*PAGES.values(), *things(client), *WARM]:
                            client.ask(path, headers={"Accept": "text/html, application/json"})
                            client.close()  # let both processes have some
                    for number in range(200):
                        client.ask(
                            f"/api/v1/responsibilities?actor=odense-kommune&limit={number + 1}"
                        )
                    time.sleep(1)
                for pid in server.pids:
                    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                    rows.append(
                        {
                            "size": f"{size}×",
                            "moment": moment,
                            "process": command.decode()[-60:].strip(),
                            "resident, MB": kilobytes(pid, "Rss") // 1024,
                            "proportional, MB": kilobytes(pid, "Pss") // 1024,
                        }
                    )
    bench.show("Memory", rows, "Goal: 250 MB resident per process.")
    bench.save("memory", {"rows": rows})


def things(client: Client) -> list[str]:
    """Address of one page of each kind of thing."""
    found = []
    for name in THINGS:
        status, body, _ = client.ask(f"/api/v1/{name}?limit=1")
        items = json.loads(body).get("items") if status == 200 else None
        if items and items[0].get("page"):
            parts = urlsplit(items[0]["page"])
            found.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return found


def pages(bench: Bench) -> None:
    """Time at the server for each type of page, not cached."""
    rows = []
    with running(service(bench.snapshots(1), cache=False)) as server:
        client = Client(server.url)
        head = {"Accept": "text/html"}
        shown = dict(PAGES)
        for path in things(client):
            shown["a thing: " + path.split("/")[1]] = path
        client.ask("/", headers=head)
        time.sleep(3)  # what pages share is made in the background
        taken: dict[str, list[float]] = {title: [] for title in shown}
        sizes, statuses = {}, {}
        plan = [title for title in shown for _ in range(bench.rounds(20))]
        random.Random(1).shuffle(plan)
        for title in [*shown, *plan]:
            status, body, seconds = client.ask(shown[title], headers=head)
            taken[title].append(seconds)
            sizes[title], statuses[title] = len(body), status
    for title, kept in taken.items():
        rows.append(
            {
                "page": title,
                "address": shown[title],
                "status": statuses[title],
                "KB": sizes[title] // 1024,
                "ms": Spread.of(kept[1:]).ms(),
            }
        )
    every = Spread.of([statistics.median(kept[1:]) for kept in taken.values()])
    note = f"Goal: a median of 50 ms for each type. Median over the types: {every.ms()} ms."
    bench.show("Pages, not cached, 1×", rows, note)
    bench.save("pages", {"rows": rows})


#: Cold answers that differ, so that nothing is cached between them.
MIX = [
    f"/api/v1/questions/{name}"
    for name in (
        "duties-of-organisation?organisation=odense-kommune&modality=Must",
        "who-does-what?phase=hjerte-palliation",
        "responsibilities?actor=odense-kommune",
        "who-under-provision?law=sul-140",
        "responsibilities?actor=odense-kommune&task=genoptraening",
    )
]


def cores(bench: Bench) -> None:
    """Cold answers per second on one core, and with a process on each of two.

    One process alone uses more than one core: the engine lets other threads run. The asking client
    takes its share: beside one core it has the other for itself, and beside two it has none. So one
    core is measured twice, with the client apart and with the client on it, as on two.
    """
    seconds = 1.0 if bench.quick else LOAD_SECONDS
    snapshots = bench.snapshots(1)
    everywhere = os.sched_getaffinity(0)
    one = service(snapshots, processes=1, cache=False, one_core=True)
    rows = []
    with running(one), running(service(snapshots, processes=2, cache=False)) as two:
        for client in ("on the other core", "on the same core"):
            rates: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(bench.rounds(10)):
                order = [(1, one), (2, two)]
                random.shuffle(order)
                for number, server in order:
                    at = ("127.0.0.1", urlsplit(server.url).port or 80)
                    with_it = number == 1 and client == "on the same core"
                    os.sched_setaffinity(0, {0} if with_it else everywhere)
                    try:
                        found = load(at, MIX, seconds=seconds, connections=16)
                    finally:
                        os.sched_setaffinity(0, everywhere)
                    rates[number].append(found.rate)
            ratios = [b / a for a, b in zip(rates[1], rates[2], strict=True)]
            rows.append(
                {
                    "client beside one core": client,
                    "one core, req/s": Spread.of(rates[1]).plain(1),
                    "two processes on two cores, req/s": Spread.of(rates[2]).plain(1),
                    "ratio": Spread.of(ratios).plain(),
                }
            )
    bench.show("Both cores: cold named questions", rows, "Goal: 1.7.")
    bench.save("cores", {"rows": rows})


def twins(folder: Path, room: Path) -> list[str]:
    """Two snapshots of the same content under two ids, in a snapshots folder of their own."""
    names = ["0" * 15 + "1", "0" * 15 + "2"]
    for name in names:
        shutil.copytree(folder, room / name)
        manifest = json.loads((room / name / "manifest.json").read_text())
        (room / name / "manifest.json").write_text(json.dumps({**manifest, "id": name}))
    (room / POINTER).write_text(names[0])
    return names


def swap(bench: Bench) -> None:
    """The slowest request while a new snapshot goes live, beside the slowest without one."""
    swaps = 3 if bench.quick else 20
    paths = [
        "/api/v1/questions/who-under-provision?law=sul-140",
        "/api/v1/responsibilities?law=sul-140",
        "/api/v1/responsibilities?phase=hjerte-palliation",
        "/api/v1/initiatives?group=foelgegruppen-for-forebyggelse&limit=10",
    ]
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        room = Path(folder)
        names = twins(current(bench.snapshots(1)), room)
        for processes in (1, 2):
            (room / POINTER).write_text(names[0])
            with running(service(room, processes=processes)) as server:
                at = ("127.0.0.1", urlsplit(server.url).port or 80)
                for what in ("quiet", f"{swaps} swaps"):
                    stop = threading.Event()
                    turning = threading.Thread(
                        target=turn,
                        args=(server, room, names, stop, swaps if "swap" in what else 0),
                    )
                    turning.start()
                    found = load(at, paths, seconds=swaps * 0.5 + 1, connections=4)
                    stop.set()
                    turning.join()
                    now = httpx.get(server.url + paths[1]).json()["snapshot"]
                    rows.append(
                        {
                            "processes": processes,
                            "run": what,
                            "requests": len(found.latencies),
                            "failed": found.failed,
                            "median, ms": f"{found.quantile(0.5):.2f}",
                            "p99.9, ms": f"{found.quantile(0.999):.1f}",
                            "slowest, ms": f"{found.latencies[-1] * 1e3:.1f}",
                            "in service after": now[-1],
                        }
                    )
    note = "Goal: no request slower than 250 ms. Four connections; a swap each half second."
    bench.show("Cost of a swap", rows, note)
    bench.save("swap", {"rows": rows})


def turn(
    server: Server,
    room: Path,
    names: list[str],
    stop: threading.Event,
    swaps: int,
    pause: float = 0.5,
) -> None:
    """Put the other snapshot in service, over and over, with a pause in seconds after each."""
    time.sleep(0.5)
    for number in range(swaps):
        if stop.is_set():
            return
        pointer = room / (POINTER + ".new")
        pointer.write_text(names[(number + 1) % 2])
        pointer.replace(room / POINTER)
        server.signal(signal.SIGHUP)
        time.sleep(pause)
    say(f"{swaps} swaps")


def read(url: str, paths: list[str], seed: int, stop: threading.Event, taken: list[float]) -> None:
    """Ask for pages at random, one after another, as a reader does who is in a hurry."""
    random_one, client = random.Random(seed), Client(url)
    while not stop.is_set():
        path = random_one.choice(paths)
        status, _, seconds = client.ask(path, headers={"Accept": "text/html, application/json"})
        assert status == 200, path
        taken.append(seconds)
        time.sleep(0.02)


def readers(bench: Bench) -> None:
    """The slowest page while new snapshots go live, and the memory that they leave behind."""
    swaps = 2 if bench.quick else 12
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        room = Path(folder)
        names = twins(current(bench.snapshots(1)), room)
        for processes, number in ((1, 2), (2, 2), (2, 4)):
            (room / POINTER).write_text(names[0])
            with running(service(room, processes=processes)) as server:
                client = Client(server.url)
                paths = [*PAGES.values(), *things(client), "/api/v1/search?q=plan", *WARM]
                for path in paths * 4:
                    client.ask(path, headers={"Accept": "text/html, application/json"})
                    client.close()  # each process gets some
                time.sleep(2)
                quiet: list[float] = []
                swapping: list[float] = []
                for taken in (quiet, swapping):
                    stop = threading.Event()
                    asking = [
                        threading.Thread(target=read, args=(server.url, paths, n, stop, taken))
                        for n in range(number)
                    ]
                    for thread in asking:
                        thread.start()
                    if taken is swapping:
                        turn(server, room, names, stop, swaps, pause=3.0)
                    else:
                        time.sleep(4)
                    stop.set()
                    for thread in asking:
                        thread.join()
                largest = max(kilobytes(pid, "Rss") for pid in server.pids)
                middle = statistics.median(swapping)
                late = statistics.quantiles(swapping, n=1000)[-1]
                rows.append(
                    {
                        "processes": processes,
                        "readers": number,
                        "requests": len(swapping),
                        "median, ms": f"{middle * 1e3:.2f}",
                        "p99.9, ms": f"{late * 1e3:.0f}",
                        "slowest, ms": f"{max(swapping) * 1e3:.0f}",
                        "slowest without swaps, ms": f"{max(quiet) * 1e3:.0f}",
                        "largest process after, MB": largest // 1024,
                    }
                )
    note = f"Goal: no request slower than 250 ms. {swaps} swaps; after each, every page is new."
    bench.show("Cost of a swap for readers of pages", rows, note)
    bench.save("readers", {"rows": rows})
