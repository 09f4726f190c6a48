"""How long shapes and rules take together, on the real graph and on copies of it.

Run: python bench/shacl/whole.py [--copies 1 5] [--runs 3]

Each measurement is a process of its own: from a graph in a store to the violations and findings, as
a build does it (both at once, on all cores), and each of the two alone. Memory is the process's
peak, the store included.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyoxigraph as ox
from grow import copies

from graph_service.build import assemble, examine, load
from graph_service.build.findings import find
from graph_service.build.validate import check
from graph_service.settings import PROJECT


def measure(data: Path, what: str) -> None:
    """Examine once and print seconds, processor seconds, megabytes and what was found."""
    sources = load(PROJECT)
    store = ox.Store()
    store.bulk_load(path=str(data), format=ox.RdfFormat.N_TRIPLES)
    wall, cpu = time.perf_counter(), time.process_time()
    match what:
        case "shapes":
            found = len(check(store, sources.guards, {}))
        case "rules":
            found = len(find((), sources.shapes["review"], store=store))
        case _:
            broken, findings = examine(store, sources)
            found = len(broken) + len(findings)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(store)} triples, {what}: {wall:.2f} s, {cpu:.2f} s of processor, "
        f"{size:.0f} MB, {found} results"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", nargs="*", type=int, default=[1, 5])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(Path(options.measure[0]), options.measure[1])
        return
    triples = {q.triple for q in assemble(load(PROJECT))}
    graph = (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.nt"
        for count in options.copies:
            with data.open("w", encoding="utf-8") as file:
                file.writelines(copies(graph, count))
            for what in ("together", "shapes", "rules") * options.runs:
                command = [sys.executable, __file__, "--measure", str(data), what]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
