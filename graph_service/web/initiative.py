"""One initiative with all that is known of it, and the status table of a follow-up group."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import base_url, service_of
from graph_service.api.openapi import file_answers, in_path
from graph_service.api.problems import Problem
from graph_service.api.things import existing
from graph_service.vocabulary import thing
from graph_service.web.assessments import (
    assessment_of,
    events_of,
    group_of,
    initiatives,
    remarks_on,
)
from graph_service.web.documents import status_table
from graph_service.web.drawings import timeline
from graph_service.web.events import reference_day
from graph_service.web.findings import findings_about
from graph_service.web.items import Item, first, of_type, table
from graph_service.web.office import DOCX
from graph_service.web.render import formats_of, render
from graph_service.web.texts import with_texts

router = APIRouter(include_in_schema=False)
files = APIRouter(tags=["Filer"], default_response_class=Response)


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
        duties=duties_about(answers, iri),
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
        for r in table(answers, "references", ("thing", iri))
        if r["by"] and r["by"].get("kind") == "responsibility" and r["property"]["id"] == "about"
    ]
    return answers.describe([r["iri"] for r in rows])


@files.get(
    "/foelgegruppe/{slug}.docx",
    summary="En følgegruppes statusskema",
    description="Gruppens indsatser i skemaets fem kolonner, som Word-dokument.",
    openapi_extra={
        "parameters": [
            {**in_path("slug", "Gruppens slug"), "example": "foelgegruppen-for-forebyggelse"}
        ]
    },
    responses=file_answers(DOCX),
)
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
