"""What a list page shows, as a file: CSV, Excel, JSON, JSON-LD or Turtle."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from fastapi import Request
from starlette.responses import Response

from graph_service.api.formats import MEDIA_TYPES, flat, to_csv, to_rdf
from graph_service.api.lists import base_url, service_of
from graph_service.api.problems import Problem
from graph_service.shaping import to_json
from graph_service.web.items import Item
from graph_service.web.office import XLSX, steady
from graph_service.web.render import DOWNLOADS

#: Danish heading → what an item has there.
Columns = Mapping[str, Callable[[Item], Any]]
#: Characters that Excel's XML cannot hold.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def of(name: str) -> Callable[[Item], Any]:
    """A column that shows a property as it stands."""
    return lambda item: item.get(name, "")


def sources(item: Item) -> str:
    """The passages of an item as file and lines."""
    return "; ".join(
        f"{e['file']} linje {e['first_line']}-{e['last_line']}" for e in item.get("evidence", ())
    )


def download(
    request: Request, name: str, columns: Columns, items: Sequence[Item]
) -> Response | None:
    """The items as a file in the format that ``?format=`` asks for; None when it asks for none.

    Args:
        request: the page's request.
        name: what the file is called, without an ending.
        columns: of the table formats; the graph formats hold everything about each item.
        items: what the page shows, in order.

    Raises:
        Problem: not-acceptable, for another format.
    """
    chosen = request.query_params.get("format", "")
    if not chosen:
        return None
    known = {short: words for words, short in DOWNLOADS}
    if chosen not in known:
        raise Problem("not-acceptable", f"Vælg et af formaterne {', '.join(known)}.")
    service = service_of(request)
    headers = {"X-Content-Type-Options": "nosniff"}
    if chosen in ("jsonld", "turtle"):
        context = service.settings.project / "ontology" / "context.jsonld"
        triples = service.answers.triples(item["iri"] for item in items)
        return Response(to_rdf(triples, chosen, context), 200, headers, MEDIA_TYPES[chosen])
    if chosen == "json":
        body = {
            "snapshot": service.answers.store.snapshot,
            "page": f"{base_url(request)}{request.url.path}",
            "total": len(items),
            "items": list(items),
        }
        return Response(to_json(body), 200, headers, "application/json")
    headers["Content-Disposition"] = f'attachment; filename="{name}.{chosen}"'
    rows = [{heading: value(item) for heading, value in columns.items()} for item in items]
    if chosen == "csv":
        body_csv = to_csv({heading: heading for heading in columns}, rows)
        return Response(body_csv, 200, headers, "text/csv; charset=utf-8")
    return Response(to_xlsx(name, list(columns), rows), 200, headers, XLSX)


def cell(value: Any) -> Any:
    """A value as Excel keeps it: numbers as numbers, dates as dates, the rest as text."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool | int | float | date):
        return value
    text = UNPRINTABLE.sub(" ", flat(value))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text[:32_000]


def to_xlsx(title: str, headings: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """An Excel workbook of one sheet: headings that stay, a filter, and columns of fitting width.

    Text that looks like a formula stays text.
    """
    # Imported where it is used: it takes a quarter of a second, and most never ask for Excel.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill
    from openpyxl.utils import get_column_letter

    # Rows are written as they come, in styles that have a name: one for each cell would be looked
    # up for each, and all cells at once are much for the search for garbage.
    book = Workbook(write_only=True)
    above = Alignment(vertical="top")
    fill = PatternFill("solid", fgColor="DDE7EC")
    book.add_named_style(NamedStyle("Overskrift", font=Font(bold=True), fill=fill))
    book.add_named_style(NamedStyle("Tekst", alignment=Alignment(wrap_text=True, vertical="top")))
    book.add_named_style(NamedStyle("Dato", alignment=above, number_format="dd-mm-yyyy"))
    book.add_named_style(NamedStyle("Tal", alignment=above))
    sheet = book.create_sheet(title[:31])

    def styled(value: Any) -> Any:
        made = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            made.data_type, made.style = "s", "Tekst"
        else:
            made.style = "Dato" if isinstance(value, date) else "Tal"
        return made

    for column, heading in enumerate(headings, 1):
        longest = max([len(heading), *(len(flat(r.get(heading))) for r in rows[:200])])
        sheet.column_dimensions[get_column_letter(column)].width = min(60, max(10, longest + 2))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(1, len(headings)))}{len(rows) + 1}"
    top = [styled(heading) for heading in headings]
    for each in top:
        each.style = "Overskrift"
    sheet.append(top)
    for row in rows:
        sheet.append([styled(cell(row.get(heading))) for heading in headings])
    out = io.BytesIO()
    book.save(out)
    return steady(out.getvalue())
