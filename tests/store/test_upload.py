"""Uploading a snapshot to services that take it, refuse it, or take half of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pyoxigraph as ox
import pytest

from graph_service.build.publish import POINTER, current, publish
from graph_service.settings import PROJECT, Settings
from graph_service.store import StoreError
from graph_service.store import upload as module
from graph_service.store.remote import merged_graph
from graph_service.store.upload import upload

NAME = ox.NamedNode("https://w3id.org/ansvarsgraf/graph/doc/x")
P = ox.NamedNode("http://x/p")


def quads(text: str, count: int = 5) -> list[ox.Quad]:
    made = [
        ox.Quad(
            ox.NamedNode(f"http://x/{n}"),
            P,
            ox.Literal(f"{text}\nto _: linjer", language="da"),
            NAME,
        )
        for n in range(count)
    ]
    blank = ox.BlankNode("b")
    return [*made, ox.Quad(made[-1].subject, P, blank, NAME), ox.Quad(blank, P, P, NAME)]


class Service:
    """A SPARQL service in memory; its Graph Store refuses when told to."""

    def __init__(self) -> None:
        self.store = ox.Store()
        self.refuse_after = 1000
        self.lose = False
        self.refuse_delete = False
        self.requests: list[str] = []
        self.transport = httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/sparql":
            form = parse_qs(request.content.decode())
            default: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] = [
                ox.NamedNode(g) for g in form["default-graph-uri"]
            ]
            found = self.store.query(form["query"][0], default_graph=default)
            assert isinstance(found, ox.QuerySolutions)
            return httpx.Response(200, content=found.serialize(format=ox.QueryResultsFormat.JSON))
        graph = ox.NamedNode(request.url.params["graph"])
        self.requests.append(f"{request.method} {graph.value.rpartition('/')[2]}")
        if request.method == "DELETE":
            if self.refuse_delete:
                return httpx.Response(500)
            known = self.store.contains_named_graph(graph)
            self.store.remove_graph(graph)
            return httpx.Response(200 if known else 404)
        if sum(r.startswith("POST") for r in self.requests) > self.refuse_after:
            return httpx.Response(507)
        lines = request.content
        if self.lose:
            lines = lines[: lines.index(b"\n") + 1]
        self.store.load(lines, format=ox.RdfFormat.N_TRIPLES, to_graph=graph)
        return httpx.Response(201)

    def graphs(self) -> set[str]:
        names = (str(g.value) for g in self.store.named_graphs() if isinstance(g, ox.NamedNode))
        return {
            name
            for name in names
            if list(self.store.quads_for_pattern(None, None, None, ox.NamedNode(name)))
        }


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(module, "CHUNK", 2)
    return Service()


@pytest.fixture
def made(tmp_path: Path) -> Settings:
    return Settings(
        PROJECT,
        tmp_path / "snapshots",
        None,
        store="http://store/sparql",
        store_graphs="http://store/graphs",
    )


def put(settings: Settings, service: Service, text: str) -> str:
    """Publish as ``build --publish`` does; gives the snapshot's id."""
    before = lambda folder: upload(settings, folder, transport=service.transport)  # noqa: E731
    return publish(quads(text), settings.snapshots, before).id


def test_all_triples_arrive_in_a_graph_of_their_own(made: Settings, service: Service) -> None:
    first = put(made, service, "en")
    assert service.graphs() == {merged_graph(first)}
    # The blank node that two lines name is one and the same there.
    joined = "SELECT ?s { GRAPH ?g { ?s ?p ?b . ?b ?q ?o } }"
    assert len(list(service.store.query(joined))) == 1  # type: ignore[arg-type]
    assert len(list(service.store)) == 7


def test_a_graph_stays_as_long_as_its_folder(made: Settings, service: Service) -> None:
    """So a server that has not swapped, and one that goes back, finds what it asks."""
    names = [put(made, service, text) for text in ("en", "to", "tre")]
    assert service.graphs() == set(map(merged_graph, names))
    other = ox.NamedNode("http://others/graph")
    service.store.add(ox.Quad(P, P, P, other))
    names = [*names[1:], put(made, service, "fire")]
    assert service.graphs() == {other.value, *map(merged_graph, names)}
    assert {p.parent.name for p in made.snapshots.glob("*/manifest.json")} == set(names)


