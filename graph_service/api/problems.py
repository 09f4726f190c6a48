"""Errors as RFC 9457 problem details: a Danish title for people, a stable type for programs.

Processes that answer nothing themselves raise them too, so the web framework is not imported here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

#: Seconds after which to try again, of a problem that passes, unless it says otherwise.
RETRY_AFTER = "5"
TYPES = "https://w3id.org/ansvarsgraf/problem/"

#: Problem type → HTTP status and Danish title.
PROBLEMS = {
    "unknown-parameter": (400, "Parameteren kan ikke bruges"),
    "bad-query": (400, "Forespørgslen er ikke gyldig SPARQL"),
    "cannot-be-done": (400, "Det, der bedes om, kan ikke gøres"),
    "query-too-long": (413, "Forespørgslen er for lang"),
    "query-too-deep": (400, "Forespørgslen er for dybt indlejret"),
    "outgoing-request": (403, "Tjenesten henter ikke data på den adresse"),
    "not-found": (404, "Findes ikke"),
    "method-not-allowed": (405, "Metoden kan ikke bruges her"),
    "not-acceptable": (406, "Formatet kan ikke leveres"),
    "too-slow": (408, "Indholdet kom for langsomt"),
    "precondition-failed": (412, "Betingelsen holder ikke"),
    "unsupported-media-type": (415, "Indholdstypen kan ikke læses"),
    "unauthorised": (401, "Kræver adgangsnøgle"),
    "forbidden": (403, "Ikke tilladt"),
    "invalid-graph": (422, "Grafen bryder reglerne for data"),
    "other-graph": (422, "Ændringen rækker ud over grafen"),
    "bad-content": (400, "Indholdet kan ikke læses"),
    "time-limit": (503, "Forespørgslen tog for lang tid"),
    "memory-limit": (503, "Forespørgslen krævede for meget hukommelse"),
    "row-limit": (403, "Svaret har for mange rækker"),
    "size-limit": (403, "Svaret er for stort"),
    "other-service": (502, "En anden tjeneste svarer ikke"),
    "too-many": (429, "For mange forespørgsler på én gang"),
    "too-busy": (503, "Der er for travlt lige nu"),
    "store-unavailable": (503, "Grafen kan ikke nås lige nu"),
    "not-written": (503, "Ændringen kunne ikke skrives"),
    "no-snapshot": (503, "Der er ikke udgivet nogen graf endnu"),
    "internal": (500, "Der skete en fejl hos os"),
}


class Problem(Exception):
    """Something that a client is told as a problem document.

    Args:
        kind: a key of :data:`PROBLEMS`.
        detail: what is wrong here and what to do, in Danish.
        more: further members of the document.
        headers: HTTP headers to send along; 429 and 503 say when to try again in any case.
    """

    def __init__(
        self, kind: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail, self.more = kind, detail, more
        self.status, self.title = PROBLEMS[kind]
        self.headers = headers or {}
        if self.status in (429, 503):
            self.headers.setdefault("Retry-After", RETRY_AFTER)

    def document(self) -> dict[str, Any]:
        """The members of the problem document, RFC 9457 section 3.1."""
        return {
            "type": TYPES + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }


def respond(problem: Problem) -> Response:
    """The problem as an HTTP answer."""
    from starlette.responses import JSONResponse

    return JSONResponse(
        problem.document(),
        status_code=problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


def wants_html(
    request: Request, others: Iterable[str] = ("application/problem+json", "application/json")
) -> bool:
    """Whether the client would rather have a page than any other form, as browsers do.

    Args:
        others: the media types of the other forms; the first is what it gets that does not say.
    """
    from graph_service.api.formats import negotiate

    offers = [*others, "text/html"]
    accept = request.headers.get("accept", "")
    return negotiate(accept, {media: media for media in offers}, offers[0]) == "text/html"
