"""The front page, and search."""

from __future__ import annotations

from itertools import groupby
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import base_url, service_of
from graph_service.api.openapi import file_answers
from graph_service.search import Hit
from graph_service.web.events import dated, reference_day, upcoming
from graph_service.web.findings import newest
from graph_service.web.items import Item
from graph_service.web.prepare import begin
from graph_service.web.render import SECURITY, render
from graph_service.web.words import kinds_name

router = APIRouter(include_in_schema=False)
files = APIRouter(tags=["Filer"], default_response_class=Response)
#: Questions that the front page offers: words → address.
EXAMPLES = (
    ("Hvem har ansvaret for genoptræning efter Sundhedsloven § 140?", "/ansvar?law=sul-140"),
    (
        "Hvad skal Odense Kommune efter forløbsprogrammet for hjertesygdom?",
        "/ansvar?actor=odense-kommune&agreement=forloebsprogram-hjertesygdom&modality=Must",
    ),
    ("Hvad kan kommunen tilbyde efter Sundhedsloven § 119, stk. 2?", "/ansvar?law=sul-119-stk-2"),
    (
        "Hvem skal have afslutningsnotatet, og efter hvilken bestemmelse?",
        "/ansvar?task=afslutningsnotat",
    ),
    (
        "Hvilke pligter i hjerteprogrammet angiver intet lovgrundlag?",
        "/ansvar?agreement=forloebsprogram-hjertesygdom&not_stated=legalBasis",
    ),
    ("Hvilke indsatser foreslår følgegrupperne afviklet?", "/indsatser?decision=Discontinue"),
)


@router.get("/")
def front(request: Request) -> Response:
    """The front page: one field, three doors, what falls due, the newest findings."""
    answers = service_of(request).answers
    begin(answers)
    day = reference_day(answers)
    return render(
        request,
        "front.html",
        examples=EXAMPLES,
        due=[dated(e) for e in upcoming(answers, day)[:6]],
        day=day,
        findings=newest(answers, 4),
        data_links=[("API", "/api/v1")],
    )


@router.get("/soeg")
def search(request: Request) -> Response:
    """Things that fit the words asked for, best first, and by kind."""
    q = request.query_params.get("q", "").strip()[:300]
    answers = service_of(request).answers
    hits = answers.search.search(q, 60) if q else []
    best = described(answers, hits[:10])
    rest = sorted(hits[10:], key=lambda h: kinds_name(h.kind))
    groups = [(kinds_name(kind), list(run)) for kind, run in groupby(rest, lambda h: h.kind)]
    links = [("JSON", "/api/v1/search?" + urlencode({"q": q}))] if q else []
    return render(request, "search.html", q=q, search=q, best=best, groups=groups, data_links=links)


def described(answers: Answers, hits: list[Hit]) -> list[tuple[Hit, Item]]:
    """The best hits with what is said of each, so that the list itself can answer."""
    return list(zip(hits, answers.describe([h.iri for h in hits]), strict=True))


@files.get(
    "/opensearch.xml",
    summary="Søgefeltet beskrevet for browsere",
    description="OpenSearch 1.1.",
    responses=file_answers("application/opensearchdescription+xml"),
)
def opensearch(request: Request) -> Response:
    """How a browser can search here from its address field."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">'
        "<ShortName>Ansvarsgraf</ShortName><Description>Hvem har ansvaret for hvad</Description>"
        f'<Url type="text/html" template="{base_url(request)}/soeg?q={{searchTerms}}"/>'
        "</OpenSearchDescription>"
    )
    return Response(body, 200, SECURITY, "application/opensearchdescription+xml")
