"""Indsatser: board, table with facets, timeline; one initiative with all that is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import base_url, service_of
from graph_service.api.problems import Problem
from graph_service.api.things import existing
from graph_service.vocabulary import thing
from graph_service.web.documents import DOCX, status_table
from graph_service.web.downloads import Columns, download, of, sources
from graph_service.web.drawings import timeline
from graph_service.web.events import all_events, dated, of_things, reference_day
from graph_service.web.findings import findings_about
from graph_service.web.items import Facet, Item, choose, first, ids, of_type
from graph_service.web.kept import KeptRoute
from graph_service.web.render import downloads_of, formats_of, render
from graph_service.web.responsibilities import duty_table
from graph_service.web.texts import with_texts

router = APIRouter(include_in_schema=False, route_class=KeptRoute)
DECISIONS = ("Continue", "ContinueIf", "Discontinue", "NoDecision", "Undecided")


def initiatives(answers: Answers) -> list[Item]:
    """Every initiative, by group and place in its table."""
    found = of_type(answers, "Initiative", "initiative")
    return sorted(found, key=lambda i: (group_of(i)[0][1], int(first(i, "order", 999)), i["label"]))


def assessment_of(item: Item) -> Mapping[str, Any]:
    """The group's assessment of an initiative; empty when there is none."""
    found: Mapping[str, Any] = first(item, "assessment", {})
    return found


def group_of(item: Item) -> list[tuple[str, str]]:
    """The follow-up group as id and name."""
    return ids(item, "follow_up_group") or [("ingen", "Uden følgegruppe i tabellerne")]


def decision_of(item: Item, name: str = "decision") -> list[tuple[str, str]]:
    """The decision printed, or what it amounts to, as id and word."""
    return ids(assessment_of(item), name) or [("ingen", "ikke vurderet")]


def years_of(item: Item) -> list[tuple[str, str]]:
    """The years that the column about special focus names."""
    return [(str(y), str(y)) for y in assessment_of(item).get("focus_year", ())]


def events_of(answers: Answers, item: Item) -> list[Any]:
    """The dated events of an initiative."""
    milestones = {m["iri"] for m in item.get("milestone", ())}
    return of_things(answers, [item["iri"], *milestones])


def remarks_on(answers: Answers, item: Item) -> list[Item]:
    """The coordination group's remarks on an initiative, with the answers."""
    named = {r["iri"] for r in item.get("remark", ())}
    return [
        r
        for r in of_type(answers, "Remark", "remark")
        if r["iri"] in named or any(a["iri"] == item["iri"] for a in r.get("about", ()))
    ]


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
    due = asked.get("due_before", "")
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
        events=sorted({e for mine in lanes.values() for e in map(Key, mine)}, key=Key.order),
        day=day,
        data_links=downloads_of(request, "/api/v1/initiatives"),
    )


class Key:
    """An event that counts once in a set."""

    def __init__(self, event: Any) -> None:
        self.event = event

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.event.item["iri"] == other.event.item["iri"]

    def __hash__(self) -> int:
        return hash(self.event.item["iri"])

    def order(self) -> tuple[str, str]:
        """By first possible day; the unknown last."""
        return (self.event.begin or self.event.end or "9999", self.event.item["label"])


def searchable(item: Item) -> str:
    """The words of an initiative in which the page's own search looks."""
    texts = [item["label"], *item.get("description", ()), *item.get("alt_label", ())]
    return " ".join(map(str, texts)).casefold()


def falls_due(answers: Answers, item: Item, day: str) -> bool:
    """Whether one of the initiative's planned events is due before a day."""
    return any(e.planned and e.end and e.end < day for e in events_of(answers, item))


def board(items: list[Item]) -> list[tuple[str, str, list[tuple[str, str, list[Item]]]]]:
    """Groups, each with its initiatives by decision."""
    groups: dict[tuple[str, str], dict[str, list[Item]]] = {}
    for item in items:
        decision = decision_of(item)[0][0]
        groups.setdefault(group_of(item)[0], {}).setdefault(decision, []).append(item)
    order = [*DECISIONS, "ingen"]
    return [
        (
            slug,
            name,
            [(d, decision_of(found[d][0])[0][1], found[d]) for d in order if d in found],
        )
        for (slug, name), found in groups.items()
    ]


def totals(items: list[Item]) -> list[tuple[str, list[int], int]]:
    """For each group: how many continue, are discontinued, have no decision, and all of them."""
    rows = []
    for slug, name, columns in board(items):
        counts: Counter[str] = Counter({d: len(found) for d, _, found in columns})
        if slug == "ingen":
            continue
        numbers = [
            counts["Continue"],
            counts["ContinueIf"],
            counts["Discontinue"],
            counts["NoDecision"] + counts["Undecided"],
        ]
        rows.append((name, numbers, sum(numbers)))
    return rows


@router.get("/indsatser/{slug}")
def initiative(request: Request, slug: str) -> Response:
    """One initiative."""
    service = service_of(request)
    answers = service.answers
    iri = existing(answers, "initiative", slug)
    item = answers.describe([iri])[0]
    events = events_of(answers, item)
    day = reference_day(answers)
    assessment = assessment_of(item)
    evidence = assessment.get("evidence", item.get("evidence", ()))
    printings: dict[int, list[Item]] = {}
    for passage in evidence:
        printings.setdefault(int(first(passage, "printing", 1)), []).append(passage)
    about = {iri, thing("assessment", slug)}
    agreements = {a["iri"] for a in item.get("concerns", ())}
    return render(
        request,
        "initiative.html",
        item=item,
        assessment=assessment,
        group=group_of(item)[0],
        events=events,
        timeline=timeline([("", events)], day) if len(events) > 1 else None,
        day=day,
        remarks=remarks_on(answers, item),
        duties=[d for d in duties_about(answers, iri)],
        findings=findings_about(answers, about),
        recommendations=[
            r
            for r in of_type(answers, "Recommendation", "recommendation")
            if any(a["iri"] == iri for a in r.get("about", ()))
        ],
        printings=[
            (number, with_texts(service, passages, 6))
            for number, passages in sorted(printings.items())
        ],
        agreements=agreements,
        data_links=formats_of(f"/api/v1/things/initiative/{slug}"),
    )


def duties_about(answers: Answers, iri: str) -> list[dict[str, Any]]:
    """What somebody has to do about a thing."""
    rows = [
        r["by"]
        for r in _references(answers, iri)
        if r["by"] and r["by"].get("kind") == "responsibility" and r["property"]["id"] == "about"
    ]
    return answers.describe([r["iri"] for r in rows])


def _references(answers: Answers, iri: str) -> Any:
    from graph_service.web.items import table

    return table(answers, "references", ("thing", iri))


@router.get("/foelgegruppe/{slug}.docx")
def status_document(request: Request, slug: str) -> Response:
    """The status table of a follow-up group in its own five columns, as DOCX."""
    answers = service_of(request).answers
    iri = existing(answers, "body", slug)
    items = [i for i in initiatives(answers) if group_of(i)[0][0] == slug]
    if not items:
        raise Problem("not-found", "Gruppen har ingen indsatser i grafen.")
    name = answers.labels([iri]).get(iri, slug)
    body = status_table(name, items, assessment_of, base_url(request))
    headers = {
        "Content-Disposition": f'attachment; filename="status-{slug}.docx"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, 200, headers, DOCX)


__all__ = ["assessment_of", "dated", "duty_table", "events_of", "group_of", "initiatives", "router"]