def test_the_graph_that_was_in_service_until_now_stays_however_old(
    made: Settings, service: Service
) -> None:
    first, second, third = (put(made, service, text) for text in ("en", "to", "tre"))
    (made.snapshots / POINTER).write_text(first)
    fourth = put(made, service, "fire")
    assert service.graphs() == set(map(merged_graph, (first, third, fourth)))
    assert {p.parent.name for p in made.snapshots.glob("*/manifest.json")} == {first, third, fourth}
    assert second not in (first, third, fourth)


def test_an_older_graph_goes_also_when_the_new_one_is_there_already(
    made: Settings, service: Service, tmp_path: Path
) -> None:
    fourth = put(replace(made, snapshots=tmp_path / "elsewhere"), service, "fire")
    first, *kept = (put(made, service, text) for text in ("en", "to", "tre"))
    assert put(made, service, "fire") == fourth
    assert service.graphs() == set(map(merged_graph, (*kept, fourth)))
    assert service.requests[-1] == f"DELETE {first}"


def test_a_graph_that_stays_against_our_will_is_told_of(made: Settings, service: Service) -> None:
    first, *_ = (put(made, service, text) for text in ("en", "to", "tre", "fire"))
    service.store.add(ox.Quad(P, P, P, ox.NamedNode(merged_graph(first))))
    (made.snapshots / first).mkdir()
    (made.snapshots / first / "manifest.json").touch()
    os.utime(made.snapshots / first, (0, 0))
    service.refuse_delete = True
    told: list[str] = []
    upload(made, current(made.snapshots), tell=told.append, transport=service.transport)
    assert f"vil ikke slippe {merged_graph(first)}: fjern den graf selv" in told[-1]


def test_a_graph_that_is_there_whole_is_not_touched(made: Settings, service: Service) -> None:
    put(made, service, "en")
    service.requests.clear()
    put(made, service, "en")
    assert service.requests == []


def test_a_failed_upload_leaves_the_old_and_drops_the_half(
    made: Settings, service: Service
) -> None:
    first = put(made, service, "en")
    service.requests.clear()
    service.refuse_after = 2
    with pytest.raises(StoreError, match="507"):
        put(made, service, "to")
    assert service.graphs() == {merged_graph(first)}
    assert current(made.snapshots).name == first
    service.refuse_after = 1000
    second = put(made, service, "to")
    assert service.graphs() == {merged_graph(first), merged_graph(second)}


def test_a_service_that_loses_triples_is_found_out(made: Settings, service: Service) -> None:
    service.lose = True
    with pytest.raises(StoreError, match="of 7 triples"):
        put(made, service, "en")
    assert service.graphs() == set()


def test_what_could_not_be_dropped_goes_the_next_time(made: Settings, service: Service) -> None:
    first, second = put(made, service, "en"), put(made, service, "to")
    service.refuse_delete = True
    with pytest.raises(StoreError, match="DELETE"):
        put(made, service, "tre")
    assert current(made.snapshots).name == second
    service.refuse_delete = False
    service.store.add(ox.Quad(P, P, P, ox.NamedNode(merged_graph(first))))
    names = (second, *(put(made, service, text) for text in ("tre", "fire")))
    assert service.graphs() == set(map(merged_graph, names))


def test_what_another_installation_put_there_stays(
    made: Settings, service: Service, tmp_path: Path
) -> None:
    theirs = put(replace(made, snapshots=tmp_path / "theirs"), service, "deres")
    for text in ("en", "to", "tre", "fire"):
        put(made, service, text)
    assert merged_graph(theirs) in service.graphs()
    assert len(service.graphs()) == 4


def test_without_addresses_nothing_is_sent(made: Settings, service: Service) -> None:
    folder = made.snapshots
    for lacking in (replace(made, store_graphs=""), replace(made, store="embedded")):
        with pytest.raises(ValueError, match="ANSVARSGRAF_STORE"):
            upload(lacking, folder, transport=service.transport)
    assert service.requests == []
