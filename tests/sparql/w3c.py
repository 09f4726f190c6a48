"""Read the W3C SPARQL 1.1 test suites, and compare answers as they ask.

Source: https://github.com/w3c/rdf-tests, folder sparql/sparql11, and its README.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from graph_service.vocabulary import RDF, RDFS
from tests.conftest import w3c_folder

MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT = "http://www.w3.org/2009/sparql/tests/test-update#"
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
HT = "http://www.w3.org/2011/http#"
CNT = "http://www.w3.org/2011/content#"
X = "urn:compare:"

#: Folders that are not run, with the reason.
LEFT_OUT = {
    "entailment": "entailment regimes of the query engine; the service claims none, inference is "
    "made at build time",
    "service": "needs services at addresses of example.org; SERVICE is tested with hosts on this "
    "machine in test_federation, its syntax in syntax-fed",
    "http-rdf-update": "deprecated by W3C in favour of graph-store-protocol, which is run",
}

Node = ox.NamedNode | ox.BlankNode | ox.Literal


@dataclass(frozen=True)
class Test:
    """One entry of a manifest.

    Attributes:
        id: folder and fragment, e.g. ``bind/bind01``.
        kind: local name of its type.
        node: its node in the manifest.
    """

    __test__ = False
    id: str
    kind: str
    node: Node
    manifest: Manifest


class Manifest:
    """One manifest file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = ox.Store()
        self.store.load(path.read_bytes(), format=ox.RdfFormat.TURTLE, base_iri=path.as_uri())

    def values(self, node: Node, predicate: str) -> list[Node]:
        found = self.store.quads_for_pattern(node, ox.NamedNode(predicate), None)  # type: ignore[arg-type]
        return [quad.object for quad in found]  # type: ignore[misc]

    def value(self, node: Node | None, predicate: str) -> Node | None:
        return next(iter(self.values(node, predicate)), None) if node is not None else None

    def text(self, node: Node | None, predicate: str) -> str:
        found = self.value(node, predicate)
        return found.value if found is not None else ""

    def items(self, node: Node | None) -> Iterator[Node]:
        while node is not None and node != ox.NamedNode(RDF + "nil"):
            first = self.value(node, RDF + "first")
            assert first is not None
            yield first
            node = self.value(node, RDF + "rest")

    def tests(self) -> Iterator[Test]:
        this = ox.NamedNode(self.path.as_uri())
        for node in self.items(self.value(this, MF + "entries")):
            kind = next((v.value.rpartition("#")[2] for v in self.values(node, RDF + "type")), "")
            yield Test(f"{self.path.parent.name}/{node.value.rpartition('#')[2]}", kind, node, self)


def all_tests() -> list[Test]:
    """Every test of the suites, or nothing when they are not here.

    Raises:
        FileNotFoundError: ``ANSVARSGRAF_W3C`` names a folder without them.
    """
    folder = w3c_folder()
    root = folder / "sparql" / "sparql11" if folder else None
    if root is None or not root.is_dir():
        if os.environ.get("ANSVARSGRAF_W3C"):
            raise FileNotFoundError(f"ANSVARSGRAF_W3C has no sparql/sparql11: {folder}")
        return []
    paths = [p for p in sorted(root.glob("*/manifest*.ttl")) if p.parent.name not in LEFT_OUT]
    return [test for path in paths for test in Manifest(path).tests()]


def path_of(node: Node | None) -> Path:
    """The file that a file: IRI names."""
    assert node is not None
    return Path(node.value.removeprefix("file://"))


def load(store: ox.Store, file: Node, name: ox.NamedNode | ox.DefaultGraph) -> None:
    """Load a data file of a suite in a graph."""
    path = path_of(file)
    form = {
        ".ttl": ox.RdfFormat.TURTLE,
        ".rdf": ox.RdfFormat.RDF_XML,
        ".nt": ox.RdfFormat.N_TRIPLES,
    }
    store.load(path.read_bytes(), format=form[path.suffix], base_iri=path.as_uri(), to_graph=name)


