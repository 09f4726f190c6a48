"""For operators: alive, ready, figures, logs, and a new snapshot without dropping a request."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.api.metrics import METRICS, PREFIX, Metrics, sample
from graph_service.api.observe import Observe, kind_of, set_up_logging
from graph_service.build.publish import publish
from graph_service.settings import Settings
from tests.api.conftest import TOKEN


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


def test_metrics_are_prometheus_text(client: TestClient) -> None:
    client.get("/api/v1/questions/who-under-provision?law=sul-140")
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    for line in lines:
        assert re.fullmatch(
            r"# (HELP|TYPE) \w+ .+|\w+(\{(\w+=\"[^\"\n]*\",?)+\})? [0-9.e+-]+", line
        ), line
    families = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert families == {PREFIX + name for name in METRICS}
    count = f'{PREFIX}request_seconds_count{{what="question who-under-provision"}}'
    assert any(line.startswith(count) for line in lines)
    assert any(line.startswith(PREFIX + "snapshot_info{id=") for line in lines)


def test_figures_of_several_processes_are_added(tmp_path: Path) -> None:
    mine = Metrics(tmp_path)
    mine.count(sample("requests_total", what="page", method="GET", status="200"), 3)
    mine.time("page", 0.004)
    mine.gauges.append(lambda: {"cache_bytes": 10, sample("snapshot_info", id="a"): 1})
    other = dict(mine.figures())
    (tmp_path / "1.json").write_text(json.dumps(other))
    (tmp_path / "2.json").write_text("not yet written")
    total = mine.total()
    assert total['requests_total{what="page",method="GET",status="200"}'] == 6
    assert total["cache_bytes"] == 20
    assert total['snapshot_info{id="a"}'] == 1
    assert total["processes"] == 2
    assert 'request_seconds_bucket{what="page",le="0.005"} 2' in mine.text()


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
        observe = app.middleware_stack
        while not isinstance(observe, Observe):
            observe = observe.app
        observe.lines.flush()
        observe.lines.stream = out
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
    import logging

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
