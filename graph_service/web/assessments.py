"""What the follow-up groups decided: initiatives with their assessments, counted and ordered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from graph_service.answers import Answers
from graph_service.web.events import of_things
from graph_service.web.items import Item, first, ids, of_type

DECISIONS = ("Continue", "ContinueIf", "Discontinue", "NoDecision", "Undecided")


def initiatives(answers: Answers) -> list[Item]:
    """Every initiative, by group and place in its table."""
    found = of_type(answers, "Initiative", "initiative")
    return sorted(found, key=lambda i: (group_of(i)[0][1], int(first(i, "order", 999)), i["label"]))


def assessment_of(item: Item) -> Mapping[str, Any]:
    """The group's assessment of an initiative; empty when there is none."""
    found: Mapping[str, Any] = first(item, "assessment", {})
    return found


def group_of(item: Item) -> list[tuple[str, str]]:
    """The follow-up group as id and name."""
    return ids(item, "follow_up_group") or [("ingen", "Uden følgegruppe i tabellerne")]


def decision_of(item: Item, name: str = "decision") -> list[tuple[str, str]]:
    """The decision printed, or what it amounts to, as id and word."""
    return ids(assessment_of(item), name) or [("ingen", "ikke vurderet")]


def years_of(item: Item) -> list[tuple[str, str]]:
    """The years that the column about special focus names."""
    return [(str(y), str(y)) for y in assessment_of(item).get("focus_year", ())]


def events_of(answers: Answers, item: Item) -> list[Any]:
    """The dated events of an initiative."""
    milestones = {m["iri"] for m in item.get("milestone", ())}
    return of_things(answers, [item["iri"], *milestones])


def remarks_on(answers: Answers, item: Item) -> list[Item]:
    """The coordination group's remarks on an initiative, with the answers."""
    named = {r["iri"] for r in item.get("remark", ())}
    return [
        r
        for r in of_type(answers, "Remark", "remark")
        if r["iri"] in named or any(a["iri"] == item["iri"] for a in r.get("about", ()))
    ]


def board(items: list[Item]) -> list[tuple[str, str, list[tuple[str, str, list[Item]]]]]:
    """Groups, each with its initiatives by decision."""
    groups: dict[tuple[str, str], dict[str, list[Item]]] = {}
    for item in items:
        decision = decision_of(item)[0][0]
        groups.setdefault(group_of(item)[0], {}).setdefault(decision, []).append(item)
    order = [*DECISIONS, "ingen"]
    return [
        (
            slug,
            name,
            [(d, decision_of(found[d][0])[0][1], found[d]) for d in order if d in found],
        )
        for (slug, name), found in groups.items()
    ]


def totals(items: list[Item]) -> list[tuple[str, list[int], int]]:
    """For each group: how many continue, are discontinued, have no decision, and all of them."""
    rows = []
    for slug, name, columns in board(items):
        counts: Counter[str] = Counter({d: len(found) for d, _, found in columns})
        if slug == "ingen":
            continue
        numbers = [
            counts["Continue"],
            counts["ContinueIf"],
            counts["Discontinue"],
            counts["NoDecision"] + counts["Undecided"],
        ]
        rows.append((name, numbers, sum(numbers)))
    return rows
