"""The W3C suites for the protocol and the Graph Store Protocol: manifests of conversations."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import publish
from graph_service.settings import Settings
from graph_service.vocabulary import RDFS
from tests.sparql import w3c
from tests.sparql.conftest import TOKEN
from tests.sparql.w3c import CNT, HT, MF, UT, Manifest, Node, Test

pytestmark = pytest.mark.w3c

TESTS = [
    test
    for test in w3c.tests_of("ProtocolTest", "GraphStoreProtocolTest")
    if not test.id.startswith("http-rdf-update/")
]
#: Paths of the manifests → paths of ours.
PATHS = (("/sparql/", "/sparql"), ("/gsp/", "/graph/"), ("/gsp", "/rdf-graph-store"))
STATUSES = {"OK": 200, "Created": 201, "NoContent": 204, "NotFound": 404}


def client_over(folder: Path, test: Test) -> TestClient:
    """A service over the graphs that a test begins with."""
    quads = []
    for given in test.manifest.values(test.node, UT + "graphData"):
        store = ox.Store()
        name = ox.NamedNode(test.manifest.text(given, RDFS + "label"))
        file = test.manifest.value(given, UT + "graph")
        assert file is not None
        w3c.load(store, file, name)
        quads += list(store)
    publish(quads, folder / "snapshots")
    settings = Settings(folder, folder / "snapshots", None, "http://www.example",
                        admin_token=TOKEN, workers=1)  # fmt: skip
    return TestClient(create_app(settings), base_url="http://www.example")


def ours(path: str) -> str:
    for theirs, mine in PATHS:
        if path.startswith(theirs):
            return mine + path[len(theirs) :]
    return path


def headers_of(manifest: Manifest, node: Node | None) -> dict[str, str]:
    return {
        manifest.text(h, HT + "fieldName"): manifest.text(h, HT + "fieldValue")
        for h in manifest.items(manifest.value(node, HT + "headers") if node else None)
    }


def body_of(manifest: Manifest, node: Node | None) -> bytes:
    body = manifest.value(node, HT + "body")
    encoding = manifest.text(body, CNT + "characterEncoding") or "utf-8"
    return manifest.text(body, CNT + "chars").encode(encoding)


def status_fits(wanted: list[str], status: int) -> bool:
    return any(
        f"{status // 100}xx" == name.removeprefix("StatusCode") or STATUSES.get(name) == status
        for name in wanted
    )


def converse(test: Test, client: TestClient) -> None:
    """Send the requests of a test and hold the answers against what it expects."""
    manifest = test.manifest
    location = ""
    requests = manifest.value(manifest.value(test.node, MF + "action"), HT + "requests")
    assert requests is not None
    for request in manifest.items(requests):
        wanted = manifest.value(request, HT + "resp")
        path = ours(manifest.text(request, HT + "absolutePath")).replace("$LOCATION$", location)
        answer = client.request(
            manifest.text(request, HT + "methodName"),
            path,
            content=body_of(manifest, request).replace(b"$LOCATION$", location.encode()),
            headers={**headers_of(manifest, request), "Authorization": f"Bearer {TOKEN}"},
        )
        statuses = [
            s.value.rpartition("#")[2] for s in manifest.values(wanted, MF + "expectedStatus")
        ]  # type: ignore[arg-type]
        assert status_fits(statuses, answer.status_code), (path, answer.status_code, answer.text)
        if manifest.value(wanted, MF + "expectedLocation"):
            location = answer.headers["location"]
        content = answer.headers.get("content-type", "")
        match manifest.text(wanted, MF + "expectedFormat"):
            case "boolean":
                expected = manifest.text(wanted, MF + "expectedBoolean")
                read = ox.parse_query_results(
                    answer.content,
                    format=ox.QueryResultsFormat.from_media_type(content),  # type: ignore[arg-type]
                )
                assert isinstance(read, ox.QueryBoolean)
                assert not expected or str(bool(read)).lower() == expected
            case "tabular":
                assert ox.QueryResultsFormat.from_media_type(content)
            case "RDF":
                assert ox.RdfFormat.from_media_type(content)
        for name, value in headers_of(manifest, wanted).items():
            assert answer.headers[name] == value
        if expected_body := body_of(manifest, wanted):
            got = ox.parse(
                answer.content, format=ox.RdfFormat.TURTLE, base_iri=client.base_url.__str__()
            )
            meant = ox.parse(
                expected_body, format=ox.RdfFormat.TURTLE, base_iri="http://www.example/"
            )
            assert w3c.canonical(got) == w3c.canonical(meant)


@pytest.mark.parametrize("test", TESTS or [None], ids=lambda t: t.id if t else "missing")
def test_protocol(test: Test | None, tmp_path: Path) -> None:
    assert test is not None, "the suites are not here"
    with client_over(tmp_path, test) as client:
        converse(test, client)
