"""How the indexed questions grow: a page of 50 within one region, at each size.

Each is asked in two ways. In process and cold: nothing that was walked before is remembered, the
order of the list is made anew and the page described, as the API does it for an answer that it does
not have yet. And over HTTP with the cache of answers switched off, as the service serves it. There,
too, a list is in no order yet: each service takes the same snapshot anew before each round; then
each question is asked once about something else, for a new snapshot has to make its programs anew.
Sizes, questions and regions come in random order within one run. Totals over all regions are measured
apart: they grow with what they count.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import statistics
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from bench.common import FIRST, Bench, Client, Spread, say, service
from bench.generate import slug
from bench.peers import running
from graph_service.answers import Answers
from graph_service.build.publish import current
from graph_service.paging import Orders
from graph_service.questions import registry
from graph_service.remembered import Remembered
from graph_service.store.embedded import EmbeddedStore

#: Seconds after a swap in which the service makes its index for searching.
SETTLED = 4.0
#: Rounds in which a service is asked each question once.
SERVED_ROUNDS = 20


@dataclass(frozen=True)
class Indexed:
    """A question within one region.

    Attributes:
        title: what it asks.
        name: the named question.
        own: parameters that name something of the region's own.
        shared: other parameters.
        other: in place of the region's own, something else.
    """

    title: str
    name: str
    own: dict[str, str]
    shared: dict[str, str]
    other: dict[str, str]

    def values(self, region: int, *, other: bool = False) -> dict[str, str]:
        """The parameters for a region."""
        own = self.other if other else self.own
        return {**{k: slug(v, region) for k, v in own.items()}, **self.shared}


INDEXED = (
    Indexed(
        "who is responsible: actor",
        "responsibilities",
        {"actor": "odense-kommune"},
        {},
        {"actor": "kl"},
    ),
    Indexed(
        "actor and task",
        "responsibilities",
        {"actor": "odense-kommune"},
        {"task": "genoptraening"},
        {"actor": "kl"},
    ),
    Indexed(
        "law, in an agreement",
        "responsibilities",
        {"agreement": "forloebsprogram-hjertesygdom"},
        {"law": "sul-140"},
        {"agreement": "forloebsprogram-kol"},
    ),
    Indexed(
        "law, of an actor",
        "responsibilities",
        {"actor": "odense-kommune"},
        {"law": "sul-140"},
        {"actor": "kl"},
    ),
    Indexed(
        "situation",
        "responsibilities",
        {"phase": "hjerte-palliation"},
        {},
        {"phase": "misbrug-opsporing"},
    ),
    Indexed(
        "initiatives: group and due date",
        "initiatives",
        {"group": "foelgegruppen-for-forebyggelse"},
        {"due_before": "2021-01-01"},
        {"group": "foelgegruppen-for-opgaveoverdragelse"},
    ),
    Indexed(
        "what a municipality must do",
        "responsibilities",
        {"actor": "odense-kommune"},
        {"modality": "Must"},
        {"actor": "kl"},
    ),
    Indexed(
        "what a municipality must do, and why",
        "duties-of-organisation",
        {"organisation": "odense-kommune"},
        {"modality": "Must"},
        {"organisation": "kl"},
    ),
)
#: Lists over all regions, whose totals are measured apart.
TOTALS = (
    ("responsibilities", {"law": "sul-140"}),
    ("responsibilities", {"actor": "kommune"}),
    ("initiatives", {"decision": "Continue"}),
)


def ask(answers: Answers, question: Indexed, region: int) -> tuple[float, float, int]:
    """Seconds for the rows, seconds with everything described, number of rows."""
    answers._orders, answers._labels, answers._shown = Orders(), {}, {}
    forget(answers)
    values = question.values(region)
    begun = time.perf_counter()
    if answers.questions[question.name].kind == "list":
        page = answers.page(question.name, values, limit=50, total=False)
        rows = time.perf_counter()
        answers.describe(page.things)
        return rows - begun, time.perf_counter() - begun, len(page.things)
    found = answers.rows(question.name, values)
    rows = time.perf_counter()
    answers.labels(v.value for row in found[:50] for v in row.values())
    return rows - begun, time.perf_counter() - begun, len(found)


def forget(answers: Answers) -> None:
    """Let the store forget where it walked; it keeps its programs, as it does in service."""
    store = answers.store
    assert isinstance(store, EmbeddedStore) and store._index and store._programs
    operators = store._programs._operators
    for kept in (
        *store._index.forward,
        *store._index.backward,
        store._index.terms,
        store._index._numbers,
        store._index._described,
        *(kept for kept in vars(operators).values() if isinstance(kept, Remembered)),
        store._index.ranks,
    ):
        kept.clear()


def served(client: Client, question: Indexed, region: int, *, other: bool = False) -> float:
    """Seconds for the answer over HTTP, total not counted.

    Raises:
        RuntimeError: it was not answered.
    """
    values = question.values(region, other=other)
    if registry()[question.name].kind == "list":
        path = f"/api/v1/{question.name}?" + urlencode({**values, "total": "no"})
    else:
        path = f"/api/v1/questions/{question.name}?" + urlencode(values)
    status, data, seconds = client.ask(path)
    if status != 200:
        raise RuntimeError(f"{path}: {status} {data[:200]!r}")
    return seconds


class Swaps:
    """A snapshots folder with one snapshot under two names, so that it can be taken anew.

    Args:
        snapshot: its folder.
        room: where the folder is made, on the same file system or not.
    """

    def __init__(self, snapshot: Path, room: Path) -> None:
        self.room, self.names = room, ["one", "other"]
        for name in self.names:
            shutil.copytree(snapshot, room / name, copy_function=linked)
        self.swap()

    def swap(self) -> None:
        """Point to the other name."""
        self.names.reverse()
        pointer = self.room / "pointer"
        pointer.write_text(self.names[0] + "\n", encoding="ascii")
        pointer.replace(self.room / "CURRENT")


def linked(source: str, target: str) -> None:
    """Give a file another name, or copy it to another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def run(bench: Bench) -> None:
    """In process and as served; then the totals."""
    growth(bench)
    growth_as_served(bench)


