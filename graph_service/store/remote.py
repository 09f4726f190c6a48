"""The graph on another machine: any SPARQL 1.1 service.

Answers are asked for as SPARQL 1.1 Query Results JSON and N-Triples, over HTTP POST of a form:
Virtuoso 7 leaves the connection open after a query that is POSTed as it stands.
Source: SPARQL 1.1 Protocol, section 2.1.3; SPARQL 1.1 Query Results JSON Format.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pyoxigraph as ox

from graph_service.store import Row, StoreError, Term
from graph_service.store.upload import merged_graph
from graph_service.vocabulary import SPARQL_PREFIXES, XSD


class RemoteStore:
    """A SPARQL 1.1 service.

    Args:
        url: its query address.
        snapshot: id of what was published there.
        seconds: longest time that an answer may take; passed on to services that understand it.
        transport: for tests.
    """

    def __init__(
        self,
        url: str,
        snapshot: str,
        seconds: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.url = url
        self._seconds = seconds
        self._client = httpx.Client(
            timeout=httpx.Timeout(seconds + 1.0, connect=3.0), transport=transport
        )

    def select(self, query: str) -> Iterator[Row]:
        answer = self._json(query)
        for binding in answer["results"]["bindings"]:
            yield {name: _term(value) for name, value in binding.items()}

    def ask(self, query: str) -> bool:
        answer = self._json(query)
        if "boolean" in answer:
            return bool(answer["boolean"])
        # Virtuoso 7 answers some ASKs with a table of one number.
        return any(
            value["value"] not in ("0", "")
            for row in answer["results"]["bindings"]
            for value in row.values()
        )

    def construct(self, query: str) -> Iterator[ox.Triple]:
        text = self._post(query, "application/n-triples, text/plain;q=0.5").content
        for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES):
            yield quad.triple

    def _json(self, query: str) -> Any:
        try:
            return self._post(query, "application/sparql-results+json").json()
        except ValueError as error:
            raise StoreError(f"{self.url} gave no SPARQL results JSON") from error

    def _post(self, query: str, accept: str) -> httpx.Response:
        try:
            response = self._client.post(
                self.url,
                data={
                    "query": SPARQL_PREFIXES + query,
                    "default-graph-uri": merged_graph(self.snapshot),
                    "timeout": str(int(self._seconds * 1000)),
                },
                headers={"Accept": accept},
            )
        except httpx.HTTPError as error:
            raise StoreError(f"{self.url}: {type(error).__name__}") from error
        if response.status_code == 400:
            raise SyntaxError(response.text[:500])
        if response.status_code != 200:
            raise StoreError(f"{self.url} answered {response.status_code}")
        if "X-SQL-State" in response.headers:
            # Virtuoso stops at its time limit with 200 and what it has so far: no answer for us.
            raise StoreError(f"{self.url} stopped early: {response.headers['X-SQL-State']}")
        return response


def _term(value: dict[str, str]) -> Term:
    match value["type"]:
        case "uri":
            return ox.NamedNode(value["value"])
        case "bnode":
            return ox.BlankNode(value["value"])
        case _:
            if "xml:lang" in value:
                return ox.Literal(value["value"], language=value["xml:lang"])
            datatype = value.get("datatype", XSD + "string")
            return ox.Literal(value["value"], datatype=ox.NamedNode(datatype))
