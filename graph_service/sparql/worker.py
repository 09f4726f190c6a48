"""The worker process: parse and run one query after another over one snapshot, and stream bytes.

Started by :mod:`graph_service.sparql.pool` as ``python -m graph_service.sparql.worker``. It reads
jobs as frames on standard input and writes frames on standard output; a frame is a letter, four
bytes of length (big-endian) and that many bytes::

    J  a job, JSON (:class:`Job`)          R  ready, JSON {confined}
    D  bytes of the answer                 E  the end with an error, JSON {kind, ...}
                                           Z  the end, JSON {rows, bytes, address_space}

It ends when standard input ends, when its parent dies, or when it is killed, which is how a query
that takes too long is stopped. It imports as little as it can, because it is started often.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any, BinaryIO, cast

import pyoxigraph as ox

from graph_service.sparql.confine import confine
from graph_service.sparql.rows import COUNTERS, Counter, NoRows
from graph_service.vocabulary import PREFIXES

HEADER = struct.Struct(">cI")
#: Bytes that are gathered before they are sent on.
PIECE = 64 * 1024
#: Seconds beyond the limit after which the system ends the process, if the parent has not.
GRACE = 3.0

#: How the engine begins to say where a text is no SPARQL.
PLACE = re.compile(r"^error at (\d+):(\d+): ")

#: Characters that XML 1.0 does not have (section 2.2), and how they are in UTF-8.
NO_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")
NO_XML_BYTES = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
#: How a property ends that RDF/XML can name: with a name (Namespaces in XML 1.0, section 3).
BEGINS = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
NAMED = re.compile(f"[{BEGINS}][{BEGINS}.0-9\xb7\u0300-\u036f\u203f\u2040-]*$")
XML_FORMATS = ("xml", "rdfxml")

SOLUTION_FORMATS = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
GRAPH_FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "nquads": ox.RdfFormat.N_QUADS,
}


@dataclass(frozen=True)
class Job:
    """One query, or one graph to be read.

    Attributes:
        text: the query; with ``graph`` set it is not read.
        format: name of a format of :mod:`graph_service.sparql.media`.
        seconds: wall-clock limit.
        rows: most rows or triples; 0 for no limit.
        size: most bytes of the answer.
        base: base IRI of the query.
        default_graphs, named_graphs: the dataset that the protocol names, or None for the store's.
        graph: IRI of a graph to be read whole, ``default`` for the default graph, or empty.
        network: whether it asks other hosts, which the guard has allowed; the pool gives it a
            worker of its own.
        hosts: those that a variable after ``SERVICE`` may come to; none where there is no such one.
    """

    text: str
    format: str
    seconds: float
    rows: int
    size: int
    base: str = ""
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    graph: str = ""
    network: bool = False
    hosts: tuple[str, ...] = ()

    def frame(self) -> bytes:
        """The job as a frame."""
        return frame(b"J", json.dumps(asdict(self)).encode())


def frame(kind: bytes, payload: bytes) -> bytes:
    """A frame of the worker's protocol."""
    return HEADER.pack(kind, len(payload)) + payload


class Sink(io.RawIOBase):
    """Where the engine writes: counts, gathers, sends, and stops it at a limit.

    Attributes:
        stopped: the limit that was crossed, as a kind of problem, or empty.
    """

    def __init__(self, out: BinaryIO, job: Job, counter: Counter) -> None:
        self.stopped, self.sent = "", 0
        self._out, self._job, self.counter = out, job, counter
        self._gathered = bytearray()
        self._unknown = NO_XML_BYTES if job.format in XML_FORMATS else None
        self._before = b""

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]
        self.counter.feed(bytes(piece))
        self.sent += len(piece)
        if self.sent > self._job.size:
            self.stop("size-limit")
        if self._job.rows and self.counter.rows > self._job.rows:
            self.stop("row-limit")
        if self._unknown:
            # A character may come in two pieces.
            if self._unknown.search(self._before + piece):
                self.stop("not-acceptable")
            self._before = bytes(piece[-2:])
        self._gathered += piece
        if len(self._gathered) >= PIECE:
            self.pass_on()
        return len(piece)

    def pass_on(self) -> None:
        """Send what was gathered."""
        if self._gathered:
            self._out.write(frame(b"D", bytes(self._gathered)))
            self._out.flush()
            self._gathered.clear()

    def stop(self, kind: str) -> None:
        """Make the engine end by an error of its output."""
        self.stopped = kind
        raise OSError(kind)


