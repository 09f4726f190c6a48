"""What the documents for operators say is what the code does."""

from __future__ import annotations

import json
import re
from dataclasses import fields

import pytest

from graph_service.api.metrics import METRICS
from graph_service.api.problems import PROBLEMS
from graph_service.api.resources import RESOURCES
from graph_service.cli import parser
from graph_service.connections import MANY_TIMES, Limits
from graph_service.settings import PROJECT, Settings

DOCS = PROJECT / "docs"


def table(name: str) -> dict[str, str]:
    """Setting → default, from the table in settings.md."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `ANSVARSGRAF_([A-Z_]+)` \| (.+?) \|", text, re.M))


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    assert {name.lower() for name in table("settings.md")} == {f.name for f in fields(Settings)}


@pytest.mark.parametrize("field", fields(Settings), ids=lambda f: f.name)
def test_every_setting_is_read_from_its_variable(field) -> None:
    before = Settings.from_environment({"ANSVARSGRAF_PROJECT": "/p"})
    value = {"store": "https://x", "store_graphs": "https://x", "store_login": "bearer:x"}.get(
        field.name, "yes" if getattr(before, field.name) is False else "7"
    )
    if getattr(before, field.name) is True:
        value = "no"
    after = Settings.from_environment({"ANSVARSGRAF_" + field.name.upper(): value})
    assert getattr(after, field.name) != getattr(before, field.name)


def test_the_documented_defaults_are_the_defaults() -> None:
    made = Settings.from_environment({})
    for name, default in table("settings.md").items():
        value = getattr(made, name.lower())
        if isinstance(value, bool):
            assert default == ("yes" if value else "no"), name
        elif isinstance(value, int | float):
            assert float(default) == value, name
        elif value in ("", ()):
            assert default in ("none", "the address of each request"), name
        elif name == "SNAPSHOTS":
            assert default == f"`{value.relative_to(made.project)}` in it"
        elif name not in ("PROJECT", "CORPUS"):
            assert default == f"`{value}`", name


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("ANSVARSGRAF_WORKERS", "ANSVARSGRAF_WORKERS must be a number"),
        ("ANSVARSGRAF_STORE", "ANSVARSGRAF_STORE skal være en adresse"),
        ("ANSVARSGRAF_STORE_GRAPHS", "ANSVARSGRAF_STORE_GRAPHS skal være en adresse"),
        ("ANSVARSGRAF_STORE_LOGIN", "ANSVARSGRAF_STORE_LOGIN skal være digest:"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(variable: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Settings.from_environment({variable: "many"})


def test_operations_names_every_metric_and_limit() -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    for name in METRICS:
        assert name in text, name
    limits = Limits()
    for value in (
        f"{limits.header_bytes // 1024} KB in at most {limits.headers} headers, "
        f"{limits.header_seconds:.0f} s",
        f"{limits.idle_seconds:.0f} s",
        f"{limits.body_bytes // 1024**2} MB, {limits.body_seconds:.0f} s",
        f"{limits.progress_bytes // 1024} KB every {limits.stalled_seconds:.0f} s",
        f"| {limits.pipelined} |",
        f"in each process | {limits.stalled}, or",
        f"with at most {limits.few}, after {limits.patience:.0f} s, "
        f"or when there are {MANY_TIMES * limits.stalled}",
        f"{limits.connections}, {limits.per_address} of one address",
    ):
        assert value in text, value


def test_the_api_document_names_every_list_and_the_errors_that_exist() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    listed = text.partition("The lists: ")[2].partition(".\n")[0]
    assert set(re.findall(r"`([a-z-]+)`", listed)) == set(RESOURCES)
    errors = text.partition("## Errors")[2]
    named: dict[str, set[int]] = {}
    for statuses, types in re.findall(r"^\| ([0-9, ]+) \| ([^|]*) \|", errors, re.M):
        for name in re.findall(r"`([a-z-]+)`", types):
            named.setdefault(name, set()).update(int(s) for s in statuses.split(", "))
    assert named.keys() == PROBLEMS.keys()
    assert all(PROBLEMS[name][0] in statuses for name, statuses in named.items())


def test_the_unit_and_the_container_start_what_exists() -> None:
    unit = (PROJECT / "deploy" / "ansvarsgraf.service").read_text()
    container = (PROJECT / "deploy" / "Containerfile").read_text()
    assert "ExecReload=/bin/kill -HUP $MAINPID" in unit
    for text in (unit, container):
        for variable in re.findall(r"ANSVARSGRAF_([A-Z_]+)", text):
            assert variable.lower() in {f.name for f in fields(Settings)}
    for folder in re.findall(r"^COPY ([a-z_]+) \1$", container, re.M):
        assert (PROJECT / folder).is_dir()


def served_by(name: str) -> list[str]:
    """What a file of ours for operators runs."""
    text = (PROJECT / "deploy" / name).read_text(encoding="utf-8")
    if unit := re.search(r"^ExecStart=\S+/ansvarsgraf (.+)$", text, re.M):
        return unit[1].split()
    entry, command = (
        re.search(r"^ENTRYPOINT (.+)$", text, re.M),
        re.search(r"^CMD (.+)$", text, re.M),
    )
    assert entry and command and json.loads(entry[1]) == ["/venv/bin/ansvarsgraf"]
    arguments: list[str] = json.loads(command[1])
    return arguments


@pytest.mark.parametrize("name", ["ansvarsgraf.service", "Containerfile"])
def test_what_the_unit_and_the_container_run_is_a_command_of_ours(name: str) -> None:
    options = parser().parse_args(served_by(name))
    assert (options.command, options.port) == ("serve", 8000)
