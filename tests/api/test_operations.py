"""For operators: alive, ready, figures, logs, and a new snapshot without dropping a request."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pyoxigraph as ox
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from starlette.testclient import TestClient

from graph_service.api import observe
from graph_service.api.app import create_app
from graph_service.api.metrics import METRICS, PREFIX, Metrics, keep, sample
from graph_service.api.observe import Observe, kind_of, set_up_logging
from graph_service.build.publish import publish
from graph_service.settings import Settings
from graph_service.sparql import result
from tests.api.conftest import TOKEN
from tests.sparql.conftest import ENDLESS, HUNGRY, make


def test_alive_and_ready(client: TestClient, settings: Settings) -> None:
    for path, word in (("/healthz", "ok"), ("/readyz", "ready")):
        answer = client.get(path)
        assert answer.status_code == 200
        assert re.fullmatch(rf"{word} [0-9a-f]{{16}}\n", answer.text)
        assert answer.headers["cache-control"] == "no-store"


def test_without_a_snapshot_it_says_so(settings: Settings, tmp_path: Path) -> None:
    client = TestClient(create_app(replace(settings, snapshots=tmp_path)))
    for path in ("/healthz", "/readyz", "/api/v1/events"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"


def test_where_the_folder_is_gone_from_the_disk_it_is_alive_and_not_ready(
    settings: Settings, tmp_path: Path
) -> None:
    first = small(tmp_path, "Før")
    with TestClient(create_app(replace(settings, snapshots=tmp_path))) as client:
        assert client.get("/readyz").status_code == 200
        (tmp_path / first).rename(tmp_path / "away")
        lost = [client.get(path) for path in ("/readyz", "/api/v1/search?q=sul")]
        for answer in lost:
            assert answer.status_code == 503
            assert answer.json()["title"] == "Grafen kan ikke nås lige nu"
        assert lost[0].json()["detail"] == "Grafens mappe er ikke længere på disken."
        assert client.get("/healthz").status_code == 200
        (tmp_path / "away").rename(tmp_path / first)
        for path in ("/readyz", "/api/v1/search?q=sul"):
            assert client.get(path).status_code == 200


def test_metrics_are_prometheus_text(client: TestClient) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    for line in lines:
        assert re.fullmatch(
            r"# (HELP|TYPE) \w+ .+|\w+(\{(\w+=\"[^\"\n]*\",?)+\})? [0-9.e+-]+", line
        ), line
    families = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert families == {PREFIX + name for name in METRICS}


def samples(client: TestClient) -> dict[str, float]:
    """Every figure at ``/metrics``, by its name and labels."""
    lines = [line for line in client.get("/metrics").text.splitlines() if line[0] != "#"]
    return {
        name.removeprefix(PREFIX): float(value)
        for name, _, value in (line.rpartition(" ") for line in lines)
    }


#: What the server tells, which is not there in these tests, and what has not happened.
NOT_HERE = {"connections", "connections_closed_total", "connections_held_total", "broken_total"}


def test_figures_tell_what_was_asked_and_what_is_served(settings: Settings) -> None:
    question = "/api/v1/questions/who-under-provision?law=sul-140"
    with TestClient(create_app(settings)) as client:
        name = client.get("/healthz").text.split()[1]
        for _ in range(3):
            assert client.get(question).status_code == 200
        assert client.get(question + "&x=1").status_code == 400
        size = len(client.get("/api/v1/topics").content)
        before = samples(client)
        for _ in range(10):
            client.get("/api/v1/topics")
        client.post("/sparql", data={"query": "ASK {}"})
        now = samples(client)
    what = "question who-under-provision"
    for status, count in (("200", 3), ("400", 1)):
        assert now[sample("requests_total", what=what, method="GET", status=status)] == count
    assert now[sample("request_seconds_count", what=what)] == 4
    assert now[sample("request_seconds_bucket", what=what, le="+Inf")] == 4
    assert now[sample("request_seconds_sum", what=what)] > 0
    assert now["response_bytes_total"] - before["response_bytes_total"] > 10 * size
    manifest = json.loads((settings.snapshots / name / "manifest.json").read_text())
    assert now[sample("snapshot_info", id=name, created=manifest["created"])] == 1
    assert now["snapshot_triples"] == manifest["triples"] > 100_000
    assert now["snapshot_swaps_total"] == 0
    assert now["processes"] == 1
    assert now["resident_bytes"] > 10_000_000
    families = {re.sub(r"_(bucket|count|sum)$", "", key.partition("{")[0]) for key in now}
    assert families == METRICS.keys() - NOT_HERE


def test_figures_of_the_cache_move_with_requests(settings: Settings) -> None:
    room = 40_000
    with TestClient(create_app(replace(settings, cache_bytes=room))) as client:

        def moved(*paths: str) -> tuple[float, ...]:
            """Hits, misses, evicted, answers and bytes: what asking for these adds."""
            names = ("hits_total", "misses_total", "evicted_total", "answers", "bytes")
            before = samples(client)
            for path in paths:
                client.get(path)
            after = samples(client)
            return tuple(after[f"cache_{n}"] - before[f"cache_{n}"] for n in names)

        path = "/api/v1/topics?limit=1&fields=iri"
        *counts, held = moved(path)
        assert counts == [0, 1, 0, 1]
        assert len(client.get(path).content) < held < room / 8
        assert moved(path, path) == (2, 0, 0, 0, 0)
        assert moved("/api/v1/topics?limit=x") == (0, 1, 0, 0, 0)
        assert moved("/healthz", "/sparql?query=ASK%7B%7D") == (0, 0, 0, 0, 0)
        hits, misses, evicted, added, held = moved(*(f"{path}&q={n}" for n in range(40)))
        assert (hits, misses) == (0, 40)
        assert evicted == 40 - added > 0
        assert 0 < held < samples(client)["cache_bytes"] <= room


def test_figures_of_the_pool_move_with_free_queries(tmp_path: Path) -> None:
    with TestClient(create_app(make(tmp_path, query_seconds=3.0))) as client:

        def moved(query: str) -> dict[str, float]:
            """The events and answers that a query adds."""
            before = samples(client)
            client.post("/sparql", data={"query": query})
            after = samples(client)
            assert after['pool{state="running"}'] == after['pool{state="queue"}'] == 0
            return {
                name: value - before.get(name, 0)
                for name, value in after.items()
                if name.startswith(("pool_events", 'requests_total{what="sparql"'))
                and "started" not in name
                and value != before.get(name, 0)
            }

        def told(event: str, status: int) -> dict[str, float]:
            answer = sample("requests_total", what="sparql", method="POST", status=str(status))
            return {sample("pool_events_total", event=event): 1, answer: 1}

        client.post("/sparql", data={"query": "ASK {}"})
        assert moved("SELECT * { ?s ?p ?o } LIMIT 3") == told("answered", 200)
        assert moved(ENDLESS) == told("killed_time", 503)
        assert moved("SELECT * { ?s ?p ?o } LIMIT") == told("failed_bad_query", 400)


def test_figures_of_several_processes_are_added(tmp_path: Path) -> None:
    mine = Metrics(tmp_path)
    requests = sample("requests_total", what="page", method="GET", status="200")
    for size in (100, 20):
        mine.answered(requests, size, "page", 0.004)
    mine.gauges.append(lambda: {"cache_bytes": 10, sample("snapshot_info", id="a"): 1})
    other = dict(mine.figures())
    (tmp_path / "1.json").write_text(json.dumps(other))
    (tmp_path / "2.json").write_text("not yet written")
    total = mine.total()
    assert total[requests] == 4
    assert total["response_bytes_total"] == 240
    assert total["cache_bytes"] == 20
    assert total['snapshot_info{id="a"}'] == 1
    assert total["processes"] == 2
    assert 'request_seconds_bucket{what="page",le="0.005"} 4' in mine.text()

    keep(tmp_path, 1)
    assert not (tmp_path / "1.json").exists()
    # Read between the two steps of keeping it, it counts once.
    (tmp_path / "1.json").write_text(json.dumps(other))
    for _ in range(2):
        total = mine.total()
        assert (total[requests], total["response_bytes_total"]) == (4, 240)
        assert (total["cache_bytes"], total["processes"]) == (10, 1), "gauges end with a process"
        (tmp_path / "1.json").unlink(missing_ok=True)
    (tmp_path / "3.json").write_text(json.dumps(other))
    keep(tmp_path, 3)
    keep(tmp_path, 4)
    assert mine.total()[requests] == 6
    assert 'request_seconds_bucket{what="page",le="0.005"} 6' in mine.text()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/events", "events"),
        ("/api/v1/events/x", "events one"),
        ("/api/v1/questions/who-under-provision", "question who-under-provision"),
        ("/api/v1/questions/nonsense", "question unknown"),
        ("/api/v1/nonsense", "api"),
        ("/sparql", "sparql"),
        ("/rdf-graph-store", "rdf-graph-store"),
        ("/graph/laws", "graph"),
        ("/.well-known/void", ".well-known"),
        ("/whatever", "page"),
        ("", "page"),
    ],
)
def test_kinds_of_address_are_few(client: TestClient, path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_each_request_has_an_id_and_a_line(settings: Settings) -> None:
    app = create_app(replace(settings, log_requests=True))
    with TestClient(app) as client:
        out = io.StringIO()
        client.get("/healthz")
        layer = app.around
        while not isinstance(layer, Observe):
            layer = layer.app
        layer.lines.flush()
        layer.lines.stream = out
        answer = client.get("/api/v1/events?limit=1", headers={"X-Request-Id": "abc-1"})
        assert answer.headers["x-request-id"] == "abc-1"
        made = client.get("/api/v1/events?limit=1", headers={"X-Request-Id": 'x"\n'[:2]})
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", made.headers["x-request-id"])
        secret = "SELECT * WHERE { ?s ?p 'cpr' } " * 20
        client.get("/sparql", params={"query": secret})
        client.get('/nothing"%01')
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines[0]["request_id"] == "abc-1"
    assert lines[0]["status"] == 200
    assert lines[0]["cache"] == "miss"
    assert lines[1]["cache"] == "hit"
    assert len(lines[2]["query"]) <= 201
    assert lines[2]["query"].endswith("…")
    assert lines[3]["status"] == 404
    assert {"time", "level", "logger", "method", "path", "ms", "bytes", "client"} <= set(lines[0])


@contextlib.contextmanager
def logged() -> Iterator[None]:
    """With the service's own logging, as the server sets it up, to the present standard error."""
    root, ours = logging.getLogger(), logging.getLogger("ansvarsgraf")
    before = root.handlers[:], root.level, ours.level
    try:
        set_up_logging(sys.stderr)
        yield
    finally:
        root.handlers[:], root.level = before[:2]
        ours.setLevel(before[2])


