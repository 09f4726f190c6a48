"""One exchange with a store elsewhere: bounded by the clock, and ended when nobody waits for it.

httpx bounds each read by itself, so a store that sends a byte now and then, in its headers, between
two chunks or in a packed body, would never be given up. Here all reads and writes of an exchange
share one moment at which it ends, from the connection to the last byte; only to look up a name is
left to the system and its own limit. A read wakes up a few times a second to see whether the one
who asked is still there.
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

from graph_service.store.asking import must_be_awaited

#: Seconds for which a read sleeps before it looks again whether somebody waits.
SLICE = 0.25


_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Let the exchanges within end at a moment of :func:`time.monotonic` at the latest, or before
    it, at that of an ``until`` around this one."""
    token = _until.set(min(moment, _until.get()))
    try:
        yield
    finally:
        _until.reset(token)


def left() -> float:
    """Seconds until the exchange ends; 0 or less when it should have.

    Raises:
        NobodyWaits: the one who asked has left.
    """
    must_be_awaited()
    return _until.get() - time.monotonic()


def within(timeout: float | None, passed: type[httpcore.TimeoutException]) -> float | None:
    """A limit of httpx, or what is left of the exchange when that is less.

    Raises:
        NobodyWaits: as :func:`left`.
        httpcore.TimeoutException: nothing is left; of the kind ``passed``.
    """
    seconds = min(math.inf if timeout is None else timeout, left())
    if seconds <= 0:
        raise passed("the exchange took too long")
    return None if seconds == math.inf else seconds


class BoundedStream(httpcore.NetworkStream):
    """A connection within the limits.

    Args:
        inner: the connection itself.
    """

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            wait = within(end - time.monotonic(), httpcore.ReadTimeout)
            try:
                return self._inner.read(max_bytes, min(wait or math.inf, SLICE))
            except httpcore.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, within(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        seconds = within(timeout, httpcore.ConnectTimeout)
        return BoundedStream(self._inner.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class BoundedBackend(httpcore.SyncBackend):
    """Makes connections within the limits."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = within(timeout, httpcore.ConnectTimeout)
        inner = super().connect_tcp(host, port, seconds, local_address, socket_options)
        return BoundedStream(inner)


def bound(client: httpx.Client) -> httpx.Client:
    """Put a client's connections within the limits, those through a proxy too.

    httpx has no name for where connections are made, so this reaches into it; a test with a store
    that drips tells when that has moved.
    """
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = BoundedBackend()
    return client
