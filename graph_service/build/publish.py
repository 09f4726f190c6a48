"""Publish a snapshot: an immutable store on disk, a manifest, and a pointer that swaps at once.

Layout of the snapshots folder::

    LOCK                    held by the one who changes what is here
    CURRENT                 the id of the snapshot in service, replaced atomically
    <id>/store/             the Oxigraph store, read-only from here on
    <id>/index.sqlite       its merged graph as numbers, which the named questions walk and by
                            which things are described
    <id>/search.sqlite      the words that name and describe its things
    <id>/manifest.json      id, time, triples per graph, versions
    .new-*  .old-*          a snapshot that is being written, or removed
    .pointer-*              the pointer that is being written

Whoever is killed, and at whatever moment, leaves CURRENT naming a whole snapshot: a folder gets its
name when all of it is on the disk, the pointer is replaced when the folder is, and a folder loses
its name before its files. What a killed one left is removed by the next.

Source: fsync(2): a file that is on the disk is found again only when its folder is there too.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

import pyoxigraph as ox

from graph_service import __version__
from graph_service.build.held import is_held
from graph_service.search import file as search
from graph_service.store import StoreError, index
from graph_service.store.embedded import EmbeddedStore
from graph_service.vocabulary import GRAPH

POINTER = "CURRENT"
LOCK = "LOCK"
KEEP = 3
#: How the names of documents' graphs begin.
DOCUMENTS = f"{GRAPH}doc/"
#: The files of a whole snapshot.
WHOLE = ("manifest.json", index.FILE, search.FILE)
NEW, OLD, POINTING = ".new-", ".old-", ".pointer-"
#: The graph of a line of N-Quads, and the line's end; and what stands before a label in it.
IN_GRAPH = re.compile(rb" <[^<> ]+> \.$", re.MULTILINE)
LABELLED = b"_:"
#: Of fcntl.h and stdio.h.
AT_FDCWD, RENAME_EXCHANGE = -100, 2
#: Why a disk refuses, by its error number.
REFUSALS = {
    errno.ENOSPC: "der er ikke mere plads på disken",
    errno.EDQUOT: "kvoten på disken er brugt op",
    errno.EFBIG: "en fil blev større, end systemet tillader",
    errno.EROFS: "disken kan kun læses",
    errno.EACCES: "adgang nægtet",
}


@dataclass(frozen=True)
class Manifest:
    """What a snapshot is.

    Attributes:
        id: content hash: 16 hex digits of the SHA-256 of the sorted N-Quads and of the names of
            empty graphs.
        created: UTC time of publishing, ISO 8601.
        triples: triples in the merged default graph.
        graphs: named graph → number of triples.
        versions: name of a part → its version.
    """

    id: str
    created: str
    triples: int
    graphs: dict[str, int]
    versions: dict[str, str]


class NoSnapshotError(Exception):
    """No snapshot has been published yet."""


def refusal(error: OSError) -> str:
    """Why the disk refused, in Danish; the store tells of it in words and without a number."""
    for number, reason in REFUSALS.items():
        if error.errno == number or os.strerror(number) in str(error):
            return reason
    return "disken melder fejl"


def n_quads(quads: Iterable[ox.Quad]) -> list[bytes]:
    """The lines of the canonical N-Quads of these quads: sorted, each once, without line ends."""
    return sorted(set((ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"").splitlines()))


def content_id(lines: Iterable[bytes]) -> str:
    """The id of the snapshot that holds these N-Quads lines; the same for the same set."""
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:16]


@contextmanager
def alone(snapshots: Path) -> Iterator[None]:
    """Wait until nobody else changes the snapshots folder, and keep others waiting.

    Who reads the current snapshot to publish a changed one does both within; else what another
    published in between would be lost.

    Raises:
        OSError: the folder cannot be written.
    """
    snapshots.mkdir(parents=True, exist_ok=True)
    with (snapshots / LOCK).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def publish(
    quads: Iterable[ox.Quad],
    snapshots: Path,
    before: Callable[[Path], object] = lambda _: None,
    names: Iterable[str] = (),
) -> Manifest:
    """Write a snapshot of quads, merged into the default graph too, and make it current.

    Either the whole snapshot is in service afterwards, or the one before it still is.

    Args:
        quads: triples in named graphs.
        snapshots: the snapshots folder.
        before: called with the snapshot's folder when it is whole, before it goes in service;
            what it raises leaves the one before in service.
        names: IRIs of graphs that are there even when no quad is in them.

    The caller is :func:`alone`, when others may publish here.

    Raises:
        OSError: the disk is full or not writable; nothing half is left.
    """
    lines = n_quads(quads)
    counts = Counter(line[line.rindex(b" <") + 2 : -3].decode() for line in lines)
    graphs = dict(sorted({**dict.fromkeys(names, 0), **counts}.items()))
    empty = [f"<{name}>".encode() for name, count in graphs.items() if not count]
    snapshot = content_id([*lines, *empty])
    return _publish(snapshot, partial(_fill, lines, graphs), snapshots, before)


def publish_stream(
    pieces: Callable[[], Iterable[bytes]],
    snapshot: str,
    triples: int,
    graphs: dict[str, int],
    snapshots: Path,
    before: Callable[[Path], object] = lambda _: None,
) -> Manifest:
    """As :func:`publish`, for a graph that memory does not hold.

    Args:
        pieces: gives the graph anew each time it is called: whole lines of canonical N-Quads in
            named graphs, literals as a store writes them. The index has them in this order.
        snapshot: the id, which must stand for the content.
        triples: triples in the default graph.
        graphs: named graph → number of triples.
    """

    def fill(store: ox.Store, _: Path) -> Filled:
        labelled: list[bytes] = []

        def others() -> Iterator[bytes]:
            for piece in pieces():
                text = piece
                if LABELLED in piece:
                    lines = piece.splitlines(keepends=True)
                    labelled.extend(line for line in lines if LABELLED in line)
                    text = b"".join(line for line in lines if LABELLED not in line)
                yield text
                yield merged(text)

        store.bulk_load(Pieces(others()), format=ox.RdfFormat.N_QUADS)  # type: ignore[arg-type]
        # To load gives new labels, and the index has those of the pieces.
        for text in (b"".join(labelled), merged(b"".join(labelled))):
            store.bulk_extend(ox.parse(text, format=ox.RdfFormat.N_QUADS))
        return Filled(
            triples, graphs, (line for piece in pieces() for line in merged(piece).splitlines())
        )

    return _publish(snapshot, fill, snapshots, before)


def merged(lines: bytes) -> bytes:
    """The N-Triples that the default graph has of lines of canonical N-Quads in named graphs."""
    return IN_GRAPH.sub(b" .", lines)


class Pieces:
    """Pieces of bytes as a file to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest, self._at = pieces, b"", 0

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes, or the rest of a piece; nothing at the end."""
        while self._at >= len(self._rest):
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest, self._at = piece, 0
        end = len(self._rest) if size < 0 else self._at + size
        part = self._rest[self._at : end]
        self._at += len(part)
        return part


@dataclass(frozen=True)
class Filled:
    """What a store was filled with.

    Attributes:
        triples: how many its default graph has.
        graphs: named graph → number of triples.
        lines: the default graph in N-Triples, as :func:`graph_service.store.index.write` takes it;
            read once, when the store has all.
    """

    triples: int
    graphs: dict[str, int]
    lines: Iterable[bytes]


#: Fills an empty store; may put files in the folder for a time.
Fill = Callable[[ox.Store, Path], Filled]


def _publish(
    snapshot: str, fill: Fill, snapshots: Path, before: Callable[[Path], object]
) -> Manifest:
    snapshots.mkdir(parents=True, exist_ok=True)
    _clear(snapshots)
    target = snapshots / snapshot
    if not all((target / name).is_file() for name in WHOLE):
        # Not mkdtemp: who serves may be another user than who builds, and the umask says who reads.
        work = snapshots / (NEW + secrets.token_hex(8))
        work.mkdir()
        try:
            manifest = _write(fill, snapshot, work)
            (work / "manifest.json").write_text(_json(manifest), encoding="utf-8")
            _sync(*work.rglob("*"), work)
            if target.exists():
                # What lacks a file, as after an upgrade that adds one, may be in service.
                _exchange(work, target)
                shutil.rmtree(work)
            else:
                work.replace(target)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
    _sync(snapshots)
    before(target)
    gone = surplus(snapshots, target)
    _point(snapshots, snapshot)
    _remove(gone)
    return manifest_of(target)


def _fill(lines: list[bytes], graphs: dict[str, int], store: ox.Store, work: Path) -> Filled:
    once = set(merged(b"\n".join(lines)).splitlines())
    # All at once: what has no name is the same in its named graph and in the merged one.
    store.bulk_load(b"\n".join([*lines, *once]), format=ox.RdfFormat.N_QUADS)
    for name, count in graphs.items():
        if not count:
            store.add_graph(ox.NamedNode(name))
    return Filled(len(once), graphs, by_graph(store, graphs, work))


def _write(fill: Fill, snapshot: str, work: Path) -> Manifest:
    triples, graphs = _stored(fill, work)
    search.write(EmbeddedStore(work), work)
    return Manifest(
        id=snapshot,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        triples=triples,
        graphs=graphs,
        versions={
            "ansvarsgraf": __version__,
            "pyoxigraph": version("pyoxigraph"),
            "rdflib": version("rdflib"),
        },
    )


def _stored(fill: Fill, work: Path) -> tuple[int, dict[str, int]]:
    """Write the store and the index; gives what ``Filled`` has of them.

    The store is closed when this is left: it still removes files until then, of which who opens it
    may have read in its manifest.
    """
    store = ox.Store(str(work / "store"))
    filled = fill(store, work)
    with ThreadPoolExecutor(1) as beside:
        optimized = beside.submit(store.optimize)
        index.write(filled.lines, work)
        optimized.result()
    store.flush()
    return filled.triples, filled.graphs


def in_order(graphs: Iterable[str]) -> list[str]:
    """Names of graphs in the order in which the index has them: first those of documents.

    What a document says of things is so read together, and lies together in the index; the graphs
    that gather what all documents have come after them.
    """
    return sorted(graphs, key=lambda name: (not name.startswith(DOCUMENTS), name))


def by_graph(store: ox.Store, graphs: Iterable[str], work: Path) -> Iterator[bytes]:
    """The triples of named graphs in N-Triples, line by line.

    Args:
        work: a folder where a file is put for a time.
    """
    for name in in_order(graphs):
        with TemporaryFile(dir=work) as lines:
            store.dump(lines, format=ox.RdfFormat.N_TRIPLES, from_graph=ox.NamedNode(name))
            lines.seek(0)
            yield from lines


def _json(manifest: Manifest) -> str:
    return json.dumps(asdict(manifest), ensure_ascii=False, indent=2) + "\n"


def _exchange(one: Path, other: Path) -> None:
    """Give each of two folders the other's name, at one moment.

    Where the system cannot (renameat2(2), Linux), the other's name is free for a moment.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.suppress(AttributeError):
        names = (AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other))
        if libc.renameat2(*names, RENAME_EXCHANGE) == 0:
            return
    aside = other.with_name(OLD + other.name)
    other.rename(aside)
    one.rename(other)
    aside.rename(one)


