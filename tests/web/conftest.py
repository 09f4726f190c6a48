"""A client over the project's own graph, and one over a small graph with hostile labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyoxigraph as ox
import pytest
from fastapi.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.build.publish import publish
from graph_service.settings import Settings
from graph_service.vocabulary import AG, ID, RDF, SKOS, graph

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-encoding": "gzip"}
#: What a hostile source could have written as a name.
HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)> & {{ 7*7 }}"


@pytest.fixture(scope="session")
def client(settings: Settings) -> Iterator[TestClient]:
    """The application as a browser meets it."""
    yield TestClient(create_app(settings), headers=BROWSER, follow_redirects=False)


@pytest.fixture(scope="session")
def hostile(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """The application over a few things whose every text is hostile."""
    snapshots = tmp_path_factory.mktemp("hostile")
    name = ox.NamedNode(graph("doc/hostile"))
    text = ox.Literal(HOSTILE, language="da")
    kinds = {
        "responsibility": ("Responsibility",),
        "agreement": ("Agreement", "SourceWork", "CooperationAgreement"),
        "actor": ("Actor", "GenericActor"),
        "body": ("Actor", "Body", "FollowUpGroup"),
        "initiative": ("Initiative",),
        "event": ("Event",),
        "situation": ("PathwayPhase",),
        "message-flow": ("MessageFlow",),
        "finding": ("ReviewFinding",),
        "contradiction": ("Contradiction",),
        "document": ("Document",),
        "remark": ("Remark",),
        "statement": ("Statement",),
        "assessment": ("Assessment",),
        "date": ("StatedDate",),
    }
    quads = []

    def say(kind: str, predicate: str, value: ox.NamedNode | ox.Literal) -> None:
        subject = ox.NamedNode(f"{ID}{kind}/x")
        quads.append(ox.Quad(subject, ox.NamedNode(predicate), value, name))

    for kind, classes in kinds.items():
        for class_ in classes:
            say(kind, RDF + "type", ox.NamedNode(AG + class_))
        say(kind, SKOS + "prefLabel", text)
        say(kind, "http://purl.org/dc/terms/description", text)
        say(kind, SKOS + "altLabel", text)
    for kind, predicate, target in (
        ("responsibility", "bearer", "actor"),
        ("responsibility", "heldBy", "actor"),
        ("responsibility", "agreedIn", "agreement"),
        ("responsibility", "phase", "situation"),
        ("responsibility", "statement", "statement"),
        ("message-flow", "sender", "actor"),
        ("message-flow", "receiver", "body"),
        ("message-flow", "agreedIn", "agreement"),
        ("initiative", "followUpGroup", "body"),
        ("initiative", "assessment", "assessment"),
        ("event", "about", "initiative"),
        ("event", "byBody", "body"),
        ("event", "when", "date"),
        ("remark", "about", "initiative"),
        ("finding", "thing", "initiative"),
        ("contradiction", "between", "agreement"),
    ):
        say(kind, AG + predicate, ox.NamedNode(f"{ID}{target}/x"))
    for kind, predicate in (
        ("responsibility", "trigger"),
        ("responsibility", "deadlineText"),
        ("assessment", "rationale"),
        ("assessment", "decisionWord"),
        ("finding", "explanation"),
        ("finding", "suggestion"),
        ("remark", "remarkText"),
        ("date", "asStated"),
        ("message-flow", "trigger"),
        ("message-flow", "deadlineText"),
    ):
        say(kind, AG + predicate, text)
    day = ox.Literal("2019-02-01", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#date"))
    for bound in ("notBefore", "notAfter"):
        say("date", AG + bound, day)
    say("event", AG + "planned", ox.NamedNode(AG + "Yes"))
    say("statement", AG + "statementStatus", ox.NamedNode(AG + "Agreed"))
    say("statement", AG + "modality", ox.NamedNode(AG + "Must"))
    say("responsibility", AG + "modality", ox.NamedNode(AG + "Must"))
    publish(quads, snapshots)
    app = create_app(replace(settings, snapshots=snapshots))
    return TestClient(app, headers=BROWSER, follow_redirects=False)
