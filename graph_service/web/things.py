"""The page of any thing: what is said of it, where it stands, and what refers to it."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.as_of import held
from graph_service.api.lists import resolve, service_of
from graph_service.api.request import day_of
from graph_service.api.resources import BY_KIND, RESOURCES, data_of
from graph_service.api.things import existing, see_other
from graph_service.vocabulary import kind_and_slug
from graph_service.web.findings import findings_about
from graph_service.web.items import Item, table
from graph_service.web.render import formats_of, page_url, render
from graph_service.web.responsibilities import duty_table
from graph_service.web.texts import with_texts
from graph_service.web.words import kinds_name

router = APIRouter(include_in_schema=False)
#: Kind → the parameter of Hvem gør hvad that asks for its duties, and their heading.
DUTIES = {
    "task": ("task", "Hvem gør det"),
    "situation": ("phase", "Hvem gør hvad i situationen"),
    "target-group": ("target_group", "Hvem gør hvad for målgruppen"),
    "message": ("channel", "Ansvar, der bruger meddelelsen"),
}
#: Kind → path and words of the list that it stands under.
LISTS = {
    "responsibility": ("Hvem gør hvad", "/ansvar"),
    "task": ("Hvem gør hvad", "/ansvar"),
    "situation": ("Hvem gør hvad", "/ansvar"),
    "event": ("Kalender", "/kalender"),
    "contradiction": ("Fund", "/fund"),
    "remark": ("Indsatser", "/indsatser"),
    "topic": ("Kilder", "/kilder"),
    "claim": ("Kilder", "/kilder"),
    "legal-change": ("Lovgrundlag", "/lovgrundlag"),
}
#: Properties that a page of its own shows in another way.
SPECIAL = ("evidence", "statement", "mentioned_in", "side", "bearer_inferred")
MOST = 60


def what_refers(answers: Answers, iri: str, leaving_out: tuple[str, ...] = ()) -> list[Any]:
    """What refers to a thing, by property and kind: (heading, things described)."""
    rows = [
        (str(r["property"]["label"]), r["by"])
        for r in table(answers, "references", ("thing", iri))
        if r["by"]["kind"] not in leaving_out
    ]
    rows.sort(key=lambda r: (kinds_name(r[1]["kind"]), r[0], r[1]["label"]))
    groups = []
    for (kind, words), run in groupby(rows, lambda r: (r[1]["kind"], r[0])):
        found = [by for _, by in run]
        described = answers.describe([f["iri"] for f in found[:MOST]])
        described.sort(key=lambda i: (int((i.get("order") or [999])[0]), str(i["label"])))
        groups.append((f"{kinds_name(kind)}: {words}", kind, described, len(found)))
    return groups


@router.get("/ansvar/{slug}")
def responsibility(request: Request, slug: str) -> Response:
    """One responsibility with each passage that states it."""
    service = service_of(request)
    answers = service.answers
    iri = resolve(answers, RESOURCES["responsibilities"], slug)
    item = answers.describe([iri])[0]
    as_of = day_of(request.query_params)
    if as_of:
        item["as_of"] = held(answers, [iri], as_of)[0]
    changes = held(answers, [iri], as_of or "9999-12-31")[0]["changes"]
    return render(
        request,
        "responsibility.html",
        item=item,
        changes=changes,
        bearers=derived(answers, iri),
        findings=findings_about(answers, {iri}),
        refers=what_refers(answers, iri, ("contradiction", "finding", "statement")),
        texts=with_texts(service, item.get("evidence", ()), 6),
        data_links=formats_of(data_of("responsibility", slug), as_of),
    )


def derived(answers: Answers, iri: str) -> list[Item]:
    """The organisations that bear a generic duty, as far as the rules carry it."""
    return [
        r["organisation"]
        for r in table(answers, "bearers-of-responsibility", ("responsibility", iri))
    ]


def thing_page(request: Request, iri: str) -> Response:
    """Everything about one thing, with what rests on it."""
    service = service_of(request)
    answers = service.answers
    kind, slug = kind_and_slug(iri) or ("", "")
    item = answers.describe([iri])[0]
    duties: list[dict[str, Any]] = []
    title = ""
    more = ""
    if kind in DUTIES:
        name, title = DUTIES[kind]
        duties = duty_table(answers, **{name: iri})
        more = f"/ansvar?{name}={slug}&statement_status=all"
    return render(
        request,
        "thing.html",
        item=item,
        special=SPECIAL,
        crumb=above(kind),
        duties=duties[:MOST],
        duty_count=len(duties),
        duties_title=title,
        more=more,
        refers=what_refers(answers, iri, ("responsibility",) if duties else ()),
        texts=with_texts(service, item.get("evidence", ()), 4),
        data_links=formats_of(data_of(kind, slug)),
    )


def above(kind: str) -> tuple[str, str] | None:
    """Words and path of the list that a kind stands under."""
    resource = BY_KIND.get(kind)
    return LISTS.get(kind) or ((resource.title, resource.list_page) if resource else None)


@router.get("/ting/{kind}/{slug:path}")
def any_page(request: Request, kind: str, slug: str) -> Response:
    """The page of a thing of a kind that has no page path of its own."""
    iri = existing(service_of(request).answers, kind, slug)
    own = page_url({"kind": kind, "id": slug})
    if own != request.url.path:
        return see_other(own)
    return thing_page(request, iri)
