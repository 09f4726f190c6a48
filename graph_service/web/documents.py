"""Word documents: a follow-up group's status table, and the brief for a meeting.

The library is imported where it is used: most who read a page never ask for Word.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graph_service.web.items import Item, first
from graph_service.web.office import steady

#: The five columns of the groups' own tables.
STATUS_COLUMNS = (
    "Navn på indsats",
    "Beskrivelse af indsatsen",
    "Begrundelse for om indsatsen skal videreføres eller afvikles",
    "Hvornår i aftaleperioden",
    "Ressourcer",
)
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def clean(text: object) -> str:
    """Text without the characters that XML cannot hold."""
    return UNPRINTABLE.sub(" ", str(text))


def new_document(title: str, *, landscape: bool = False) -> Any:
    """An A4 document in Danish with a title."""
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    if landscape:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Cm(29.7), Cm(21)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Cm(1.8))
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Calibri", Pt(10.5)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "da-DK")
    style.element.get_or_add_rPr().append(language)
    document.core_properties.title = clean(title)
    document.core_properties.author = "Ansvarsgraf"
    document.core_properties.language = "da-DK"
    document.add_heading(clean(title), 0)
    return document


def written(document: Any) -> bytes:
    """The bytes of a document."""
    out = io.BytesIO()
    document.save(out)
    return steady(out.getvalue())


def add_table(document: Any, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table with a heading row that repeats on each page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    table = document.add_table(rows=1, cols=len(headings))
    table.style = "Table Grid"
    for cell, heading in zip(table.rows[0].cells, headings, strict=True):
        cell.text = ""
        cell.paragraphs[0].add_run(heading).bold = True
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for row in rows:
        cells = table.add_row().cells
        for cell, text in zip(cells, row, strict=True):
            cell.text = clean(text)


def lines_of(item: Item) -> str:
    """The passages of a thing as file and lines."""
    return "; ".join(
        f"{str(e['file']).removesuffix('.txt')[:3]}, linje {e['first_line']}-{e['last_line']}"
        for e in item.get("evidence", ())
    )


def status_table(
    group: str,
    items: Sequence[Item],
    assessment_of: Callable[[Item], Mapping[str, Any]],
    address: str,
) -> bytes:
    """The initiatives of a follow-up group in the groups' five columns.

    Args:
        group: name of the group.
        items: its initiatives, in order.
        assessment_of: gives the assessment of an initiative.
        address: public address of the service, for the reference.
    """
    document = new_document(f"Status på indsatser: {group}", landscape=True)
    document.add_paragraph(
        "Opsummeret i vores egne ord efter kilderne; linjehenvisningerne viser, hvor det står. "
        f"Kilde: {address}/indsatser"
    )
    rows = []
    for item in items:
        assessment = assessment_of(item)
        word = first(assessment, "decision_word") or (
            first(assessment, "decision", {}).get("label", "ikke vurderet")
        )
        effective = first(assessment, "effective_decision", {})
        printed = first(assessment, "decision", {})
        reasons = [f"{word}."]
        if effective and printed and effective["id"] != printed["id"]:
            reasons.append(f"Reelt: {effective['label']}.")
        reasons += [str(r) for r in assessment.get("rationale", ())]
        reasons += [f"Uafklaret: {r}" for r in assessment.get("open_issue", ())]
        description = " ".join(map(str, item.get("description", ())))
        resources = [str(r) for r in assessment.get("resource_need", ())]
        resources += [
            f"Arbejdsgruppe: {w['label']}" for w in assessment.get("working_group_need", ())
        ]
        rows.append(
            (
                str(item["label"]),
                f"{description}\n({lines_of(item)})" if item.get("evidence") else description,
                "\n".join(reasons) + (f"\n({lines_of(assessment)})" if assessment else ""),
                "; ".join(map(str, assessment.get("focus_period", ()))) or "ikke angivet",
                "\n".join(resources) or "ikke angivet",
            )
        )
    add_table(document, STATUS_COLUMNS, rows)
    return written(document)


def brief(title: str, sections: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> bytes:
    """A meeting brief: headings, each with a table of what, when and source.

    Args:
        title: of the brief.
        sections: heading and rows of (what, when or state, source).
    """
    document = new_document(title)
    for heading, rows in sections:
        document.add_heading(clean(heading), 1)
        if rows:
            add_table(document, ("Hvad", "Hvornår eller tilstand", "Kilde"), rows)
        else:
            document.add_paragraph("Intet i kilderne.")
    return written(document)
