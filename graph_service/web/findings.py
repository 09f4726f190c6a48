"""Fund: what the review rules found, and the contradictions that readers noted."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import service_of
from graph_service.api.things import existing
from graph_service.web.downloads import Columns, download, of, sources
from graph_service.web.items import Facet, Item, choose, first, ids, of_type, table
from graph_service.web.render import downloads_of, formats_of, render
from graph_service.web.texts import with_texts

router = APIRouter(include_in_schema=False)
SEVERITIES = ("Critical", "Warning", "Notice")


def findings(answers: Answers) -> list[Item]:
    """The rules' findings, gravest first."""
    found = of_type(answers, "ReviewFinding", "finding")
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    return sorted(found, key=lambda f: (rank.get(severity_of(f)[0][0], 3), f["label"]))


def newest(answers: Answers, most: int) -> list[Item]:
    """The gravest findings, one for each rule first."""
    seen, chosen = set(), []
    for item in findings(answers):
        rule = rule_of(item)[0][0]
        if rule not in seen:
            seen.add(rule)
            chosen.append(item)
    return chosen[:most]


def severity_of(item: Item) -> list[tuple[str, str]]:
    """Severity as id and word."""
    if item["kind"] == "contradiction":
        return [("laeser", "noteret af en læser")]
    return ids(item, "severity") or [("Notice", "bemærk")]


def rule_of(item: Item) -> list[tuple[str, str]]:
    """The rule as id and name."""
    if item["kind"] == "contradiction":
        return [("laeser", "Noteret af en læser")]
    return [
        (r["id"] if isinstance(r, dict) else str(r), str(item["label"]))
        for r in item.get("rule", ())
    ] or [("andet", "Anden regel")]


def things_of(item: Item) -> list[Item]:
    """What a finding or a contradiction is about."""
    found = {
        value["iri"]: value
        for name in ("thing", "about", "between")
        for value in item.get(name, ())
        if isinstance(value, dict) and "kind" in value
    }
    return list(found.values())


def by_rule(items: list[Item]) -> list[tuple[str, str, str, list[Item]]]:
    """Findings grouped by rule: (rule, name, severity, findings), in the order given."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(rule_of(item)[0][0], []).append(item)
    return [
        (rule, rule_of(found[0])[0][1], severity_of(found[0])[0][0], found)
        for rule, found in groups.items()
    ]


def documents_of(item: Item) -> list[tuple[str, str]]:
    """The documents of an item's passages, as id and title."""
    return list(
        dict.fromkeys(
            (d["id"], d["label"])
            for e in item.get("evidence", ())
            for d in e.get("in_document", ())
        )
    )


FACETS = (
    Facet("severity", "Alvor", severity_of, SEVERITIES),
    Facet("rule", "Regel", rule_of),
    Facet("document", "Dokument", documents_of),
)
TEXTS = ("label", "description", "explanation", "suggestion")
COLUMNS: Columns = {
    "Alvor": lambda i: severity_of(i)[0][1],
    "Fund": of("label"),
    "Forklaring": lambda i: first(i, "explanation") or first(i, "description"),
    "Hvad man kan gøre": of("suggestion"),
    "Handler om": lambda i: "; ".join(str(t["label"]) for t in things_of(i)),
    "Regel": lambda i: rule_of(i)[0][1],
    "Kilde": sources,
    "Adresse": of("iri"),
}


@router.get("/fund")
def finding_list(request: Request) -> Response:
    """The findings of the rules and the readers' contradictions, with filters."""
    answers = service_of(request).answers
    asked = {k: v for k, v in request.query_params.items() if v}
    every = [
        *findings(answers),
        *sorted(of_type(answers, "Contradiction", "contradiction"), key=lambda i: i["label"]),
    ]
    words = asked.get("q", "").casefold()
    if words:
        every = [i for i in every if words in str({k: i.get(k) for k in TEXTS}).casefold()]
    kept, selections = choose(every, FACETS, asked)
    shown = [i for i in kept if i["kind"] != "contradiction"]
    contradictions = [i for i in kept if i["kind"] == "contradiction"]
    file = download(request, "fund", COLUMNS, kept)
    if file:
        return file
    return render(
        request,
        "findings.html",
        rules=by_rule(shown),
        total=len(shown),
        contradictions=contradictions,
        selections=selections,
        q=asked.get("q", ""),
        things_of=things_of,
        severity_of=severity_of,
        rule_of=rule_of,
        data_links=downloads_of(request),
    )


@router.get("/fund/{slug}")
def finding(request: Request, slug: str) -> Response:
    """One finding: explanation, both passages, what to do."""
    service = service_of(request)
    iri = existing(service.answers, "finding", slug)
    item = service.answers.describe([iri])[0]
    return render(
        request,
        "finding.html",
        item=item,
        title="Fund",
        severity=severity_of(item)[0],
        things=things_of(item),
        rule=rule_of(item)[0][1],
        texts=with_texts(service, item.get("evidence", ()), 8),
        data_links=formats_of(f"/api/v1/things/finding/{slug}"),
    )


def findings_about(answers: Answers, iris: set[str]) -> list[Item]:
    """The findings and contradictions that are about any of these things."""
    every = [*findings(answers), *of_type(answers, "Contradiction")]
    return [i for i in every if any(t["iri"] in iris for t in things_of(i))]


__all__ = ["findings", "findings_about", "newest", "router", "table"]
