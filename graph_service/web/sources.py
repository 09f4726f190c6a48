"""Kilder: documents, how much of each is cited, passages with their lines marked."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import service_of
from graph_service.api.problems import Problem
from graph_service.api.things import existing
from graph_service.evidence import passage
from graph_service.web.downloads import Columns, download, of
from graph_service.web.items import Item, first, of_type, parts, table
from graph_service.web.render import downloads_of, formats_of, render
from graph_service.web.things import what_refers

router = APIRouter(include_in_schema=False)


def coverage(answers: Answers) -> dict[str, tuple[int, int]]:
    """Document → number of cited passages, number of things that rest on them."""
    return {
        row["document"]["iri"]: (int(row["passages"]), int(row["things"]))
        for row in table(answers, "coverage")
        if row["document"]
    }


def lines_of(answers: Answers) -> dict[str, tuple[int, int]]:
    """Document inside a file → its first and last line there."""
    return {
        row["document"]["iri"]: (int(row["first"]), int(row["last"]))
        for row in table(answers, "coverage")
        if row["document"] and row["first"]
    }


def documents(answers: Answers) -> list[Item]:
    """The documents that the graph cites, by file and line; then those only named."""
    cited, lines = coverage(answers), lines_of(answers)

    def place(item: Item) -> tuple[bool, str, int, str]:
        files = [p["id"] for p in item.get("is_part_of", ())]
        own = item["id"] if item.get("sha256") else (files or ["~"])[0]
        return (
            item["iri"] not in cited,
            own,
            lines.get(item["iri"], (0, 0))[0],
            str(item["label"]),
        )

    return sorted(of_type(answers, "Document", "document"), key=place)


@router.get("/kilder")
def source_list(request: Request) -> Response:
    """The documents with their coverage."""
    answers = service_of(request).answers
    cited, lines = coverage(answers), lines_of(answers)
    items = documents(answers)
    columns: Columns = {
        "Dokument": of("label"),
        "Slags": of("document_kind"),
        "Udgiver": of("publisher"),
        "Udgivet": lambda i: first(i, "issued") or first(i, "issue_date_text"),
        "Første linje": lambda i: lines.get(i["iri"], ("", ""))[0],
        "Sidste linje": lambda i: lines.get(i["iri"], ("", ""))[1],
        "Citerede passager": lambda i: cited.get(i["iri"], (0, 0))[0],
        "Ting, der hviler på dem": lambda i: cited.get(i["iri"], (0, 0))[1],
        "Adresse": of("iri"),
    }
    file = download(request, "kilder", columns, items)
    if file:
        return file
    files = [i for i in items if i.get("sha256")]
    inside = [i for i in items if not i.get("sha256") and i["iri"] in cited]
    named = [i for i in items if not i.get("sha256") and i["iri"] not in cited]
    return render(
        request,
        "sources.html",
        files=files,
        inside=inside,
        named=named,
        cited=cited,
        lines=lines,
        data_links=downloads_of(request, "/api/v1/documents"),
    )


@router.get("/kilder/dokument/{slug}")
def document(request: Request, slug: str) -> Response:
    """One document: what it is, what is said on its ground, its cited passages."""
    answers = service_of(request).answers
    iri = existing(answers, "document", slug)
    item = answers.describe([iri])[0]
    passages = table(answers, "documents-passages", ("document", iri))
    members = parts(answers, iri, ("passage", "statement", "assessment", "responsibility", "date"))
    groups: dict[str, list[Item]] = {}
    for member in members:
        groups.setdefault(str(member["kind"]), []).append(member)
    for found in groups.values():
        found.sort(key=lambda i: (int(first(i, "order", 999)), str(i["label"])))
    return render(
        request,
        "document.html",
        item=item,
        passages=passages,
        groups=sorted(groups.items()),
        refers=what_refers(answers, iri, ("responsibility", "passage", *groups)),
        slug=slug,
        coverage=coverage(answers).get(iri, (0, 0)),
        data_links=formats_of(f"/api/v1/things/document/{slug}"),
    )


@router.get("/kilder/{file}/{lines}")
def passage_page(request: Request, file: str, lines: str) -> Response:
    """A passage with the cited lines marked, and all that is said on its ground."""
    service = service_of(request)
    answers = service.answers
    stem = file.removesuffix(".txt")
    iri = existing(answers, "passage", f"{stem}/{lines}")
    first_line, _, last_line = lines.partition("-")
    found = passage(answers.store, service.settings.corpus, stem, int(first_line), int(last_line))
    if found is None:
        raise Problem("not-found", f"Intet i grafen henviser til {file}, linje {lines}.")
    item = answers.describe([iri])[0]
    rows = table(answers, "said-on-passage", ("passage", iri))
    citing = answers.describe([row["thing"]["iri"] for row in rows])
    return render(
        request,
        "passage.html",
        item=item,
        found=found,
        duties=[c for c in citing if c["kind"] == "responsibility"],
        others=[c for c in citing if c["kind"] != "responsibility"],
        data_links=formats_of(f"/api/v1/evidence/{stem}/{lines}"),
    )
