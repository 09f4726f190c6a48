"""Small graphs, and the real command that builds and publishes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox

from graph_service.settings import PROJECT, Settings
from graph_service.vocabulary import AG, ID, RDF, SKOS, graph

TURTLE = """\
@prefix ag: <https://w3id.org/ansvarsgraf/def#> .
@prefix body: <https://w3id.org/ansvarsgraf/id/body/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
body:b0 a ag:Body ; skos:prefLabel "{text} 0"@da .
"""


def small(count: int = 3, text: str = "Udvalg") -> list[ox.Quad]:
    """Bodies ``b0``, ``b1``, … with labels."""
    name = ox.NamedNode(graph("doc/x"))
    made = []
    for n in range(count):
        thing = ox.NamedNode(f"{ID}body/b{n}")
        label = ox.Literal(f"{text} {n}", language="da")
        made.append(ox.Quad(thing, ox.NamedNode(RDF + "type"), ox.NamedNode(AG + "Body"), name))
        made.append(ox.Quad(thing, ox.NamedNode(SKOS + "prefLabel"), label, name))
    return made


def small_project(folder: Path, text: str = "Udvalg") -> Path:
    """A project with the real ontology and shapes, and one body as its data."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name in ("ontology", "shapes"):
        if not (folder / name).exists():
            (folder / name).symlink_to(PROJECT / name)
    (folder / "data" / "bodies.ttl").write_text(TURTLE.format(text=text), encoding="utf-8")
    return folder


def ansvarsgraf(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real command, as a user calls it with these settings in the environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ANSVARSGRAF_")}
    for name in ("project", "snapshots", "store", "store_graphs", "store_login", "query_seconds"):
        environment["ANSVARSGRAF_" + name.upper()] = str(getattr(settings, name))
    program = Path(sys.executable).with_name("ansvarsgraf")
    return subprocess.run(
        [str(program), *arguments], env=environment, capture_output=True, text=True, timeout=300
    )
