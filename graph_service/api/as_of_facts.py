"""What is known in time of works and laws: the facts behind :mod:`graph_service.api.as_of`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from graph_service.answers import Answers
from graph_service.api.as_of_works import Work
from graph_service.store import Row
from graph_service.store.things import rows_of
from graph_service.vocabulary import ID, ag

Json = dict[str, Any]

#: The first and last day that a thing itself states.
BOUNDS = """
SELECT ?thing ?from ?to WHERE {
  VALUES ?thing { }
  { ?thing ag:validFrom ?from } UNION { ?thing ag:validTo ?to }
}
"""

#: The things that a source states as law.
STATUSES = """
SELECT DISTINCT ?thing WHERE {
  VALUES ?thing { }
  ?thing ag:statement/ag:statementStatus ag:Law .
}
"""

#: The agreements that a thing stands in; an agreement stands in itself.
WORKS = """
SELECT DISTINCT ?thing ?work WHERE {
  VALUES ?thing { }
  { ?thing ag:agreedIn ?work } UNION { ?thing ag:statedIn ?work } UNION {
    ?thing a ag:SourceWork . BIND(?thing AS ?work)
  }
}
"""

#: The events by which a work came into force or ended, unless they are about something else.
EVENTS = """
SELECT DISTINCT ?work ?event ?type ?planned ?start ?end WHERE {
  VALUES ?work { }
  VALUES ?type { ag:Approval ag:EntryIntoForce ag:Start ag:Conclusion ag:End }
  ?work ag:lifecycleEvent ?event .
  ?event ag:eventType ?type .
  OPTIONAL { ?event ag:planned ?planned }
  OPTIONAL { ?event ag:about ?other FILTER(?other != ?work) }
  OPTIONAL { ?event ag:about ?same FILTER(?same = ?work) }
  FILTER(!BOUND(?other) || BOUND(?same))
  ?event ag:when ?date .
  OPTIONAL { ?date ag:notBefore ?start }
  OPTIONAL { ?date ag:notAfter ?end }
}
"""

#: The status of a work, the days on which a source speaks of it, and those of what happened to it.
KNOWN = """
SELECT DISTINCT ?work ?day ?happened ?status WHERE {
  VALUES ?work { }
  { ?work ag:status ?status } UNION {
    ?work ag:referenceDate|dcterms:issued ?day
  } UNION {
    ?work ag:lifecycleEvent ?event .
    ?event ag:planned ag:No ; ag:when/ag:notAfter ?happened .
  } UNION {
    ?initiative ag:concerns ?work ; ag:assessment/ag:round/ag:when/ag:notAfter ?day .
  }
}
"""

#: The provisions that a duty rests on.
PROVISIONS = """
SELECT DISTINCT ?thing ?provision WHERE {
  VALUES ?thing { }
  ?thing ag:legalBasis ?provision .
}
"""

#: The works whose duties rest on a provision or name it.
CITING = """
SELECT DISTINCT ?provision ?work WHERE {
  VALUES ?provision { }
  ?part ag:fallsUnder ?provision .
  ?duty ag:legalBasis|ag:mentionsProvision ?part ; ag:agreedIn|ag:statedIn ?work .
}
"""

#: What has become of a thing, or of the law or provision that it is part of.
CHANGES = """
SELECT DISTINCT ?thing ?changed ?changedLabel ?change ?text ?from ?fromText ?target ?targetLabel
  ?kind ?certainty ?dateCertainty ?targetCertainty ?source WHERE {
  VALUES ?thing { }
  { ?thing ag:fallsUnder ?changed . ?change ag:changes ?changed } UNION {
    ?change ag:about ?thing . BIND(?thing AS ?changed)
  }
  ?changed skos:prefLabel ?changedLabel .
  ?change a ag:LegalChange ; ag:changeText ?text ; ag:changeKind ?kind ; ag:certainty ?certainty ;
    ag:changeSource ?source .
  OPTIONAL { ?change ag:effectiveFrom ?from }
  OPTIONAL { ?change ag:effectiveText ?fromText }
  OPTIONAL { ?change ag:dateCertainty ?dateCertainty }
  OPTIONAL { ?change ag:targetCertainty ?targetCertainty }
  OPTIONAL { ?change ag:changedTo ?target . ?target skos:prefLabel ?targetLabel }
}
"""


def ask(answers: Answers, query: str, things: Iterable[str]) -> Iterable[Row]:
    """The rows of one of these queries for some things, whose IRIs come from the graph."""
    return rows_of(answers.store, query, list(dict.fromkeys(things)))


def provisions_of(answers: Answers, things: list[str]) -> dict[str, list[str]]:
    """Thing → the provisions it rests on; a provision rests on itself."""
    found: dict[str, list[str]] = {i: [i] for i in things if i.startswith(f"{ID}law/")}
    others = [i for i in things if i not in found]
    for row in ask(answers, PROVISIONS, others):
        found.setdefault(row["thing"].value, []).append(row["provision"].value)
    return {iri: sorted(set(found[iri])) for iri in found}


def works_known(
    answers: Answers, things: list[str]
) -> tuple[dict[str, list[str]], dict[str, Work]]:
    """Thing → its agreements (an agreement is its own), and what is known of each in time."""
    works_of: dict[str, list[str]] = defaultdict(list)
    for row in ask(answers, WORKS, things):
        works_of[row["thing"].value].append(row["work"].value)
    names = list(dict.fromkeys(w for found in works_of.values() for w in found))
    works = {name: Work() for name in names}
    for row in ask(answers, EVENTS, names):
        work = works[row["work"].value]
        span = tuple(row[n].value if n in row else "" for n in ("start", "end"))
        if not any(span):
            continue
        begin, end = span
        planned = "planned" not in row or row["planned"].value == ag("Yes")
        if row["type"].value == ag("End"):
            (work.planned_ends if planned else work.ends).append((begin, end))
        else:
            (work.planned if planned else work.begins).append((begin, end))
    for row in ask(answers, KNOWN, names):
        work = works[row["work"].value]
        if "day" in row:
            work.spoken_of.append(row["day"].value)
        if "happened" in row:
            work.happened.append(row["happened"].value)
        if "status" in row:
            work.status.add(row["status"].value.rpartition("#")[2])
    return works_of, works


def cited_between(answers: Answers, provisions: list[str]) -> dict[str, tuple[str, str]]:
    """Provision → first and last day on which a dated source is known to cite it."""
    if not provisions:
        return {}
    rows = [(row["provision"].value, row["work"].value) for row in ask(answers, CITING, provisions)]
    _, works = works_known(answers, list(dict.fromkeys(w for _, w in rows)))
    days: dict[str, list[str]] = defaultdict(list)
    for provision, name in rows:
        work = works.get(name, Work())
        days[provision] += [d for d in (work.earliest, work.horizon) if d]
    return {p: (min(found), max(found)) for p, found in days.items() if found}


def add_history(answers: Answers, items: Iterable[Json]) -> None:
    """Add ``history`` to provisions: what has become of each, or of what it is part of, in time."""
    provisions = {item["iri"]: item for item in items if item["iri"].startswith(f"{ID}law/")}
    changes = changes_of(answers, list(provisions), day="") if provisions else {}
    for iri, item in provisions.items():
        of_any_day = ({k: v for k, v in c.items() if k != "in_force"} for c in changes.get(iri, ()))
        item["history"] = list(of_any_day)


def changes_of(answers: Answers, things: list[str], day: str) -> dict[str, list[Json]]:
    """Thing → what has become of it or of what it is part of, in time, each with its source."""
    found: dict[str, dict[str, Json]] = defaultdict(dict)
    for row in ask(answers, CHANGES, list(dict.fromkeys(things))):
        value = {name: term.value for name, term in row.items()}
        since = value.get("from") or value.get("fromText")
        kind = answers.label_of_term(value["kind"])
        label = f"{value['changedLabel']}: {kind} fra {since or 'ukendt dag'}: {value['text']}"
        found[value["thing"]][value["change"] + value.get("target", "")] = {
            "iri": value["change"],
            "label": label,
            "provision": {
                "iri": value["changed"],
                "id": value["changed"].rpartition("/")[2],
                "label": value["changedLabel"],
            },
            "kind": kind,
            "kind_id": value["kind"],
            "effective_from": since,
            "in_force": _in_force(value.get("from"), value.get("fromText"), day),
            "changed_to": (
                {
                    "iri": value["target"],
                    "id": value["target"].rpartition("/")[2],
                    "label": value["targetLabel"],
                }
                if "target" in value
                else None
            ),
            "text": value["text"],
            "certainty": answers.label_of_term(value["certainty"]),
            "date_certainty": (
                answers.label_of_term(value["dateCertainty"]) if "dateCertainty" in value else None
            ),
            "target_certainty": (
                answers.label_of_term(value["targetCertainty"])
                if "targetCertainty" in value
                else None
            ),
            "source": value["source"],
        }
    return {
        iri: sorted(changes.values(), key=lambda c: (c["effective_from"] or "", c["iri"]))
        for iri, changes in found.items()
    }


def _in_force(since: str | None, words: str | None, day: str) -> bool | None:
    """Whether a change had taken effect; None when the day is not known well enough."""
    if since:
        return since <= day
    if words and len(words) == 4 and words.isdigit():
        if day < f"{words}-01-01":
            return False
        return True if day > f"{words}-12-31" else None
    return None
