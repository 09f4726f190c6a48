"""Hosts on this machine, each at a port of its own, that answer over HTTP what a test tells them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyoxigraph as ox


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        path: with its query, as it was sent.
    """

    method: str
    path: str
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What a host says to it."""

    body: bytes = b""
    media: str = "application/sparql-results+json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def results(store: ox.Store, query: str) -> Reply:
    """What an endpoint over a store says to a SELECT or an ASK."""
    result = store.query(query)
    assert isinstance(result, ox.QuerySolutions | ox.QueryBoolean)
    return Reply(result.serialize(format=ox.QueryResultsFormat.JSON) or b"")


@contextmanager
def host(answer: Callable[[Asked], Reply | None], port: int = 0) -> Iterator[str]:
    """A host that answers GET and POST; gives its name: address and port.

    Args:
        answer: called in a thread of its own for each request; where it gives None, the connection
            is closed without a word.
        port: where to listen; 0 takes a free one.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            reply = answer(Asked(self.command, self.path, body))
            if reply is None:
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", reply.media)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as made:
        made.daemon_threads = True
        serving = threading.Thread(target=made.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield f"127.0.0.1:{made.server_port}"
        finally:
            made.shutdown()
            serving.join()
