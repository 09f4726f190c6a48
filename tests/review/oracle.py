"""The oracle: what a coordination group found by hand in the follow-up groups' tables.

``python tests/review/oracle.py`` prints all findings beyond the remarks with their passages, and adds
those that tests/review/judgements.json does not have yet, without a verdict. Whoever judges must not
have written the rules or mended what they found: ``right`` when every statement of the finding is true
and a secretary has use of it.

The file has the verdicts as they were given, also where the finding has been mended or has gone since.
They are of 26 November 2026: three judges read all 111 findings, each every third, 104 right. Before,
three others had read all 130 that there were then, 106 right; 18 causes were mended, six findings are
told in other words. Earlier samples of 60, by other judges, had 55, 52 and 54 right.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from graph_service.build import assemble
from graph_service.build.findings import find
from graph_service.build.load import Sources, load
from graph_service.build.passages import read_address
from graph_service.findings import documents
from graph_service.settings import PROJECT, Settings
from graph_service.vocabulary import ID, RDF, ag, expand

HERE = Path(__file__).parent
ORACLE = HERE / "oracle.json"
JUDGEMENTS = HERE / "judgements.json"
#: The file with the coordination group's remarks, and the lines that only they fill.
REMARKS = "data/initiatives/koordinationsgruppens-bemaerkninger.ttl"
REMARK_LINES = ("004_576de8b26970a828", 3373, 3660)


def table() -> list[dict[str, Any]]:
    """The coordination group's remarks: derivable or not, why, and which findings hit them."""
    remarks: list[dict[str, Any]] = json.loads(ORACLE.read_text(encoding="utf-8"))["remarks"]
    return remarks


def without_remarks(sources: Sources) -> Sources:
    """The sources as they were before the coordination group read them.

    Left out: its file, all remarks, and whatever stands on its lines alone. Kept of its file: the
    meetings, because the tables were made for one and its date is in every agenda.
    """
    cited: dict[str, set[str]] = defaultdict(set)
    types: dict[str, set[str]] = defaultdict(set)
    dates: dict[str, set[str]] = defaultdict(set)
    for quad in sources.quads:
        subject, value = (
            str(getattr(quad.subject, "value", "")),
            str(getattr(quad.object, "value", "")),
        )
        match quad.predicate.value:
            case p if p == ag("evidence"):
                cited[subject].add(value)
            case p if p == RDF + "type":
                types[subject].add(value)
            case p if p == ag("when"):
                dates[subject].add(value)
    meetings = {s for s in types if ag("Meeting") in types[s]}
    kept = meetings | {d for s in meetings for d in dates[s]}
    file, first, last = REMARK_LINES

    def theirs(passage: str) -> bool:
        address = read_address(passage)
        return (
            address is not None and address[0] == file and first <= address[1] <= address[2] <= last
        )

    gone = {
        s
        for s in types.keys() | sources.origin.keys()
        if s not in kept
        and (
            sources.origin.get(s) == REMARKS
            or ag("Remark") in types[s]
            or (cited[s] and all(theirs(p) for p in cited[s]))
        )
    }
    quads = {
        q
        for q in sources.quads
        if not {str(getattr(t, "value", "")) for t in (q.subject, q.object)} & gone
        and not (
            q.predicate.value == ag("evidence") and theirs(str(getattr(q.object, "value", "")))
        )
    }
    return Sources(quads, sources.origin, sources.shapes)


def findings_of(sources: Sources) -> tuple[set[ox.Triple], dict[str, tuple[str, frozenset[str]]]]:
    """The triples of the findings, and finding → (rule id, IRIs of what it is about)."""
    found = {
        q.triple for q in find((q.triple for q in assemble(sources)), sources.shapes["review"])
    }
    about: dict[str, set[str]] = defaultdict(set)
    rule: dict[str, str] = {}
    for t in found:
        subject, value = str(getattr(t.subject, "value", "")), str(getattr(t.object, "value", ""))
        if t.predicate.value == ag("about"):
            about[subject].add(value)
        elif t.predicate.value == ag("rule"):
            rule[subject] = value.rpartition("/")[2]
    return found, {f: (rule[f], frozenset(about[f])) for f in rule}


def expected(hit: dict[str, Any]) -> tuple[str, frozenset[str]]:
    """A hit of the table in the form of :func:`findings_of`."""
    return hit["rule"], frozenset(expand(name) for name in hit["about"])


def beyond(keyed: dict[str, tuple[str, frozenset[str]]]) -> list[str]:
    """The findings that none of the remarks made, sorted."""
    hits = {expected(h) for remark in table() for h in remark.get("hits", ())}
    return sorted(finding for finding, key in keyed.items() if key not in hits)


def main() -> int:
    """Print the findings to be judged with their lines; add those that have no verdict yet."""
    found, keyed = findings_of(load(PROJECT))
    corpus = Settings.from_environment().corpus
    rows = json.loads(JUDGEMENTS.read_text(encoding="utf-8"))
    drawn = beyond(keyed)
    for document in documents(found, drawn):
        print(f"## {document['id']} ({document['severity']}: {document['title']})")
        print(document["explanation"], "\n->", document["suggestion"])
        for passage in document["passages"][:6]:
            print(f"[{passage['document']} {passage['first_line']}-{passage['last_line']}]")
            if corpus is not None:
                lines = (corpus / passage["document"]).read_text(encoding="utf-8").split("\n")
                text = lines[passage["first_line"] - 1 : passage["last_line"]]
                print("\n".join(f"    {line}" for line in text if line.strip()))
        print()
    known = {row["finding"] for row in rows}
    rows += [
        {"finding": name, "verdict": None, "why": ""}
        for finding in drawn
        if (name := finding.removeprefix(ID + "finding/")) not in known
    ]
    rows.sort(key=lambda row: row["finding"])
    JUDGEMENTS.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