def dataset(manifest: Manifest, node: Node | None, vocabulary: str) -> ox.Store:
    """The dataset that ``data`` and ``graphData`` of a query or an update test describe."""
    store = ox.Store()
    if node is None:
        return store
    for file in manifest.values(node, vocabulary + "data"):
        load(store, file, ox.DefaultGraph())
    for given in manifest.values(node, vocabulary + "graphData"):
        file = manifest.value(given, vocabulary + "graph") or given
        name = ox.NamedNode(manifest.text(given, RDFS + "label") or given.value)
        store.add_graph(name)
        load(store, file, name)
    return store


def canonical(quads: Iterable[ox.Quad]) -> Counter[str]:
    """Quads with blank nodes named by what they are, so that isomorphic ones are equal.

    Literals go through a store, which writes numbers in one way.
    """
    store = ox.Store()
    store.extend(quads)
    made = ox.Dataset(store)
    made.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return Counter(str(quad) for quad in made)


def as_quads(rows: Iterable[Iterable[tuple[str, Node]]]) -> list[ox.Quad]:
    """Rows of solutions as a graph: a blank node for each row, so that equal rows count twice."""
    quads = []
    for cells in rows:
        row = ox.BlankNode()
        quads.append(ox.Quad(row, ox.NamedNode(X + "a"), ox.NamedNode(X + "row")))
        quads += [ox.Quad(row, ox.NamedNode(X + name), value) for name, value in cells]
    return quads


def rows_of(result: ox.QuerySolutions) -> list[list[tuple[str, Node]]]:
    """The bound values of each row."""
    names = [variable.value for variable in result.variables]
    return [
        [(name, value) for name, value in zip(names, row, strict=True) if value is not None]  # type: ignore[misc]
        for row in result
    ]


def expected_rows(path: Path) -> list[list[tuple[str, Node]]] | bool:
    """Rows of a result file, or the boolean of an ASK."""
    if path.suffix in (".srx", ".srj", ".tsv"):
        form = {
            ".srx": ox.QueryResultsFormat.XML,
            ".srj": ox.QueryResultsFormat.JSON,
            ".tsv": ox.QueryResultsFormat.TSV,
        }[path.suffix]
        parsed = ox.parse_query_results(path.read_bytes(), format=form)
        return bool(parsed) if isinstance(parsed, ox.QueryBoolean) else rows_of(parsed)
    read = Manifest(path)
    sets = list(
        read.store.quads_for_pattern(
            None, ox.NamedNode(RDF + "type"), ox.NamedNode(RS + "ResultSet")
        )
    )
    this: Node = sets[0].subject  # type: ignore[assignment]
    boolean = read.value(this, RS + "boolean")
    if boolean is not None:
        return boolean.value == "true"
    rows = []
    for solution in read.values(this, RS + "solution"):
        bindings = read.values(solution, RS + "binding")
        rows.append(
            [
                (read.text(b, RS + "variable"), v)
                for b in bindings
                if (v := read.value(b, RS + "value"))
            ]
        )
    return rows


def csv_rows(data: bytes) -> list[list[tuple[str, str]]]:
    """Rows of a CSV file in an order of their own, cells by heading, since ``SELECT *`` has no
    order of columns; numbers by value, blank nodes by kind."""

    def cell(text: str) -> str:
        if text.startswith("_:"):
            return "_:"
        try:
            return repr(float(text))
        except ValueError:
            return text

    head, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    return sorted(
        sorted(zip(head, map(cell, row or [""] * len(head)), strict=True)) for row in rows
    )


def as_csv(names: list[str], rows: list[list[tuple[str, Node]]]) -> bytes:
    """Rows as a CSV file has them: each value as plain text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        cells = {
            name: "_:" if isinstance(value, ox.BlankNode) else value.value for name, value in row
        }
        writer.writerow([cells.get(name, "") for name in names])
    return out.getvalue().encode()
