"""The generated regions: seeded, whole, each by itself, and as valid as the graph they copy."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from bench.generate import SHARED, Template, generate, pieces
from bench.questions import INDEXED, Indexed
from graph_service.answers import Answers
from graph_service.build import load
from graph_service.build.publish import current, manifest_of, merged
from graph_service.build.shapes import ShapesGraph
from graph_service.build.validate import Validator
from graph_service.questions import registry
from graph_service.settings import PROJECT, Settings
from graph_service.store.embedded import EmbeddedStore
from graph_service.store.index import BITS, PROPERTY, Index, found_in
from graph_service.vocabulary import ID
from tests.store.disk import lines_of

pytestmark = pytest.mark.long

REGIONS = 3
THING = re.compile(rb"<" + re.escape(ID.encode()) + rb"([a-z-]+)/([^>]+)>")


@pytest.fixture(scope="module")
def real(settings: Settings) -> Path:
    return current(settings.snapshots)


@pytest.fixture(scope="module")
def made(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("generated")
    generate(real, target, REGIONS)
    return current(target)


@pytest.fixture(scope="module")
def template(real: Path) -> Template:
    return Template.of(real)


def dumped(folder: Path) -> tuple[set[bytes], set[bytes]]:
    """The lines of a snapshot's named graphs and of its default graph."""
    store = ox.Store.read_only(str(folder / "store"))
    named = {
        line[:-1] + f"<{name}> .".encode()
        for name in manifest_of(folder).graphs
        for line in lines_of(store, ox.NamedNode(name))
    }
    return named, set(lines_of(store))


def test_the_first_region_and_what_all_share_are_the_real_graph(
    template: Template, real: Path
) -> None:
    lines = b"".join(pieces(template, 1)).splitlines()
    named, triples = dumped(real)
    assert len(set(lines)) == len(lines)
    assert set(lines) == named
    assert set(merged(b"\n".join(lines)).splitlines()) == triples


def test_what_is_generated_is_published_as_it_is(template: Template, made: Path) -> None:
    """Store and index are written from the pieces, each by itself: they must have the same."""
    given = {line for piece in pieces(template, REGIONS) for line in piece.splitlines()}
    triples = set(merged(b"\n".join(given)).splitlines())
    assert dumped(made) == (given, triples)
    index = Index(made)
    names = dict(index._table.rows("SELECT id, iri FROM properties"))
    texts = dict(index._table.rows("SELECT id, text FROM terms"))
    assert {
        f"{texts[step >> BITS]} <{names[step & PROPERTY]}> {texts[value]} .".encode()
        for step, found in index._table.rows("SELECT step, found FROM forward")
        for value in found_in(found)
    } == triples
    manifest = manifest_of(made)
    assert manifest.triples == len(triples)
    assert sum(manifest.graphs.values()) == len(given)


def test_the_seed_decides_the_dates_and_nothing_else(template: Template) -> None:
    again, other = template.region(1), template.region(1, seed=7)
    assert again == template.region(1)
    assert again != other
    date = rb'(?<=(?:otBefore|notAfter)> ")[0-9-]{10}'
    assert re.sub(date, b"", again) == re.sub(date, b"", other)


def test_a_region_has_nothing_of_another(template: Template) -> None:
    """What a line of region 2 names is region 2's, or shared by all."""
    own, seen = template.region(2), set()
    for kind, name in THING.findall(own):
        mine = name.endswith(b"-r2") or b"_r2/" in name
        assert mine != (kind.decode() in SHARED), (kind, name)
        seen.add(kind.decode())
    assert {"responsibility", "organisation", "agreement", "passage"} <= seen


def test_every_region_is_as_large_as_the_real_one(template: Template, made: Path) -> None:
    store = ox.Store.read_only(str(made / "store"))
    merged = sum(1 for _ in store.quads_for_pattern(None, None, None, ox.DefaultGraph()))
    assert merged == template.shared_triples + REGIONS * template.own_triples


def test_several_regions_together_break_no_shape(made: Path) -> None:
    store = ox.Store.read_only(str(made / "store"))
    merged = ox.Store()
    merged.bulk_extend(
        ox.Quad(q.subject, q.predicate, q.object)
        for q in store.quads_for_pattern(None, None, None, ox.DefaultGraph())
    )
    model = ShapesGraph(load(PROJECT).shapes["model"])
    assert Validator(model).validate(merged) == []


@pytest.mark.parametrize("question", INDEXED, ids=lambda q: q.title)
def test_a_region_answers_as_the_real_graph_does(made: Path, question: Indexed) -> None:
    """The same things under the region's names; limits on dates apart, which the seed moves."""
    answers = Answers(EmbeddedStore(made), registry())

    def rows(region: int) -> list[list[tuple[str, str]]]:
        values = {k: v for k, v in question.values(region).items() if k != "due_before"}
        return sorted(
            sorted((name, re.sub(r"-r\d$", "", term.value)) for name, term in row.items())
            for row in answers.rows(question.name, values)
            if (row.pop("label", None), row.pop("key", None))
        )

    assert rows(0)
    assert rows(1) == rows(2) == rows(0)
