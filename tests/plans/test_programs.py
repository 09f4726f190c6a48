"""Which programs are made and kept."""

from __future__ import annotations

import pytest

from graph_service.answers import Answers
from graph_service.plans import program
from graph_service.store.embedded import EmbeddedStore


def test_many_values_are_asked_of_the_engine_with_the_same_answer(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    slugs = list(answers.slugs("organisation"))[:30]
    few, many = slugs[: program.MOST_VALUES], slugs
    found = {
        name: answers.page("responsibilities", {"actor": ",".join(names)}, limit=500)
        for name, names in (("few", few), ("many", many))
    }
    assert found["many"].total and found["few"].total
    monkeypatch.setattr(program, "MOST_VALUES", 100)
    assert isinstance(answers.store, EmbeddedStore)
    compiled = Answers(answers.store, answers.questions, answers.folder)
    for name, names in (("few", few), ("many", many)):
        assert (
            compiled.page("responsibilities", {"actor": ",".join(names)}, limit=500) == found[name]
        )
