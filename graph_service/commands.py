"""What each command of ``ansvarsgraf`` does; the grammar is in :mod:`graph_service.cli`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service.answers import Answers, plain
from graph_service.api.formats import flat, to_csv, to_rdf
from graph_service.build import (
    GUARDS,
    InvalidGraphError,
    NoSnapshotError,
    TurtleError,
    Violation,
    assemble,
    build,
    current,
    examine,
)
from graph_service.build.load import load, parse_file
from graph_service.build.quads import in_graph, iri
from graph_service.build.shapes import ShapesGraph
from graph_service.build.validate import Validator
from graph_service.cli import CommandError, Progress
from graph_service.findings import documents
from graph_service.questions.parameters import ParameterError, nearest
from graph_service.service import Service
from graph_service.settings import Settings
from graph_service.store import StoreError
from graph_service.vocabulary import ID, KINDS, compact, expand, thing
from graph_service.web.words import heading

NOTHING_PUBLISHED = "Der er ikke udgivet nogen graf endnu. Kør: ansvarsgraf build"


def service_for(settings: Settings) -> Service:
    """The service over the published snapshot."""
    service = Service(settings)
    try:
        service.reload()
    except NoSnapshotError:
        raise CommandError(NOTHING_PUBLISHED, 3) from None
    except StoreError as error:
        raise CommandError(f"Grafen kan ikke nås: {error}", 4) from None
    return service


def build_command(settings: Settings, reasoner: str, engine: str, publish: bool = False) -> int:
    """Build and publish; tell of errors by file and line and leave the old snapshot in service."""
    try:
        with Progress().shown() as tell:

            def before(folder: Path) -> None:
                if publish:
                    from graph_service.store.upload import upload

                    upload(settings, folder, tell=tell)

            manifest = build(settings, reasoner=reasoner, engine=engine, before=before, tell=tell)
    except TurtleError as error:
        raise CommandError(
            f"{error}\nIntet er udgivet; den seneste gode graf er stadig i drift.", 2
        ) from None
    except InvalidGraphError as error:
        print_violations(error.violations)
        print("Intet er udgivet; den seneste gode graf er stadig i drift.", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        raise CommandError(f"Projektet er ikke helt: {error}", 2) from None
    except StoreError as error:
        raise CommandError(
            f"Lageret tog ikke imod grafen: {error}. Den gamle er i drift.", 4
        ) from None
    except OSError as error:
        raise CommandError(f"Grafen kan ikke skrives: {error}", 4) from None
    print(f"Graf {manifest.id}: {manifest.triples} tripler i {len(manifest.graphs)} grafer.")
    return 0


def serve_command(settings: Settings, host: str, port: int, processes: int = 0) -> int:
    """Serve until stopped; the graph is opened by the processes that answer, not here."""
    from graph_service.server import serve

    try:
        current(settings.snapshots)
    except NoSnapshotError:
        raise CommandError(NOTHING_PUBLISHED, 3) from None
    print(f"Ansvarsgraf: http://{host}:{port}", flush=True)
    try:
        serve(settings, host, port, processes)
    except OSError as error:
        raise CommandError(f"Adressen {host}:{port} kan ikke bruges: {error.strerror}", 4) from None
    return 0


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
            table = listed(service.answers, page.things, name)
            columns = COLUMNS.get(name, {"label": "Titel", "iri": "Adresse"})
        else:
            table = answered(service.answers, name, values)
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


def listed(answers: Answers, things: Sequence[str], name: str) -> list[dict[str, Any]]:
    """The things of a list question, described."""
    return answers.describe(things)


def answered(answers: Answers, name: str, values: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of an answer, things as references with labels."""
    rows = answers.rows(name, values)
    labels = answers.labels(v.value for row in rows for v in row.values() if v.value.startswith(ID))
    return [
        {
            column: (
                answers.reference(value.value, labels)
                if isinstance(value, ox.NamedNode)
                else plain(value)
            )
            for column, value in row.items()
        }
        for row in rows
    ]


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
            store = ox.Store()
            store.bulk_extend(in_graph({q.triple for q in assemble(sources, tell=tell)}))
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
        shapes = ShapesGraph(t for guard in GUARDS for t in sources.shapes.get(guard, []))
        report = Validator(shapes, engine).report(store)
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


def print_table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], form: str) -> None:
    """Rows as a table for people, as JSON, or as CSV."""
    if form == "json":
        print(json.dumps(list(rows), ensure_ascii=False, indent=2))
        return
    if form == "csv":
        sys.stdout.buffer.write(to_csv(columns, rows))
        return
    if not rows:
        print("Kilderne i grafen angiver intet, der passer.")
        return
    names = list(columns)
    cells = [[flat(row.get(name)) for name in names] for row in rows]
    width = shutil.get_terminal_size((160, 40)).columns
    widths = fit([[*columns.values()], *cells], width - 2 * (len(names) - 1))
    for number, row in enumerate([list(columns.values()), *cells]):
        parts = [wrap(cell, w) for cell, w in zip(row, widths, strict=True)]
        for line in range(max(len(part) for part in parts)):
            texts = (
                (part[line] if line < len(part) else "").ljust(w)
                for part, w in zip(parts, widths, strict=True)
            )
            print("  ".join(texts).rstrip())
        if number == 0:
            print("  ".join("-" * w for w in widths))


def fit(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Column widths that share the terminal's width."""
    wanted = [max(len(row[i]) for row in rows) or 1 for i in range(len(rows[0]))]
    while sum(wanted) > width and max(wanted) > 12:
        wanted[wanted.index(max(wanted))] -= 1
    return wanted


def wrap(text: str, width: int) -> list[str]:
    """Text in lines of at most ``width`` characters."""
    import textwrap

    return textwrap.wrap(text, width) or [""]
