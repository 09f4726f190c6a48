"""The pool: what a query may cost, and that nobody else pays for it."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from fastapi.testclient import TestClient

from graph_service.api.problems import Problem
from graph_service.build.publish import current, publish
from graph_service.settings import Settings
from graph_service.sparql import result
from graph_service.sparql.once import run_once
from graph_service.sparql.pool import Pool
from graph_service.sparql.process import START_NICENESS, Worker
from graph_service.sparql.worker import Job
from graph_service.store import StoreError
from tests.sparql.conftest import ENDLESS, HUNGRY, quads

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"


def job(text: str, **changed: object) -> Job:
    made = Job(text, "json", seconds=5.0, rows=100_000, size=10_000_000)
    return replace(made, **changed)  # type: ignore[arg-type]


async def ask(pool: Pool, wanted: Job) -> bytes:
    answer = await pool.run(wanted)
    try:
        return b"".join([piece async for piece in answer.pieces()])
    finally:
        answer.close()


async def problem_of(pool: Pool, wanted: Job) -> str:
    with pytest.raises(Problem) as caught:
        await ask(pool, wanted)
    assert caught.value.detail
    return caught.value.kind


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


def with_pool(
    settings: Settings, folder: Path, test: Callable[[Pool], Awaitable[None]], spares: int = 1
) -> None:
    async def run() -> None:
        pool = Pool(settings, folder, spares)
        await pool.start()
        try:
            await test(pool)
        finally:
            await pool.close()

    asyncio.run(run())


def test_a_query_that_takes_too_long_is_killed_and_the_spare_takes_the_next(
    published: Settings, folder: Path
) -> None:
    async def test(pool: Pool) -> None:
        begun = time.monotonic()
        assert await problem_of(pool, job(ENDLESS, seconds=0.5)) == "time-limit"
        assert time.monotonic() - begun < 1.5
        begun = time.monotonic()
        assert b'"401"' in await ask(pool, job(COUNT))
        assert time.monotonic() - begun < 2.0
        await until(lambda: pool.figures()["idle"] == 2)
        assert pool.figures()["killed_time"] == 1
        assert pool.figures()["started"] == 3

    with_pool(published, folder, test)


def test_where_the_snapshot_is_gone_from_the_disk_nobody_waits_for_a_worker(
    published: Settings, folder: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder, tmp_path / folder.name)

    async def test(pool: Pool) -> None:
        assert b'"401"' in await ask(pool, job(COUNT))
        shutil.rmtree(copy)
        for worker in pool._idle:
            worker.kill()
        await until(lambda: not any(worker.alive for worker in pool._idle))
        begun = time.monotonic()
        assert await problem_of(pool, job(COUNT)) == "store-unavailable"
        assert time.monotonic() - begun < 1.0
        await pool.swap(folder)
        assert b'"401"' in await ask(pool, job(COUNT))

    with_pool(published, copy, test)


def test_a_query_that_takes_too_much_memory_ends_alone(published: Settings, folder: Path) -> None:
    async def test(pool: Pool) -> None:
        assert await problem_of(pool, job(HUNGRY, seconds=30.0)) == "memory-limit"
        assert b'"401"' in await ask(pool, job(COUNT))
        assert pool.figures()["died_memory"] == 1

    with_pool(replace(published, query_memory=600 * 1024**2), folder, test)


def test_a_worker_reserves_little_before_its_first_query(published: Settings, folder: Path) -> None:
    """What glibc reserves for its arenas, up to 1.3 GB, counts against the limit of memory."""

    async def test(pool: Pool) -> None:
        assert b'"401"' in await ask(pool, job(COUNT))

    with_pool(replace(published, query_memory=256 * 1024**2, workers=4), folder, test)


def test_a_worker_stands_back_for_others_from_its_start_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    priorities: list[int] = []
    read = Worker._read

    async def noted(worker: Worker) -> tuple[bytes, bytes]:
        priorities.append(os.getpriority(os.PRIO_PROCESS, worker.pid))
        frame = await read(worker)
        priorities.append(os.getpriority(os.PRIO_PROCESS, worker.pid))
        return frame

    monkeypatch.setattr(Worker, "_read", noted)

    async def start() -> None:
        worker = await Worker.start(folder, 2 * 1024**3)
        await worker.stop()

    asyncio.run(start())
    assert priorities[0] >= START_NICENESS
    assert priorities[1] == 19


def test_a_query_whose_client_left_is_killed(published: Settings, folder: Path) -> None:
    async def test(pool: Pool) -> None:
        task = asyncio.create_task(ask(pool, job(ENDLESS, seconds=60.0)))
        await until(lambda: pool.figures()["running"] == 1)
        task.cancel()
        await until(lambda: pool.figures()["running"] == 0, 1.0)
        assert pool.figures()["killed_gone"] == 1
        assert b'"401"' in await ask(pool, job(COUNT))

    with_pool(published, folder, test)


def test_closing_an_answer_early_kills_its_query(published: Settings, folder: Path) -> None:
    async def test(pool: Pool) -> None:
        slow = job("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", rows=0, size=10**9, seconds=60.0)
        answer = await pool.run(slow)
        assert not answer.done
        answer.close()
        await until(lambda: pool.figures()["running"] == 0, 1.0)
        assert pool.figures()["kept_bytes"] == 0

    with_pool(published, folder, test)


def test_a_full_queue_refuses_at_once_and_the_rest_is_answered(
    published: Settings, folder: Path
) -> None:
    async def test(pool: Pool) -> None:
        first = asyncio.create_task(problem_of(pool, job(ENDLESS, seconds=0.5)))
        await until(lambda: pool.figures()["running"] == 1)
        waiting = [asyncio.create_task(ask(pool, job(COUNT))) for _ in range(2)]
        await until(lambda: pool.figures()["queue"] == 2)
        with pytest.raises(Problem) as caught:
            await pool.run(job(COUNT))
        assert caught.value.kind == "too-busy"
        assert int(caught.value.headers["Retry-After"]) > 0
        assert await first == "time-limit"
        assert all(b'"401"' in answer for answer in await asyncio.gather(*waiting))
        assert pool.figures()["queue"] == 0

    with_pool(replace(published, query_queue=2), folder, test)


def test_one_client_cannot_fill_the_line_nor_keep_the_workers(
    published: Settings, folder: Path
) -> None:
    """The greedy client has its places and no more; the other is served before those that wait."""

    async def test(pool: Pool) -> None:
        async def greedy() -> str:
            with pytest.raises(Problem) as caught:
                await pool.run(job(ENDLESS, seconds=0.4), "greedy")
            if caught.value.kind == "too-many":
                assert caught.value.status == 429
                assert int(caught.value.headers["Retry-After"]) > 0
            return caught.value.kind

        many = [asyncio.create_task(greedy()) for _ in range(20)]
        await until(lambda: sum(task.done() for task in many) == 12)
        assert (pool.figures()["running"], pool.figures()["queue"]) == (1, 7)
        (await pool.run(job(COUNT), "other")).close()
        assert pool.figures()["queue"] >= 5, "those that came before still wait"
        told = await asyncio.gather(*many)
        assert (told.count("too-many"), told.count("time-limit")) == (12, 8)
        assert pool.figures()["refused_client"] == 12
        (await pool.run(job(COUNT), "greedy")).close()

    limits = replace(published, query_queue=15, queries_per_address=8, query_seconds=60.0)
    with_pool(limits, folder, test)


def test_who_leaves_the_line_makes_room(published: Settings, folder: Path) -> None:
    async def test(pool: Pool) -> None:
        first = asyncio.create_task(problem_of(pool, job(ENDLESS, seconds=0.5)))
        await until(lambda: pool.figures()["running"] == 1)
        waiting = asyncio.create_task(ask(pool, job(COUNT)))
        await until(lambda: pool.figures()["queue"] == 1)
        waiting.cancel()
        await until(lambda: pool.figures()["queue"] == 0)
        assert b'"401"' in await ask(pool, job(COUNT))
        await first

    with_pool(replace(published, query_queue=1), folder, test)


def test_waiting_has_a_limit_too(published: Settings, folder: Path) -> None:
    async def test(pool: Pool) -> None:
        first = asyncio.create_task(problem_of(pool, job(ENDLESS, seconds=5.0)))
        await until(lambda: pool.figures()["running"] == 1)
        assert await problem_of(pool, job(COUNT)) == "too-busy"
        await first

    with_pool(replace(published, query_seconds=0.3), folder, test)


def test_a_worker_that_is_killed_from_outside_is_replaced(
    published: Settings, folder: Path
) -> None:
    async def test(pool: Pool) -> None:
        for worker in list(pool._idle):
            os.kill(worker.pid, 9)
        await until(lambda: not any(worker.alive for worker in pool._idle))
        assert b'"401"' in await ask(pool, job(COUNT))
        await until(lambda: pool.figures()["idle"] == 2)

    with_pool(published, folder, test)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * " + "{" * 10_000 + "}" * 10_000,
        "ASK { FILTER(" + "(" * 10_000 + "1" + ")" * 10_000 + ") }",
        "SELECT * { " + "{} UNION " * 10_000 + "{} }",
        "ASK { FILTER(" + "+".join(["1"] * 30_000) + ") }",
    ],
    ids=["braces", "parentheses", "unions", "sums"],
)
def test_a_query_that_crashes_the_engine_ends_one_worker_which_is_replaced(
    published: Settings, folder: Path, text: str
) -> None:
    """The guard refuses some of these; here they are asked past it."""

    async def test(pool: Pool) -> None:
        first, spare = (worker.pid for worker in pool._idle)
        assert await problem_of(pool, job(text)) == "query-too-deep"
        assert pool.figures()["died_stack"] == 1
        assert b'"401"' in await ask(pool, job(COUNT))
        await until(lambda: pool.figures()["idle"] == 2)
        pids = {worker.pid for worker in pool._idle}
        assert spare in pids
        assert first not in pids
        assert len(pids) == 2
        assert not Path(f"/proc/{first}").exists()
        assert pool.figures()["started"] == 3

    with_pool(published, folder, test)


@pytest.mark.parametrize(
    ("number", "kind", "figure"),
    [
        (signal.SIGSEGV, "query-too-deep", "died_stack"),
        (signal.SIGABRT, "internal", "died_unknown"),
        (signal.SIGKILL, "memory-limit", "died_memory"),
    ],
)
def test_a_worker_that_ends_in_the_middle_of_a_query_is_told_of_and_replaced(
    published: Settings, folder: Path, number: int, kind: str, figure: str
) -> None:
    async def test(pool: Pool) -> None:
        asked = asyncio.create_task(problem_of(pool, job(ENDLESS, seconds=60.0)))
        await until(lambda: pool.figures()["running"] == 1)
        (busy,) = pool._busy
        await asyncio.sleep(0.1)
        os.kill(busy.pid, number)
        assert await asked == kind
        assert pool.figures()[figure] == 1
        assert b'"401"' in await ask(pool, job(COUNT))
        await until(lambda: pool.figures()["idle"] == 2)
        assert busy.pid not in {worker.pid for worker in pool._idle}

    with_pool(published, folder, test)


def test_a_new_snapshot_is_served_and_queries_under_way_end_on_the_old(
    published: Settings, folder: Path, tmp_path: Path
) -> None:
    publish(quads(10), tmp_path)

    async def test(pool: Pool) -> None:
        under_way = asyncio.create_task(problem_of(pool, job(ENDLESS, seconds=1.0)))
        await until(lambda: pool.figures()["running"] == 1)
        waiting = asyncio.create_task(ask(pool, job(COUNT)))
        await pool.swap(current(tmp_path))
        assert await under_way == "time-limit"
        assert b'"11"' in await waiting
        assert b'"11"' in await ask(pool, job(COUNT))
        await until(lambda: pool.figures()["idle"] == 2)

    with_pool(published, folder, test)


def test_who_asks_after_a_swap_that_was_expected_waits_for_no_worker(
    published: Settings, folder: Path, tmp_path: Path
) -> None:
    publish(quads(10), tmp_path)

    async def test(pool: Pool) -> None:
        pids = {worker.pid for worker in pool._idle}
        await pool.expect(current(tmp_path))
        assert b'"401"' in await ask(pool, job(COUNT))
        started = pool.figures()["started"]
        assert pool._expected is not None
        expected = pool._expected[1]
        await pool.swap(current(tmp_path))
        assert b'"11"' in await ask(pool, job(COUNT))
        assert pool.figures()["started"] == started
        assert {worker.pid for worker in expected} & {worker.pid for worker in pool._idle}
        assert not pids & {worker.pid for worker in pool._idle}

    with_pool(published, folder, test)


def test_workers_that_died_while_they_waited_for_a_snapshot_serve_nobody(
    published: Settings, folder: Path, tmp_path: Path
) -> None:
    publish(quads(10), tmp_path)

    async def test(pool: Pool) -> None:
        for dead in (1, 2):
            await pool.expect(current(tmp_path))
            assert pool._expected is not None
            assert pool.figures()["expected"] == 2
            killed = pool._expected[1][:dead]
            for worker in killed:
                worker.kill()
            await until(lambda killed=killed: not any(worker.alive for worker in killed))
            await pool.swap(current(tmp_path))
            assert pool.figures()["died_idle"] == dead
            await until(lambda: pool.figures()["idle"] == 2)
            assert all(worker.alive for worker in pool._idle)
            assert b'"11"' in await ask(pool, job(COUNT))
            await pool.swap(folder)
            await until(lambda: pool.figures()["idle"] == 2)
            pool.counts["died_idle"] = 0

    with_pool(published, folder, test)


def test_a_snapshot_that_is_expected_and_does_not_come_leaves_no_worker(
    published: Settings, folder: Path, tmp_path: Path
) -> None:
    publish(quads(10), tmp_path)
    expected: list[Worker] = []

    async def test(pool: Pool) -> None:
        with pytest.raises(StoreError):
            await pool.expect(tmp_path / "nothing")
        for _ in range(2):
            await pool.expect(current(tmp_path))
            assert pool._expected is not None
            expected.extend(pool._expected[1])
        assert b'"401"' in await ask(pool, job(COUNT))

    with_pool(published, folder, test)
    assert len(expected) == 4
    assert not any(worker.alive for worker in expected)


def test_a_snapshot_that_cannot_be_opened_leaves_the_old_in_service(
    published: Settings, folder: Path, tmp_path: Path
) -> None:
    async def test(pool: Pool) -> None:
        with pytest.raises(StoreError):
            await pool.swap(tmp_path / "nothing")
        assert b'"401"' in await ask(pool, job(COUNT))

    with_pool(published, folder, test)


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_row_and_size_limits(published: Settings, folder: Path, form: str) -> None:
    query = "SELECT * { ?s <http://example.org/label> ?o }"

    async def test(pool: Pool) -> None:
        assert len(await ask(pool, job(query, rows=400, format=form))) > 1000
        assert await problem_of(pool, job(query, rows=399, format=form)) == "row-limit"
        assert await problem_of(pool, job(query, size=500, format=form)) == "size-limit"

    with_pool(published, folder, test, spares=0)


def test_triples_have_limits_and_graphs_are_read_whole(published: Settings, folder: Path) -> None:
    query = "CONSTRUCT WHERE { ?s <http://example.org/label> ?o }"

    async def test(pool: Pool) -> None:
        body = await ask(pool, job(query, rows=400, format="ntriples"))
        assert len(list(ox.parse(body, format=ox.RdfFormat.N_TRIPLES))) == 400
        assert await problem_of(pool, job(query, rows=399, format="ntriples")) == "row-limit"
        whole = await ask(pool, job("", rows=0, format="ntriples", graph="default"))
        assert len(list(ox.parse(whole, format=ox.RdfFormat.N_TRIPLES))) == 401

    with_pool(published, folder, test, spares=0)


def test_the_network_is_closed_to_a_worker(published: Settings, folder: Path) -> None:
    """What gets past the guard still reaches nobody."""

    async def test(pool: Pool) -> None:
        if not all(worker.confined for worker in pool._idle):
            pytest.skip("this system has no seccomp")
        with pytest.raises(Problem) as caught:
            await ask(pool, job("SELECT * { SERVICE <http://127.0.0.1:8/> { ?s ?p ?o } }"))
        assert "Permission denied" in caught.value.detail

    with_pool(published, folder, test, spares=0)


def test_workers_know_no_secret_and_die_with_the_pool(
    published: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSVARSGRAF_ADMIN_TOKEN", "hemmelig")
    pids: list[int] = []

    async def test(pool: Pool) -> None:
        pids.extend(worker.pid for worker in pool._idle)
        for pid in pids:
            assert b"hemmelig" not in Path(f"/proc/{pid}/environ").read_bytes()
            assert os.getpriority(os.PRIO_PROCESS, pid) == 19

    with_pool(published, folder, test)
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists()


def test_the_command_line_has_the_same_limits(published: Settings, folder: Path) -> None:
    assert run_once(folder, published, COUNT, "csv") == b"n\r\n401\r\n"
    with pytest.raises(Problem) as caught:
        run_once(folder, replace(published, query_seconds=0.3), ENDLESS, "json")
    assert caught.value.kind == "time-limit"
    with pytest.raises(Problem) as caught:
        run_once(folder, published, "ASK {}", "csv")
    assert caught.value.kind == "not-acceptable"


def test_a_disk_that_takes_no_answer_is_told_and_costs_nothing_later(
    published: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    async def test(pool: Pool) -> None:
        with monkeypatch.context() as disk:
            disk.setattr(result.tempfile, "SpooledTemporaryFile", lambda **_: Full())
            with pytest.raises(Problem) as caught:
                await ask(pool, job(COUNT))
        assert caught.value.kind == "too-busy"
        assert "plads" in caught.value.detail
        assert pool.figures()["kept_bytes"] == 0
        assert b'"401"' in await ask(pool, job(COUNT))

    with_pool(published, folder, test)


def test_a_worker_that_has_grown_is_replaced_also_when_its_query_failed(
    published: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next query, of somebody else, would meet the limit of memory for it."""
    run = Worker.run

    async def grown(worker: Worker, *given: Any) -> int:
        try:
            return await run(worker, *given)
        finally:
            worker.address_space = published.query_memory - 1

    async def test(pool: Pool) -> None:
        before = {worker.pid for worker in pool._idle}
        with monkeypatch.context() as memory:
            memory.setattr(Worker, "run", grown)
            assert await problem_of(pool, job("SELECT")) == "bad-query"
        await until(lambda: pool.figures()["idle"] == 2)
        assert len(before & {worker.pid for worker in pool._idle}) == 1
        assert pool.figures()["recycled"] == 1

    with_pool(published, folder, test)