#: A text that no log may hold, and what is asked or changed with it.
SECRET = "Xylofonpersonen"
ASKED = {
    "answered": (f"SELECT * {{ ?s ?p '{SECRET}' }}", 200),
    "not understood": (f"SELECT * {{ ?s ?p '{SECRET}' ", 400),
    "of an unknown function": (f"SELECT (<urn:{SECRET}>('{SECRET}') AS ?x) {{ ?s ?p ?o }}", 400),
    "stopped by the clock": (ENDLESS + f" # {SECRET}", 503),
    "stopped for its memory": (HUNGRY + f" # {SECRET}", 503),
    "with too many rows": (f"SELECT ('{SECRET}' AS ?x) {{ ?a ?b ?c . ?d ?e ?f }}", 403),
    "broken off": (f"SELECT ('{SECRET}' AS ?x) {{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }}", 200),
    "to another host": (f"SELECT * {{ SERVICE <http://{SECRET}.example/> {{ ?s ?p ?o }} }}", 403),
}
CHANGED = {
    "done": (f"INSERT DATA {{ <urn:a> <urn:b> '{SECRET}' }}", 204),
    "not understood": (f"INSERT DATA {{ <urn:a> <urn:b> '{SECRET}' ", 400),
    "stopped by the clock": (
        f"INSERT {{ ?a ?b '{SECRET}' }} WHERE {{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }}",
        503,
    ),
    "stopped for its memory": (f"INSERT DATA {{ <urn:a> <urn:b> '{SECRET}' }}", 503),
    "from another host": (f"LOAD <http://{SECRET}.example/>", 403),
}
TEXTS = [("query", how, *told) for how, told in ASKED.items()]
TEXTS += [("update", how, *told) for how, told in CHANGED.items()]


