"""Lists and details of every kind of thing: ``/api/v1/{name}`` and ``/api/v1/{name}/{slug}``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import MAX_PAGE, Answers
from graph_service.api.as_of import held
from graph_service.api.formats import MEDIA_TYPES, choose, to_csv, to_json, to_rdf
from graph_service.api.problems import Problem
from graph_service.api.resources import RESOURCES, Resource, data_of, page_of
from graph_service.questions import Parameter, Question
from graph_service.questions.parameters import ENUMS, ParameterError, bind, nearest
from graph_service.service import Service
from graph_service.vocabulary import ID, expand, kind_and_slug, thing

#: Parameters of every list, beside those of its question.
PAGING = {
    "limit": Parameter("limit", "integer", ("",), False, f"Højst så mange, 1-{MAX_PAGE}"),
    "cursor": Parameter("cursor", "text", ("",), False, "Hvor siden begynder"),
    "sort": Parameter("sort", "text", ("",), False, "label eller -label"),
    "fields": Parameter("fields", "text", ("",), False, "Felter, adskilt af komma"),
    "total": Parameter("total", "text", ("",), False, "no: tæl ikke"),
    "format": Parameter("format", "text", ("",), False, ", ".join(MEDIA_TYPES)),
}
AS_OF = Parameter("as_of", "date", ("",), False, "Som det var den dag")
#: Lists whose rows can say whether they held on a day.
DATED = ("responsibilities", "agreements", "legal-bases")


def service_of(request: Request) -> Service:
    """The service that a request belongs to."""
    service: Service = request.app.state.service
    return service


def resolve(answers: Answers, resource: Resource, name: str) -> str:
    """The IRI of a thing by slug or by full IRI.

    Raises:
        Problem: not-found, with the nearest slugs.
    """
    candidates = [name] if name.startswith(ID) else [thing(kind, name) for kind in resource.kinds]
    for iri in candidates:
        if all(c not in iri for c in ' <>"{}|\\^`') and answers.exists(iri):
            return iri
    near = nearest(name, resource.kinds, answers)
    hint = f" Mente du {', '.join(near)}?" if near else ""
    raise Problem("not-found", f"{resource.singular} {name!r} findes ikke.{hint}", nearest=near)


def with_links(request: Request, item: dict[str, Any]) -> dict[str, Any]:
    """A thing's data with the address of its page and of its data."""
    split = kind_and_slug(item["iri"])
    if split:
        base = base_url(request)
        item["page"] = base + page_of(*split)
        item["data"] = base + data_of(*split)
    return item


def base_url(request: Request) -> str:
    """The public address of the service, without a trailing slash."""
    return service_of(request).settings.public_url or str(request.base_url).rstrip("/")


def read_values(request: Request, known: dict[str, Parameter]) -> dict[str, str]:
    """The parameters of a request; one given twice joins with a comma.

    Raises:
        ParameterError: an unknown one, with the nearest.
    """
    values: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        values[name] = f"{values[name]},{value}" if name in values else value
    bind(known, {n: "" if n in known else v for n, v in values.items()}, Nothing())
    return values


class Nothing:
    """A lookup that knows nothing: for checking names only."""

    def exists(self, iri: str) -> bool:
        return False

    def slugs(self, kind: str) -> dict[str, str]:
        return {}


def integer(values: dict[str, str], name: str, default: int, low: int, high: int) -> int:
    """A whole number among the parameters.

    Raises:
        ParameterError: it is not one, or out of bounds.
    """
    text = values.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text[:12]) <= high:
        raise ParameterError(
            name, f"skal være et helt tal fra {low} til {high}, ikke {text[:40]!r}"
        )
    return int(text)


