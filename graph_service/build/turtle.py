"""Write Turtle in one way only, so that a diff shows what changed in meaning.

Prefixes that are used, sorted; subjects sorted by address; the type first, then predicates by
name; objects sorted; one object a line from the second on. Used by ``make format-data``.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyoxigraph as ox

from graph_service.vocabulary import PREFIXES, RDF, SKOS, XSD

LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?$")
FIRST = {RDF + "type": 0, SKOS + "prefLabel": 1, SKOS + "altLabel": 2, SKOS + "definition": 3}
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class Writer:
    """Turns triples into Turtle text; remembers which prefixes it used."""

    def __init__(self, prefixes: Mapping[str, str] = PREFIXES) -> None:
        self._spaces = sorted(prefixes.items(), key=lambda item: -len(item[1]))
        self._used: dict[str, str] = {}

    def term(self, term: Term) -> str:
        """One term, with a prefixed name where the rest of the IRI allows it."""
        if isinstance(term, ox.NamedNode):
            for prefix, namespace in self._spaces:
                if term.value.startswith(namespace):
                    local = term.value[len(namespace) :]
                    if LOCAL.match(local):
                        self._used[prefix] = namespace
                        return f"{prefix}:{local}"
            return str(term)
        if not isinstance(term, ox.Literal):
            return str(term)
        if term.datatype.value == XSD + "integer" and re.fullmatch(r"-?[0-9]+", term.value):
            return term.value
        if term.language is None and term.datatype.value != XSD + "string":
            return f"{ox.Literal(term.value)!s}^^{self.term(term.datatype)}"
        return str(term)

    def _key(self, term: Term) -> tuple[bool, list[str | int]]:
        parts = re.split(r"([0-9]+)", str(term))
        return (
            isinstance(term, ox.Literal),
            [int(p) if i % 2 else p for i, p in enumerate(parts)],
        )

    def text(self, triples: Iterable[ox.Triple], header: str = "") -> str:
        """The triples as a Turtle document, the same for the same set of triples."""
        by_subject: dict[Term, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for triple in set(triples):
            by_subject[triple.subject][triple.predicate.value].append(triple.object)
        blocks = []
        for subject in sorted(by_subject, key=self._key):
            predicates = by_subject[subject]
            lines = []
            for name in sorted(predicates, key=lambda p: (FIRST.get(p, 9), p)):
                objects = [self.term(o) for o in sorted(predicates[name], key=self._key)]
                verb = "a" if name == RDF + "type" else self.term(ox.NamedNode(name))
                lines.append(f"{verb} " + ",\n        ".join(objects))
            blocks.append(f"{self.term(subject)} " + " ;\n    ".join(lines) + " .\n")
        head = "".join(f"@prefix {p}: <{ns}> .\n" for p, ns in sorted(self._used.items()))
        return header + head + "\n" + "\n".join(blocks)


def leading_comments(text: str) -> str:
    """The comment lines at the top of a Turtle file, kept by formatting."""
    lines = []
    for line in text.splitlines(keepends=True):
        if not line.startswith("#"):
            break
        lines.append(line)
    return "".join(lines)


def format_turtle(text: str) -> str:
    """The same triples in the one form; comments at the top of the file stay.

    Raises:
        SyntaxError: the text is not Turtle.
    """
    triples = [q.triple for q in ox.parse(text.encode(), format=ox.RdfFormat.TURTLE)]
    return Writer().text(triples, leading_comments(text))


def main(folders: list[str]) -> int:
    """Format every Turtle file under the folders in place; print the names of those that change."""
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.ttl")):
            before = path.read_text(encoding="utf-8")
            after = format_turtle(before)
            if after != before:
                path.write_text(after, encoding="utf-8")
                print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
