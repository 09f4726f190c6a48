"""Pages from templates: one environment, strict security headers, links between twins."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, Undefined, select_autoescape
from starlette.responses import HTMLResponse

from graph_service.api.as_of import FORMATS as DATED_FORMATS
from graph_service.api.formats import MEDIA_TYPES, RDF_FORMATS
from graph_service.api.lists import service_of
from graph_service.api.problems import Problem
from graph_service.api.request import wants_gzip
from graph_service.api.resources import LISTS, page_of
from graph_service.questions.parameters import ENUMS
from graph_service.service import NoSnapshotError
from graph_service.store import StoreError
from graph_service.web.office import DOCX, XLSX
from graph_service.web.sentences import derived, sentence
from graph_service.web.static import has_design_system, static_url
from graph_service.web.words import (
    HEADINGS,
    capital,
    danish_date,
    heading,
    kind_name,
    kinds_name,
    term_words,
)
from graph_service.wording import many

FOLDER = Path(__file__).parent


class Missing(Undefined):
    """What an answer does not have: false and empty, but an error where it would be printed."""

    def __str__(self) -> str:
        self._fail_with_undefined_error()


templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=select_autoescape(["html", "svg"]),
    undefined=Missing,
    trim_blocks=True,
    lstrip_blocks=True,
)
#: What stands as it is in an address (RFC 3986, section 2); all else is percent-encoded.
IN_ADDRESS = ":/?#[]@!$&'()*+,;=%"
#: Strict: nothing inline, nothing from another host.
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
#: The main menu: path → words.
MENU = {
    "/ansvar": "Hvem gør hvad",
    "/indsatser": "Indsatser",
    "/aftaler": "Aftaler",
    "/lovgrundlag": "Lovgrundlag",
    "/aktoerer": "Aktører",
    "/fund": "Fund",
    "/kalender": "Kalender",
    "/moedeoplaeg": "Mødeoplæg",
    "/kilder": "Kilder",
}
#: Other forms of what a list page shows: words → value of ``format``.
DOWNLOADS = (
    ("Excel", "xlsx"),
    ("CSV", "csv"),
    ("JSON", "json"),
    ("JSON-LD", "jsonld"),
    ("Turtle", "turtle"),
)
#: What is said of a thing on a day → words.
HELD = {"yes": "ja", "no": "nej", "unknown": "vides ikke"}
#: Words of a link to data → media type.
DATA_TYPES = {
    "Excel": XLSX,
    "Word (DOCX)": DOCX,
    "CSV": MEDIA_TYPES["csv"],
    "JSON": MEDIA_TYPES["json"],
    "JSON-LD": MEDIA_TYPES["jsonld"],
    "Turtle": MEDIA_TYPES["turtle"],
    "API": MEDIA_TYPES["json"],
    "OpenAPI (JSON)": MEDIA_TYPES["json"],
    "iCalendar": "text/calendar",
}


def page_url(item: dict[str, Any]) -> str:
    """Path of the page of something that an answer names, or empty."""
    if "kind" not in item:
        return ""
    kind, slug = item["kind"], item["id"]
    if kind == "passage":
        return f"/kilder/{slug}"
    return PAGES[kind] + slug if kind in PAGES else page_of(kind, slug)


#: Kinds whose pages have an address of their own here, whatever the API calls them.
PAGES = {"initiative": "/indsatser/", "document": "/kilder/dokument/", "finding": "/fund/"}

templates.globals.update(
    page_url=page_url,
    heading=heading,
    HEADINGS=HEADINGS,
    ENUMS=ENUMS,
    MENU=MENU,
    LISTS=LISTS,
    static_url=static_url,
    DATA_TYPES=DATA_TYPES,
    HELD=HELD,
    has_design_system=has_design_system,
    sentence=sentence,
    derived=derived,
    kind_name=kind_name,
    kinds_name=kinds_name,
)
templates.filters.update(danish_date=danish_date, capital=capital, term_words=term_words, many=many)


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page; every page knows the snapshot it shows and the address of its data.

    Args:
        request: what is answered.
        template: file name under ``templates/``.
        status: HTTP status.
        values: what the template uses; ``data_links`` are pairs of words and address.
    """
    try:
        manifest = service_of(request).manifest
    except (NoSnapshotError, StoreError, OSError):
        manifest = None
    values.setdefault("data_links", [])
    values.setdefault("search", "")
    html = templates.get_template(template).render(
        request=request, manifest=manifest, path=request.url.path, **values
    )
    body = html.encode()
    headers = dict(SECURITY)
    if values["data_links"]:
        headers["Link"] = ", ".join(
            f'<{quote(href, safe=IN_ADDRESS)}>; rel="alternate"; type="{DATA_TYPES[name]}"; '
            f'title="{name}"'
            for name, href in values["data_links"]
        )
    if wants_gzip(request) and len(body) > 1000:
        headers["Content-Encoding"] = "gzip"
        # Without a time: one page is the same bytes, and has one ETag, in every process.
        body = gzip.compress(body, 5, mtime=0)
    return HTMLResponse(body, status, headers)


def problem_page(request: Request, problem: Problem) -> HTMLResponse:
    """An error in words, with what to do next."""
    page = render(request, "problem.html", problem.status, problem=problem)
    page.headers.update(problem.headers)
    return page


def formats_of(path: str, as_of: str = "", query: str = "") -> list[tuple[str, str]]:
    """Names and addresses of the other forms of data in the API.

    Args:
        as_of: the day that the page tells about, which not all of them can.
        query: what is asked for besides, or empty.
    """
    names = (("JSON", "json"), ("JSON-LD", "jsonld"), ("Turtle", "turtle"), ("CSV", "csv"))
    begin = f"as_of={as_of}&" if as_of else f"{query}&" if query else ""
    return [
        (name, f"{path}?{begin}format={short}")
        for name, short in names
        if not as_of or short in DATED_FORMATS
    ]


def downloads_of(request: Request, api: str = "") -> list[tuple[str, str]]:
    """Names and addresses of the downloads of what a list page shows.

    Args:
        request: the page's own request; its filters are kept.
        api: address of the same answer in the API, when there is one.
    """
    kept = [
        (k, v) for k, v in request.query_params.multi_items() if v and k not in ("format", "side")
    ]
    dated = any(name == "as_of" for name, _ in kept)
    links = [
        (name, f"{request.url.path}?{urlencode([*kept, ('format', short)])}")
        for name, short in DOWNLOADS
        if not dated or short not in RDF_FORMATS
    ]
    return [*links, ("API", api)] if api else links
