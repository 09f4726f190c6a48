"""No text in a parameter, a path or a header leaves its place.

Every parameter of every operation that the OpenAPI document names, and every parameter that a page
offers, is given texts that would break out of SPARQL, HTML or a header. The answer is never a
failure of ours, never says more than the same request without the text, and never carries the text
as markup or as a header.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from itertools import count
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pytest
from fastapi import FastAPI

from graph_service.api.app import create_app
from graph_service.api.resources import RESOURCES
from graph_service.questions import registry
from graph_service.settings import Settings
from tests.web.addresses import PAGES

pytestmark = pytest.mark.long

#: Texts as they stand in an address: percent-encoded.
PAYLOADS = (
    *map(
        quote,
        (
            '" } UNION { ?s ?p ?o } #',
            "' } UNION { ?s ?p ?o } #",
            "> } DROP ALL #",
            "https://w3id.org/ansvarsgraf/id/actor/x> } DROP ALL #",
            "actor:x> ?p ?o } #",
            "a\\",
            "'''",
            '"""',
            "\\u0022 } UNION { ?s ?p ?o } #",
            '" SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } #',
            "\x00",
            "a\r\nX-Evil: 1",
            "a\r\n\r\n<script>alert(1)</script>",
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "'\"--></title><script>alert(1)</script>",
            "javascript:alert(1)",
            "{{7*7}}",
            "../../etc/passwd",
            "x" * 5_000,
            "\u202eabc",
            "٢٠١٩-٠١-٠١",
            "１２",
            "²",
            "9" * 5_000,
            "-0,,,",
        ),
    ),
    "%ED%A0%80",
    "%C0%AF",
    "%FF",
    "%",
)
#: How many of the texts a parameter gets where one of its name has had them all; others each time.
SHARE = 2
#: Fields that find more than no words do.
FINDING = ("/api/v1/search", "/soeg")
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@dataclass(frozen=True)
class Answer:
    """What came back, headers as one text."""

    status: int
    headers: str
    body: str
    kind: str

    @property
    def size(self) -> int:
        """How many things or rows it says there are, or how many entries a page lists."""
        if "html" in self.kind:
            return len(re.findall(r"<(?:tr|li|article)\b", self.body))
        if self.status != 200 or "json" not in self.kind:
            return 0
        body = json.loads(self.body)
        whole = (body.get(key) for key in ("items", "rows", "questions", "@graph"))
        return max(body.get("total") or 0, *(len(part or ()) for part in whole))


async def _get(app: FastAPI, address: str, headers: dict[str, str]) -> Answer:
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            *((k.encode(), v.encode("utf-8", "surrogateescape")) for k, v in headers.items()),
        ],
    }
    sent: list[dict] = []

    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict:
        return requests.pop() if requests else await asyncio.Future()

    async def send(message: dict) -> None:
        sent.append(message)

    await app(scope, receive, send)
    pairs = sent[0]["headers"]
    text = "".join(f"{k.decode('latin-1')}: {v.decode('latin-1')}\n" for k, v in pairs)
    kind = next((v.decode() for k, v in pairs if k.lower() == b"content-type"), "")
    body = b"".join(m.get("body", b"") for m in sent[1:])
    return Answer(sent[0]["status"], text, body.decode("utf-8", "replace"), kind)


