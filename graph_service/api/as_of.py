"""Whether something held on a day, on which provision it rested then, and what has become of it.

Only what the sources and the external facts say counts. A duty, an agreement or a provision held
(``yes``) between days that are known; it did not (``no``) before it can have begun, after it is
known to have ended, or once a provision is known to be moved or replaced; everything else is
``unknown``, with the reason in words. Nothing is guessed: what was merely planned to end may have
gone on, and a text that was approved may have been given up since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph_service.answers import Answers
from graph_service.api.as_of_facts import (
    BOUNDS,
    CHANGES,
    EVENTS,
    KNOWN,
    PROVISIONS,
    STATUSES,
    WORKS,
    ask,
)
from graph_service.vocabulary import ID, ag

YES, NO, UNKNOWN = "yes", "no", "unknown"
#: Changes after which a provision no longer holds under its old number.
GONE = (ag("Moved"), ag("Replaced"))
FAR = "9999-12-31"

Verdict = tuple[str, str]
Json = dict[str, Any]


@dataclass
class Work:
    """What is known of an agreement in time; days as ISO 8601.

    Attributes:
        begins: earliest and latest day of each event by which it came into force.
        planned: the same of those that were only planned.
        ends, planned_ends: the same of its ends.
        spoken_of: days on which a source speaks of it as existing.
        status: names of ``ag:status`` values.
    """

    begins: list[tuple[str, str]] = field(default_factory=list)
    planned: list[tuple[str, str]] = field(default_factory=list)
    ends: list[tuple[str, str]] = field(default_factory=list)
    planned_ends: list[tuple[str, str]] = field(default_factory=list)
    spoken_of: list[str] = field(default_factory=list)
    status: set[str] = field(default_factory=set)

    @property
    def earliest(self) -> str:
        """The first day on which it can have existed, or empty."""
        return min([b for b, _ in self.begins + self.planned if b] + self.spoken_of, default="")

    @property
    def horizon(self) -> str:
        """The last day on which something is known of it, or empty."""
        return max([e for _, e in self.begins if e] + self.spoken_of, default="")

    def held(self, day: str) -> Verdict:
        """Whether it was in force on a day."""
        first = min((b for b, _ in self.begins + self.planned if b), default="")
        unbounded = any(not b for b, _ in self.begins + self.planned)
        sure = min((e for _, e in self.begins if e), default="")
        if first and not unbounded and day < first:
            return NO, f"kan tidligst være trådt i kraft {first}"
        if self.ends and day > max((e or FAR) for _, e in self.ends):
            return NO, f"ophørte senest {max(e for _, e in self.ends)}"
        end = min((b for b, _ in self.ends + self.planned_ends if b), default="")
        if sure and sure <= day and end and day < end:
            return YES, f"i kraft senest {sure}; ophør tidligst {end}"
        reach = self.horizon if "InForce" in self.status or sure else ""
        if sure and sure <= day <= reach and not (end and day >= end):
            return YES, f"i kraft senest {sure}; omtalt endnu {reach}"
        if day in self.spoken_of and "InForce" in self.status:
            return YES, "kilden er fra den dag og omtaler den som gældende"
        if sure and day >= sure:
            last = max((e for _, e in self.planned_ends if e), default="")
            if last and day > last:
                return UNKNOWN, f"skulle ophøre senest {last}; om det skete, vides ikke"
            return UNKNOWN, f"i kraft senest {sure}; om den stadig gjaldt, vides ikke"
        if first and day >= first:
            return UNKNOWN, f"kan være trådt i kraft fra {first}; om det var sket, vides ikke"
        return UNKNOWN, "kilderne siger ikke, hvad der gjaldt den dag"


def held(answers: Answers, things: Iterable[str], day: str) -> list[Json]:
    """For each thing: held on ``day`` yes, no or unknown, why, and on which provisions.

    Args:
        things: IRIs of responsibilities, agreements or provisions.
        day: ISO 8601 date.

    Returns:
        ``{"date", "held", "reason", "rests_on", "changes"}`` in the order of ``things``. Each
        member of ``rests_on`` has ``provision`` (as the source cites it), ``held``, ``reason``,
        and ``then``: the provision it rested on that day, or None where that is not known.
    """
    wanted = list(dict.fromkeys(things))
    if not wanted:
        return []
    bases = provisions_of(answers, wanted)
    provisions = list(dict.fromkeys(p for found in bases.values() for p in found))
    changes = changes_of(answers, [*wanted, *provisions], day)
    cited = cited_between(answers, provisions)
    labels = answers.labels(provisions)
    works_of, works = works_known(answers, wanted)
    bounds: dict[str, dict[str, list[str]]] = {i: defaultdict(list) for i in wanted}
    for row in ask(answers, BOUNDS, wanted):
        for name in ("from", "to"):
            if name in row:
                bounds[row["thing"].value][name].append(row[name].value)
    lawful = {row["thing"].value for row in ask(answers, STATUSES, wanted)}
    verdicts = {}
    for iri in wanted:
        rests_on = [
            _basis(answers.reference(p, labels), changes.get(p, []), cited.get(p), day)
            for p in bases.get(iri, ())
        ]
        own = changes.get(iri, []) if iri not in bases.get(iri, ()) else []
        if iri.startswith(f"{ID}law/"):
            verdict = (rests_on[0]["held"], rests_on[0]["reason"])
        else:
            mine = [works[w].held(day) for w in works_of.get(iri, ()) if w in works]
            verdict = _duty(bounds[iri], mine, rests_on, iri in lawful, own, day)
        flat = [c for p in bases.get(iri, ()) for c in changes.get(p, [])] + own
        verdicts[iri] = {
            "date": day,
            "held": verdict[0],
            "reason": verdict[1],
            "rests_on": rests_on,
            "changes": list({(c["iri"], c["provision"]["iri"]): c for c in flat}.values()),
        }
    return [verdicts[iri] for iri in things]


def _duty(
    bounds: Mapping[str, list[str]],
    works: list[Verdict],
    rests_on: list[Json],
    lawful: bool,
    own: list[Json],
    day: str,
) -> Verdict:
    """Whether a responsibility or an agreement held.

    Args:
        bounds: its own first and last days.
        works: verdicts of the agreements it stands in.
        rests_on: its provisions.
        lawful: a source states it as law, so it does not need the agreement.
        own: changes that are about the thing itself.
    """
    begins, ends = bounds.get("from", []), bounds.get("to", [])
    if begins and day < min(begins):
        return NO, f"gælder først fra {min(begins)}"
    if ends and day > max(ends):
        return NO, f"gjaldt til {max(ends)}"
    if works and not lawful and all(v == NO for v, _ in works):
        return works[0]
    for change in own:
        if change["in_force"] is not False:
            since = change["effective_from"]
            return UNKNOWN, f"{change['text']} (fra {since}; {change['certainty']})"
    shaky = [b for b in rests_on if b["held"] == UNKNOWN or not b["then"]]
    moved = [b for b in rests_on if b["held"] == NO and b["then"]]
    if rests_on and shaky:
        return UNKNOWN, f"{shaky[0]['provision']['label']}: {shaky[0]['reason']}"
    if lawful and rests_on:
        why = moved[0]["reason"] if moved else rests_on[0]["reason"]
        return YES, why
    if begins and ends:
        return YES, f"gælder {min(begins)} til {max(ends)}"
    sure = next((w for w in works if w[0] == YES), None)
    if sure:
        return sure
    if works:
        return works[0]
    return UNKNOWN, "kilderne siger ikke, hvad der gjaldt den dag"


def _basis(
    provision: Json, changes: list[Json], cited: tuple[str, str] | None, day: str
) -> Json:
    """What a provision was on a day: ``{"provision", "held", "reason", "then", "changes"}``."""

    def answer(verdict: str, reason: str, then: Json | None) -> Json:
        return {
            "provision": provision,
            "held": verdict,
            "reason": reason,
            "then": then,
            "then_text": then["label"] if then else "vides ikke",
            "changes": changes,
        }

    first, last = cited or ("", "")
    done = [c for c in changes if c["in_force"]]
    maybe = [c for c in changes if c["in_force"] is None]
    for change in done:
        since = f"fra {change['effective_from']} ({change['date_certainty'] or 'dato uden kilde'})"
        if change["kind_id"] in GONE:
            target = change["changed_to"]
            words = f"{change['kind']} til {target['label']} {since}" if target else (
                f"{change['kind']} {since}"
            )
            return answer(NO, words, target)
        return answer(UNKNOWN, f"{change['kind']} {since}: {change['text']}", None)
    if maybe:
        return answer(UNKNOWN, f"ændret, men dagen kendes ikke: {maybe[0]['text']}", None)
    if first and day < first:
        return answer(UNKNOWN, f"den første kilde, der henviser hertil, er fra {first}", None)
    if changes:
        until = min(c["effective_from"] for c in changes)
        if first:
            return answer(YES, f"som kilderne citerer den, indtil {until}", provision)
        return answer(UNKNOWN, f"ændres {until}; hvornår den blev citeret, vides ikke", provision)
    if first and day <= last:
        return answer(YES, f"citeret {first} til {last}; ingen ændring kendes", provision)
    return answer(UNKNOWN, "intet vides om bestemmelsen den dag", None)


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
        if "status" in row:
            work.status.add(row["status"].value.rpartition("#")[2])
    return works_of, works


def cited_between(answers: Answers, provisions: list[str]) -> dict[str, tuple[str, str]]:
    """Provision → first and last day on which a dated source is known to cite it."""
    if not provisions:
        return {}
    rows = [(row["provision"].value, row["work"].value) for row in answers.store.select(
        "SELECT DISTINCT ?provision ?work WHERE { VALUES ?provision { "
        + " ".join(f"<{p}>" for p in provisions)
        + " } ?part eli:is_part_of* ?provision . ?duty ag:legalBasis|ag:mentionsProvision ?part ; "
        "ag:agreedIn|ag:statedIn ?work }"
    )]
    _, works = works_known(answers, list(dict.fromkeys(w for _, w in rows)))
    days: dict[str, list[str]] = defaultdict(list)
    for provision, name in rows:
        work = works.get(name, Work())
        days[provision] += [d for d in (work.earliest, work.horizon) if d]
    return {p: (min(found), max(found)) for p, found in days.items() if found}


def changes_of(answers: Answers, things: list[str], day: str) -> dict[str, list[Json]]:
    """Thing → what has become of it or of what it is part of, each with its source."""
    found: dict[str, dict[str, Json]] = defaultdict(dict)
    for row in ask(answers, CHANGES, list(dict.fromkeys(things))):
        value = {name: term.value for name, term in row.items()}
        since = value.get("from") or value.get("fromText")
        found[value["thing"]][value["change"] + value.get("target", "")] = {
            "iri": value["change"],
            "provision": {"iri": value["changed"], "id": value["changed"].rpartition("/")[2],
                          "label": value["changedLabel"]},
            "kind": answers.label_of_term(value["kind"]),
            "kind_id": value["kind"],
            "effective_from": since,
            "in_force": _in_force(value.get("from"), value.get("fromText"), day),
            "changed_to": (
                {"iri": value["target"], "id": value["target"].rpartition("/")[2],
                 "label": value["targetLabel"]}
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
    return {iri: list(changes.values()) for iri, changes in found.items()}


def _in_force(since: str | None, words: str | None, day: str) -> bool | None:
    """Whether a change had taken effect; None when the day is not known well enough."""
    if since:
        return since <= day
    if words and len(words) == 4 and words.isdigit():
        if day < f"{words}-01-01":
            return False
        return True if day > f"{words}-12-31" else None
    return None
