"""The dataset that a query is asked of: which graphs, and several of them as one default graph.

The default graph of several graphs is their merge, in which a triple stands once. The engine gives
it once for each graph that has it, and a graph that is named twice gives all of it twice. So graphs
are named once here, and where some of them have triples in common, the query is asked of a copy of
its dataset in memory, within the worker's limits.

Source: SPARQL 1.1 Query Language, sections 13.1 and 13.2; SPARQL 1.1 Protocol, section 2.1.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyoxigraph as ox

from graph_service.sparql.guard import QUERY_KINDS, Token, tokens

#: The engine reads keywords without a space between them.
_FROM = re.compile(r"(?:ASK|CONSTRUCT)?FROM(NAMED)?", re.IGNORECASE)
#: Triples of a graph that are counted before the next graph has its turn.
STRIDE = 1000
#: Graphs that the engine is asked for at once: its time grows with their square, and its stack with
#: them.
ASKED = 100
#: Gives the values of the first row of a query.
FirstRow = Callable[[str], Iterable[Any]]


@dataclass(frozen=True)
class Dataset:
    """The graphs of a query, as IRIs, each once.

    Attributes:
        default: those whose merge is the default graph.
        named: those that ``GRAPH`` finds.
    """

    default: tuple[str, ...]
    named: tuple[str, ...]

    @classmethod
    def of(cls, default: Sequence[str], named: Sequence[str]) -> Dataset:
        """The dataset of graphs that may be named more than once."""
        return cls(tuple(dict.fromkeys(default)), tuple(dict.fromkeys(named)))

    @classmethod
    def of_query(cls, text: str, first_row: FirstRow) -> Dataset | None:
        """The dataset that a query names itself; None when it names none, or is no SPARQL."""
        all_ = list(tokens(text))
        found = list(clauses(all_))
        if not found:
            return None
        # What a prefix and a relative address come to, the engine knows best.
        before, iris = prologue(text, all_), list[Any]()
        for start in range(0, len(found), ASKED):
            some = enumerate(found[start : start + ASKED])
            asked = "".join(f"({each.iri.text} AS ?g{n})" for n, each in some)
            try:
                iris += first_row(f"{before}\nSELECT {asked} {{}}")
            except SyntaxError:
                return None
        pairs = [(each, str(iri.value)) for each, iri in zip(found, iris, strict=True)]
        return cls.of(
            [iri for each, iri in pairs if not each.named],
            [iri for each, iri in pairs if each.named],
        )

    def over(self, store: ox.Store) -> tuple[ox.Store, dict[str, Any]]:
        """The store to ask instead, and what its ``query`` needs to ask this dataset of it.

        Raises:
            ValueError: a graph is no IRI.
        """
        default, named = _nodes(self.default), _nodes(self.named)
        if len(default) < 2 or not _in_common(store, default):
            return store, {"default_graph": default, "named_graphs": named}
        copy = ox.Store()
        for graph in default:
            quads = store.quads_for_pattern(None, None, None, graph)
            copy.bulk_extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in quads)
        for graph in named:
            copy.bulk_extend(store.quads_for_pattern(None, None, None, graph))
        return copy, {"default_graph": [ox.DefaultGraph()], "named_graphs": named}


@dataclass(frozen=True)
class Clause:
    """A ``FROM``.

    Attributes:
        named: whether it is ``FROM NAMED``.
        first, iri: its first and its last terminal.
    """

    named: bool
    first: Token
    iri: Token


def clauses(all_: Sequence[Token]) -> Iterator[Clause]:
    """The ``FROM`` clauses of a query's terminals."""
    for at, token in enumerate(all_):
        keyword = _FROM.fullmatch(token.text) if token.kind == "word" and not token.depth else None
        if keyword is None:
            continue
        named, rest = bool(keyword[1]), all_[at + 1 : at + 3]
        if rest and not named and rest[0].kind == "word" and rest[0].text.upper() == "NAMED":
            named, rest = True, rest[1:]
        if rest and rest[0].kind in ("iri", "name"):
            yield Clause(named, token, rest[0])


def prologue(text: str, all_: Sequence[Token]) -> str:
    """What stands before the first keyword of a query: its ``BASE`` and its prefixes."""
    for token in all_:
        if token.kind == "word" and token.text.upper().startswith(QUERY_KINDS):
            return text[: token.start]
    return text


def _in_common(store: ox.Store, graphs: Iterable[ox.NamedNode]) -> bool:
    """Whether two of the graphs have a triple in common.

    What the largest shares with another is seen from the other, so nobody reads all of it.
    """
    left = {graph: store.quads_for_pattern(None, None, None, graph) for graph in graphs}
    smaller: list[ox.NamedNode] = []
    while len(left) > 1:
        ended = {
            graph for graph, quads in left.items() if sum(1 for _ in islice(quads, STRIDE)) < STRIDE
        }
        smaller += ended
        left = {graph: quads for graph, quads in left.items() if graph not in ended}
    one, other = _written(smaller), _written([*smaller, *left])
    return bool(
        store.query(
            f"ASK {{ VALUES ?g {{ {one} }} GRAPH ?g {{ ?s ?p ?o }} GRAPH ?h {{ ?s ?p ?o }} "
            f"FILTER(?g != ?h) VALUES ?h {{ {other} }} }}"
        )
    )


def _written(graphs: Iterable[ox.NamedNode]) -> str:
    return " ".join(map(str, graphs))


def _nodes(iris: Sequence[str]) -> list[ox.NamedNode]:
    """The graphs. Raises ValueError for what is no IRI."""
    return [ox.NamedNode(iri) for iri in iris]
