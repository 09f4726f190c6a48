"""Danish words of the pages: headings, kinds of thing and dates."""

from __future__ import annotations

import re
from typing import Any

#: API name of a property → heading, in the order in which a page shows them.
HEADINGS = {
    "definition": "Indhold",
    "definition_text": "Betydning",
    "claim_text": "Indhold",
    "description": "Beskrivelse",
    "remark_text": "Bemærkning",
    "reply_text": "Svar",
    "handling_text": "Behandling",
    "explanation": "Forklaring",
    "suggestion": "Forslag",
    "alt_label": "Også kaldet",
    "identifier": "Nummer",
    "section": "Afsnit",
    "value": "Værdi",
    "printed_value": "Som trykt",
    "unit": "Enhed",
    "share": "Andel",
    "rate": "Beløb",
    "cap": "Loft eller varighed",
    "price_level": "Prisniveau",
    "indexation": "Regulering",
    "payer": "Betaler",
    "payee": "Modtager betalingen",
    "period": "Periode",
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
    "purpose": "Formål",
    "sender": "Afsender",
    "receiver": "Modtager",
    "message": "Meddelelse",
    "recipient": "Modtager",
    "channel": "Meddelelse",
    "standard": "Standard",
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
    "offer": "Tilbud",
    "provides": "Tilbyder",
    "phase": "Situation",
    "target_group": "Målgruppe",
    "min_age": "Fra alder",
    "max_age": "Til og med alder",
    "applies_in": "Gælder i",
    "valid_from": "Gælder fra",
    "valid_to": "Gælder til",
    "assigns_to": "Gør ansvarlig",
    "is_part_of": "Del af",
    "part_of": "Hører til",
    "in_programme": "Hører til",
    "about": "Handler om",
    "concerns": "Vedrører",
    "topic": "Emne",
    "broader": "Hører under",
    "status": "Status",
    "issued": "Udgivet",
    "issue_date_text": "Udgivelsestid ifølge kilden",
    "publisher": "Udgiver",
    "document_kind": "Slags dokument",
    "reference_date": "Dokumentets eget »nu«",
    "revision_clause": "Revision",
    "supersedes": "Afløser",
    "event_type": "Slags begivenhed",
    "when": "Hvornår",
    "planned": "Planlagt",
    "recurs": "Gentages",
    "by_body": "Hos",
    "responsible_actor": "Ansvarlig",
    "addressee": "Rettet til",
    "follow_up_group": "Følgegruppe",
    "remaining_task": "Udestår",
    "effect": "Virkning",
    "outcome": "Udfald",
    "reflected_in_final": "Genfindes i den endelige aftale",
    "opposes": "Modsat synspunkt",
    "party": "Parter",
    "acts_as": "Optræder som",
    "performed_as": "Udføres af",
    "kind_of_actor": "Er en slags",
    "unit_of_actor": "Enhed under",
    "broader_actor": "Hører under",
    "unit_of": "Enhed under",
    "set_up_by": "Nedsat af",
    "reports_to": "Refererer til",
    "territory": "Område",
    "member": "Medlemmer",
    "municipality_code": "Kommunekode",
    "population": "Population",
    "ambition": "Ambition",
    "data_source": "Datakilde",
    "between": "Mellem",
    "refers_to_text": "Teksten henviser til",
    "refers_to": "Henviser til",
    "resolves": "Henvisningen passer",
    "succeeded_by": "Afløses af",
    "depends_on": "Afhænger af",
    "follows": "Følger efter",
    "related_to": "Se også",
    "related": "Beslægtet",
    "same_text_as": "Samme tekst som",
    "change_text": "Hvad der er sket",
    "change_kind": "Slags ændring",
    "changes": "Ændrer",
    "changed_to": "Ændret til",
    "effective_from": "Fra",
    "effective_text": "Fra",
    "certainty": "Sikkerhed",
    "date_certainty": "Datoens sikkerhed",
    "change_source": "Kilde til ændringen",
    "external_source": "Kilde uden for dokumenterne",
    "source": "Kilde",
    "open_issue": "Uafklaret",
    "inference": "Sådan er det læst",
    "editorial_note": "Bemærkning fra læseren",
    "certainty_note": "Sikkerhed",
    "not_stated": "Kilden angiver ikke",
    "milestone": "Begivenheder",
    "lifecycle_event": "Begivenheder",
    "remark": "Bemærkninger",
    "is_version_of": "Udgave af",
    "line_count": "Linjer i filen",
    "statement": "Passager",
    "evidence": "Kilde",
}

