"""Graf: the neighbourhood of one thing, drawn and as text; a click goes one step on."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.api.lists import service_of
from graph_service.api.resources import data_of
from graph_service.api.things import existing
from graph_service.web.drawings import neighbourhood
from graph_service.web.items import Item, table
from graph_service.web.render import formats_of, render

router = APIRouter(include_in_schema=False)
#: Most neighbours drawn on each side; the text twin has all of them.
DRAWN = 9
START = "message/xref15"


@router.get("/graf")
def graph(request: Request) -> Response:
    """A thing with what it is connected with."""
    answers = service_of(request).answers
    kind, _, slug = (request.query_params.get("ting") or START).partition("/")
    iri = existing(answers, kind, slug)
    rows = [
        (str(r["property"]["label"]), r["direction"] == "ud", r["other"])
        for r in table(answers, "neighbours", ("thing", iri))
    ]
    groups: dict[tuple[bool, str], list[Item]] = {}
    for words, out, other in rows:
        groups.setdefault((out, words), []).append(other)
    drawn: list[tuple[str, bool, Item]] = []
    for side in (False, True):
        mine = [
            (words, out, o)
            for (out, words), found in sorted(groups.items(), key=lambda g: len(g[1]))
            if out is side
            for o in found
        ]
        drawn += mine[:DRAWN]
    width, height, nodes = neighbourhood(drawn)
    label = answers.labels([iri]).get(iri, slug)
    return render(
        request,
        "graph.html",
        item={"kind": kind, "id": slug, "label": label, "iri": iri},
        groups=sorted(groups.items(), key=lambda g: (not g[0][0], g[0][1])),
        total=len(rows),
        width=width,
        height=height,
        nodes=nodes,
        drawn=len(drawn),
        data_links=formats_of(data_of(kind, slug)),
    )
