"""Start the web server: uvicorn within our limits, in one process or in several.

SIGTERM and SIGINT end it when the requests under way are done, with code 0; SIGHUP takes the newest
snapshot in service without dropping one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from graph_service import accepting, heap
from graph_service.api import at_once
from graph_service.api.app import create_app
from graph_service.api.at_once import Whole
from graph_service.api.observe import set_up_logging
from graph_service.build.publish import current, manifest_of
from graph_service.connections import Limits
from graph_service.guarded import guarded
from graph_service.processes import Among, Parent, listen, room_for_files
from graph_service.service import NoSnapshotError, Service
from graph_service.settings import Settings
from graph_service.store import StoreError

log = logging.getLogger("ansvarsgraf")

#: Processes when the setting says 0: one for each core, at most so many.
MOST = 4
#: Longest time in seconds that requests under way may take when the service stops.
CLOSING_SECONDS = 30
#: Seconds between two times that a process leaves its figures for the others; and that it looks
#: for their snapshots, which each request does too.
FIGURES, LOOK = 1.0, 0.1
#: Longest time in seconds for which processes wait for each other before they take a new snapshot.
MEET_SECONDS = 5.0


class Server(accepting.Server):
    """The server, which says that it closes before it does, and then ends with code 0.

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
        # Behind a proxy all are of one address, and more may be slow at a time.
        stalled=max(Limits.stalled, settings.connections_per_address // 8),
        refusals=settings.refusals_per_second,
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
    if among:
        must_be_readable(settings)
    heap.set_up()
    number = among.processes if among else 1
    limits = limits_of(settings).share(number)
    app = create_app(share(settings, number), among.figures if among else None)
    protocol, register = guarded(limits)
    app.state.metrics.gauges.append(register.figures)
    following = Following(app, among) if among else None
    config = uvicorn.Config(
        following or app,
        http=protocol,
        loop="asyncio",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=CLOSING_SECONDS,
        lifespan="on",
    )
    server = Server(config, app, settings.notice_seconds)
    heap.settle()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: reload_aside(app))
        if among and following:
            loop.add_reader(among.lifeline, lambda: orphaned(server, loop, among))
            tasks = leave_figures(app), look_out(following)
            app.state.leaving = [loop.create_task(task) for task in tasks]
        await server.serve(sockets=[listening])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())


def must_be_readable(settings: Settings) -> None:
    """End one of several processes that could not read what is published: it would answer its part
    of the requests with errors, while the others have what they opened before."""
    with contextlib.suppress(NoSnapshotError):
        try:
            manifest_of(current(settings.snapshots))
        except StoreError as error:
            log.error("a process could not start: %s", error)
            raise SystemExit(1) from None


def orphaned(server: Server, loop: asyncio.AbstractEventLoop, among: Among) -> None:
    """Close in good order, without notice: the parent is gone, and clears nothing away."""
    loop.remove_reader(among.lifeline)
    shutil.rmtree(among.figures, ignore_errors=True)
    server.close(0)


async def leave_figures(app: FastAPI) -> None:
    """Leave this process's figures for the others, every second."""
    while True:
        await asyncio.sleep(FIGURES)
        await asyncio.to_thread(app.state.metrics.leave)


async def look_out(following: Following) -> None:
    """Look for the snapshots of the others, also when nobody asks for anything."""
    while True:
        await asyncio.sleep(LOOK)
        await following.look()


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


class Following:
    """The application, which keeps up with the snapshots of the other processes.

    Args:
        app: the application.
        among: what the processes share.
    """

    def __init__(self, app: FastAPI, among: Among) -> None:
        self._app, self._generation, self._place = app, among.generation, among.place
        self._seen = self._generation.read()
        self._lock = asyncio.Lock()
        self._app_at_once = at_once.of(app)
        service: Service = app.state.service
        service.on_coming.append(self._generation.announce)
        service.on_swap.append(self._generation.advance)
        service.on_swap.append(lambda: self._generation.prepared(self._place, service.snapshot))
        service.meet = self.meet

    def meet(self, snapshot: str, newest: Callable[[], bool]) -> None:
        """Wait, in the thread that prepared a snapshot, until the others have: who is not ready
        when one of them takes it in service must take it all the same."""
        self._generation.prepared(self._place, snapshot)
        until = time.monotonic() + MEET_SECONDS
        while not self._generation.all_prepared(snapshot):
            taken = self._generation.read().taken != self._seen.taken
            if taken or not newest() or time.monotonic() > until:
                break
            time.sleep(0.01)

    async def look(self) -> None:
        """Take in service what another took, and prepare what another prepares."""
        if self._generation.read() == self._seen:
            return
        async with self._lock:
            now = self._generation.read()
            if now.taken != self._seen.taken:
                try:
                    await asyncio.to_thread(self._app.state.service.reload, at_once=True)
                except (NoSnapshotError, StoreError, OSError) as error:
                    log.error("the former snapshot stays in service: %r", error)
            elif now != self._seen:
                reload_aside(self._app)
            self._seen = now

    def at_once(self, scope: Scope) -> Whole | None:
        """See :mod:`graph_service.api.at_once`."""
        return self._app_at_once(scope) if self._generation.read() == self._seen else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.look()
        await self._app(scope, receive, send)
