"""How much of each document the graph cites, and what kinds of statement it holds.

A content line is a line with at least one letter or digit. Without the corpus the lines of a
document cannot be told from blank ones, so shares are left out and the rest is counted.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from graph_service.answers import Answers

#: Stretches shorter than this, in content lines, are not listed.
LONG = 12
CONTENT = re.compile(r"\w")


@dataclass(frozen=True)
class Stretch:
    """Content lines in a row that nothing cites.

    Attributes:
        first, last: lines, 1-based.
        lines: content lines among them.
        reason: why they are not cited, in Danish; empty when nobody has said why.
    """

    first: int
    last: int
    lines: int
    reason: str


@dataclass(frozen=True)
class DocumentCoverage:
    """What is cited of one document.

    Attributes:
        slug, title: the document.
        first, last: its lines in its file.
        content: number of content lines, or None without the corpus.
        cited: content lines that something cites, or cited lines without the corpus.
        passages: passages cited.
        stretches: the longest uncited stretches, longest first.
    """

    slug: str
    title: str
    file: str
    first: int
    last: int
    content: int | None
    cited: int
    passages: int
    stretches: tuple[Stretch, ...] = ()

    @property
    def share(self) -> float | None:
        """Cited share of the content lines, 0 to 1; None without the corpus."""
        return self.cited / self.content if self.content else None


@dataclass(frozen=True)
class Coverage:
    """Coverage of all documents, and counts over the graph.

    Attributes:
        documents: in the order of file and line.
        classes: Danish label of a class → things.
        bearers: ``stated``, ``inferred``, ``not stated`` → responsibilities.
        legal_basis: ``stated``, ``not stated``, ``not read`` → responsibilities.
        dates: Danish label of a precision → stated dates.
    """

    documents: tuple[DocumentCoverage, ...]
    classes: dict[str, int]
    bearers: dict[str, int]
    legal_basis: dict[str, int]
    dates: dict[str, int]
    corpus: bool = field(default=False)


DOCUMENTS = """
SELECT DISTINCT ?document ?title ?file ?first ?last ?count WHERE {
  ?document a ag:Document ; skos:prefLabel ?title .
  { ?document ag:firstLine ?first ; ag:lastLine ?last ; ag:fallsUnder ?root .
    ?root dcterms:identifier ?file . FILTER(?root != ?document) }
  UNION
  { ?document ag:lineCount ?count ; dcterms:identifier ?file .
    FILTER NOT EXISTS { ?inner dcterms:isPartOf ?document ; ag:firstLine ?any } }
}
"""
PASSAGES = """
SELECT DISTINCT ?passage ?file ?first ?last WHERE {
  ?thing ag:evidence|ag:alsoSee ?passage .
  ?passage oa:hasSource/dcterms:identifier ?file ; ag:firstLine ?first ; ag:lastLine ?last .
}
"""
REASONS = """
SELECT ?file ?first ?last ?reason WHERE {
  ?passage ag:notLoadedBecause|ag:withheldReason ?reason ;
    oa:hasSource/dcterms:identifier ?file ; ag:firstLine ?first ; ag:lastLine ?last .
}
"""


def coverage(answers: Answers, corpus: Path | None) -> Coverage:
    """Measure what the graph cites.

    Args:
        answers: the graph.
        corpus: folder of the sources, or None.
    """
    store = answers.store
    cited: dict[str, set[int]] = defaultdict(set)
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in store.select(PASSAGES):
        first, last = int(row["first"].value), int(row["last"].value)
        cited[row["file"].value].update(range(first, last + 1))
        spans[row["file"].value].append((first, last))
    reasons: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for row in store.select(REASONS):
        reasons[row["file"].value].append(
            (int(row["first"].value), int(row["last"].value), row["reason"].value)
        )
    text: dict[str, list[str]] = {}
    documents = []
    for row in store.select(DOCUMENTS):
        file = row["file"].value
        first = int(row["first"].value) if "first" in row else 1
        last = int((row["last"] if "last" in row else row["count"]).value)
        if file not in text and corpus is not None and (corpus / file).is_file():
            text[file] = (corpus / file).read_text(encoding="utf-8").split("\n")
        lines = text.get(file)
        numbers = range(first, last + 1)
        content = (
            [n for n in numbers if n <= len(lines) and CONTENT.search(lines[n - 1])]
            if lines
            else None
        )
        documents.append(
            DocumentCoverage(
                slug=row["document"].value.rpartition("/")[2],
                title=row["title"].value,
                file=file,
                first=first,
                last=last,
                content=len(content) if content is not None else None,
                cited=len(cited[file] & set(content if content is not None else numbers)),
                passages=sum(first <= a <= last for a, _ in spans[file]),
                stretches=stretches(content or [], cited[file], reasons[file]),
            )
        )
    documents.sort(key=lambda d: (d.file, d.first, -d.last))
    return Coverage(tuple(documents), *counts(answers), corpus=bool(text))


def stretches(
    content: list[int], cited: set[int], reasons: list[tuple[int, int, str]]
) -> tuple[Stretch, ...]:
    """The longest runs of content lines that nothing cites, cut where a reason begins or ends."""
    edges = {a for a, _, _ in reasons} | {b + 1 for _, b, _ in reasons}
    runs: list[list[int]] = [[]]
    for number in content:
        if number in cited:
            runs.append([])
        else:
            if runs[-1] and any(runs[-1][-1] < edge <= number for edge in edges):
                runs.append([])
            runs[-1].append(number)
    found = []
    for run in runs:
        if len(run) < LONG:
            continue
        why = next((r for a, b, r in reasons if a <= run[0] and run[-1] <= b), "")
        found.append(Stretch(run[0], run[-1], len(run), why))
    return tuple(sorted(found, key=lambda s: -s.lines))


def counts(
    answers: Answers,
) -> tuple[dict[str, int], dict[str, int], dict[str, int], dict[str, int]]:
    """Counts per class, of bearers, of legal bases and of dates by precision."""

    def number(pattern: str) -> int:
        (row,) = answers.store.select(f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {pattern} }}")
        return int(row["n"].value)

    def by(pattern: str) -> dict[str, int]:
        rows = answers.store.select(
            f"SELECT ?kind (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {pattern} }} GROUP BY ?kind"
        )
        labelled = {answers.label_of_term(r["kind"].value): int(r["n"].value) for r in rows}
        return dict(sorted(labelled.items(), key=lambda item: (-item[1], item[0])))

    duty = "?x a ag:Responsibility "
    classes = by('?x a ?kind FILTER(STRSTARTS(STR(?kind), STR(ag:)) && CONTAINS(STR(?x), "/id/"))')
    inferred = number(duty + "; ag:bearerInferred ag:Yes")
    unnamed = number(duty + "; ag:notStated ag:bearer FILTER NOT EXISTS { ?x ag:bearer ?b }")
    total = number(duty)
    based = number(duty + "; ag:legalBasis ?law")
    unbased = number(
        duty + "; ag:notStated ag:legalBasis FILTER NOT EXISTS { ?x ag:legalBasis ?law }"
    )
    return (
        classes,
        {"stated": total - inferred - unnamed, "inferred": inferred, "not stated": unnamed},
        {"stated": based, "not stated": unbased, "not read": total - based - unbased},
        by("?x a ag:StatedDate ; ag:precision ?kind"),
    )
