"""Matrix: actor × situation (or target group, or task) of one agreement."""

from __future__ import annotations

from collections import defaultdict

from fastapi import APIRouter, Request
from starlette.responses import Response

from graph_service.answers import Answers
from graph_service.api.lists import resolve, service_of
from graph_service.api.problems import Problem
from graph_service.api.resources import RESOURCES
from graph_service.vocabulary import AG
from graph_service.web.downloads import download
from graph_service.web.items import Item, first, of_type
from graph_service.web.render import downloads_of, render
from graph_service.web.responsibilities import facet_values
from graph_service.web.sentences import FORCES

router = APIRouter(include_in_schema=False)
#: The side of the matrix: value of ``efter`` → heading, class of the model.
AXES = {
    "phase": ("situation", "PathwayPhase"),
    "target_group": ("målgruppe", "TargetGroup"),
    "task": ("opgave", "Task"),
}


@router.get("/matrix/{slug}")
def matrix(request: Request, slug: str) -> Response:
    """The duties of an agreement by who bears them and in which situation."""
    answers = service_of(request).answers
    iri = resolve(answers, RESOURCES["agreements"], slug)
    label = answers.labels([iri]).get(iri, slug)
    available = [a for a in AXES if spread(answers, iri, a)[1]]
    axis = request.query_params.get("efter", "")
    if axis not in AXES:
        axis = max(("phase", "target_group"), key=lambda a: len(spread(answers, iri, a)[1]))
    cells, rows, bearers = spread(answers, iri, axis)
    labels = answers.labels([*bearers, *rows])
    table_rows = [(r, labels.get(r, "Uden " + AXES[axis][0])) for r in ordered(answers, rows, axis)]
    if not all(cells.keys()) or "" in cells:
        table_rows.append(("", f"Uden bestemt {AXES[axis][0]}"))
    columns = [(b, labels.get(b, "Kilden angiver ikke hvem")) for b in bearers]
    items: list[Item] = [
        {
            "label": row_label,
            "iri": r,
            **{name: ", ".join(words(cells[r][b])) for b, name in columns},
        }
        for r, row_label in table_rows
    ]

    def column(name: str) -> object:
        return lambda item: item.get(name, "")

    headings = {AXES[axis][0].capitalize(): lambda item: item["label"]}
    for _, name in columns:
        headings[name] = column(name)  # type: ignore[assignment]
    if chosen := request.query_params.get("format"):
        if chosen not in ("csv", "xlsx"):
            raise Problem("not-acceptable", "Vælg et af formaterne xlsx, csv.")
        file = download(request, f"matrix-{slug}", headings, items)
        assert file is not None
        return file
    return render(
        request,
        "matrix.html",
        label=label,
        slug=slug,
        axis=axis,
        axes=[(a, AXES[a][0]) for a in available],
        heading=AXES[axis][0],
        columns=columns,
        rows=table_rows,
        cells=cells,
        words=words,
        data_links=[d for d in downloads_of(request) if d[0] in ("Excel", "CSV")],
    )


Cells = dict[str, dict[str, list[str]]]


def spread(answers: Answers, iri: str, axis: str) -> tuple[Cells, list[str], list[str]]:
    """Duties by row and bearer: cells, rows, and bearers with the most duties first.

    A cell is a list of forces, one for each duty in it.
    """
    cells: Cells = defaultdict(lambda: defaultdict(list))
    totals: dict[str, int] = defaultdict(int)
    for values in facet_values(answers).values():
        if iri not in values.get("agreement", ()):
            continue
        forces = sorted(m.removeprefix(AG) for m in values.get("modality", ())) or ["Expected"]
        for bearer in values.get("bearer", ()) or {""}:
            totals[bearer] += 1
            for row in values.get(axis, ()) or {""}:
                cells[row][bearer].append(forces[0])
    bearers = sorted(totals, key=lambda b: (not b, -totals[b], b))
    return cells, [r for r in cells if r], bearers


def ordered(answers: Answers, rows: list[str], axis: str) -> list[str]:
    """Rows in the order that their programme gives them, then by age, then by name."""
    places = {
        i["iri"]: (int(first(i, "order", 999)), int(first(i, "min_age", 0)), str(i["label"]))
        for i in of_type(answers, AXES[axis][1])
    }
    return sorted(rows, key=lambda r: places.get(r, (999, 0, r)))


def words(forces: list[str]) -> list[str]:
    """``3 skal``, ``1 kan`` for a cell's duties."""
    order = list(FORCES)
    return [f"{forces.count(f)} {FORCES[f][0]}" for f in sorted(set(forces), key=order.index)]
