"""Start the web server: uvicorn within our limits, in one process or in several.

SIGTERM and SIGINT end it when the requests under way are done, with code 0; SIGHUP takes the newest
snapshot in service without dropping one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from graph_service.api.app import create_app
from graph_service.api.observe import set_up_logging
from graph_service.connections import Limits
from graph_service.guarded import guarded
from graph_service.processes import Among, Generation, Parent, listen, room_for_files
from graph_service.service import NoSnapshotError
from graph_service.settings import Settings
from graph_service.store import StoreError

log = logging.getLogger("ansvarsgraf")

#: Processes when the setting says 0: one for each core, at most so many.
MOST = 4
#: Longest time in seconds that requests under way may take when the service stops.
CLOSING_SECONDS = 30
#: Seconds between two times that a process leaves its figures for the others.
FIGURES = 1.0
BACKLOG = 2048
#: glibc's mallopt: M_MMAP_THRESHOLD in bytes, M_ARENA_MAX (malloc.h).
MALLOC = {-3: 256 * 1024, -8: 2}
#: New objects after which Python looks for garbage.
GARBAGE = 50_000


class Server(uvicorn.Server):
    """uvicorn's server, which says that it closes before it does, and then ends with code 0.

    Args:
        config: uvicorn's.
        app: whose ``/readyz`` answers 503 from the moment that a signal comes.
        notice: seconds after SIGTERM in which new connections are still taken.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, notice: float) -> None:
        super().__init__(config)
        self.app, self.notice = app, notice

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Close on SIGTERM after the notice, on SIGINT without it."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.close, self.notice)
        loop.add_signal_handler(signal.SIGINT, self.hurry)
        yield

    def close(self, notice: float) -> None:
        """Say that the service closes; after the notice, in seconds, take no new connections, and
        end when the requests under way are done."""
        self.app.state.closing = True
        asyncio.get_running_loop().call_later(notice, setattr, self, "should_exit", True)

    def hurry(self) -> None:
        """Close without notice; the second time, wait for nothing."""
        self.force_exit = self.should_exit
        self.close(0)


def serve(settings: Settings, host: str, port: int, processes: int = 0) -> None:
    """Serve until a signal stops it.

    Args:
        processes: how many answer; 0 asks the settings.

    Raises:
        OSError: the address cannot be used.
    """
    set_up_logging()
    room_for_files()
    number = processes or settings.processes or min(MOST, os.cpu_count() or 1)
    if number == 1:
        run(settings, listen(host, port))
        return
    Parent(partial(run, settings), host, port, number).run()


def limits_of(settings: Settings) -> Limits:
    """The limits on connections that the settings give."""
    return Limits(
        connections=settings.connections,
        per_address=settings.connections_per_address,
        header_seconds=settings.header_seconds,
        idle_seconds=settings.idle_seconds,
    )


def run(settings: Settings, listening: socket.socket, among: Among | None = None) -> None:
    """Answer in this process until a signal stops it.

    Args:
        settings: of the whole service; this process takes its share of what is bounded.
        among: what it shares with the others, when there are several.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    give_back()
    number = among.processes if among else 1
    limits = limits_of(settings).share(number)
    app = create_app(share(settings, number), among.figures if among else None)
    protocol, register = guarded(limits)
    app.state.metrics.gauges.append(register.figures)
    config = uvicorn.Config(
        follow(app, among.generation) if among else app,
        http=protocol,
        loop="asyncio",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(limits.idle_seconds),
        timeout_graceful_shutdown=CLOSING_SECONDS,
        lifespan="on",
    )
    server = Server(config, app, settings.notice_seconds)
    # An answer makes thousands of objects and no cycles: to look for these seldom saves 7 %.
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: reload_aside(app))
        if among:
            loop.add_reader(among.lifeline, lambda: orphaned(server, loop, among.lifeline))
            app.state.leaving = loop.create_task(leave_figures(app))
        await server.serve(sockets=[listening])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())


def give_back() -> None:
    """Let glibc return what is freed: no more than two heaps, and long texts outside them.

    Left alone, it makes a heap for each thread and holds texts of up to 32 MB in them; an eighth of
    the memory of a process that has answered much. Where there is another libc, nothing is done.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        for option, value in MALLOC.items():
            libc.mallopt(option, value)


def orphaned(server: Server, loop: asyncio.AbstractEventLoop, lifeline: int) -> None:
    """Close in good order, without notice: the parent is gone."""
    loop.remove_reader(lifeline)
    server.close(0)


async def leave_figures(app: FastAPI) -> None:
    """Leave this process's figures for the others, every second."""
    while True:
        await asyncio.sleep(FIGURES)
        await asyncio.to_thread(app.state.metrics.leave)


def share(settings: Settings, processes: int) -> Settings:
    """The settings of one of several processes: its part of what is bounded over all."""
    return replace(
        settings,
        workers=max(1, settings.workers // processes),
        query_queue=max(1, settings.query_queue // processes),
        queries_per_address=max(1, settings.queries_per_address // processes),
        cache_bytes=settings.cache_bytes // processes,
    )


def reload_aside(app: FastAPI) -> None:
    """Take the newest snapshot in service, in a thread, while requests go on."""

    def reload() -> None:
        try:
            manifest = app.state.service.reload()
            log.info("in service: %s", manifest.id)
        except (NoSnapshotError, StoreError, OSError) as error:
            log.error("the former snapshot stays in service: %r", error)

    threading.Thread(target=reload, name="reload", daemon=True).start()


def follow(app: FastAPI, generation: Generation) -> ASGIApp:
    """The application, which looks for a new snapshot when another process took one in service."""
    service = app.state.service
    seen = generation.read()
    lock = asyncio.Lock()

    def tell() -> None:
        nonlocal seen
        if not catching_up.is_set():
            seen = generation.advance()

    catching_up = threading.Event()
    service.on_swap.append(tell)

    async def catch_up() -> None:
        nonlocal seen
        async with lock:
            now = generation.read()
            if now == seen:
                return
            catching_up.set()
            try:
                await asyncio.to_thread(service.reload)
            except (NoSnapshotError, StoreError, OSError) as error:
                log.error("the former snapshot stays in service: %r", error)
            finally:
                catching_up.clear()
                seen = now

    async def following(scope: Scope, receive: Receive, send: Send) -> None:
        if generation.read() != seen:
            await catch_up()
        await app(scope, receive, send)

    return following
