"""Read the W3C SPARQL 1.1 test suites, and compare answers as they ask.

Source: https://github.com/w3c/rdf-tests, folder sparql/sparql11, and its README.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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

#: A host that may be asked and is not there: the engine opens no connection to this port. What the
#: suites have to be asked of others is put here.
CLOSED = "127.0.0.1:1"
AT = f"http://{CLOSED}/"

#: Folders that are not run, with the reason; docs/api.md says it to users.
LEFT_OUT = {
    "entailment": "entailment regimes of the query engine; the service declares none but simple "
    "entailment, inference is made at build time",
}

Node = ox.NamedNode | ox.BlankNode | ox.Literal
#: The bound values of each row, by name.
Rows = list[list[tuple[str, Node]]]


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
    names = sorted({path.parent.name for path in root.glob("*/manifest*.ttl")} - set(LEFT_OUT))
    return [test for name in names for test in tests_in(name)]


def tests_in(name: str) -> Iterator[Test]:
    """The tests of a folder of the suites."""
    folder = w3c_folder()
    assert folder is not None
    for path in sorted((folder / "sparql" / "sparql11" / name).glob("manifest*.ttl")):
        yield from Manifest(path).tests()


def tests_of(*kinds: str, suffix: str = "", without: tuple[str, ...] = ()) -> list[Test]:
    """The tests of some kinds.

    Args:
        suffix: of the file with the query or the update; some syntax tests of updates have the
            kind of those of queries.
        without: folders that are left out.
    """
    return [
        test
        for test in all_tests()
        if test.kind in kinds
        and test.id.partition("/")[0] not in without
        and (not suffix or request_of(test).suffix == suffix)
    ]


def must_be_written(folder: str, module: Mapping[str, object]) -> None:
    """Each entry of a manifest of texts must have a test here, named by it.

    Args:
        module: the names of the module with the tests.
    """
    ids = [test.id for test in all_tests() if test.id.startswith(folder + "/")]
    names = {"test_" + id.partition("/")[2].replace("-", "_") for id in ids}
    assert names, "the suites are not here"
    assert names <= set(module)


def request_of(test: Test) -> Path:
    """The file with the query or the update of a test."""
    action = test.manifest.value(test.node, MF + "action")
    given = (test.manifest.value(action, name) for name in (QT + "query", UT + "request"))
    return path_of(next((file for file in given if file), action))


def text_of(test: Test) -> tuple[str, str]:
    """The text of the query or the update of a test, and its base IRI."""
    path = request_of(test)
    return path.read_text("utf-8"), path.as_uri()


def syntax_of(test: Test) -> tuple[str, str]:
    """As :func:`text_of`, where what is to be asked of a host is at :data:`CLOSED`: relative
    addresses, and those of the example."""
    text = request_of(test).read_text("utf-8").replace("LOAD <http://example.org/", f"LOAD <{AT}")
    return text, AT + test.id


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


def same(one: Rows | bool, other: Rows | bool) -> bool:
    """Whether answers are the same: solutions by value and in any order."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return canonical(as_quads(one)) == canonical(as_quads(other))


def value_of(result: ox.QuerySolutions | ox.QueryBoolean) -> Rows | bool:
    """The bound values of each row, or the boolean of an ASK."""
    if isinstance(result, ox.QueryBoolean):
        return bool(result)
    names = [variable.value for variable in result.variables]
    return [
        [(name, value) for name, value in zip(names, row, strict=True) if value is not None]  # type: ignore[misc]
        for row in result
    ]


def results(data: bytes, form: ox.QueryResultsFormat) -> Rows | bool:
    """Read SPARQL results."""
    return value_of(ox.parse_query_results(data, format=form))


def expected_rows(path: Path) -> Rows | bool:
    """What a result file says."""
    forms = {
        ".srx": ox.QueryResultsFormat.XML,
        ".srj": ox.QueryResultsFormat.JSON,
        ".tsv": ox.QueryResultsFormat.TSV,
    }
    if path.suffix in forms:
        return results(path.read_bytes(), forms[path.suffix])
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
    order of columns; numbers by value, blank nodes by kind, nothing for an empty cell."""
    head, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    return plain(list(zip(head, row or [""] * len(head), strict=True)) for row in rows)


def as_csv(rows: Rows | bool) -> list[list[tuple[str, str]]]:
    """Rows of solutions as :func:`csv_rows` gives them: what CSV keeps of them."""
    assert not isinstance(rows, bool)
    return plain(
        [(name, str(v) if isinstance(v, ox.BlankNode) else v.value) for name, v in row]
        for row in rows
    )


def plain(rows: Iterable[list[tuple[str, str]]]) -> list[list[tuple[str, str]]]:
    """Rows of text in an order of their own."""

    def cell(text: str) -> str:
        if text.startswith("_:"):
            return "_:"
        try:
            return repr(float(text))
        except ValueError:
            return text

    return sorted(sorted((name, cell(text)) for name, text in row if text) for row in rows)
