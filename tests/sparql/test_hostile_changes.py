"""Changes that cannot be made are refused with the right words, and leave nothing behind."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import current
from graph_service.sparql import request as reading
from graph_service.sparql import writing
from tests.sparql.conftest import TOKEN, make
from tests.sparql.test_graph_store import NEW, ONE, STORE, TURTLE, size

KEY = {"authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "address", ["/graph/a%20b", "/graph/%3Cx%3E", f"{STORE}?graph=http://testserver/graph/a%20b"]
)
def test_a_name_that_makes_no_iri_is_the_clients_error(
    writable: TestClient, method: str, address: str
) -> None:
    update = {"content-type": "application/sparql-update"}
    patch = method == "PATCH"
    answer = writable.request(
        method,
        address,
        content=b"INSERT DATA { <http://a> <http://b> 1 }" if patch else ONE,
        headers=update if patch else TURTLE,
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"].endswith("/bad-content")
    assert writable.get(address).status_code in (400, 404)


@pytest.mark.parametrize("inner", ["multipart/mixed; boundary=y", "message/rfc822"])
def test_parts_within_parts_are_the_clients_error(writable: TestClient, inner: str) -> None:
    body = (
        f"--x\r\nContent-Type: {inner}\r\n\r\n"
        "--y\r\nContent-Type: text/turtle\r\n\r\n<http://a> <http://b> 1 .\r\n--y--\r\n"
        "\r\n--x--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = writable.post(STORE, params={"graph": NEW}, content=body, headers=headers)
    assert (answer.status_code, size(writable, graph=NEW)) == (415, -1), answer.text


def test_a_graph_packed_in_its_second_line_is_refused(writable: TestClient) -> None:
    lines = [("content-type", "text/turtle"), ("content-encoding", "identity")]
    answer = writable.put(
        STORE, params={"graph": NEW}, content=ONE, headers=[*lines, ("content-encoding", "gzip")]
    )
    assert (answer.status_code, size(writable, graph=NEW)) == (415, -1)


def test_a_graph_on_another_store_is_not_changed_here(tmp_path: Path) -> None:
    """The change would come into the snapshot of this machine only, which the store does not hold:
    every named question would be 503 from then on."""
    settings = make(tmp_path, admin_token=TOKEN, store="http://127.0.0.1:9/sparql")
    before = current(settings.snapshots)
    with TestClient(create_app(settings)) as client:
        put = client.put(STORE, params={"graph": NEW}, content=ONE, headers={**TURTLE, **KEY})
        update = client.post("/sparql", data={"update": "CLEAR ALL"}, headers=KEY)
        for answer in (put, update):
            assert answer.status_code == 403, answer.text
            assert "build --publish" in answer.json()["detail"]
        assert client.options(STORE).headers["allow"] == "GET, HEAD, OPTIONS"
        told = client.get("/sparql", headers={"accept": "text/turtle"}).text
        assert "SPARQL11Update" not in told
    assert current(settings.snapshots) == before


def test_without_a_snapshot_no_writer_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make(tmp_path, admin_token=TOKEN)
    started = []
    start = asyncio.create_subprocess_exec

    async def counted(*given: Any, **more: Any) -> Any:
        started.append(given)
        return await start(*given, **more)

    with TestClient(create_app(settings)) as client:
        shutil.rmtree(settings.snapshots)
        monkeypatch.setattr(writing.asyncio, "create_subprocess_exec", counted)
        answer = client.put(STORE, params={"graph": NEW}, content=ONE, headers={**TURTLE, **KEY})
        assert (answer.status_code, started) == (503, [])
        assert answer.json()["type"].endswith("/no-snapshot")


async def statuses(app: Any, messages: list[dict[str, Any]], wait: float = 0.0) -> list[int]:
    """The statuses that the application sends when a request's body comes so."""
    sent: list[int] = []

    async def receive() -> dict[str, Any]:
        if len(messages) > 1:
            return messages.pop(0)
        await asyncio.sleep(wait)
        return messages[0]

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    headers = [(b"content-type", b"application/sparql-query"), (b"host", b"testserver")]
    scope = {
        "type": "http", "method": "POST", "path": "/sparql", "raw_path": b"/sparql",
        "query_string": b"", "headers": headers, "scheme": "http", "http_version": "1.1",
        "server": ("testserver", 80), "client": ("a", 1), "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


def test_a_client_that_leaves_within_its_body_is_no_error_of_ours(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A rising number of 500 is an alarm, and nobody may ring it at will."""
    part = {"type": "http.request", "body": b"ASK", "more_body": True}
    sent = asyncio.run(statuses(client.app, [part, {"type": "http.disconnect"}]))
    assert sent == [499]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_body_that_comes_too_slowly_is_408(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.1)
    part = {"type": "http.request", "body": b"ASK", "more_body": True}
    assert asyncio.run(statuses(client.app, [part, part], 5.0)) == [408]
