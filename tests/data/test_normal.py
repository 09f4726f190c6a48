"""One name for one thing, and trees that a person can browse."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.data.reading import Knowledge, knowledge

KINDS_NAMED_ONCE = (
    "actor organisation body role agreement programme law message system task territory topic"
)
#: Predicates that lead from a narrower thing to a broader one, by kind.
UPWARDS = {
    "task": ["skos:broader"],
    "target-group": ["skos:broader"],
    "topic": ["skos:broader"],
    "actor": ["ag:unitOfActor", "ag:kindOfActor", "ag:broaderActor"],
    "law": ["eli:is_part_of"],
    "organisation": ["org:unitOf"],
    "agreement": ["ag:partOf"],
}


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return knowledge()


@pytest.mark.parametrize("kind", KINDS_NAMED_ONCE.split(" "))
def test_no_two_things_have_the_same_name(known: Knowledge, kind: str) -> None:
    named: dict[str, set[str]] = defaultdict(set)
    for subject in known.kind(kind):
        for label in known.texts(subject, "skos:prefLabel"):
            named[label.lower()].add(subject)
    same = {label: things for label, things in named.items() if len(things) > 1}
    apart = {
        label: things
        for label, things in same.items()
        if not any(other in known.names(one, "ag:relatedTo") for one in things for other in things)
    }
    assert not apart


def test_a_bare_slug_names_one_actor(known: Knowledge) -> None:
    owners: dict[str, list[str]] = defaultdict(list)
    for kind in ("actor", "organisation", "body", "role"):
        for subject in known.kind(kind):
            owners[subject.partition(":")[2]].append(subject)
    assert not {slug: found for slug, found in owners.items() if len(found) > 1}


def test_every_thing_has_one_label(known: Knowledge) -> None:
    several = [s for s in known.of if len(known.texts(s, "skos:prefLabel")) > 1 and ":" in s]
    assert not several


@pytest.mark.parametrize("kind", sorted(UPWARDS))
def test_trees_have_no_loops_and_no_missing_parents(known: Knowledge, kind: str) -> None:
    for subject in known.kind(kind):
        above = {subject}
        edge = {subject}
        while edge:
            edge = {
                up
                for one in edge
                for predicate in UPWARDS[kind]
                for up in known.names(one, predicate)
            }
            assert subject not in edge, f"{subject} is above itself"
            missing = [up for up in edge if "rdf:type" not in known.of.get(up, {})]
            assert not missing, f"{subject}: {missing}"
            edge -= above
            above |= edge


def test_tasks_are_a_tree_of_few_tops(known: Knowledge) -> None:
    tasks = known.kind("task")
    tops = [t for t in tasks if not known.names(t, "skos:broader")]
    assert len(tops) <= 35
    assert all(len(known.names(t, "skos:broader")) <= 1 for t in tasks)


def test_every_duty_says_who_or_that_nobody_is_named(known: Knowledge) -> None:
    silent = []
    for duty in known.kind("responsibility"):
        parts = [duty, *known.names(duty, "ag:statement")]
        named = any(known.names(p, "ag:bearer") for p in parts)
        left_open = any("ag:bearer" in known.names(p, "ag:notStated") for p in parts)
        if not named and not left_open:
            silent.append(duty)
    assert not silent


def test_every_duty_has_a_task_and_a_document(known: Knowledge) -> None:
    for duty in known.kind("responsibility"):
        assert known.names(duty, "ag:task"), duty
        assert known.names(duty, "ag:agreedIn") or known.names(duty, "ag:statedIn"), duty


def test_municipalities_lie_in_one_region(known: Knowledge) -> None:
    for municipality in known.typed("ag:Municipality"):
        assert len(known.names(municipality, "ag:territory")) == 1, municipality
        assert known.names(municipality, "ag:actsAs") == ["actor:kommune"], municipality


def test_the_four_forums_share_out_the_municipalities_of_syddanmark(known: Knowledge) -> None:
    members = [
        member
        for body in known.kind("body")
        if "body:psof" in known.names(body, "ag:kindOfActor")
        for member in known.names(body, "ag:member")
    ]
    syddanmark = {
        m
        for m in known.typed("ag:Municipality")
        if known.names(m, "ag:territory") == ["territory:syddanmark"]
    }
    assert len(members) == len(set(members)) == 22
    assert set(members) == syddanmark
