"""If-Match and If-None-Match on changes and on reads: RFC 9110, section 13."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import current
from graph_service.sparql.pool import Pool
from graph_service.vocabulary import graph
from tests.sparql.conftest import EX, TOKEN, make
from tests.sparql.test_graph_store import NEW, ONE, STORE, TURTLE, size

ITEMS = "/graph/items"
TWO = b"<http://example.org/a> <http://example.org/b> 2 ."
STALE = '"' + "0" * 32 + '"'
ADD = f"INSERT DATA {{ GRAPH <{NEW}> {{ <{EX}a> <{EX}b> 2 }} }}"
PATCH = f"INSERT DATA {{ <{EX}a> <{EX}b> 2 }}"
UPDATE = {"content-type": "application/sparql-update"}


@pytest.fixture
def snapshots(writable: TestClient, tmp_path: Path) -> Iterator[Path]:
    """The snapshots folder of the writable service."""
    return tmp_path / "snapshots"


def change(client: TestClient, method: str, address: str = ITEMS, **headers: str) -> Response:
    """A change that works when no precondition is in its way."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "PATCH":
        return client.patch(address, content=PATCH, headers={**UPDATE, **given})
    body = b"" if method == "DELETE" else TWO
    return client.request(method, address, content=body, headers={**TURTLE, **given})


def refused(answer: Response) -> str:
    """The detail of a 412."""
    told = answer.json()
    assert (answer.status_code, told["type"].rpartition("/")[2]) == (412, "precondition-failed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Intet er ændret" in told["detail"]
    return str(told["detail"])


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_a_change_with_an_old_mark_changes_nothing_and_with_the_new_one_it_is_made(
    writable: TestClient, snapshots: Path, method: str
) -> None:
    before = current(snapshots)
    etag = writable.get(ITEMS).headers["etag"]
    wrong = {"PUT": (etag.strip('"'), ""), "POST": (f"W/{etag}",)}.get(method, ())
    for match in (STALE, *wrong):
        assert "If-Match" in refused(change(writable, method, if_match=match)), match
    assert current(snapshots) == before
    assert writable.get(ITEMS).headers["etag"] == etag
    assert change(writable, method, if_match=f"{STALE} , {etag}").status_code == 204
    assert current(snapshots) != before
    again = change(writable, method, if_match=etag)
    assert again.status_code == (404 if method == "DELETE" else 412)


def test_the_mark_of_any_format_and_of_either_address_is_known(writable: TestClient) -> None:
    for accept in ("application/ld+json", "text/plain"):
        etag = writable.head(ITEMS, headers={"accept": accept}).headers["etag"]
        put = writable.put(
            STORE,
            params={"graph": graph("items")},
            content=ONE if accept == "text/plain" else TWO,
            headers={**TURTLE, "if-match": etag},
        )
        assert put.status_code == 204, accept


def test_the_mark_of_another_graph_is_none(writable: TestClient) -> None:
    other = writable.get("/graph/doc/one").headers["etag"]
    refused(change(writable, "PUT", if_match=other))


def test_a_star_means_that_something_is_there(writable: TestClient, snapshots: Path) -> None:
    new = f"{STORE}?graph={NEW}"
    before = current(snapshots)
    assert "findes" in refused(change(writable, "PUT", new, if_match="*"))
    refused(change(writable, "POST", new, if_match="*"))
    refused(change(writable, "PUT", ITEMS, if_none_match="*"))
    assert (current(snapshots), size(writable, graph=NEW)) == (before, -1)
    assert change(writable, "PUT", new, if_none_match="*").status_code == 201
    refused(change(writable, "PUT", new, if_none_match=" * "))
    assert change(writable, "PUT", new, if_match="*").status_code == 204
    etag = writable.get(new).headers["etag"]
    refused(change(writable, "PUT", new, if_none_match=f"W/{etag}"))
    assert change(writable, "PUT", new, if_none_match=STALE).status_code == 204


def test_the_default_graph_is_always_there_and_has_a_mark(writable: TestClient) -> None:
    default = f"{STORE}?default"
    etag = writable.get(default).headers["etag"]
    refused(change(writable, "PUT", default, if_none_match="*"))
    refused(change(writable, "PUT", default, if_match=STALE))
    assert change(writable, "PUT", default, if_match=etag).status_code == 201
    refused(change(writable, "PUT", default, if_match=etag))
    assert change(writable, "PUT", default, if_match="*").status_code == 204


def test_what_fails_anyhow_has_no_preconditions(writable: TestClient) -> None:
    """RFC 9110, section 13.2.1."""
    new = f"{STORE}?graph={NEW}"
    assert change(writable, "DELETE", new, if_match="*").status_code == 404
    assert change(writable, "PATCH", new, if_match=STALE).status_code == 404
    html = {"content_type": "text/html", "if_match": STALE}
    assert change(writable, "PUT", ITEMS, **html).status_code == 415
    nobody = {"authorization": "Bearer forkert", "if_match": STALE}
    assert change(writable, "PUT", ITEMS, **nobody).status_code == 401


def test_a_day_is_no_precondition_where_nothing_has_one(writable: TestClient) -> None:
    """RFC 9110, section 13.1.4: without a Last-Modified, If-Unmodified-Since is ignored."""
    assert "last-modified" not in writable.get(ITEMS).headers
    long_ago = "Sat, 29 Oct 1994 19:43:31 GMT"
    assert change(writable, "PUT", if_unmodified_since=long_ago).status_code == 204


def test_an_update_depends_on_the_snapshot_that_was_asked(
    writable: TestClient, snapshots: Path
) -> None:
    def update(**headers: str) -> Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return writable.post("/sparql", data={"update": ADD}, headers=given)

    before = current(snapshots)
    asked = writable.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"}).headers["etag"]
    told = writable.get("/sparql", headers={"accept": "text/turtle"}).headers["etag"]
    read = writable.get(ITEMS).headers["etag"]
    for given in ({"if_match": STALE}, {"if_none_match": "*"}, {"if_none_match": told}):
        refused(update(**given))
    sent = writable.post("/sparql", content=ADD, headers={**UPDATE, "if-match": STALE})
    refused(sent)
    assert current(snapshots) == before
    assert update(if_match=told).status_code == 204
    for match in (told, asked, read):
        refused(update(if_match=match))
    now = writable.get(ITEMS).headers["etag"]
    assert update(if_match=f"{STALE}, {now}").status_code == 204
    assert update(if_match="*").status_code == 204


def test_of_two_who_read_the_same_one_is_told_so(tmp_path: Path) -> None:
    """Two processes over one snapshots folder, each with writers of its own, at the same time."""
    settings = make(tmp_path, admin_token=TOKEN)
    with TestClient(create_app(settings)) as one, TestClient(create_app(settings)) as other:
        for client in (one, other):
            client.headers["Authorization"] = f"Bearer {TOKEN}"
        etag = one.get(ITEMS).headers["etag"]
        assert other.get(ITEMS).headers["etag"] == etag

        def put(number: int) -> int:
            body = f"<{EX}a> <{EX}b> {number} .".encode()
            client = (one, other)[number % 2]
            return client.put(ITEMS, content=body, headers={**TURTLE, "if-match": etag}).status_code

        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(put, range(4))) == [204, 412, 412, 412]


