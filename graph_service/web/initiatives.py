"""Indsatser: board, table with facets, and timeline."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import service_of
from graph_service.web.assessments import (
    DECISIONS,
    assessment_of,
    board,
    decision_of,
    events_of,
    group_of,
    initiatives,
    totals,
    years_of,
)
from graph_service.web.calendar import read_date
from graph_service.web.downloads import Columns, download, of, sources
from graph_service.web.drawings import timeline
from graph_service.web.events import all_events, by_date, reference_day
from graph_service.web.items import Facet, Item, choose, ids, of_type
from graph_service.web.render import downloads_of, render

router = APIRouter(include_in_schema=False)


def facets(answers: Answers) -> tuple[Facet, ...]:
    """The facets of the table."""
    remarked = {a["iri"] for r in of_type(answers, "Remark", "remark") for a in r.get("about", ())}
    events: dict[str, list[Any]] = {}
    for event in all_events(answers):
        for about in event.item.get("about", ()):
            events.setdefault(about["iri"], []).append(event)

    def yes(condition: bool) -> list[tuple[str, str]]:
        return [("ja", "ja")] if condition else [("nej", "nej")]

    def body(item: Item) -> list[tuple[str, str]]:
        mine = [pair for e in events.get(item["iri"], ()) for pair in ids(e.item, "by_body")]
        return list(dict.fromkeys(mine))

    found = findings_by_thing(answers)
    return (
        Facet("group", "Følgegruppe", group_of),
        Facet("decision", "Beslutning som trykt", decision_of, DECISIONS),
        Facet(
            "effective",
            "Hvad den reelt er",
            lambda i: decision_of(i, "effective_decision"),
            DECISIONS,
        ),
        Facet("year", "Årstal i fokuskolonnen", years_of),
        Facet("body", "Behandles hos", body),
        Facet(
            "working_group",
            "Behov for arbejdsgruppe",
            lambda i: ids(assessment_of(i), "working_group_need"),
        ),
        Facet(
            "remark",
            "Har bemærkning",
            lambda i: yes(i["iri"] in remarked or bool(i.get("remark"))),
        ),
        Facet("finding", "Har fund", lambda i: yes(i["iri"] in found)),
    )


def findings_by_thing(answers: Answers) -> set[str]:
    """The initiatives and assessments that a finding or contradiction is about."""
    every = [*of_type(answers, "ReviewFinding"), *of_type(answers, "Contradiction")]
    return {
        t["iri"].replace("/assessment/", "/initiative/")
        for f in every
        for name in ("thing", "about", "between")
        for t in f.get(name, ())
        if isinstance(t, dict)
    }


def summary(name: str) -> Any:
    """A column from the assessment."""
    return lambda item: assessment_of(item).get(name, "")


COLUMNS: Columns = {
    "Følgegruppe": lambda i: group_of(i)[0][1],
    "Navn på indsats": of("label"),
    "Beskrivelse": of("description"),
    "Beslutning som trykt": summary("decision_word"),
    "Reel beslutning": lambda i: decision_of(i, "effective_decision")[0][1],
    "Begrundelse (vores ord)": summary("rationale"),
    "Hvornår i aftaleperioden": summary("focus_period"),
    "Årstal": summary("focus_year"),
    "Ressourcer": summary("resource_need"),
    "Behov for arbejdsgruppe": summary("working_group_need"),
    "Udestår": of("remaining_task"),
    "Emne": of("topic"),
    "Kilde": sources,
    "Adresse": of("iri"),
}


@router.get("/indsatser")
def initiative_list(request: Request) -> Response:
    """The board, the table and the timeline, over the initiatives that the facets leave."""
    answers = service_of(request).answers
    asked = {k: v for k, v in request.query_params.items() if v}
    items = initiatives(answers)
    words = asked.get("q", "").casefold()
    if words:
        items = [i for i in items if words in searchable(i)]
    due = read_date(request, "due_before")
    if due:
        items = [i for i in items if falls_due(answers, i, due)]
    shown, selections = choose(items, facets(answers), asked)
    file = download(request, "indsatser", COLUMNS, shown)
    if file:
        return file
    day = reference_day(answers)
    events = {i["iri"]: events_of(answers, i) for i in shown}
    view = asked.get("vis", "tavle")
    lanes: dict[str, list[Any]] = {}
    for item in shown:
        mine = lanes.setdefault(
            group_of(item)[0][1].removeprefix("Følgegruppen for ").capitalize(), []
        )
        mine.extend(e for e in events[item["iri"]] if e not in mine)
    return render(
        request,
        "initiatives.html",
        items=shown,
        selections=selections,
        asked=asked,
        view=view if view in ("tavle", "tabel", "tidslinje") else "tavle",
        board=board(shown),
        totals=totals(shown),
        assessment_of=assessment_of,
        group_of=group_of,
        timeline=timeline(list(lanes.items()), day),
        events=sorted(
            {e.item["iri"]: e for mine in lanes.values() for e in mine}.values(), key=by_date
        ),
        day=day,
        data_links=downloads_of(request, "/api/v1/initiatives"),
    )


def searchable(item: Item) -> str:
    """The words of an initiative in which the page's own search looks."""
    texts = [item["label"], *item.get("description", ()), *item.get("alt_label", ())]
    return " ".join(map(str, texts)).casefold()


def falls_due(answers: Answers, item: Item, day: str) -> bool:
    """Whether one of the initiative's planned events is due before a day."""
    return any(e.planned and e.end and e.end < day for e in events_of(answers, item))
