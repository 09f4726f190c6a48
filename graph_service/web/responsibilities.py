"""Hvem gør hvad: duties found by facets, grouped by situation, each a sentence with its source."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.as_of import dated_columns, held
from graph_service.api.formats import RDF_FORMATS, flat, value_at
from graph_service.api.lists import AS_OF, PAGING, derivations, integer, read_values, service_of
from graph_service.api.problems import Problem
from graph_service.api.request import day_of
from graph_service.kept import kept
from graph_service.questions import Parameter
from graph_service.questions.parameters import ENUMS, bind
from graph_service.questions.words import words
from graph_service.vocabulary import AG, kind_and_slug
from graph_service.web.downloads import Columns, download, of, sources
from graph_service.web.items import EVERYTHING, Choice, Item, Selection, of_type, table
from graph_service.web.render import HELD, downloads_of, render

router = APIRouter(include_in_schema=False)
PER_PAGE = 40
MOST_PAGES = 100_000
SIDE = Parameter("side", "integer", ("",), False, "Side")
#: Facets of the page: parameter → label.
FACETS = {
    "actor": "Kommune eller aktør",
    "task": "Opgave",
    "agreement": "Aftale",
    "phase": "Situation",
    "law": "Lovgrundlag",
    "modality": "Styrke",
    "statement_status": "Status",
    "target_group": "Målgruppe",
    "recipient": "Modtager",
}
ACTOR_GROUPS = {
    "actor": "Som teksterne siger",
    "organisation": "Kommuner, sygehuse og andre",
    "body": "Samarbejdsorganer",
    "role": "Roller",
}
COLUMNS: Columns = {
    "Ansvarlig": of("bearer"),
    "Styrke": of("modality"),
    "Opgave": of("label"),
    "Hvornår": of("trigger"),
    "Betingelse": of("condition"),
    "Modtager": of("recipient"),
    "Meddelelse": of("channel"),
    "Frist": of("deadline_text"),
    "Frist i dage": of("deadline_days"),
    "Frist i måneder": of("deadline_months"),
    "Lovgrundlag": of("legal_basis"),
    "Aftale": of("agreed_in"),
    "Situation": of("phase"),
    "Målgruppe": of("target_group"),
    "Status": of("statement_status"),
    "Kilden angiver ikke": of("not_stated"),
    "Kilde": sources,
    "Adresse": of("iri"),
}


@kept()
def facet_values(answers: Answers) -> dict[str, dict[str, list[str]]]:
    """Responsibility → facet → IRIs, in an order that is the same in every process."""
    values: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in answers.rows("responsibility-facets", {}):
        values[row["thing"].value][row["facet"].value].add(row["value"].value)
    return {
        thing: {facet: sorted(found) for facet, found in facets.items()}
        for thing, facets in values.items()
    }


@kept()
def situations(answers: Answers) -> dict[str, tuple[int, str]]:
    """Situation → its place in its programme and its name."""
    found = {}
    for item in of_type(answers, "PathwayPhase"):
        order = item.get("order", [999])[0]
        found[item["iri"]] = (int(order), item["label"])
    return found


def matching(answers: Answers, values: Mapping[str, str]) -> list[str]:
    """The responsibilities that fit, in order of agreement, situation and title."""
    return list(of_filters(answers, tuple(sorted(values.items()))))


@kept(400)
def of_filters(answers: Answers, values: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """As :func:`matching`, for values in the order of their names."""
    page = answers.page("responsibilities", dict(values), limit=EVERYTHING, total=False)
    facets, places = facet_values(answers), situations(answers)

    def key(iri: str) -> tuple[str, int, str]:
        mine = facets.get(iri, {})
        order, phase = min(
            (places[p] for p in mine.get("phase", ()) if p in places), default=(0, "")
        )
        return (min(mine.get("agreement", {"~"})), order, phase)

    return tuple(sorted(page.things, key=key))


def selections(answers: Answers, things: list[str], values: Mapping[str, str]) -> list[Selection]:
    """The facets with counts over the responsibilities that fit."""
    facets = facet_values(answers)
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for iri in things:
        for name, counter in counts.items():
            counter.update(facets.get(iri, {}).get(name, ()))
    labels = answers.labels(i for counter in counts.values() for i in counter)
    shown = []
    for name, counter in counts.items():
        asked = {part.strip() for part in values.get(name, "").split(",")} - {""}
        choices = []
        for iri, count in counter.items():
            kind, slug = kind_and_slug(iri) or ("", iri.removeprefix(AG))
            label = labels.get(iri) or answers.label_of_term(iri)
            group = ACTOR_GROUPS.get(kind, "") if name == "actor" else ""
            choices.append(Choice(slug, label, count, slug in asked or iri in asked, group))
        choices.sort(key=lambda c: c.label.casefold())
        if name == "statement_status":
            everything = values.get(name) == "all"
            choices.insert(0, Choice("all", "Alle, også råd og forslag", len(things), everything))
        for value in asked - {c.value for c in choices if c.selected} - {"all"}:
            if not any(c.selected for c in choices):
                choices.append(Choice(value, words_of(answers, name, value), len(things), True))
        shown.append(Selection(name, FACETS[name], tuple(choices), values.get(name, "")))
    return shown


def words_of(answers: Answers, name: str, value: str) -> str:
    """A filter's value in words."""
    parameter = answers.questions["responsibilities"].parameters[name]
    if parameter.type == "thing":
        terms = bind({name: parameter}, {name: value}, answers)
        iris = [t.strip("<>") for t in terms.get(name, ())]
        return ", ".join(answers.labels(iris).get(i, i) for i in iris)
    if parameter.type == "enum":
        return ", ".join(ENUMS[parameter.of[0]].get(v, v) for v in value.split(","))
    if name == "not_stated":
        return answers.label_of_term(AG + words(answers, parameter.of[0]).find(value))
    return value


