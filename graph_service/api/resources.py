"""The kinds of thing that have addresses in the API and pages of their own, declared as data."""

from __future__ import annotations

from dataclasses import dataclass

#: Path of the pages of lists that have none of their own.
LISTS = "/lister"


@dataclass(frozen=True)
class Resource:
    """A kind of thing.

    Attributes:
        name: path segment in the API, and name of the list question unless ``question`` says so.
        kinds: kinds of thing, as in addresses; a bare slug is tried in this order.
        page: path of a list page of its own, in Danish, without a trailing slash, or empty.
        title: Danish name of the list.
        singular: Danish name of one.
        item_page: path before the slug of a page of one; ``/ting/{kind}`` when empty.
        question: name of the list question.
    """

    name: str
    kinds: tuple[str, ...]
    page: str
    title: str
    singular: str
    item_page: str = ""
    question: str = ""

    @property
    def list_page(self) -> str:
        """Path of the list page."""
        return self.page or f"{LISTS}/{self.name}"

    def page_of(self, kind: str, slug: str) -> str:
        """Path of the page of one."""
        return f"{self.item_page or '/ting/' + kind}/{slug}"


#: Every list of the API by name; of two that show a kind, the first has its address.
RESOURCES = {
    resource.name: resource
    for resource in (
        Resource(
            "responsibilities",
            ("responsibility",),
            "/ansvar",
            "Hvem gør hvad",
            "ansvar",
            item_page="/ansvar",
        ),
        Resource(
            "actors",
            ("organisation", "actor", "body", "role"),
            "/aktoerer",
            "Aktører",
            "aktør",
            item_page="/aktoerer",
        ),
        Resource("organisations", ("organisation",), "/aktoerer", "Organisationer", "organisation"),
        Resource("bodies", ("body",), "/aktoerer", "Samarbejdsorganer og grupper", "organ"),
        Resource(
            "agreements",
            ("agreement", "programme"),
            "/aftaler",
            "Aftaler og programmer",
            "aftale",
            item_page="/aftaler",
        ),
        Resource("programmes", ("programme",), "/aftaler", "Forløbsprogrammer", "program"),
        Resource("situations", ("situation",), "", "Situationer og faser", "situation"),
        Resource(
            "initiatives",
            ("initiative",),
            "/indsatser",
            "Indsatser",
            "indsats",
            item_page="/indsatser",
        ),
        Resource(
            "assessments", ("assessment",), "/indsatser", "Vurderinger af indsatser", "vurdering"
        ),
        Resource("events", ("event",), "/kalender", "Kalender", "begivenhed"),
        Resource(
            "remarks", ("remark",), "/indsatser", "Koordinationsgruppens bemærkninger", "bemærkning"
        ),
        Resource(
            "legal-bases",
            ("law",),
            "/lovgrundlag",
            "Lovgrundlag",
            "bestemmelse",
            item_page="/lovgrundlag",
        ),
        Resource(
            "legal-changes",
            ("legal-change",),
            "/lovgrundlag",
            "Ændringer af lovgrundlaget",
            "ændring",
        ),
        Resource("messages", ("message",), "", "Meddelelser", "meddelelse"),
        Resource(
            "message-flows",
            ("message-flow",),
            "",
            "Meddelelsesgange",
            "meddelelsesgang",
            question="list-message-flows",
        ),
        Resource("target-groups", ("target-group",), "", "Målgrupper", "målgruppe"),
        Resource("indicators", ("indicator",), "", "Indikatorer", "indikator"),
        Resource("hearing-remarks", ("hearing-remark",), "", "Høringssvar", "høringssvar"),
        Resource("contradictions", ("contradiction",), "/fund", "Modstrid", "modstrid"),
        Resource("findings", ("finding",), "/fund", "Fund", "fund", item_page="/fund"),
        Resource(
            "documents",
            ("document",),
            "/kilder",
            "Dokumenter",
            "dokument",
            item_page="/kilder/dokument",
        ),
        Resource("evidence", ("passage",), "/kilder", "Passager", "passage", item_page="/kilder"),
        Resource("statements", ("statement",), "", "Udsagn", "udsagn"),
        Resource("tasks", ("task",), "", "Opgaver", "opgave"),
        Resource("topics", ("topic",), "", "Emner", "emne"),
        Resource("offers", ("offer",), "", "Tilbud", "tilbud"),
        Resource("wishes", ("wish",), "", "Patienternes ønsker", "ønske"),
        Resource("claims", ("claim",), "", "Påstande", "påstand"),
        Resource(
            "recommendations", ("recommendation",), "", "Anbefalinger og forslag", "anbefaling"
        ),
        Resource("commitments", ("commitment",), "", "Tilsagn", "tilsagn"),
        Resource("money-rules", ("money-rule",), "", "Betalingsregler", "betalingsregel"),
        Resource("risks", ("risk",), "", "Risici", "risiko"),
        Resource("learning-points", ("learning-point",), "", "Læringspunkter", "læringspunkt"),
        Resource("definitions", ("definition",), "", "Begreber", "begreb"),
        Resource("cross-references", ("cross-reference",), "", "Henvisninger", "henvisning"),
        Resource(
            "duty-inheritances", ("duty-inheritance",), "", "Overtagelse af pligter", "overtagelse"
        ),
        Resource("figures", ("figure",), "", "Tal", "tal"),
        Resource("list-items", ("list-item",), "", "Punkter", "punkt"),
        Resource("systems", ("system",), "", "It-systemer", "it-system"),
        Resource("territories", ("territory",), "", "Områder", "område"),
        Resource("datasets", ("dataset",), "", "Trykte tabeller", "tabel"),
        Resource("observations", ("observation",), "", "Tal i tabeller", "observation"),
    )
}

#: Kind of thing → the resource that shows it.
BY_KIND: dict[str, Resource] = {}
for _resource in RESOURCES.values():
    for _kind in _resource.kinds:
        BY_KIND.setdefault(_kind, _resource)


def page_of(kind: str, slug: str) -> str:
    """Path of the page that shows a thing; the general page for kinds without one of their own."""
    resource = BY_KIND.get(kind)
    return resource.page_of(kind, slug) if resource else f"/ting/{kind}/{slug}"


def data_of(kind: str, slug: str) -> str:
    """Path of the API's answer about a thing."""
    resource = BY_KIND.get(kind)
    return f"/api/v1/{resource.name}/{slug}" if resource else f"/api/v1/things/{kind}/{slug}"
