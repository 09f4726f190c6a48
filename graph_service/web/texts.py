"""Passages with their text, for pages that show the words a thing rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graph_service.evidence import Passage, passage
from graph_service.service import Service
from graph_service.web.items import Item


def with_texts(service: Service, evidence: Iterable[Item], most: int) -> list[tuple[Any, Passage]]:
    """The first few passages of a thing, each with its text or the reason why there is none."""
    found = []
    for item in list(evidence)[:most]:
        stem = str(item["file"]).removesuffix(".txt")
        text = passage(
            service.answers.store,
            service.settings.corpus,
            stem,
            int(item["first_line"]),
            int(item["last_line"]),
        )
        if text is not None:
            found.append((item, text))
    return found
