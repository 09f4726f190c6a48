"""Search for programs: ``/api/v1/search``, the same as the field on the pages."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.api.formats import choose, only
from graph_service.api.openapi import answers_as, openapi_parameters
from graph_service.api.request import PAGING, accept_of, integer, read_values, service_of
from graph_service.api.schemas import Schema
from graph_service.api.shape import forms, json_answer, table_answer, with_links
from graph_service.questions import Parameter
from graph_service.questions.parameters import ParameterError
from graph_service.vocabulary import KINDS
from graph_service.web.words import kind_name

router = APIRouter()
FORMATS = only("json", "csv")
KNOWN = {
    "q": Parameter("q", "text", ("",), False, "Ord, navn, forkortelse eller paragraf"),
    "kind": Parameter("kind", "text", ("",), False, "Kun disse slags ting, adskilt af komma"),
    "limit": Parameter("limit", "integer", ("",), False, "Højst så mange, 1-100"),
    "format": PAGING["format"],
}


def described_parameters() -> list[Schema]:
    """The parameters as OpenAPI describes them."""
    shown = openapi_parameters(KNOWN)
    own: dict[str, Schema] = {
        "q": {"schema": {"type": "string", "maxLength": 300}, "example": "genoptræning"},
        "kind": {
            "schema": {"type": "array", "items": {"enum": [*KINDS, ""]}},
            "style": "form",
            "explode": False,
        },
        "limit": {"schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}},
        "format": {"schema": {"enum": ["json", "csv", ""]}},
    }
    return [{**parameter, **own[parameter["name"]]} for parameter in shown]


@router.get(
    "/api/v1/search",
    summary="Søg efter ting med almindelige ord",
    description="Bedste først: bøjede former, dele af sammensatte ord, begyndelser og synonymer.",
    tags=["Søgning"],
    response_class=Response,
    openapi_extra={"parameters": described_parameters()},
    responses=answers_as("Hits", ("json", "csv")),
)
def search(request: Request) -> Response:
    """Things that fit the words, best first: stems, parts of compounds, prefixes and synonyms."""
    values = read_values(request, KNOWN)
    chosen = choose(accept_of(request), values.get("format", ""), FORMATS)
    q = values.get("q", "").strip()
    if len(q) > 300:
        raise ParameterError("q", "teksten er for lang; højst 300 tegn")
    kinds = list(dict.fromkeys(k for k in values.get("kind", "").split(",") if k))
    for kind in kinds:
        if kind not in KINDS:
            raise ParameterError("kind", f"{kind[:40]!r} er ikke en slags ting")
    limit = integer(values, "limit", 20, 1, 100)
    answers = service_of(request).answers
    hits = answers.search.search(q, limit, kinds)
    items = [
        with_links(
            request,
            {
                "iri": h.iri,
                "kind": h.kind,
                "kind_label": kind_name(h.kind),
                "id": h.slug,
                "label": h.label,
                "other": h.other or None,
                "score": round(h.score, 2),
            },
        )
        for h in hits
    ]
    headers = forms(request, chosen, FORMATS, page="/soeg?" + urlencode({"q": q}))
    if chosen == "csv":
        columns = {"label": "Navn", "kind_label": "Slags", "other": "Fundet i", "iri": "Adresse"}
        return table_answer(columns, items, "semicolon", headers, "soeg")
    body = {"q": q, "snapshot": answers.store.snapshot, "total": len(items), "items": items}
    return json_answer(body, headers)