@pytest.mark.parametrize(
    "form", [pytest.param(True, marks=pytest.mark.long), False], ids=["form", "body"]
)
@pytest.mark.parametrize(
    ("kind", "how", "text", "status"), TEXTS, ids=[f"{kind} {how}" for kind, how, *_ in TEXTS]
)
def test_no_text_that_is_posted_is_in_the_log(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    how: str,
    text: str,
    status: int,
    form: bool,
) -> None:
    """However it ends, also when it was slow; what the processes write themselves counts too."""
    monkeypatch.setattr(observe, "SLOW", 0.0)
    settings = make(
        tmp_path,
        admin_token=TOKEN,
        query_memory=600 * 1024**2,
        query_seconds=3.0,
        write_seconds=8.0,
    )
    if "clock" in how:
        settings = replace(settings, query_seconds=0.5, write_seconds=0.5)
    if "memory" in how:
        settings = replace(settings, query_seconds=60.0, write_memory=100 * 1024**2)
    if how == "broken off":
        monkeypatch.setattr(result, "START_SECONDS", 0.0)
        settings = replace(settings, query_seconds=1.0, query_rows=10**9, query_bytes=10**9)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with logged(), TestClient(create_app(settings), raise_server_exceptions=False) as client:
        if form:
            answer = client.post("/sparql", data={kind: text}, headers=headers)
        else:
            headers["Content-Type"] = f"application/sparql-{kind}"
            answer = client.post("/sparql", content=text, headers=headers)
        assert answer.status_code == status, answer.text
    log = capfd.readouterr().err
    (line,) = [read for one in log.splitlines() if "status" in (read := json.loads(one))]
    assert (line["path"], line["query"], line["status"]) == ("/sparql", "", status)
    assert line.get("broken", False) == (how == "broken off")
    assert line["level"] == ("error" if status >= 500 or "broken" in line else "warning")
    assert SECRET not in log