def test_a_swap_while_a_worker_is_replaced_leaves_no_worker_too_many(
    published: Settings, folder: Path, tmp_path: Path
) -> None:
    publish(quads(10), tmp_path)

    async def test(pool: Pool) -> None:
        start = pool._start_one
        go = asyncio.Event()

        async def late(wanted: Path) -> Worker:
            if wanted == folder:
                await go.wait()
            return await start(wanted)

        pool._start_one = late  # type: ignore[method-assign]
        pool._retire(pool._idle.pop())
        await pool.swap(current(tmp_path))
        go.set()
        await until(lambda: pool._starting == 0)
        assert pool.figures()["idle"] == 2

    with_pool(published, folder, test)


def test_a_swap_while_the_pool_closes_leaves_no_worker(
    published: Settings, folder: Path, tmp_path: Path
) -> None:
    publish(quads(10), tmp_path)

    async def test(pool: Pool) -> None:
        started: list[Worker] = []
        start = pool._start_one

        async def noted(wanted: Path) -> Worker:
            started.append(await start(wanted))
            return started[-1]

        pool._start_one = noted  # type: ignore[method-assign]
        swapping = asyncio.create_task(pool.swap(current(tmp_path)))
        await asyncio.sleep(0.01)
        await pool.close()
        with pytest.raises(StoreError):
            await swapping
        assert started
        assert not any(worker.alive for worker in started)

    with_pool(published, folder, test)


