"""The pages: front page, lists, one page for each thing, passages, SPARQL, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from graph_service.answers import Answers
from graph_service.api.as_of import held
from graph_service.api.lists import (
    AS_OF,
    PAGING,
    derivations,
    read_values,
    resolve,
    service_of,
)
from graph_service.api.problems import Problem
from graph_service.api.resources import BY_KIND, RESOURCES, Resource, data_of, page_of
from graph_service.api.things import existing
from graph_service.evidence import passage
from graph_service.questions.parameters import ENUMS, bind
from graph_service.vocabulary import AG, kind_and_slug
from graph_service.web.words import HEADINGS, heading

FOLDER = Path(__file__).parent
router = APIRouter(include_in_schema=False)
templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
#: Strict: nothing inline, nothing from another host.
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
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
)


def page_url(item: dict[str, Any]) -> str:
    """Path of the page of something that an answer names, or empty."""
    if item.get("kind") == "passage":
        return f"/kilder/{item['id']}"
    return page_of(item["kind"], item["id"]) if "kind" in item else ""


templates.globals.update(
    page_url=page_url, heading=heading, HEADINGS=HEADINGS, RESOURCES=RESOURCES, ENUMS=ENUMS
)


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page; every page knows the snapshot it shows and the address of its data."""
    service = service_of(request)
    try:
        snapshot = service.manifest
    except Exception:
        snapshot = None
    html = templates.get_template(template).render(
        request=request, manifest=snapshot, path=request.url.path, **values
    )
    return HTMLResponse(html, status, SECURITY)


def problem_page(request: Request, problem: Problem) -> HTMLResponse:
    """An error in words, with what to do next."""
    page = render(request, "problem.html", problem.status, problem=problem, data_links=[])
    page.headers.update(problem.headers)
    return page


def mount_static(app: FastAPI) -> None:
    """Serve the style sheets, scripts and icons."""
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")


def formats_of(path: str, query: str = "") -> list[tuple[str, str]]:
    """Names and addresses of the other forms of what a page shows."""
    names = (("JSON", "json"), ("JSON-LD", "jsonld"), ("Turtle", "turtle"), ("CSV", "csv"))
    join = f"{query}&" if query else ""
    return [(name, f"{path}?{join}format={short}") for name, short in names]


@router.get("/")
def front(request: Request) -> Response:
    """The front page: one field, five questions, the ways in."""
    return render(request, "front.html", examples=EXAMPLES, data_links=[("JSON", "/api/v1")], q="")


@router.get("/soeg")
def search(request: Request) -> Response:
    """Things whose names hold the words asked for."""
    q = request.query_params.get("q", "").strip()[:200]
    answers = service_of(request).answers
    groups = []
    for resource in RESOURCES.values():
        if not q or resource.name == "evidence":
            continue
        values = {"q": q}
        if resource.name == "responsibilities":
            values["statement_status"] = "all"
        page = answers.page(resource.name, values, limit=20)
        if page.things:
            groups.append((resource, answers.describe(page.things), page.total))
    return render(request, "search.html", q=q, groups=groups, data_links=[])


def list_page(resource: Resource) -> Any:
    """The page that lists things of a kind."""

    def endpoint(request: Request) -> Response:
        service = service_of(request)
        answers = service.answers
        question = service.questions[resource.name]
        known = {**question.parameters, "as_of": AS_OF, "cursor": PAGING["cursor"]}
        values = {k: v for k, v in read_values(request, known).items() if v}
        as_of = values.pop("as_of", "")
        if as_of:
            bind({"as_of": AS_OF}, {"as_of": as_of}, answers)
        cursor = values.pop("cursor", "")
        page = answers.page(resource.name, values, cursor=cursor)
        items = answers.describe(page.things)
        if as_of:
            verdicts = held(answers, page.things, as_of)
            for item, verdict in zip(items, verdicts, strict=True):
                item["as_of"] = verdict
        if "actor" in values:
            derivations(answers, items, values["actor"])
        query = urlencode(values)
        following = f"?{urlencode({**values, 'cursor': page.cursor})}" if page.cursor else ""
        template = "responsibilities.html" if resource.name == "responsibilities" else "list.html"
        return render(
            request,
            template,
            resource=resource,
            question=question,
            values=values,
            as_of=as_of,
            chosen=chosen_labels(answers, question.parameters, values),
            items=items,
            total=page.total,
            following=following,
            data_links=formats_of(f"/api/v1/{resource.name}", query),
        )

    return endpoint