@pytest.mark.parametrize("value", ["", "no", "yes"])
def test_query_strings_are_logged_whole_only_when_that_is_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], value: str
) -> None:
    whole = value == "yes"
    asked = Settings.from_environment({"ANSVARSGRAF_LOG_QUERIES": value})
    settings = make(tmp_path, log_queries=asked.log_queries)
    long = "query=" + quote_plus(f"ASK {{ ?s ?p '{'x' * 300}{SECRET}' }}")
    posted = f"ASK {{ ?s ?p '{SECRET} posted' }}"
    exact = "q=" + "y" * 198
    with logged(), TestClient(create_app(settings)) as client:
        assert client.get("/sparql?" + long).status_code == 200
        client.get("/api/v1/topics?" + exact)
        assert client.post("/sparql", data={"query": posted}).status_code == 200
    log = capfd.readouterr().err
    lines = [json.loads(line) for line in log.splitlines()]
    queries = [line["query"] for line in lines if "query" in line]
    assert queries == [long if whole else long[:200] + "…", exact, ""]
    assert (SECRET in log) == whole
    assert [line["message"] for line in lines if posted in line.get("message", "")] == [
        f"query: {posted}"
    ] * whole


PIECE = {"type": "http.response.body", "body": b"x" * 10, "more_body": True}
END = {"type": "http.response.body", "body": b"", "more_body": False}


