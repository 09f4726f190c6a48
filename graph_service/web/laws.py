"""Lovgrundlag: the provisions cited, what rests on them, and what has become of them since."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.as_of import held
from graph_service.api.lists import resolve, service_of
from graph_service.api.request import day_of
from graph_service.api.resources import RESOURCES, data_of
from graph_service.web.downloads import Columns, download, of, sources
from graph_service.web.items import Facet, Item, choose, first, ids, of_type, things
from graph_service.web.render import downloads_of, formats_of, render
from graph_service.web.responsibilities import duty_table, facet_values
from graph_service.web.texts import with_texts
from graph_service.web.things import what_refers

router = APIRouter(include_in_schema=False)
FACETS = (
    Facet("law", "Lov", lambda i: ids(i, "is_part_of")[:1] or [(i["id"], i["label"])]),
    Facet("assigns_to", "Gør ansvarlig", lambda i: ids(i, "assigns_to")),
)
COLUMNS: Columns = {
    "Bestemmelse": of("label"),
    "Indhold": lambda i: first(i, "definition") or first(i, "description"),
    "Gør ansvarlig": of("assigns_to"),
    "Hører til": of("is_part_of"),
    "Kilde": sources,
    "Adresse": of("iri"),
}


def changed(answers: Answers) -> dict[str, list[Item]]:
    """Provision → the changes of law that touch it."""
    found: dict[str, list[Item]] = {}
    for change in of_type(answers, "LegalChange", "legal-change"):
        for provision in change.get("changes", ()):
            if isinstance(provision, dict):
                found.setdefault(provision["iri"], []).append(change)
    return found


@router.get("/lovgrundlag")
def law_list(request: Request) -> Response:
    """The provisions that the sources cite, by law."""
    answers = service_of(request).answers
    asked = {k: v for k, v in request.query_params.items() if v}
    words = asked.get("q", "").casefold()
    items = [
        i
        for i in things(answers, "legal-bases")
        if words in f"{i['label']} {first(i, 'definition')}".casefold()
    ]
    shown, selections = choose(items, FACETS, asked)
    file = download(request, "lovgrundlag", COLUMNS, shown)
    if file:
        return file
    counts: Counter[str] = Counter()
    for facets in facet_values(answers).values():
        counts.update(facets.get("law", ()))
    return render(
        request,
        "laws.html",
        items=sorted(shown, key=lambda i: natural(str(i["label"]))),
        counts=counts,
        changed=changed(answers),
        selections=selections,
        asked=asked,
        data_links=downloads_of(request, "/api/v1/legal-bases"),
    )


def natural(label: str) -> list[tuple[int, str]]:
    """Sorts ``§ 9`` before ``§ 83``."""
    import re

    return [
        (int(part), "") if part.isdecimal() else (0, part.casefold())
        for part in re.split(r"(\d+)", label)
    ]


@router.get("/lovgrundlag/{slug}")
def law(request: Request, slug: str) -> Response:
    """One provision."""
    service = service_of(request)
    answers = service.answers
    iri = resolve(answers, RESOURCES["legal-bases"], slug)
    item = answers.describe([iri])[0]
    as_of = day_of(request.query_params)
    changes = held(answers, [iri], as_of or "9999-12-31")[0]["changes"]
    parts = [
        i
        for i in things(answers, "legal-bases")
        if any(p["iri"] == iri for p in i.get("is_part_of", ()))
    ]
    return render(
        request,
        "law.html",
        item=item,
        provisions=sorted(parts, key=lambda i: natural(str(i["label"]))),
        changes=changes,
        as_of=as_of,
        duties=duty_table(answers, law=iri),
        mentions=duty_table(answers, mentions=iri),
        refers=what_refers(answers, iri, ("responsibility", "law", "legal-change")),
        texts=with_texts(service, item.get("evidence", ()), 4),
        slug=item["id"],
        data_links=formats_of(data_of("law", item["id"]), as_of),
    )