def test_one_who_does_not_take_answers_leaves_room_for_those_of_others(
    published: Settings, folder: Path
) -> None:
    query = job("SELECT * { ?s <http://example.org/label> ?o }")

    async def test(pool: Pool) -> None:
        held = []
        with pytest.raises(Problem) as caught:
            for _ in range(20):
                held.append(await pool.run(query, "greedy"))
        assert caught.value.kind == "too-busy"
        assert len(held) > 1
        other = await pool.run(query, "other")
        other.close()
        for each in held:
            each.close()
        assert pool.figures()["kept_bytes"] == 0
        (await pool.run(query, "greedy")).close()

    with_pool(replace(published, query_bytes=100_000, graph_bytes=100_000), folder, test)


def test_one_client_may_take_the_largest_graph(published: Settings, folder: Path) -> None:
    """What is kept for one is bounded by half of the room; a graph has a limit of its own."""
    whole = replace(job(""), graph="default", format="ntriples", rows=0, size=10**6)

    async def test(pool: Pool) -> None:
        result = await pool.run(whole, "reader", whole=True)
        assert result.size > 8 * 1000
        result.close()

    with_pool(replace(published, query_bytes=1000, graph_bytes=10**6), folder, test)


def test_a_snapshot_comes_into_service_when_workers_have_opened_it(writable: TestClient) -> None:
    state = writable.app.state  # type: ignore[attr-defined]
    service, pool = state.service, state.pool
    publish(quads(10), service.settings.snapshots)
    ready: list[Path] = []
    service.meet = lambda *_: ready.append(pool._expected[0])
    service.reload()
    assert ready == [service.folder]
    started = pool.figures()["started"]
    assert writable.get("/sparql", params={"query": COUNT}).json()["results"]["bindings"]
    assert pool.folder == service.folder
    assert pool.figures()["started"] == started
