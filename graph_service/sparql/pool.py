"""The pool of worker processes: a bounded line before them, limits on them, a spare behind them.

Every free query ends within its limits, however it was written: a worker that passes the
wall-clock limit, or whose client is gone, is killed; one that passes the memory limit ends by
itself; a spare takes the next query while another is started.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path

from graph_service.api.problems import Problem
from graph_service.build.held import Hold
from graph_service.settings import Settings
from graph_service.sparql import failures
from graph_service.sparql.line import Line, NoPlaceError
from graph_service.sparql.process import JobFailed, Worker, WorkerDied
from graph_service.sparql.result import Budget, Result
from graph_service.sparql.worker import Job
from graph_service.store import StoreError

log = logging.getLogger("ansvarsgraf.sparql")

#: Started workers that no query uses yet.
SPARES = 1
#: Seconds beyond the longest query that one may wait: who is next must not be sent away in the
#: moment when a query ends at its limit and its worker is replaced.
PATIENCE = 2.0
#: All kept answers together may hold so many of the largest answers.
KEPT_ANSWERS = 8
#: Name of the tasks that wait until a killed worker is gone; closing waits for them.
REAPING = "reaping"


async def stop(workers: Iterable[Worker]) -> None:
    """End workers, and wait until they are gone."""
    await asyncio.gather(*(worker.stop() for worker in workers))


class Pool:
    """Workers over one snapshot.

    Args:
        settings: limits; ``workers`` run at once.
        folder: the snapshot's folder.
        spares: started workers beyond those that run.

    Attributes:
        counts: name of an event → how often it happened; see :meth:`figures`.
    """

    def __init__(self, settings: Settings, folder: Path, spares: int = SPARES) -> None:
        self.settings, self.folder = settings, folder
        # For the workers to come.
        self._held = Hold(folder)
        self.counts: Counter[str] = Counter()
        self._wanted = settings.workers + spares
        self._idle: list[Worker] = []
        self._busy: dict[Worker, str] = {}
        #: The client of each job that asks other hosts.
        self._outside: list[str] = []
        self._starting = 0
        self._expected: tuple[Path, list[Worker]] | None = None
        self._line: Line[Worker] = Line(settings.query_queue, settings.queries_per_address)
        self._tasks: set[asyncio.Task[None]] = set()
        # One client has half of it, and may take the largest graph.
        room = max(KEPT_ANSWERS * settings.query_bytes, 2 * settings.graph_bytes)
        self._budget = Budget(room)
        self._swapping = asyncio.Lock()
        self._closed = False

    async def start(self) -> None:
        """Start the workers.

        Raises:
            StoreError: the snapshot cannot be opened.
        """
        self._idle = await self._start_all(self.folder)

    async def close(self) -> None:
        """Kill the workers and fail what waits."""
        self._closed = True
        self._line.close()
        workers = [*self._idle, *self._busy, *self._take_expected()]
        for task in list(self._tasks):
            if task.get_name() != REAPING:
                task.cancel()
        await stop(workers)
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    async def expect(self, folder: Path) -> None:
        """Start workers over a snapshot that will come, so that no query waits for them then.

        Raises:
            StoreError: it cannot be opened.
        """
        async with self._swapping:
            await stop(self._take_expected())
            if folder != self.folder and not self._closed:
                self._expected = folder, await self._start_all(folder)
        if self._closed:
            await stop(self._take_expected())

    def _take_expected(self, folder: Path | None = None) -> list[Worker]:
        """The workers that wait for a snapshot; those over this one only, when it is given."""
        if self._expected is None or folder not in (None, self._expected[0]):
            return []
        (_, workers), self._expected = self._expected, None
        return workers

    async def swap(self, folder: Path) -> None:
        """Serve another snapshot; queries under way end on the one they began with.

        Raises:
            StoreError: it cannot be opened; the one in service stays.
        """
        async with self._swapping:
            if folder == self.folder:
                return
            held = Hold(folder)
            expected = self._take_expected(folder)
            fresh = [worker for worker in expected if worker.alive]
            if dead := set(expected).difference(fresh):
                self.counts["died_idle"] += len(dead)
                await stop(dead)
            fresh = fresh or await self._start_all(folder)
            if self._closed:
                await stop(fresh)
                raise StoreError("the pool is closed")
            stale, self._idle, self.folder = self._idle, fresh, folder
            self._held = held
            self.counts["swapped"] += 1
            self._dispatch()
            for worker in stale:
                self._retire(worker)

    async def run(self, job: Job, client: str = "", *, whole: bool = False) -> Result:
        """Run a job; gives its answer when it is complete or large enough to be sent.

        The caller closes the result. Cancelling the call, or closing the result early, kills the
        query.

        Args:
            client: whose query it is; each has a share of the workers and of the line.
            whole: give the answer when it is complete only.

        Raises:
            Problem: bad-query, cannot-be-done, bad-content, not-acceptable, time-limit,
                memory-limit, row-limit, size-limit, query-too-deep, too-busy, too-many,
                store-unavailable, internal.
        """
        worker = await self._acquire(client)
        if job.network:
            self._let_out(worker, client)
        result = Result(self._budget, worker.folder.name, client)
        task = self._spawn(self._drive(None if job.network else worker, job, result, client))
        result.on_close(task.cancel)
        try:
            await result.begun(whole=whole)
        except BaseException:
            result.close()
            raise
        return result

    def figures(self) -> dict[str, int]:
        """Counters and gauges: ``started``, ``answered``, ``failed_*``, ``killed_*``, ``refused``,
        ``refused_client``, ``swapped``; ``queue``, ``running``, ``idle``, ``expected`` (that wait
        for a snapshot to come into service), ``kept_bytes``."""
        return {
            **self.counts,
            **self._line.refused,
            "queue": len(self._line),
            "running": len(self._busy) + len(self._outside),
            "idle": len(self._idle),
            "expected": len(self._expected[1]) if self._expected else 0,
            "kept_bytes": self._budget.held,
        }

    # -- one job --------------------------------------------------------------------------------

    def _let_out(self, worker: Worker, client: str) -> None:
        """Give a worker back that would wait for other hosts; the job gets one of its own.

        Raises:
            Problem: too-busy, when as many such jobs are under way as others may be.
        """
        self._release(worker, True)
        if len(self._outside) >= self.settings.workers:
            self._line.refused["refused"] += 1
            raise failures.too_busy()
        self._outside.append(client)

    async def _drive(self, worker: Worker | None, job: Job, result: Result, client: str) -> None:
        """Run a job on a worker that is ours, and give the worker back or replace it; without one,
        on one that may open connections."""
        keep = False
        try:
            work = (worker.run if worker else self._run_outside)(job, result.add)
            result.rows = await asyncio.wait_for(work, job.seconds)
            keep = self._has_room(worker)
            self.counts["answered" if keep else "recycled"] += 1
            result.finish()
        except JobFailed as error:
            keep = self._has_room(worker)
            self.counts["recycled"] += not keep
            self.counts["failed_" + error.reason["kind"].replace("-", "_")] += 1
            result.finish(failures.of_job(error.reason, job))
        except TimeoutError:
            self.counts["killed_time"] += 1
            result.finish(failures.time_limit(job.seconds))
        except WorkerDied as error:
            self.counts["died_" + error.cause] += 1
            log.warning("worker %d died: %s", worker.pid if worker else 0, error)
            result.finish(failures.of_death(error.cause, self.settings))
        except Problem as problem:
            self.counts["killed_" + problem.kind.replace("-", "_")] += 1
            result.finish(problem)
        except asyncio.CancelledError:
            self.counts["killed_gone"] += 1
            result.finish(failures.broken_off())
            raise
        finally:
            if worker:
                self._release(worker, keep)
            else:
                self._outside.remove(client)
            result.finish(failures.broken_off())

    def _has_room(self, worker: Worker | None) -> bool:
        """Whether a worker has room for another query, whatever the last one left."""
        return worker is None or worker.address_space < max(1, self.settings.query_memory * 3 // 4)

    async def _run_outside(self, job: Job, take: Callable[[bytes], None]) -> int:
        """As :meth:`Worker.run`, in a worker that may open connections and is ended afterwards; all
        other queries run where the network is closed."""
        worker = await Worker.start(self.folder, self.settings.query_memory, network=True)
        try:
            return await worker.run(job, take)
        finally:
            await worker.stop()

    # -- workers --------------------------------------------------------------------------------

    async def _acquire(self, client: str) -> Worker:
        """A worker of ours alone, after waiting in line little longer than one query may take.

        Raises:
            Problem: too-busy, too-many; store-unavailable when no worker can come, because the
                snapshot is gone from the disk.
        """
        if self._closed:
            raise failures.too_busy()
        try:
            turn = self._line.join(client, [*self._busy.values(), *self._outside])
        except NoPlaceError as full:
            told = failures.too_many(full.of_one) if full.of_one else failures.too_busy()
            raise told from full
        self._dispatch()
        try:
            hopeless = not (turn.given.done() or self._busy or self._openable())
            limit = 0.0 if hopeless else self.settings.query_seconds + PATIENCE
            await asyncio.wait({turn.given}, timeout=limit)
        except BaseException:
            if turn.given.done() and not turn.given.cancelled():
                self._release(turn.given.result(), True)
            self._line.leave(turn)
            raise
        if not turn.given.done() or turn.given.cancelled():
            self._line.leave(turn)
            self._line.refused["refused"] += 1
            raise failures.too_busy() if self._openable() else failures.unavailable()
        return turn.given.result()

    def _openable(self) -> bool:
        """Whether other workers can open the snapshot."""
        return self.folder.is_dir()

    def _dispatch(self) -> None:
        """Give idle workers to those who wait."""
        while len(self._line) and len(self._busy) < self.settings.workers and self._idle:
            worker = self._idle.pop(0)
            if not worker.alive:
                self.counts["died_idle"] += 1
                self._retire(worker)
                continue
            turn = self._line.next([*self._busy.values(), *self._outside])
            self._busy[worker] = turn.client
            turn.given.set_result(worker)

    def _release(self, worker: Worker, keep: bool) -> None:
        """Take a worker back from a job."""
        self._busy.pop(worker, None)
        if keep and worker.alive and worker.folder == self.folder and not self._closed:
            self._idle.append(worker)
        else:
            self._retire(worker)
        self._dispatch()

    def _retire(self, worker: Worker) -> None:
        """Kill a worker and start another when one is missing."""
        worker.kill()
        self._spawn(worker.stop(), REAPING)
        if self._missing() > 0 and not self._closed:
            self._starting += 1
            self._spawn(self._replace())

    def _missing(self) -> int:
        """How many workers over the snapshot in service are to be started yet."""
        fresh = sum(w.folder == self.folder for w in (*self._idle, *self._busy))
        return self._wanted - fresh - self._starting

    async def _replace(self) -> None:
        """Start one worker, trying again with growing pauses while the system will not, unless a
        swap has made it one too many."""
        pause = 0.1
        try:
            while not self._closed and self._missing() >= 0:
                folder = self.folder
                try:
                    worker = await self._start_one(folder)
                except (WorkerDied, OSError) as error:
                    log.error("no worker can be started: %s", error)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
                    continue
                if folder == self.folder and not self._closed:
                    self._idle.append(worker)
                    break
                await worker.stop()
        finally:
            self._starting -= 1
        self._dispatch()

    async def _start_one(self, folder: Path) -> Worker:
        worker = await Worker.start(folder, self.settings.query_memory)
        self.counts["started"] += 1
        if not worker.confined:
            log.warning("worker %d: the system does not close the network to it", worker.pid)
        return worker

    async def _start_all(self, folder: Path) -> list[Worker]:
        begun = await asyncio.gather(
            *(self._start_one(folder) for _ in range(self._wanted)), return_exceptions=True
        )
        workers = [worker for worker in begun if isinstance(worker, Worker)]
        errors = [error for error in begun if isinstance(error, BaseException)]
        if errors:
            await stop(workers)
            raise StoreError(str(errors[0]))
        return workers

    def _spawn(self, work: Coroutine[None, None, None], name: str = "") -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name or None)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