def chosen_labels(
    answers: Answers, parameters: Any, values: dict[str, str]
) -> list[tuple[str, str]]:
    """The filters in force, in words."""
    words = []
    for name, value in values.items():
        parameter = parameters[name]
        text = value
        if parameter.type == "thing":
            terms = bind({name: parameter}, {name: value}, answers)
            iris = [t.strip("<>") for t in terms[name].split()]
            text = ", ".join(answers.labels(iris).get(i, i) for i in iris)
        elif parameter.type == "enum":
            text = ", ".join(ENUMS[parameter.of[0]].get(v, v) for v in value.split(","))
        words.append((parameter.label, text))
    return words


def detail_page(resource: Resource) -> Any:
    """The page of one thing."""

    def endpoint(request: Request, slug: str) -> Response:
        answers = service_of(request).answers
        iri = resolve(answers, resource, slug)
        return thing_page(request, iri)

    return endpoint


#: Lists that a thing's page shows: kind → (resource, parameter, heading).
RELATED = {
    "law": [("responsibilities", "law", "Ansvar, der hviler på bestemmelsen")],
    "agreement": [("responsibilities", "agreement", "Ansvar i aftalen")],
    "programme": [("responsibilities", "agreement", "Ansvar i programmet")],
    "actor": [("responsibilities", "actor", "Ansvar")],
    "organisation": [("responsibilities", "actor", "Ansvar")],
    "body": [("responsibilities", "actor", "Ansvar")],
    "role": [("responsibilities", "actor", "Ansvar")],
    "task": [("responsibilities", "task", "Ansvar for opgaven")],
    "situation": [("responsibilities", "phase", "Ansvar i situationen")],
    "target-group": [("responsibilities", "target_group", "Ansvar over for målgruppen")],
    "message": [("responsibilities", "channel", "Ansvar, der bruger meddelelsen")],
}


def thing_page(request: Request, iri: str) -> Response:
    """Everything about one thing, with what rests on it."""
    answers = service_of(request).answers
    kind, slug = kind_and_slug(iri) or ("", "")
    item = answers.describe([iri])[0]
    related = []
    for name, parameter, title in RELATED.get(kind, ()):
        values = {parameter: iri, "statement_status": "all"}
        page = answers.page(name, values, limit=100)
        rows = answers.describe(page.things)
        if parameter == "actor":
            derivations(answers, rows, iri)
        more = f"{RESOURCES[name].page}?{urlencode({parameter: slug})}"
        related.append((title, rows, page.total, more))
    today = request.query_params.get("as_of", "")
    if today:
        bind({"as_of": AS_OF}, {"as_of": today}, answers)
    changes = held(answers, [iri], today or "9999-12-31")[0]["changes"] if kind == "law" else []
    return render(
        request,
        "thing.html",
        item=item,
        resource=BY_KIND.get(kind),
        related=related,
        changes=changes,
        data_links=formats_of(data_of(kind, slug)),
    )


@router.get("/kilder/{file}/{lines}")
def passage_page(request: Request, file: str, lines: str) -> Response:
    """A passage with the cited lines marked, and all that is said on its ground."""
    service = service_of(request)
    answers = service.answers
    stem = file.removesuffix(".txt")
    iri = existing(answers, "passage", f"{stem}/{lines}")
    first, _, last = lines.partition("-")
    found = passage(answers.store, service.settings.corpus, stem, int(first), int(last))
    if found is None:
        raise Problem("not-found", f"Intet i grafen henviser til {file}, linje {lines}.")
    item = answers.describe([iri])[0]
    rows = answers.store.select(
        f"SELECT DISTINCT ?thing WHERE {{ ?thing ag:evidence <{iri}> . "
        f"?thing skos:prefLabel ?label }}"
    )
    citing = answers.describe([row["thing"].value for row in rows])
    return render(
        request,
        "passage.html",
        item=item,
        found=found,
        citing=citing,
        data_links=[("JSON", f"/api/v1/evidence/{stem}/{lines}")],
    )


@router.get("/ting/{kind}/{slug:path}")
def any_page(request: Request, kind: str, slug: str) -> Response:
    """The page of a thing of a kind that has no page path of its own."""
    iri = existing(service_of(request).answers, kind, slug)
    if kind in BY_KIND:
        return RedirectResponse(page_of(kind, slug), 303)
    return thing_page(request, iri)


def sparql_page(request: Request) -> Response:
    """The SPARQL form for a browser."""
    return render(
        request,
        "sparql.html",
        questions=service_of(request).questions,
        query=request.query_params.get("query", ""),
        data_links=[],
    )


for _resource in RESOURCES.values():
    if _resource.name != "evidence":
        router.add_api_route(_resource.page, list_page(_resource), methods=["GET"])
        router.add_api_route(_resource.page + "/{slug}", detail_page(_resource), methods=["GET"])

__all__ = ["AG", "mount_static", "problem_page", "router", "sparql_page"]
