"""What a process serves stays on the disk, and nothing holds it longer than that."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service.build.held import Hold, is_held
from graph_service.build.publish import KEEP, publish

HOLDING = """
import sys
from pathlib import Path
from graph_service.build.held import Hold
held = Hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def publish_text(snapshots: Path, text: str) -> Path:
    node = ox.NamedNode("urn:x")
    return snapshots / publish([ox.Quad(node, node, ox.Literal(text), node)], snapshots).id


def publish_more(snapshots: Path) -> None:
    for n in range(KEEP):
        publish_text(snapshots, f"more {n} {os.urandom(4).hex()}")


def kept(snapshots: Path) -> int:
    return len(list(snapshots.glob("*/manifest.json")))


def test_what_is_held_stays_and_goes_when_it_is_let_go(tmp_path: Path) -> None:
    folder = publish_text(tmp_path, "served")
    one, other = Hold(folder), Hold(folder)
    publish_more(tmp_path)
    assert (folder / "manifest.json").is_file()
    assert kept(tmp_path) == KEEP + 1
    del one
    publish_more(tmp_path)
    assert (folder / "manifest.json").is_file(), "the other still serves it"
    del other
    publish_more(tmp_path)
    assert not folder.exists()
    assert kept(tmp_path) == KEEP


def test_a_process_that_is_killed_leaves_nothing_held(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stdout.readline() == b"held\n"
        assert is_held(tmp_path)
        process.kill()
        process.wait()
        assert not is_held(tmp_path)


def test_a_program_that_was_started_meanwhile_holds_nothing(tmp_path: Path) -> None:
    held = Hold(tmp_path)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False):
        assert is_held(tmp_path)
        del held
        assert not is_held(tmp_path)


def test_a_folder_that_may_only_be_read_can_be_held(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    held = Hold(tmp_path)
    assert is_held(tmp_path)
    del held
    assert not is_held(tmp_path)


def test_without_locks_the_newest_few_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def only_files(opened: int, how: int) -> None:
        if Path(f"/proc/self/fd/{opened}").readlink().is_dir():
            raise OSError(errno.ENOLCK, "No locks available")
        flock(opened, how)

    monkeypatch.setattr(fcntl, "flock", only_files)
    folder = publish_text(tmp_path, "served")
    held = Hold(folder)
    publish_more(tmp_path)
    assert not folder.exists()
    assert kept(tmp_path) == KEEP
    del held


def test_a_folder_that_is_not_there_is_not_held(tmp_path: Path) -> None:
    Hold(tmp_path / "gone")
    assert not is_held(tmp_path / "gone")
