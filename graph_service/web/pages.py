"""All pages put together; the application asks this module only."""

from __future__ import annotations

from fastapi import APIRouter

from graph_service.web import (
    actors,
    agreements,
    briefing,
    calendar,
    developer,
    findings,
    front,
    graph,
    help,
    initiative,
    initiatives,
    laws,
    lists,
    matrix,
    responsibilities,
    sources,
    things,
)
from graph_service.web.developer import sparql_page
from graph_service.web.render import problem_page
from graph_service.web.static import mount_static

router = APIRouter(include_in_schema=False)
for family in (
    front,
    responsibilities,
    initiatives,
    initiative,
    agreements,
    laws,
    actors,
    findings,
    calendar,
    briefing,
    sources,
    matrix,
    graph,
    developer,
    help,
    things,
    lists,
):
    router.include_router(family.router)

#: What the pages offer as files, for programs too.
files = APIRouter()
for maker in (calendar, initiative, front, developer):
    files.include_router(maker.files)

__all__ = ["files", "mount_static", "problem_page", "router", "sparql_page"]
