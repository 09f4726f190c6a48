"""Danish headings of properties, for pages."""

from __future__ import annotations

#: API name of a property → heading, in the order in which a page shows them.
HEADINGS = {
    "definition": "Indhold",
    "description": "Beskrivelse",
    "alt_label": "Også kaldet",
    "bearer": "Ansvarlig",
    "bearer_by_inheritance": "Ansvarlig ved henvisning",
    "bearer_mode": "Hvordan flere er ansvarlige",
    "bearer_inferred": "Ansvarlig er udledt af sammenhængen",
    "shared_with": "Sammen med",
    "modality": "Styrke",
    "statement_status": "Passagens status",
    "task": "Opgave",
    "trigger": "Udløses af",
    "condition": "Betingelse",
    "recipient": "Modtager",
    "channel": "Meddelelse",
    "consent_required": "Samtykke kræves",
    "deadline_text": "Frist",
    "deadline_days": "Frist i dage",
    "deadline_months": "Frist i måneder",
    "day_kind": "Slags dage",
    "deadline_kind": "Slags frist",
    "deadline_from": "Frist regnes fra",
    "legal_basis": "Lovgrundlag",
    "mentions_provision": "Nævner bestemmelsen",
    "agreed_in": "Aftalt i",
    "stated_in": "Står i",
    "phase": "Situation",
    "target_group": "Målgruppe",
    "applies_in": "Gælder i",
    "valid_from": "Gælder fra",
    "valid_to": "Gælder til",
    "not_stated": "Kilden angiver ikke",
    "assigns_to": "Gør ansvarlig",
    "is_part_of": "Del af",
    "part_of": "Hører til",
    "party": "Parter",
    "status": "Status",
    "acts_as": "Optræder som",
    "kind_of_actor": "Er en slags",
    "unit_of_actor": "Enhed under",
    "unit_of": "Enhed under",
    "territory": "Område",
    "member": "Medlemmer",
    "municipality_code": "Kommunekode",
    "external_source": "Kilde uden for dokumenterne",
    "statement": "Passager",
    "evidence": "Kilde",
}


def heading(name: str) -> str:
    """The heading of a property; the name itself, spaced, when we have none."""
    return HEADINGS.get(name, name.replace("_", " ").capitalize())
