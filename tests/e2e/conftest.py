"""A real server in a process of its own, a browser, and axe-core."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from graph_service.settings import PROJECT, Settings
from tests.hosts import free_port

AXE = PROJECT / ".cache" / "axe" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def server(settings: Settings) -> Iterator[str]:
    """The address of the server over the project's own graph."""
    port = free_port()
    environment = {**os.environ, "ANSVARSGRAF_SNAPSHOTS": str(settings.snapshots)}
    if settings.corpus:
        environment["ANSVARSGRAF_CORPUS"] = str(settings.corpus)
    command = [sys.executable, "-m", "graph_service.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                if httpx.get(address + "/healthz").status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        else:
            pytest.fail("the server did not answer within 30 seconds")
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="package")
def browser() -> Iterator[object]:
    """Debian's Chromium; Playwright keeps an event loop in the main thread until it is closed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.is_file():
        if os.environ.get("CI"):
            pytest.fail("axe-core mangler: kør tests/parts.sh", pytrace=False)
        pytest.skip("axe-core mangler: kør tests/parts.sh")
    return AXE.read_text(encoding="utf-8")
