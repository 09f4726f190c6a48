"""What the pages say about the sources is what the sources say."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient

from graph_service.settings import Settings


def text_of(client: TestClient, address: str) -> str:
    """A page as a reader sees it: no markup, single spaces."""
    html = client.get(address).text
    main = html[html.index("<main") : html.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def test_duty_reads_as_a_sentence(client: TestClient) -> None:
    text = text_of(client, "/ansvar?law=sul-140")
    assert "Kommunen skal tilbyde patienten almen genoptræning efter genoptræningsplan" in text
    assert "Kommunen skal sende afslutningsnotat til sygehuset og den praktiserende læge" in text
    assert "Sundhedsloven § 140" in text


def test_inferred_is_said(client: TestClient) -> None:
    text = text_of(client, "/ansvar?actor=odense-kommune&agreement=forloebsprogram-hjertesygdom")
    assert "Udledt: via Kommunen efter Forløbsprogram for mennesker med hjertesygdom" in text


def test_counts_of_the_groups(client: TestClient) -> None:
    text = text_of(client, "/indsatser")
    assert "Følgegruppen for opgaveoverdragelse 12 0 0 0 12" in text
    assert "Følgegruppen for behandling og pleje 20 0 5 0 25" in text
    assert "I alt 49 0 22 1 72" in text


def test_facets_have_counts_and_narrow(client: TestClient) -> None:
    page = client.get("/indsatser?vis=tabel&group=foelgegruppen-for-forebyggelse").text
    assert "15 indsatser" in page
    assert re.search(r'<option value="Discontinue">Afvikles \(8\)', page)


def test_unknown_dates_stand_apart(client: TestClient) -> None:
    text = text_of(client, "/kalender")
    assert "her er intet gættet" in text


def test_contradicting_dates_are_both_shown(client: TestClient) -> None:
    text = text_of(client, "/soeg?q=SAM:BO+implementeret")
    assert "3. oktober 2017" in text
    assert "tredje kvartal" in text


def test_passage_leads_to_all_said_on_its_ground(client: TestClient, settings: Settings) -> None:
    page = client.get("/kilder/004_576de8b26970a828/5703-5716").text
    file = settings.corpus and settings.corpus / "004_576de8b26970a828.txt"
    installed = bool(file and file.exists())
    assert ("Kildefilen er ikke installeret" in page) == (not installed)
    assert page.count('class="cited"') == (14 if installed else 0)
    assert "genoptræningsplan" in page.casefold()


def test_later_law_stands_beside(client: TestClient) -> None:
    text = text_of(client, "/lovgrundlag/sul-140")
    assert "1. januar 2027" in text
    assert "Sikkerhed" in text


def test_hearing_parties_are_counted(client: TestClient) -> None:
    text = text_of(client, "/aftaler/boern-og-unge")
    assert "I alt Haderslev Kommune 6 6 12 Esbjerg Kommune 4 7 11 Aabenraa Kommune 4 4 8" in text
