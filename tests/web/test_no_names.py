"""No page names a person: names found in the sources at run time stand on no rendered page."""

from __future__ import annotations

import html
import random
import re

import pytest
from fastapi.testclient import TestClient

from graph_service.answers import Answers
from graph_service.build.passages import read_address
from graph_service.evidence import AROUND
from graph_service.vocabulary import CORPUS_FILES, ID
from tests.people import PEOPLE, people
from tests.web.addresses import PAGES

pytestmark = pytest.mark.corpus

THINGS = 30


@pytest.fixture(scope="module")
def things(answers: Answers) -> list[str]:
    """Addresses of some things of every sort, the same in every run."""
    rows = answers.store.select("SELECT DISTINCT ?t WHERE { ?t skos:prefLabel ?l ; a ?class }")
    found = sorted(row["t"].value for row in rows)
    local = [t.removeprefix(ID) for t in found if t.startswith(ID)]
    return [f"/ting/{t}" for t in random.Random(7).sample(local, THINGS)]


@pytest.fixture(scope="module")
def passages(answers: Answers) -> list[str]:
    """Addresses of the cited passages whose page reaches lines that name people."""
    near = [
        (CORPUS_FILES[prefix], first - AROUND, last + AROUND)
        for prefix, places in PEOPLE.items()
        for first, last in places
    ]
    rows = answers.store.select("SELECT DISTINCT ?p WHERE { ?by (ag:evidence|ag:alsoSee) ?p }")
    cited = sorted({read for row in rows if (read := read_address(row["p"].value))})
    return [
        f"/kilder/{file}/{first}-{last}"
        for file, first, last in cited
        if any(file == f and first <= b and last >= a for f, a, b in near)
    ]


def test_no_page_names_a_person(client: TestClient, things: list[str], passages: list[str]) -> None:
    assert len(people()) > 60
    assert len(passages) > 20
    # Names may be broken by markup or white space; both are read as one blank.
    wanted = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, people())) + r")(?!\w)")
    named = []
    for address in [*PAGES, *things, *passages]:
        page = client.get(address)
        if page.is_redirect:
            page = client.get(page.headers["location"])
        assert page.status_code == 200, address
        text = html.unescape(re.sub(r"<[^>]*>", " ", page.text))
        if wanted.search(" ".join(text.split())) or wanted.search(html.unescape(page.text)):
            named.append(address)
    assert not named
