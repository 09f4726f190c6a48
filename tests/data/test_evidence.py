"""Every statement of fact cites lines that contain what it says."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

import pytest

from graph_service.build.passages import read_address
from tests.data.reading import (
    CORPUS_FILES,
    Knowledge,
    Span,
    Stems,
    knowledge,
    short,
    source,
    stem,
    words,
)

#: Kinds whose every member cites a passage; a responsibility does so through its statements.
CITED = [
    "assessment",
    "body",
    "claim",
    "commitment",
    "contradiction",
    "cross-reference",
    "definition",
    "duty-inheritance",
    "event",
    "figure",
    "hearing-remark",
    "indicator",
    "initiative",
    "learning-point",
    "list-item",
    "message",
    "message-flow",
    "money-rule",
    "observation",
    "offer",
    "organisation",
    "recommendation",
    "remark",
    "risk",
    "situation",
    "statement",
    "date",
    "wish",
    "agreement",
    "programme",
]

#: Kinds whose label is built of the source's words. The label of an assessment is its initiative's.
LABELLED = [
    "assessment",
    "claim",
    "commitment",
    "cross-reference",
    "definition",
    "event",
    "figure",
    "initiative",
    "learning-point",
    "list-item",
    "message-flow",
    "money-rule",
    "offer",
    "recommendation",
    "remark",
    "responsibility",
    "risk",
    "wish",
    "hearing-remark",
]

NAMES = ("skos:prefLabel",)


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return knowledge()


def listed(problems: Iterable[str]) -> str:
    """The problems, one a line, the number of them first."""
    found = sorted(problems)
    return f"{len(found)}:\n" + "\n".join(found[:60])


@pytest.mark.parametrize("kind", CITED)
def test_has_evidence(known: Knowledge, kind: str) -> None:
    bare = [s for s in known.kind(kind) if not known.spans(s)]
    assert not bare, listed(bare)


def test_every_responsibility_has_a_statement_with_evidence(known: Knowledge) -> None:
    bare = [s for s in known.kind("responsibility") if not known.all_spans(s)]
    assert not bare, listed(bare)


def test_every_statement_belongs_to_one_responsibility(known: Knowledge) -> None:
    owners: dict[str, list[str]] = {s: [] for s in known.kind("statement")}
    for responsibility in known.kind("responsibility"):
        for statement in known.names(responsibility, "ag:statement"):
            owners.setdefault(statement, []).append(responsibility)
    wrong = {s: o for s, o in owners.items() if len(o) != 1}
    assert not wrong, listed(f"{s}: {o}" for s, o in wrong.items())


def test_passages_are_narrow(known: Knowledge) -> None:
    spans = {span for s in known.of for span in known.spans(s)}
    assert median(s.last - s.first + 1 for s in spans) <= 12


def test_wide_passages_say_why(known: Knowledge) -> None:
    wide = set()
    for subject in known.of:
        for predicate in ("ag:evidence", "ag:alsoSee"):
            for passage in known.of[subject].get(predicate, []):
                address = read_address(passage.value)
                assert address, f"{subject} cites {passage}"
                reasons = known.texts(short(passage), "ag:wideBecause")
                if address[2] - address[1] + 1 > 25 and not reasons:
                    wide.add(f"{short(passage)} {subject}")
    assert not wide, listed(wide)


@pytest.mark.corpus
def test_passages_lie_within_their_file(known: Knowledge) -> None:
    outside = []
    for subject in known.of:
        for span in known.spans(subject):
            if not 1 <= span.first <= span.last <= len(source(span.file)):
                outside.append(f"{subject} {span}")
    assert not outside, listed(outside)


@pytest.mark.corpus
def test_files_are_the_ones_that_were_read(known: Knowledge) -> None:
    for prefix, file in CORPUS_FILES.items():
        document = f"document:{file.replace('_', '-')}"
        counts = known.texts(document, "ag:lineCount")
        assert counts, prefix
        assert abs(int(counts[0]) - len(source(file))) <= 1


def spans_of(known: Knowledge, subject: str) -> list[Span]:
    """The lines a thing cites. An assessment or event of a row is named after the initiative, whose
    name stands at the head of the row."""
    spans = known.all_spans(subject)
    if subject.startswith(("assessment:", "event:")):
        for about in known.names(subject, "ag:about"):
            spans += known.spans(about) if about.startswith("initiative:") else []
    return spans


def seen_by_the_reader(known: Knowledge, subject: str) -> bool:
    """Whether it says what a reader saw in comparing passages, such as that a point is missing."""
    return bool(known.texts(subject, "ag:inference") or known.names(subject, "ag:notStated"))


@pytest.mark.corpus
@pytest.mark.parametrize("kind", LABELLED)
def test_labels_stand_in_the_cited_lines(known: Knowledge, kind: str) -> None:
    foreign = []
    for subject in known.kind(kind):
        if kind in ("claim", "list-item") and seen_by_the_reader(known, subject):
            continue
        share = Stems(spans_of(known, subject)).share(known.texts(subject, *NAMES))
        if share < 0.4:
            foreign.append(f"{subject} {share:.0%} {known.texts(subject, *NAMES)}")
    assert not foreign, listed(foreign)


@pytest.mark.corpus
def test_cue_words_stand_in_the_cited_lines(known: Knowledge) -> None:
    missing = []
    for statement in known.kind("statement"):
        found = Stems(known.spans(statement))
        for cue in known.texts(statement, "ag:cue"):
            if not all(stem(w) in found.stems for w in words(cue)):
                missing.append(f"{statement} {cue!r} {known.spans(statement)}")
    assert not missing, listed(missing)


@pytest.mark.corpus
def test_dates_stand_in_the_cited_lines(known: Knowledge) -> None:
    foreign = []
    for date in known.kind("date"):
        found = Stems(known.spans(date))
        for printed in known.texts(date, "ag:asStated"):
            wanted = words(printed)
            share = sum(map(found.has, wanted)) / len(wanted)
            if share < 0.6:
                foreign.append(f"{date} {printed!r} {known.spans(date)}")
    assert not foreign, listed(foreign)


@pytest.mark.corpus
def test_figures_stand_in_the_cited_lines(known: Knowledge) -> None:
    foreign = []
    for figure in known.kind("figure") + known.kind("observation"):
        spans = known.spans(figure)
        text = "\n".join("\n".join(source(s.file)[s.first - 1 : s.last]) for s in spans)
        for printed in known.texts(figure, "ag:printedValue"):
            digits = "".join(c for c in printed if c.isdigit())
            if digits and digits not in "".join(c for c in text if c.isdigit()):
                foreign.append(f"{figure} {printed!r} {spans}")
    assert not foreign, listed(foreign)
