"""HTTP for every address alike: marks, 304, HEAD, Vary, Link, and when to try again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.api.problems import PROBLEMS, Problem
from graph_service.api.resources import RESOURCES
from graph_service.build.publish import publish
from graph_service.settings import PROJECT, Settings
from graph_service.vocabulary import AG, ID, OWL, PREFIXES, RDF, SKOS, graph
from tests.api.addresses import (
    API,
    DUTY,
    FILES,
    LIVE,
    QUERY,
    REDIRECTS,
    determined,
    paths_of,
)
from tests.web.addresses import PAGES

BROWSER = {"Accept": "text/html,*/*;q=0.5"}
#: What a 304 says as the 200 would (RFC 9110, section 15.4.5), and what else we keep of it.
KEPT = ("etag", "cache-control", "vary", "content-location", "link")


def without_id(headers: object) -> dict[str, str]:
    return {k: v for k, v in headers.items() if k != "x-request-id"}  # type: ignore[attr-defined]


def as_get(head: dict[str, str], get: dict[str, str]) -> bool:
    """Whether HEAD says what GET says. A large answer may have begun before its length was known,
    and HEAD may leave that out (RFC 9110, section 9.3.2)."""
    if head.keys() ^ get.keys() == {"content-length"}:
        head, get = ({k: v for k, v in h.items() if k != "content-length"} for h in (head, get))
    return head == get


@pytest.fixture(scope="module")
def addresses(client: TestClient) -> list[str]:
    return determined(client)


def test_every_route_has_an_address_here(app: FastAPI, addresses: list[str]) -> None:
    paths = {a.partition("?")[0] for a in (*addresses, *LIVE, *REDIRECTS)}
    routes = list(paths_of(app))
    assert len(routes) > 150
    assert [r.pattern for r in routes if not any(r.match(p) for p in paths)] == []  # type: ignore[attr-defined]


@pytest.mark.long
def test_all_that_the_snapshot_determines_is_marked_and_has_head(
    client: TestClient, addresses: list[str]
) -> None:
    wrong: list[str] = []
    for address in addresses:
        headers = {} if address.startswith(("/api/", "/.well-known")) else BROWSER
        answer = client.get(address, headers=headers)
        etag = answer.headers.get("etag", "")
        if answer.status_code != 200 or not answer.content:
            wrong.append(f"{address}: {answer.status_code}")
        if not re.fullmatch(r'"[0-9a-f]{32}"', etag) or not answer.headers.get("cache-control"):
            wrong.append(f"{address}: no mark or Cache-Control")
        head = client.head(address, headers=headers)
        if head.content or not as_get(without_id(head.headers), without_id(answer.headers)):
            wrong.append(f"{address}: HEAD says something else")
        for method in ("GET", "HEAD"):
            again = client.request(method, address, headers={**headers, "If-None-Match": etag})
            if again.status_code != 304 or again.content or "content-length" in again.headers:
                wrong.append(f"{address}: {method} again gives {again.status_code}")
            for name in KEPT:
                if again.headers.get(name) != answer.headers.get(name):
                    wrong.append(f"{address}: {name} of the 304 is {again.headers.get(name)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/legal-bases/sul-140",
        "/lovgrundlag",
        f"/sparql?query={QUERY}",
        "/sparql",
        "/.well-known/void",
        "/api/v1/catalog",
        "/graph/laws",
        "/static/search.js?v=1",
        "/ansvar?law=sul-140&format=xlsx",
    ],
)
def test_a_mark_is_known_in_every_way_it_can_be_written(client: TestClient, address: str) -> None:
    etag = client.get(address).headers["etag"]
    for match in (f"W/{etag}", f'"other", {etag}', f'W/"a",W/{etag} , "b"', "*", " * "):
        assert client.get(address, headers={"If-None-Match": match}).status_code == 304, match
    lines = [("If-None-Match", '"a"'), ("If-None-Match", etag)]
    assert client.get(address, headers=lines).status_code == 304
    for match in ('"other"', etag.strip('"'), ""):
        assert client.get(address, headers={"If-None-Match": match}).status_code == 200, match
    for more in ({"Authorization": "Bearer x"}, {"Range": "bytes=0-9"}):
        assert client.get(address, headers=more).headers["etag"] == etag
        again = client.get(address, headers={**more, "If-None-Match": etag})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "address", ["/api/v1/events", "/ansvar", "/graph/laws", f"/sparql?query={QUERY}"]
)
def test_an_answer_is_given_if_it_is_the_one_that_is_wanted(
    client: TestClient, address: str
) -> None:
    etag = client.get(address).headers["etag"]
    for match in (etag, f'"other", {etag}', "*", " * "):
        assert client.get(address, headers={"If-Match": match}).status_code == 200, match
    for match in ('"other"', f"W/{etag}", f"W/{etag}, W/*"):
        for more in ({}, {"If-None-Match": etag}):
            answer = client.get(address, headers={"If-Match": match, **more})
            assert answer.status_code == 412, match
            assert "If-Match" in answer.text
            assert "etag" not in answer.headers
        head = client.head(address, headers={"If-Match": match})
        assert (head.status_code, head.content) == (412, b"")
    both = client.get(address, headers={"If-Match": etag, "If-None-Match": etag})
    assert both.status_code == 304


def test_a_star_does_not_hide_an_error(client: TestClient) -> None:
    star = {"If-None-Match": "*", "If-Match": "*"}
    assert client.get("/sparql?query=SELECT", headers=star).status_code == 400
    assert client.get("/graph/none", headers=star).status_code == 404
    assert client.get("/api/v1/events?x=1", headers=star).status_code == 400
    assert client.post("/sparql", data={"query": "ASK {}"}, headers=star).status_code == 200


@pytest.mark.parametrize("address", LIVE)
def test_the_state_of_a_process_is_never_kept(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    head = client.head(address)
    assert head.status_code == 200
    assert not head.content
    assert head.headers["content-type"] == answer.headers["content-type"]


@pytest.mark.parametrize("address", REDIRECTS)
def test_a_redirect_is_asked_for_again(client: TestClient, address: str) -> None:
    answer = client.get(address, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-cache"
    assert "etag" not in answer.headers
    head = client.head(address, follow_redirects=False)
    assert without_id(head.headers) == without_id(answer.headers)
    star = client.get(address, headers={"If-None-Match": "*"}, follow_redirects=False)
    assert star.status_code == 303
    assert client.get(address).status_code == 200


NEGOTIATED = [
    "/api/v1",
    "/api/v1/questions",
    "/api/v1/search?q=lov",
    "/api/v1/questions/who-under-provision?law=sul-140",
    "/api/v1/events?limit=2",
    "/api/v1/events?limit=2&format=csv",
    "/api/v1/legal-bases/sul-140",
    "/api/v1/evidence/004_576de8b26970a828/5703-5716",
    "/api/v1/catalog",
    "/.well-known/void",
    "/sparql",
    f"/sparql?query={QUERY}",
    "/graph/laws",
    "/id/law/sul-140",
    "/id/law/none",
    "/lovgrundlag",
    "/lovgrundlag/none",
    "/static/search.js",
    "/static/none.js",
    "/kalender?format=csv",
]


@pytest.mark.parametrize("address", NEGOTIATED)
def test_what_a_header_changes_is_named_in_vary(client: TestClient, address: str) -> None:
    for header, values in (
        ("Accept", ("text/html", "application/json", "text/csv", "text/turtle", "*/*")),
        ("Accept-Encoding", ("gzip", "identity", "gzip;q=0")),
        ("Origin", ("https://a.example", "https://b.example")),
    ):
        asked = {"Accept": "text/html"} if header != "Accept" else {}
        answers = [
            client.get(address, headers={**asked, header: v}, follow_redirects=False)
            for v in values
        ]
        told = {
            (a.status_code, a.headers.get("content-type"), a.headers.get("location"),
             a.headers.get("content-encoding"), a.headers.get("access-control-allow-origin"))
            for a in answers
        }  # fmt: skip
        if len(told) > 1:
            for answer in answers:
                named = {n.strip() for n in answer.headers.get("vary", "").split(",")}
                assert header in named or answer.status_code == 406, (header, answer.headers)
        if header == "Accept-Encoding":
            assert "content-encoding" not in answers[-1].headers


LINKED = {
    "/api/v1": "/api",
    "/api/v1/questions": "/sparql",
    "/api/v1/questions/who-under-provision?law=sul-140": (
        "/sparql?spoergsmaal=who-under-provision&law=sul-140"
    ),
    "/api/v1/search?q=genoptr%C3%A6ning": "/soeg?q=genoptr%C3%A6ning",
    "/api/v1/events?type=Approval&limit=2": "/kalender?type=Approval",
    "/api/v1/legal-bases/sul-140": "/lovgrundlag/sul-140",
    **{f"/api/v1/{name}?limit=1": resource.list_page for name, resource in RESOURCES.items()},
    "/api/v1/statements?modality=MustNot&limit=1": "/lister/statements?modality=MustNot",
    f"/api/v1/responsibilities/{DUTY}?as_of=2020-01-01": f"/ansvar/{DUTY}?as_of=2020-01-01",
    "/api/v1/evidence/004_576de8b26970a828/5703-5716": "/kilder/004_576de8b26970a828/5703-5716",
    "/id/law/sul-140": "/lovgrundlag/sul-140",
    "/sparql": "/sparql",
    f"/sparql?query={QUERY}": "/sparql?tekst=SELECT",
    "/.well-known/void": "/",
    "/api/v1/catalog": "/",
    "/graph/laws": "",
    "/rdf-graph-store?graph=https%3A%2F%2Fw3id.org%2Fansvarsgraf%2Fgraph%2Flaws": "",
}


@pytest.mark.parametrize("address", LINKED)
def test_data_links_its_other_forms_and_its_page(client: TestClient, address: str) -> None:
    accept = {"Accept": "application/json"} if address.startswith("/id/") else {}
    answer = client.get(address, headers=accept, follow_redirects=False)
    links = re.findall(r'<([^>]*)>; rel="(\w+)"(?:; type="([^"]*)")?', answer.headers["link"])
    pages = [target for target, _, media in links if media == "text/html"]
    wanted = LINKED[address]
    assert (not pages) if not wanted else pages[0].startswith("http://localhost" + wanted)
    data = [(t, m) for t, rel, m in links if rel == "alternate" and m != "text/html"]
    assert data or address in ("/api/v1", "/api/v1/questions")
    here = answer.headers.get("content-type", "").partition(";")[0]
    assert here not in [m for _, m in data]
    for target, media in data:
        other = client.get(target)
        assert other.status_code == 200, target
        assert other.headers["content-type"].partition(";")[0] == media
    for target in pages:
        page = client.get(target, headers=BROWSER)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")


def test_a_long_address_is_not_repeated(client: TestClient) -> None:
    query = QUERY + "%23" + "x" * 3000
    answer = client.get(f"/sparql?query={query}")
    assert answer.status_code == 200
    assert "link" not in answer.headers
    assert answer.headers["vary"].startswith("Accept")


def test_a_page_links_its_data_with_its_type(client: TestClient) -> None:
    page = client.get("/lovgrundlag/sul-140", headers=BROWSER)
    assert (
        '</api/v1/legal-bases/sul-140?format=turtle>; rel="alternate"; type="text/turtle"'
        in (page.headers["link"])
    )
    assert '<link rel="alternate" type="text/turtle" title="Turtle"' in page.text


MARKS = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
moment, local, day = time.time, time.localtime, 90_000
time.time = lambda: moment() + day
time.localtime = lambda seconds=None: local(time.time() if seconds is None else seconds)
from starlette.testclient import TestClient
from graph_service.api.app import create_app
from graph_service.settings import Settings
asked = json.load(sys.stdin)
settings = Settings.from_environment()
app = create_app(replace(settings, log_requests=False, workers=1))
client = TestClient(app, base_url="http://localhost")
print(json.dumps({a: client.get(a, headers=asked["headers"]).headers.get("etag") for a in asked["addresses"]}))
"""


