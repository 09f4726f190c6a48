"""Regions like ours: the real graph, copied under other names, as large as the machine holds.

Region 0 is the real graph, as built and inferred. Each further region repeats it with its own
organisations, agreements, initiatives, responsibilities, statements, events, documents and
passages; the ontology, the concepts, the actors as texts speak of them, the laws and the tasks are
shared, as they would be. Slugs get ``-r7`` (a file of passages ``_r7``), labels of what people look
for get `` (region 7)``, and bounds of dates move by a number of days that the seed decides. The same
seed, snapshot and number of regions give the same graph.

A copy keeps what was inferred within its region. What a statutory duty of one region would mean for
the organisations of another is not drawn: it would grow with the square of the regions.
"""

from __future__ import annotations

import hashlib
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyoxigraph as ox

from graph_service.build.publish import Manifest, current, in_order, manifest_of, publish_stream
from graph_service.vocabulary import AG, GRAPH, ID, SKOS

SEED = 20260
#: Kinds of thing that all regions share.
SHARED = frozenset(
    ("actor", "law", "legal-change", "message", "role", "system", "target-group", "task", "topic")
)
#: Kinds whose labels name the region.
NAMED = ("agreement", "body", "initiative", "organisation", "programme")
DASH, LINE, NAME, DATE, STOP = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"

_THING = re.compile(rb"<" + re.escape(ID.encode()) + rb"([a-z-]+)/([^>]+)>")
_DOCUMENT = re.compile(rb"<" + re.escape(f"{GRAPH}doc/".encode()) + rb"[^>]+(?=>)")
_LABEL = re.compile(
    rb"^<"
    + re.escape(ID.encode())
    + rb"(?:"
    + "|".join(NAMED).encode()
    + rb")/[^>]+> <"
    + re.escape((SKOS + "prefLabel").encode())
    + rb'> "(?:[^"\\]|\\.)*(?=")'
)
_BOUND = re.compile(
    rb"(<" + re.escape(AG.encode()) + rb'(?:notBefore|notAfter)> ")(\d{4}-\d\d-\d\d)(?=")'
)
_SHIFT = re.compile(DATE + rb"([0-9-]+)" + STOP)


def _rename(match: re.Match[bytes]) -> bytes:
    kind, slug = match[1], match[2]
    if kind.decode() in SHARED:
        return match[0]
    if kind in (b"passage", b"selector"):
        stem, _, lines = slug.partition(b"/")
        return b"<" + ID.encode() + kind + b"/" + stem + LINE + b"/" + lines + b">"
    return b"<" + ID.encode() + kind + b"/" + slug + DASH + b">"


def _marked(line: bytes) -> bytes:
    """A line of N-Quads with marks where a region's copy differs; the line itself when shared."""
    head, _, tail = line.rpartition(b" <")
    marked = _THING.sub(_rename, head)
    if marked == head:
        return line
    if label := _LABEL.match(head):
        named = head[: label.end()] + NAME + head[label.end() :]
        marked = _THING.sub(_rename, named)
    marked = _BOUND.sub(lambda m: m[1] + DATE + m[2] + STOP, marked)
    return marked + b" <" + _DOCUMENT.sub(lambda m: m[0] + DASH, b"<" + tail)[1:]