def test_a_mark_names_the_snapshot_that_answered_not_the_one_before_it(
    writable: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job stands in line while another snapshot comes into service."""
    old = writable.get(ITEMS).headers["etag"]
    run = Pool.run

    async def late(pool: Pool, *given: object, **more: object) -> object:
        monkeypatch.setattr(Pool, "run", run)
        async with AsyncClient(
            transport=ASGITransport(writable.app), base_url="http://testserver"
        ) as other:
            body = {"content": TWO, "headers": {**TURTLE, **dict(writable.headers)}}
            assert (await other.put(ITEMS, **body)).status_code == 204  # type: ignore[arg-type]
        return await run(pool, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Pool, "run", late)
    answer = writable.get(ITEMS)
    assert "værdi" not in answer.text
    assert answer.headers["etag"] == writable.get(ITEMS).headers["etag"] != old


def test_a_read_with_another_mark_is_refused(client: TestClient) -> None:
    for address in (ITEMS, "/sparql?query=ASK%20%7B%7D"):
        etag = client.get(address).headers["etag"]
        for match, status in ((etag, 200), ("*", 200), (STALE, 412), (f"W/{etag}", 412)):
            for method in ("GET", "HEAD"):
                answer = client.request(method, address, headers={"if-match": match})
                assert answer.status_code == status, (address, method, match)
        both = {"if-match": STALE, "if-none-match": etag}
        assert client.get(address, headers=both).status_code == 412, "If-Match goes first"
    assert client.get("/graph/none", headers={"if-match": STALE}).status_code == 404
