"""Every named question gives, as a program, the rows that Oxigraph gives for its SPARQL."""

from __future__ import annotations

import pytest

from graph_service.answers import Answers
from graph_service.ordering import of_terms, put_in_order
from graph_service.plans import Program, Programs
from graph_service.questions import Question, bind, registry
from graph_service.store import index
from graph_service.store.embedded import EmbeddedStore
from tests.store.compare import askings, exact, pairs


def programs_of(store: EmbeddedStore) -> Programs:
    """What makes the programs of a store."""
    assert store._programs
    return store._programs


def both(store: EmbeddedStore, question: Question, terms: dict[str, tuple[str, ...]]) -> bool:
    """Compare a question's rows; whether a program gave them."""
    program = programs_of(store).of(question, terms)
    if program is None:
        return False
    end, order = question.unsorted
    ours = program.solutions(terms)
    rows = store.select(question.sparql(terms).removesuffix(end), question.prefixes)
    theirs = of_terms(ours.names, rows)
    if order:
        put_in_order(ours, order)
        put_in_order(theirs, order)
        assert list(ours) == list(theirs)
    else:
        assert exact(ours) == exact(theirs)
    return True


@pytest.mark.parametrize("name", sorted(registry()))
def test_with_every_parameter(name: str, answers: Answers) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    question = registry()[name]
    for asking in askings(question, answers):
        terms = answers._terms(question, asking)
        assert both(store, question, terms)
        for key in question.sorts:
            assert both(store, question.sorted_by(key), terms)


@pytest.mark.parametrize("name", sorted(registry()))
def test_with_each_two_parameters(name: str, answers: Answers) -> None:
    """A program is made for a set of parameters: two together are not each alone."""
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    question = registry()[name]
    for asking in pairs(question, answers):
        terms = answers._terms(question, asking)
        assert both(store, question, terms), asking


@pytest.mark.parametrize(("largest", "array"), [(0, 0), (2, 0), (0, 2), (1, 9), (100_000, 0)])
def test_however_many_subjects_are_a_set(
    largest: int, array: int, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found of a value that is asked for does not depend on where it is looked for."""
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    monkeypatch.setattr(index, "LARGEST_SET", largest)
    monkeypatch.setattr(index, "LARGEST_ARRAY", array)
    store.let_go()
    question = registry()["responsibilities"]
    for asking in pairs(question, answers):
        assert both(store, question, answers._terms(question, asking)), asking
    store.let_go()


def test_with_several_values(answers: Answers) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    asked = 0
    for question in registry().values():
        for name, parameter in question.parameters.items():
            if parameter.type != "enum" or name not in question.parameters:
                continue
            values = {"modality": "Must,Should", "status": "Law,Agreed,Practice"}
            if parameter.of[0] not in values:
                continue
            several = {**question.example, name: values[parameter.of[0]]}
            both(store, question, bind(question.parameters, several, answers))
            asked += 1
    assert asked > 5


def test_a_program_is_made_once_for_a_set_of_parameters(answers: Answers) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    question = registry()["who-under-provision"]
    one = bind(question.parameters, {"law": "sul-140"}, answers)
    other = bind(question.parameters, {"law": "sul-119"}, answers)
    program = programs_of(store).of(question, one)
    assert isinstance(program, Program)
    assert programs_of(store).of(question, other) is program
    assert exact(program.solutions(one)) != exact(program.solutions(other))
