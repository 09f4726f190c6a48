"""One address at least of every route that answers GET, whatever the snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from fastapi.routing import APIRouter
from starlette.testclient import TestClient

from tests.web.addresses import PAGES

DUTY = "sygehus-orienterer-foraeldre-15-17"
QUERY = quote("SELECT ?s { ?s a ag:PathwayProgramme } ORDER BY ?s")
#: What ``<base>`` is in links is the client's own: these are paths.
FORMATS = ("json", "csv", "jsonld", "turtle", "nquads")
API = [
    "/api/v1/openapi.json",
    "/api/v1/search?q=genoptr%C3%A6ning",
    "/api/v1/search?q=genoptr%C3%A6ning&format=csv",
    "/api/v1/questions/who-under-provision?law=sul-140&show=sparql",
    "/api/v1/questions/who-under-provision?law=sul-140&format=csv",
    *(f"/api/v1/events?limit=3&format={name}" for name in FORMATS),
    *(f"/api/v1/legal-bases/sul-140?format={name}" for name in FORMATS),
    *(f"/api/v1/evidence/004_576de8b26970a828/5703-5716?format={name}" for name in FORMATS),
    "/api/v1/responsibilities?law=sul-140&as_of=2027-01-01",
    "/api/v1/responsibilities?law=sul-140&as_of=2027-01-01&format=csv",
    f"/api/v1/responsibilities/{DUTY}?as_of=2020-01-01&format=csv",
]
#: Descriptions, and what the pool answers.
DATA = [
    *(f"{path}?format={name}" for name in ("turtle", "jsonld", "rdfxml", "ntriples", "nquads")
      for path in ("/sparql", "/.well-known/void", "/api/v1/catalog")),
    f"/sparql?query={QUERY}",
    f"/sparql?query={QUERY}&format=csv",
    f"/sparql?query={quote('DESCRIBE <https://w3id.org/ansvarsgraf/id/law/sul-140>')}",
    "/rdf-graph-store?default",
    "/rdf-graph-store?graph=https%3A%2F%2Fw3id.org%2Fansvarsgraf%2Fgraph%2Flaws&format=jsonld",
    "/graph/laws",
]  # fmt: skip
FILES = [
    *(f"{path}format={name}" for name in ("xlsx", "csv", "json", "jsonld", "turtle")
      for path in ("/ansvar?law=sul-140&", "/indsatser?", "/kalender?", "/fund?", "/aktoerer?",
                   "/aftaler?", "/lovgrundlag?", "/kilder?")),
    "/ansvar?law=sul-140&as_of=2027-01-01&format=xlsx",
    "/ansvar?law=sul-140&as_of=2027-01-01&format=csv",
    "/matrix/boern-og-unge?format=xlsx",
    "/matrix/boern-og-unge?format=csv",
    "/foelgegruppe/foelgegruppen-for-forebyggelse.docx",
    "/moedeoplaeg?organ=foelgegruppen-for-forebyggelse&format=docx",
    "/kalender/alle.ics",
    "/kalender/dak.ics",
    "/sparql/ord.json",
    "/opensearch.xml",
]  # fmt: skip
STATIC = ["/static/search.js", "/static/icon.svg", "/static/search.js?v=1"]
#: Answered anew each time: they tell the state of a process, not of the snapshot.
LIVE = ["/healthz", "/readyz", "/metrics"]
#: 303, and therefore without an ETag.
REDIRECTS = ["/id/law/sul-140", f"/ting/responsibility/{DUTY}"]


def examples(client: TestClient) -> list[str]:
    """The example of every operation of the API, as its description gives it."""
    found = []
    for path, operations in client.get("/api/v1/openapi.json").json()["paths"].items():
        parameters = operations.get("get", {}).get("parameters", [])
        values = {}
        for parameter in parameters:
            if "example" in parameter:
                value = parameter["example"]
                values[parameter["name"]] = ",".join(value) if isinstance(value, list) else value
        if "get" not in operations or any(f"{{{n}}}" in path for n in ("slug",) if n not in values):
            continue
        address = path
        for name in list(values):
            if f"{{{name}}}" in path:
                address = address.replace(f"{{{name}}}", quote(str(values.pop(name))))
        found.append(address + (f"?{urlencode(values)}" if values else ""))
    return found


def determined(client: TestClient) -> list[str]:
    """Every address here whose answer is a 200 that the snapshot determines."""
    (finding,) = client.get("/api/v1/findings?limit=1").json()["items"]
    pages = [*PAGES, f"/fund/{finding['id']}"]
    found = dict.fromkeys([*examples(client), *API, *pages, *FILES, *STATIC, *DATA])
    return [address for address in found if address not in (*LIVE, *REDIRECTS)]


def paths_of(app: FastAPI) -> Iterator[object]:
    """The compiled paths of all routes that answer GET."""

    def within(routes: list[object]) -> Iterator[object]:
        for route in routes:
            inner = getattr(route, "original_router", None)
            if isinstance(inner, APIRouter):
                yield from within(list(inner.routes))
            elif "GET" in (getattr(route, "methods", None) or ()):
                yield route.path_regex  # type: ignore[attr-defined]

    yield from within(list(app.routes))
