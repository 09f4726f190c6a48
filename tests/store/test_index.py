"""The index of a snapshot leads, forwards and backwards, just where the store's triples do."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service.answers import Answers
from graph_service.build.publish import DOCUMENTS, manifest_of
from graph_service.store import index
from graph_service.store.embedded import EmbeddedStore
from graph_service.store.index import (
    ANYTHING,
    BITS,
    FEW,
    NOWHERE,
    Index,
    NowhereError,
    Sorted,
    write,
)
from graph_service.vocabulary import AG
from tests.store.disk import lines_of, refusing
from tests.store.test_things import WICKED


def test_it_holds_every_triple_and_no_other(answers: Answers) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    walked = Index(store.folder)
    forward: dict[tuple[int, int], set[int]] = defaultdict(set)
    backward: dict[tuple[int, int], set[int]] = defaultdict(set)
    numbers: dict[object, int] = {}
    triples = 0
    for quad in store._disk.quads_for_pattern(None, None, None, ox.DefaultGraph()):
        property = walked.properties[quad.predicate.value].number
        ends = []
        for term in (quad.subject, quad.object):
            if term not in numbers:
                number = walked.number(str(term))
                if number is None:
                    # A blank node, or a literal that is long, is found by walking only.
                    candidates = walked.forward[property][ends[0]] if ends else ()
                    number = next((n for n in candidates if walked.terms[n] == term), None)
                if number is None:
                    break
                numbers[term] = number
            ends.append(numbers[term])
        if len(ends) == 2:
            subject, value = ends
            forward[property, subject].add(value)
            backward[property, value].add(subject)
            triples += 1
    assert triples > 200_000
    for (property, subject), ends_of in forward.items():
        assert ends_of <= set(walked.forward[property][subject])
    for (property, value), ends_of in backward.items():
        assert ends_of <= set(walked.backward[property][value])
    rows = {
        name: {
            step: set(index.found_in(found))
            for step, found in walked._table.rows(f"SELECT step, found FROM {name} WHERE step >= 0")
        }
        for name in ("forward", "backward")
    }
    total = len(list(store._disk.quads_for_pattern(None, None, None, ox.DefaultGraph())))
    assert sum(map(len, rows["forward"].values())) == total
    assert sum(map(len, rows["backward"].values())) == total
    assert sum(p.triples for p in walked.properties.values()) == total


def test_figures_of_a_property(tmp_path: Path) -> None:
    store = ox.Store()
    store.load(
        b"<x:a> <x:p> <x:b> , <x:c> ; <x:q> 1 . <x:b> <x:p> <x:c> .", format=ox.RdfFormat.TURTLE
    )
    write(lines_of(store), tmp_path)
    walked = Index(tmp_path)
    p, q = walked.properties["x:p"], walked.properties["x:q"]
    assert (p.triples, p.subjects, p.objects) == (3, 2, 2)
    assert (q.triples, q.subjects, q.objects) == (1, 1, 1)
    a, b, c = (walked.number(f"<x:{name}>") for name in "abc")
    assert a is not None and b is not None and c is not None
    assert set(walked.forward[p.number][a]) == {b, c}
    assert set(walked.backward[p.number][c]) == {a, b}
    assert set(walked.backward[p.number][ANYTHING]) == {a, b}
    assert walked.forward[p.number][NOWHERE] == ()
    assert walked.backward[p.number][NOWHERE] == ()
    assert walked.number("<x:nobody>") is None
    one = '"1"^^<http://www.w3.org/2001/XMLSchema#integer>'
    assert walked.backward[q.number][(walked.number(one) or 0)] == (a,)
    names = {name: walked.number(f"<{name}>") for name in ("x:p", "x:q")}
    assert {(n, e) for n, e in walked.around(a)} >= {(names["x:p"], b), (names["x:p"], c)}
    assert list(walked.around(b, back=True)) == [(names["x:p"], a)]


def test_terms_are_read_back_as_they_are(tmp_path: Path) -> None:
    store = ox.Store()
    node, name = ox.NamedNode("http://x/a"), ox.NamedNode("http://x/p")
    store.extend(ox.Quad(node, name, term) for term in WICKED)
    write(lines_of(store), tmp_path)
    walked = Index(tmp_path)
    thing, name = walked.number("<http://x/a>"), walked.properties["http://x/p"].number
    assert thing is not None
    # A store writes a blank node under a name of its own.
    read = {
        t if not isinstance(t, ox.BlankNode) else "b"
        for t in map(walked.terms.__getitem__, walked.forward[name][thing])
    }
    assert read == {t if not isinstance(t, ox.BlankNode) else "b" for t in WICKED}
    with pytest.raises(NowhereError):
        walked.terms[NOWHERE]


def test_threads_read_it_together(answers: Answers) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    walked = Index(store.folder)
    rows = walked._table.rows("SELECT step FROM forward LIMIT 5000")
    steps = [(step & ((1 << BITS) - 1), step >> BITS) for (step,) in rows]
    expected = [Index(store.folder).forward[property][thing] for property, thing in steps[:50]]

    def walk(_: int) -> list[tuple[int, ...]]:
        return [walked.forward[property][thing] for property, thing in steps][:50]

    with ThreadPoolExecutor(8) as threads:
        assert all(found == expected for found in threads.map(walk, range(24)))


@pytest.mark.parametrize("array", [0, 2, 10_000_000])
@pytest.mark.parametrize("largest", [0, 1, 3, 10_000_000])
def test_subjects_are_looked_for_where_it_costs_least(
    answers: Answers, monkeypatch: pytest.MonkeyPatch, largest: int, array: int
) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    monkeypatch.setattr(index, "LARGEST_SET", largest)
    monkeypatch.setattr(index, "LARGEST_ARRAY", array)
    walked = Index(store.folder)
    agreed = walked.properties[AG + "agreedIn"].number
    values = {v for s in walked.backward[agreed][ANYTHING] for v in walked.forward[agreed][s]}
    everybody = {s for value in values for s in walked.backward[agreed][value]}
    assert len(values) > 10
    for value in values:
        subjects = walked.subjects[agreed][value]
        expected = set(walked.backward[agreed][value])
        assert {s for s in everybody if s in subjects} == expected
        assert walked.subjects_of(agreed, value) == len(expected)
        assert isinstance(subjects, frozenset) == (len(expected) <= largest)
        assert isinstance(subjects, Sorted) == (largest < len(expected) <= array)
    assert walked.subjects_of(agreed, NOWHERE) == 0
    assert NOWHERE not in walked.subjects[agreed][NOWHERE]
    walked.let_go()
    assert not walked.subjects[agreed]


def test_what_is_read_ahead_is_what_each_look_finds(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    each, many = Index(store.folder), Index(store.folder)
    for direction in ("forward", "backward"):
        for number in range(len(each.properties)):
            one, several = getattr(each, direction)[number], getattr(many, direction)[number]
            things = [*range(0, 4000, 7), NOWHERE]
            several.ahead(things)
            expected = {thing: one[thing] for thing in things}
            assert dict(several) == {t: f for t, f in expected.items() if one.worth(f)}
    few = Index(store.folder).forward[0]
    few.ahead(range(FEW))
    assert not few
    monkeypatch.setattr(index, "AHEAD", 20)
    few.ahead(range(100))
    assert sorted(few) == list(range(20))
    looks: list[object] = []
    monkeypatch.setattr(few, "_find_all", looks.append)
    few.ahead(range(20))
    assert not looks, "what is known is not read again"


def test_what_leads_to_very_much_is_not_remembered(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    walked = Index(store.folder)
    monkeypatch.setattr(index, "LONGEST", 3)
    everything = walked.properties["http://www.w3.org/1999/02/22-rdf-syntax-ns#type"].number
    steps = walked.backward[everything]
    assert len(steps[ANYTHING]) > 10_000
    assert ANYTHING not in steps


def test_what_is_spoken_of_together_lies_together(answers: Answers) -> None:
    """What a document alone speaks of has numbers that follow each other."""
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    walked = Index(store.folder)
    names = manifest_of(store.folder).graphs
    document = ox.NamedNode(
        max((n for n in names if n.startswith(DOCUMENTS)), key=names.__getitem__)
    )
    subjects = {q.subject.value for q in store._disk.quads_for_pattern(None, None, None, document)}
    numbers = sorted(number for iri in subjects if (number := walked.number(f"<{iri}>")))
    assert len(numbers) > 1000
    ((terms,),) = walked._table.rows("SELECT count(*) FROM terms")
    within = numbers[-len(numbers) // 10] - numbers[len(numbers) // 10]
    assert within < terms / 5


@pytest.mark.parametrize("part", [1, 7, index.PART])
def test_triples_come_in_any_order_and_more_than_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(index, "PART", part)
    said = [b"<x:%d> <x:%d> <x:%d> .\n" % (n % 5, n % 2, n % 7) for n in range(40)]
    write(said, tmp_path)
    walked = Index(tmp_path)
    assert [str(walked.terms[n]) for n in range(4)] == ["<x:0>", "<x:1>", "<x:2>", "<x:3>"]
    found = {
        (walked.terms[thing].value, property, walked.terms[value].value)
        for property, facts in walked.properties.items()
        for thing in walked.backward[facts.number][ANYTHING]
        for value in walked.forward[facts.number][thing]
    }
    assert found == {(f"x:{n % 5}", f"x:{n % 2}", f"x:{n % 7}") for n in range(40)}
    assert sum(p.triples for p in walked.properties.values()) == len(found)
    for direction in (walked.forward, walked.backward):
        for steps in direction:
            for thing in range(-1, 8):
                assert list(steps[thing]) == sorted(set(steps[thing]))


def test_more_terms_than_numbers_tell_apart_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "TERM", 7)
    said = [b"<x:%d> <x:p> <x:p> .\n" % n for n in range(7)]
    with pytest.raises(ValueError, match="1 properties, 8 terms: too many"):
        write(said, tmp_path)


def test_a_disk_that_refuses_is_an_error_with_its_number(tmp_path: Path) -> None:
    store = ox.Store()
    store.bulk_extend(
        ox.Quad(ox.NamedNode(f"urn:{n}"), ox.NamedNode("urn:p"), ox.Literal(f"{n}" * 300))
        for n in range(500)
    )
    lines = lines_of(store)
    with refusing(100_000):
        write(lines, tmp_path)
