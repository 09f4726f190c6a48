"""A small sound graph, and the ways to break it: what to take out, what to put in, what is said."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from graph_service.vocabulary import PREFIXES

HEAD = "".join(f"@prefix {p}: <{n}> .\n" for p, n in PREFIXES.items())


def triples(turtle: str) -> set[ox.Triple]:
    """The triples of Turtle in which the project's prefixes are known."""
    return {q.triple for q in ox.parse((HEAD + turtle).encode(), format=ox.RdfFormat.TURTLE)}


FILE = "document:004-576de8b26970a828"
SOUND = f"""
{FILE} a ag:Document ; skos:prefLabel "Fil"@da ; ag:lineCount 100 ;
    ag:sha256 "{"0" * 64}" .
document:d a ag:Document ; skos:prefLabel "Dokument"@da ; dcterms:isPartOf {FILE} ;
    ag:firstLine 1 ; ag:lastLine 90 .
p004:5-9 a oa:SpecificResource ; oa:hasSource {FILE} ; ag:inDocument document:d ;
    ag:firstLine 5 ; ag:lastLine 9 ; oa:hasSelector <{PREFIXES["selector"]}004_576de8b26970a828/5-9> .
<{PREFIXES["selector"]}004_576de8b26970a828/5-9> a oa:FragmentSelector ; rdf:value "line=4,9" ;
    dcterms:conformsTo <http://tools.ietf.org/rfc/rfc5147> .
ag:Must a skos:Concept ; skos:inScheme ag:ModalityScheme .
ag:Agreed a skos:Concept ; skos:inScheme ag:StatementStatusScheme .
ag:InForce a skos:Concept ; skos:inScheme ag:AgreementStatusScheme .
ag:Day a skos:Concept ; skos:inScheme ag:PrecisionScheme .
ag:Approval a skos:Concept ; skos:inScheme ag:EventTypeScheme .
ag:Continue a skos:Concept ; skos:inScheme ag:DecisionScheme .
ag:bearer a owl:ObjectProperty ; rdfs:label "bærer"@da .
actor:kommune a ag:GenericActor, ag:Actor ; skos:prefLabel "Kommunen"@da .
body:gruppe a ag:Body, ag:Actor ; skos:prefLabel "Gruppen"@da .
task:opgave a ag:Task, skos:Concept ; skos:prefLabel "Opgave"@da .
law:sul-140 a eli:LegalResource ; skos:prefLabel "Sundhedsloven § 140"@da .
target-group:boern a ag:TargetGroup, skos:Concept ; skos:prefLabel "Børn"@da ;
    ag:minAge 0 ; ag:maxAge 17 .
agreement:aftale a ag:CooperationAgreement, ag:Agreement, ag:SourceWork ;
    skos:prefLabel "Aftale"@da ; ag:status ag:InForce .
responsibility:r a ag:Responsibility ; skos:prefLabel "Ansvar"@da ; ag:bearer actor:kommune ;
    ag:task task:opgave ; ag:statement statement:s ; ag:modality ag:Must ;
    ag:statementStatus ag:Agreed ; ag:agreedIn agreement:aftale ; ag:legalBasis law:sul-140 ;
    ag:evidence p004:5-9 ; ag:validFrom "2020-01-01"^^xsd:date ; ag:validTo "2021-01-01"^^xsd:date .
statement:s a ag:Statement ; ag:modality ag:Must ; ag:statementStatus ag:Agreed ;
    ag:evidence p004:5-9 .
event:e a ag:Event ; skos:prefLabel "Godkendelse"@da ; ag:eventType ag:Approval ;
    ag:when date:e-1 ; ag:evidence p004:5-9 .
date:e-1 a ag:StatedDate ; ag:asStated "1. maj 2020" ; ag:precision ag:Day ;
    ag:notBefore "2020-05-01"^^xsd:date ; ag:notAfter "2020-05-01"^^xsd:date ; ag:evidence p004:5-9 .
initiative:i a ag:Initiative ; skos:prefLabel "Indsats"@da ; ag:evidence p004:5-9 ;
    ag:assessment assessment:v .
assessment:v a ag:Assessment ; skos:prefLabel "Vurdering"@da ; ag:about initiative:i ;
    ag:decision ag:Continue ; ag:round event:e ; ag:byBody body:gruppe ;
    ag:rationale "Behovet er der"@da ; ag:evidence p004:5-9 .
"""


