"""The SHACL engines, each behind one call, and how shapes are shared out among cores.

The engine of the build is pyshacl-turbo, chosen by measurement (docs/decisions.md); pySHACL is the
referee. Both, and RDFLib, are imported only to check a graph: a service that only answers has no
use for them, and they take a third of a second and 25 MB.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from graph_service.build.quads import iri
from graph_service.build.reading import predicates_read
from graph_service.build.shapes import ShapesGraph, Term
from graph_service.vocabulary import RDF, SH

if TYPE_CHECKING:
    import rdflib

#: What a shape costs for each focus node, where reading a triple costs 1.
NODE_COST = 8
NTRIPLES = ox.RdfFormat.N_TRIPLES
#: Lines of N-Triples by the IRI of their property.
ByProperty = Mapping[str, Sequence[str]]


def _failures() -> tuple[type[Exception], ...]:
    """What the engines raise on shapes that they cannot run."""
    from pyshacl_turbo import ValidationFailure

    return (ValidationFailure, RuntimeError, ValueError)


class Program:
    """Shapes compiled for an engine, and what they read.

    Raises:
        ValueError: the shapes are malformed.
    """

    def __init__(self, shapes: ShapesGraph, engine: str) -> None:
        self._read = predicates_read(shapes)
        self._graph: rdflib.Graph | None = None
        if engine == "turbo":
            import pyshacl_turbo

            compiler: Any = pyshacl_turbo.CompiledShapes
            try:
                self._compiled = compiler(shapes.ntriples, shacl_graph_format="nt", advanced=True)
            except _failures() as error:
                raise ValueError(f"the shapes cannot be run: {error}") from error
        else:
            import rdflib

            self._graph = rdflib.Graph().parse(data=shapes.ntriples, format="nt")

    def report(self, data: ByProperty, focus: Sequence[str] | None = None) -> rdflib.Graph:
        """The validation report on a graph given by property."""
        import rdflib

        read = data if self._read is None else sorted(self._read & data.keys())
        ntriples = "".join(line for name in read for line in data[name])
        try:
            if self._graph is None:
                # N-Triples as they are. Given a Store, this engine takes "x" in it for another
                # literal than "x" in the shapes: 21 tests of the W3C suite fail. RDFLib is slow.
                from pyshacl_turbo.rdf import Input

                text_in = Input(ntriples, "nt", None, {}, {}, preserve_ids=True)
                _, graph, why = self._compiled.validate(text_in, focus_nodes=focus)
            else:
                import pyshacl

                _, graph, why = pyshacl.validate(
                    rdflib.Graph().parse(data=ntriples, format="nt"),
                    shacl_graph=self._graph,
                    advanced=True,
                    inference="none",
                    focus_nodes=None if focus is None else list(focus),
                )
        except _failures() as error:
            raise ValueError(f"the shapes cannot be run: {error}") from error
        if not isinstance(graph, rdflib.Graph):
            raise ValueError(f"the shapes cannot be run: {why}")
        return graph


def by_property(data: ox.Store | Iterable[ox.Triple]) -> ByProperty:
    """The graph as lines of N-Triples, by the IRI of the property."""
    if isinstance(data, ox.Store):
        text = data.dump(format=NTRIPLES, from_graph=ox.DefaultGraph())
    else:
        text = ox.serialize(data, format=NTRIPLES)
    found: dict[str, list[str]] = defaultdict(list)
    for line in (text or b"").decode().splitlines(keepends=True):
        found[line.split(" ", 2)[1][1:-1]].append(line)
    return found


def shares_of(shapes: ShapesGraph, data: ByProperty, count: int) -> list[list[ox.Triple]]:
    """What says what shapes are about, shared out so that each share costs about the same.

    A share costs the triples that it reads, and its focus nodes several times as much.
    """
    classes = Counter(line.split(" ", 2)[2][1:-4] for line in data.get(RDF + "type", ()))
    nodes: dict[Term, int] = defaultdict(int)
    targets: dict[Term, list[ox.Triple]] = defaultdict(list)
    for target in shapes.targets():
        targets[target.subject].append(target)
        lines = data.get(iri(target.object), ())
        match target.predicate.value.removeprefix(SH):
            case "targetSubjectsOf":
                nodes[target.subject] += len(lines)
            case "targetObjectsOf":
                nodes[target.subject] += len({line.split(" ", 2)[2] for line in lines})
            case _:
                nodes[target.subject] += classes[iri(target.object)]
    shares: list[list[ox.Triple]] = [[] for _ in range(count)]
    read: list[set[str]] = [set() for _ in range(count)]
    cost = [0] * count
    for shape in sorted(targets, key=lambda s: (-nodes[s], str(s))):
        reads = predicates_read(shapes, [shape])
        reads = set(data) if reads is None else reads & data.keys()
        then = [
            cost[i] + NODE_COST * nodes[shape] + sum(len(data[p]) for p in reads - read[i])
            for i in range(count)
        ]
        least = then.index(min(then))
        shares[least] += targets[shape]
        read[least] |= reads
        cost[least] = then[least]
    return [share for share in shares if share]
