"""``ask``, ``query``, ``show`` and ``coverage``: what the published graph answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from graph_service.api.formats import flat, to_rdf
from graph_service.cli import CommandError, Progress
from graph_service.commands.building import service_for
from graph_service.commands.tables import print_table
from graph_service.questions.parameters import ParameterError, nearest
from graph_service.settings import Settings
from graph_service.store import StoreError
from graph_service.vocabulary import KINDS, compact, expand, thing
from graph_service.web.words import heading


def ask_command(
    settings: Settings, name: str | None, rest: Sequence[str], form: str, wants_help: bool
) -> int:
    """Ask a named question, or list the questions."""
    service = service_for(settings)
    if name is None:
        for question in service.questions.values():
            print(f"{question.name:32} {question.title}")
        return 0
    if name not in service.questions:
        near = [n for n in service.questions if name[:4] in n][:5]
        hint = f" Mente du {', '.join(near)}?" if near else ""
        raise CommandError(f"Spørgsmålet {name!r} findes ikke.{hint} Listen: ansvarsgraf ask", 2)
    question = service.questions[name]
    if wants_help:
        print(question.title + ("\n" + question.about if question.about else ""))
        for parameter in question.parameters.values():
            needed = " (skal angives)" if parameter.required else ""
            print(f"  --{parameter.name:18} {parameter.label}{needed}")
        example = " ".join(f"--{k} {v}" for k, v in question.example.items())
        print(f"Eksempel: ansvarsgraf ask {name} {example}")
        return 0
    values = read_options(rest)
    try:
        if question.kind == "list":
            page = service.answers.page(name, values, limit=500, total=False)
            table = service.answers.describe(page.things)
            columns = COLUMNS.get(name, {"label": "Titel", "iri": "Adresse"})
        else:
            table = service.answers.table(service.answers.solutions(name, values))
            columns = dict(question.columns)
    except ParameterError as error:
        raise CommandError(f"--{error.name}: {error.reason}", 2) from None
    except StoreError as error:
        raise CommandError(f"Grafen kan ikke nås: {error}", 4) from None
    print_table(columns, table, form)
    return 0


#: Columns of list questions on the command line.
COLUMNS: dict[str, dict[str, str]] = {
    "responsibilities": {
        "bearer": "Ansvarlig",
        "modality": "Styrke",
        "label": "Opgave",
        "trigger": "Hvornår",
        "recipient": "Modtager",
        "legal_basis": "Lovgrundlag",
        "agreed_in": "Aftale",
        "evidence": "Kilde",
    }
}


def read_options(rest: Sequence[str]) -> dict[str, str]:
    """``--law sul-140 --modality=Must`` as parameters.

    Raises:
        CommandError: something is not an option with a value.
    """
    values: dict[str, str] = {}
    words = list(rest)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            raise CommandError(f"{word!r} er ikke en parameter; skriv --navn værdi", 2)
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not words:
                raise CommandError(f"--{name} mangler en værdi", 2)
            value = words.pop(0)
        name = name.replace("-", "_")
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def query_command(settings: Settings, file: str, form: str) -> int:
    """Run free SPARQL in a worker with the service's limits."""
    from graph_service.api.problems import Problem
    from graph_service.sparql.once import run_once

    service = service_for(settings)
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} kan ikke læses: {error}", 2) from None
    try:
        body = run_once(service.folder, settings, text, "json" if form == "table" else form)
    except Problem as problem:
        raise CommandError(
            f"{problem.title}. {problem.detail}", 2 if problem.status < 500 else 4
        ) from None
    if form != "table":
        sys.stdout.buffer.write(body)
        return 0
    print_results(body)
    return 0


def print_results(body: bytes) -> None:
    """SPARQL results as a table; an ASK as ja or nej; a graph as it is."""
    try:
        result = json.loads(body)
    except ValueError:
        sys.stdout.buffer.write(body)
        return
    if "boolean" in result:
        print("ja" if result["boolean"] else "nej")
        return
    columns = {name: name for name in result["head"]["vars"]}
    rows = [
        {name: compact(v["value"]) if v["type"] == "uri" else v["value"] for name, v in row.items()}
        for row in result["results"]["bindings"]
    ]
    print_table(columns, rows, "table")


def show_command(settings: Settings, name: str, form: str) -> int:
    """Show everything about one thing."""
    service = service_for(settings)
    answers = service.answers
    if name.startswith("http") or name.partition(":")[0] in KINDS:
        candidates = [expand(name)]
    else:
        candidates = [thing(kind, name) for kind in KINDS]
    try:
        iris = [iri for iri in candidates if answers.exists(iri)]
    except ValueError:
        iris = []
    if not iris:
        near = nearest(name.rpartition("/")[2], KINDS, answers)
        hint = f" Mente du {', '.join(near)}?" if near else ""
        raise CommandError(f"{name!r} findes ikke.{hint}", 1)
    if form in ("turtle", "json-ld"):
        context = settings.project / "ontology" / "context.jsonld"
        short = {"turtle": "turtle", "json-ld": "jsonld"}[form]
        sys.stdout.buffer.write(to_rdf(answers.triples(iris), short, context))
        return 0
    items = answers.describe(iris)
    if form == "json":
        print(json.dumps(items[0] if len(items) == 1 else items, ensure_ascii=False, indent=2))
        return 0
    for item in items:
        rows = [
            {"name": heading(key), "value": flat(value)}
            for key, value in item.items()
            if key not in ("id", "kind")
        ]
        print_table({"name": "Felt", "value": "Værdi"}, rows, form)
    return 0


def coverage_command(settings: Settings, form: str) -> int:
    """Tell how much of each document the graph cites, and what it holds."""
    from graph_service.coverage import coverage

    service = service_for(settings)
    with Progress().shown() as tell:
        tell("tæller linjer")
        found = coverage(service.answers, settings.corpus)
    if form == "json":
        print(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return 0
    columns = {
        "title": "Dokument",
        "first": "Fra",
        "last": "Til",
        "content": "Linjer",
        "cited": "Citeret",
        "share": "Andel",
        "passages": "Passager",
    }
    rows = [
        {**asdict(d), "share": "" if d.share is None else f"{d.share:.0%}"} for d in found.documents
    ]
    print_table(columns, rows, form)
    if form == "csv":
        return 0
    print("\nLængste stykker, som intet henviser til:")
    for document in found.documents:
        for stretch in document.stretches[:3]:
            why = stretch.reason or "ingen grund angivet"
            print(f"  {document.title}: linje {stretch.first}-{stretch.last} ({why})")
    for title, numbers in (
        ("Ting efter klasse", found.classes),
        ("Ansvarlige", found.bearers),
        ("Lovgrundlag", found.legal_basis),
        ("Datoer efter præcision", found.dates),
    ):
        print(f"\n{title}: " + ", ".join(f"{name} {n}" for name, n in numbers.items()))
    return 0
