"""Things of the snapshot in service, asked for once and kept while it is in service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph_service.answers import Answers, plain
from graph_service.kept import kept
from graph_service.vocabulary import AG, kind_and_slug

Item = Mapping[str, Any]
#: More than any list of ours has.
EVERYTHING = 20_000


@kept(48)
def things(answers: Answers, question: str, *values: tuple[str, str]) -> tuple[Item, ...]:
    """Every thing that a list question gives, described.

    The descriptions are shared between requests: read them, do not change them.
    """
    page = answers.page(question, dict(values), limit=EVERYTHING, total=False)
    return tuple(answers.describe(page.things))


@kept(96)
def table(answers: Answers, question: str, *values: tuple[str, str]) -> tuple[Item, ...]:
    """The rows of a question: things and terms as references with labels, the rest as JSON."""
    rows = answers.rows(question, dict(values))
    iris = [v.value for row in rows for v in row.values() if v.value.startswith("http")]
    labels = answers.labels(iris)
    columns = answers.questions[question].columns
    return tuple(
        {
            name: (
                None
                if name not in row
                else answers.reference(row[name].value, labels)
                if row[name].value.startswith(("https://w3id.org/", "http"))
                else plain(row[name])
            )
            for name in columns
        }
        for row in rows
    )


@kept(48)
def parts(answers: Answers, whole: str, leaving_out: tuple[str, ...] = ()) -> tuple[Item, ...]:
    """Every thing that is part of another, described; without things of some kinds."""
    page = answers.page("things", {"part_of": whole}, limit=EVERYTHING, total=False)
    split = {iri: kind_and_slug(iri) for iri in page.things}
    return tuple(answers.describe(i for i, s in split.items() if s and s[0] not in leaving_out))


def of_type(answers: Answers, type_: str, kind: str = "") -> list[Item]:
    """Every thing of a class of the model, and of a kind where the class is wider."""
    return [i for i in things(answers, "things", ("type", type_)) if not kind or i["kind"] == kind]


def first(item: Item, name: str, default: Any = "") -> Any:
    """The first value of a property, or the default."""
    values = item.get(name)
    return values[0] if values else default


def ids(item: Item, name: str) -> list[tuple[str, str]]:
    """The values of a property as pairs of id and label."""
    return [(v["id"], v["label"]) for v in item.get(name, ()) if isinstance(v, dict)]


# -- facets -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Facet:
    """One way to divide a list.

    Attributes:
        name: name of the parameter in the page's address.
        label: its Danish name.
        values: item → pairs of value and words.
        order: values in the order to show; the rest follow by their words.
    """

    name: str
    label: str
    values: Callable[[Item], list[tuple[str, str]]]
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """One value of a facet, with how many things have it among those that the others leave."""

    value: str
    label: str
    count: int
    selected: bool
    group: str = ""


@dataclass(frozen=True)
class Selection:
    """What a facet offers in a page."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    selected: str


def choose(
    items: Sequence[Item], facets: Sequence[Facet], asked: Mapping[str, str]
) -> tuple[list[Item], list[Selection]]:
    """The items that all chosen values fit, and the facets with counts.

    A facet's counts are over the items that the other facets leave, so that each number says what
    one would see after choosing it.
    """
    value_of = [{facet.name: facet.values(item) for facet in facets} for item in items]
    wanted = {f.name: set(asked[f.name].split(",")) for f in facets if asked.get(f.name)}

    def fits(values: Mapping[str, list[tuple[str, str]]], leaving_out: str = "") -> bool:
        return all(
            any(value in wanted[name] for value, _ in values[name])
            for name in wanted
            if name != leaving_out
        )

    kept = [item for item, values in zip(items, value_of, strict=True) if fits(values)]
    selections = []
    for facet in facets:
        counts: Counter[str] = Counter()
        labels: dict[str, str] = {}
        for values in value_of:
            if fits(values, facet.name):
                for value, label in dict(values[facet.name]).items():
                    counts[value] += 1
                    labels[value] = label
        for value in wanted.get(facet.name, ()):
            labels.setdefault(value, value)
        rank = {value: place for place, value in enumerate(facet.order)}
        ordered = sorted(labels, key=lambda v: (rank.get(v, len(rank)), labels[v].casefold()))
        chosen = wanted.get(facet.name, set())
        choices = tuple(Choice(v, labels[v], counts[v], v in chosen) for v in ordered)
        selections.append(Selection(facet.name, facet.label, choices, asked.get(facet.name, "")))
    return kept, selections


def term(name: str) -> str:
    """The IRI of a term of the model."""
    return AG + name
