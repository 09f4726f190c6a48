"""How long each engine takes for our shapes on the real graph and on copies of it.

Run: python bench/shacl/speed.py [ENGINE ...] [--copies 1 5 50] [--limit SECONDS]

Each measurement is a process of its own, so that time and memory are the engine's: reading the
N-Triples, validating, and reading the report. An engine that passes the limit is not tried on more.
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
from engines import ENGINES, installed
from grow import copies
from rdflib.namespace import RDF, SH

from graph_service.build import assemble, load
from graph_service.settings import PROJECT


def measure(engine: str, data: Path, shapes: Path) -> None:
    """Validate once and print seconds, processor seconds, megabytes and results."""
    wall, cpu = time.perf_counter(), time.process_time()
    report = ENGINES[engine][1](data.read_text("utf-8"), shapes.read_text("utf-8"))
    count = len(set(report.subjects(RDF.type, SH.ValidationResult)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{wall:.1f} s, {cpu:.1f} s of processor, {size:.0f} MB, {count} results")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*", default=list(installed()))
    parser.add_argument("--copies", nargs="*", type=int, default=[1, 5, 10])
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--measure", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.engines[0], *options.measure)
        return
    sources = load(PROJECT)
    graph = ox.serialize({q.triple for q in assemble(sources)}, format=ox.RdfFormat.N_TRIPLES)
    slow: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        data, shapes = Path(folder) / "data.nt", Path(folder) / "shapes.nt"
        shapes.write_bytes(ox.serialize(sources.guards, format=ox.RdfFormat.N_TRIPLES) or b"")
        for count in options.copies:
            size = 0
            with data.open("w", encoding="utf-8") as file:
                for copy in copies((graph or b"").decode(), count):
                    file.write(copy)
                    size += copy.count("\n")
            for engine in options.engines:
                if engine in slow:
                    continue
                command = [sys.executable, __file__, engine, "--measure", str(data), str(shapes)]
                try:
                    said = subprocess.run(
                        command, capture_output=True, text=True, timeout=options.limit, check=False
                    )
                    told = said.stdout.strip() or said.stderr.strip()[-200:]
                except subprocess.TimeoutExpired:
                    told = f"more than {options.limit:.0f} s"
                    slow.add(engine)
                print(f"{engine} at {size} triples: {told}", flush=True)


if __name__ == "__main__":
    main()
