"""A disk that is really full: nothing half is left, what was good stays, and the reason is told."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graph_service.build.publish import current, manifest_of
from tests.server.conftest import label_served, reload, server
from tests.server.test_crash import (
    ADDRESS,
    BODY,
    build,
    built,
    label_in,
    leftovers,
    write_project,
)

pytestmark = pytest.mark.long

DISK = 3 * 1024**2
#: Triples of a graph that is larger than the disk.
MANY = 60_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes: a tmpfs, which only root may make.

    Within a namespace of its own anybody could, but SQLite does not find what is reached through
    ``/proc/PID/root``: it follows that link into our own namespace.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK}", "none"]
    try:
        subprocess.run(["mount", *options, folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", b"").decode().strip() or error
        told = f"systemet lader os ikke lave en lille disk: {reason}"
        if os.environ.get("CI"):
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def grow(project: Path) -> None:
    """Give a project's graph more than the disk holds."""
    lines = (f'<urn:s:{n}> <urn:p> "{n * 7919} tusind" .\n' for n in range(MANY))
    (project / "data" / "many.ttl").write_text("".join(lines), encoding="utf-8")


def must_fail(project: Path, reason: str, limit: Callable[[], None] | None = None) -> None:
    """A build fails, says so in Danish, names the place, and leaves what was good."""
    snapshots = project / "snapshots"
    good = current(snapshots)
    failed = build(project, preexec_fn=limit)
    assert failed.returncode == 4
    first, second = failed.stderr.strip().splitlines()[-2:]
    assert first.startswith(f"Grafen kan ikke skrives i {snapshots}: {reason}")
    assert second == "Intet er udgivet; den seneste gode graf er stadig i drift."
    assert "Traceback" not in failed.stderr
    assert failed.stdout == ""
    assert current(snapshots) == good
    assert leftovers(snapshots) == []
    assert label_in(snapshots) == "Den gode"


def test_a_full_disk_loses_nothing_and_the_reason_is_told(tmp_path: Path, disk: Path) -> None:
    snapshots = tmp_path / "snapshots"
    snapshots.symlink_to(disk)
    good = built(tmp_path, "Den gode")
    with server(snapshots, tmp_path / "log", project=tmp_path) as running:
        grow(tmp_path)
        must_fail(tmp_path, "der er ikke mere plads på disken")
        assert reload(running) == good
        assert label_served(running) == "Den gode"

        status, body = running.send("PUT", ADDRESS, BODY)
        assert status == 503
        told = json.loads(body)
        assert told["type"].endswith("not-written")
        assert told["detail"] == "Intet er ændret, for der er ikke mere plads på disken."
        assert current(snapshots).name == good
        assert leftovers(snapshots) == []
        assert "No space left on device" in running.log.read_text()

        small = b"<urn:a> <urn:b> 1 ."
        assert running.send("PUT", ADDRESS, small)[0] == 201
        assert current(snapshots).name != good
        assert label_served(running) == "Den gode"
        assert running.get(ADDRESS)[0] == 200


def test_what_a_killed_build_left_does_not_keep_the_disk_full(tmp_path: Path, disk: Path) -> None:
    snapshots = tmp_path / "snapshots"
    snapshots.symlink_to(disk)
    built(tmp_path, "Den gode")
    left = disk / ".new-left" / "store"
    left.mkdir(parents=True)
    with pytest.raises(OSError, match="No space left"), (left / "half.sst").open("wb") as file:
        while True:
            file.write(bytes(1024))
    built(tmp_path, "Den næste")
    assert leftovers(snapshots) == []
    assert label_in(snapshots) == "Den næste"


@pytest.mark.parametrize("size", [100, 200_000])
def test_a_file_that_the_system_lets_grow_no_further(tmp_path: Path, size: int) -> None:
    """Whether the store cannot be made, or cannot be filled; SIGXFSZ is ignored by Python."""
    built(tmp_path, "Den gode")
    grow(tmp_path)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    must_fail(tmp_path, "en fil blev større, end systemet tillader", limit)
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    assert manifest_of(current(tmp_path / "snapshots")).triples > MANY


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    write_project(tmp_path, "x")
    (tmp_path / "snapshots").write_text("a file")
    failed = build(tmp_path)
    assert failed.returncode == 4
    assert f"Grafen kan ikke skrives i {tmp_path / 'snapshots'}: " in failed.stderr
    assert "Traceback" not in failed.stderr
