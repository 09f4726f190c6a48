"""What one sees can be taken along, with proper types and Danish headings."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

import pytest
import rdflib
from docx import Document
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from graph_service.web.calendar import fold
from graph_service.web.documents import STATUS_COLUMNS
from graph_service.web.downloads import to_xlsx
from graph_service.web.office import DOCX


def test_excel_has_dates_as_dates(client: TestClient) -> None:
    answer = client.get("/kalender?format=xlsx")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert [c.value for c in sheet[1]][:3] == ["Tidligst", "Senest", "Som angivet"]
    assert any(isinstance(row[0].value, (date, datetime)) for row in sheet.iter_rows(min_row=2))
    assert any(row[0].number_format == "dd-mm-yyyy" for row in sheet.iter_rows(min_row=2))
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == sheet.dimensions
    assert sheet["A1"].font.bold


def test_excel_has_numbers_as_numbers(client: TestClient) -> None:
    answer = client.get("/indsatser?format=xlsx")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    headings = [c.value for c in sheet[1]]
    assert "Navn på indsats" in headings
    year = headings.index("Årstal")
    assert any(isinstance(row[year].value, int) for row in sheet.iter_rows(min_row=2))


def test_formulas_stay_text() -> None:
    book = load_workbook(io.BytesIO(to_xlsx("x", ["A"], [{"A": "=1+1"}, {"A": "+45 12"}])))
    assert [c.data_type for c in book.active["A"][1:]] == ["s", "s"]
    assert book.active["A2"].value == "=1+1"


@pytest.mark.parametrize("rows", [[], [{"A": "æøå", "B": date(2026, 11, 28)}]])
def test_the_same_rows_are_the_same_bytes(rows: list[dict[str, object]]) -> None:
    made = to_xlsx("En titel, der er meget længere end Excel tillader", ["A", "B"], rows)
    assert made == to_xlsx("En titel, der er meget længere end Excel tillader", ["A", "B"], rows)
    sheet = load_workbook(io.BytesIO(made)).active
    assert sheet.auto_filter.ref == sheet.dimensions == f"A1:B{len(rows) + 1}"
    assert sheet.column_dimensions["A"].width == 10


def test_csv_follows_the_filter(client: TestClient) -> None:
    answer = client.get("/indsatser?decision=Discontinue&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 22
    assert {row["Beslutning som trykt"].casefold()[:7] for row in rows} == {"afvikle"}


def test_graph_formats_parse(client: TestClient) -> None:
    turtle = client.get("/ansvar?law=sul-140&format=turtle")
    graph = rdflib.Graph().parse(data=turtle.text, format="turtle")
    assert len(graph) > 10
    assert client.get("/ansvar?law=sul-140&format=jsonld").json()
    assert client.get("/ansvar?law=sul-140&format=json").json()["total"] >= 1
    assert client.get("/ansvar?format=pdf").status_code == 406


def test_status_table_has_the_groups_five_columns(client: TestClient) -> None:
    answer = client.get("/foelgegruppe/foelgegruppen-for-forebyggelse.docx")
    document = Document(io.BytesIO(answer.content))
    table = document.tables[0]
    assert tuple(c.text for c in table.rows[0].cells) == STATUS_COLUMNS
    assert len(table.rows) == 16
    assert "linje" in table.rows[1].cells[2].text


def test_brief_is_a_document(client: TestClient) -> None:
    answer = client.get("/moedeoplaeg?organ=foelgegruppen-for-forebyggelse&format=docx")
    document = Document(io.BytesIO(answer.content))
    assert "Til beslutning" in [p.text for p in document.paragraphs]


def test_calendar_feed_is_icalendar(client: TestClient) -> None:
    answer = client.get("/kalender/dak.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    lines = answer.content.split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert all(len(line) <= 75 for line in lines)
    assert b"DTSTART;VALUE=DATE:20190124" in answer.content


def test_folding_never_splits_a_character() -> None:
    folded = fold("SUMMARY:" + "æ" * 80)
    assert folded.replace("\r\n ", "") == "SUMMARY:" + "æ" * 80
    assert all(len(part.encode()) <= 75 for part in folded.split("\r\n"))


#: Addresses of files that cannot be given, and the status.
NONE = {
    "/kalender/none.ics": 404,
    "/kalender/a%20b.ics": 404,
    "/kalender/.ics": 404,
    "/foelgegruppe/none.docx": 404,
    "/foelgegruppe/almen-praksis.docx": 404,
    "/moedeoplaeg?organ=none&format=docx": 404,
    "/moedeoplaeg?organ=foelgegruppen-for-forebyggelse&format=pdf": 406,
    "/moedeoplaeg?organ=foelgegruppen-for-forebyggelse&dag=x&format=docx": 400,
    "/matrix/none?format=xlsx": 404,
    "/matrix/boern-og-unge?format=pdf": 406,
    "/ansvar?format=pdf": 406,
    "/ansvar?law=none&format=xlsx": 404,
    "/ansvar?law=sul-140&as_of=2027-01-01&format=turtle": 406,
    "/kalender?format=ics": 406,
}


@pytest.mark.parametrize("address", NONE)
def test_a_file_that_cannot_be_given_is_told_in_the_form_that_is_asked_for(
    client: TestClient, address: str
) -> None:
    problem, page = "application/problem+json", "text/html; charset=utf-8"
    for accept, kind in (
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", page),
        ("text/html", page),
        ("*/*", problem),
        ("text/calendar", problem),
        (DOCX, problem),
        ("application/json, text/html;q=0.5", problem),
        ("text/html;q=0, */*", problem),
    ):
        answer = client.get(address, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (NONE[address], kind), accept
        assert "Accept" in answer.headers["vary"]
        assert "content-disposition" not in answer.headers
        assert "etag" not in answer.headers


def test_files_are_only_read(client: TestClient) -> None:
    for address in ("/kalender/alle.ics", "/foelgegruppe/foelgegruppen-for-forebyggelse.docx"):
        answer = client.post(address, headers={"Accept": "*/*"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
        assert answer.headers["content-type"] == "application/problem+json"
