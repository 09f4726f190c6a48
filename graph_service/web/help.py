"""Hjælp in plain Danish, and the accessibility statement."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.web.render import render

router = APIRouter(include_in_schema=False)


@router.get("/hjaelp")
def help_page(request: Request) -> Response:
    """What the words mean, and a tour for each persona."""
    return render(request, "help.html")


@router.get("/tilgaengelighed")
def accessibility(request: Request) -> Response:
    """The accessibility statement."""
    return render(request, "accessibility.html")
