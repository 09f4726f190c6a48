"""What pages share is made once, whoever asks for it at the same moment."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from graph_service.web.kept import kept, let_go


def test_it_is_made_once_for_all_who_ask_at_once() -> None:
    made = []

    @kept(2)
    def slow(name: str) -> str:
        made.append(name)
        time.sleep(0.1)
        return name * 2

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(slow, ["a", "b"] * 8))
    assert answers == ["aa", "bb"] * 8
    assert sorted(made) == ["a", "b"]


def test_another_result_does_not_wait() -> None:
    begun, go_on = threading.Event(), threading.Event()

    @kept(4)
    def make(name: str) -> str:
        if name == "slow":
            begun.set()
            assert go_on.wait(10)
        return name

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(make, "slow")
        assert begun.wait(10)
        assert make("quick") == "quick"
        go_on.set()
        assert slow.result(10) == "slow"


def test_the_longest_unused_goes_and_an_error_is_not_kept() -> None:
    made = []

    @kept(2)
    def make(number: int) -> int:
        made.append(number)
        if len(made) == 1:
            raise ValueError("once")
        return number

    with pytest.raises(ValueError, match="once"):
        make(1)
    for number in (1, 2, 1, 3, 1, 2):
        assert make(number) == number
    assert made == [1, 1, 2, 3, 2]


def test_what_is_let_go_is_made_anew_and_who_waits_gets_it() -> None:
    made: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    @kept(4)
    def make(name: str) -> str:
        made.append(name)
        if name == "slow":
            begun.set()
            assert go_on.wait(10)
        return name

    assert make("quick") == make("quick") == "quick"
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(make, "slow")
        assert begun.wait(10)
        waits = threads.submit(make, "slow")
        let_go()
        assert make("quick") == "quick"
        go_on.set()
        assert slow.result(10) == waits.result(10) == "slow"
    assert made.count("quick") == 2
