"""A responsibility as a Danish sentence: who, how strongly, what, when, and how that is known."""

from __future__ import annotations

from typing import Any

#: Modality → the words of a sentence, and the class that gives shape and colour.
FORCES = {
    "Must": ("skal", "must"),
    "MustNot": ("må ikke", "mustnot"),
    "NeedNot": ("behøver ikke", "may"),
    "Should": ("bør", "should"),
    "ShouldNot": ("bør ikke", "should"),
    "May": ("kan", "may"),
    "HasRight": ("har ret til", "right"),
    "HasResponsibility": ("har ansvar for", "must"),
    "Expected": ("forventes", "expected"),
}
#: Words that end as an infinitive and are none.
NOT_VERBS = frozenset(
    [
        "praktiserende",
        "løbende",
        "kommunerne",
        "de",
        "alle",
        "aftaleparterne",
        "forældre",
        "samtykke",
        "borgere",
        "respirationscentre",
        "implementeringsgruppe",
        "forældrene",
        "kommunale",
        "ansvarlige",
        "regelmæssige",
        "igangsættelse",
        "arbejdsgruppe",
        "inddragelse",
        "familie",
        "patientuddannelse",
        "samtalerne",
        "professionelle",
        "involverede",
        "aktørerne",
        "online",
        "tjekliste",
        "respiratorbrugere",
        "niv-brugere",
        "apotekerne",
        "beskrivelse",
        "netværksmøderne",
        "tracheostomerede",
        "aftale",
        "videregivelse",
        "fortløbende",
        "samme",
        "specialiserede",
        "samtalegrupperne",
        "fagprofessionelle",
        "afsluttende",
        "somatiske",
        "datakilde",
        "temadrøftelse",
        "konkrete",
        "kommune",
        "ansættende",
        "sekretærerne",
        "kompetente",
        "selve",
        "stående",
        "offentlige",
        "autoriserede",
        "voksne",
        "fastholdelse",
        "unge",
        "konference",
        "første",
        "supplerende",
        "nogle",
        "juridiske",
        "parterne",
        "fælles",
        "forældrene/værgerne",
        "forældrene/plejeforældrene/værgerne",
        "sof'erne",
    ]
)
SHORT_VERBS = frozenset(
    [
        "gå",
        "stå",
        "få",
        "se",
        "bistå",
        "forestå",
        "opnå",
        "foreslå",
        "lade",
        "tage",
        "give",
        "have",
        "være",
    ]
)


def is_infinitive(word: str) -> bool:
    """Whether a label that begins with this word goes on after »skal«."""
    word = word.casefold().rstrip(",:")
    return word in SHORT_VERBS or (
        word.endswith("e") and len(word) > 3 and word not in NOT_VERBS and not word.endswith("erne")
    )


def sentence(item: dict[str, Any]) -> dict[str, Any]:
    """A responsibility as the parts of a sentence.

    Returns:
        ``bearers`` (references), ``join`` (the word between them), ``forces`` (pairs of word and
        class), ``rest`` (what follows the force) and ``flows``: whether the rest is an infinitive.
    """
    label = str(item["label"])
    first = label.split()[0] if label.split() else ""
    flows = is_infinitive(first)
    modalities = [m for m in item.get("modality", ()) if m["id"] in FORCES]
    modalities.sort(key=lambda m: list(FORCES).index(m["id"]))
    forces = []
    for modality in modalities:
        word, style = FORCES[modality["id"]]
        if flows and modality["id"] in ("HasRight", "HasResponsibility", "Expected"):
            word += " at"
        forces.append((word, style))
    if not forces:
        forces = [("gør", "expected")]
    mode = [m["id"] for m in item.get("bearer_mode", ())]
    rest = label
    if flows and not first.isupper():
        rest = label[:1].lower() + label[1:]
    return {
        "bearers": item.get("bearer", []),
        "join": "eller" if "OneOf" in mode else "og",
        "forces": forces,
        "rest": rest,
        "flows": flows,
        "when": "; ".join(condition(str(t)) for t in item.get("trigger", ())),
    }


#: Words that begin a clause of time or condition as it stands.
CLAUSES = ("når", "inden", "ved", "efter", "hvis", "senest", "før", "under", "i", "hver", "såfremt")


def condition(text: str) -> str:
    """What triggers a duty, so that it goes on after a comma."""
    first = text.split()[0].casefold() if text.split() else ""
    small = text[:1].lower() + text[1:] if not text[:2].isupper() else text
    return small if first in CLAUSES else f"udløst af: {small}"


def derived(item: dict[str, Any]) -> list[dict[str, Any]]:
    """How an organisation comes to bear a duty, one line for each actor that it acts as."""
    lines: dict[str, dict[str, Any]] = {}
    for step in item.get("derivation", ()):
        actor = step["via_actor"]
        line = lines.setdefault(actor["iri"], {"actor": actor, "agreements": [], "bodies": []})
        for name, key in (("via_agreement", "agreements"), ("via_body", "bodies")):
            if name in step and step[name] not in line[key]:
                line[key].append(step[name])
    return list(lines.values())
