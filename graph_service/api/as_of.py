"""Whether something held on a day, and what its legal basis was then and has become since.

Only what the sources and the external facts say counts: a day before the first thing known or
after the last is ``unknown``, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graph_service.answers import Answers

QUERY = """
SELECT ?thing ?from ?to ?start ?end ?reference WHERE {{
  VALUES ?thing {{ {things} }}
  OPTIONAL {{ ?thing ag:validFrom ?from }}
  OPTIONAL {{ ?thing ag:validTo ?to }}
  OPTIONAL {{
    ?thing ag:agreedIn? ?agreement .
    OPTIONAL {{
      ?agreement ag:lifecycleEvent ?begin .
      ?begin ag:eventType ?beginning ; ag:when/ag:notAfter ?start .
      FILTER(?beginning IN (ag:Approval, ag:Start))
    }}
    OPTIONAL {{
      ?agreement ag:lifecycleEvent ?finish .
      ?finish ag:eventType ag:End ; ag:when/ag:notBefore ?end .
    }}
    OPTIONAL {{ ?agreement ag:referenceDate ?reference }}
  }}
}}
"""

CHANGES = """
SELECT ?thing ?provision ?provisionLabel ?change ?text ?from ?fromText ?target ?targetLabel
       ?kind ?certainty ?dateCertainty ?source WHERE {{
  VALUES ?thing {{ {things} }}
  {{ ?thing ag:legalBasis ?provision }} UNION {{ ?thing eli:is_part_of? ?provision }}
  ?provision a ?any ; skos:prefLabel ?provisionLabel .
  FILTER(STRSTARTS(STR(?provision), STR(law:)))
  ?change a ag:LegalChange ; ag:changes ?provision ; ag:changeText ?text ; ag:changeKind ?kind ;
    ag:certainty ?certainty ; ag:changeSource ?source .
  OPTIONAL {{ ?change ag:effectiveFrom ?from }}
  OPTIONAL {{ ?change ag:effectiveText ?fromText }}
  OPTIONAL {{ ?change ag:dateCertainty ?dateCertainty }}
  OPTIONAL {{ ?change ag:changedTo ?target . ?target skos:prefLabel ?targetLabel }}
}}
"""


def held(answers: Answers, things: Iterable[str], day: str) -> list[dict[str, Any]]:
    """For each thing: held on ``day`` yes, no or unknown, why, and its legal changes.

    Args:
        things: IRIs of responsibilities, agreements or provisions.
        day: ISO 8601 date.

    Returns:
        ``{"date", "held", "reason", "changes": [...]}`` in the order of ``things``.
    """
    wanted = list(things)
    if not wanted:
        return []
    values = " ".join(f"<{iri}>" for iri in wanted)
    bounds: dict[str, dict[str, list[str]]] = {iri: {} for iri in wanted}
    for row in answers.store.select(QUERY.format(things=values)):
        known = bounds[row["thing"].value]
        for name in ("from", "to", "start", "end", "reference"):
            if name in row and row[name].value not in known.setdefault(name, []):
                known[name].append(row[name].value)
    changes: dict[str, dict[str, dict[str, Any]]] = {iri: {} for iri in wanted}
    for row in answers.store.select(CHANGES.format(things=values)):
        effective = row["from"].value if "from" in row else ""
        changes[row["thing"].value][row["change"].value + row["provision"].value] = {
            "provision": {"iri": row["provision"].value, "label": row["provisionLabel"].value},
            "kind": answers.label_of_term(row["kind"].value),
            "effective_from": effective or (row["fromText"].value if "fromText" in row else None),
            "in_force": None if not effective else effective <= day,
            "changed_to": (
                {"iri": row["target"].value, "label": row["targetLabel"].value}
                if "target" in row
                else None
            ),
            "text": row["text"].value,
            "certainty": answers.label_of_term(row["certainty"].value),
            "date_certainty": (
                answers.label_of_term(row["dateCertainty"].value)
                if "dateCertainty" in row
                else None
            ),
            "source": row["source"].value,
        }
    return [_verdict(bounds[iri], list(changes[iri].values()), day) for iri in wanted]


def _verdict(
    known: dict[str, list[str]], changes: list[dict[str, Any]], day: str
) -> dict[str, Any]:
    begins = known.get("from", []) or known.get("start", [])
    ends = known.get("to", []) or known.get("end", [])
    reference = known.get("reference", [])
    if known.get("from") and day < min(known["from"]):
        verdict, reason = "no", f"gælder først fra {min(known['from'])}"
    elif ends and day > max(ends):
        verdict, reason = "no", f"ophørte {max(ends)}"
    elif any(change["in_force"] for change in changes):
        change = next(c for c in changes if c["in_force"])
        verdict = "unknown"
        reason = f"lovgrundlaget er ændret fra {change['effective_from']}; se changes"
    elif begins and day >= min(begins) and (ends or (reference and day <= max(reference))):
        verdict, reason = "yes", f"kendt fra {min(begins)}"
    elif reference and day == max(reference):
        verdict, reason = "yes", "kilden er fra den dag"
    else:
        verdict, reason = "unknown", "kilderne siger ikke, hvad der gjaldt den dag"
    return {"date": day, "held": verdict, "reason": reason, "changes": changes}
