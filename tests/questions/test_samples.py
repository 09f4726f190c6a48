"""The sample questions: what the graph answers is what a reader found, item by item.

``questions.jsonl`` holds the questions with their answers; ``sample/<part>.json`` maps each answer
item to the rows that carry it. One entry of a map, under the question's id::

    {
      "ask": "initiatives-assessed?decision=Discontinue",   or "A2-16.rq", or a list of such
      "items": {"<answer item, as printed>": [{"<column>": <value>, ...}, ...]},
      "also": {"<why these rows are right too>": [{"<column>": <value>}, ...]},
      "open": "<why rows beyond the items are to be expected>",
      "rows": 22,
      "none": {"ask": "B1-12-none.rq", "not_stated": [["event:x", "ag:when"]]}
    }

A value is a prefixed name (``body:dak``), a number, a text, ``~word`` for a text that contains the
word, or null for a column without value. ``{"count": "group", "is": 10}`` says how many different
values a column has. Every part of every item must be in the answer; and unless ``open`` gives a
reason, every row must be one that an item or ``also`` names. ``none`` is for what is not there:
its questions have no answer, and the graph says of each pair that the source does not state it.

For every item some triple is found without which the answer no longer carries the item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from graph_service.answers import Answers
from graph_service.store import Row
from graph_service.vocabulary import ID, PREFIXES, compact, expand

HERE = Path(__file__).parent
Part = Mapping[str, Any]

#: Sample questions that are not answered as their key says, each with the reason.
NOT_PASSED: dict[str, str] = {}


def read_samples() -> dict[str, dict[str, Any]]:
    lines = (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return {sample["id"]: sample for sample in map(json.loads, lines)}


def read_maps() -> dict[str, dict[str, Any]]:
    maps: dict[str, dict[str, Any]] = {}
    for path in sorted((HERE / "sample").glob("*.json")):
        part = json.loads(path.read_text(encoding="utf-8"))
        assert all(name.startswith(path.stem) for name in part), path
        assert not maps.keys() & part.keys()
        maps |= part
    return maps


SAMPLES = read_samples()
MAPS = read_maps()
ASKED = [name for name in MAPS if name not in NOT_PASSED]


def queries(answers: Answers, ask: str | list[str]) -> list[str]:
    """The SPARQL of what an entry asks."""
    texts = []
    for one in [ask] if isinstance(ask, str) else ask:
        if one.endswith(".rq"):
            texts.append((HERE / "sample" / one).read_text(encoding="utf-8"))
        else:
            name, _, values = one.partition("?")
            given = dict(part.split("=", 1) for part in values.split("&") if part)
            texts.append(answers.sparql(name, given))
    return texts


def is_value(term: ox.NamedNode | ox.BlankNode | ox.Literal | None, wanted: Any) -> bool:
    """Whether a cell of an answer is the value that a map names."""
    if term is None or wanted is None:
        return term is None and wanted is None
    if isinstance(term, ox.Literal):
        if isinstance(wanted, str) and wanted.startswith("~"):
            return wanted[1:].casefold() in term.value.casefold()
        return term.value == str(wanted)
    return compact(term.value) == wanted


def fits(row: Row, part: Part) -> bool:
    return all(is_value(row.get(column), wanted) for column, wanted in part.items())


def carried(rows: list[Row], part: Part) -> bool:
    """Whether the rows hold one part of an answer item."""
    if "count" in part:
        return len({row[part["count"]] for row in rows if part["count"] in row}) == part["is"]
    return any(fits(row, part) for row in rows)


class Copy:
    """A copy of the graph in memory, from which a triple can be taken for a moment."""

    def __init__(self, store: ox.Store) -> None:
        self.store = ox.Store()
        self.store.bulk_extend(store.quads_for_pattern(None, None, None, ox.DefaultGraph()))

    def select(self, text: str) -> list[Row]:
        result = self.store.query(text, prefixes=PREFIXES)
        names = [variable.value for variable in result.variables]
        return [
            {n: term for n, term in zip(names, solution, strict=True) if term is not None}
            for solution in result
        ]

    def near(self, rows: list[Row], texts: list[str]) -> Iterator[ox.Quad]:
        """Triples that the rows may rest on: of the predicates asked for, nearest first."""
        used = {
            expand(word)
            for word in re.findall(r"\b[a-z]+:[A-Za-z_]+\b", " ".join(texts))
            if word.partition(":")[0] in PREFIXES
        }
        seen: set[ox.NamedNode] = set()
        named = {
            ox.NamedNode(expand(word.strip("<>")))
            for word in re.findall(r"<https?://[^>]+>|\b[a-z-]+:[a-z0-9-]+\b", " ".join(texts))
            if word.startswith("<") or word.partition(":")[0] in PREFIXES
        }
        ring = [term for row in rows for term in row.values()] + sorted(named, key=str)
        for _ in range(2):
            things = [
                term
                for term in dict.fromkeys(ring)
                if isinstance(term, ox.NamedNode) and term.value.startswith(ID) and term not in seen
            ]
            seen |= set(things)
            ring = []
            for place in ("subject", "object"):
                for thing in things:
                    ends = (thing, None, None) if place == "subject" else (None, None, thing)
                    for quad in [*self.store.quads_for_pattern(*ends, ox.DefaultGraph())]:
                        if quad.predicate.value in used:
                            yield quad
                            ring += [quad.subject, quad.object]
        for predicate in sorted(used):
            yield from self.store.quads_for_pattern(
                None, ox.NamedNode(predicate), None, ox.DefaultGraph()
            )

    def without(self, quad: ox.Quad, texts: list[str]) -> list[Row]:
        self.store.remove(quad)
        try:
            return [row for text in texts for row in self.select(text)]
        finally:
            self.store.add(quad)


@pytest.fixture(scope="session")
def copy(answers: Answers) -> Copy:
    return Copy(ox.Store.read_only(str(answers.store.folder / "store")))  # type: ignore[attr-defined]


@cache
def asked(answers: Answers, name: str) -> list[Row]:
    texts = queries(answers, MAPS[name]["ask"])
    return [row for text in texts for row in answers.store.select(text)]


def test_at_least_100_of_the_104_are_answered() -> None:
    assert len(SAMPLES) == 104
    assert NOT_PASSED.keys() <= SAMPLES.keys()
    assert len(NOT_PASSED) <= 4
    assert MAPS.keys() | NOT_PASSED.keys() == SAMPLES.keys(), "every question has a map or a reason"


@pytest.mark.parametrize("name", ASKED)
def test_the_map_names_every_item_of_the_answer(name: str) -> None:
    assert list(MAPS[name]["items"]) == list(dict.fromkeys(SAMPLES[name]["answer_items"]))
    assert all(MAPS[name]["items"].values()), "every item is carried by something"


@pytest.mark.parametrize("name", ASKED)
def test_the_answer_carries_every_item(name: str, answers: Answers) -> None:
    rows = asked(answers, name)
    missing = {
        item: part
        for item, parts in MAPS[name]["items"].items()
        for part in parts
        if not carried(rows, part)
    }
    assert not missing
    wanted = MAPS[name].get("rows")
    assert wanted is None or len(rows) == wanted


@pytest.mark.parametrize("name", [n for n in ASKED if "open" not in MAPS[n]])
def test_the_answer_holds_nothing_else(name: str, answers: Answers) -> None:
    entry = MAPS[name]
    parts = [
        part
        for group in (entry["items"], entry.get("also", {}))
        for listed in group.values()
        for part in listed
        if "count" not in part
    ]
    beyond = [
        {column: compact(term.value) for column, term in row.items()}
        for row in asked(answers, name)
        if not any(fits(row, part) for part in parts)
    ]
    assert not beyond


@pytest.mark.parametrize("name", [n for n in ASKED if "none" in MAPS[n]])
def test_what_is_not_there_is_not_answered(name: str, answers: Answers) -> None:
    none = MAPS[name]["none"]
    for text in queries(answers, none.get("ask", [])):
        assert not list(answers.store.select(text))
    for subject, what in none.get("not_stated", []):
        said = f"ASK {{ {subject} ag:notStated {what} }}"
        assert answers.store.ask(said), f"the graph does not say: {subject} ag:notStated {what}"


@pytest.mark.parametrize("name", ASKED)
def test_every_item_rests_on_a_triple(name: str, answers: Answers, copy: Copy) -> None:
    texts = queries(answers, MAPS[name]["ask"])
    rows = asked(answers, name)
    for item, parts in MAPS[name]["items"].items():
        resting = [row for row in rows if any("count" in p or fits(row, p) for p in parts)]
        for tries, quad in enumerate(copy.near(resting, texts)):
            left = copy.without(quad, texts)
            if not all(carried(left, part) for part in parts):
                break
            assert tries < 400, f"no triple found that carries {item!r}"
        else:
            pytest.fail(f"nothing in the graph carries {item!r}")