@router.get("/ansvar")
def responsibilities(request: Request) -> Response:
    """Duties that fit the facets in the address."""
    answers = service_of(request).answers
    question = answers.questions["responsibilities"]
    known = {
        **question.parameters,
        "as_of": AS_OF,
        "side": SIDE,
        "format": PAGING["format"],
    }
    given = {k: v for k, v in read_values(request, known).items() if v}
    number = integer(given, "side", 1, 1, MOST_PAGES)
    given.pop("side", "")
    given.pop("format", "")
    as_of = day_of(given)
    given.pop("as_of", "")
    things = matching(answers, given)
    form = request.query_params.get("format", "")
    if as_of and form in RDF_FORMATS:
        raise Problem(
            "not-acceptable",
            "Vælg xlsx, csv eller json: kun de kan sige, om noget gjaldt en dag (as_of).",
        )
    if form:
        found = with_verdicts(answers, things, as_of, "")
        file = download(request, "ansvar", {**COLUMNS, **verdict_columns(as_of)}, found)
        assert file is not None
        return file
    last = max(1, -(-len(things) // PER_PAGE))
    number = min(number, last)
    shown = things[(number - 1) * PER_PAGE : number * PER_PAGE]
    items = with_verdicts(answers, shown, as_of, given.get("actor", ""))
    kept = {**given, **({"as_of": as_of} if as_of else {})}
    chosen = [
        (question.parameters[k].label, words_of(answers, k, v), without(kept, k))
        for k, v in given.items()
        if v != "all"
    ]
    if as_of:
        chosen.append(("Som det var", as_of, without(kept, "as_of")))
    return render(
        request,
        "responsibilities.html",
        groups=by_situation(answers, items),
        total=len(things),
        selections=selections(answers, things, given),
        chosen=chosen,
        as_of=as_of,
        q=given.get("q", ""),
        kept={
            k: given[k]
            for k in ("bearer", "mentions", "document", "channel", "not_stated")
            if k in given
        },
        only_binding="statement_status" not in given,
        everything=f"/ansvar?{urlencode({**kept, 'statement_status': 'all'})}",
        number=number,
        last=last,
        link=lambda side: f"/ansvar?{urlencode({**kept, 'side': side})}",
        data_links=downloads_of(
            request, f"/api/v1/responsibilities{'?' + urlencode(kept) if kept else ''}"
        ),
    )


def with_verdicts(
    answers: Answers, things: list[str], as_of: str, actor: str
) -> list[dict[str, Any]]:
    """The things described, with how an organisation comes to bear them and whether they held."""
    items = answers.describe(things)
    if as_of:
        for item, verdict in zip(items, held(answers, things, as_of), strict=True):
            item["as_of"] = verdict
    if actor:
        derivations(answers, items, actor)
    return items


def verdict_columns(as_of: str) -> Columns:
    """The columns of a download for a day; none without one."""

    def at(path: str) -> Callable[[Item], Any]:
        def value(item: Item) -> Any:
            found = value_at(item, path)
            return HELD[flat(found)] if path.endswith(".held") else found

        return value

    return {heading: at(path) for path, heading in dated_columns(as_of).items()}


def without(values: Mapping[str, str], name: str) -> str:
    """The address of the page without one filter."""
    rest = {k: v for k, v in values.items() if k != name}
    return f"/ansvar?{urlencode(rest)}" if rest else "/ansvar"


def by_situation(
    answers: Answers, items: list[dict[str, Any]]
) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Runs of items with the same situation and agreement: (situation, agreement, items).

    A duty in several situations stands in the first of them, as :func:`matching` sorts it.
    """
    places = situations(answers)

    def key(item: Item) -> tuple[str, str]:
        phases = [
            label
            for _, label in sorted(
                places.get(p["iri"], (999, p["label"])) for p in item.get("phase", ())
            )
        ][:1]
        works = [a["label"] for a in item.get("agreed_in", item.get("stated_in", ()))][:1]
        return ("".join(phases), "".join(works))

    return [(phase, work, list(run)) for (phase, work), run in groupby(items, key)]


def duty_table(answers: Answers, **values: str) -> list[dict[str, Any]]:
    """Responsibilities for a section of another page, in order."""
    things = matching(answers, {"statement_status": "all", **values})
    return answers.describe(things)


__all__ = [
    "by_situation",
    "duty_table",
    "facet_values",
    "matching",
    "router",
    "situations",
    "table",
]
