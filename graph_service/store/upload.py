"""Put a published snapshot on another machine's store, by the Graph Store Protocol.

Each snapshot goes to a graph of its own, ``graph/merged/{id}``, which the questions name as their
default graph. So a half-loaded snapshot is never asked, and the one before it stays until the new
one is whole. Source: SPARQL 1.1 Graph Store HTTP Protocol, sections 5.2 to 5.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pyoxigraph as ox

from graph_service.settings import Settings
from graph_service.store import StoreError
from graph_service.vocabulary import graph

#: Triples a request carries; servers differ in how large a body they take.
CHUNK = 20_000


def merged_graph(snapshot: str) -> str:
    """IRI of the graph that holds a snapshot's merged triples on a remote store."""
    return graph(f"merged/{snapshot}")


def client_for(settings: Settings, seconds: float) -> httpx.Client:
    """A client with the store's login: ``digest:USER:PASSWORD``, ``basic:…`` or ``bearer:TOKEN``.

    Raises:
        ValueError: the login has another form.
    """
    kind, _, rest = settings.store_login.partition(":")
    user, _, password = rest.partition(":")
    timeout = httpx.Timeout(seconds, connect=3.0)
    if not kind:
        return httpx.Client(timeout=timeout)
    if kind == "digest":
        return httpx.Client(timeout=timeout, auth=httpx.DigestAuth(user, password))
    if kind == "basic":
        return httpx.Client(timeout=timeout, auth=httpx.BasicAuth(user, password))
    if kind == "bearer":
        return httpx.Client(timeout=timeout, headers={"Authorization": f"Bearer {rest}"})
    raise ValueError("ANSVARSGRAF_STORE_LOGIN must begin with digest:, basic: or bearer:")


def upload(
    settings: Settings, folder: Path, *, tell: Callable[[str], None] = lambda _: None
) -> int:
    """Load a snapshot's merged triples into its graph on the remote store.

    Args:
        settings: ``store_graphs`` names the Graph Store address, ``store_login`` the login.
        folder: the snapshot's folder.
        tell: called with a line of progress.

    Returns:
        Number of triples loaded.

    Raises:
        ValueError: no Graph Store address is set.
        StoreError: the store did not take it; what it got of the new graph is dropped again.
    """
    if not settings.store_graphs:
        raise ValueError("ANSVARSGRAF_STORE_GRAPHS must name the store's Graph Store address")
    target = {"graph": merged_graph(folder.name)}
    store = ox.Store.read_only(str(folder / "store"))
    total = 0
    with client_for(settings, 120.0) as client:
        _send(client, "DELETE", settings.store_graphs, target)
        try:
            for number, lines in _chunks(store):
                _send(client, "POST", settings.store_graphs, target, b"".join(lines))
                total = number
                tell(f"lægger {total} tripler på {settings.store_graphs}")
        except StoreError:
            _send(client, "DELETE", settings.store_graphs, target)
            raise
    return total


def drop(settings: Settings, snapshot: str) -> None:
    """Remove a snapshot's graph from the remote store. Raises as :func:`upload`."""
    with client_for(settings, 120.0) as client:
        _send(client, "DELETE", settings.store_graphs, {"graph": merged_graph(snapshot)})


def _chunks(store: ox.Store) -> Iterator[tuple[int, list[bytes]]]:
    text = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph()) or b""
    lines = text.splitlines(keepends=True)
    for start in range(0, len(lines), CHUNK):
        part = lines[start : start + CHUNK]
        yield start + len(part), part


def _send(
    client: httpx.Client, method: str, url: str, params: dict[str, str], body: bytes = b""
) -> None:
    headers = {"Content-Type": "application/n-triples"} if body else {}
    # The standard says "graph"; Virtuoso's own name for it is sent along.
    params = params | {"graph-uri": params["graph"]}
    try:
        response = client.request(method, url, params=params, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise StoreError(f"{url}: {type(error).__name__}") from error
    if response.status_code >= 300 and not (method == "DELETE" and response.status_code == 404):
        raise StoreError(f"{url} answered {response.status_code} to {method}")
