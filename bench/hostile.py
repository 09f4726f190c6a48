"""What hostile clients cost the others: p99 of the named questions with and without an attack.

First every input of ``tests/hostile/inputs.py`` is sent alone, at a service with the limits that hold
when nothing is set: what came back, after how long, and the most memory that a process held. Then a
client asks named questions, cache of answers switched off: alone; while each input by itself is sent
over and over on twelve connections from as many addresses, and again, after all inputs, when it was
slowed down by it; beside ten thousand connections on which nothing is said, opened anew when they are
closed; and during an attack with all inputs in random order, silent connections from a hundred
addresses, and clients that send a header a byte a second. The attackers are a process of their own at low priority: elsewhere they would be other
machines, which do not take the service's cores.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import multiprocessing
import os
import random
import resource
import socket
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from bench.common import RESULTS, Server, say, service, table
from bench.peers import running
from graph_service.settings import Settings
from tests.hostile.inputs import INPUTS
from tests.hostile.sending import Peak, send, watched

SECONDS, SECONDS_EACH = 20.0, 3.0
#: How many times slower others may be beside an attack; and how often an input is looked at again
#: beside which they were slower: of a hundred questions p99 is the slowest but one, which a moment of
#: the machine decides. What was asked in all looks counts.
MOST, MORE = 3.0, 4
#: In place of an input's number: all in random order, with silent and slow clients; none; the end;
#: silent ones alone.
ALL, NONE, END, IDLE = -1, -2, -3, -4
ATTACKERS = 12
#: How many clients are silent, and how many slow, while this is chosen.
HELD = {IDLE: (10_000, 0), ALL: (2000, 100)}
#: What a slow client says first.
BEGUN = b"GET / HTTP/1.1\r\nX-Slow: "
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 102)]
LAWS = ("sul-140", "sul-119", "sel-86", "sul-84", "sul-5", "sel-153")
PLACES = ("odense-kommune", "nyborg-kommune", "esbjerg-kommune", "vejle-kommune")


@dataclass
class Seen:
    """What came back for one input.

    Attributes:
        sent: how often it was sent.
        first, last: longest time in seconds to the first byte and to the last.
        answers: status and kind of problem.
    """

    sent: int = 0
    first: float = 0.0
    last: float = 0.0
    answers: set[str] = field(default_factory=set)

    def add(self, port: int, raw: bytes, address: str = "") -> None:
        """Send it once."""
        self.sent += 1
        try:
            answer = send(port, raw, 120, address)
        except OSError as error:
            self.answers.add(type(error).__name__)
            return
        said = str(answer.status or "closed")
        if answer.status >= 400 and answer.body.startswith(b"{"):
            said += " " + json.loads(answer.body)["type"].rpartition("/")[2]
        elif not answer.whole and answer.status:
            said += " broken off"
        self.answers.add(said)
        self.first, self.last = max(self.first, answer.first), max(self.last, answer.seconds)


def ask(url: str, seconds: float, seed: int) -> list[float]:
    """Seconds that each of many named questions took."""
    rng = random.Random(seed)
    taken = []
    end = time.monotonic() + seconds
    with httpx.Client(base_url=url, timeout=60) as client:
        while time.monotonic() < end:
            path = rng.choice(
                [
                    f"/api/v1/questions/who-under-provision?law={rng.choice(LAWS)}",
                    f"/api/v1/responsibilities?actor={rng.choice(PLACES)}&limit=50",
                    f"/api/v1/questions/duties-of-organisation?organisation={rng.choice(PLACES)}",
                ]
            )
            begun = time.perf_counter()
            client.get(path).raise_for_status()
            taken.append(time.perf_counter() - begun)
            time.sleep(0.005)
    return taken


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(values, n=100)[98]


def quiet(port: int, said: bytes) -> Iterator[socket.socket]:
    """Connections, from one address after the other, on which no more is said than this."""
    for address in itertools.cycle(ADDRESSES):
        connection = socket.socket()
        connection.bind((address, 0))
        connection.settimeout(5)
        with contextlib.suppress(OSError):
            connection.connect(("127.0.0.1", port))
            connection.sendall(said)
        connection.setblocking(False)
        yield connection


def hold(port: int, chosen: Any) -> None:
    """Keep silent and slow connections open, and open those anew that were closed, while such are
    chosen."""
    while (now := chosen.value) != END:
        if now not in HELD:
            time.sleep(0.1)
            continue
        number_silent, number_slow = HELD[now]
        saying = {b"": quiet(port, b""), b"a": quiet(port, BEGUN)}
        silent = list(itertools.islice(saying[b""], number_silent))
        slow = list(itertools.islice(saying[b"a"], number_slow))
        while chosen.value == now:
            time.sleep(1)
            for many, said in ((silent, b""), (slow, b"a")):
                for number, connection in enumerate(many):
                    try:
                        connection.send(said)
                        closed = connection.recv(1000) == b""
                    except BlockingIOError:
                        continue
                    except OSError:
                        closed = True
                    if closed:
                        connection.close()
                        many[number] = next(saying[said])
        for connection in (*silent, *slow):
            connection.close()


def attack(port: int, chosen: Any, busy: Any, told: Any) -> None:
    """Send what is chosen until the end; tell input and whether it was sent with others → what came
    back."""
    os.nice(19)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16_384), hard))
    seen: dict[tuple[str, bool], Seen] = defaultdict(Seen)

    def one(seed: int) -> None:
        rng = random.Random(seed)
        while (number := chosen.value) != END:
            if number in (NONE, IDLE):
                time.sleep(0.02)
                continue
            hostile = INPUTS[number] if number >= 0 else rng.choice(INPUTS)
            with busy.get_lock():
                busy.value += 1
            seen[hostile.name, number == ALL].add(port, hostile.raw, ADDRESSES[seed])
            with busy.get_lock():
                busy.value -= 1

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(ATTACKERS)]
    threads.append(threading.Thread(target=hold, args=(port, chosen)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put(dict(seen))


def alone(server: Server) -> dict[str, tuple[Seen, Peak]]:
    """Each input once, with the most memory that a process held meanwhile."""
    port = int(server.url.rpartition(":")[2])
    found = {}
    for hostile in INPUTS:
        with watched(server.process.pid) as peak:
            seen = Seen()
            seen.add(port, hostile.raw)
        found[hostile.name] = (seen, peak)
    return found


def main() -> int:
    """Measure and print the tables."""
    snapshots = Settings.from_environment().snapshots
    say("each input alone")
    with running(service(snapshots, processes=2, as_installed=True)) as server:
        singly = alone(server)
    apart = multiprocessing.get_context("spawn")
    chosen, busy, told = apart.Value("i", NONE), apart.Value("i", 0), apart.Queue()
    looks: dict[str, list[list[float]]] = {}
    with running(service(snapshots, processes=2, cache=False, as_installed=True)) as server:
        port = int(server.url.rpartition(":")[2])
        ask(server.url, 3, 0)
        attackers = apart.Process(target=attack, args=(port, chosen, busy, told))
        attackers.start()
        time.sleep(4)
        try:
            say("named questions alone")
            calm = ask(server.url, SECONDS, 1)
            say("named questions beside each input")
            for look in range(1 + MORE):
                for number, hostile in enumerate(INPUTS):
                    if look and p99(looks[hostile.name][0]) <= MOST * p99(calm):
                        continue
                    chosen.value = number
                    time.sleep(0.5)
                    taken = ask(server.url, SECONDS_EACH, number + look * len(INPUTS))
                    looks.setdefault(hostile.name, []).append(taken)
                    chosen.value = NONE
                    while busy.value:
                        time.sleep(0.05)
            say("named questions beside silent connections")
            chosen.value = IDLE
            time.sleep(10)
            idle = ask(server.url, SECONDS, 3)
            chosen.value = NONE
            time.sleep(5)
            say("named questions under attack")
            chosen.value = ALL
            time.sleep(5)
            with watched(server.process.pid) as peak:
                attacked = ask(server.url, SECONDS * 3, 2)
        finally:
            chosen.value = END
        seen: dict[tuple[str, bool], Seen] = told.get(timeout=180)
        attackers.join()
    each = {name: p99(list(itertools.chain(*several))) for name, several in looks.items()}
    again = {name: several for name, several in looks.items() if len(several) > 1}
    rows = [
        {
            "input": name,
            "alone": ", ".join(sorted(one.answers)),
            "s": f"{one.last:.2f}",
            "web, MB": f"{most.web / 1e6:.0f}",
            "worker, MB": f"{most.worker / 1e6:.0f}",
            "over and over: sent": seen[name, False].sent,
            "answers": ", ".join(sorted(seen[name, False].answers)),
            "last byte, s": f"{seen[name, False].last:.1f}",
            "p99 of others, ms": f"{each[name] * 1000:.1f}",
            "ratio": f"{each[name] / p99(calm):.2f}",
            "each look": ", ".join(f"{p99(look) / p99(calm):.2f}" for look in again.get(name, ())),
            "with all others: sent": seen[name, True].sent if (name, True) in seen else 0,
        }
        for name, (one, most) in singly.items()
    ]
    ratio = p99(attacked) / p99(calm)
    worst = max(each, key=each.__getitem__)
    words = (
        f"named questions: p99 {p99(calm) * 1000:.1f} ms alone ({len(calm)}); "
        f"{each[worst] * 1000:.1f} ms beside the worst single input ({worst}), "
        f"ratio {each[worst] / p99(calm):.2f}; "
        f"looked at again: {', '.join(again) or 'none'}; "
        f"{p99(idle) * 1000:.1f} ms beside {HELD[IDLE][0]} silent connections ({len(idle)}), "
        f"ratio {p99(idle) / p99(calm):.2f}; "
        f"{p99(attacked) * 1000:.1f} ms under attack ({len(attacked)}), ratio {ratio:.2f}; "
        f"largest web process {peak.web / 1e6:.0f} MB, largest worker {peak.worker / 1e6:.0f} MB"
    )
    print(f"{table(rows)}\n\n{words}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "hostile.json").write_text(
        json.dumps(
            {
                "p99_alone": p99(calm),
                "p99_beside_silent": p99(idle),
                "p99_attacked": p99(attacked),
                "ratio": ratio,
                "ratio_worst_single": each[worst] / p99(calm),
                "peak": {"web": peak.web, "worker": peak.worker},
                "inputs": rows,
            },
            ensure_ascii=False,
            indent=1,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