def _sync(*paths: Path) -> None:
    """Wait until files, or the lists of what is in folders, are on the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _point(snapshots: Path, snapshot: str) -> None:
    pointer = snapshots / (POINTING + secrets.token_hex(8))
    try:
        with pointer.open("x", encoding="ascii") as file:
            file.write(snapshot + "\n")
        _sync(pointer)
        pointer.replace(snapshots / POINTER)
    except BaseException:
        pointer.unlink(missing_ok=True)
        raise
    _sync(snapshots)


def surplus(snapshots: Path, new: Path) -> list[Path]:
    """The folders of the snapshots that go when a new one comes: all but the newest few.

    The new one, the one that CURRENT names, and those that a server holds always stay.
    """
    kept = {new.name}
    # A pointer that cannot be read is about to be made anew.
    with contextlib.suppress(NoSnapshotError, StoreError):
        kept.add(current(snapshots).name)
    complete = [p for p in snapshots.iterdir() if (p / "manifest.json").is_file()]
    complete.sort(key=lambda p: (p.name in kept, p.stat().st_mtime), reverse=True)
    return [path for path in complete[KEEP:] if not is_held(path)]


def _remove(gone: list[Path]) -> None:
    """Remove snapshots."""
    for path in gone:
        old = path.rename(path.with_name(OLD + path.name))
        shutil.rmtree(old, ignore_errors=True)


def _clear(snapshots: Path) -> None:
    """Remove what is named as old, and what a killed one left: it may be what fills the disk."""
    for prefix in (NEW, OLD):
        for folder in snapshots.glob(prefix + "*"):
            shutil.rmtree(folder, ignore_errors=True)
    for file in snapshots.glob(POINTING + "*"):
        file.unlink(missing_ok=True)


def current(snapshots: Path) -> Path:
    """The folder of the snapshot in service.

    Raises:
        NoSnapshotError: nothing has been published here.
        StoreError: what is published cannot be read.
    """
    try:
        name = (snapshots / POINTER).read_text(encoding="ascii").strip()
        folder = snapshots / name
        if not (folder / "manifest.json").is_file():
            raise NoSnapshotError(str(folder))
    except FileNotFoundError:
        raise NoSnapshotError(str(snapshots)) from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{snapshots / POINTER}: {error}") from error
    return folder


def manifest_of(folder: Path) -> Manifest:
    """The manifest of a snapshot's folder.

    Raises:
        StoreError: it cannot be read.
    """
    path = folder / "manifest.json"
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{path}: {error}") from error
