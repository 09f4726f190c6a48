"""No person is named: not in data/, not in what is shown; and no sentence of a source is copied."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache

import pytest

from graph_service.answers import Answers
from graph_service.build.passages import read_address
from graph_service.evidence import AROUND, passage, withheld
from graph_service.settings import Settings
from graph_service.vocabulary import CORPUS_FILES, expand
from tests.data.reading import DASH, DATA, Knowledge, Span, knowledge, source
from tests.people import PEOPLE, people

pytestmark = pytest.mark.corpus

#: Kinds whose labels are printed names or titles, and may be as long as they are printed.
NAMED = [
    "document",
    "agreement",
    "programme",
    "initiative",
    "law",
    "organisation",
    "body",
    "message",
    "indicator",
    "situation",
    "commitment",
    "dataset",
]
LONGEST = 9  # consecutive words that a literal may share with a source


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return knowledge()


def test_names_are_found_in_the_sources() -> None:
    assert len(people()) > 60


def test_no_person_is_named_in_data() -> None:
    wanted = re.compile("|".join(map(re.escape, people())))
    for path in sorted(DATA.rglob("*.ttl")):
        assert not wanted.search(path.read_text(encoding="utf-8")), f"a name in {path.name}"


def test_every_name_is_withheld(answers: Answers) -> None:
    hidden = withheld(answers.store)
    shown = []
    for prefix, places in PEOPLE.items():
        file = CORPUS_FILES[prefix]
        for first, last in places:
            for number in range(first, last + 1):
                if any(name in source(file)[number - 1] for name in people()) and not any(
                    a <= number <= b for a, b, _ in hidden.get(file, [])
                ):
                    shown.append(f"{prefix}:{number}")
    assert not shown


def test_no_name_stands_elsewhere_unwithheld(answers: Answers) -> None:
    """The same people are named nowhere else in the sources but in withheld lines."""
    hidden = withheld(answers.store)
    wanted = re.compile("|".join(map(re.escape, people())))
    shown = []
    for prefix, file in CORPUS_FILES.items():
        for number, line in enumerate(source(file), 1):
            if wanted.search(line) and not any(
                a <= number <= b for a, b, _ in hidden.get(file, [])
            ):
                shown.append(f"{prefix}:{number}")
    assert not shown


def test_authors_in_notes_are_withheld(answers: Answers) -> None:
    """A note that gives a publication by its author's surname and initials is left blank."""
    hidden = withheld(answers.store)
    author = re.compile(
        r"^[^a-zA-ZæøåÆØÅ]*[A-ZÆØÅ][\w-]+(?:,? [A-Za-z]{1,3}\.?,? (?:&|et ale?\b|\(\d{4}|[A-Z]\w+ G\b)| et al\b)"
    )
    file = CORPUS_FILES["p004"]
    notes = [n for n, line in enumerate(source(file), 1) if author.search(line)]
    assert len(notes) > 20
    assert [n for n in notes if not any(a <= n <= b for a, b, _ in hidden[file])] == []


def test_the_withheld_list_is_read(answers: Answers, known: Knowledge) -> None:
    listed = Counter(
        expand(s.partition(":")[0] + ":") for s in known.of if known.texts(s, "ag:withheldReason")
    )
    assert sum(map(len, withheld(answers.store).values())) == sum(listed.values()) > 50


def test_withheld_lines_lie_within_their_file(known: Knowledge) -> None:
    for subject in known.of:
        if known.texts(subject, "ag:withheldReason"):
            prefix, _, lines = subject.partition(":")
            address = read_address(expand(prefix + ":") + lines)
            assert address
            span = Span(*address)
            assert 1 <= span.first <= span.last <= len(source(span.file))


def test_no_mail_address_or_number_of_a_person(known: Knowledge) -> None:
    pattern = re.compile(r"[\w.]+@[\w.]+\.\w+|\b\d{6}-\d{4}\b|(?i:\b(?:tlf|telefon)\.?:? ?\d)")
    found = [f"{s} {p}" for _, s, p, value in known.literals if pattern.search(value.value)]
    assert not found


@cache
def runs() -> frozenset[tuple[str, ...]]:
    """Every run of ten words of the sources; words broken at a line end are also read whole."""
    found: set[tuple[str, ...]] = set()
    for file in CORPUS_FILES.values():
        text = "\n".join(line.strip() for line in source(file) if line.strip())
        for joined in (text, re.sub(rf"(?<=\w)[{DASH}]\n", "", text)):
            found |= set(tens(joined))
    return frozenset(found)


def tens(text: str) -> list[tuple[str, ...]]:
    """The runs of ten words of a text."""
    found = re.findall(r"\w+", text.lower().replace("\u00ad", ""))
    size = LONGEST + 1
    return [tuple(found[i : i + size]) for i in range(len(found) - size + 1)]


def is_name(known: Knowledge, subject: str, predicate: str) -> bool:
    """Whether a literal is a printed name: of a work or thing, or of a numbered recommendation."""
    if predicate not in ("dcterms:title", "skos:prefLabel", "skos:altLabel"):
        return False
    kind = subject.partition(":")[0]
    return kind in NAMED or (
        kind == "recommendation" and bool(known.texts(subject, "dcterms:identifier"))
    )


def test_no_sentence_is_copied(known: Knowledge) -> None:
    titles = {
        literal.value.lower()
        for _, subject, predicate, literal in known.literals
        if is_name(known, subject, predicate) and len(literal.value) > 30
    }
    copied: defaultdict[str, set[str]] = defaultdict(set)
    for _, subject, predicate, literal in known.literals:
        if is_name(known, subject, predicate):
            continue
        text = literal.value.lower()
        if any(run in runs() for run in tens(text)):
            for title in titles:
                text = text.replace(title, " – ")
        shared = [run for run in tens(text) if run in runs()]
        if shared:
            copied[f"{subject} {predicate}"].add(" ".join(shared[0]))
    problems = [f"{where}: {sorted(texts)[0]}" for where, texts in sorted(copied.items())]
    assert not problems, f"{len(problems)}:\n" + "\n".join(problems[:60])


def test_no_cited_passage_shows_a_name(answers: Answers, settings: Settings) -> None:
    """What pages and programs get of the cited passages near people holds no name."""
    wanted = re.compile("|".join(map(re.escape, people())))
    near = [
        (CORPUS_FILES[prefix], first - AROUND, last + AROUND)
        for prefix, places in PEOPLE.items()
        for first, last in places
    ]
    rows = answers.store.select("SELECT DISTINCT ?p WHERE { ?by (ag:evidence|ag:alsoSee) ?p }")
    seen = 0
    for row in rows:
        address = read_address(row["p"].value)
        assert address
        file, first, last = address
        if any(file == f and first <= b and last >= a for f, a, b in near):
            shown = passage(answers.store, settings.corpus, file, first, last)
            assert shown and shown.lines
            assert not wanted.search("\n".join(line.text for line in shown.lines)), row["p"]
            seen += 1
    assert seen > 20
