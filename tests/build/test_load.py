"""The project's Turtle is read whole, and errors name their place."""

from pathlib import Path

import pyoxigraph as ox
import pytest

from graph_service.build.load import TurtleError, graph_of, load, parse_file


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("ontology/ag.ttl", "ontology"),
        ("ontology/concepts/modality.ttl", "concepts"),
        ("data/actors.ttl", "actors"),
        ("data/bodies.ttl", "actors"),
        ("data/laws.ttl", "laws"),
        ("data/external/kommunekoder.ttl", "external"),
        ("data/initiatives/forebyggelse.ttl", "initiatives"),
        ("data/concepts/tasks.ttl", "concepts"),
        ("data/ptsd.ttl", "doc/ptsd"),
    ],
)
def test_a_file_has_its_graph_from_its_place(path: str, name: str) -> None:
    assert graph_of(Path(path)) == f"https://w3id.org/ansvarsgraf/graph/{name}"


def test_a_syntax_error_names_file_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "broken.ttl"
    file.write_text("@prefix ag: <https://w3id.org/ansvarsgraf/def#> .\nag:a ag:b ag:c\nag:d .\n")
    with pytest.raises(TurtleError) as caught:
        list(parse_file(file, "data/broken.ttl"))
    assert caught.value.file == "data/broken.ttl"
    assert caught.value.line == 3
    assert caught.value.column >= 1
    assert "data/broken.ttl, linje 3, kolonne" in str(caught.value)


def test_blank_nodes_have_the_same_names_each_time(tmp_path: Path) -> None:
    text = "@prefix a: <http://a/> .\na:x a:p ( a:y [ a:q _:b ] ) . _:b a:q a:z .\n"
    for name in ("one.ttl", "two.ttl"):
        (tmp_path / name).write_text(text)
    first, again, other = (
        list(parse_file(tmp_path / file, f"ontology/{file}"))
        for file in ("one.ttl", "one.ttl", "two.ttl")
    )
    assert first == again
    nodes = [
        {t for triple in made for t in (triple.subject, triple.object) if type(t) is ox.BlankNode}
        for made in (first, other)
    ]
    assert [len(found) for found in nodes] == [4, 4]
    assert not nodes[0] & nodes[1]


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    file = tmp_path / "latin.ttl"
    file.write_bytes(b'<urn:a> <urn:b> "\xe6" .\n')
    with pytest.raises(TurtleError) as caught:
        list(parse_file(file, "data/latin.ttl"))
    assert caught.value.file == "data/latin.ttl"


def test_a_project_without_data_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path)