@pytest.mark.long
def test_every_process_gives_the_same_bytes_on_every_day(
    client: TestClient, settings: Settings
) -> None:
    """Another process, with another order of sets and on another day, gives the same marks."""
    addresses = [*FILES, *PAGES, *API]
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MARKS],
        input=json.dumps({"addresses": addresses, "headers": BROWSER}),
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env={
            **os.environ,
            "PYTHONHASHSEED": "1",
            "PYTHONPATH": str(PROJECT),
            "ANSVARSGRAF_SNAPSHOTS": str(settings.snapshots),
        },
    )
    there = json.loads(process.stdout)
    here = {a: client.get(a, headers=BROWSER).headers.get("etag") for a in addresses}
    assert {a: (here[a], there[a]) for a in addresses if here[a] != there[a]} == {}


def small(text: str) -> list[ox.Quad]:
    """One thing of several kinds, called ``text``."""
    kinds = {
        "responsibility": "Responsibility",
        "body": "Body",
        "initiative": "Initiative",
        "event": "Event",
        "document": "Document",
    }
    name, type_ = ox.NamedNode(graph("laws")), ox.NamedNode(RDF + "type")
    classes = {kind: ox.NamedNode(AG + class_) for kind, class_ in kinds.items()}
    quads = [ox.Quad(c, type_, ox.NamedNode(OWL + "Class"), name) for c in classes.values()]
    classes["law"] = ox.NamedNode(PREFIXES["eli"] + "LegalResource")
    for kind, class_ in classes.items():
        thing = ox.NamedNode(f"{ID}{kind}/x")
        quads.append(ox.Quad(thing, type_, class_, name))
        label = ox.Literal(f"{text} {kind}", language="da")
        quads.append(ox.Quad(thing, ox.NamedNode(SKOS + "prefLabel"), label, name))
    group = ox.NamedNode(AG + "followUpGroup")
    quads.append(
        ox.Quad(ox.NamedNode(f"{ID}initiative/x"), group, ox.NamedNode(f"{ID}body/x"), name)
    )
    return quads


