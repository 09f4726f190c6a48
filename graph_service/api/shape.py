"""The shape of answers: links to the page and the data of each thing, derivations, Link headers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.formats import (
    CONTENT_TYPES,
    MEDIA_TYPES,
    RDF_FORMATS,
    SEPARATORS,
    to_csv,
    to_rdf,
)
from graph_service.api.request import PLAIN, base_url, pairs_of, query_of, service_of
from graph_service.api.resources import data_of, page_of
from graph_service.shaping import to_json
from graph_service.vocabulary import kind_and_slug, thing

#: An address in a header; there are few, and each is quoted letter by letter.
_quoted = lru_cache(1000)(quote)
PAIR = f"{PLAIN.pattern}={PLAIN.pattern}"
#: A query string in which nothing needs to be written in another way.
AS_IT_IS = re.compile(rf"(?:{PAIR}(?:&{PAIR})*)?")
#: Characters of a query string beyond which an answer does not repeat its address.
LONGEST = 2000


class Ready(Response):
    """An answer with 200: bytes, and headers as they are sent.

    Starlette's own looks through its headers five times, which takes as long as to sort its rows.

    Args:
        headers: name → value, without those of the body.
    """

    body: bytes

    def __init__(self, body: bytes, content_type: str, headers: Mapping[str, str]) -> None:
        self.status_code, self.background, self.body = 200, None, body
        self.raw_headers = [
            (b"content-length", b"%d" % len(body)),
            (b"content-type", content_type.encode("latin-1")),
            *[(name.lower().encode(), said.encode("latin-1")) for name, said in headers.items()],
        ]


def with_links(request: Request, item: dict[str, Any]) -> dict[str, Any]:
    """A thing's data with the address of its page and of its data."""
    split = kind_and_slug(item["iri"])
    if split:
        base = base_url(request)
        item["page"] = base + page_of(*split)
        item["data"] = base + data_of(*split)
    return item


def forms(
    request: Request,
    chosen: str,
    offers: Mapping[str, str] = MEDIA_TYPES,
    *,
    page: str = "",
    following: str = "",
    data: str = "",
) -> dict[str, str]:
    """The headers that say of an answer which forms it has: Link (RFC 8288) and Vary.

    Args:
        chosen: the format of this answer.
        offers: short name → media type of all formats; none when there is but this one.
        page: path and query of the page that shows the same, or empty.
        following: address of the next part, or empty.
        data: path of the data when it is another than this request's.

    Returns:
        Headers, without a Link where the address is too long to be repeated for each form.
    """
    vary = {"Vary": "Accept"} if offers else {}
    if len(request.scope["query_string"]) > LONGEST:
        return vary
    base = base_url(request)
    kept = request.scope["query_string"].decode("latin-1")
    if "format=" in kept or not AS_IT_IS.fullmatch(kept):
        kept = query_of((k, v) for k, v in pairs_of(request) if k != "format")
    here = f"{base}{_quoted(data or request.scope['path'])}?{kept}{'&' if kept else ''}format="
    made = [
        f'<{here}{name}>; rel="alternate"; type="{media}"'
        for name, media in offers.items()
        if name != chosen
    ]
    if page:
        made.append(f'<{base}{page}>; rel="alternate"; type="text/html"; hreflang="da"')
    if following:
        made.append(f'<{following}>; rel="next"')
    return {**vary, "Link": ", ".join(made)} if made else vary


def graph_answer(
    request: Request, things: list[str], chosen: str, headers: Mapping[str, str]
) -> Response:
    """The triples about things, in one of the RDF formats."""
    service = service_of(request)
    answers = service.answers
    context = service.settings.project / "ontology" / "context.jsonld"
    if chosen == "nquads":
        body = to_rdf((), chosen, context, answers.quads(things))
    else:
        body = to_rdf(answers.triples(things), chosen, context)
    return Ready(body, CONTENT_TYPES[chosen], headers)


def table_answer(
    columns: Mapping[str, str],
    rows: list[dict[str, Any]],
    separator: str,
    headers: Mapping[str, str],
    name: str,
) -> Response:
    """Rows as CSV, to be saved under a name."""
    disposition = {"Content-Disposition": f'inline; filename="{name}.csv"'}
    body = to_csv(columns, rows, SEPARATORS[separator])
    return Ready(body, CONTENT_TYPES["csv"], {**headers, **disposition})


def json_answer(body: Any, headers: Mapping[str, str]) -> Response:
    """Data as JSON."""
    return Ready(to_json(body), CONTENT_TYPES["json"], headers)


def rows_answer(body: Mapping[str, Any], rows: bytes, headers: Mapping[str, str]) -> Response:
    """Data as JSON, with ``rows`` that are JSON already as its last member."""
    start = to_json(body).removesuffix(b"}")
    return Ready(b'%b,"rows":%b}' % (start, rows), CONTENT_TYPES["json"], headers)


def is_graph(chosen: str) -> bool:
    """Whether a format holds triples."""
    return chosen in RDF_FORMATS


def derivations(answers: Answers, items: list[dict[str, Any]], actor: str) -> None:
    """Say for each responsibility how the organisation asked about comes to bear it."""
    iri = thing("organisation", actor.rpartition("/")[2].rpartition(":")[2])
    if "," in iri or not items or not answers.exists(iri):
        return
    found = answers.store.answer(
        answers.questions["derivations"],
        {
            "organisation": (f"<{iri}>",),
            "responsibility": tuple(f"<{item['iri']}>" for item in items),
        },
    )
    by_thing: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in answers.table(found):
        by_thing[row.pop("responsibility")["iri"]].append({f"via_{k}": v for k, v in row.items()})
    for item in items:
        item["derivation"] = sorted(by_thing[item["iri"]], key=str)
