"""The remote store against services that answer well, badly, slowly, by half or not at all."""

from __future__ import annotations

import base64
import gc
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pyoxigraph as ox
import pytest

from graph_service.build.publish import current
from graph_service.settings import Settings
from graph_service.store import StoreError, TookTooLong
from graph_service.store import remote as module
from graph_service.store.remote import RemoteStore, client_for, merged_graph
from graph_service.vocabulary import AG, XSD

Handler = Callable[[httpx.Request], httpx.Response]
X = {"type": "uri", "value": "http://x/a"}


def store(handler: Handler, seconds: float = 10.0, login: str = "") -> RemoteStore:
    return RemoteStore(
        "http://store/sparql", "0123", seconds, login, transport=httpx.MockTransport(handler)
    )


def rows(*bindings: dict[str, dict[str, str]], **headers: str) -> Handler:
    body = {"head": {"vars": ["x"]}, "results": {"bindings": list(bindings)}}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(200, json=body, headers=sent)


def test_a_query_goes_as_a_form_with_its_prefixes_graph_and_limit() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return rows({"x": X})(request)

    assert list(store(handler, 2.5).select("SELECT ?x WHERE { ?x a ag:Body }"))
    (request,) = seen
    form = parse_qs(request.content.decode())
    assert request.method == "POST"
    assert request.headers["accept"] == "application/sparql-results+json"
    assert form["default-graph-uri"] == [merged_graph("0123")]
    assert form["timeout"] == ["3000"]  # whole seconds, never below ours
    assert form["maxrows"] == ["500000"]
    assert form["query"] == [f"PREFIX ag: <{AG}>\nSELECT ?x WHERE {{ ?x a ag:Body }}"]


def test_what_is_for_remote_stores_only_is_no_comment_there() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        query = parse_qs(request.content.decode())["query"][0]
        assert query.endswith("{\n  ?x a ?b .\n  # note\n}")
        return rows()(request)

    assert not list(store(handler).select("SELECT ?x {\n  #remote ?x a ?b .\n  # note\n}"))


@pytest.mark.parametrize(
    ("value", "term"),
    [
        (X, ox.NamedNode("http://x/a")),
        ({"type": "bnode", "value": "nodeID://b1"}, ox.BlankNode("b1")),
        ({"type": "literal", "value": "å", "xml:lang": "da"}, ox.Literal("å", language="da")),
        ({"type": "literal", "value": "å"}, ox.Literal("å")),
        (
            {"type": "typed-literal", "value": "3", "datatype": XSD + "integer"},
            ox.Literal("3", datatype=ox.NamedNode(XSD + "integer")),
        ),
    ],
)
def test_every_kind_of_term_is_read(value: dict[str, str], term: ox.NamedNode) -> None:
    assert list(store(rows({"x": value})).select("SELECT ?x {}")) == [{"x": term}]


def test_distinct_rows_are_distinct_and_others_are_not() -> None:
    handler = rows({"x": X}, {"x": X}, {})
    assert len(list(store(handler).select("# why\n SELECT DISTINCT ?x {}"))) == 2
    assert len(list(store(handler).select("SELECT ?x { { SELECT DISTINCT ?x {} } }"))) == 3


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"boolean": True}, True),
        ({"boolean": False}, False),
        ({"results": {"bindings": [{"__ASK_RETVAL": {"type": "literal", "value": "1"}}]}}, True),
        ({"results": {"bindings": [{"__ASK_RETVAL": {"type": "literal", "value": "0"}}]}}, False),
        ({"results": {"bindings": []}}, False),
    ],
)
def test_ask_is_understood_in_every_form(body: object, answer: bool) -> None:
    assert store(lambda _: httpx.Response(200, json=body)).ask("ASK {}") is answer


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "[]", "{}", "null", '{"results": {}}', '{"results": {"bindings": [{"x": 1}]}}']
    + ['{"results": {"bindings": {"x": 1}}}', '{"results": {"bindings": [1]}}', "[" * 100_000]
    + [
        json.dumps({"results": {"bindings": [{"x": value}]}})
        for value in ({}, {"type": "uri", "value": "no iri"}, {"type": "uri"})
    ],
)
def test_what_is_no_result_is_a_store_error(text: str) -> None:
    remote = store(lambda _: httpx.Response(200, text=text))
    with pytest.raises(StoreError):
        list(remote.select("SELECT ?x {}"))
    if "bindings" not in text:
        with pytest.raises(StoreError):
            remote.ask("ASK {}")


