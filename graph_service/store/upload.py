"""Put a published snapshot on another machine's store, by the Graph Store Protocol.

Each snapshot goes to a graph of its own, ``graph/merged/{id}``, which the questions name as their
default graph. So a half-loaded snapshot is never asked, and the one before it stays until the new
one is whole. Source: SPARQL 1.1 Graph Store HTTP Protocol, sections 5.2 to 5.5.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pyoxigraph as ox

from graph_service.build.publish import surplus
from graph_service.settings import Settings
from graph_service.store import StoreError
from graph_service.store.exchange import until
from graph_service.store.remote import RemoteStore, client_for, merged_graph

#: Triples a request carries; servers differ in how large a body they take.
CHUNK = 20_000
#: Longest time between two signs of life of a request that loads or drops, and for counting what
#: was loaded.
SECONDS = 120.0
#: Longest time for the whole of such a request.
LONGEST = 600.0


def prepare(settings: Settings) -> None:
    """Find out, before anything is built, whether it is said where to publish.

    Raises:
        ValueError: no remote store or no Graph Store address is set.
    """
    if not settings.store_graphs or settings.store == "embedded":
        raise ValueError(
            "--publish kræver to adresser: ANSVARSGRAF_STORE, hvor lageret svarer på SPARQL, og "
            "ANSVARSGRAF_STORE_GRAPHS, hvor det tager imod grafer"
        )


def upload(
    settings: Settings,
    folder: Path,
    *,
    tell: Callable[[str], None] = lambda _: None,
    transport: httpx.BaseTransport | None = None,
) -> int:
    """Load a snapshot's merged triples into its graph on the remote store.

    A snapshot stays there as long as its folder stays here, so that a server that has not swapped
    yet gets answers; the graphs of the folders that now go are dropped. A snapshot that is there
    whole already is not touched.

    Args:
        settings: ``store`` names the query address, ``store_graphs`` the Graph Store address,
            ``store_login`` the login.
        folder: the snapshot's folder.
        tell: called with a line of progress.
        transport: for tests.

    Returns:
        Number of triples that the graph holds.

    Raises:
        ValueError: as :func:`prepare`.
        StoreError: the store did not take it; what it got of the new graph is dropped again.
    """
    prepare(settings)
    chunks, total = _chunks(ox.Store.read_only(str(folder / "store")))
    remote = RemoteStore(
        settings.store, folder.name, SECONDS, settings.store_login, transport=transport
    )
    with client_for(settings.store_login, SECONDS, transport) as client:
        url = settings.store_graphs
        if _count(remote) == total:
            tell(f"grafen ligger allerede på {settings.store}")
        else:
            _load(client, url, remote, chunks, total, tell)
        # Only of snapshots known here: another installation may have its own on the same server.
        for gone in surplus(settings.snapshots, folder):
            if not _drop_quietly(client, url, merged_graph(gone.name)):
                tell(f"{url} vil ikke slippe {merged_graph(gone.name)}: fjern den graf selv")
    return total


def _load(
    client: httpx.Client,
    url: str,
    remote: RemoteStore,
    chunks: Iterator[tuple[int, bytes]],
    total: int,
    tell: Callable[[str], None],
) -> None:
    """Load a graph whole. Raises as :func:`upload`, and then has dropped it again."""
    target = merged_graph(remote.snapshot)
    _send(client, "DELETE", url, target)
    try:
        for number, body in chunks:
            if not body:
                continue
            _send(client, "POST", url, target, body)
            tell(f"lægger {number} af {total} tripler på {url}")
        there = _count(remote)
        if there != total:
            raise StoreError(f"{url} holds {there} of {total} triples")
    except BaseException:
        _drop_quietly(client, url, target)
        raise


def _count(remote: RemoteStore) -> int:
    """How many triples the snapshot's graph holds there."""
    rows = list(remote.select("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"))
    try:
        return int(rows[0]["n"].value)
    except (IndexError, KeyError, ValueError):
        raise StoreError(f"{remote.url} does not say how many triples it holds") from None


def _chunks(store: ox.Store) -> tuple[Iterator[tuple[int, bytes]], int]:
    """Bodies of N-Triples, each with the number of triples until then; and how many in all.

    A blank node is the same only within one body, so all lines with blank nodes are in the first.
    """
    default = ox.DefaultGraph()
    blank: list[ox.Triple] = []
    total = 0
    for quad in store.quads_for_pattern(None, None, None, default):
        total += 1
        if _has_blank(quad):
            blank.append(quad.triple)

    def made() -> Iterator[tuple[int, bytes]]:
        number, part = len(blank), blank
        for quad in store.quads_for_pattern(None, None, None, default):
            if _has_blank(quad):
                continue
            if len(part) >= CHUNK or part is blank:
                yield number, ox.serialize(part, format=ox.RdfFormat.N_TRIPLES) or b""
                part = []
            part.append(quad.triple)
            number += 1
        yield number, ox.serialize(part, format=ox.RdfFormat.N_TRIPLES) or b""

    return made(), total


def _has_blank(quad: ox.Quad) -> bool:
    return isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode)


def _drop_quietly(client: httpx.Client, url: str, name: str) -> bool:
    """Drop a graph that nobody asks; whether it could be."""
    try:
        _send(client, "DELETE", url, name)
    except StoreError:
        return False
    return True


def _send(client: httpx.Client, method: str, url: str, name: str, body: bytes = b"") -> None:
    headers = {"Content-Type": "application/n-triples"} if body else {}
    # The standard says "graph"; Virtuoso's own name for it is sent along.
    params = {"graph": name, "graph-uri": name}
    try:
        with until(time.monotonic() + LONGEST):
            response = client.request(method, url, params=params, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StoreError(f"{url}: {type(error).__name__}") from error
    status = response.status_code
    if status >= 300 and not (method == "DELETE" and status == 404):
        raise StoreError(f"{url} answered {status} to {method}", status)
