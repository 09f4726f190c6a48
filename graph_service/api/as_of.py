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

from graph_service.answers import Answers
from graph_service.api.as_of_facts import (
    BOUNDS,
    STATUSES,
    Json,
    ask,
    changes_of,
    cited_between,
    provisions_of,
    works_known,
)
from graph_service.api.as_of_works import NO, SILENT, UNKNOWN, YES, Verdict
from graph_service.vocabulary import ID, ag

#: Changes after which a provision no longer holds under its old number.
GONE = (ag("Moved"), ag("Replaced"))

#: Formats that can carry a verdict: the ontology has no term for one, for no source states it.
FORMATS = ("json", "csv")


def dated_columns(day: str) -> dict[str, str]:
    """The columns that a table has for a day, as paths into an item, with their headings.

    Args:
        day: ISO 8601 date; none of them when it is empty.
    """
    if not day:
        return {}
    return {
        "as_of.held": f"Gjaldt {day}",
        "as_of.reason": "Hvorfor",
        "as_of.rests_on.provision": "Bestemmelse i kilden",
        "as_of.rests_on.then_text": f"Bestemmelse {day}",
        "as_of.changes": "Hvad der er sket med den",
    }


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
            mine = sorted(
                (works[w].held(day) for w in works_of.get(iri, ()) if w in works),
                key=lambda verdict: (verdict[1] == SILENT, verdict),
            )
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
        works: verdicts of the agreements it stands in, those that say something first.
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
            gone = change["in_force"] and change["kind_id"] in GONE
            since = change["effective_from"]
            why = f"{change['kind']} fra {since} ({change['certainty']}): {change['text']}"
            return NO if gone else UNKNOWN, why
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
    if begins:
        return UNKNOWN, f"gælder fra {min(begins)}; om den stadig gjaldt, vides ikke"
    if works:
        return next((w for w in works if w[0] == UNKNOWN), works[0])
    return UNKNOWN, SILENT


def _basis(provision: Json, changes: list[Json], cited: tuple[str, str] | None, day: str) -> Json:
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
            way = "til" if change["kind_id"] == ag("Moved") else "af"
            where = f" {way} {target['label']}" if target else ""
            return answer(NO, f"{change['kind']}{where} {since}", target)
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