@dataclass(frozen=True)
class Template:
    """The real graph, cut in what regions share and what each has of its own.

    Attributes:
        id: of the snapshot that it was made from.
        shared, own: N-Quads in named graphs, those of documents first.
        shared_triples, own_triples: distinct triples.
        shared_graphs, own_graphs: named graph → number of triples, marks in the names.
    """

    id: str
    shared: bytes
    own: bytes
    shared_triples: int
    own_triples: int
    shared_graphs: dict[bytes, int]
    own_graphs: dict[bytes, int]

    @staticmethod
    def of(folder: Path) -> Template:
        """Read a snapshot's folder."""
        store = ox.Store.read_only(str(folder / "store"))
        lines: dict[bool, list[bytes]] = {True: [], False: []}
        triples: dict[bool, set[bytes]] = {True: set(), False: set()}
        graphs: dict[bool, Counter[bytes]] = {True: Counter(), False: Counter()}
        for name in in_order(manifest_of(folder).graphs):
            text = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.NamedNode(name)) or b""
            end = b"<" + name.encode() + b"> ."
            for line in sorted(text.splitlines()):
                marked = _marked(line[:-1] + end)
                own = DASH in marked or LINE in marked
                lines[own].append(marked + b"\n")
                head, _, tail = marked.rpartition(b" <")
                triples[own].add(head)
                graphs[own][tail[:-3]] += 1
        return Template(
            folder.name,
            b"".join(lines[False]),
            b"".join(lines[True]),
            len(triples[False]),
            len(triples[True]),
            dict(graphs[False]),
            dict(graphs[True]),
        )

    def region(self, number: int, seed: int = SEED) -> bytes:
        """The lines of one region."""
        dash, line, name, days = b"", b"", b"", 0
        if number:
            dash, line = f"-r{number}".encode(), f"_r{number}".encode()
            name = f" (region {number})".encode()
            days = random.Random(f"{seed}:{number}").randint(-365, 365)
        moved: dict[bytes, bytes] = {}

        def shift(match: re.Match[bytes]) -> bytes:
            if match[1] not in moved:
                day = date.fromisoformat(match[1].decode()) + timedelta(days)
                moved[match[1]] = day.isoformat().encode()
            return moved[match[1]]

        text = _SHIFT.sub(shift, self.own)
        return text.replace(DASH, dash).replace(LINE, line).replace(NAME, name)

    def graphs(self, regions: int) -> dict[str, int]:
        """Named graph → number of triples, for so many regions."""
        total = Counter({name.decode(): count for name, count in self.shared_graphs.items()})
        for number in range(regions):
            mark = f"-r{number}".encode() if number else b""
            for name, count in self.own_graphs.items():
                total[name.replace(DASH, mark).decode()] += count
        return dict(sorted(total.items()))


def pieces(template: Template, regions: int, seed: int = SEED) -> Iterator[bytes]:
    """The whole graph in pieces."""
    yield template.shared
    for number in range(regions):
        yield template.region(number, seed)


def generate(
    real: Path,
    target: Path,
    regions: int,
    seed: int = SEED,
    tell: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Publish a graph of so many regions, unless it is there already.

    Args:
        real: folder of the snapshot to copy.
        target: snapshots folder to publish in.
        regions: how many, the real one among them.
        seed: decides what differs between them.
        tell: called with a line of progress.
    """
    key = f"{real.name} {seed} {regions} {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}"
    snapshot = hashlib.sha256(key.encode()).hexdigest()[:16]
    if (target / snapshot / "manifest.json").is_file() and current(target).name == snapshot:
        return manifest_of(target / snapshot)
    template = Template.of(real)
    triples = template.shared_triples + regions * template.own_triples
    begun = time.perf_counter()

    def told() -> Iterator[bytes]:
        for number, piece in enumerate(pieces(template, regions, seed)):
            if number and number % 10 == 0:
                tell(f"{regions} regions: {number} given, {time.perf_counter() - begun:.0f} s")
            yield piece

    made = publish_stream(told, snapshot, triples, template.graphs(regions), target)
    tell(f"{regions} regions: {triples:,} triples in {time.perf_counter() - begun:.0f} s")
    return made


def slug(name: str, region: int) -> str:
    """The slug of a thing's copy in a region."""
    return f"{name}-r{region}" if region else name


def main(arguments: list[str]) -> None:
    """``python -m bench.generate SNAPSHOTS TARGET REGIONS``."""
    real, target, regions = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    print(generate(current(real), target, regions, tell=lambda t: print(t, flush=True)).triples)


if __name__ == "__main__":
    main(sys.argv[1:])
