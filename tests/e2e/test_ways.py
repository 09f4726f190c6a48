"""Each sample question can be answered from the front page in one search or at most four clicks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.settings import Settings
from graph_service.web.render import MENU
from tests.e2e.ways import WAYS, Choose, Fill, Link, Menu, Search, Way


@pytest.fixture(scope="module")
def reader(settings: Settings) -> Iterator[TestClient]:
    yield TestClient(create_app(settings), headers={"accept": "text/html"})


def seen(html: str) -> str:
    """A page as a reader sees it."""
    main = html[html.index("<main") : html.index("</main>")]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))
    return text.replace("&#39;", "'").replace("&amp;", "&").replace("&#34;", '"')


def test_no_way_is_longer_than_four_clicks() -> None:
    for way in WAYS:
        filters = sum(isinstance(s, Choose | Fill) for s in way.steps)
        clicks = sum(isinstance(s, Link | Menu) for s in way.steps) + filters + bool(filters)
        searches = sum(isinstance(s, Search) for s in way.steps)
        assert clicks <= 4, way
        assert searches <= 1, way


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.question)
def test_way_leads_to_the_answer(reader: TestClient, way: Way) -> None:
    address, html, filters = "/", reader.get("/").text, {}
    for step in way.steps:
        match step:
            case Search(words):
                address = "/soeg?" + urlencode({"q": words})
            case Menu(words):
                address = next(path for path, text in MENU.items() if text == words)
            case Link(path):
                assert f'href="{path}"' in html.replace("&amp;", "&"), f"no link to {path}"
                address = path
            case Choose(name, value):
                assert re.search(rf'<select[^>]*name="{name}"', html)
                assert f'<option value="{value}"' in html
                filters[name] = value
                address = address.partition("?")[0] + "?" + urlencode(filters)
            case Fill(name, value):
                assert re.search(rf'<input[^>]*name="{name}"', html)
                filters[name] = value
                address = address.partition("?")[0] + "?" + urlencode(filters)
        html = reader.get(address).text
    assert way.expected.casefold() in seen(html).casefold()
