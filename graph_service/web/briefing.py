"""Mødeoplæg: for a body and a day, what there is to decide, what is due, what is unanswered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import service_of
from graph_service.api.problems import Problem
from graph_service.api.things import existing
from graph_service.vocabulary import ID, thing
from graph_service.web.assessments import assessment_of, group_of, initiatives
from graph_service.web.calendar import read_day
from graph_service.web.documents import brief, lines_of
from graph_service.web.events import Dated, all_events, bodies, state
from graph_service.web.findings import findings_about
from graph_service.web.items import Item, of_type
from graph_service.web.office import DOCX
from graph_service.web.render import render
from graph_service.web.responsibilities import facet_values
from graph_service.web.words import danish_date

router = APIRouter(include_in_schema=False)
RESPONSIBILITIES = f"{ID}responsibility/"


@dataclass
class Brief:
    """What a brief holds.

    Attributes:
        up: initiatives whose decision is open, contested or conditional.
        overdue, due, undated: planned events of the body or its initiatives.
        unanswered: remarks on its initiatives that have no answer.
        answered: remarks with an answer.
        findings: on its initiatives.
        changes: changes of law that touch what its initiatives concern.
    """

    up: list[Item] = field(default_factory=list)
    overdue: list[Dated] = field(default_factory=list)
    due: list[Dated] = field(default_factory=list)
    undated: list[Dated] = field(default_factory=list)
    unanswered: list[Item] = field(default_factory=list)
    answered: list[Item] = field(default_factory=list)
    findings: list[Item] = field(default_factory=list)
    changes: list[Item] = field(default_factory=list)


def brief_for(answers: Answers, slug: str, day: str) -> Brief:
    """The brief of a body on a day, from what the sources say."""
    every = initiatives(answers)
    mine = [i for i in every if group_of(i)[0][0] == slug]
    if not mine:
        mine = every if slug in ("dak", "sku", "koordinationsgruppen") else []
    iris = {i["iri"] for i in mine}
    result = Brief()
    for item in mine:
        assessment = assessment_of(item)
        printed = {d["id"] for d in assessment.get("decision", ())}
        real = {d["id"] for d in assessment.get("effective_decision", ())}
        reads = {d["id"] for d in assessment.get("rationale_reads", ())}
        if (
            real & {"Undecided", "NoDecision", "ContinueIf"}
            or (real and real != printed)
            or (reads and reads != printed)
        ):
            result.up.append(item)
    for event in all_events(answers):
        about = {a["iri"] for a in event.item.get("about", ())}
        own = slug in dict(bodies(event.item))
        group = slug.startswith("foelgegruppen") and bool(about & iris)
        if not event.planned or not (own or group):
            continue
        match state(event, day):
            case "overskredet":
                result.overdue.append(event)
            case "forestår":
                result.due.append(event)
            case _:
                result.undated.append(event)
    for remark in of_type(answers, "Remark", "remark"):
        touches = any(a["iri"] in iris for a in remark.get("about", ()))
        if touches or any(b["id"] == slug for b in remark.get("follow_up_group", ())):
            (result.answered if remark.get("reply_text") else result.unanswered).append(remark)
    assessments = {thing("assessment", i["id"]) for i in mine}
    result.findings = findings_about(answers, iris | assessments)
    concerned = {a["iri"] for i in mine for a in i.get("concerns", ())}
    bases = {
        basis
        for duty, facets in facet_values(answers).items()
        if duty.startswith(RESPONSIBILITIES)
        if not concerned.isdisjoint(facets.get("agreement", ()))
        for basis in facets.get("law", ())
    }
    body = thing("body", slug)
    result.changes = [
        c
        for c in of_type(answers, "LegalChange", "legal-change")
        if any(
            x["iri"] in bases or x["iri"] in concerned or x["iri"] == body
            for name in ("changes", "about")
            for x in c.get(name, ())
        )
    ]
    return result


def bodies_with_brief(answers: Answers) -> list[tuple[str, str]]:
    """The bodies that a brief can be made for: those with initiatives or planned events."""
    found = {group_of(i)[0] for i in initiatives(answers) if group_of(i)[0][0] != "ingen"}
    for event in all_events(answers):
        if event.planned:
            found.update(b for b in bodies(event.item) if answers.exists(thing("body", b[0])))
    return sorted(found, key=lambda pair: pair[1])


@router.get("/moedeoplaeg")
def choose_brief(request: Request) -> Response:
    """Choose a body and a day; with a body, its brief."""
    answers = service_of(request).answers
    slug = request.query_params.get("organ", "")
    day = read_day(request, answers)
    values: dict[str, Any] = {"slug": slug, "day": day, "choices": bodies_with_brief(answers)}
    if not slug:
        return render(request, "briefing.html", brief=None, name="", **values)
    iri = existing(answers, "body", slug)
    name = answers.labels([iri]).get(iri, slug)
    found = brief_for(answers, slug, day)
    if chosen := request.query_params.get("format"):
        if chosen != "docx":
            raise Problem("not-acceptable", "Mødeoplægget findes som side og som docx.")
        body = brief(f"Mødeoplæg: {name}, {danish_date(day)}", sections(found))
        headers = {"Content-Disposition": f'attachment; filename="moedeoplaeg-{slug}-{day}.docx"'}
        return Response(body, 200, headers, DOCX)
    return render(
        request,
        "briefing.html",
        brief=found,
        name=name,
        assessment_of=assessment_of,
        data_links=[("Word (DOCX)", f"/moedeoplaeg?organ={slug}&dag={day}&format=docx")],
        **values,
    )


def sections(found: Brief) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The brief as headings and rows for a document."""

    def events(rows: list[Dated]) -> list[tuple[str, str, str]]:
        return [(str(e.item["label"]), e.words, lines_of(e.item)) for e in rows]

    def decision(item: Item) -> str:
        assessment = assessment_of(item)
        words = [
            d["label"] for n in ("decision", "effective_decision") for d in assessment.get(n, ())
        ]
        return " → ".join(dict.fromkeys(words))

    return [
        (
            "Til beslutning",
            [(str(i["label"]), decision(i), lines_of(assessment_of(i))) for i in found.up],
        ),
        ("Overskredet", events(found.overdue)),
        ("Forfalder", events(found.due)),
        ("Uden dato, der kan afgrænses", events(found.undated)),
        (
            "Bemærkninger uden svar",
            [
                ("; ".join(map(str, r.get("remark_text", [r["label"]]))), "uden svar", lines_of(r))
                for r in found.unanswered
            ],
        ),
        ("Fund på indsatserne", [(str(f["label"]), "", lines_of(f)) for f in found.findings]),
        (
            "Lovændringer, der berører dem",
            [
                (
                    str(c["label"]),
                    "; ".join(
                        danish_date(d) for d in c.get("effective_from", c.get("effective_text", ()))
                    ),
                    "; ".join(map(str, c.get("change_source", ()))),
                )
                for c in found.changes
            ],
        ),
    ]