@pytest.mark.parametrize("status", [204, 206, 302, 400, 401, 403, 404, 500, 503])
def test_any_other_status_than_200_is_a_store_error_that_says_what_came(status: int) -> None:
    with pytest.raises(StoreError, match=rf"{status}: 'SP030: line 3'") as caught:
        store(lambda _: httpx.Response(status, text="SP030: line 3\nSELECT")).ask("ASK {}")
    assert caught.value.status == status


class Losing:
    """A service that holds the snapshot until it has lost it; a dead one refuses every call."""

    def __init__(self) -> None:
        self.holds = True
        self.dead = False
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.dead:
            raise httpx.ConnectError("no")
        query = parse_qs(request.content.decode())["query"][0]
        self.asked.append(query)
        if query == "ASK { ?s ?p ?o }":
            return httpx.Response(200, json={"boolean": self.holds})
        if query.startswith("ASK"):
            return httpx.Response(200, json={"boolean": False})
        if "COUNT" in query:
            return rows({"n": {"type": "literal", "value": "0"}})(request)
        return rows(*([] if query.endswith("{}") else [{"x": X}]))(request)

    def store(self) -> RemoteStore:
        return RemoteStore(
            "http://store/sparql", "0123", transport=httpx.MockTransport(self), sure=False
        )


NOTHING = ("SELECT ?x {}", "SELECT (COUNT(*) AS ?n) { ?x a ?y }", "ASK { ?x a ?y }")


@pytest.mark.parametrize("query", NOTHING)
def test_nothing_is_believed_only_of_a_service_that_still_holds_the_snapshot(query: str) -> None:
    service = Losing()
    remote = service.store()
    answer: Callable[[], object] = lambda: (  # noqa: E731
        remote.ask(query) if query.startswith("ASK") else list(remote.select(query))
    )
    found = answer()
    assert found in (False, [], [{"n": ox.Literal("0")}])
    assert service.asked.count("ASK { ?s ?p ?o }") == 2, "before the first query, and after it"
    service.holds = False
    with pytest.raises(StoreError, match="does not hold snapshot 0123"):
        answer()
    service.holds = True
    assert answer() == found


def test_what_has_rows_is_not_asked_twice_but_after_a_loss_the_snapshot_is_asked_for() -> None:
    service = Losing()
    remote = service.store()
    for _ in range(2):
        assert list(remote.select("SELECT ?x { ?x ?p 1 }"))
    assert service.asked.count("ASK { ?s ?p ?o }") == 1
    service.dead = True
    with pytest.raises(StoreError, match="ConnectError"):
        list(remote.select("SELECT ?x { ?x ?p 1 }"))
    service.dead = service.holds = False
    with pytest.raises(StoreError, match="does not hold"):
        list(remote.select("SELECT ?x { ?x ?p 1 }"))


def test_an_answer_that_says_it_is_partial_is_none() -> None:
    with pytest.raises(TookTooLong, match="S1TAT"):
        list(store(rows({"x": X}, X_SQL_State="S1TAT")).select("SELECT ?x {}"))
    with pytest.raises(StoreError, match="2 rows"):
        list(store(rows({"x": X}, {"x": X}, X_SPARQL_MaxRows="2")).select("SELECT ?x {}"))
    assert len(list(store(rows({"x": X}, X_SPARQL_MaxRows="2")).select("SELECT ?x {}"))) == 1


