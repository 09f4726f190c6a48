"""The SPARQL that a question shows gives its answer when it is sent to the endpoint as it is."""

from __future__ import annotations

import contextlib
from collections import Counter

import pytest
from starlette.testclient import TestClient

from graph_service.questions import registry

QUESTIONS = registry()
RESULTS = "application/sparql-results+json"


def cell(value: object) -> object:
    """What stands in a row, whichever form it came in: an address, a number or a text."""
    if isinstance(value, dict):
        value = value.get("iri") or value["value"]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    with contextlib.suppress(ValueError):
        return float(text)
    return text


def rows(of: list[dict[str, object]]) -> Counter[frozenset[tuple[str, object]]]:
    return Counter(frozenset((name, cell(value)) for name, value in row.items()) for row in of)


ASKINGS = [(name, question.example) for name, question in QUESTIONS.items()]
ASKINGS += [(name, {}) for name, question in QUESTIONS.items() if question.default]


@pytest.mark.parametrize(("name", "asked"), ASKINGS)
def test_what_is_shown_gives_the_answer_when_it_is_sent_as_it_is(
    client: TestClient, name: str, asked: dict[str, str]
) -> None:
    """Every question, also with nothing but its defaults, within the limits of free SPARQL."""
    address = f"/api/v1/questions/{name}"
    shown = client.get(address, params={**asked, "show": "sparql"})
    assert shown.headers["content-type"] == "application/sparql-query"
    sent = client.get("/sparql", params={"query": shown.text}, headers={"Accept": RESULTS})
    assert sent.status_code == 200, sent.text
    answer = client.get(address, params=asked).json()
    assert sent.json()["head"]["vars"] == list(answer["columns"])
    assert rows(sent.json()["results"]["bindings"]) == rows(answer["rows"])
    assert len(answer["rows"]) == answer["total"] > 0