SWAPPED = [
    "/api/v1",
    "/api/v1/legal-bases",
    *(f"/api/v1/legal-bases/x?format={name}" for name in ("json", "csv", "turtle", "nquads")),
    "/api/v1/things/law/x",
    "/api/v1/catalog",
    "/.well-known/void",
    "/sparql",
    "/sparql/ord.json",
    f"/sparql?query={QUERY}",
    "/rdf-graph-store?default",
    "/graph/laws",
    "/",
    "/ansvar",
    "/ansvar/x",
    "/lovgrundlag/x",
    "/ting/event/x",
    "/hjaelp",
    "/kalender?format=xlsx",
    "/kalender?format=csv",
    "/moedeoplaeg?organ=x&dag=2019-01-01&format=docx",
]


def test_another_snapshot_has_other_marks(settings: Settings, tmp_path: Path) -> None:
    publish(small("før"), tmp_path)
    app = create_app(replace(settings, snapshots=tmp_path))
    with TestClient(app, base_url="http://localhost") as client:
        before = {a: client.get(a) for a in (*SWAPPED, "/static/search.js")}
        assert {a: r.status_code for a, r in before.items() if r.status_code != 200} == {}
        more = ox.Quad(*small("mere")[-2].triple, ox.NamedNode(graph("sources")))
        publish([*small("efter"), more], tmp_path)
        app.state.service.reload()
        for address, old in before.items():
            new = client.get(address, headers={"If-None-Match": old.headers["etag"]})
            if address.startswith("/static/"):
                assert new.status_code == 304
                continue
            assert new.status_code == 200, address
            assert new.headers["etag"] != old.headers["etag"], address


