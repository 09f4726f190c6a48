"""The service beside its peers: the same questions on the same data, in one run, in random order.

Cold: every named question's example, answered by ``/api/v1/questions/{name}`` with the cache
switched off, beside the same SPARQL over HTTP at ``oxigraph serve``, Virtuoso 7 and rdflib-endpoint.
In turns: in every round each server, in random order, is asked all questions, in random order, as a
server is that has the machine to itself; once as the cores come and go to sleep between requests, and
once kept awake. Mixed: every question goes to another server than the one
before, so that each finds the core's caches full of the others; that costs an interpreted server
most. Virtuoso gets the SPARQL that our service sends to it.
Warm: requests per second of cached answers beside a route of the same framework, on the same server
program, that returns a constant body of the same size.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pyoxigraph as ox

from bench.cache import BARE
from bench.common import Bench, Client, Server, Spread, awake, say, service
from bench.load import run as load
from graph_service.answers import Answers
from graph_service.build.publish import current
from graph_service.questions import registry
from graph_service.store.embedded import EmbeddedStore
from graph_service.store.remote import REMOTE_ONLY
from graph_service.vocabulary import PREFIXES
from tests.store.engine import Virtuoso, free_port

GRAPH = "https://w3id.org/ansvarsgraf/graph/merged/bench"
JSON = {"Accept": "application/sparql-results+json"}
FORM = {**JSON, "Content-Type": "application/x-www-form-urlencoded"}
#: rdflib-endpoint would take minutes for some questions: longest time in seconds that it gets, which
#: is then what it counts with; and the time beyond which it is asked only once.
PATIENCE, SLOW = 6.0, 1.0
ROUNDS, RDFLIB_ROUNDS = 15, 2
#: Regions beyond which the peers are not asked: to load them takes longer than to ask.
LARGEST = 10
#: Told apart: it serves no graph that survives it.
IN_MEMORY = "oxigraph in memory"
WARM = (
    "/api/v1/questions/who-under-provision?law=sul-140",
    "/api/v1/responsibilities?law=sul-140",
    "/api/v1/responsibilities?actor=odense-kommune",
    "/api/v1/initiatives?group=foelgegruppen-for-forebyggelse",
)
#: The indexed questions as rows, beside which every named question's example is asked.
INDEXED = {
    "responsibilities: actor": ("responsibilities", {"actor": "odense-kommune"}),
    "responsibilities: actor, task": (
        "responsibilities",
        {"actor": "odense-kommune", "task": "genoptraening"},
    ),
    "responsibilities: law": ("responsibilities", {"law": "sul-140"}),
    "responsibilities: situation": ("responsibilities", {"phase": "hjerte-palliation"}),
    "initiatives: group, due": (
        "initiatives",
        {"group": "foelgegruppen-for-forebyggelse", "due_before": "2021-01-01"},
    ),
    "duties-of-organisation: must": (
        "duties-of-organisation",
        {"organisation": "odense-kommune", "modality": "Must"},
    ),
}


@dataclass
class Endpoint:
    """A SPARQL service that is asked by a form."""

    client: Client
    path: str
    extra: dict[str, str]

    def ask(self, sparql: str) -> tuple[int, float]:
        """Rows and seconds.

        Raises:
            RuntimeError: it did not answer with 200.
        """
        body = urlencode({"query": sparql, **self.extra}).encode()
        status, data, seconds = self.client.ask(self.path, body, FORM)
        if status != 200:
            raise RuntimeError(f"{status} {data[:200]!r}")
        # Virtuoso leaves equal rows in a DISTINCT now and then; our service takes them out.
        rows = json.loads(data)["results"]["bindings"]
        if re.search(r"^SELECT DISTINCT", sparql, re.M):
            rows = {json.dumps(row, sort_keys=True) for row in rows}
        return len(rows), seconds


def with_prefixes(sparql: str) -> str:
    """A query with the prefixes that it uses, and no others."""
    used = set(re.findall(r"(?<![\w:<])([a-z][a-z0-9-]*):(?=[A-Za-z_)])", sparql))
    head = "".join(f"PREFIX {p}: <{PREFIXES[p]}>\n" for p in sorted(used & PREFIXES.keys()))
    return head + sparql


@contextmanager
def oxigraph(*options: str, lines: Path | None = None) -> Iterator[Endpoint]:
    """``oxigraph serve`` with options; ``lines`` are N-Triples that it loads first."""
    port = free_port()
    program = Path(sys.executable).with_name("oxigraph")
    command = [str(program), "serve", "-b", f"127.0.0.1:{port}", *options]
    server = Server(command, f"http://127.0.0.1:{port}", "/")
    try:
        if lines:
            head = {"Content-Type": "application/n-triples"}
            at = server.url + "/store?default"
            httpx.post(at, content=lines.read_bytes(), headers=head, timeout=300).raise_for_status()
        yield Endpoint(Client(server.url), "/query", {})
    finally:
        server.stop()


@contextmanager
def virtuoso(lines: Path, room: Path) -> Iterator[Endpoint]:
    """A Virtuoso 7 of our own that has loaded the merged graph."""
    server = Virtuoso(room / "virtuoso")
    try:
        server.start()
        shutil.copy(lines, server.folder / "merged.nt")
        port = re.search(r"127\.0\.0\.1:(\d+)", (server.folder / "virtuoso.ini").read_text())
        assert port
        load_it = (
            f"ld_dir('{server.folder}', 'merged.nt', '{GRAPH}'); rdf_loader_run(); checkpoint;"
        )
        subprocess.run(
            ["isql-vt", port[1], "dba", "dba", f"exec={load_it}"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield Endpoint(Client(server.url), "/sparql", {"default-graph-uri": GRAPH})
    finally:
        server.remove()


class RdflibEndpoint(Endpoint):
    """rdflib-endpoint over the merged graph, with RDFLib's own engine.

    It answers one query after the other and goes on with one that nobody waits for, so that it is
    started anew after one that took too long.
    """

    def __init__(self, lines: Path) -> None:
        self._port = free_port()
        program = Path(sys.executable).with_name("rdflib-endpoint")
        command = [str(program), "serve", "--host", "127.0.0.1", "--port", str(self._port)]
        self._command = [*command, str(lines)]
        self._server: Server | None = None
        super().__init__(Client(f"http://127.0.0.1:{self._port}", timeout=PATIENCE), "/", {})

    def start(self) -> None:
        """Start, or start anew."""
        self.stop()
        self.client.close()
        ready = "/?" + urlencode({"query": "ASK {}"})
        self._server = Server(self._command, f"http://127.0.0.1:{self._port}", ready)

    def stop(self) -> None:
        """End it."""
        if self._server:
            self._server.stop()
            self._server = None


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """A server that stops at the end."""
    try:
        yield server
    finally:
        server.stop()


def run(bench: Bench) -> None:
    """Both measurements, the cold one at each size."""
    for size in bench.sizes:
        if size <= LARGEST:
            cold(bench, size)
    warm(bench)


def cold(bench: Bench, size: int) -> None:
    """Every named question, cold, ours and the peers'.

    Of more regions than ours the indexed questions only, within one region, and without
    rdflib-endpoint: what goes through everything grows with it.
    """
    snapshots = bench.snapshots(size)
    folder = current(snapshots)
    questions = registry()
    answers = Answers(EmbeddedStore(folder), questions)
    asked = dict(INDEXED)
    if not bench.quick and size == 1:
        examples = {name: (name, question.example) for name, question in questions.items()}
        asked = {**examples, **asked}
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    mixed: dict[tuple[str, str], list[float]] = defaultdict(list)
    numbers: dict[tuple[str, str], int] = {}
    problems: list[str] = []
    with ExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        lines = room / "merged.nt"
        store = ox.Store.read_only(str(folder / "store"))
        store.dump(str(lines), format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
        ours = stack.enter_context(running(service(snapshots, cache=False)))
        client = Client(ours.url)
        place = str(shutil.copytree(folder / "store", room / "oxigraph"))
        peers: dict[str, Endpoint] = {
            "oxigraph": stack.enter_context(oxigraph("-l", place)),
            IN_MEMORY: stack.enter_context(oxigraph(lines=lines)),
        }
        if shutil.which("virtuoso-t"):
            say("loading Virtuoso")
            peers["virtuoso"] = stack.enter_context(virtuoso(lines, room))
        else:
            say("no virtuoso-t: left out")
        rdflib = RdflibEndpoint(lines)
        if size == 1:
            say("starting rdflib-endpoint")
            peers["rdflib"] = rdflib
            stack.callback(rdflib.stop)
            rdflib.start()
        say("asking cold")
        names = ["ours", *peers]

        def one(title: str, peer: str) -> float:
            name, values = asked[title]
            if peer == "ours":
                path = f"/api/v1/questions/{name}?{urlencode(values)}"
                status, data, seconds = client.ask(path)
                if status != 200:
                    raise RuntimeError(f"{status} {data[:200]!r}")
                number = json.loads(data)["total"]
            else:
                sparql = answers.sparql(name, values)
                if peer == "virtuoso":
                    sparql = sparql.replace(REMOTE_ONLY, "")
                number, seconds = peers[peer].ask(with_prefixes(sparql))
            numbers[title, peer] = number
            return seconds

        left_out: set[tuple[str, str]] = set()
        for title in asked:
            for peer in names:
                try:
                    first = one(title, peer)  # plans and pages read for the first time
                    if peer == "rdflib" and first > SLOW:
                        left_out.add((title, peer))
                        times[title, peer].append(first)
                except (RuntimeError, OSError, ValueError) as error:
                    left_out.add((title, peer))
                    problems.append(f"{peer}, {title}: {str(error)[:150]}")
                    if peer == "rdflib":
                        times[title, peer].append(PATIENCE)
                        rdflib.start()
                    elif peer != "ours":
                        peers[peer].client.close()
        rng = random.Random(1)
        rounds = bench.rounds(ROUNDS)

        def in_turns(times: dict[tuple[str, str], list[float]]) -> None:
            for number in range(rounds):
                for peer in rng.sample(names, len(names)):
                    # Spread over the run, for the machine is not as quick all the time.
                    if peer == "rdflib" and number % (rounds // RDFLIB_ROUNDS):
                        continue
                    for title in rng.sample(list(asked), len(asked)):
                        if (title, peer) not in left_out:
                            times[title, peer].append(one(title, peer))

        # What rdflib-endpoint is asked only once counts in both.
        waking = defaultdict(list, {key: list(first) for key, first in times.items()})
        say("in turns")
        in_turns(times)
        say("in turns, cores awake")
        with awake():
            in_turns(waking)
        say("mixed")
        plan = [(t, p) for t in asked for p in names if p != "rdflib"] * bench.rounds(ROUNDS)
        rng.shuffle(plan)
        for title, peer in plan:
            if (title, peer) not in left_out:
                mixed[title, peer].append(one(title, peer))
    for (title, peer), number in numbers.items():
        if number != (other := numbers.get((title, "oxigraph"), number)):
            problems.append(f"{peer}, {title}: {number} rows, oxigraph {other}")
    lasting = [n for n in names if n != "rdflib"]
    report(bench, size, "in turns", names, asked, times, numbers)
    report(bench, size, "in turns, cores awake", names, asked, waking, numbers)
    report(bench, size, "mixed", lasting, asked, mixed, numbers)
    if problems:
        print("Differences and failures:\n" + "\n".join(sorted(set(problems))))
    bench.save(named("peers-problems", size), {"problems": problems})


def named(results: str, size: int) -> str:
    """The name of results at a size."""
    return results if size == 1 else f"{results}-{size}x"


def report(bench, size, order, names, asked, times, numbers) -> None:  # type: ignore[no-untyped-def]
    """The tables of the cold run, for one order of asking."""
    medians = {key: statistics.median(kept) for key, kept in times.items()}
    rows, by_rdflib = [], []
    ratios: dict[str, list[float]] = defaultdict(list)
    for title in sorted(asked, key=lambda t: (t not in INDEXED, t)):
        lasting = [medians[title, p] for p in ("oxigraph", "virtuoso") if (title, p) in medians]
        if not lasting or (title, "ours") not in medians:
            continue
        mine = medians[title, "ours"]
        ratios["the fastest of a graph that lasts"].append(mine / min(lasting))
        for peer in names:
            if peer not in ("ours", "rdflib") and (title, peer) in medians:
                ratios[peer].append(mine / medians[title, peer])
        row = {"question": title, "rows": numbers[title, "ours"]}
        for peer in names:
            kept = times.get((title, peer))
            row[peer + ", ms"] = Spread.of(kept).ms() if kept else "–"
        row["ours/fastest"] = f"{mine / min(lasting):.2f}"
        if (title, "rdflib") in medians:
            by_rdflib.append(medians[title, "rdflib"] / mine)
            row["rdflib/ours"] = f"{by_rdflib[-1]:.0f}"
        rows.append(row)
    middle = {p: [medians[t, p] for t in asked if (t, p) in medians] for p in names}
    summary = [
        {
            "service": peer,
            "questions": len(middle[peer]),
            "median of the medians, ms": Spread.of(middle[peer]).ms(),
            "geometric mean, ms": f"{statistics.geometric_mean(middle[peer]) * 1e3:.2f}",
        }
        for peer in names
        if middle[peer]
    ]
    bench.show(f"Cold, {size}×, {order}: all questions together", summary)
    note = "Ours to " + "; ".join(
        f"{peer}: {Spread.of(found).plain()}, no slower in {sum(r <= 1 for r in found)}"
        f" of {len(found)}"
        for peer, found in ratios.items()
    )
    if by_rdflib:
        note += f". rdflib-endpoint to ours: {Spread.of(by_rdflib).plain(0)}"
    bench.show(f"Cold, {size}×, {order}: each question", rows, note + ".")
    bench.save(
        named(f"peers-cold-{order.replace(',', '').replace(' ', '-')}", size),
        {"rows": rows, "summary": summary},
    )


def warm(bench: Bench) -> None:
    """Cached answers beside a bare route of the same framework."""
    seconds = 0.5 if bench.quick else 2.0
    rounds = bench.rounds(15)
    rows = []
    with running(service(bench.snapshots(1))) as ours:
        at = ("127.0.0.1", urlsplit(ours.url).port or 80)
        for path in WARM:
            size = len(httpx.get(ours.url + path).content)
            port = free_port()
            command = [sys.executable, "-c", BARE, str(port), str(size)]
            with running(Server(command, f"http://127.0.0.1:{port}", "/constant")) as bare:
                rates: dict[str, list[float]] = defaultdict(list)
                costs: dict[str, list[float]] = defaultdict(list)
                for _ in range(rounds):
                    order = [
                        ("ours", at, path, ours),
                        ("bare", ("127.0.0.1", port), "/constant", bare),
                    ]
                    random.shuffle(order)
                    for name, where, asked, server in order:
                        time.sleep(0.05)
                        found = load(
                            where, [asked], seconds=seconds, connections=16, pids=server.pids
                        )
                        if found.failed:
                            raise RuntimeError(f"{name}: {found.failed} answers were not 200")
                        rates[name].append(found.rate)
                        costs[name].append(found.cpu)
            ratios = [a / b for a, b in zip(rates["ours"], rates["bare"], strict=True)]
            by_cpu = [b / a for a, b in zip(costs["ours"], costs["bare"], strict=True)]
            rows.append(
                {
                    "address": path,
                    "bytes": size,
                    "ours, req/s": Spread.of(rates["ours"]).plain(0),
                    "bare, req/s": Spread.of(rates["bare"]).plain(0),
                    "ratio": Spread.of(ratios).plain(),
                    "ratio by CPU time": Spread.of(by_cpu).plain(),
                }
            )
    bench.show("Warm: cached answers beside a bare endpoint", rows, "Goal: a ratio of 0.60.")
    bench.save("peers-warm", {"rows": rows})
