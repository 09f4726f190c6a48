"""The register of connections keeps its bounds and loses count of nothing."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_service import connections
from graph_service.connections import (
    BUSY,
    IDLE,
    KNOWN,
    LENIENT,
    LONGEST_HOLD,
    WAITING,
    Limits,
    Register,
    network,
)
from tests.clock import Clock

LIMITS = Limits(connections=6, per_address=3, header_seconds=1000, body_seconds=1000)


class Transport:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.left = 0

    def abort(self) -> None:
        self.connection.open = False

    close = abort

    def is_closing(self) -> bool:
        return not self.connection.open

    def get_write_buffer_size(self) -> int:
        return self.left


class Connection:
    """A connection as the register sees it."""

    said_something = False

    def __init__(self, address: str) -> None:
        self.address, self.state, self.open = address, WAITING, True
        self.transport = Transport(self)
        self.said: list[int] = []

    def answer(self, status: int, words: str) -> None:
        self.said.append(status)


STEPS = st.lists(
    st.tuples(st.sampled_from(["come", "ask", "done", "go"]), st.integers(0, 3), st.integers(0, 9)),
    max_size=60,
)


@settings(max_examples=200)
@given(STEPS)
def test_bounds_hold_whatever_happens(steps: list[tuple[str, int, int]]) -> None:
    async def play() -> None:
        register = Register(LIMITS)
        inside: list[Connection] = []
        for step, address, which in steps:
            inside = [c for c in inside if c.open]
            if step == "come":
                new = Connection(f"a{address}")
                silent = [c for c in inside if c.state != BUSY]
                if register.admit(new):
                    inside.append(new)
                else:
                    mine = [c for c in inside if c.address == new.address]
                    full = len(mine) >= LIMITS.per_address or len(inside) >= LIMITS.connections
                    assert full
                    assert not [c for c in silent if c.address == new.address and len(mine) >= 3]
            elif inside:
                chosen = inside[which % len(inside)]
                if step == "ask":
                    chosen.state = BUSY
                    register.heard(chosen)
                elif step == "done" and chosen.state == BUSY:
                    chosen.state = IDLE
                else:
                    chosen.open = False
                    register.leave(chosen)
            inside = [c for c in inside if c.open]
            figures = register.figures()
            assert figures['connections{state="open"}'] == len(inside) <= LIMITS.connections
            for name in {c.address for c in inside}:
                assert sum(c.address == name for c in inside) <= LIMITS.per_address
            waiting = sum(c.state == WAITING for c in inside)
            assert figures['connections{state="waiting"}'] == waiting
        register._task.cancel() if register._task else None

    asyncio.run(play())


def test_what_asks_is_never_closed_for_a_newcomer() -> None:
    async def play() -> None:
        register = Register(LIMITS)
        busy = [Connection("a") for _ in range(3)]
        for connection in busy:
            assert register.admit(connection)
            connection.state = BUSY
            register.heard(connection)
        assert not register.admit(Connection("a"))
        assert all(c.open for c in busy)
        assert register.admit(Connection("b"))
        register._task.cancel()

    asyncio.run(play())


def test_one_who_takes_nothing_is_closed_and_a_slow_one_is_not() -> None:
    async def play() -> None:
        register = Register(Limits(stalled_seconds=0.2, progress_bytes=100))
        dead, slow = Connection("a"), Connection("b")
        for connection in (dead, slow):
            register.admit(connection)
            register.heard(connection)
            connection.transport.left = 1000
            register.stalls(connection, 1000)
        for _ in range(4):
            slow.transport.left -= 200
            await asyncio.sleep(0.5)
        assert not dead.open
        assert slow.open
        assert register.closed["stalled_seconds"] == 1
        register._task.cancel()

    asyncio.run(play())


def test_an_ipv6_client_counts_by_its_network() -> None:
    assert network("10.0.0.1") == "10.0.0.1"
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2:9:9:9:9")
    assert network("2001:db8:1:2::1") != network("2001:db8:1:3::1")
    assert network("2001:db8::1") == network("2001:db8::2") == network("2001:db8:0:0:9::")
    assert network("2001:db8:1::1") == network("2001:db8:1:0:9:9:9:9")
    assert network("fe80::1%eth0") == network("fe80::2%eth0")
    assert network("::ffff:10.0.0.1") != network("::ffff:10.0.0.2")
    assert network("::ffff:10.0.0.1") == network("10.0.0.1")
    assert network("testclient") == "testclient"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(connections, "time", made)
    return made


def test_who_is_refused_over_and_over_is_held_up(clock: Clock) -> None:
    register = Register(Limits(refusals=8))
    lenient = int(LENIENT * 8)
    assert [register.refused("a") for _ in range(lenient)] == [0.0] * lenient
    held = [register.refused("a") for _ in range(100)]
    assert held == sorted(held)
    assert held[0] == 1 / 8
    assert held[-1] == LONGEST_HOLD
    assert register.hold("a") == LONGEST_HOLD
    assert register.refused("b") == register.hold("b") == register.hold("c") == 0.0
    assert register.figures()["connections_held_total"] == 101
    # At the pace that is allowed it stays as it is, and is forgotten when it stops.
    clock.now += 1 / 8
    assert register.refused("a") == LONGEST_HOLD
    clock.now += LONGEST_HOLD
    assert register.hold("a") == 0.0
    clock.now += LENIENT
    assert [register.refused("a") for _ in range(lenient)] == [0.0] * lenient


def test_a_slow_client_may_be_refused_for_ever(clock: Clock) -> None:
    register = Register(Limits(refusals=10))
    for _ in range(1000):
        assert register.refused("a") == 0.0
        clock.now += 0.11


def test_without_a_limit_nobody_is_held_up(clock: Clock) -> None:
    register = Register(Limits(refusals=0))
    assert not any(register.refused("a") for _ in range(1000))


def test_of_many_addresses_the_latest_are_known(clock: Clock) -> None:
    register = Register(Limits(refusals=0.1))
    for number in range(KNOWN + 1):
        register.refused(str(number))
    assert len(register._due) == KNOWN
    assert register.hold("0") == 0.0
    assert register.hold(str(KNOWN)) > 0.0
