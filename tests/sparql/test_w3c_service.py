"""The W3C suite for SERVICE, with its endpoints on this machine, which are allowed.

The addresses that the tests name are put at a host here, in the query and in the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from tests.hosts import Asked, Reply, host, results
from tests.sparql import w3c
from tests.sparql.test_w3c_query import ask, must_answer, settings_over
from tests.sparql.w3c import CLOSED, MF, QT, Test

pytestmark = pytest.mark.w3c

TESTS = [t for t in w3c.tests_of("QueryEvaluationTest") if t.id.startswith("service/")]
#: An address of the tests where nobody answers; put at a host here where nobody does.
NOBODY = "http://invalid.endpoint.org/sparql"


class Endpoints:
    """SPARQL endpoints at one host.

    Attributes:
        stores: path → what its endpoint answers from.
        host: the name of the host.
    """

    def __init__(self) -> None:
        self.stores: dict[str, ox.Store] = {}
        self.host = ""

    def answer(self, asked: Asked) -> Reply:
        return results(self.stores[asked.path], asked.body.decode())


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    made = Endpoints()
    with host(made.answer) as made.host:
        yield made


@pytest.mark.parametrize("test", TESTS or [None], ids=lambda t: t.id if t else "missing")
def test_service(test: Test | None, endpoints: Endpoints, tmp_path: Path) -> None:
    assert test is not None, "the suites are not here"
    manifest, action = test.manifest, test.manifest.value(test.node, MF + "action")
    put = {NOBODY: f"http://{CLOSED}/sparql"}
    for given in manifest.values(action, QT + "serviceData") if action else []:
        store, address = ox.Store(), manifest.text(given, QT + "endpoint")
        for file in manifest.values(given, QT + "data"):
            w3c.load(store, file, ox.DefaultGraph())
        path = f"/{test.id}/{len(put)}"
        endpoints.stores[path] = store
        put[address] = f"http://{endpoints.host}{path}"
    text, _ = w3c.text_of(test)
    for there, here in put.items():
        text = text.replace(there, here)

    settings = settings_over([test], tmp_path, put)
    settings = replace(settings, allowed_hosts=(endpoints.host, CLOSED))
    with TestClient(create_app(settings)) as client:

        def answer(form: str) -> httpx.Response:
            found = ask(client, test, form, text)
            content = found.content
            for there, here in put.items():
                content = content.replace(here.encode(), there.encode())
            media = {"content-type": found.headers["content-type"]}
            return httpx.Response(found.status_code, headers=media, content=content)

        must_answer(test, answer)
