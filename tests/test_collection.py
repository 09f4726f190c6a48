"""That pytest looks into every folder that holds tests: its own default leaves out "build"."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def test_no_folder_of_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    folders = {p for file in TESTS.rglob("test_*.py") for p in file.relative_to(TESTS).parts[:-1]}
    assert "build" in folders
    left_out = pytestconfig.getini("norecursedirs")
    assert [f for f in folders if any(fnmatch(f, pattern) for pattern in left_out)] == []
