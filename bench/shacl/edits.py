"""How long one edited initiative takes to validate again, as the graph grows.

Run: python bench/shacl/edits.py [TRIPLES ...]   (default 10000 100000 1000000)

The graph is cut or copied to the size asked for. Each edit changes the label, adds a topic that
does not exist, or takes an assessment away; the median and the 95th percentile of fifty are printed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

import pyoxigraph as ox
from grow import copies

from graph_service.build import assemble, load
from graph_service.build.incremental import Change, Incremental
from graph_service.build.infer import INFERRED
from graph_service.settings import PROJECT
from graph_service.vocabulary import AG, ID, RDF, SKOS

EDITS = 50


def grown(lines: list[str], inferred: set[str], size: int) -> ox.Store:
    """A store as a snapshot has it, of about so many triples."""
    store = ox.Store()
    whole = max(1, round(size / len(lines)))
    if size < len(lines):
        lines = _cut(lines, size)
    text = "".join(lines)
    for copy in copies(text, whole):
        store.bulk_load(copy.encode(), format=ox.RdfFormat.N_TRIPLES)
    kept = "".join(line for line in lines if line in inferred)
    for copy in copies(kept, whole):
        store.bulk_load(copy.encode(), format=ox.RdfFormat.N_TRIPLES, to_graph=INFERRED)
    store.optimize()
    return store


def _cut(lines: list[str], size: int) -> list[str]:
    """The ontology, the initiatives, and other things up to a size."""
    first = [x for x in lines if not x.startswith(f"<{ID}") or x.startswith(f"<{ID}initiative/")]
    return first + [x for x in lines if x not in set(first)][: max(0, size - len(first))]


def edits(store: ox.Store) -> Iterator[Change]:
    """Changes of one initiative each."""
    kind = ox.NamedNode(RDF + "type")
    found = store.quads_for_pattern(None, kind, ox.NamedNode(AG + "Initiative"), ox.DefaultGraph())
    initiatives = sorted((q.subject for q in found), key=str)
    for number in range(EDITS):
        thing = initiatives[number * len(initiatives) // EDITS]
        match number % 3:
            case 0:
                label = ox.NamedNode(SKOS + "prefLabel")
                old = store.quads_for_pattern(thing, label, None, ox.DefaultGraph())
                new = ox.Triple(thing, label, ox.Literal("Ny titel", language="da"))
                yield Change(frozenset([new]), frozenset(q.triple for q in old))
            case 1:
                topic = ox.Triple(thing, ox.NamedNode(AG + "topic"), ox.NamedNode(ID + "topic/nix"))
                yield Change(frozenset([topic]))
            case _:
                verb = ox.NamedNode(AG + "assessment")
                old = store.quads_for_pattern(thing, verb, None, ox.DefaultGraph())
                yield Change(removed=frozenset(q.triple for q in old))


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    sources = load(PROJECT)
    quads = assemble(sources)
    lines = sorted({f"{q.triple} .\n" for q in quads})
    inferred = {f"{q.triple} .\n" for q in quads if q.graph_name == INFERRED}
    prepared = Incremental(sources.guards)
    for size in sizes:
        store = grown(lines, inferred, size)
        count = sum(1 for _ in store.quads_for_pattern(None, None, None, ox.DefaultGraph()))
        times = []
        for change in edits(store):
            start = time.perf_counter()
            prepared.revalidate(store, change, [])
            times.append(1000 * (time.perf_counter() - start))
        times.sort()
        print(
            f"{count} triples: median {statistics.median(times):.1f} ms, "
            f"95th percentile {times[int(0.95 * len(times))]:.1f} ms",
            flush=True,
        )


if __name__ == "__main__":
    main()
