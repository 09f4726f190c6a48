"""Which programs are made and kept."""

from __future__ import annotations

import pytest

from graph_service.answers import Answers
from graph_service.plans import program
from graph_service.plans.layout import FEW
from graph_service.store import Term
from graph_service.store.embedded import EmbeddedStore
from graph_service.vocabulary import thing


@pytest.mark.parametrize("number", [1, FEW, FEW + 1, 16, 17, 30])
def test_any_number_of_values_gives_what_the_engine_gives(
    answers: Answers, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """One that is not asked of a program of its own size, too, and one of too many for programs."""
    store = answers.store
    assert isinstance(store, EmbeddedStore) and store._programs
    names = ",".join(list(answers.slugs("organisation"))[:number])
    groups = sorted(answers.slugs("body"), key=lambda slug: not slug.startswith("foelgegruppe"))
    asked = {
        "responsibilities": {"actor": names},
        "initiatives": {"group": ",".join(groups[:number])},
        "duties-of-organisation": {"organisation": names},
    }

    def rows() -> list[list[dict[str, Term]]]:
        return [[dict(row) for row in answers.rows(name, v)] for name, v in asked.items()]

    found = rows()
    assert all(found)
    monkeypatch.setattr(program, "MOST_VALUES", 0)
    assert rows() == found


def test_numbers_of_values_share_programs(answers: Answers) -> None:
    store = answers.store
    assert isinstance(store, EmbeddedStore) and store._index
    programs = program.Programs(store._index)
    question = answers.questions["responsibilities"]
    things = [f"<{thing('organisation', slug)}>" for slug in answers.slugs("organisation")]
    made = {
        number: programs.of(question, {"actor": tuple(things[:number])})
        for number in (1, 2, FEW, FEW + 1, 16, 17, 32, 33)
    }
    assert all(made.values())
    assert made[FEW + 1] is made[16] is not made[17]
    assert made[17] is made[32] is not made[33]
    assert len({id(one) for one in made.values()}) == 6
    assert programs.of(question, {"actor": ("<x:a>",) * (program.MOST_VALUES + 1)}) is None
