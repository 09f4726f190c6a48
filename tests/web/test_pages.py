"""Every page type: it answers, says the right thing, is safe, and links its data."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.settings import Settings
from graph_service.web import static
from tests.web.addresses import PAGES


@pytest.mark.parametrize("address", PAGES)
def test_page_answers_with_its_facts(client: TestClient, address: str) -> None:
    page = client.get(address)
    assert page.status_code == 200
    assert PAGES[address] in page.text
    assert page.text.count("<h1") == 1
    assert '<html lang="da">' in page.text
    assert 'id="indhold"' in page.text


@pytest.mark.parametrize("address", PAGES)
def test_page_is_safe(client: TestClient, address: str) -> None:
    page = client.get(address)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "set-cookie" not in page.headers
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)=", page.text)
    assert "<style" not in page.text
    for kind, target in re.findall(
        r"<(script|link|img)\b[^>]*?(?:src|href)=\"([^\"]+)\"", page.text
    ):
        assert target.startswith("/"), f"{kind} from another host: {target}"


def test_every_page_links_its_data_and_the_links_hold(client: TestClient) -> None:
    without = {"/hjaelp", "/tilgaengelighed", "/sparql", "/moedeoplaeg"}
    tried = set()
    for address in PAGES:
        page = client.get(address)
        links = re.findall(r'<link rel="alternate"[^>]*href="([^"]+)"', page.text)
        assert links or address in without, address
        for link in links:
            target = link.replace("&amp;", "&")
            if target not in tried and len(tried) < 90:
                tried.add(target)
                assert client.get(target).status_code == 200, target


def test_internal_links_hold(client: TestClient) -> None:
    seen: set[str] = set()
    for address in PAGES:
        for link in re.findall(r'href="(/[^"#]*)"', client.get(address).text):
            seen.add(link.replace("&amp;", "&"))
    pages = sorted(a for a in seen if not a.startswith(("/static", "/api/")) and "format=" not in a)
    assert len(pages) > 500
    broken = [link for link in pages[::9] if client.get(link).status_code not in (200, 303)]
    assert broken == []


def test_hostile_labels_are_text(hostile: TestClient) -> None:
    for address in (
        "/",
        "/soeg?q=script",
        "/ansvar",
        "/ansvar?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/ansvar/x",
        "/indsatser",
        "/indsatser?vis=tabel",
        "/indsatser?vis=tidslinje",
        "/indsatser/x",
        "/aftaler",
        "/aftaler/x",
        "/aktoerer",
        "/aktoerer/x",
        "/fund",
        "/fund/x",
        "/kalender",
        "/kalender?body=%22%3E%3Cscript%3E",
        "/moedeoplaeg?organ=x",
        "/kilder",
        "/kilder/dokument/x",
        "/matrix/x",
        "/graf?ting=initiative/x",
        "/ting/remark/x",
        "/ting/contradiction/x",
        "/sparql?tekst=%3C/textarea%3E%3Cscript%3E",
        "/nowhere/%3Cscript%3E",
    ):
        page = hostile.get(address)
        assert page.status_code in (200, 400, 404), address
        assert "<script>" not in page.text, address
        assert "<img" not in page.text, address
        assert "49" not in re.findall(r"<h1.*?</h1>", page.text, re.S)[0], address


def test_problems_are_said_in_words(client: TestClient) -> None:
    page = client.get("/ansvar?law=sul-1400")
    assert page.status_code in (400, 404)
    assert "sul-140" in page.text
    assert "forsiden" in page.text
    missing = client.get("/indsatser/findes-ikke")
    assert missing.status_code == 404
    assert "<h1" in missing.text
    assert client.get("/kalender?dag=i-morgen").status_code == 400


def test_pages_work_without_the_design_system(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bare = tmp_path_factory.mktemp("static")
    for file in static.FOLDER.glob("*.*"):
        (bare / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(static, "FOLDER", bare)
    page = client.get("/hjaelp?uden=designsystem")
    assert "dkfds" not in page.text
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.text)
    assert any("small.css" in sheet for sheet in sheets)
    for sheet in sheets:
        assert client.get(sheet).status_code == 200


def test_first_visit_transfers_little(client: TestClient) -> None:
    page = client.get("/")
    total = int(page.headers["content-length"])
    assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    for asset in assets:
        answer = client.get(asset)
        total += int(answer.headers["content-length"])
        for font in re.findall(r"url\((\.\./fonts[^)]+)\)", answer.text if ".css" in asset else ""):
            total += len(client.get("/static/dkfds/" + font.removeprefix("../")).content)
    assert total <= 300_000


def test_static_files_stay_in_their_folder(client: TestClient) -> None:
    for path in ("../pages.py", "..%2fpages.py", "%2e%2e/%2e%2e/settings.py", "nothing.css"):
        assert client.get(f"/static/{path}").status_code == 404


def test_a_page_is_kept_and_answers_304(client: TestClient) -> None:
    first = client.get("/aftaler")
    again = client.get("/aftaler", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/aftaler").text == first.text


def test_a_page_has_one_etag_whenever_and_wherever_it_is_made(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes pack the same page at different times; a browser keeps it all the same."""
    tags = []
    for moment in (1_600_000_000.0, 1_700_000_000.0):
        monkeypatch.setattr("gzip.time.time", lambda moment=moment: moment)
        page = TestClient(create_app(settings)).get(
            "/aftaler", headers={"accept": "text/html", "accept-encoding": "gzip"}
        )
        assert page.headers["content-encoding"] == "gzip"
        tags.append(page.headers["etag"])
    assert tags[0] == tags[1]


def test_the_counts_of_initiatives_say_what_they_count(client: TestClient) -> None:
    page = client.get("/indsatser").text
    said = re.search(
        r"(\d+) indsatser</span>: (\d+) i følgegruppernes tabeller og (\d+) uden", page
    )
    assert said
    every, in_tables, outside = map(int, said.groups())
    assert every == in_tables + outside
    total = re.findall(r"<td class=\"number\"><b>(\d+)</b></td></tr>", page)[-1]
    assert int(total) == in_tables
    table = client.get("/indsatser?vis=tabel").text
    assert table.count('data-label="Beslutning"') == every
    one = client.get("/indsatser?group=foelgegruppen-for-forebyggelse").text
    assert " uden for dem" not in one


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ("", "har ikke oplyst"),
        ("hjaelp@myndighed.example", '<a href="mailto:hjaelp@myndighed.example">'),
        ("https://myndighed.example/kontakt", '<a href="https://myndighed.example/kontakt">'),
        ("Sekretariatet, lokal 12", "driver siderne: Sekretariatet, lokal 12."),
        ("javascript:alert(1)", "driver siderne: javascript:alert(1)."),
    ],
)
def test_the_accessibility_statement_names_whom_to_write_to(
    settings: Settings, contact: str, said: str
) -> None:
    client = TestClient(create_app(replace(settings, contact=contact)))
    assert said in client.get("/tilgaengelighed").text
