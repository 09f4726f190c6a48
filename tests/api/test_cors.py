"""Which sites' scripts may read: none unless set, and never what changes something."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.settings import Settings

OURS, OTHER = "https://a.example", "https://b.example"
ASKS = {"Access-Control-Request-Method": "GET"}


def test_an_origin_that_is_set_may_read(client: TestClient) -> None:
    answer = client.get("/api/v1/events?limit=1", headers={"Origin": OURS})
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "Origin" in answer.headers["vary"]
    assert "ETag" in answer.headers["access-control-expose-headers"]
    before = client.options("/api/v1/events", headers={"Origin": OURS, **ASKS})
    assert before.status_code == 204
    assert "GET" in before.headers["access-control-allow-methods"]
    assert "authorization" not in before.headers["access-control-allow-headers"].lower()


def test_another_origin_may_not(client: TestClient) -> None:
    answer = client.get("/api/v1/events?limit=1", headers={"Origin": OTHER})
    assert "access-control-allow-origin" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    before = client.options("/api/v1/events", headers={"Origin": OTHER, **ASKS})
    assert "access-control-allow-methods" not in before.headers


@pytest.mark.parametrize("path", ["/api/v1/admin/reload", "/lovgrundlag"])
def test_administration_and_pages_stay_closed(client: TestClient, path: str) -> None:
    for answer in (
        client.get(path, headers={"Origin": OURS}),
        client.options(path, headers={"Origin": OURS, **ASKS}),
    ):
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("origins", "given"), [((), None), (("*",), "*")])
def test_nobody_or_everybody(settings: Settings, origins: tuple[str, ...], given: str) -> None:
    app = create_app(replace(settings, cors_origins=origins))
    client = TestClient(app)
    answer = client.get("/api/v1/events?limit=1", headers={"Origin": OTHER})
    assert answer.headers.get("access-control-allow-origin") == given
