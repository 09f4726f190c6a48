"""Read the project's Turtle into quads, and say where each triple came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service.build.quads import in_graph, iri
from graph_service.vocabulary import graph

#: Files of data/ whose graph is not a document's.
SHARED_GRAPHS = {
    "actors": "actors",
    "bodies": "actors",
    "laws": "laws",
    "sources": "sources",
    "withheld": "sources",
    "uncited": "sources",
}


class TurtleError(Exception):
    """A file of the project that is not Turtle.

    Attributes:
        file: path of the file, relative to the project.
        line, column: place of the error, 1-based.
        reason: what the parser said.
    """

    def __init__(self, file: str, line: int, column: int, reason: str) -> None:
        super().__init__(f"{file}, linje {line}, kolonne {column}: {reason}")
        self.file, self.line, self.column, self.reason = file, line, column, reason


#: Files of the shapes that must hold; a violation stops the build.
GUARDS = ("model", "privacy")


@dataclass
class Sources:
    """Everything that the project's Turtle says.

    Attributes:
        quads: the triples in their named graphs.
        origin: IRI of a subject → the file that says most directly what it is.
        shapes: the triples of shapes/, by file name without ending.
    """

    quads: set[ox.Quad] = field(default_factory=set)
    origin: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, list[ox.Triple]] = field(default_factory=dict)

    @property
    def guards(self) -> list[ox.Triple]:
        """The shapes that must hold."""
        return [triple for name in GUARDS for triple in self.shapes.get(name, [])]


def parse_file(path: Path, name: str) -> Iterator[ox.Triple]:
    """Yield the triples of a Turtle file.

    Blank nodes are named by the file and their order in it, so that the same files give the same
    graph, and the same snapshot id.

    Raises:
        TurtleError: the file is not Turtle or not UTF-8; names file, line and column.
    """
    prefix = re.sub(r"\W", "_", name)
    names: dict[ox.BlankNode, ox.BlankNode] = {}

    def named(term: Any) -> Any:
        if not isinstance(term, ox.BlankNode):
            return term
        return names.setdefault(term, ox.BlankNode(f"{prefix}_{len(names)}"))

    try:
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            yield ox.Triple(named(quad.subject), quad.predicate, named(quad.object))
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        raise TurtleError(name, line, column, error.msg) from None
    except (UnicodeDecodeError, ValueError) as error:
        raise TurtleError(name, 1, 1, str(error)) from None


def graph_of(relative: Path) -> str:
    """The named graph of a file, from its place in the project.

    >>> graph_of(Path("data/initiatives/foelgegruppen-for-forebyggelse.ttl"))
    'https://w3id.org/ansvarsgraf/graph/initiatives'
    """
    parts = relative.with_suffix("").parts
    if parts[0] == "ontology":
        return graph("concepts" if parts[1] == "concepts" else "ontology")
    if len(parts) > 2:
        return graph(parts[1])
    return graph(SHARED_GRAPHS.get(parts[1], f"doc/{parts[1]}"))


def load(project: Path) -> Sources:
    """Read ontology/, data/ and shapes/.

    Raises:
        TurtleError: a file is not Turtle.
        FileNotFoundError: the project has no data/ or no ontology/.
    """
    sources = Sources()
    for folder in ("ontology", "data"):
        files = sorted((project / folder).rglob("*.ttl"))
        if not files:
            raise FileNotFoundError(f"{project / folder} has no Turtle files")
        for path in files:
            relative = path.relative_to(project)
            name = ox.NamedNode(graph_of(relative))
            for triple in parse_file(path, relative.as_posix()):
                sources.quads.update(in_graph([triple], name))
                subject = iri(triple.subject)
                if triple.predicate.value.endswith("#type"):
                    sources.origin[subject] = relative.as_posix()
                else:
                    sources.origin.setdefault(subject, relative.as_posix())
    for path in sorted((project / "shapes").glob("*.ttl")):
        sources.shapes[path.stem] = list(parse_file(path, path.relative_to(project).as_posix()))
    return sources
