"""The pages in docs/rules/ are those that the shapes give."""

from __future__ import annotations

from graph_service.build.docs import pages
from graph_service.settings import PROJECT

HOME = PROJECT / "docs" / "rules"


def test_the_pages_are_up_to_date() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in HOME.glob("*.md")}
    assert written == pages(PROJECT), "run: make docs"