@pytest.mark.parametrize("kind", [k for k, (status, _) in PROBLEMS.items() if status in (429, 503)])
def test_whatever_passes_says_when_to_try_again(kind: str) -> None:
    assert int(Problem(kind, "").headers["Retry-After"]) > 0
    assert Problem(kind, "", headers={"Retry-After": "60"}).headers == {"Retry-After": "60"}


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize(
    "address", ["/lovgrundlag", "/api/v1/events", "/graph/laws?format=nquads", *LIVE]
)
def test_an_answer_of_503_says_when_to_try_again(
    settings: Settings, tmp_path: Path, address: str, accept: str
) -> None:
    with TestClient(create_app(replace(settings, snapshots=tmp_path))) as client:
        answer = client.get(address, headers={"Accept": accept})
    if address == "/metrics":
        assert answer.status_code == 200
        return
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_no_other_place_makes_such_an_answer() -> None:
    """All of them are Problems, but the one that a connection too many gets."""
    found = {
        str(path.relative_to(PROJECT))
        for path in (PROJECT / "graph_service").rglob("*.py")
        if re.search(r"\b(503|429)\b", re.sub(r'"""[\s\S]*?"""|#.*', "", path.read_text()))
    }
    assert found == {
        "graph_service/api/openapi.py",  # words only
        "graph_service/api/operations.py",  # words only
        "graph_service/api/problems.py",
        "graph_service/guarded.py",
    }


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        (f"/sparql?query={QUERY}", "text/csv"),
        ("/sparql", "text/turtle"),
        ("/graph/laws", "application/n-triples"),
        ("/rdf-graph-store?default", "application/n-quads"),
        ("/.well-known/void", "application/rdf+xml"),
        ("/api/v1/events?limit=2", "text/csv"),
        ("/api/v1/legal-bases/sul-140", "text/turtle"),
        ("/api/v1/things/law/sul-140", "text/turtle"),
        ("/api/v1/evidence/004_576de8b26970a828/5703-5716", "application/n-quads"),
        ("/api/v1/search?q=lov", "text/csv"),
        ("/api/v1/questions/who-under-provision?law=sul-140", "text/csv"),
    ],
)
def test_several_accept_lines_are_one(client: TestClient, address: str, wanted: str) -> None:
    """RFC 9110, section 5.3; a client library that adds to a default header sends two."""
    for lines in (("image/png", wanted), (f"{wanted};q=0.9", "*/*;q=0.1"), ("", wanted)):
        answer = client.get(address, headers=[("Accept", line) for line in lines])
        assert answer.status_code == 200, (lines, answer.text)
        assert answer.headers["content-type"].startswith(wanted), lines
    other = client.get(address, headers=[("Accept", "image/png"), ("Accept", "image/gif")])
    assert other.status_code == 406


def test_a_browser_is_known_by_any_of_its_accept_lines(client: TestClient) -> None:
    lines = [("Accept", "application/xhtml+xml"), ("Accept", "text/html")]
    assert client.get("/lovgrundlag/none", headers=lines).text.startswith("<!doctype html>")
    sent = client.get("/id/law/sul-140", headers=lines, follow_redirects=False)
    assert sent.headers["location"].endswith("/lovgrundlag/sul-140")