def growth_as_served(bench: Bench) -> None:
    """Over HTTP, each size by a service of its own."""
    rng = random.Random(2)
    taken: dict[tuple[str, int], list[float]] = defaultdict(list)
    with ExitStack() as stack:
        swaps: dict[int, Swaps] = {}
        servers = {}
        for size in bench.sizes:
            snapshot = current(bench.snapshots(size))
            beside = None if size == bench.sizes[0] else bench.data
            room = tempfile.TemporaryDirectory(prefix="bench-", dir=beside)
            swaps[size] = Swaps(snapshot, Path(stack.enter_context(room)))
            server = service(swaps[size].room, cache=False)
            servers[size] = stack.enter_context(running(server))
        clients = {size: Client(server.url) for size, server in servers.items()}
        say("asking over HTTP")
        for _ in range(bench.rounds(SERVED_ROUNDS) + 1):
            for size, server in servers.items():
                swaps[size].swap()
                server.process.send_signal(signal.SIGHUP)
            time.sleep(SETTLED)
            for client in clients.values():
                client.ask(FIRST)  # the names of controlled values, which any answer needs
                for question in INDEXED:
                    served(client, question, 0, other=True)
            plan = [(question, size) for question in INDEXED for size in bench.sizes]
            for question, size in rng.sample(plan, len(plan)):
                seconds = served(clients[size], question, rng.randrange(size))
                taken[question.title, size].append(seconds)
    rows = []
    ratios: dict[int, list[float]] = defaultdict(list)
    for question in INDEXED:
        row = {"question": question.title}
        for size in bench.sizes:
            spread = Spread.of(taken[question.title, size][1:])
            row[f"{size}×, ms"] = spread.ms()
            if size == bench.sizes[0]:
                base = spread.middle
            else:
                ratios[size].append(spread.middle / base)
                row[f"{size}×/1×"] = f"{ratios[size][-1]:.2f}"
        rows.append(row)
    last = {"question": "**median (largest) of the ratios**"}
    for size, found in ratios.items():
        last[f"{size}×/1×"] = f"**{statistics.median(found):.2f} ({max(found):.2f})**"
    bench.show("Growth as served: over HTTP", [*rows, last])
    bench.save("questions-served", {"sizes": bench.sizes, "rows": rows})


def growth(bench: Bench) -> None:
    """In process, every graph on disk."""
    questions = registry()
    answers = {}
    for size in bench.sizes:
        folder = current(bench.snapshots(size))
        store = EmbeddedStore(folder)
        store.read_in()  # as the service does
        answers[size] = Answers(store, questions)
        answers[size].label_of_term("")
    say("asking the indexed questions")
    rng = random.Random(1)
    asked: dict[tuple[str, int], list[tuple[float, float, int]]] = defaultdict(list)
    plan = [(q, size) for q in INDEXED for size in bench.sizes for _ in range(bench.rounds(60))]
    rng.shuffle(plan)
    for question, size in [*((q, s) for q in INDEXED for s in bench.sizes), *plan]:
        found = ask(answers[size], question, rng.randrange(size))
        asked[question.title, size].append(found)
    for kept in asked.values():
        del kept[0]  # the first reads what no question had read before

    rows, saved = [], []
    for question in INDEXED:
        base = Spread.of([a[1] for a in asked[question.title, bench.sizes[0]]])
        row = {"question": question.title, "rows": asked[question.title, 1][0][2]}
        for size in bench.sizes:
            whole = Spread.of([a[1] for a in asked[question.title, size]])
            growth = whole.middle / base.middle
            row[f"{size}×, ms"] = whole.ms()
            if size != bench.sizes[0]:
                row[f"{size}×/1×"] = f"{growth:.2f}"
            only = Spread.of([a[0] for a in asked[question.title, size]])
            row[f"{size}×, the query alone"] = f"{only.middle * 1e3:.2f}"
            saved.append({"question": question.title, "size": size, "ratio": growth})
            saved[-1] |= {"whole": vars(whole), "query": vars(only)}
        rows.append(row)
    last: dict[str, object] = {"question": "**median (largest) of the ratios**", "rows": ""}
    for size in bench.sizes[1:]:
        ratios = [s["ratio"] for s in saved if s["size"] == size]
        last[f"{size}×/1×"] = f"**{statistics.median(ratios):.2f} ({max(ratios):.2f})**"
    sizes = ", ".join(f"{s}× = {bench.triples(s):,} triples" for s in bench.sizes)
    bench.show(
        "Growth: a page of 50 within one region, cold",
        [*rows, last],
        f"Sizes: {sizes}. Goals: 2 at 100×, 3 at the largest.",
    )
    totals = []
    for name, values in TOTALS:
        line = {"list over all regions": f"{name} {values}"}
        for size in bench.sizes:
            begun = time.perf_counter()
            number = answers[size].count(name, values)
            line[f"{size}×"] = f"{number} in {(time.perf_counter() - begun) * 1e3:.0f} ms"
        totals.append(line)
    bench.show("Totals over all regions, once each", totals)
    bench.save("questions", {"sizes": bench.sizes, "questions": saved, "totals": totals})
