"""Errors are RFC 9457 problem documents that say what is wrong and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from graph_service.answers import Answers
from graph_service.api import turns
from graph_service.api.app import create_app
from graph_service.api.problems import Problem
from graph_service.settings import Settings


async def full(*_: object) -> None:
    raise Problem("too-busy", "Mange venter.")


CASES = [
    ("/api/v1/events?due_befor=2019-01-01", 400, "unknown-parameter", "due_before"),
    ("/api/v1/events?due_before=2019-02-30", 400, "unknown-parameter", "ÅÅÅÅ-MM-DD"),
    ("/api/v1/responsibilities?law=sul-141", 404, "not-found", "sul-140"),
    ("/api/v1/responsibilities?law=Sul%20§%20140", 400, "unknown-parameter", "kendes ikke"),
    ("/api/v1/legal-bases/sul-14", 404, "not-found", "sul-140"),
    ("/api/v1/responsibilities?q=a&q=b", 400, "unknown-parameter", "q: er angivet to gange"),
    (
        "/api/v1/responsibilities?q=a&q=b&modality=skal&modality=kan&fields=id&fields=label",
        400,
        "unknown-parameter",
        "q: er angivet to gange",
    ),
    (
        "/api/v1/claims?about=" + ",".join(f"a{n}" for n in range(201)),
        400,
        "unknown-parameter",
        "højst 200",
    ),
    ("/api/v1/events?" + "&".join(["q=a"] * 201), 400, "bad-content", "200 parametre"),
    ("/sparql?" + "&".join(["a"] * 201), 400, "bad-content", "200 parametre"),
    ("/.well-known/void?" + "&".join(["a"] * 201), 400, "bad-content", "200 parametre"),
    ("/api/v1/events?limit=0", 400, "unknown-parameter", "1 til 500"),
    ("/api/v1/events?limit=501", 400, "unknown-parameter", "1 til 500"),
    ("/api/v1/events?sort=color", 400, "unknown-parameter", "due"),
    ("/api/v1/events?fields=labl", 400, "unknown-parameter", "label"),
    ("/api/v1/events?total=maybe", 400, "unknown-parameter", "yes"),
    ("/api/v1/events?cursor=%C3%A6", 400, "unknown-parameter", "markør"),
    ("/api/v1/events?cursor=AAAA", 404, "not-found", "markør"),
    ("/api/v1/events?type=Party", 400, "unknown-parameter", "Approval"),
    ("/api/v1/initiatives?year=twenty", 400, "unknown-parameter", "helt tal"),
    ("/api/v1/events?format=pdf", 406, "not-acceptable", "turtle"),
    ("/api/v1/nothing", 404, "not-found", "/api/v1/nothing"),
    ("/api/v1/questions/who-under-provison?law=sul-140", 404, "not-found", "who-under-provision"),
    ("/api/v1/questions/who-under-provision", 400, "unknown-parameter", "mangler"),
    ("/api/v1/evidence/004_576de8b26970a828/1-2", 404, "not-found", "findes ikke"),
    ("/api/v1/things/unicorn/x", 404, "not-found", "findes ikke"),
    ("/id/law/sul-999", 404, "not-found", "findes ikke"),
]


@pytest.mark.parametrize(("address", "status", "kind", "says"), CASES)
def test_an_error_says_what_to_do(
    client: TestClient, address: str, status: int, kind: str, says: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"https://w3id.org/ansvarsgraf/problem/{kind}"
    assert problem["status"] == status
    assert says in str(problem)
    assert problem["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "broken"),
    [
        ("/api/v1/questions/provision-history?law=sul-140", "solutions"),
        ("/api/v1/events?limit=7", "page"),
        ("/api/v1/things/law/sul-140", "describe"),
        ("/lovgrundlag/sul-140", "describe"),
    ],
)
def test_what_is_broken_here_is_told_without_saying_what(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str, broken: str
) -> None:
    """Also to the pages of another site, with the id under which the log has it; never kept."""

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    origin = {"Origin": "https://elsewhere.example"}
    app = create_app(replace(settings, cors_origins=("*",)))
    with TestClient(app, raise_server_exceptions=False) as client:
        with monkeypatch.context() as patched:
            patched.setattr(Answers, broken, breaks)
            answer = client.get(path, headers=origin)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert answer.headers["x-request-id"] in answer.text
        if path.startswith("/api/"):
            assert answer.json()["type"].endswith("/problem/internal")
            assert answer.headers["access-control-allow-origin"] == "*"
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/things/law/sul-84", "/soeg?q=fuld", "/id/law/sul-140"])
def test_a_line_that_is_full_is_said(
    client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns.Turns, "_wait", full)
    html = "text/html" if path.startswith("/soeg") else "application/json"
    for ask in (client.get, client.head):
        answer = ask(path, headers={"Accept": html})
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
    assert answer.text == ""
    assert "travlt" in client.get(path, headers={"Accept": html}).text


def test_who_left_before_his_turn_is_counted_as_such(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "never", lambda: True)
    assert client.get("/soeg?q=ingen+venter").status_code == 499


def test_a_wrong_method_names_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/api/v1/events")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["type"].endswith("method-not-allowed")


def test_what_accept_asks_for_and_we_lack_is_said(client: TestClient) -> None:
    answer = client.get("/api/v1/events", headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"


NAMES = (
    "q",
    "body",
    "type",
    "due_before",
    "undated",
    "limit",
    "cursor",
    "sort",
    "fields",
    "format",
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40), max_size=3))
def test_no_parameter_makes_us_fail(client: TestClient, values: dict[str, str]) -> None:
    try:
        answer = client.get("/api/v1/events", params=values)
    except UnicodeEncodeError:
        return
    assert answer.status_code in (200, 400, 404, 406), answer.text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_no_slug_makes_us_fail(client: TestClient, slug: str) -> None:
    from urllib.parse import quote

    try:
        address = quote(slug, safe="")
    except UnicodeEncodeError:
        return
    for path in (
        f"/api/v1/events/{address}",
        f"/id/law/{address}",
        f"/api/v1/things/law/{address}",
    ):
        assert client.get(path, follow_redirects=False).status_code in (200, 303, 404, 405)
