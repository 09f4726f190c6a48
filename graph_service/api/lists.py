"""Lists and details of every kind of thing: ``/api/v1/{name}`` and ``/api/v1/{name}/{slug}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import MAX_PAGE, Answers
from graph_service.api.as_of import FORMATS, dated_columns, held
from graph_service.api.as_of_facts import add_history
from graph_service.api.formats import MEDIA_TYPES, SEPARATORS, choose, only, value_at
from graph_service.api.openapi import (
    PROBLEM_RESPONSES,
    answers_as,
    in_path,
    openapi_parameters,
)
from graph_service.api.problems import Problem
from graph_service.api.request import (
    AS_OF,
    FORMAT,
    PAGING,
    accept_of,
    base_url,
    day_of,
    integer,
    one_of,
    pairs_of,
    read_values,
    service_of,
    several,
)
from graph_service.api.resources import RESOURCES, Resource, page_of
from graph_service.api.shape import (
    derivations,
    forms,
    graph_answer,
    is_graph,
    json_answer,
    table_answer,
    with_links,
)
from graph_service.findings import documents
from graph_service.questions import Question
from graph_service.questions.parameters import nearest
from graph_service.vocabulary import ID, expand, kind_and_slug, thing

__all__ = [
    "AS_OF",
    "DATED",
    "PAGING",
    "PROBLEM_RESPONSES",
    "base_url",
    "derivations",
    "integer",
    "openapi_parameters",
    "read_values",
    "resolve",
    "router",
    "service_of",
    "thing_response",
    "with_links",
]

#: Lists whose rows can say whether they held on a day.
DATED = ("responsibilities", "agreements", "programmes", "legal-bases")
#: Members that every item keeps, whatever ``fields`` says.
KEPT = frozenset(("iri", "id", "as_of"))


def resolve(answers: Answers, resource: Resource, name: str) -> str:
    """The IRI of a thing by slug, by ``kind:slug`` or by full IRI.

    Raises:
        Problem: not-found, with the nearest slugs.
    """
    if ":" in name and not name.startswith(ID):
        try:
            name = expand(name)
        except ValueError:
            name = name.replace(":", " ")
    candidates = [name] if name.startswith(ID) else [thing(kind, name) for kind in resource.kinds]
    for iri in candidates:
        kind, _ = kind_and_slug(iri) or ("", "")
        sound = all(c not in iri and c.isprintable() for c in ' <>"{}|\\^`') and iri.isprintable()
        if sound and kind in resource.kinds and answers.exists(iri):
            return iri
    near = nearest(name, resource.kinds, answers)
    hint = f" Mente du {', '.join(near)}?" if near else ""
    raise Problem(
        "not-found", f"{resource.singular} {name[:200]!r} findes ikke.{hint}", nearest=near
    )


def list_route(resource: Resource, question: Question) -> Callable[[Request], Response]:
    """The endpoint that lists things of a kind."""
    dated = {"as_of": AS_OF} if resource.name in DATED else {}
    known = {**question.parameters, **dated, **PAGING}
    keys = ["label", *question.sorts]

    def endpoint(request: Request) -> Response:
        answers = service_of(request).answers
        values = read_values(request, known)
        as_of = day_of(values)
        known_fields = answers.fields.union(question.fields) if values.get("fields") else ()
        fields = several(values, "fields", known_fields)
        offers, why = offered(as_of, fields=bool(fields))
        chosen = choose(accept_of(request), values.pop("format", ""), offers, why)
        limit = integer(values, "limit", 50, 1, MAX_PAGE)
        sort = one_of(values, "sort", [*keys, *(f"-{k}" for k in keys)], "label")
        separator = one_of(values, "separator", SEPARATORS, "semicolon")
        total = one_of(values, "total", ("yes", "no"), "yes")
        asked = {k: v for k, v in values.items() if k in question.parameters}
        key = sort.removeprefix("-")
        page = answers.page(
            question.name,
            asked,
            limit=limit,
            cursor=values.get("cursor", ""),
            total=total == "yes",
            sort="" if key == "label" else key,
            descending=sort.startswith("-"),
        )
        base = base_url(request)
        following = ""
        if page.cursor:
            kept = [(k, v) for k, v in pairs_of(request) if k != "cursor"]
            following = f"{base}{request.url.path}?{urlencode([*kept, ('cursor', page.cursor)])}"
        shown = page_address(resource, question, values)
        headers = forms(request, chosen, offers, page=shown, following=following)
        if is_graph(chosen):
            return graph_answer(request, page.things, chosen, headers)
        items = items_of(request, resource, page.things, as_of, asked.get("actor", ""))
        if fields:
            members = KEPT.union(map(whole_of, fields))
            items = [{k: v for k, v in i.items() if k in members} for i in items]
        if chosen == "csv":
            columns = {k: h for k, h in question.fields.items() if not fields or k in fields}
            columns |= {name: name for name in fields if name not in columns}
            columns |= dated_columns(as_of)
            columns |= {"iri": "Adresse"} if resource.name != "findings" else {"id": "Id"}
            return table_answer(columns, items, separator, headers, resource.name)
        body: dict[str, Any] = {
            "question": question.title,
            "parameters": values,
            "snapshot": answers.store.snapshot,
            "total": page.total,
            "next": following or None,
            "page": base + shown,
        }
        if "undated" in question.parameters and {"due_before", "due_after"} & asked.keys():
            body["undated"] = undated(request, question, asked)
        return json_answer({**body, "items": items}, headers)

    endpoint.__name__ = "list_" + resource.name.replace("-", "_")
    endpoint.__doc__ = question.title
    return endpoint


def whole_of(field: str) -> str:
    """The member in which a column stands: ``assessment.rationale`` → ``assessment``."""
    return field.partition(".")[0]


def offered(as_of: str, *, fields: bool = False) -> tuple[Mapping[str, str], str]:
    """The formats of an answer, and why not others: those that can carry a verdict, or only some
    members, when that is asked for."""
    if as_of:
        return only(*FORMATS), " Kun de kan sige, om noget gjaldt en dag (as_of)."
    if fields:
        return only(*FORMATS), " Kun de kan nøjes med nogle felter (fields)."
    return MEDIA_TYPES, ""


def page_address(resource: Resource, question: Question, values: dict[str, str]) -> str:
    """Path and query of the page that shows a list."""
    kept = {k: v for k, v in values.items() if k in question.parameters or k == "as_of"}
    return resource.list_page + (f"?{urlencode(kept)}" if kept else "")


def undated(request: Request, question: Question, asked: dict[str, str]) -> dict[str, Any]:
    """How many things no bound is known for, beside those due before or after a day."""
    kept = {k: v for k, v in asked.items() if k not in ("due_before", "due_after")}
    apart = {**kept, "undated": "yes"}
    answers = service_of(request).answers
    return {
        "total": answers.count(question.name, apart),
        "href": f"{base_url(request)}{request.url.path}?{urlencode(apart)}",
    }


def items_of(
    request: Request, resource: Resource, things: list[str], as_of: str = "", actor: str = ""
) -> list[dict[str, Any]]:
    """Things as the API shows them, in order.

    Args:
        as_of: the day on which to say whether each held, or empty.
        actor: the organisation whose derivations to tell, or empty.
    """
    answers = service_of(request).answers
    if resource.name == "findings":
        return documents(answers.triples(things), things)
    items = [with_links(request, item) for item in answers.describe(things)]
    add_history(answers, items)
    if as_of:
        for item, verdict in zip(items, held(answers, things, as_of), strict=True):
            item["as_of"] = verdict
    if actor and resource.name == "responsibilities":
        derivations(answers, items, actor)
    return items


def detail_route(resource: Resource) -> Callable[..., Response]:
    """The endpoint that tells everything about one thing."""
    known = detail_parameters(resource)

    def endpoint(request: Request, slug: str) -> Response:
        answers = service_of(request).answers
        values = read_values(request, known)
        as_of = day_of(values)
        chosen = choose(accept_of(request), values.get("format", ""), *offered(as_of))
        separator = one_of(values, "separator", SEPARATORS, "semicolon")
        iri = resolve(answers, resource, slug)
        return thing_response(request, iri, chosen, as_of, separator)

    endpoint.__name__ = "get_" + resource.name.replace("-", "_")
    return endpoint


def detail_parameters(resource: Resource) -> dict[str, Any]:
    """The parameters of the address of one thing."""
    dated = {"as_of": AS_OF} if resource.name in DATED else {}
    return {"format": FORMAT, "separator": PAGING["separator"], **dated}


def thing_response(
    request: Request, iri: str, chosen: str, as_of: str = "", separator: str = "semicolon"
) -> Response:
    """One thing in the format chosen, with links to its other forms."""
    answers = service_of(request).answers
    kind, slug = kind_and_slug(iri) or ("", "")
    page = page_of(kind, slug) + (f"?as_of={as_of}" if as_of else "")
    headers = forms(request, chosen, offered(as_of)[0], page=page)
    if is_graph(chosen):
        return graph_answer(request, [iri], chosen, headers)
    item = with_links(request, answers.describe([iri])[0])
    add_history(answers, [item])
    if kind == "finding":
        (finding,) = documents(answers.triples([iri]), [iri])
        item = {**item, **finding}
    if as_of:
        item["as_of"] = held(answers, [iri], as_of)[0]
    if chosen == "csv":
        rows = [{"name": k, "value": v} for k, v in item.items() if k != "as_of"]
        rows += [
            {"name": heading, "value": value_at(item, path)}
            for path, heading in dated_columns(as_of).items()
        ]
        return table_answer({"name": "Felt", "value": "Værdi"}, rows, separator, headers, kind)
    item["snapshot"] = answers.store.snapshot
    return json_answer(item, headers)


def router(questions: dict[str, Question]) -> APIRouter:
    """The routes of every resource."""
    routes = APIRouter(prefix="/api/v1")
    for resource in RESOURCES.values():
        question = questions[resource.question or resource.name]
        dated = {"as_of": AS_OF} if resource.name in DATED else {}
        known = {**question.parameters, **dated, **PAGING}
        finding = resource.name == "findings"
        routes.add_api_route(
            f"/{resource.name}",
            list_route(resource, question),
            methods=["GET"],
            summary=question.title,
            description=question.about or question.title,
            openapi_extra={"parameters": openapi_parameters(known, question)},
            responses=answers_as("Findings" if finding else "List"),
            response_class=Response,
            tags=[resource.title],
        )
        if resource.name == "evidence":
            continue
        slug = in_path("slug", f"Slug: {resource.singular}")
        routes.add_api_route(
            f"/{resource.name}/{{slug}}",
            detail_route(resource),
            methods=["GET"],
            summary=f"Alt om én: {resource.singular}",
            openapi_extra={"parameters": [slug, *openapi_parameters(detail_parameters(resource))]},
            responses=answers_as("Thing"),
            response_class=Response,
            tags=[resource.title],
        )
    return routes
