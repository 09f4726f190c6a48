"""The pages of lists that have none of their own."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from graph_service.api.resources import LISTS, RESOURCES

OWN = [name for name, resource in RESOURCES.items() if not resource.page]


def links(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="([^"]+)">', page)


@pytest.mark.parametrize("name", OWN)
def test_a_list_shows_what_the_api_gives_page_after_page(client: TestClient, name: str) -> None:
    asked = client.get(f"/api/v1/{name}?limit=120").json()
    wanted = [item["page"].removeprefix("http://testserver") for item in asked["items"]]
    found: list[str] = []
    address = f"{LISTS}/{name}"
    for _ in range(3):
        page = client.get(address).text
        assert f">{asked['total']} i alt" in page
        found += links(page)
        following = re.search(r'<a href="([^"]+)" rel="next">', page)
        if not following:
            break
        address = following[1].replace("&amp;", "&")
    assert found[:120] == wanted


def test_the_overview_names_all_of_them(client: TestClient) -> None:
    page = client.get(LISTS).text
    assert set(re.findall(rf'<a href="{LISTS}/([a-z-]+)">', page)) == set(OWN)


def test_filters_are_those_of_the_api_and_stay_from_page_to_page(client: TestClient) -> None:
    address = f"{LISTS}/statements?modality=Must"
    page = client.get(address).text
    assert "Styrke: Must" in page
    total = client.get("/api/v1/statements?modality=Must&limit=1").json()["total"]
    assert f">{total} i alt" in page
    assert re.search(r'<a href="[^"]*modality=Must&amp;cursor=[^"]+" rel="next">', page)
    assert 'href="/api/v1/statements?modality=Must&amp;format=csv"' in page
    assert client.get(f"{LISTS}/statements?modality=Nonsense").status_code == 400
    assert client.get(f"{LISTS}/statements?nonsense=1").status_code == 400


def test_a_list_with_a_page_of_its_own_is_there_and_no_other_is(client: TestClient) -> None:
    moved = client.get(f"{LISTS}/responsibilities", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (303, "/ansvar")
    assert client.get(f"{LISTS}/unicorns").status_code == 404
