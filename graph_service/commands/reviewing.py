"""``validate``: what breaks the shapes, and what the review rules find."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service.api.formats import to_csv
from graph_service.build import (
    TurtleError,
    Violation,
    assemble,
    examine,
)
from graph_service.build.load import load, parse_file
from graph_service.build.quads import iri, store_of
from graph_service.build.shapes import ShapesGraph
from graph_service.build.validate import Validator
from graph_service.cli import CommandError, Progress
from graph_service.findings import documents
from graph_service.settings import Settings
from graph_service.vocabulary import compact


def validate_command(settings: Settings, files: Sequence[Path], engine: str, form: str) -> int:
    """Check the project's graph, or somebody's own files, and tell what the review rules find.

    Returns:
        1 when a shape that must hold is broken, 0 otherwise, also with findings.
    """
    try:
        with Progress().shown() as tell:
            tell("læser")
            sources = load(settings.project)
            origin = dict(sources.origin)
            for file in files:
                name = ox.NamedNode("urn:own")
                for triple in parse_file(file, str(file)):
                    sources.quads.add(
                        ox.Quad(triple.subject, triple.predicate, triple.object, name)
                    )
                    if isinstance(triple.subject, ox.NamedNode):
                        origin[triple.subject.value] = str(file)
            store = store_of({q.triple for q in assemble(sources, tell=tell)})
            tell("kontrollerer og finder modsigelser og mangler")
            broken, review = examine(store, replace(sources, origin=origin), engine)
    except TurtleError as error:
        raise CommandError(str(error), 2) from None
    except OSError as error:
        raise CommandError(str(error), 2) from None
    found = documents((q.triple for q in review), sorted({iri(q.subject) for q in review}))
    if files:
        own = {str(file) for file in files}
        broken = [v for v in broken if v.file in own]
        found = [f for f in found if any(origin.get(thing) in own for thing in f["things"])]
    found.sort(key=lambda f: (SEVERITIES.index(f["severity"]), f["title"], f["explanation"]))
    if form == "turtle":
        report = Validator(ShapesGraph(sources.guards), engine).report(store)
        for quad in review:
            report.parse(data=f"{quad.triple} .", format="nt")
        print(report.serialize(format="turtle"))
    else:
        print_review(broken, found, form)
    return 1 if any(v.severity == "Violation" for v in broken) else 0


#: Severity of a finding → the word that users read, gravest first.
SEVERITY_WORDS = {"Critical": "kritisk", "Warning": "advarsel", "Notice": "bemærk"}
SEVERITIES = list(SEVERITY_WORDS)


def print_review(
    broken: Sequence[Violation], found: Sequence[Mapping[str, Any]], form: str
) -> None:
    """Tell of violations and findings in Danish, or as data."""
    if form == "json":
        rows = {
            "violations": [
                {name: value for name, value in asdict(v).items() if name != "value_of"}
                for v in broken
            ],
            "findings": found,
        }
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if form == "csv":
        columns = {
            "kind": "Slags",
            "severity": "Alvor",
            "title": "Regel",
            "explanation": "Forklaring",
            "suggestion": "Hvad man kan gøre",
            "things": "Handler om",
            "passages": "Kilde",
        }
        table = [
            {
                "kind": "brud",
                "severity": "skal rettes",
                "title": v.message_da,
                "explanation": v.value,
                "suggestion": "",
                "things": compact(v.focus),
                "passages": v.file,
            }
            for v in broken
        ] + [
            {
                **f,
                "kind": "fund",
                "severity": SEVERITY_WORDS[f["severity"]],
                "things": " ".join(compact(thing) for thing in f["things"]),
                "passages": "; ".join(place(p) for p in f["passages"]),
            }
            for f in found
        ]
        sys.stdout.buffer.write(to_csv(columns, table))
        return
    print_violations(broken)
    title = ""
    for f in found:
        if f["title"] != title:
            title = f["title"]
            print(f"\n{title} ({SEVERITY_WORDS[f['severity']]})\n  Forslag: {f['suggestion']}")
        places = ", ".join(place(p) for p in f["passages"])
        print(f"- {f['explanation']}\n    {places}")
    print(f"\n{len(found)} fund." if found else "Ingen fund.")


def print_violations(broken: Sequence[Violation]) -> None:
    """Tell of violations in Danish."""
    for v in broken:
        where = f" (i {v.file})" if v.file else ""
        value = f"\n  værdi: {compact(v.value)}" if v.value else ""
        print(f"{compact(v.focus)}{where}\n  {v.message_da}\n  {v.message_en}{value}")
    print(f"{len(broken)} brud på modellen." if broken else "Grafen overholder modellen.")


def place(passage: Mapping[str, Any]) -> str:
    """Where a passage stands, e.g. ``004_576de8b26970a828.txt linje 12-14``."""
    return f"{passage['document']} linje {passage['first_line']}-{passage['last_line']}"