def counted(triples: Iterable[ox.Triple], sink: Sink, limit: int) -> Iterator[ox.Triple]:
    """The triples, stopped after ``limit`` of them when that is not 0."""
    for number, triple in enumerate(triples, 1):
        if limit and number > limit:
            sink.stop("row-limit")
        sink.counter.rows = number
        yield triple


def nameable(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """The triples, for RDF/XML, as long as their properties have names there.

    Raises:
        TypeError: one has none.
    """
    for triple in triples:
        if not NAMED.search(triple.predicate.value):
            raise TypeError(f"{triple.predicate} cannot be named in RDF/XML")
        yield triple


def perform(store: ox.Store, job: Job, sink: Sink) -> None:
    """Run a job and write the answer.

    Raises:
        Problem: as :func:`graph_service.sparql.federation.written_out`.
        SyntaxError: the text is not SPARQL.
        ValueError: an IRI of the job is none.
        TypeError: the format does not fit the kind of the answer.
        OSError, RuntimeError: evaluation failed, or a limit stopped it.
    """
    if job.graph:
        graph = ox.DefaultGraph() if job.graph == "default" else ox.NamedNode(job.graph)
        write_triples(
            (q.triple for q in store.quads_for_pattern(None, None, None, graph)), job, sink
        )
        return

    over, graphs = dataset(store, job)

    def run(text: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        return over.query(text, base_iri=job.base or None, prefixes=PREFIXES, **graphs)

    def first_column(text: str) -> Iterator[object]:
        return (solution[0] for solution in cast(ox.QuerySolutions, run(text)))

    if job.hosts:
        from graph_service.sparql.federation import written_out

        try:
            result = run(written_out(job.text, job.hosts, first_column))
        except SyntaxError as error:
            # A place in what was written out is none in what the client wrote.
            raise SyntaxError(PLACE.sub("", error.msg)) from None
    else:
        result = run(job.text)
    if isinstance(result, ox.QueryTriples):
        write_triples(result, job, sink)
    elif job.format in SOLUTION_FORMATS:
        if isinstance(result, ox.QueryBoolean):
            sink.counter = NoRows()
        result.serialize(cast("IO[bytes]", sink), SOLUTION_FORMATS[job.format])
    else:
        raise TypeError("solutions cannot be written as a graph")


def dataset(store: ox.Store, job: Job) -> tuple[ox.Store, dict[str, Any]]:
    """The store to ask, and the graphs as its ``query`` takes them; none for those of the store."""
    named = job.default_graphs is not None and job.named_graphs is not None
    if not named and "FROM" not in job.text.upper():
        return store, {}
    from graph_service.sparql.dataset import Dataset

    def first_row(text: str) -> Iterable[Any]:
        found = store.query(text, base_iri=job.base or None, prefixes=PREFIXES)
        return next(cast(ox.QuerySolutions, found))

    if named:
        return Dataset.of(job.default_graphs or (), job.named_graphs or ()).over(store)
    own = Dataset.of_query(job.text, first_row)
    return own.over(store) if own else (store, {})


def write_triples(triples: Iterable[ox.Triple], job: Job, sink: Sink) -> None:
    """Write a graph in the job's format."""
    if job.format not in GRAPH_FORMATS:
        raise TypeError("a graph cannot be written as solutions")
    sink.counter = NoRows()
    out = cast("IO[bytes]", sink)
    kept = counted(triples, sink, job.rows)
    wanted = GRAPH_FORMATS[job.format]
    if wanted == ox.RdfFormat.N_QUADS:
        name = ox.NamedNode(job.graph) if job.graph not in ("", "default") else ox.DefaultGraph()
        ox.serialize((ox.Quad(t.subject, t.predicate, t.object, name) for t in kept), out, wanted)
    else:
        kept = nameable(kept) if wanted == ox.RdfFormat.RDF_XML else kept
        ox.serialize(kept, out, wanted, prefixes=dict(PREFIXES))


def answer(store: ox.Store, job: Job, out: BinaryIO) -> None:
    """Perform a job and send its frames; a lack of memory ends the process."""
    sink = Sink(out, job, COUNTERS.get(job.format, NoRows)())
    try:
        perform(store, job, sink)
        sink.pass_on()
        end = {"rows": sink.counter.rows, "bytes": sink.sent, "address_space": address_space()}
        last = frame(b"Z", json.dumps(end).encode())
    except MemoryError:
        os.write(2, b"memory allocation failed (Python)\n")
        os._exit(1)
    except Exception as error:
        told = {**reason(error, sink), "address_space": address_space()}
        last = frame(b"E", json.dumps(told).encode())
    out.write(last)
    out.flush()


def reason(error: Exception, sink: Sink) -> dict[str, object]:
    """What the parent is told about an error: a kind of problem and what belongs to it."""
    if sink.stopped:
        return {"kind": sink.stopped, "rows": sink.counter.rows, "bytes": sink.sent}
    if isinstance(error, SyntaxError):
        return reason_of_syntax(error)
    problem: Any = error
    if hasattr(problem, "detail"):
        return {
            **problem.more,
            "kind": "refused",
            "problem": problem.kind,
            "detail": problem.detail,
        }
    if isinstance(error, TypeError):
        return {"kind": "not-acceptable", "reason": str(error)}
    if isinstance(error, ValueError):
        return {"kind": "bad-content", "reason": str(error)[:400]}
    return {"kind": "evaluation", "reason": str(error)[:400]}


def reason_of_syntax(error: SyntaxError) -> dict[str, object]:
    """Line, column (both 1-based) and what the parser expected."""
    message = error.msg or str(error)
    place = PLACE.match(message)
    line = error.lineno or (int(place[1]) if place else None)
    column = error.offset or (int(place[2]) if place else None)
    expected = message[place.end() :] if place else message
    return {"kind": "bad-query", "line": line, "column": column, "reason": expected[:400]}


def address_space() -> int:
    """The address space of this process in bytes, 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def read_frame(source: BinaryIO) -> bytes | None:
    """The payload of the next frame, or None at the end."""
    header = source.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    return source.read(HEADER.unpack(header)[1])


def serve(store: ox.Store, source: BinaryIO, out: BinaryIO) -> None:
    """Answer jobs until there are no more."""
    while (payload := read_frame(source)) is not None:
        values = json.loads(payload)
        for name in ("default_graphs", "named_graphs", "hosts"):
            values[name] = None if values[name] is None else tuple(values[name])
        job = Job(**values)
        signal.setitimer(signal.ITIMER_REAL, job.seconds + GRACE)
        answer(store, job, out)
        signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    """Arguments: folder of the store, memory limit in bytes, process id of the parent, and
    ``network`` when the network stays open."""
    folder, memory, parent = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    confined = confine(memory, parent, network=sys.argv[4:] == ["network"])
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "wb", buffering=2 * PIECE)
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):
        store = ox.Store.read_only(folder)
        out.write(frame(b"R", json.dumps({"confined": confined}).encode()))
        out.flush()
        serve(store, sys.stdin.buffer, out)
    os._exit(0)


if __name__ == "__main__":
    main()