class Client:
    """Asks the application directly, so that an address arrives as it is written."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        self.app, self._runner = app, runner
        self._known: dict[tuple[str, str], Answer] = {}

    def get(self, address: str, accept: str = "application/json", **headers: str) -> Answer:
        named = {"accept": accept, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self._runner.run(_get(self.app, address, named))

    def before(self, address: str, accept: str = "application/json") -> Answer:
        """The answer to a request without the text."""
        key = (address, accept)
        if key not in self._known:
            self._known[key] = self.get(address, accept)
        return self._known[key]


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[Client]:
    app = create_app(replace(settings, log_requests=False))
    with asyncio.Runner() as runner:
        running = app.router.lifespan_context(app)
        runner.run(running.__aenter__())
        yield Client(app, runner)
        runner.run(running.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def document(client: Client) -> dict:
    return client.app.openapi()


def check(answer: Answer, where: str) -> None:
    """Nothing failed and nothing left its place."""
    assert 200 <= answer.status < 500, (where, answer.status, answer.body[:300])
    assert not re.search(r"(?im)^x-evil", answer.headers), where
    assert "root:" not in answer.body
    if "json" in answer.kind:
        json.loads(answer.body)
    if "html" in answer.kind or "xml" in answer.kind:
        assert not re.search(r"<script>|<img src=x", answer.body, re.I), where
        assert 'href="javascript:' not in answer.body, where


PATHS = (
    "/api/v1",
    "/api/v1/search",
    "/api/v1/questions",
    "/api/v1/things/{kind}/{slug}",
    "/api/v1/evidence/{file}/{lines}",
    *(f"/api/v1/questions/{name}" for name in registry()),
    *(f"/api/v1/{name}" for name in RESOURCES),
    *(f"/api/v1/{name}/{{slug}}" for name in RESOURCES if name != "evidence"),
)
#: Names of parameters that have had every text.
DONE: set[str] = set()
TURN = count()


def texts(name: str) -> list[str]:
    """Every text the first time that a parameter is met; where it is met again, some others."""
    if name not in DONE:
        DONE.add(name)
        return list(PAYLOADS)
    return some(SHARE)


def some(number: int) -> list[str]:
    """The next few texts, in turn."""
    return [PAYLOADS[next(TURN) % len(PAYLOADS)] for _ in range(number)]


def test_every_operation_is_tried(document: dict) -> None:
    assert set(PATHS) == {path for path, item in document["paths"].items() if "get" in item}


@pytest.mark.parametrize("path", PATHS)
def test_no_parameter_of_the_api_breaks_out(client: Client, document: dict, path: str) -> None:
    operation = document["paths"][path]["get"]
    parameters = operation.get("parameters", [])
    places = [(p["name"], p["in"]) for p in parameters]
    assert len(set(places)) == len(places)
    needed = {
        p["name"]: ",".join(e) if isinstance(e := p["example"], list) else str(e)
        for p in parameters
        if p["required"] and "example" in p
    }

    def address(name: str, text: str | None) -> str:
        values = {k: quote(v) for k, v in needed.items()} | ({} if text is None else {name: text})
        filled = re.sub(r"\{(\w+)\}", lambda m: values.pop(m[1], "x"), path)
        return f"{filled}?" + "&".join(f"{k}={v}" for k, v in values.items())

    for parameter in parameters:
        name = parameter["name"]
        for text in texts(name):
            where = address(name, text)
            answer = client.get(where)
            check(answer, where)
            assert str(answer.status) in operation["responses"], (where, answer.status)
            if not parameter["required"] and not (name == "q" and path in FINDING):
                assert answer.size <= client.before(address(name, None)).size, where


def offered(page: str, path: str) -> set[str]:
    """The parameters that a page takes: its fields, and those of its links to itself."""
    names = set(re.findall(r'<(?:input|select|textarea)\b[^>]*\bname="([^"]+)"', page))
    for link in re.findall(r'(?:href|action)="([^"]*\?[^"]*)"', page):
        parts = urlsplit(unescape(link))
        if parts.path in ("", path):
            names |= {name for name, _ in parse_qsl(parts.query)}
    return names


@pytest.mark.parametrize("page", PAGES)
def test_no_parameter_of_a_page_breaks_out(client: Client, page: str) -> None:
    path, _, query = page.partition("?")
    kept = dict(parse_qsl(query))
    first = client.before(page, BROWSER)
    for name in sorted(offered(first.body, path) | kept.keys()):
        rest = urlencode({k: v for k, v in kept.items() if k != name})
        without = client.before(f"{path}?{rest}", BROWSER)
        for text in PAYLOADS if name == "q" and path in FINDING else some(SHARE):
            where = f"{path}?{rest}&{name}={text}"
            answer = client.get(where, BROWSER)
            check(answer, where)
            if answer.status == without.status == 200 and path not in FINDING:
                assert answer.size <= without.size, where


@pytest.mark.parametrize("path", sorted({p.partition("?")[0] for p in PAGES if p.count("/") > 1}))
def test_no_path_of_a_page_breaks_out(client: Client, path: str) -> None:
    parts = path.split("/")
    for place in range(2, len(parts)):
        for text in PAYLOADS:
            where = "/".join([*parts[:place], text, *parts[place + 1 :]])
            check(client.get(where, BROWSER), where)


def test_no_address_of_a_thing_breaks_out(client: Client) -> None:
    for text in PAYLOADS:
        for where in (f"/id/{text}/x", f"/id/law/{text}", f"/{text}", f"/static/{text}"):
            check(client.get(where, BROWSER), where)
            check(client.get(where), where)


HEADERS = ("Accept", "If-None-Match", "Origin", "X-Request-Id", "Accept-Language", "Host", "Cookie")


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize(
    "path", ["/", "/ansvar?law=sul-140", "/api/v1/events?limit=1", "/id/law/sul-140"]
)
def test_no_header_breaks_out(client: Client, name: str, path: str) -> None:
    for text in PAYLOADS:
        sent = {name.lower(): unquote(text, errors="surrogateescape")}
        answer = client.get(path, **({"accept": BROWSER} | sent))
        check(answer, f"{name}: {text}")
        for line in answer.headers.splitlines():
            assert not line.lower().startswith(("x-evil", "<script")), line
