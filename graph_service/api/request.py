"""What a request says: its service, its public address, and its parameters, checked by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request

from graph_service.answers import MAX_PAGE
from graph_service.api.formats import MEDIA_TYPES
from graph_service.api.problems import Problem
from graph_service.questions import Parameter
from graph_service.questions.parameters import ParameterError, bind
from graph_service.service import Service
from graph_service.similar import similar
from graph_service.store import Store

#: What stands in a query string as it is (RFC 3986, section 2.3).
PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
#: Parameters of an address, or of a form; to read more takes longer than most answers.
MOST_PARAMETERS = 200


def parameter(name: str, type: str, label: str) -> Parameter:
    """A parameter of the API that belongs to no question."""
    return Parameter(name, type, ("",), False, label)


FORMAT = parameter("format", "text", ", ".join(MEDIA_TYPES))
AS_OF = parameter("as_of", "date", "Som det var den dag")
#: Parameters of every list, beside those of its question.
PAGING = {
    "limit": parameter("limit", "integer", f"Højst så mange, 1-{MAX_PAGE}"),
    "cursor": parameter("cursor", "text", "Hvor siden begynder: next i svaret før"),
    "sort": parameter("sort", "text", "Nøgle at sortere efter; med - foran baglæns"),
    "fields": parameter("fields", "text", "Kun disse felter, adskilt af komma"),
    "total": parameter("total", "text", "no: tæl ikke"),
    "separator": parameter("separator", "text", "Skilletegn i CSV: semicolon eller comma"),
    "format": FORMAT,
}


def service_of(request: Request) -> Service:
    """The service that a request belongs to."""
    service: Service = request.app.state.service
    return service


def query_of(values: Iterable[tuple[str, str]]) -> str:
    """A query string. What needs no escapes, as most values, is not looked at letter by letter.

    >>> query_of([("law", "sul-140"), ("q", "a b")])
    'law=sul-140&q=a+b'
    """
    return "&".join(
        f"{name}={value}"
        if PLAIN.fullmatch(value) and PLAIN.fullmatch(name)
        else urlencode({name: value})
        for name, value in values
    )


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """The names and values of a query string, in order. One without escapes, as most are, is only
    cut.

    Raises:
        Problem: bad-content, when it is not UTF-8.
    """
    try:
        text = request.scope["query_string"].decode()
        if "%" in text or "+" in text:
            return parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise Problem("bad-content", "Adressens parametre er ikke UTF-8.") from error
    cut = (part.partition("=") for part in text.split("&") if part)
    return [(name, value) for name, _, value in cut]


def header_of(request: Request, name: bytes) -> bytes | None:
    """The first header line of a name in small letters; Starlette's own makes two objects first."""
    for given, value in request.scope["headers"]:
        if given == name:
            return value  # type: ignore[no-any-return]
    return None


def accept_of(request: Request) -> str:
    """The Accept header, empty for none."""
    return (header_of(request, b"accept") or b"").decode("latin-1")


def base_url(request: Request) -> str:
    """The public address of the service, without a trailing slash."""
    scope = request.scope
    host = header_of(request, b"host")
    server = tuple(scope.get("server") or ())
    root_path = scope.get("app_root_path", scope.get("root_path", ""))
    return service_of(request).settings.public_url or _own_address(
        scope["scheme"], host, server, root_path
    )


@lru_cache(256)
def _own_address(
    scheme: str, host: bytes | None, server: tuple[object, ...], root_path: str
) -> str:
    """The address at which a client has reached the service, as Starlette finds it."""
    headers = [] if host is None else [(b"host", host)]
    asked = {"type": "http", "scheme": scheme, "headers": headers, "server": server or None}
    return str(Request({**asked, "root_path": root_path, "path": "/"}).base_url).rstrip("/")


#: Accept-Encoding that takes gzip: named, and not with weight 0 (RFC 9110, section 12.5.3).
GZIP = re.compile(rb"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)


def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether a client takes a body that is packed with gzip."""
    return GZIP.search(accept_encoding) is not None


def wants_gzip(request: Request) -> bool:
    """Whether the client of a request does, by any of its Accept-Encoding lines."""
    return any(n == b"accept-encoding" and takes_gzip(v) for n, v in request.scope["headers"])


class Nothing:
    """A lookup that knows nothing and has no graph: for checking names and dates only."""

    store: Store

    def __init__(self) -> None:
        self.shared: dict[object, Any] = {}

    def exists(self, iri: str) -> bool:
        return False

    def slugs(self, kind: str) -> dict[str, str]:
        return {}


def read_values(request: Request, known: Mapping[str, Parameter]) -> dict[str, str]:
    """The parameters of a request, without blanks around; several of one are joined with a comma.

    Raises:
        ParameterError: an unknown one, with the nearest, or one that is given twice and takes one.
        Problem: see :func:`pairs_of`.
    """
    values: dict[str, str] = {}
    twice: list[str] = []
    for name, value in pairs_of(request):
        if name in values:
            values[name] += f",{value.strip()}"
            twice.append(name)
        else:
            values[name] = value.strip()
    if values.keys() - known.keys():
        bind(known, dict.fromkeys(values, ""), Nothing())
    for name in twice:
        if name != "fields" and known[name].type not in ("thing", "enum"):
            raise ParameterError(name, "er angivet to gange")
    return values


def day_of(values: Mapping[str, str]) -> str:
    """The day that ``as_of`` names, or empty.

    Raises:
        ParameterError: it is no date.
    """
    day = values.get("as_of", "").strip()
    bind({"as_of": AS_OF}, {"as_of": day}, Nothing())
    return day


def integer(values: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """A whole number among the parameters.

    Raises:
        ParameterError: it is not one, or out of bounds.
    """
    text = values.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
        raise ParameterError(
            name, f"skal være et helt tal fra {low} til {high}, ikke {text[:40]!r}"
        )
    return int(text)


def one_of(values: Mapping[str, str], name: str, options: Iterable[str], default: str) -> str:
    """A word among the parameters.

    Raises:
        ParameterError: it is none of ``options``.
    """
    known = list(options)
    value = values.get(name, "") or default
    if value not in known:
        raise ParameterError(name, f"{value[:40]!r} kendes ikke; vælg en af {', '.join(known)}")
    return value


def several(values: Mapping[str, str], name: str, options: Iterable[str]) -> list[str]:
    """Words joined by commas among the parameters.

    Raises:
        ParameterError: one is none of ``options``, with the nearest.
    """
    known = list(options)
    parts = (text.strip() for text in values.get(name, "").split(","))
    chosen = list(dict.fromkeys(part for part in parts if part))
    for part in chosen:
        if part not in known:
            near = similar(part[:40], known)
            hint = f"; mente du {', '.join(near)}?" if near else ""
            raise ParameterError(name, f"{part[:40]!r} kendes ikke{hint}", near)
    return chosen