#: Kind of thing → one and several, in Danish.
KINDS = {
    "actor": ("aktør", "Aktører"),
    "agreement": ("aftale", "Aftaler"),
    "programme": ("forløbsprogram", "Forløbsprogrammer"),
    "assessment": ("vurdering", "Vurderinger"),
    "body": ("samarbejdsorgan", "Samarbejdsorganer"),
    "claim": ("oplysning", "Oplysninger"),
    "commitment": ("forpligtelse", "Forpligtelser"),
    "contradiction": ("modsigelse", "Modsigelser"),
    "cross-reference": ("krydshenvisning", "Krydshenvisninger"),
    "dataset": ("datasæt", "Datasæt"),
    "definition": ("begreb", "Begreber"),
    "document": ("dokument", "Dokumenter"),
    "duty-inheritance": ("henvisning af opgaver", "Henvisninger af opgaver"),
    "event": ("begivenhed", "Begivenheder"),
    "figure": ("tal", "Tal"),
    "finding": ("fund", "Fund"),
    "hearing-remark": ("høringssvar", "Høringssvar"),
    "indicator": ("indikator", "Indikatorer"),
    "initiative": ("indsats", "Indsatser"),
    "law": ("bestemmelse", "Lovgrundlag"),
    "learning-point": ("læringspunkt", "Læringspunkter"),
    "legal-change": ("lovændring", "Lovændringer"),
    "list-item": ("punkt på en liste", "Punkter på lister"),
    "message": ("meddelelse", "Meddelelser"),
    "message-flow": ("kommunikation", "Hvem sender hvad til hvem"),
    "money-rule": ("betalingsregel", "Betalingsregler"),
    "observation": ("tal fra tabel", "Tal fra tabeller"),
    "offer": ("tilbud", "Tilbud"),
    "organisation": ("organisation", "Organisationer"),
    "passage": ("passage", "Passager"),
    "recommendation": ("anbefaling", "Anbefalinger"),
    "remark": ("bemærkning", "Bemærkninger"),
    "responsibility": ("ansvar", "Ansvar"),
    "risk": ("risiko", "Risici"),
    "role": ("rolle", "Roller"),
    "situation": ("situation", "Situationer"),
    "system": ("it-system", "It-systemer"),
    "target-group": ("målgruppe", "Målgrupper"),
    "task": ("opgave", "Opgaver"),
    "territory": ("område", "Områder"),
    "topic": ("emne", "Emner og lister"),
    "wish": ("patientønske", "Patienters ønsker"),
}

MONTHS = [
    "januar",
    "februar",
    "marts",
    "april",
    "maj",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "december",
]


def heading(name: str) -> str:
    """The heading of a property; the name itself, spaced, when we have none."""
    return HEADINGS.get(name, name.replace("_", " ").capitalize())


def term_words(term: dict[str, Any]) -> str:
    """The Danish name of a property that an answer names, in lower case."""
    if term["label"] != term["id"]:
        return str(term["label"]).casefold()
    return heading(re.sub(r"(?<=[a-z])([A-Z])", r"_\1", term["id"]).lower()).casefold()


def kind_name(kind: str) -> str:
    """What one thing of a kind is called."""
    return KINDS.get(kind, (kind, kind))[0]


def kinds_name(kind: str) -> str:
    """What things of a kind are called, with a capital."""
    return KINDS.get(kind, (kind, kind.capitalize()))[1]


def capital(text: str) -> str:
    """The text with its first letter large and the rest as it is."""
    return text[:1].upper() + text[1:]


def danish_date(text: str) -> str:
    """``2019-01-24`` → ``24. januar 2019``; anything else as it is."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:T.*)?", str(text))
    if not match:
        return str(text)
    return f"{int(match[3])}. {MONTHS[int(match[2]) - 1]} {match[1]}"


def joined(words: list[str], last: str = "og") -> str:
    """``a, b og c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
