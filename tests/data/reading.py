"""What the tests of the knowledge share: the Turtle as a dictionary, and the sources as lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import snowballstemmer

from graph_service.build.load import parse_file
from graph_service.build.passages import read_address
from graph_service.settings import PROJECT, Settings
from graph_service.vocabulary import CORPUS_FILES, ID, compact

DATA = PROJECT / "data"
DASH = "-\u00ad\u2010\u2011"
WORD = re.compile(r"[a-zæøåéèüöä]+|[0-9]+")
#: Words that say nothing about the matter of a label.
EMPTY = frozenset(
    WORD.findall(
        """
        alle alt af andre at da de dem den der deres det dette disse eller en er et for fra før
        gange gennem ham har have hos hvad hver hvis hvor i ift ikke ind inden kan man med mellem
        mere mv må ned nr når når og om op os over på samt senest sig sin sine sit skal som så til
        ud under ved vedr via var været bliver blive bør efter fx
        """
    )
)
stem = cache(snowballstemmer.stemmer("danish").stemWord)


class Span(NamedTuple):
    """Cited lines: stem of the file, first and last line, 1-based and inclusive."""

    file: str
    first: int
    last: int


class Knowledge:
    """The triples of data/, by subject; names are prefixed (``task:audit``, ``ag:bearer``)."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, list[ox.NamedNode | ox.Literal]]] = {}
        self.file: dict[str, str] = {}
        self.literals: list[tuple[str, str, str, ox.Literal]] = []
        for path in sorted(DATA.rglob("*.ttl")):
            name = path.relative_to(PROJECT).as_posix()
            for triple in parse_file(path, name):
                subject = short(triple.subject)
                predicate = short(triple.predicate)
                found = self.of.setdefault(subject, {}).setdefault(predicate, [])
                if triple.object not in found:
                    found.append(triple.object)
                if predicate == "rdf:type":
                    self.file[subject] = name
                if isinstance(triple.object, ox.Literal):
                    self.literals.append((name, subject, predicate, triple.object))

    def texts(self, subject: str, *predicates: str) -> list[str]:
        """The literals that a subject has for some predicates."""
        return [o.value for p in predicates for o in self.of.get(subject, {}).get(p, [])]

    def names(self, subject: str, predicate: str) -> list[str]:
        """The things that a subject has for a predicate."""
        return [short(o) for o in self.of.get(subject, {}).get(predicate, [])]

    def kind(self, kind: str) -> list[str]:
        """The subjects of a kind, such as ``responsibility``, that are described in data/."""
        return sorted(s for s in self.of if s.startswith(kind + ":") and "rdf:type" in self.of[s])

    def typed(self, name: str) -> list[str]:
        """The subjects of a class, such as ``ag:Contradiction``."""
        return sorted(s for s in self.of if name in self.names(s, "rdf:type"))

    def spans(self, subject: str) -> list[Span]:
        """The lines a subject cites, the other pieces of a passage included."""
        found = []
        for passage in self.of.get(subject, {}).get("ag:evidence", []):
            pieces = [passage.value]
            pieces += [o.value for o in self.of.get(short(passage), {}).get("ag:alsoSee", [])]
            found += [Span(*address) for p in pieces if (address := read_address(p))]
        return found

    def all_spans(self, responsibility: str) -> list[Span]:
        """The lines that the statements of a responsibility cite, and its own."""
        spans = self.spans(responsibility)
        for statement in self.names(responsibility, "ag:statement"):
            spans += self.spans(statement)
        return spans


def short(term: ox.NamedNode | ox.Literal) -> str:
    """The prefixed name of an IRI; passages as ``p004:12-14``."""
    return _short(term.value)


@cache
def _short(iri: str) -> str:
    address = read_address(iri)
    if address:
        prefix = next(p for p, s in CORPUS_FILES.items() if s == address[0])
        return f"{prefix}:{address[1]}-{address[2]}"
    if iri.startswith(ID):
        kind, _, slug = iri[len(ID) :].partition("/")
        return f"{kind}:{slug}"
    return compact(iri)


@cache
def knowledge() -> Knowledge:
    """The project's data/, read once."""
    return Knowledge()


@cache
def source(file: str) -> list[str]:
    """The lines of a source, split at line feeds only, as the addresses count them."""
    folder = Settings.from_environment().corpus
    assert folder is not None
    text = (Path(folder) / f"{file}.txt").read_text(encoding="utf-8")
    return text.split("\n")


def cited(spans: Iterable[Span]) -> str:
    """The cited text as printed, and once more with what line ends and columns broke joined."""
    parts = []
    for span in spans:
        text = "\n".join(source(span.file)[span.first - 1 : span.last])
        joined = re.sub(rf"[{DASH}]\s*\n\s*", "", text)
        parts += [text, joined, re.sub(r"\s*\n\s*", "", text), text.replace("\u00ad", "")]
    return "\n".join(parts).lower()


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return WORD.findall(text.lower())


def matter(text: str) -> list[str]:
    """The words of a label that say something."""
    return [w for w in words(text) if w not in EMPTY and (len(w) > 1 or w.isdigit())]


class Stems:
    """The stems of a cited text, and the text itself for words inside compounds."""

    def __init__(self, spans: Iterable[Span]) -> None:
        found = words(cited(spans))
        self.stems = {stem(w) for w in found}
        self.text = " ".join(found)

    def has(self, word: str) -> bool:
        """Whether a word of this stem is cited, alone or as a part of a compound."""
        base = stem(word)
        return base in self.stems or (len(base) > 4 and base in self.text)

    def share(self, labels: Iterable[str]) -> float:
        """The share of the words of some labels that are cited."""
        wanted = [w for label in labels for w in matter(label)]
        return sum(map(self.has, wanted)) / len(wanted) if wanted else 1.0
