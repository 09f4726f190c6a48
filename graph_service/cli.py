"""``ansvarsgraf`` on the command line: build, serve, ask, query, validate, show,
coverage.

Exit codes: 0 all well · 1 the answer is no (violations; no such thing) · 2 the call is wrong
(unknown question, bad parameter, bad SPARQL, bad Turtle) · 3 nothing is published · 4 a limit was
crossed or the store cannot be reached.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from graph_service.settings import Settings

FORMATS = ("table", "json", "csv")
THING_FORMATS = ("table", "json", "turtle", "json-ld", "csv")
QUERY_FORMATS = ("table", "json", "csv", "tsv", "xml", "turtle", "json-ld", "ntriples")


class CommandError(Exception):
    """What went wrong, in Danish, and the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Progress:
    """Tells on standard error what is going on, once it takes longer than a second."""

    def __init__(self) -> None:
        self._text = ""
        self._shown = ""

    def __call__(self, text: str) -> None:
        self._text = text

    def _watch(self, done: threading.Event) -> None:
        start = time.monotonic()
        while not done.wait(1.0):
            if self._text != self._shown:
                seconds = time.monotonic() - start
                print(f"… {self._text} ({seconds:.0f} s)", file=sys.stderr, flush=True)
                self._shown = self._text

    @contextmanager
    def shown(self) -> Iterator[Progress]:
        """Show progress while the block runs."""
        done = threading.Event()
        thread = threading.Thread(target=self._watch, args=(done,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            done.set()
            thread.join()


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="ansvarsgraf", description="Hvem har ansvaret for hvad, efter hvilken kilde?"
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="KOMMANDO")

    build = commands.add_parser("build", help="byg grafen og udgiv den")
    build.add_argument("--reasoner", choices=("rules", "owlrl"), default="rules")
    build.add_argument(
        "--publish",
        action="store_true",
        help="læg også grafen på det lager, ANSVARSGRAF_STORE nævner",
    )
    build.add_argument("--engine", choices=("turbo", "pyshacl"), default="turbo")

    serve = commands.add_parser("serve", help="start webtjenesten")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument(
        "--processes", type=int, default=0, help="processer, der svarer; 0: én for hver kerne"
    )

    ask = commands.add_parser("ask", help="stil et navngivet spørgsmål", add_help=False)
    ask.add_argument("name", nargs="?", help="spørgsmålets navn; uden navn vises listen")
    ask.add_argument("--format", choices=FORMATS, default="table")
    ask.add_argument("--help", "-h", action="store_true")

    query = commands.add_parser("query", help="kør fri SPARQL fra en fil eller fra standard ind")
    query.add_argument("file", metavar="FIL|-")
    query.add_argument("--format", choices=QUERY_FORMATS, default="table")

    validate = commands.add_parser("validate", help="kontrollér grafen eller egne filer")
    validate.add_argument("files", nargs="*", metavar="FIL", type=Path)
    validate.add_argument("--engine", choices=("turbo", "pyshacl"), default="turbo")
    validate.add_argument("--format", choices=("text", "json", "csv", "turtle"), default="text")

    show = commands.add_parser("show", help="vis alt om én ting")
    show.add_argument("thing", metavar="IRI|SLUG")
    show.add_argument("--format", choices=THING_FORMATS, default="table")

    cover = commands.add_parser("coverage", help="hvor meget af hvert dokument grafen henviser til")
    cover.add_argument("--format", choices=FORMATS, default="table")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code; see the module's docstring.
    """
    options, rest = parser().parse_known_args(arguments)
    if rest and options.command != "ask":
        parser().error(f"ukendt: {' '.join(rest)}")
    try:
        settings = Settings.from_environment()
        return run(options, rest, settings)
    except CommandError as error:
        print(str(error), file=sys.stderr)
        return error.code
    except ValueError as error:
        print(str(error), file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(options: argparse.Namespace, rest: list[str], settings: Settings) -> int:
    """Run the command that the options name."""
    if options.command == "serve":
        # SIGHUP means the newest snapshot, and would end what has no handler for it yet. One that
        # comes so early may be lost: the newest snapshot is read after this anyway.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    from graph_service import commands

    match options.command:
        case "build":
            return commands.build_command(
                settings, options.reasoner, options.engine, options.publish
            )
        case "serve":
            return commands.serve_command(settings, options.host, options.port, options.processes)
        case "ask":
            return commands.ask_command(settings, options.name, rest, options.format, options.help)
        case "query":
            return commands.query_command(settings, options.file, options.format)
        case "validate":
            return commands.validate_command(
                settings, options.files, options.engine, options.format
            )
        case "coverage":
            return commands.coverage_command(settings, options.format)
        case _:
            return commands.show_command(settings, options.thing, options.format)


if __name__ == "__main__":
    # The commands raise the CommandError of the module by its name, so that one must catch it.
    from graph_service import cli

    sys.exit(cli.main())