@pytest.mark.parametrize(
    ("sent", "leaves", "status", "size", "broken"),
    [
        ([PIECE, PIECE, END], 9, 200, 20, False),
        ([PIECE, PIECE], 9, 200, 20, True),
        ([PIECE, PIECE, PIECE, END], 1, 499, 10, False),
        ([PIECE, PIECE], 1, 499, 10, False),
        ([PIECE, END], 1, 200, 10, False),
        ([], 0, 499, 0, False),
        ([PIECE, ValueError()], 9, 200, 10, True),
        (ValueError(), 9, 500, 0, False),
        (ValueError(), 0, 499, 0, False),
    ],
)
def test_an_answer_that_did_not_arrive_is_told_apart(
    sent: list[object] | Exception, leaves: int, status: int, size: int, broken: bool
) -> None:
    """``leaves`` is after how many pieces the client is gone; all it was sent after is lost."""
    out, metrics, arrived = io.StringIO(), Metrics(None), 0

    async def app(scope: object, receive: object, send: Callable[[object], Any]) -> None:
        if isinstance(sent, Exception):
            raise sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for message in sent:
            if isinstance(message, Exception):
                raise message
            await send(message)

    async def send(message: dict[str, Any]) -> None:
        nonlocal arrived
        arrived += bool(message.get("body"))

    async def ask() -> None:
        layer = Observe(app, metrics, log_requests=True, log_queries=False, stream=out)
        state = {"gone": lambda: arrived >= leaves}
        scope = {"type": "http", "path": "/sparql", "method": "GET", "headers": [], "state": state}
        with contextlib.suppress(ValueError):
            await layer(scope, None, send)  # type: ignore[arg-type]
        layer.lines.flush()

    asyncio.run(ask())
    line = json.loads(out.getvalue())
    assert (line["status"], line["bytes"], line.get("broken", False)) == (status, size, broken)
    assert line["level"] == ("error" if broken or status == 500 else "info")
    figures = metrics.figures()
    assert figures[f'requests_total{{what="sparql",method="GET",status="{status}"}}'] == 1
    assert figures.get('broken_total{what="sparql"}', 0) == broken
    assert ('ansvarsgraf_broken_total{what="sparql"} 1' in metrics.text()) == broken


def test_other_logs_are_json_lines_too() -> None:
    out = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        set_up_logging(out)
        try:
            raise ValueError("æøå\n")
        except ValueError:
            logging.getLogger("ansvarsgraf").exception("went wrong with %s", "x")
    finally:
        root.handlers[:], root.level = before
    (line,) = out.getvalue().splitlines()
    said = json.loads(line)
    assert said["message"] == "went wrong with x"
    assert "ValueError" in said["error"]


def test_reload_takes_the_right_key_only(client: TestClient, settings: Settings) -> None:
    address = "/api/v1/admin/reload"
    assert client.post(address).status_code == 401
    assert "Bearer" in client.post(address).headers["www-authenticate"]
    for wrong in ("Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer æ"):
        headers = {"Authorization": wrong.encode()}
        assert client.post(address, headers=headers).status_code == 401
    right = client.post(address, headers={"Authorization": f"Bearer {TOKEN}"})
    assert right.status_code == 200
    assert right.json()["triples"] > 0
    assert client.get(address).status_code == 405
    closed = TestClient(create_app(replace(settings, admin_token="")))
    assert closed.post(address).status_code == 403


