"""What tests share: the project's graph built once, the corpus, and honest skipping.

A test marked ``corpus``, ``w3c``, ``browser`` or ``virtuoso`` is skipped on a machine that lacks
that part, with a reason; in CI (environment variable ``CI``) it fails instead.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_service.answers import Answers
from graph_service.build import build, current
from graph_service.questions import registry
from graph_service.settings import PROJECT, Settings
from graph_service.store.embedded import EmbeddedStore


def corpus_folder() -> Path | None:
    """Folder of the source documents, by the product's own setting."""
    return Settings.from_environment().corpus


def w3c_folder() -> Path | None:
    """Folder of the W3C suites: ``ANSVARSGRAF_W3C``, or beside the project."""
    named = os.environ.get("ANSVARSGRAF_W3C")
    if named:
        return Path(named)
    beside = PROJECT.parent / "shared" / "w3c"
    return beside if beside.is_dir() else None


MISSING = {
    "corpus": lambda: corpus_folder() is None or not list(corpus_folder().glob("004*.txt")),
    "w3c": lambda: w3c_folder() is None or not (w3c_folder() / "sparql").is_dir(),
    "browser": lambda: shutil.which("chromium") is None,
    "virtuoso": lambda: shutil.which("virtuoso-t") is None,
}
HOW = {
    "corpus": "sæt ANSVARSGRAF_CORPUS til mappen med kildedokumenterne",
    "w3c": "sæt ANSVARSGRAF_W3C til mappen med W3C's testsamlinger",
    "browser": "installér chromium",
    "virtuoso": "installér virtuoso-opensource-7",
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, missing in MISSING.items():
        if item.get_closest_marker(marker) and missing():
            reason = f"{marker} er ikke ved hånden: {HOW[marker]}"
            if os.environ.get("CI"):
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


@pytest.fixture(scope="module", autouse=True)
def own_garbage() -> Iterator[None]:
    """A swap looks for garbage: among what this module's tests make, not all before them."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """What the last tests left goes before plugins end: a finalizer that runs while Python 3.11
    reads a module, as they may then, breaks the reading (CPython's issue 106905)."""
    gc.unfreeze()
    gc.collect()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings over a snapshot of the project's own graph, built for this test run."""
    made = Settings(
        project=PROJECT,
        snapshots=tmp_path_factory.mktemp("snapshots"),
        corpus=corpus_folder(),
        workers=1,
    )
    build(made)
    return made


@pytest.fixture(scope="session")
def answers(settings: Settings) -> Iterator[Answers]:
    """Answers from the project's own graph."""
    folder = current(settings.snapshots)
    yield Answers(EmbeddedStore(folder), registry(), folder)


#: Folders and files whose tests flood a server, or wait for deadlines: nothing else may run then.
ALONE = {"hostile", "server", "test_pool.py", "test_streaming.py", "test_writer_limits.py"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests first: they take longest, and the other process has enough beside them."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)
    for item in items:
        if not ALONE.isdisjoint(item.path.parts):
            item.add_marker("alone")
