"""The W3C suite for SERVICE, with its endpoints on this machine, which are allowed.

The addresses that the tests name are put at a host here, in the query alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from tests.sparql import w3c
from tests.sparql.test_w3c_query import ask, must_answer, settings_over
from tests.sparql.w3c import MF, QT, Test
from tests.sparql.w3c_known_failures import REFUSED, expect

pytestmark = pytest.mark.w3c

TESTS = [t for t in w3c.tests_of("QueryEvaluationTest") if t.id.startswith("service/")]
#: An address of the tests where nobody answers, and one here.
NOBODY = "http://invalid.endpoint.org/sparql"
CLOSED = "127.0.0.1:1"


class Host(ThreadingHTTPServer):
    """A host with SPARQL endpoints.

    Attributes:
        stores: path → what its endpoint answers from.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Endpoint)
        self.stores: dict[str, ox.Store] = {}

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Endpoint(BaseHTTPRequestHandler):
    server: Host

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"])).decode()
        result = self.server.stores[self.path].query(query)
        assert isinstance(result, ox.QuerySolutions)
        body = result.serialize(format=ox.QueryResultsFormat.JSON) or b""
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as made:
        serving = threading.Thread(target=made.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield made
        finally:
            made.shutdown()
            serving.join()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, host: Host) -> Iterator[TestClient]:
    """A service over the data of the tests, which may ask the host, and one that is not there."""
    settings = settings_over(TESTS, tmp_path_factory.mktemp("service"))
    with TestClient(create_app(replace(settings, allowed_hosts=(host.name, CLOSED)))) as made:
        yield made


@pytest.mark.parametrize("test", TESTS or [None], ids=lambda t: t.id if t else "missing")
def test_service(test: Test | None, client: TestClient, host: Host) -> None:
    assert test is not None, "the suites are not here"
    manifest, action = test.manifest, test.manifest.value(test.node, MF + "action")
    text, _ = w3c.text_of(test)
    text = text.replace(NOBODY, f"http://{CLOSED}/sparql")
    for given in manifest.values(action, QT + "serviceData") if action else []:
        store, address = ox.Store(), manifest.text(given, QT + "endpoint")
        for file in manifest.values(given, QT + "data"):
            w3c.load(store, file, ox.DefaultGraph())
        path = f"/{test.id}/{len(host.stores)}"
        host.stores[path] = store
        text = text.replace(address, f"http://{host.name}{path}")
    expect(
        test,
        lambda test: must_answer(test, lambda form: ask(client, test, form, text)),
        REFUSED,
    )
