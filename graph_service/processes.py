"""Several processes that answer, under a parent that keeps them running.

The parent opens no graph and answers nothing: it starts the others by forking before any thread
exists, starts again the one that ends, passes SIGHUP on (take the newest snapshot in service), and
ends them all on SIGTERM, each when its requests are done. Each process listens on a socket of its
own on the same port (SO_REUSEPORT), so the system shares the connections out.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import mmap
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from graph_service.api import metrics

log = logging.getLogger("ansvarsgraf")

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
#: A process that ends within so many seconds did not start.
SOON = 3.0
#: After so many that did not start, one after the other, the service gives up if none is well; else
#: the pause before the next grows from one second to so many.
GIVE_UP = 5
LONGEST_PAUSE = 30.0
#: Seconds between two looks at what ended, while a process is to be started after a pause.
LOOK = 0.1


class Told(NamedTuple):
    """What the processes told each other.

    Attributes:
        coming: changes when one of them begins to prepare a new snapshot.
        taken: changes when one of them took it in service.
    """

    coming: bytes
    taken: bytes


class Generation:
    """What all processes tell each other of new snapshots.

    A process that reads something else than last time prepares the new snapshot too, or takes it in
    service before it answers, so that what a client was told is in service is what it sees,
    whichever answers.

    Args:
        processes: how many there are.
    """

    def __init__(self, processes: int) -> None:
        self._memory = mmap.mmap(-1, 16 + 8 * processes)
        self._processes = processes

    def read(self) -> Told:
        """What was told last."""
        return Told(self._memory[:8], self._memory[8:16])

    def announce(self) -> None:
        """A new snapshot is being prepared."""
        self._change(0)

    def advance(self) -> None:
        """A new snapshot is in service."""
        self._change(8)

    def prepared(self, place: int, snapshot: str) -> None:
        """The process at this place is ready for a snapshot."""
        self._memory[16 + 8 * place : 24 + 8 * place] = mark(snapshot)

    def all_prepared(self, snapshot: str) -> bool:
        """Whether all processes are."""
        return self._memory[16:] == mark(snapshot) * self._processes

    def _change(self, at: int) -> None:
        # Not a count: of two who add one at the same moment, one would not be seen.
        self._memory[at : at + 8] = os.urandom(8)


def mark(snapshot: str) -> bytes:
    """A snapshot's id in eight bytes."""
    return snapshot[-8:].encode().rjust(8)


@dataclass(frozen=True)
class Among:
    """What a process shares with the others.

    Attributes:
        processes: how many there are.
        place: which of them this is, from 0.
        generation: see :class:`Generation`.
        figures: folder where they leave their figures for each other.
        lifeline: file descriptor that closes when the parent ends.
    """

    processes: int
    place: int
    generation: Generation
    figures: Path
    lifeline: int


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening socket.

    Args:
        shared: other sockets may listen on the same port.

    Raises:
        OSError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches off Nagle's delay on what is accepted: 40 ms each.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        opened.bind((host, port))
    except OSError:
        opened.close()
        raise
    return opened


def room_for_files() -> None:
    """Let the process open as many connections as the system allows it."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        wanted = hard if hard != resource.RLIM_INFINITY else max(soft, 65_536)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, 65_536), hard))


class Parent:
    """Keeps the answering processes running.

    Args:
        answer: what a process does, given its listening socket and what it shares.
        host, port: where they listen.
        number: how many.

    Raises:
        OSError: the address cannot be used.
    """

    def __init__(
        self, answer: Callable[[socket.socket, Among], None], host: str, port: int, number: int
    ) -> None:
        self.answer, self.host, self.number = answer, host, number
        # What these share would be shared with another service too: it must not listen there.
        listen(host, port).close()
        first = listen(host, port, shared=True)
        self.port = first.getsockname()[1]
        self._held = first
        self._generation = Generation(number)
        self._figures = Path(tempfile.mkdtemp(prefix="ansvarsgraf-"))
        self._lifeline, self._hold = os.pipe()
        #: Process → its place, and when it was started.
        self._children: dict[int, tuple[int, float]] = {}
        self._stopping = self._gave_up = False
        self._failures = 0
        #: No process is started before this moment.
        self._pause_until = 0.0

    def run(self) -> None:
        """Start the processes, and start again what ends, until a signal stops all."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._pass_on)
        # Ignored, as who starts the service may leave it, nobody would tell which one ended.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        gc.freeze()
        try:
            while self._children or not self._stopping:
                self._start_missing()
                self._wait()
        finally:
            shutil.rmtree(self._figures, ignore_errors=True)
        if self._gave_up:
            raise OSError(0, "processerne kan ikke starte; se loggen")

    def _missing(self) -> bool:
        return not self._stopping and len(self._children) < self.number

    def _start_missing(self) -> None:
        while self._missing() and time.monotonic() >= self._pause_until:
            self._start()

    def _start(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        if self._stopping:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            return
        taken = {place for place, _ in self._children.values()}
        place = next(place for place in range(self.number) if place not in taken)
        try:
            pid = os.fork()
        except OSError as error:
            # The system has no room for one more now (EAGAIN, ENOMEM): later it may.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            log.error("no process can be started now: %s", error)
            self._failed()
            return
        if pid:
            self._children[pid] = (place, time.monotonic())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            return
        code = 1
        try:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.close(self._hold)
            listening = listen(self.host, self.port, shared=True)
            self._held.close()
            among = Among(self.number, place, self._generation, self._figures, self._lifeline)
            self.answer(listening, among)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            log.exception("a process could not start")
        finally:
            logging.shutdown()
            os._exit(code)

    def _wait(self) -> None:
        # With one to start after a pause, neither the pause nor the others are waited for alone.
        missing = self._missing()
        try:
            pid, status = os.waitpid(-1, os.WNOHANG if missing else 0)
        except InterruptedError:
            return
        except ChildProcessError:
            self._children.clear()
            pid, status = 0, 0
        if not pid and missing:
            time.sleep(LOOK)
        ended = self._children.pop(pid, None)
        if ended is None:
            return
        metrics.keep(self._figures, pid)
        if self._stopping:
            return
        log.error("process %d ended (%d) and is started again", pid, status)
        if time.monotonic() - ended[1] < SOON:
            self._failed()
        else:
            self._failures = 0

    def _failed(self) -> None:
        """One did not start: wait before the next, or give up if there is none that is well."""
        self._failures += 1
        pause = min(LONGEST_PAUSE, 2.0 ** max(0, self._failures - GIVE_UP))
        self._pause_until = time.monotonic() + pause
        if self._failures > GIVE_UP and not self._any_well():
            log.critical("no process can start; giving up")
            self._gave_up = True
            self._stop(signal.SIGTERM, None)

    def _any_well(self) -> bool:
        now = time.monotonic()
        return any(now - started >= SOON for _, started in self._children.values())

    def _stop(self, number: int, frame: object) -> None:
        self._stopping = True
        self._send(signal.SIGTERM)

    def _pass_on(self, number: int, frame: object) -> None:
        self._send(signal.SIGHUP)

    def _send(self, number: int) -> None:
        for pid in list(self._children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
