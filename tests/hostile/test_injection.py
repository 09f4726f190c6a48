"""What is sent in any parameter stays a value: it is never SPARQL, markup, a header or a path.

Every parameter of every operation that the OpenAPI describes, every parameter of every page, every
body, and the headers that are read. In process: a server adds nothing here.

Every parameter gets every payload, and every request its answer in bounded time. That takes some
minutes: ``make long``.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from graph_service.api.app import create_app
from graph_service.settings import Settings
from tests.web.addresses import PAGES

pytestmark = pytest.mark.long

PAYLOADS: dict[str, bytes] = {
    "end of a string": b'"} UNION { ?thing ?p ?o } #',
    "end of a string in quotes": b"' || true || '",
    "end of a long string": b'"""} UNION {?s ?p ?o} #',
    "end of an IRI": b"sul-140> } UNION { ?thing ?p ?o } #",
    "end of an IRI of ours": b"https://w3id.org/ansvarsgraf/id/law/sul-140>|<urn:x",
    "end of a list of values": b"sul-140) } } SELECT * WHERE { { ?s ?p ?o } #",
    "comment": b"x # }\n?s ?p ?o",
    "call": b"> } SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } #",
    "update": b"> } ; DROP ALL #",
    "codepoint escape": rb"\u0022\u007D UNION \u007B?s ?p ?o\u007D",
    "escape of the quote": rb"\" } UNION { ?s ?p ?o } #",
    "regular expression": b"(a+)+$|.*",
    "null": b"a\x00b",
    "another header": b"x\r\nX-Injected: yes\r\n\r\n<html>",
    "script": b"<script>alert(1)</script>",
    "end of an attribute": b'"><img src=x onerror=alert(1)>',
    "end of an attribute in apostrophes": b"'onmouseover='alert(1)",
    "end of a link": b'x>;rel="stylesheet",<https://evil.example/x.css',
    "script address": b"javascript:alert(1)",
    "template": b"{{7*7}}marked{%raw%}${7*7}",
    "other folder": b"../../../../etc/passwd",
    "other folder, packed": b"%2e%2e%2f%252e%252e%2fetc%2fpasswd",
    "long": b"a" * 6000,
    "many": b"," * 3000,
    "right to left": "‮nigol‬".encode(),
    "lone surrogate": b"\xed\xa0\x80",
    "overlong": b"\xc0\xaf\xe0\x80\xaf",
    "no UTF-8": b"\xff\xfe",
    "other digits": "٢٠١٩-٠١-٠١".encode(),
    "superscript digit": "²".encode(),
    "very long number": b"9" * 5000,
    "minus": b"-1",
    "formula": b'=HYPERLINK("http://evil.example")',
}
#: What one answer may take at most, in seconds, on a machine that is busy with other tests.
BOUND = 5.0
#: Headers that are read, beside those of the protocol.
HEADERS = (
    b"accept",
    b"accept-encoding",
    b"authorization",
    b"content-type",
    b"host",
    b"if-none-match",
    b"origin",
    b"range",
    b"x-request-id",
)
BROWSER = ((b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"),)
#: A Link header that a client reads as it was meant (RFC 8288, section 3).
LINK = re.compile(r'(<[^<>"\s]*>(; *[a-z]+="[^"<>]*")*(, )?)+')
KEPT_OUT = (b"<script>alert", b"<img src=x", b"'onmouseover='", b"49marked")


@dataclass(frozen=True)
class Answer:
    """What came back, and for which method."""

    method: str
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def media(self) -> str:
        return dict(self.headers).get(b"content-type", b"").decode("latin-1")

    @cached_property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def total(self) -> int:
        """How many rows there are; none when it tells of none."""
        if self.method == "HEAD" or self.status != 200 or self.media != "application/json":
            return 0
        return (self.data.get("total") or 0) if isinstance(self.data, dict) else 0


class Service:
    """The application, asked without a server, with the bytes as they stand."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.loop = asyncio.new_event_loop()
        self.life = app.router.lifespan_context(app)
        self.loop.run_until_complete(self.life.__aenter__())

    def close(self) -> None:
        """End it."""
        self.loop.run_until_complete(self.life.__aexit__(None, None, None))
        self.loop.close()

    def ask(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: tuple[tuple[bytes, bytes], ...] = (),
        body: bytes = b"",
    ) -> Answer:
        """The answer to one request; ``path`` and ``query`` as they stand in the address."""
        begun = time.monotonic()
        answer = self.loop.run_until_complete(self._ask(method, path, query, headers, body))
        seconds = time.monotonic() - begun
        assert seconds < BOUND, (method, path[:200], query[:200], headers, body[:200], seconds)
        return answer

    async def _ask(self, method: str, path: str, query: str, headers: Any, body: bytes) -> Answer:
        given = {b"host": b"localhost", b"accept": b"*/*"} | dict(headers)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method.upper(),
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": list(given.items()),
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
        }
        sent: list[dict[str, Any]] = []
        asked = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, *parts = sent
        content = b"".join(part.get("body", b"") for part in parts)
        return Answer(method.upper(), start["status"], list(start["headers"]), content)


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[Service]:
    made = Service(
        create_app(replace(settings, cors_origins=("https://a.example",), log_requests=False))
    )
    yield made
    made.close()


def sound(answer: Answer, what: object) -> None:
    """The payload broke nothing."""
    assert answer.status < 500, what
    for name, value in answer.headers:
        assert not re.search(rb"[\r\n\x00]", name + value), (what, name, value)
        assert name != b"x-injected", what
        assert b"evil.example>" not in value, (what, name, value)
        if name == b"link":
            assert LINK.fullmatch(value.decode("latin-1")), (what, value)
        if name == b"access-control-allow-origin":
            assert value == b"https://a.example", what
    assert b"root:x:" not in answer.body, what
    assert b"Traceback" not in answer.body, what
    if answer.media.endswith("json") and (answer.body or answer.method != "HEAD"):
        assert answer.data is not None, what
    if "html" in answer.media:
        for text in KEPT_OUT:
            assert text not in answer.body, (what, text)


def written(payload: bytes) -> list[str]:
    """A payload in an address: every byte as %XX, and as it stands where a server lets it pass."""
    plain = re.fullmatch(rb"[!-~]+", payload) and not re.search(rb"[&#+%]", payload)
    return [quote(payload, safe=""), *([payload.decode()] if plain else ())]


def examples(operation: dict[str, Any], place: str) -> dict[str, str]:
    """The examples of the parameters in the path or in the query."""
    found = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == place and "example" in parameter:
            value = parameter["example"]
            found[parameter["name"]] = ",".join(value) if isinstance(value, list) else str(value)
    return found


def address(path: str, values: dict[str, str]) -> str:
    """A path with its variables filled in."""
    return re.sub(r"{(\w+)}", lambda m: quote(values.get(m[1], "x"), safe=""), path)


def test_no_parameter_of_the_api_is_more_than_a_value(service: Service) -> None:
    document = service.ask("GET", "/api/v1/openapi.json").data
    tried, parameters = 0, 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            documented = {int(status) for status in operation["responses"]}
            within, asked = examples(operation, "path"), examples(operation, "query")
            for parameter in operation.get("parameters", ()):
                parameters += 1
                name, place = parameter["name"], parameter["in"]
                rest = {k: v for k, v in asked.items() if k != name}
                unharmed = [asked] if parameter["required"] else [asked, rest]
                if parameter["schema"].get("type") == "integer":
                    unharmed.append({**asked, name: "0"})  # "at least -1" asks for no more
                most = max(
                    service.ask(method, address(path, within), urlencode(values)).total
                    for values in unharmed
                )
                for title, payload in PAYLOADS.items():
                    for text in written(payload):
                        what = (method, path, name, title, text[:80])
                        if place == "header":
                            told = ((name.lower().encode(), payload),)
                            query = urlencode(asked)
                            answer = service.ask(method, address(path, within), query, told)
                        elif place == "path":
                            filled = path.replace(f"{{{name}}}", text)
                            answer = service.ask(method, address(filled, within), urlencode(asked))
                        else:
                            query = f"{urlencode(rest)}&{quote(name)}={text}"
                            answer = service.ask(method, address(path, within), query)
                        tried += 1
                        sound(answer, what)
                        # No address of ours holds the end of a line: then it is no operation.
                        elsewhere = {404} if place == "path" and "%0A" in text else set()
                        assert answer.status in documented | elsewhere, (what, answer.status)
                        if place == "query":
                            assert answer.total <= most, what
    assert parameters > 800
    assert tried > len(PAYLOADS) * parameters


def test_no_body_is_more_than_a_value(service: Service) -> None:
    document = service.ask("GET", "/api/v1/openapi.json").data
    tried = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            documented = {int(status) for status in operation["responses"]}
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                fields = [f"{n}=" for n in content["schema"].get("properties", ())] or [""]
                for field in fields:
                    for title, payload in PAYLOADS.items():
                        body = field.encode() + (quote(payload).encode() if field else payload)
                        if field.endswith("-uri="):
                            body = b"query=ASK{}&" + body
                        told = ((b"content-type", media.encode()),)
                        answer = service.ask(method, address(path, {}), "", told, body)
                        tried += 1
                        sound(answer, (method, path, media, field, title))
                        assert answer.status in documented, (path, media, field, title, answer)
    assert tried > 20 * len(PAYLOADS)


def test_no_header_is_more_than_a_value(service: Service) -> None:
    for path in ("/api/v1/tasks", "/hjaelp", "/sparql", "/graph/none"):
        for header in HEADERS:
            for title, payload in PAYLOADS.items():
                answer = service.ask("GET", path, "", ((header, payload),))
                sound(answer, (path, header, title))
                told = dict(answer.headers)
                assert re.fullmatch(rb"[A-Za-z0-9._-]{1,64}", told[b"x-request-id"])
                if header not in (b"host", b"x-request-id") and len(payload) > 3:
                    assert all(payload not in value for value in told.values()), (path, header)


class Names(HTMLParser):
    """The names of the parameters that a page's own forms and links give to the page."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.found, self.inside = path, set[str](), False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = (given.get("action") or self.path) == self.path
        elif tag in ("input", "select", "textarea") and self.inside and given.get("name"):
            self.found.add(str(given["name"]))
        elif tag == "a":
            link = urlsplit(given.get("href") or "")
            if not link.netloc and link.path in ("", self.path):
                self.found |= {name for name, _ in parse_qsl(link.query, keep_blank_values=True)}


READ = re.compile(r'(?:query_params|asked)\.get\("(\w+)"|read_day\(request, answers, "(\w+)"')


def parameters_of_pages(service: Service) -> dict[str, set[str]]:
    """Path of one page of every type → its parameters, as the page shows and the code reads them."""
    routes = [
        route
        for route in iter_route_contexts(service.app.routes[1:])
        if (route.endpoint.__module__ or "").startswith("graph_service.web.")
    ]
    found: dict[str, set[str]] = {}
    for shown in PAGES:
        path = urlsplit(shown).path
        reader = Names(path)
        reader.feed(service.ask("GET", path, urlsplit(shown).query).body.decode())
        names = found.setdefault(path, {"nonsense"}) | reader.found
        for route in routes:
            if route.path_regex.match(path):
                source = inspect.getsource(inspect.getmodule(route.endpoint))
                names |= {a or b for a, b in READ.findall(source)}
        found[path] = names
    return found


def test_no_parameter_of_a_page_is_more_than_a_value(service: Service) -> None:
    pages = parameters_of_pages(service)
    assert {"q", "as_of", "side", "law", "actor", "format"} <= pages["/ansvar"]
    assert {"dag", "from", "due_before", "body"} <= pages["/kalender"]
    tried = 0
    for path, names in pages.items():
        for name in sorted(names):
            for title, payload in PAYLOADS.items():
                for text in written(payload):
                    answer = service.ask("GET", path, f"{name}={text}", BROWSER)
                    tried += 1
                    sound(answer, (path, name, title))
                    assert answer.status in (200, 400, 404, 406), (path, name, title, answer.status)
    assert tried > len(PAYLOADS) * sum(len(names) for names in pages.values())


def test_no_part_of_the_path_of_a_page_is_more_than_a_value(service: Service) -> None:
    tried = 0
    for route in iter_route_contexts(service.app.routes[1:]):
        for variable in re.findall(r"{(\w+)}", route.path_format):
            for payload in PAYLOADS.values():
                for text in written(payload):
                    path = address(route.path_format.replace(f"{{{variable}}}", text), {})
                    answer = service.ask("GET", path, "", BROWSER)
                    tried += 1
                    sound(answer, path)
                    assert answer.status in (400, 404, 406), path
    assert tried > 20 * len(PAYLOADS)
