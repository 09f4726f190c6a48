"""Aftaler: the list, and one agreement with all that it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import resolve, service_of
from graph_service.api.resources import RESOURCES, data_of
from graph_service.web.downloads import Columns, download, of, sources
from graph_service.web.drawings import sequence, timeline
from graph_service.web.events import of_things, reference_day
from graph_service.web.findings import findings_about
from graph_service.web.items import Facet, Item, choose, first, ids, of_type, parts, things
from graph_service.web.render import downloads_of, formats_of, render
from graph_service.web.responsibilities import facet_values, matching
from graph_service.web.texts import with_texts

router = APIRouter(include_in_schema=False)
#: Sections of an agreement's page: class of the model → kind, heading.
SECTIONS = {
    "Commitment": ("commitment", "Forpligtelser"),
    "Recommendation": ("recommendation", "Anbefalinger"),
    "Definition": ("definition", "Begreber"),
    "Offer": ("offer", "Tilbud"),
    "Risk": ("risk", "Risici"),
    "LearningPoint": ("learning-point", "Læringspunkter"),
    "CrossReference": ("cross-reference", "Krydshenvisninger"),
    "Wish": ("wish", "Patienters ønsker"),
    "Claim": ("claim", "Oplysninger"),
    "Figure": ("figure", "Tal"),
}


def type_of(item: Item) -> list[tuple[str, str]]:
    """The narrowest classes of a work as id and Danish name."""
    general = {"Agreement", "SourceWork"}
    mine = [t for t in item.get("type", ()) if t not in general] or ["Agreement"]
    return [(t, TYPES.get(t, t)) for t in mine]


TYPES = {
    "HealthAgreement": "sundhedsaftale",
    "CooperationAgreement": "samarbejdsaftale",
    "PathwayProgramme": "forløbsprogram",
    "Guidance": "vejledning",
    "ActionPlan": "handleplan",
    "Policy": "politik",
    "Report": "rapport",
    "Letter": "brev eller oplæg",
    "Study": "undersøgelse",
    "Strategy": "strategi",
    "Agreement": "aftale",
}


def duty_counts(answers: Answers) -> Counter[str]:
    """Agreement IRI → number of responsibilities in it."""
    return Counter(
        agreement
        for facets in facet_values(answers).values()
        for agreement in facets.get("agreement", ())
    )


FACETS = (
    Facet("kind", "Slags", type_of),
    Facet("status", "Status", lambda i: ids(i, "status") or [("ingen", "ikke angivet")]),
    Facet("party", "Part", lambda i: ids(i, "party")),
)
COLUMNS: Columns = {
    "Titel": of("label"),
    "Slags": lambda i: ", ".join(words for _, words in type_of(i)),
    "Status": of("status"),
    "Parter": of("party"),
    "Hører til": of("part_of"),
    "Revision": of("revision_clause"),
    "Kilde": sources,
    "Adresse": of("iri"),
}


@router.get("/aftaler")
def agreement_list(request: Request) -> Response:
    """Agreements, programmes and other works, those with duties first."""
    answers = service_of(request).answers
    asked = {k: v for k, v in request.query_params.items() if v}
    items = [
        i
        for i in things(answers, "agreements")
        if asked.get("q", "").casefold() in f"{i['label']} {i.get('alt_label', '')}".casefold()
    ]
    shown, selections = choose(items, FACETS, asked)
    counts = duty_counts(answers)
    shown.sort(key=lambda i: (-counts[i["iri"]], i["label"]))
    file = download(request, "aftaler", COLUMNS, shown)
    if file:
        return file
    return render(
        request,
        "agreements.html",
        items=shown,
        counts=counts,
        selections=selections,
        asked=asked,
        type_of=type_of,
        data_links=downloads_of(request, "/api/v1/agreements"),
    )


@router.get("/aftaler/{slug}")
def agreement(request: Request, slug: str) -> Response:
    """One agreement: parties, life cycle, duties, messages, money, hearing, conflicts."""
    service = service_of(request)
    answers = service.answers
    iri = resolve(answers, RESOURCES["agreements"], slug)
    item = answers.describe([iri])[0]
    members = parts(answers, iri, ("responsibility", "statement", "assessment", "passage"))
    documents = {d["iri"] for e in item.get("evidence", ()) for d in e.get("in_document", ())}
    events = of_things(answers, [iri, *(e["iri"] for e in item.get("lifecycle_event", ()))])
    named = {a for e in events for a in [e.item["iri"]]}
    day = reference_day(answers)
    own = [e for e in events if e.item["iri"] in named]
    annexes = [
        a
        for a in things(answers, "agreements")
        if any(p["iri"] == iri for p in a.get("part_of", ()))
    ]
    return render(
        request,
        "agreement.html",
        item=item,
        type_of=type_of,
        annexes=annexes,
        documents=documents,
        events=own,
        timeline=timeline([("", own)], day) if own else None,
        day=day,
        duties=duty_summary(answers, iri),
        phases=phases(answers, iri),
        flows=flows(members),
        money=by_order([i for i in members if i["kind"] == "money-rule"]),
        indicators=by_order([i for i in members if i["kind"] == "indicator"]),
        hearing=hearing(answers, iri),
        sections=[
            (title, by_order([i for i in members if i["kind"] == kind]))
            for kind, title in SECTIONS.values()
            if any(i["kind"] == kind for i in members)
        ],
        target_groups=target_groups(answers, iri, item),
        findings=findings_about(answers, {iri, *(m["iri"] for m in members)}),
        texts=with_texts(service, item.get("evidence", ()), 2),
        slug=item["id"],
        data_links=formats_of(data_of(item["kind"], item["id"])),
    )


def by_order(items: list[Item]) -> list[Item]:
    """Things by the place that the source gives them, then by name."""
    return sorted(items, key=lambda i: (int(first(i, "order", 999)), str(i["label"])))


def flows(members: Iterable[Item]) -> list[tuple[str, list[Item], Any]]:
    """Message flows by situation: (situation, flows, their sequence drawing)."""
    groups: dict[str, list[Item]] = {}
    for item in members:
        if item["kind"] == "message-flow":
            phase = first(item, "phase", {"label": "Uden bestemt situation"})["label"]
            groups.setdefault(phase, []).append(item)
    return [(phase, found, sequence(found)) for phase, found in sorted(groups.items())]


def duty_summary(answers: Answers, iri: str) -> list[tuple[str, str, int]]:
    """Who has how many duties in an agreement: (actor's id, name, number)."""
    facets = facet_values(answers)
    found = matching(answers, {"agreement": iri, "statement_status": "all"})
    counts = Counter(b for r in found for b in facets.get(r, {}).get("bearer", ()))
    labels = answers.labels(counts)
    return [(b.rpartition("/")[2], labels.get(b, b), n) for b, n in counts.most_common()]


def phases(answers: Answers, iri: str) -> list[tuple[str, str, int]]:
    """The situations of an agreement with their number of duties: (id, name, number)."""
    facets = facet_values(answers)
    counts: Counter[str] = Counter()
    for values in facets.values():
        if iri in values.get("agreement", ()):
            counts.update(values.get("phase", ()))
    found = []
    for item in by_order(of_type(answers, "PathwayPhase")):
        if counts[item["iri"]]:
            found.append((item["id"], item["label"], counts[item["iri"]]))
    return found


def target_groups(answers: Answers, iri: str, item: Item) -> list[tuple[str, str, int]]:
    """The target groups that an agreement names or has duties for: (id, name, number)."""
    counts: Counter[str] = Counter({t["iri"]: 0 for t in item.get("target_group", ())})
    for values in facet_values(answers).values():
        if iri in values.get("agreement", ()):
            counts.update(values.get("target_group", ()))
    labels = answers.labels(counts)
    return [(t.rpartition("/")[2], labels.get(t, t), n) for t, n in counts.most_common()]


def hearing(answers: Answers, iri: str) -> list[tuple[str, list[Item]]]:
    """The remarks of the hearing on an agreement, by party, most remarks first."""
    parties: dict[str, list[Item]] = {}
    for item in of_type(answers, "HearingRemark"):
        about = {a["iri"] for n in ("about", "part_of", "agreed_in") for a in item.get(n, ())}
        if iri in about or not about or iri.endswith("/boern-og-unge"):
            name = first(item, "party", {"label": "Uden angivet afsender"})["label"]
            parties.setdefault(name, []).append(item)
    return sorted(parties.items(), key=lambda p: (-len(p[1]), p[0]))
