"""Aktører: who there is, and what each must, should and may do, receives, sits in and carries."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import derivations, resolve, service_of
from graph_service.api.resources import RESOURCES, data_of
from graph_service.vocabulary import AG
from graph_service.web.assessments import assessment_of, group_of, initiatives
from graph_service.web.downloads import Columns, download, of, sources
from graph_service.web.events import all_events
from graph_service.web.items import Facet, Item, choose, things
from graph_service.web.render import downloads_of, formats_of, render
from graph_service.web.responsibilities import facet_values, matching, situations
from graph_service.web.texts import with_texts
from graph_service.web.things import what_refers

router = APIRouter(include_in_schema=False)
TYPES = {
    "Municipality": "Kommuner",
    "Region": "Regioner",
    "Hospital": "Sygehuse",
    "Authority": "Myndigheder",
    "Association": "Foreninger og organisationer",
    "Company": "Virksomheder",
    "FollowUpGroup": "Følgegrupper",
    "Forum": "Samordningsfora og andre fora",
    "Committee": "Udvalg",
    "WorkingGroup": "Arbejdsgrupper",
    "Role": "Roller",
    "GenericActor": "Aktører, som teksterne nævner dem",
    "Body": "Andre samarbejdsorganer",
    "Organisation": "Andre organisationer",
}
#: Forces in the order of the page: heading → modalities.
FORCES = {
    "Skal": ("Must", "HasResponsibility"),
    "Må ikke": ("MustNot",),
    "Bør": ("Should", "ShouldNot"),
    "Kan": ("May", "HasRight", "NeedNot"),
    "Forventes": ("Expected",),
}
COLUMNS: Columns = {
    "Navn": of("label"),
    "Slags": lambda i: kind_of(i)[0][1],
    "Også kaldet": of("alt_label"),
    "Hører under": lambda i: i.get("unit_of", i.get("unit_of_actor", "")),
    "Kommunekode": of("municipality_code"),
    "Kilde": sources,
    "Adresse": of("iri"),
}


def kind_of(item: Item) -> list[tuple[str, str]]:
    """The narrowest class of an actor as id and heading."""
    for type_, title in TYPES.items():
        if type_ in item.get("type", ()):
            return [(type_, title)]
    return [("Organisation", TYPES["Organisation"])]


FACETS = (Facet("kind", "Slags", kind_of, tuple(TYPES)),)


@router.get("/aktoerer")
def actor_list(request: Request) -> Response:
    """Actors by kind."""
    answers = service_of(request).answers
    asked = {k: v for k, v in request.query_params.items() if v}
    words = asked.get("q", "").casefold()
    items = [
        i
        for i in things(answers, "actors")
        if words in f"{i['label']} {' '.join(map(str, i.get('alt_label', ())))}".casefold()
    ]
    shown, selections = choose(items, FACETS, asked)
    file = download(request, "aktoerer", COLUMNS, shown)
    if file:
        return file
    groups: dict[str, list[Item]] = {title: [] for title in TYPES.values()}
    for item in shown:
        groups[kind_of(item)[0][1]].append(item)
    counts: Counter[str] = Counter()
    for facets in facet_values(answers).values():
        counts.update(facets.get("actor", ()))
    return render(
        request,
        "actors.html",
        groups=[(title, found) for title, found in groups.items() if found],
        total=len(shown),
        counts=counts,
        selections=selections,
        asked=asked,
        data_links=downloads_of(request, "/api/v1/actors"),
    )


@router.get("/aktoerer/{slug}")
def actor(request: Request, slug: str) -> Response:
    """One actor."""
    service = service_of(request)
    answers = service.answers
    iri = resolve(answers, RESOURCES["actors"], slug)
    item = answers.describe([iri])[0]
    found = matching(answers, {"actor": iri})
    receives = matching(answers, {"recipient": iri})
    refers = what_refers(
        answers, iri, ("responsibility", "initiative", "assessment", "remark", "statement")
    )
    mine = [i for i in initiatives(answers) if group_of(i)[0][0] == item["id"]]
    return render(
        request,
        "actor.html",
        item=item,
        kind=kind_of(item)[0][1],
        total=len(found),
        overview=overview(answers, found),
        duties=some_duties(answers, found, iri),
        receives=answers.describe(receives[:40]),
        receives_total=len(receives),
        bodies=[
            b
            for b in things(answers, "actors")
            if any(m["iri"] == iri for m in b.get("member", ()))
        ],
        initiatives=mine,
        assessment_of=assessment_of,
        events=[
            e
            for e in all_events(answers)
            if any(b["iri"] == iri for b in e.item.get("by_body", ()))
        ],
        refers=[r for r in refers if r[1] not in ("event", "passage")],
        texts=with_texts(service, item.get("evidence", ()), 2),
        slug=item["id"],
        data_links=formats_of(data_of(item["kind"], item["id"])),
    )


def overview(
    answers: Answers, found: list[str]
) -> list[tuple[str, str, list[tuple[str, str, int]]]]:
    """Duties counted by agreement and force: (id, agreement, [(force, parameter, number)])."""
    facets = facet_values(answers)
    counts: dict[str, Counter[str]] = {}
    for thing in found:
        for agreement in facets[thing].get("agreement", ()) or {""}:
            counter = counts.setdefault(agreement, Counter())
            mine = {m.removeprefix(AG) for m in facets[thing].get("modality", ())}
            counter.update(force for force, names in FORCES.items() if mine & set(names))
    labels = answers.labels(counts)
    return [
        (
            agreement.rpartition("/")[2],
            labels.get(agreement, "Efter lov eller uden aftale"),
            [(force, ",".join(names), counter[force]) for force, names in FORCES.items()],
        )
        for agreement, counter in sorted(counts.items(), key=lambda p: -sum(p[1].values()))
    ]


MOST = 60


def some_duties(
    answers: Answers, found: list[str], iri: str
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The first duties, described, by situation."""
    items = answers.describe(found[:MOST])
    derivations(answers, items, iri)
    places = situations(answers)
    groups: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        phase = next((places[p["iri"]][1] for p in item.get("phase", ()) if p["iri"] in places), "")
        groups.setdefault(phase, []).append(item)
    return list(groups.items())
