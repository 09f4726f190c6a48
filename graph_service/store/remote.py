"""The graph on another machine: any SPARQL 1.1 service.

Answers are asked for as SPARQL 1.1 Query Results JSON, over HTTP POST of a form: Virtuoso 7 leaves
the connection open after a query that is POSTed as it stands.
Source: SPARQL 1.1 Protocol, section 2.1.3; SPARQL 1.1 Query Results JSON Format.
What engines do otherwise than the standard says: docs/external-store.md.
"""

from __future__ import annotations

import json
import math
import re
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pyoxigraph as ox

from graph_service.ordering import of_terms
from graph_service.store import Fact, Row, Solutions, StoreError, Term, TookTooLong
from graph_service.store.embedded import EmbeddedStore
from graph_service.store.exchange import bound, left, until
from graph_service.store.things import asked, asked_labels
from graph_service.vocabulary import XSD, graph, prefixes_of

if TYPE_CHECKING:
    from graph_service.questions import Question

#: Longest time to reach the service.
CONNECT_SECONDS = 3.0
#: Most bytes that an answer may have.
MOST_BYTES = 64 * 1024**2
#: Most rows that an answer may have.
MOST_ROWS = 500_000
DISTINCT = re.compile(r"(?:\s|#[^\n]*\n)*SELECT\s+DISTINCT\b", re.I)
#: A query that asks which named graph a triple lies in.
NAMED = re.compile(r"\bGRAPH\s*\?", re.I)
#: Begins a line of a query that is for remote stores only.
REMOTE_ONLY = "#remote "


def merged_graph(snapshot: str) -> str:
    """IRI of the graph that holds a snapshot's merged triples on a remote store."""
    return graph(f"merged/{snapshot}")


def client_for(
    login: str, seconds: float, transport: httpx.BaseTransport | None = None
) -> httpx.Client:
    """A client with a login: ``digest:USER:PASSWORD``, ``basic:…``, ``bearer:TOKEN`` or none.

    Raises:
        ValueError: the login has another form.
    """
    kind, _, rest = login.partition(":")
    user, _, password = rest.partition(":")
    auth: httpx.Auth | None = None
    headers: dict[str, str] = {}
    if kind == "digest":
        auth = httpx.DigestAuth(user, password)
    elif kind == "basic":
        auth = httpx.BasicAuth(user, password)
    elif kind == "bearer":
        headers = {"Authorization": f"Bearer {rest}"}
    elif login:
        raise ValueError("ANSVARSGRAF_STORE_LOGIN must begin with digest:, basic: or bearer:")
    timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
    return bound(httpx.Client(timeout=timeout, auth=auth, headers=headers, transport=transport))


