"""The pieces of an answer go out together, in order, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from graph_service.guarded import TOGETHER, Together


class Transport:
    """A transport that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("close")

    def get_write_buffer_size(self) -> int:
        return 42

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.told.append("pause")

    def resume_reading(self) -> None:
        self.told.append("resume")


async def a_turn(together: Together) -> None:
    """All that was to be done is done."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def head_and_body(together: Together) -> None:
    together.write(b"head ")
    together.write(b"body")


async def head_alone(together: Together) -> None:
    together.write(b"head ")
    await a_turn(together)
    together.write(b"body")
    await a_turn(together)


async def three(together: Together) -> None:
    for piece in (b"head ", b"one", b"two"):
        together.write(piece)
    await a_turn(together)


async def closed_at_once(together: Together) -> None:
    together.write(b"head")
    together.close()
    await a_turn(together)


async def nothing(together: Together) -> None:
    together.write(b"")
    await a_turn(together)


async def head_and_nothing(together: Together) -> None:
    together.write(b"head")
    together.write(b"")
    await a_turn(together)


LARGE = b"x" * (TOGETHER + 1)


async def head_and_much(together: Together) -> None:
    for piece in (b"head", LARGE, b"end"):
        together.write(piece)
    await a_turn(together)


@pytest.mark.parametrize(
    ("does", "sent"),
    [
        (head_and_much, [b"head", LARGE, b"end"]),
        (head_and_body, [b"head body"]),
        (head_alone, [b"head ", b"body"]),
        (three, [b"head one", b"two"]),
        (closed_at_once, [b"head", "close"]),
        (nothing, []),
        (head_and_nothing, [b"head"]),
    ],
)
def test_what_is_written(does: Callable[[Together], Awaitable[None]], sent: list[Any]) -> None:
    transport = Transport()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        together = Together(transport, loop, lambda: None, lambda: None)  # type: ignore[arg-type]
        await does(together)
        assert together.get_write_buffer_size() == 42

    asyncio.run(run())
    assert transport.told == sent


def test_who_is_refused_is_told_of() -> None:
    told: list[str] = []

    async def run() -> None:
        together = Together(
            Transport(), asyncio.get_running_loop(), lambda: told.append("refused"), lambda: None
        )  # type: ignore[arg-type]
        for head in (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 503 \r\n", b"HTTP/1.1 304 \r\n", b"4"):
            together.write(head)
        assert not told
        together.write(b"HTTP/1.1 404 Not Found\r\n")
        together.write(b"{}")

    asyncio.run(run())
    assert told == ["refused"]


def reading(*steps: str) -> list[bytes | str]:
    """What the transport is told when these things happen one after the other, and at the end."""
    transport = Transport()

    async def run() -> None:
        together = Together(transport, asyncio.get_running_loop(), lambda: None, lambda: None)  # type: ignore[arg-type]
        for step in steps:
            match step.split():
                case ["hold", seconds]:
                    together.hold(float(seconds))
                case ["wait", seconds]:
                    await asyncio.sleep(float(seconds))
                case [name]:
                    getattr(together, name)()
        await asyncio.sleep(0.3)

    asyncio.run(run())
    return transport.told


def test_what_is_held_reads_on_afterwards() -> None:
    assert reading("hold 0.05") == ["pause", "resume"]


def test_who_wants_more_does_not_end_a_hold() -> None:
    """uvicorn does after each answer that was waited for."""
    told = reading("hold 0.15", "pause_reading", "resume_reading", "wait 0.05", "resume_reading")
    assert told == ["pause", "pause", "resume"]


def test_the_end_of_a_hold_does_not_read_for_who_wants_no_more() -> None:
    assert "resume" not in reading("pause_reading", "hold 0.05")
    assert reading("hold 0.05", "pause_reading", "wait 0.1", "resume_reading")[-1] == "resume"


def test_of_several_holds_the_longest_counts() -> None:
    assert reading("hold 0.05", "hold 0.2", "hold 0.1", "wait 0.12") == ["pause", "pause", "resume"]
    assert "resume" not in reading("hold 0.05", "hold 9", "hold 0.01")
