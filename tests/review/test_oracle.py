"""The rules find what a coordination group found by hand, and what they find is right."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from oracle import (
    JUDGEMENTS,
    REMARK_LINES,
    REMARKS,
    beyond,
    expected,
    findings_of,
    table,
    without_remarks,
)

from graph_service.build.load import Sources
from graph_service.build.passages import read_address
from graph_service.build.quads import iri
from graph_service.vocabulary import ID, RDF, ag

Keyed = dict[str, tuple[str, frozenset[str]]]


@pytest.fixture(scope="module")
def before(sources: Sources) -> Sources:
    return without_remarks(sources)


@pytest.fixture(scope="module")
def unaided(before: Sources) -> Keyed:
    """The findings in the tables and the agreements, without the remarks."""
    return findings_of(before)[1]


@pytest.fixture(scope="module")
def all_found(sources: Sources) -> Keyed:
    return findings_of(sources)[1]


def test_the_table_has_every_remark(sources: Sources) -> None:
    remarks = {
        iri(q.subject).removeprefix(ID + "remark/")
        for q in sources.quads
        if q.predicate.value == RDF + "type"
        and iri(q.object) == ag("Remark")
        and sources.origin[iri(q.subject)] == REMARKS
    }
    assert {row["remark"] for row in table()} == remarks
    assert all(row["why"] and bool(row.get("hits")) == row["derivable"] for row in table())


def test_nothing_of_the_remarks_is_left(before: Sources) -> None:
    file, first, last = REMARK_LINES
    for quad in before.quads:
        if quad.predicate.value == ag("evidence"):
            address = read_address(iri(quad.object))
            assert address and not (address[0] == file and first <= address[1] <= last), quad
        if quad.predicate.value == RDF + "type":
            assert iri(quad.object) != ag("Remark")


def test_recall(unaided: Keyed, record_property: pytest.FixtureRequest) -> None:
    """Every remark that follows from the tables and the agreements is found, on each point."""
    found = set(unaided.values())
    derivable = [row for row in table() if row["derivable"]]
    missed = [
        (row["remark"], hit["rule"])
        for row in derivable
        for hit in row["hits"]
        if expected(hit) not in found
    ]
    hit = len(derivable) - len({remark for remark, _ in missed})
    report = f"{hit} of {len(derivable)} derivable remarks found; {len(table())} remarks in all"
    record_property("recall", report)  # type: ignore[operator]
    print(report)
    assert missed == []
    assert len(derivable) >= 5


def test_findings_beyond_are_many(unaided: Keyed) -> None:
    rules = Counter(unaided[finding][0] for finding in beyond(unaided))
    print(f"{rules.total()} findings beyond the remarks, by {len(rules)} rules: {dict(rules)}")
    assert rules.total() >= 50


def test_precision(all_found: Keyed) -> None:
    """Every finding beyond the remarks was read by somebody else; nine in ten are right."""
    verdicts = {j["finding"]: j["verdict"] for j in json.loads(JUDGEMENTS.read_text("utf-8"))}
    present = {finding.removeprefix(ID + "finding/") for finding in beyond(all_found)}
    given = Counter(verdict for verdict in verdicts.values() if verdict)
    read = sum(bool(verdicts.get(finding)) for finding in present)
    print(f"{given['right']} of {given.total()} judged findings are right")
    print(f"{read} of the {len(present)} that there are now have been judged")
    assert set(given) <= {"right", "wrong"}
    assert given["right"] / given.total() >= 0.9
    assert read >= 50, "tests/review/judgements.json: too few findings are judged"


def test_rules_and_readers_are_told_apart(all_found: Keyed, sources: Sources) -> None:
    """What readers noted stays theirs: contradictions in data/, findings from rules."""
    noted = {
        iri(q.subject)
        for q in sources.quads
        if q.predicate.value == RDF + "type" and iri(q.object) == ag("Contradiction")
    }
    print(f"rules: {len(all_found)} findings; readers: {len(noted)} contradictions")
    assert not noted & {thing for _, about in all_found.values() for thing in about}
    assert not any("/finding/" in iri(q.subject) for q in sources.quads)