def list_route(resource: Resource, question: Question) -> Callable[[Request], Response]:
    """The endpoint that lists things of a kind."""
    dated = {"as_of": AS_OF} if resource.name in DATED else {}
    known = {**question.parameters, **dated, **PAGING}

    def endpoint(request: Request) -> Response:
        service = service_of(request)
        answers = service.answers
        values = read_values(request, known)
        chosen = choose(request.headers.get("accept", ""), values.pop("format", ""))
        limit = integer(values, "limit", 50, 1, MAX_PAGE)
        values.pop("limit", None)
        fields = [f for f in values.pop("fields", "").split(",") if f]
        sort = values.pop("sort", "label")
        if sort not in ("label", "-label"):
            raise ParameterError("sort", "skal være label eller -label")
        as_of = values.pop("as_of", "")
        if as_of:
            bind({"as_of": AS_OF}, {"as_of": as_of}, answers)
        page = answers.page(
            resource.name,
            {k: v for k, v in values.items() if k not in ("cursor", "total")},
            limit=limit,
            cursor=values.get("cursor", ""),
            total=values.get("total", "yes") != "no",
            descending=sort == "-label",
        )
        headers = {}
        following = ""
        if page.cursor:
            query = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
            following = f"{request.url.path}?{urlencode([*query, ('cursor', page.cursor)])}"
            headers["Link"] = f'<{following}>; rel="next"'
        if chosen in ("jsonld", "turtle", "nquads"):
            triples = answers.triples(page.things)
            context = service.settings.project / "ontology" / "context.jsonld"
            return Response(to_rdf(triples, chosen, context), 200, headers, MEDIA_TYPES[chosen])
        items = [with_links(request, item) for item in answers.describe(page.things)]
        if as_of:
            for item, verdict in zip(items, held(answers, page.things, as_of), strict=True):
                item["as_of"] = verdict
        if "actor" in values:
            derivations(answers, items, values["actor"])
        if fields:
            items = [
                {k: v for k, v in item.items() if k in ("iri", "id", *fields)} for item in items
            ]
        if chosen == "csv":
            columns = {k: h for k, h in resource.columns.items() if not fields or k in fields}
            columns |= {"iri": "Adresse"}
            return Response(to_csv(columns, items), 200, headers, "text/csv; charset=utf-8")
        body = {
            "question": question.title,
            "parameters": values,
            "snapshot": answers.store.snapshot,
            "total": page.total,
            "next": following or None,
            "items": items,
        }
        return Response(to_json(body), 200, headers, "application/json")

    endpoint.__name__ = "list_" + resource.name.replace("-", "_")
    endpoint.__doc__ = question.title
    return endpoint


def derivations(answers: Answers, items: list[dict[str, Any]], actor: str) -> None:
    """Say for each responsibility how the organisation asked about comes to bear it."""
    iri = next(
        (
            thing(kind, slug)
            for slug in [actor.rpartition("/")[2]]
            for kind in ("organisation",)
            if answers.exists(thing(kind, slug))
        ),
        "",
    )
    if not iri or not items:
        return
    wanted = " ".join(f"<{item['iri']}>" for item in items)
    rows = list(
        answers.store.select(
            f"SELECT DISTINCT ?r ?actor ?agreement ?body WHERE {{ VALUES ?r {{ {wanted} }} "
            f"?r ag:derivation ?d . ?d ag:forOrganisation <{iri}> ; ag:viaActor ?actor . "
            "OPTIONAL { ?d ag:viaAgreement ?agreement } OPTIONAL { ?d ag:viaBody ?body } }"
        )
    )
    labels = answers.labels(v.value for row in rows for v in row.values())
    by_thing: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        derivation = {
            f"via_{name}": answers.reference(row[name].value, labels)
            for name in ("actor", "agreement", "body")
            if name in row
        }
        by_thing.setdefault(row["r"].value, []).append(derivation)
    for item in items:
        item["derivation"] = by_thing.get(item["iri"], [])


def detail_route(resource: Resource) -> Callable[..., Response]:
    """The endpoint that tells everything about one thing."""

    def endpoint(request: Request, slug: str) -> Response:
        service = service_of(request)
        answers = service.answers
        values = read_values(request, {"format": PAGING["format"], "as_of": AS_OF})
        chosen = choose(request.headers.get("accept", ""), values.get("format", ""))
        iri = resolve(answers, resource, expand(slug) if ":" in slug else slug)
        return thing_response(request, iri, chosen, values.get("as_of", ""))

    endpoint.__name__ = "get_" + resource.name.replace("-", "_")
    return endpoint


