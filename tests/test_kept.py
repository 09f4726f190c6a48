"""What pages share is made once, whoever asks for it at the same moment."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from graph_service.kept import kept
from graph_service.store.asking import ASKING, Asking, NobodyWaits, must_be_awaited


class Source:
    """What results are made of."""

    def __init__(self) -> None:
        self.shared: dict[object, Any] = {}


@pytest.fixture
def source() -> Source:
    return Source()


def test_it_is_made_once_for_all_who_ask_at_once(source: Source) -> None:
    made = []

    @kept(2)
    def slow(source: Source, name: str) -> str:
        made.append(name)
        time.sleep(0.1)
        return name * 2

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda name: slow(source, name), ["a", "b"] * 8))
    assert answers == ["aa", "bb"] * 8
    assert sorted(made) == ["a", "b"]


def test_another_result_does_not_wait(source: Source) -> None:
    begun, go_on = threading.Event(), threading.Event()

    @kept(4)
    def make(source: Source, name: str) -> str:
        if name == "slow":
            begun.set()
            assert go_on.wait(10)
        return name

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(make, source, "slow")
        assert begun.wait(10)
        assert make(source, "quick") == "quick"
        go_on.set()
        assert slow.result(10) == "slow"


def test_the_longest_unused_goes_and_an_error_is_not_kept(source: Source) -> None:
    made = []

    @kept(2)
    def make(source: Source, number: int) -> int:
        made.append(number)
        if len(made) == 1:
            raise ValueError("once")
        return number

    with pytest.raises(ValueError, match="once"):
        make(source, 1)
    for number in (1, 2, 1, 3, 1, 2):
        assert make(source, number) == number
    assert made == [1, 1, 2, 3, 2]


def test_who_waits_makes_it_when_the_one_who_began_has_left(source: Source) -> None:
    begun, left = threading.Event(), threading.Event()

    @kept()
    def make(source: Source) -> str:
        begun.set()
        assert left.wait(10)
        must_be_awaited()
        return "made"

    def leave() -> str:
        ASKING.set(Asking(gone=True))
        return make(source)

    with ThreadPoolExecutor(4) as threads:
        leaving = threads.submit(leave)
        assert begun.wait(10)
        waiting = [threads.submit(make, source) for _ in range(2)]
        also_gone = threads.submit(leave)
        left.set()
        for gone in (leaving, also_gone):
            with pytest.raises(NobodyWaits):
                gone.result(10)
        assert [other.result(10) for other in waiting] == ["made", "made"]


def test_each_source_has_its_own_and_each_function_too(source: Source) -> None:
    other, made = Source(), []

    @kept()
    def one(source: Source) -> Source:
        made.append(source)
        return source

    @kept()
    def two(source: Source) -> str:
        return "two"

    for _ in range(2):
        assert (one(source), one(other), two(source)) == (source, other, "two")
    assert made == [source, other]


def test_what_is_let_go_is_made_anew_and_who_waits_gets_it(source: Source) -> None:
    made: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    @kept(4)
    def make(source: Source, name: str) -> str:
        made.append(name)
        if name == "slow":
            begun.set()
            assert go_on.wait(10)
        return name

    assert make(source, "quick") == make(source, "quick") == "quick"
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(make, source, "slow")
        assert begun.wait(10)
        waits = threads.submit(make, source, "slow")
        source.shared = {}
        assert make(source, "quick") == "quick"
        go_on.set()
        assert slow.result(10) == waits.result(10) == "slow"
    assert made.count("quick") == 2