class RemoteStore:
    """A SPARQL 1.1 service.

    Args:
        url: its query address.
        snapshot: id of what was published there.
        seconds: longest time that an answer may take; passed on to services that understand it.
        login: as for :func:`client_for`.
        local: folder of the same snapshot on this machine; which named graph a triple lies in is
            asked there, because only the merged triples lie on the service.
        transport: for tests.
        sure: whether the caller knows that the service holds the snapshot. If not, it is asked
            before the first query, after it was away, and after an answer that says nothing: so
            nobody takes the silence of a store that is empty, or lost its data, for an answer.
    """

    def __init__(
        self,
        url: str,
        snapshot: str,
        seconds: float = 10.0,
        login: str = "",
        local: Path | None = None,
        transport: httpx.BaseTransport | None = None,
        *,
        sure: bool = True,
    ) -> None:
        self.snapshot = snapshot
        self.url = url
        self._sure = self._held = sure
        self._seconds = seconds
        self._local = local
        self._client = client_for(login, seconds + 1.0, transport)
        # With the last question that began before a swap, not when the garbage is looked for.
        weakref.finalize(self, self._client.close)

    def select(self, query: str, prefixes: dict[str, str] | None = None) -> Iterator[Row]:
        if self._local and NAMED.search(query):
            yield from EmbeddedStore(self._local).select(query)
            return
        self.make_sure()
        rows = self._bindings(self._json(query))
        if not any(value != "0" for row in rows for value in self._texts(row)):
            self._doubt()
        # Virtuoso 7 leaves some equal rows in a DISTINCT, those with language-tagged strings.
        seen: set[frozenset[tuple[str, Term]]] | None = set() if DISTINCT.match(query) else None
        for binding in rows:
            row = {name: self._term(value) for name, value in binding.items()}
            if seen is not None:
                key = frozenset(row.items())
                if key in seen:
                    continue
                seen.add(key)
            yield row

    def answer(self, question: Question, terms: Mapping[str, tuple[str, ...]]) -> Solutions:
        query = question.sparql(terms).removesuffix(question.unsorted[0])
        return of_terms(list(question.columns), self.select(query))

    def let_go(self) -> None:
        """Nothing is kept here."""

    def make_sure(self) -> None:
        """Ask whether the service holds the snapshot, unless that is known.

        Raises:
            StoreError: it does not, or does not answer.
        """
        if self._held:
            return
        self._held = self._ask("ASK { ?s ?p ?o }")
        if not self._held:
            raise StoreError(f"{self.url} does not hold snapshot {self.snapshot}")

    def _doubt(self) -> None:
        """As :meth:`make_sure`, though it was known before: the store may have lost its data."""
        self._held = self._sure
        self.make_sure()

    def ask(self, query: str) -> bool:
        self.make_sure()
        yes = self._ask(query)
        if not yes:
            self._doubt()
        return yes

    def about(self, things: Sequence[str]) -> Iterator[Fact]:
        return asked(self, things)

    def labels(self, things: Sequence[str]) -> Iterator[tuple[str, str]]:
        return asked_labels(self, things)

    def describes(self, thing: ox.NamedNode) -> bool:
        return self.ask(f"ASK {{ {thing} ?p ?o }}")

    def _ask(self, query: str) -> bool:
        answer = self._json(query)
        if isinstance(answer, dict) and isinstance(answer.get("boolean"), bool):
            return bool(answer["boolean"])
        # Virtuoso 7 answers some ASKs with a table of one number.
        return any(
            value not in ("0", "false", "")
            for row in self._bindings(answer)
            for value in self._texts(row)
        )

    def _json(self, query: str) -> Any:
        body, most = self._post(query)
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise StoreError(f"{self.url} gave no SPARQL results JSON") from error
        if most and len(self._bindings(answer)) >= most:
            raise StoreError(f"{self.url} cut the answer at {most} rows")
        return answer

    def _bindings(self, answer: Any) -> list[dict[str, dict[str, str]]]:
        match answer:
            case {"results": {"bindings": list(rows)}} if all(isinstance(r, dict) for r in rows):
                return rows
        raise StoreError(f"{self.url} gave no SPARQL results JSON")

    def _post(self, query: str) -> tuple[bytes, int]:
        """The body of an answer, and the most rows that the service gives, or 0.

        Asked once more when a kept connection was dead.
        """
        began = time.monotonic()
        try:
            with until(began + self._seconds):
                try:
                    return self._send(query, began)
                except (httpx.NetworkError, httpx.RemoteProtocolError):
                    return self._send(query, began)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._held = self._sure
            late = time.monotonic() - began >= self._seconds
            kind = TookTooLong if late else StoreError
            raise kind(f"{self.url}: {type(error).__name__}") from error

    def _send(self, query: str, began: float) -> tuple[bytes, int]:
        head = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes_of(query).items())
        form = {
            "query": head + query.replace(REMOTE_ONLY, ""),
            "default-graph-uri": merged_graph(self.snapshot),
            # Virtuoso's names of limits. Whole seconds, so that it never ends before we do.
            "timeout": str(math.ceil(self._seconds) * 1000),
            "maxrows": str(MOST_ROWS),
        }
        headers = {"Accept": "application/sparql-results+json"}
        seconds = max(0.1, left())
        timeout = httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        with self._client.stream(
            "POST", self.url, data=form, headers=headers, timeout=timeout
        ) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                self._check(response, len(body), began)
            self._check(response, len(body), began)
        if (status := response.status_code) != 200:
            said = body[:200].decode(errors="replace").partition("\n")[0]
            raise StoreError(f"{self.url} answered {status}: {said!r}", status)
        # Virtuoso tells of the limit on rows, ours or its own, when the query asks for more.
        most = response.headers.get("X-SPARQL-MaxRows", "")
        return bytes(body), int(most) if most.isdecimal() else 0

    def _check(self, response: httpx.Response, size: int, began: float) -> None:
        """Stop at our limits, and at what is only the beginning of an answer.

        Virtuoso 7 ends a query at its time limit with 200 and what it has. It says so in a header
        when it had nothing to send before, but not otherwise: there the time itself tells.
        """
        if "X-SQL-State" in response.headers:
            state = response.headers["X-SQL-State"]
            kind = TookTooLong if state == "S1TAT" else StoreError
            raise kind(f"{self.url} stopped early: {state}")
        if time.monotonic() - began >= self._seconds:
            raise TookTooLong(f"{self.url} took more than {self._seconds:g} s")
        if size > MOST_BYTES:
            raise StoreError(f"{self.url} answered more than {MOST_BYTES} bytes")

    def _texts(self, row: dict[str, dict[str, str]]) -> list[str]:
        return [self._term(value).value for value in row.values()]

    def _term(self, value: dict[str, str]) -> Term:
        try:
            return _term(value)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise StoreError(f"{self.url} gave a term that is none: {value!r:.200}") from None


def _term(value: dict[str, str]) -> Term:
    match value["type"]:
        case "uri":
            return ox.NamedNode(value["value"])
        case "bnode":
            return ox.BlankNode(value["value"].removeprefix("nodeID://"))
        case _:
            if "xml:lang" in value:
                return ox.Literal(value["value"], language=value["xml:lang"])
            datatype = value.get("datatype", XSD + "string")
            return ox.Literal(value["value"], datatype=ox.NamedNode(datatype))
