"""Counts and times for operators, in the Prometheus text format.

Written by hand, not with prometheus_client: several processes serve one address, so a scrape must
give the sum over them, of gauges too; the client library's way to that needs a folder of mapped
files for each metric and forbids collectors of one's own. Here each process writes its figures to
one small file, and whichever is asked adds them up.
Source: Prometheus exposition formats, text format 0.0.4.
"""

from __future__ import annotations

import bisect
import contextlib
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

#: Upper bounds of the latency buckets, in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PREFIX = "ansvarsgraf_"
#: Name → type and explanation.
METRICS = {
    "requests_total": ("counter", "Requests by kind of address, method and status."),
    "request_seconds": ("histogram", "Time to answer, by kind of address or named question."),
    "broken_total": ("counter", "Answers that broke off after they had begun, by kind of address."),
    "response_bytes_total": ("counter", "Bytes of bodies sent."),
    "cache_hits_total": ("counter", "Answers sent from the cache of bytes."),
    "cache_misses_total": ("counter", "Answers that had to be made."),
    "cache_evicted_total": ("counter", "Answers that left the cache for want of room."),
    "cache_bytes": ("gauge", "Bytes that cached answers hold."),
    "cache_answers": ("gauge", "Cached answers."),
    "turns": ("gauge", "Requests that are worked out, or wait for that, one after the other."),
    "turns_waited_total": ("counter", "Requests that had to wait for others to be worked out."),
    "pool": ("gauge", "State of the pool that runs free SPARQL."),
    "pool_events_total": ("counter", "What happened in that pool: answered, killed, refused …"),
    "connections": ("gauge", "Open connections, by state."),
    "connections_held_total": (
        "counter",
        "Times that nothing was read for a while from an address that is refused over and over.",
    ),
    "connections_closed_total": ("counter", "Connections that a limit closed, by limit."),
    "snapshot_info": ("gauge", "The snapshot in service; 1."),
    "snapshot_triples": ("gauge", "Triples of the snapshot in service."),
    "snapshot_swaps_total": ("counter", "Swaps to another snapshot since the start."),
    "processes": ("gauge", "Processes that answer."),
    "resident_bytes": ("gauge", "Memory of the processes that answer."),
}
#: Pool figures that are states; the others are counts of events.
STATES = ("queue", "running", "idle", "expected", "kept_bytes")
#: Metrics that are the same in every process and must not be added up.
SAME = ("snapshot_info", "snapshot_triples")

#: File of what processes that ended had counted; ``last`` in it is the one that ended last.
ENDED = "ended.json"

#: Name and labels, as the text format writes them: ``requests_total{status="200"}``.
Sample = str


def sample(name: str, **labels: str) -> Sample:
    """A name with labels."""
    if not labels:
        return name
    inner = ",".join(f'{k}="{_escape(v)}"' for k, v in labels.items())
    return f"{name}{{{inner}}}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class Metrics:
    """The figures of one process, and the sum over all.

    Args:
        folder: where the processes leave their figures for each other; None when there is one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.gauges: list[Callable[[], Mapping[Sample, float]]] = []
        self._counts: Counter[Sample] = Counter()
        self._times: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def count(self, counted: Sample, by: float = 1) -> None:
        """Add to a counter."""
        self._counts[counted] += by  # type: ignore[assignment]

    def answered(self, counted: Sample, size: int, what: str, seconds: float) -> None:
        """Add a request.

        Args:
            counted: the counter of its kind.
            size: bytes of the answer's body.
            what: the address or question to whose histogram it adds.
        """
        self._counts[counted] += 1
        self._counts["response_bytes_total"] += size
        held = self._times.get(what)
        if held is None:
            held = self._times.setdefault(what, [0.0] * (len(BUCKETS) + 2))
        held[bisect.bisect_left(BUCKETS, seconds)] += 1
        held[-1] += seconds

    def figures(self) -> dict[Sample, float]:
        """Everything that this process knows."""
        found: dict[Sample, float] = dict(self._counts)
        for what, held in list(self._times.items()):
            running = 0.0
            for bound, number in zip((*BUCKETS, "+Inf"), held[:-1], strict=True):
                running += number
                found[sample("request_seconds_bucket", what=what, le=str(bound))] = running
            found[sample("request_seconds_count", what=what)] = running
            found[sample("request_seconds_sum", what=what)] = held[-1]
        for gauge in self.gauges:
            found.update(gauge())
        found["processes"] = 1
        found["resident_bytes"] = resident_bytes()
        return found

    def leave(self) -> None:
        """Write this process's figures where the others find them."""
        if self.folder is None:
            return
        with self._lock, contextlib.suppress(OSError):
            path = self.folder / f"{os.getpid()}.json"
            new = path.with_suffix(".new")
            new.write_text(json.dumps(self.figures()), encoding="utf-8")
            new.replace(path)

    def total(self) -> dict[Sample, float]:
        """The figures of all processes together."""
        total = self.figures()
        if self.folder is None:
            return total
        others = {path.stem: read(path) for path in self.folder.glob("[0-9]*.json")}
        others.pop(str(os.getpid()), None)
        # Read last: who ended while the others were read stands there, and counts there alone.
        ended = read(self.folder / ENDED)
        others.pop(str(ended.pop("last", "")), None)
        for figures in (*others.values(), ended):
            for name, value in figures.items():
                same = family_of(name) in SAME
                total[name] = max(total.get(name, 0), value) if same else total.get(name, 0) + value
        return total

    def text(self) -> str:
        """The sum over all processes, in the text format."""
        by_metric: dict[str, list[tuple[Sample, float]]] = {name: [] for name in METRICS}
        for name, value in self.total().items():
            by_metric[family_of(name)].append((name, value))
        lines = []
        for family, samples in by_metric.items():
            kind, words = METRICS[family]
            lines += [f"# HELP {PREFIX}{family} {words}", f"# TYPE {PREFIX}{family} {kind}"]
            lines += [f"{PREFIX}{name} {value:.10g}" for name, value in samples]
        return "\n".join(lines) + "\n"


def family_of(counted: Sample) -> str:
    """The metric that a sample belongs to: ``request_seconds`` for ``request_seconds_sum{…}``."""
    name = counted.partition("{")[0]
    if name in METRICS:
        return name
    return name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")


def read(path: Path) -> dict[Sample, float]:
    """The figures in a file; none where it is not there or broken."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def keep(folder: Path, process: int) -> None:
    """Add what a process that ended had counted to what those before it had, so that no counter
    falls; what it had not left yet is lost. Its gauges are gone with it.

    Args:
        folder: as for :class:`Metrics`; one process alone may do this.
        process: its process id.
    """
    path, kept = folder / f"{process}.json", folder / ENDED
    total = Counter(read(kept))
    total.update({k: v for k, v in read(path).items() if METRICS[family_of(k)][0] != "gauge"})
    total["last"] = process
    with contextlib.suppress(OSError):
        new = kept.with_suffix(".new")
        new.write_text(json.dumps(total), encoding="utf-8")
        new.replace(kept)
    with contextlib.suppress(OSError):
        path.unlink()


def resident_bytes() -> float:
    """Memory of this process, in bytes; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return float(pages * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, IndexError):
        return 0.0
