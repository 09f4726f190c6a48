"""One worker process, seen from the web process: start, run a job, kill, and say why it died."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graph_service.sparql.worker import HEADER, Job

#: What a worker may know of the environment; no setting or secret of the service is in it.
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
PACKAGE = Path(__file__).resolve().parents[2]
#: Set for every worker. One arena: glibc reserves 64 MB for each, up to 1.3 GB in all before the
#: first query, and the limit of memory counts what is reserved.
ALWAYS = {"PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "1"}
START_SECONDS = 20.0
#: How far a worker stands back while it starts; then as far as :func:`confine` puts it. Who asks
#: and leaves, over and over, has one started each time.
START_NICENESS = 10
#: What Rust, Python, C++ and a thread that finds no room for its stack say, in lower case.
OUT_OF_MEMORY = ("alloc", "memory", "resource temporarily unavailable")
STREAM_LIMIT = 256 * 1024


class WorkerDied(Exception):
    """A worker ended by itself.

    Attributes:
        cause: ``memory``, ``stack``, ``time`` or ``unknown``.
    """

    def __init__(self, cause: str, told: str) -> None:
        super().__init__(f"{cause}: {told[-300:]}")
        self.cause = cause


class JobFailed(Exception):
    """A worker could not do a job, and is ready for the next.

    Attributes:
        reason: the members of the error frame; ``kind`` says which.
    """

    def __init__(self, reason: dict[str, Any]) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Worker:
    """A running worker process.

    Attributes:
        folder: the snapshot that it serves.
        confined: whether the system closed the network to it.
        address_space: its address space in bytes after the last job.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.folder, self.confined, self.address_space = folder, False, 0
        self._process = process
        self._told = b""
        self._listening = asyncio.create_task(self._listen())

    @staticmethod
    async def start(folder: Path, memory: int, *, network: bool = False) -> Worker:
        """Start a worker and wait until it has opened the snapshot.

        Args:
            memory: its address space in bytes.
            network: whether it may open connections.

        Raises:
            WorkerDied: it could not.
            OSError: no process can be started.
        """
        environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "graph_service.sparql.worker",
            str(folder / "store"),
            str(memory),
            str(os.getpid()),
            *(["network"] if network else []),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=STREAM_LIMIT,
            env={**environment, **ALWAYS},
        )
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, START_NICENESS)
        worker = Worker(process, folder)
        try:
            kind, payload = await asyncio.wait_for(worker._read(), START_SECONDS)
        except TimeoutError:
            await worker.stop()
            raise WorkerDied("time", "no answer at start") from None
        except BaseException:
            await worker.stop()
            raise
        worker.confined = kind == b"R" and bool(json.loads(payload)["confined"])
        return worker

    @property
    def alive(self) -> bool:
        """Whether the process runs, also when its end has not been noticed yet."""
        if self._process.returncode is not None:
            return False
        try:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return ended is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def run(self, job: Job, take: Callable[[bytes], None]) -> int:
        """Do a job, handing on its bytes; gives the number of rows.

        Raises:
            JobFailed: with the reason; the worker can be used again.
            WorkerDied: the process ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(job.frame())
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise await self._death() from None
        while True:
            kind, payload = await self._read()
            if kind == b"D":
                take(payload)
                continue
            told = json.loads(payload)
            self.address_space = told.pop("address_space")
            if kind == b"E":
                raise JobFailed(told)
            return int(told["rows"])

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self) -> None:
        """End the process, and wait until it is gone and its pipes are empty."""
        self.kill()
        await self._process.wait()
        emptying = asyncio.ensure_future(self._empty())
        await asyncio.wait({self._listening, emptying}, timeout=1.0)
        emptying.cancel()

    async def _read(self) -> tuple[bytes, bytes]:
        assert self._process.stdout is not None
        try:
            kind, length = HEADER.unpack(await self._process.stdout.readexactly(HEADER.size))
            return kind, await self._process.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            raise await self._death() from None

    async def _empty(self) -> None:
        """Read away what the process had written, so that its pipes close."""
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(RuntimeError):  # another task still reads, and will see the end
            while await self._process.stdout.read(STREAM_LIMIT):
                pass

    async def _listen(self) -> None:
        """Keep the end of what the process says on standard error."""
        assert self._process.stderr is not None
        while piece := await self._process.stderr.read(4096):
            self._told = (self._told + piece)[-4096:]

    async def _death(self) -> WorkerDied:
        """Why the process ended, from its last words and its signal."""
        code = await self._process.wait()
        await asyncio.wait({self._listening}, timeout=1.0)
        told = self._told.decode("utf-8", errors="replace")
        return WorkerDied(cause_of_death(code, told), f"exit {code} {told}")


def cause_of_death(code: int, told: str) -> str:
    """Why a confined process ended: ``memory``, ``stack``, ``time`` or ``unknown``.

    Args:
        code: its exit code, negative for a signal.
        told: its last words on standard error.
    """
    words = told.lower()
    if "stack" in words or code == -11:
        return "stack"
    if code == -9 or any(word in words for word in OUT_OF_MEMORY):
        return "memory"
    return "time" if code == -14 else "unknown"
