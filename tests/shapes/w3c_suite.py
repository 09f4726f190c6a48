"""Read the W3C SHACL test suite (data-shapes-test-suite) and compare validation reports with it.

Reports are compared as the suite's own description asks: the multiset of results, each with focus
node, path, value, severity, constraint component and source shape; blank nodes count as equal.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import rdflib
from rdflib.collection import Collection
from rdflib.namespace import RDF, RDFS, SH

MF = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = rdflib.Namespace("http://www.w3.org/ns/shacl-test#")

Result = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Case:
    """One test: what to validate against what, as N-Triples, and the report to expect.

    The triples are Oxigraph's, because RDFLib rewrites literals (``"1"^^xsd:boolean``) that some
    tests are about. No report expected (None) means that the engine must refuse the shapes.
    """

    name: str
    data: str
    shapes: str
    expected: Counter[Result] | None


def root() -> Path:
    """The folder of the suite; ``ANSVARSGRAF_W3C`` names the folder above it, or it lies beside."""
    beside = Path(__file__).parents[3] / "shared" / "w3c"
    named = Path(os.environ.get("ANSVARSGRAF_W3C") or beside)
    return named / "data-shapes-test-suite" / "tests"


def cases(parts: tuple[str, ...] = ("core", "sparql")) -> Iterator[Case]:
    """The approved tests of the suite, in the order of their manifests."""
    for part in parts:
        yield from _manifest(root() / part / "manifest.ttl")


def _manifest(path: Path) -> Iterator[Case]:
    graph = _graph(path)
    for manifest in graph.subjects(RDF.type, MF.Manifest):
        for include in sorted(graph.objects(manifest, MF.include)):
            yield from _manifest(Path(str(include).removeprefix("file://")))
        for entries in graph.objects(manifest, MF.entries):
            for test in Collection(graph, entries):
                yield _case(graph, test, path)


def _case(graph: rdflib.Graph, test: rdflib.term.Node, path: Path) -> Case:
    action, result = graph.value(test, MF.action), graph.value(test, MF.result)
    data, shapes = graph.value(action, SHT.dataGraph), graph.value(action, SHT.shapesGraph)
    expected = None if result == SHT.Failure else results(graph, result)
    name = f"{path.parent.name}/{path.stem}"
    return Case(name, _triples(data), _triples(shapes), expected)


def _triples(file: rdflib.term.Node | None) -> str:
    path = Path(str(file).removeprefix("file://"))
    parsed = ox.parse(path=str(path), format=ox.RdfFormat.TURTLE, base_iri=path.as_uri())
    return ox.serialize((q.triple for q in parsed), format=ox.RdfFormat.N_TRIPLES).decode()


def _graph(path: Path) -> rdflib.Graph:
    with literals_as_written():
        return rdflib.Graph().parse(path, format="turtle", publicID=path.as_uri())


@contextmanager
def literals_as_written() -> Iterator[None]:
    """Let RDFLib keep the lexical forms of literals, in graphs and in engines' reports alike."""
    before, rdflib.NORMALIZE_LITERALS = rdflib.NORMALIZE_LITERALS, False
    try:
        yield
    finally:
        rdflib.NORMALIZE_LITERALS = before


def results(graph: rdflib.Graph, report: rdflib.term.Node | None) -> Counter[Result]:
    """The results of a report, without their details."""
    found: Counter[Result] = Counter()
    for result in graph.objects(report, SH.result):
        focus, value, severity, component, shape = (
            _term(graph.value(result, predicate))
            for predicate in (
                SH.focusNode,
                SH.value,
                SH.resultSeverity,
                SH.sourceConstraintComponent,
                SH.sourceShape,
            )
        )
        path = _path(graph, graph.value(result, SH.resultPath))
        found[focus, path, value, severity, component, shape] += 1
    return found


def of_report(graph: rdflib.Graph) -> Counter[Result]:
    """The results of the one report that a graph holds."""
    return results(graph, next(graph.subjects(RDF.type, SH.ValidationReport), None))


def _term(node: rdflib.term.Node | None) -> str:
    if node is None:
        return ""
    return "_:" if isinstance(node, rdflib.BNode) else node.n3()


def _path(graph: rdflib.Graph, node: rdflib.term.Node | None) -> str:
    if not isinstance(node, rdflib.BNode):
        return _term(node)
    if (node, RDF.first, None) in graph:
        return "(" + " ".join(_path(graph, item) for item in Collection(graph, node)) + ")"
    for predicate, value in sorted(graph.predicate_objects(node)):
        if predicate not in (RDF.type, RDFS.label):
            return f"[{predicate.n3()} {_path(graph, value)}]"
    return "_:"
