"""The kinds of thing that have addresses in the API and pages of their own, declared as data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Resource:
    """A kind of thing.

    Attributes:
        name: path segment in the API and name of the list question.
        kinds: kinds of thing, as in addresses; a bare slug is tried in this order.
        page: path of the list page, in Danish, without a trailing slash.
        title: Danish name of the list.
        singular: Danish name of one.
        columns: property → Danish heading, for tables and CSV.
    """

    name: str
    kinds: tuple[str, ...]
    page: str
    title: str
    singular: str
    columns: dict[str, str] = field(default_factory=dict)


RESOURCES = {
    resource.name: resource
    for resource in (
        Resource(
            "responsibilities",
            ("responsibility",),
            "/ansvar",
            "Hvem gør hvad",
            "ansvar",
            {
                "label": "Opgave",
                "bearer": "Ansvarlig",
                "modality": "Styrke",
                "trigger": "Hvornår",
                "recipient": "Modtager",
                "channel": "Meddelelse",
                "deadline_text": "Frist",
                "legal_basis": "Lovgrundlag",
                "agreed_in": "Aftale",
                "phase": "Situation",
                "target_group": "Målgruppe",
                "evidence": "Kilde",
            },
        ),
        Resource(
            "actors",
            ("organisation", "actor", "body", "role"),
            "/aktoerer",
            "Aktører",
            "aktør",
            {"label": "Navn", "type": "Slags", "alt_label": "Også kaldet"},
        ),
        Resource(
            "agreements",
            ("agreement", "programme"),
            "/aftaler",
            "Aftaler og programmer",
            "aftale",
            {"label": "Titel", "type": "Slags", "party": "Parter", "status": "Status"},
        ),
        Resource(
            "legal-bases",
            ("law",),
            "/lovgrundlag",
            "Lovgrundlag",
            "bestemmelse",
            {"label": "Bestemmelse", "definition": "Indhold", "assigns_to": "Gør ansvarlig"},
        ),
        Resource(
            "evidence",
            ("passage",),
            "/kilder",
            "Passager",
            "passage",
            {"file": "Fil", "first_line": "Første linje", "last_line": "Sidste linje"},
        ),
    )
}

#: Kind of thing → the resource that shows it.
BY_KIND = {kind: resource for resource in RESOURCES.values() for kind in resource.kinds}


def page_of(kind: str, slug: str) -> str:
    """Path of the page that shows a thing; the general page for kinds without one of their own."""
    resource = BY_KIND.get(kind)
    return f"{resource.page}/{slug}" if resource else f"/ting/{kind}/{slug}"


def data_of(kind: str, slug: str) -> str:
    """Path of the API's answer about a thing."""
    resource = BY_KIND.get(kind)
    return f"/api/v1/{resource.name}/{slug}" if resource else f"/api/v1/things/{kind}/{slug}"