def small(snapshots: Path, label: str) -> str:
    """Publish a graph of one provision."""
    base = "https://w3id.org/ansvarsgraf/"
    subject = ox.NamedNode(base + "id/law/sul-140")
    graph = ox.NamedNode(base + "graph/laws")
    eli = "http://data.europa.eu/eli/ontology#"
    return publish(
        {
            ox.Quad(
                subject,
                ox.NamedNode("http://www.w3.org/2004/02/skos/core#prefLabel"),
                ox.Literal(label, language="da"),
                graph,
            ),
            ox.Quad(
                subject,
                ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
                ox.NamedNode(eli + "LegalResource"),
                graph,
            ),
        },
        snapshots,
    ).id


def test_a_swap_drops_no_request_and_shows_at_once(settings: Settings, tmp_path: Path) -> None:
    small(tmp_path, "Den første")
    app = create_app(replace(settings, snapshots=tmp_path, admin_token=TOKEN))
    with TestClient(app) as client:
        first = client.get("/api/v1/legal-bases")
        assert first.json()["items"][0]["label"] == "Den første"
        statuses: list[int] = []
        done = threading.Event()

        def keep_asking() -> None:
            while not done.is_set():
                statuses.append(client.get("/api/v1/legal-bases").status_code)

        asking = threading.Thread(target=keep_asking)
        asking.start()
        for number in range(5):
            name = small(tmp_path, f"Nummer {number}")
            told = client.post(
                "/api/v1/admin/reload", headers={"Authorization": f"Bearer {TOKEN}"}
            ).json()
            assert told["snapshot"] == name
            now = client.get(
                "/api/v1/legal-bases", headers={"If-None-Match": first.headers["etag"]}
            )
            assert now.status_code == 200
            assert now.json()["items"][0]["label"] == f"Nummer {number}"
        done.set()
        asking.join()
        assert set(statuses) == {200}
        assert app.state.service.swaps == 5
        assert f"{PREFIX}snapshot_swaps_total 5" in client.get("/metrics").text


def test_a_broken_snapshot_leaves_the_former_in_service(settings: Settings, tmp_path: Path) -> None:
    name = small(tmp_path, "Den gode")
    app = create_app(replace(settings, snapshots=tmp_path, admin_token=TOKEN))
    with TestClient(app) as client:
        assert name in client.get("/healthz").text
        broken = tmp_path / "0123456789abcdef"
        broken.mkdir()
        (broken / "manifest.json").write_text((tmp_path / name / "manifest.json").read_text())
        (tmp_path / "CURRENT").write_text("0123456789abcdef\n")
        answer = client.post("/api/v1/admin/reload", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 503
        assert name in client.get("/healthz").text
        assert client.get("/api/v1/legal-bases").status_code == 200


def test_before_the_first_build_a_client_is_told_when_to_come_back(
    settings: Settings, tmp_path: Path
) -> None:
    client = TestClient(create_app(replace(settings, snapshots=tmp_path)))
    told = client.get("/api/v1/responsibilities")
    assert told.status_code == 503
    assert told.json()["type"].endswith("no-snapshot")
    assert int(told.headers["Retry-After"]) > 0


def test_no_telemetry_leaves_the_service_whatever_the_environment_says(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastAPI sends traces to whoever the process has set up for them: they hold what was asked."""
    told: list[str] = []

    class Provider(trace.TracerProvider):
        def get_tracer(self, name: str, *rest: object, **more: object) -> trace.Tracer:
            told.append(name)
            return trace.NoOpTracer()

    monkeypatch.setattr(trace, "get_tracer_provider", Provider)
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    with TestClient(create_app(settings)) as client:
        assert client.get("/healthz").status_code == 200
    assert told == []
    monkeypatch.delenv("FASTAPI_OTEL_AUTO_CONFIGURE")
    with TestClient(FastAPI()) as client:
        client.get("/")
    assert "fastapi" in told
