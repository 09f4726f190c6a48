"""What is remembered is found once, bounded, and right from any number of threads."""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from graph_service.remembered import Remembered


def test_it_is_found_once_and_bounded() -> None:
    asked: Counter[int] = Counter()

    def double(number: int) -> int:
        asked[number] += 1
        return number * 2

    kept = Remembered(double, 10)
    assert [kept[n % 5] for n in range(50)] == [n % 5 * 2 for n in range(50)]
    assert set(asked.values()) == {1}
    assert [kept[n] for n in range(100)] == [n * 2 for n in range(100)]
    asked.clear()
    assert [kept[n] for n in reversed(range(100))] == [n * 2 for n in reversed(range(100))]
    assert 0 < sum(asked[n] == 0 for n in range(100)) <= 10
    kept.clear()
    asked.clear()
    assert kept[1] == 2 and asked[1] == 1


def test_a_walk_through_everything_does_not_let_go_of_what_is_asked_for_again() -> None:
    asked: Counter[int] = Counter()
    kept = Remembered(lambda number: asked.update([number]) or number, 100)
    for start in range(1_000, 2_000, 40):
        assert [kept[n] for n in range(10)] == list(range(10))
        assert [kept[n] for n in range(start, start + 40)] == list(range(start, start + 40))
    assert set(asked.values()) == {1}


def test_what_is_not_worth_it_is_not_kept() -> None:
    class Short(Remembered[int, str]):
        def worth(self, found: str) -> bool:
            return len(found) < 3

    kept = Short(str, 100)
    assert kept[7] == "7" and kept[700] == "700"
    assert list(kept) == [7]


def test_an_error_is_raised_and_not_kept() -> None:
    def refuse(key: str) -> str:
        raise ValueError(key)

    kept = Remembered(refuse, 10)
    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            kept["x"]
    assert not kept


def test_threads_that_empty_it_see_right_values() -> None:
    kept = Remembered(lambda number: number * 3, 4)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = threads.map(lambda n: kept[n % 9], range(20_000))
            assert all(value == n % 9 * 3 for n, value in enumerate(found))
    finally:
        sys.setswitchinterval(before)
    assert len(kept) <= 4 + 8
