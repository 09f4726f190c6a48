"""The page of a list that has none of its own: what the API tells of each, as a table."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.api.formats import value_at
from graph_service.api.problems import Problem
from graph_service.api.request import PAGING, read_values, service_of
from graph_service.api.resources import LISTS, RESOURCES
from graph_service.api.things import see_other
from graph_service.web.render import formats_of, render

router = APIRouter(include_in_schema=False)
#: Things on a page.
SHOWN = 50


@router.get(LISTS)
def all_lists(request: Request) -> Response:
    """What lists there are, with how many things each has."""
    answers = service_of(request).answers
    lists = [
        (resource.title, resource.list_page, answers.count(resource.question or resource.name, {}))
        for resource in RESOURCES.values()
        if not resource.page
    ]
    return render(request, "lists.html", lists=sorted(lists), data_links=[("API", "/api/v1")])


@router.get(LISTS + "/{name}")
def one_list(request: Request, name: str) -> Response:
    """A list, by its name in the API, with the API's filters."""
    resource = RESOURCES.get(name)
    if resource is None:
        raise Problem("not-found", f"Listen {name[:80]!r} findes ikke. {LISTS} viser dem, der er.")
    if resource.page:
        return see_other(resource.page)
    service = service_of(request)
    question = service.questions[resource.question or name]
    values = read_values(request, {**question.parameters, "cursor": PAGING["cursor"]})
    cursor = values.pop("cursor", "")
    asked = {k: v for k, v in values.items() if v}
    page = service.answers.page(question.name, asked, limit=SHOWN, cursor=cursor)
    headings = {path: words for path, words in question.fields.items() if path != "label"}
    rows = [
        (
            item,
            [
                (path.rpartition(".")[2], words, _values(item, path))
                for path, words in headings.items()
            ],
        )
        for item in service.answers.describe(page.things)
    ]
    return render(
        request,
        "list.html",
        resource=resource,
        question=question,
        headings=headings,
        rows=rows,
        total=page.total,
        asked=asked,
        begun=bool(cursor),
        first=f"{resource.list_page}?{urlencode(asked)}",
        following=page.cursor
        and f"{resource.list_page}?{urlencode({**asked, 'cursor': page.cursor})}",
        data_links=formats_of(f"/api/v1/{name}", query=urlencode(asked)),
    )


def _values(item: dict[str, Any], path: str) -> list[Any]:
    value = value_at(item, path)
    return value if isinstance(value, list) else [] if value is None else [value]