@dataclass(frozen=True)
class Case:
    """One way to break the sound graph."""

    name: str
    out: str
    into: str
    said: str


CASES = [
    Case("no bearer", "responsibility:r ag:bearer actor:kommune .", "", "Skal have en bærer"),
    Case(
        "a legal basis that does not exist",
        "",
        "responsibility:r ag:legalBasis law:sul-999 .",
        "ag:legalBasis: skal være en lov eller bestemmelse, der findes",
    ),
    Case(
        "an actor as legal basis",
        "",
        "responsibility:r ag:legalBasis actor:kommune .",
        "ag:legalBasis: skal være en lov",
    ),
    Case(
        "a bearer that does not exist",
        "",
        "responsibility:r ag:bearer actor:ingen .",
        "ag:bearer: skal være en aktør",
    ),
    Case(
        "a thing that does not exist",
        "",
        "event:e ag:about responsibility:ingen .",
        "ag:about: skal være en ting, der findes",
    ),
    Case(
        "a modality off the list",
        "statement:s ag:modality ag:Must .",
        "statement:s ag:modality ag:Perhaps .",
        "ag:modality: skal stå på listen",
    ),
    Case(
        "a value of another list",
        "statement:s ag:modality ag:Must .",
        "statement:s ag:modality ag:InForce .",
        "ag:modality: skal stå på listen",
    ),
    Case(
        "a status off the list",
        "agreement:aftale ag:status ag:InForce .",
        "agreement:aftale ag:status ag:Ukendt .",
        "ag:status: skal stå på listen",
    ),
    Case(
        "a law called by its § alone",
        'law:sul-140 skos:prefLabel "Sundhedsloven § 140"@da .',
        'law:sul-140 skos:prefLabel "§ 140"@da .',
        "nævner loven og ikke begynder med §",
    ),
    Case(
        "evidence beyond the file",
        "p004:5-9 ag:lastLine 9 .",
        "p004:5-9 ag:lastLine 101 .",
        "skal ligge inden for filens linjeantal",
    ),
    Case(
        "a document beyond the file",
        "document:d ag:lastLine 90 .",
        "document:d ag:lastLine 101 .",
        "linjeantallet af den fil, det står i",
    ),
    Case(
        "lines the wrong way round",
        "p004:5-9 ag:firstLine 5 .",
        "p004:5-9 ag:firstLine 10 .",
        "præcis én første linje (ag:firstLine), som ikke står efter",
    ),
    Case(
        "a wide passage without a reason",
        "p004:5-9 ag:lastLine 9 .",
        "p004:5-9 ag:lastLine 40 .",
        "mere end 25 linjer skal have en grund",
    ),
    Case(
        "dates the wrong way round",
        'date:e-1 ag:notBefore "2020-05-01"^^xsd:date .',
        'date:e-1 ag:notBefore "2020-06-01"^^xsd:date .',
        "Den tidligste dag",
    ),
    Case(
        "a date that is none",
        'date:e-1 ag:notAfter "2020-05-01"^^xsd:date .',
        'date:e-1 ag:notAfter "2020-02-30"^^xsd:date .',
        "ag:notAfter: skal være en dato",
    ),
    Case(
        "a number that is written in another way than its value",
        "target-group:boern ag:maxAge 17 .",
        'target-group:boern ag:maxAge "0131"^^xsd:integer .',
        "ag:maxAge: skal være et helt tal fra 0 til 130",
    ),
    Case(
        "a text with what some take for the end of a line",
        'initiative:i skos:prefLabel "Indsats"@da .',
        'initiative:i skos:prefLabel "Ind\u2028sats"@da ; ag:openIssue "Hvem\u0085 skal?"@en .',
        "ag:openIssue: skal være en tekst på dansk",
    ),
    Case(
        "a precise date without a day",
        'date:e-1 ag:notBefore "2020-05-01"^^xsd:date ; ag:notAfter "2020-05-01"^^xsd:date .',
        "",
        "skal have en tidligste eller en seneste dag",
    ),
    Case(
        "validity the wrong way round",
        'responsibility:r ag:validTo "2021-01-01"^^xsd:date .',
        'responsibility:r ag:validTo "2019-01-01"^^xsd:date .',
        "Første gyldige dag",
    ),
    Case(
        "ages the wrong way round",
        "target-group:boern ag:minAge 0 .",
        "target-group:boern ag:minAge 18 .",
        "Den nedre aldersgrænse",
    ),
    Case(
        "a label in another language",
        'task:opgave skos:prefLabel "Opgave"@da .',
        'task:opgave skos:prefLabel "Task"@en .',
        "præcis én titel på dansk",
    ),
    Case("two labels", "", 'task:opgave skos:prefLabel "Anden"@da .', "præcis én titel på dansk"),
    Case(
        "a statement of no responsibility",
        "responsibility:r ag:statement statement:s .",
        "",
        "Skal høre til præcis ét ansvar",
    ),
    Case("a blank node", "", '[] ag:trigger "Når"@da .', "blanke noder er ikke tilladt"),
    Case(
        "a blank node as value",
        "",
        "responsibility:r ag:recipient [] .",
        "ag:recipient: skal være en aktør",
    ),
    Case("a subject without a class", "event:e a ag:Event .", "", "mindst én klasse"),
    Case(
        "a text without language",
        "",
        'responsibility:r ag:trigger "Når" .',
        "ag:trigger: skal være en tekst på dansk",
    ),
    Case(
        "days without their kind",
        "",
        "responsibility:r ag:deadlineDays 7 .",
        "En frist i dage skal sige hvilke dage",
    ),
    Case(
        "a number without deadline kind",
        "",
        "responsibility:r ag:deadlineMonths 3 .",
        "mindst én fristtype",
    ),
    Case(
        "not stated by an unknown property",
        "",
        "responsibility:r ag:notStated ag:nix .",
        "ag:notStated: skal være en egenskab",
    ),
    Case(
        "a task under itself",
        "",
        "task:opgave skos:broader task:opgave .",
        "underbegreb til sig selv",
    ),
    Case(
        "an agreement without status",
        "agreement:aftale ag:status ag:InForce .",
        "",
        "præcis én status",
    ),
    Case("an event without time", "event:e ag:when date:e-1 .", "", "Skal have et tidspunkt"),
    Case(
        "two decisions",
        "",
        "ag:Stop a skos:Concept ; skos:inScheme ag:DecisionScheme . "
        "assessment:v ag:decision ag:Stop .",
        "præcis én beslutning",
    ),
    Case(
        "a thing of another kind",
        "",
        "task:opgave a ag:Initiative .",
        "En indsats skal have en adresse under id/initiative/",
    ),
    Case(
        "an e-mail address",
        "",
        'task:opgave dcterms:description "Skriv til ane@rsyd.dk"@da .',
        "en e-mailadresse, et cpr-nummer eller et telefonnummer",
    ),
    Case(
        "a CPR number",
        "",
        'task:opgave skos:editorialNote "Patient 010190-1234"@da .',
        "en e-mailadresse, et cpr-nummer eller et telefonnummer",
    ),
    Case(
        "a CPR number without hyphen",
        "",
        'task:opgave skos:altLabel "0101901234"@da .',
        "en e-mailadresse, et cpr-nummer eller et telefonnummer",
    ),
    Case(
        "a telephone number",
        "",
        'responsibility:r ag:trigger "Ring 65 12 34 56"@da .',
        "en e-mailadresse, et cpr-nummer eller et telefonnummer",
    ),
    Case(
        "a telephone number after a word",
        "",
        'responsibility:r ag:cue "Tlf. 12345678" .',
        "en e-mailadresse, et cpr-nummer eller et telefonnummer",
    ),
    Case(
        "a quote",
        "",
        'task:opgave dcterms:description "Der står: ”vi gør alt det vi kan for '
        'at hjælpe hinanden”"@da .',
        "ikke citere otte ord",
    ),
    Case(
        "a text as long as a page",
        "",
        f'task:opgave dcterms:description "{"ord " * 400}"@da .',
        "højst være på 1500 tegn",
    ),
]

#: Texts that look like what is forbidden and are not.
HARMLESS = (
    "2015-2018",
    "1. januar 2019",
    "24.000.000 kr.",
    "linje 12345-12399",
    "sundhed.dk",
    "67/33",
    "§ 140, stk. 1",
    "XREF15",
    "de ”særlige” opgaver",
    "2018 og 2019",
)
