"""A snapshot is whole or absent, has the hash of its content as id, and counts a triple once."""

import os
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service.build.publish import (
    NoSnapshotError,
    content_id,
    current,
    manifest_of,
    n_quads,
    publish,
)
from graph_service.store import StoreError
from graph_service.store.embedded import EmbeddedStore

module = sys.modules["graph_service.build.publish"]


def quad(o: str, g: str = "urn:g") -> ox.Quad:
    return ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal(o), ox.NamedNode(g))


def test_one_triple_in_two_graphs_counts_once(tmp_path: Path) -> None:
    publish([quad("x", "urn:one"), quad("x", "urn:two")], tmp_path)
    store = EmbeddedStore(current(tmp_path))
    (row,) = store.select("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    assert row["n"].value == "1"
    (row,) = store.select("SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }")
    assert row["n"].value == "2"


def test_what_has_no_name_is_the_same_in_its_graph_and_in_the_merged_one(tmp_path: Path) -> None:
    p, g, o = ox.NamedNode("urn:p"), ox.NamedNode("urn:g"), ox.BlankNode("o")
    publish([ox.Quad(ox.NamedNode("urn:s"), p, o, g), ox.Quad(o, p, ox.Literal("x"), g)], tmp_path)
    store = EmbeddedStore(current(tmp_path))
    (row,) = store.select('SELECT ?b WHERE { <urn:s> <urn:p> ?b GRAPH ?g { ?b ?p "x" } }')
    assert [(iri, value) for iri, _, value in store.about(["urn:s"])] == [("urn:s", row["b"])]


def test_the_store_is_closed_before_its_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is open to be written still removes files, and keeps others from writing."""
    write = module.search.write

    def after(store: EmbeddedStore, folder: Path) -> None:
        ox.Store(str(folder / "store"))  # an OSError when somebody has it open
        write(store, folder)

    monkeypatch.setattr(module.search, "write", after)
    publish([quad("x")], tmp_path)
    assert len(list(EmbeddedStore(current(tmp_path)).select("SELECT ?s { ?s ?p ?o }"))) == 1


def test_the_same_content_has_the_same_id(tmp_path: Path) -> None:
    first = publish([quad("x"), quad("y")], tmp_path / "a")
    second = publish([quad("y"), quad("x")], tmp_path / "b")
    assert first.id == second.id == content_id(n_quads([quad("x"), quad("y")]))
    assert publish([quad("x")], tmp_path / "a").id != first.id


def test_the_manifest_counts_triples_and_names_versions(tmp_path: Path) -> None:
    manifest = publish([quad("x"), quad("y", "urn:two")], tmp_path)
    assert manifest == manifest_of(current(tmp_path))
    assert manifest.triples == 2
    assert manifest.graphs == {"urn:g": 1, "urn:two": 1}
    assert {"ansvarsgraf", "pyoxigraph", "rdflib"} <= manifest.versions.keys()


@pytest.mark.parametrize("step", ["_write", "_sync", "_point"])
def test_a_failure_at_any_step_leaves_the_last_good_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    good = publish([quad("good")], tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, step, full)
    with pytest.raises(OSError, match="No space"):
        publish([quad("new")], tmp_path)
    monkeypatch.undo()
    assert current(tmp_path).name == good.id
    assert list(EmbeddedStore(current(tmp_path)).select("SELECT ?o WHERE { ?s ?p ?o }"))
    assert not list(tmp_path.glob(".new-*"))
    assert publish([quad("new")], tmp_path).id == current(tmp_path).name


def test_what_a_killed_build_left_is_replaced_and_removed(tmp_path: Path) -> None:
    half = tmp_path / content_id(n_quads([quad("x")]))
    half.mkdir(parents=True)
    for left in (".new-left", ".old-left"):
        (tmp_path / left / "store").mkdir(parents=True)
    (tmp_path / ".pointer-left").touch()
    manifest = publish([quad("x")], tmp_path)
    assert current(tmp_path) == half
    assert manifest_of(half) == manifest
    assert {p.name for p in tmp_path.iterdir()} == {"CURRENT", half.name}


def test_what_a_name_stands_for_is_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder is synced with all that is in it; so are the snapshots folder and the pointer."""
    synced: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path)))

    def note_name(path: Path, target: Path) -> None:
        if path.is_dir():
            inside = {str(p.relative_to(tmp_path)) for p in (path, *path.rglob("*"))}
            assert len(inside) > 5
            assert set(synced) == inside
        else:
            assert synced == [".", path.name]
        replace(path, target)
        synced.clear()

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_name)
    publish([quad("x")], tmp_path)
    assert synced == ["."]


def test_old_snapshots_are_tidied_and_the_current_one_kept(tmp_path: Path) -> None:
    for n in range(6):
        publish([quad(str(n))], tmp_path)
    kept = [p for p in tmp_path.iterdir() if p.is_dir()]
    assert len(kept) == module.KEEP
    assert current(tmp_path) in kept


def test_nothing_published_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(NoSnapshotError):
        current(tmp_path)


def test_the_umask_says_who_may_read_a_snapshot(tmp_path: Path) -> None:
    """Who serves may be another user than who builds."""
    before = os.umask(0o022)
    try:
        publish([quad("x")], tmp_path / "snapshots")
    finally:
        os.umask(before)
    for path in (tmp_path / "snapshots").rglob("*"):
        wanted = 0o755 if path.is_dir() else 0o644
        assert path.stat().st_mode & 0o777 == wanted, path


def test_what_cannot_be_read_is_no_missing_snapshot(tmp_path: Path) -> None:
    folder = tmp_path / publish([quad("x")], tmp_path).id
    (folder / "manifest.json").write_text("{")
    with pytest.raises(StoreError):
        manifest_of(current(tmp_path))
    (tmp_path / "CURRENT").unlink()
    (tmp_path / "CURRENT").mkdir()
    with pytest.raises(StoreError):
        current(tmp_path)


def test_a_pointer_that_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    publish([quad("x")], tmp_path)
    (tmp_path / "CURRENT").write_bytes(b"\xff")
    with pytest.raises(StoreError):
        current(tmp_path)
    assert publish([quad("y")], tmp_path).id == current(tmp_path).name