def test_an_answer_that_took_the_whole_time_is_none_even_when_it_looks_whole() -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        time.sleep(0.15)
        return rows({"x": X})(request)

    with pytest.raises(StoreError, match=r"more than 0\.1 s"):
        list(store(slow, 0.1).select("SELECT ?x {}"))


def test_a_dripping_answer_and_a_huge_one_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = 0

    def drip() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            time.sleep(0.02)
            yield b" " * 1000

    remote = store(lambda _: httpx.Response(200, content=drip()), 0.2)
    with pytest.raises(TookTooLong, match="more than"):
        remote.ask("ASK {}")
    assert sent < 20
    monkeypatch.setattr(module, "MOST_BYTES", 5000)
    sent = 0
    with pytest.raises(StoreError, match="5000 bytes"):
        store(lambda _: httpx.Response(200, content=drip())).ask("ASK {}")
    assert sent < 8


@pytest.mark.parametrize(
    "error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError]
)
def test_a_service_that_is_away_is_a_store_error(error: type[httpx.TransportError]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error("no")

    with pytest.raises(StoreError, match=error.__name__) as raised:
        store(handler).ask("ASK {}")
    assert type(raised.value) is StoreError, "no limit of ours was reached"


def test_a_dead_connection_is_tried_once_more_and_a_timeout_is_not() -> None:
    def failing(error: type[httpx.TransportError], calls: list[int]) -> Handler:
        def handler(_: httpx.Request) -> httpx.Response:
            calls.append(1)
            if len(calls) == 1:
                raise error("once")
            return httpx.Response(200, json={"boolean": True})

        return handler

    calls: list[int] = []
    assert store(failing(httpx.RemoteProtocolError, calls)).ask("ASK {}")
    assert len(calls) == 2
    calls = []
    with pytest.raises(StoreError):
        store(failing(httpx.ReadTimeout, calls)).ask("ASK {}")
    assert len(calls) == 1


def test_each_kind_of_login() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization", ""))
        if seen[-1] == "" and len(seen) == 4:
            return httpx.Response(
                401, headers={"WWW-Authenticate": 'Digest realm="SPARQL", nonce="n", qop="auth"'}
            )
        return httpx.Response(200, json={"boolean": True})

    for login in ("", "basic:me:a:b", "bearer:t:u", "digest:dba:secret"):
        assert store(handler, login=login).ask("ASK {}")
    assert seen[0] == ""
    assert seen[1] == "Basic " + base64.b64encode(b"me:a:b").decode()
    assert seen[2] == "Bearer t:u"
    assert seen[4].startswith('Digest username="dba"')
    assert "secret" not in seen[4]
    with pytest.raises(ValueError, match="ANSVARSGRAF_STORE_LOGIN") as caught:
        client_for("dba:secret", 1.0)
    assert "secret" not in str(caught.value)


def test_a_store_that_nobody_asks_any_more_keeps_no_connections() -> None:
    """Each snapshot has its own, and the one before is dropped when the next comes into service."""
    closed: list[bool] = []

    class Closing(httpx.MockTransport):
        def close(self) -> None:
            closed.append(True)

    gc.disable()
    try:
        remote = RemoteStore("http://store/sparql", "0123", transport=Closing(rows({"x": X})))
        found = remote.select("SELECT ?x {}")
        del remote
        assert (next(found), closed) == ({"x": ox.NamedNode("http://x/a")}, [])
        del found
        assert closed == [True]
    finally:
        gc.enable()


def test_named_graphs_are_asked_of_the_local_snapshot(settings: Settings) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError("the service was asked")

    folder: Path = current(settings.snapshots)
    remote = RemoteStore(
        "http://store/sparql", folder.name, local=folder, transport=httpx.MockTransport(handler)
    )
    found = list(remote.select("SELECT ?g WHERE { GRAPH ?g { ?s a ag:Body } } LIMIT 1"))
    assert found[0]["g"].value.startswith("https://w3id.org/ansvarsgraf/graph/")
