"""Hjælp in plain Danish, and the accessibility statement."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.api.lists import service_of
from graph_service.web.render import render

router = APIRouter(include_in_schema=False)


@router.get("/hjaelp")
def help_page(request: Request) -> Response:
    """What the words mean, and a tour for each persona."""
    return render(request, "help.html")


@router.get("/tilgaengelighed")
def accessibility(request: Request) -> Response:
    """The accessibility statement, with the operator's contact where one is set."""
    contact = service_of(request).settings.contact
    return render(request, "accessibility.html", contact=contact, link=contact_link(contact))


def contact_link(contact: str) -> str:
    """Where a contact leads: a web address, a mail address, or nowhere."""
    if " " in contact:
        return ""
    if contact.startswith(("https://", "http://")):
        return contact
    return "mailto:" + contact if "@" in contact else ""
