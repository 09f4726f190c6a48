"""What the growth of the questions is measured by works."""

from __future__ import annotations

from bench.questions import INDEXED, ask, forget
from graph_service.answers import Answers
from graph_service.store.embedded import EmbeddedStore


def test_each_question_is_asked_of_a_store_that_has_forgotten(answers: Answers) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore)
    for question in INDEXED:
        rows, whole, number = ask(answers, question, 0)
        assert 0 < rows <= whole
        assert number
    forget(answers)
    assert store._index is not None
    assert not store._index.ranks
    assert not store._programs._operators._texts  # type: ignore[union-attr]