def thing_response(request: Request, iri: str, chosen: str, as_of: str = "") -> Response:
    """One thing in the format chosen, with links to its other forms."""
    service = service_of(request)
    answers = service.answers
    kind, slug = kind_and_slug(iri) or ("", "")
    page = base_url(request) + page_of(kind, slug)
    headers = {"Link": f'<{page}>; rel="alternate"; type="text/html"'}
    if chosen in ("jsonld", "turtle", "nquads"):
        context = service.settings.project / "ontology" / "context.jsonld"
        return Response(
            to_rdf(answers.triples([iri]), chosen, context), 200, headers, MEDIA_TYPES[chosen]
        )
    item = with_links(request, answers.describe([iri])[0])
    if as_of:
        bind({"as_of": AS_OF}, {"as_of": as_of}, answers)
        item["as_of"] = held(answers, [iri], as_of)[0]
    if chosen == "csv":
        rows = [{"name": k, "value": v} for k, v in item.items()]
        body = to_csv({"name": "Felt", "value": "Værdi"}, rows)
        return Response(body, 200, headers, "text/csv; charset=utf-8")
    item["snapshot"] = answers.store.snapshot
    return Response(to_json(item), 200, headers, "application/json")


def openapi_parameters(known: dict[str, Parameter]) -> list[dict[str, Any]]:
    """The parameters of a list as OpenAPI describes them."""
    described = []
    for parameter in known.values():
        schema: dict[str, Any] = {"type": "string"}
        if parameter.type == "integer":
            schema = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
        if parameter.name == "limit":
            schema = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}
        if parameter.type == "date":
            schema["format"] = "date"
        if parameter.type == "enum":
            schema["description"] = "En eller flere af " + ", ".join(ENUMS[parameter.of[0]])
        if parameter.type == "thing":
            schema["description"] = f"Slug eller IRI; slags: {', '.join(parameter.of)}"
        described.append(
            {
                "name": parameter.name,
                "in": "query",
                "required": parameter.required,
                "description": parameter.label,
                "schema": schema,
            }
        )
    return described


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"description": text, "content": {"application/problem+json": {}}}
    for code, text in {
        400: "En parameter kan ikke bruges",
        404: "Findes ikke",
        406: "Formatet kan ikke leveres",
        503: "Grafen kan ikke nås lige nu",
    }.items()
}


def router(questions: dict[str, Question]) -> APIRouter:
    """The routes of every resource."""
    routes = APIRouter(prefix="/api/v1")
    formats: dict[str, Any] = {media: {} for media in MEDIA_TYPES.values()}
    for resource in RESOURCES.values():
        ok: dict[int | str, dict[str, Any]] = {200: {"description": "Svaret", "content": formats}}
        if resource.name in questions:
            question = questions[resource.name]
            dated = {"as_of": AS_OF} if resource.name in DATED else {}
            known = {**question.parameters, **dated, **PAGING}
            routes.add_api_route(
                f"/{resource.name}",
                list_route(resource, question),
                methods=["GET"],
                summary=question.title,
                description=question.about or question.title,
                openapi_extra={"parameters": openapi_parameters(known)},
                responses={**ok, **PROBLEM_RESPONSES},
                response_class=Response,
                tags=[resource.title],
            )
        if resource.name != "evidence":
            routes.add_api_route(
                f"/{resource.name}/{{slug}}",
                detail_route(resource),
                methods=["GET"],
                summary=f"Alt om én: {resource.singular}",
                openapi_extra={
                    "parameters": openapi_parameters({"format": PAGING["format"], "as_of": AS_OF})
                },
                responses={**ok, **PROBLEM_RESPONSES},
                response_class=Response,
                tags=[resource.title],
            )
    return routes
