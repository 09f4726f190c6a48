"""The queries behind :mod:`graph_service.api.as_of`: what is known in time of works and laws."""

from __future__ import annotations

from collections.abc import Iterable

from graph_service.answers import Answers
from graph_service.store import Row

#: The first and last day that a thing itself states.
BOUNDS = """
SELECT ?thing ?from ?to WHERE {
  VALUES ?thing { }
  { ?thing ag:validFrom ?from } UNION { ?thing ag:validTo ?to }
}
"""

#: The things that a source states as law.
STATUSES = """
SELECT DISTINCT ?thing WHERE {
  VALUES ?thing { }
  ?thing ag:statement/ag:statementStatus ag:Law .
}
"""

#: The agreements that a thing stands in; an agreement stands in itself.
WORKS = """
SELECT DISTINCT ?thing ?work WHERE {
  VALUES ?thing { }
  { ?thing ag:agreedIn ?work } UNION { ?thing ag:statedIn ?work } UNION {
    ?thing a ag:SourceWork . BIND(?thing AS ?work)
  }
}
"""

#: The events by which a work came into force or ended, unless they are about something else.
EVENTS = """
SELECT DISTINCT ?work ?event ?type ?planned ?start ?end WHERE {
  VALUES ?work { }
  VALUES ?type { ag:Approval ag:EntryIntoForce ag:Start ag:Conclusion ag:End }
  ?work ag:lifecycleEvent ?event .
  ?event ag:eventType ?type .
  OPTIONAL { ?event ag:planned ?planned }
  OPTIONAL { ?event ag:about ?other FILTER(?other != ?work) }
  OPTIONAL { ?event ag:about ?same FILTER(?same = ?work) }
  FILTER(!BOUND(?other) || BOUND(?same))
  ?event ag:when ?date .
  OPTIONAL { ?date ag:notBefore ?start }
  OPTIONAL { ?date ag:notAfter ?end }
}
"""

#: The status of a work, and the days on which a source speaks of it as existing.
KNOWN = """
SELECT DISTINCT ?work ?day ?status WHERE {
  VALUES ?work { }
  { ?work ag:status ?status } UNION {
    ?work ag:referenceDate|dcterms:issued ?day
  } UNION {
    ?work ag:lifecycleEvent ?event .
    ?event ag:planned ag:No ; ag:when/ag:notAfter ?day .
  } UNION {
    ?initiative ag:concerns ?work ; ag:assessment/ag:round/ag:when/ag:notAfter ?day .
  }
}
"""

#: The provisions that a duty rests on.
PROVISIONS = """
SELECT DISTINCT ?thing ?provision WHERE {
  VALUES ?thing { }
  ?thing ag:legalBasis ?provision .
}
"""

#: What has become of a thing, or of the law or provision that it is part of.
CHANGES = """
SELECT DISTINCT ?thing ?changed ?changedLabel ?change ?text ?from ?fromText ?target ?targetLabel
  ?kind ?certainty ?dateCertainty ?targetCertainty ?source WHERE {
  VALUES ?thing { }
  { ?thing eli:is_part_of* ?changed . ?change ag:changes ?changed } UNION {
    ?change ag:about ?thing . BIND(?thing AS ?changed)
  }
  ?changed skos:prefLabel ?changedLabel .
  ?change a ag:LegalChange ; ag:changeText ?text ; ag:changeKind ?kind ; ag:certainty ?certainty ;
    ag:changeSource ?source .
  OPTIONAL { ?change ag:effectiveFrom ?from }
  OPTIONAL { ?change ag:effectiveText ?fromText }
  OPTIONAL { ?change ag:dateCertainty ?dateCertainty }
  OPTIONAL { ?change ag:targetCertainty ?targetCertainty }
  OPTIONAL { ?change ag:changedTo ?target . ?target skos:prefLabel ?targetLabel }
}
"""


def ask(answers: Answers, query: str, things: Iterable[str]) -> Iterable[Row]:
    """The rows of one of these queries for some things, whose IRIs come from the graph."""
    names = " ".join(f"<{iri}>" for iri in things)
    if not names:
        return ()
    head, _, rest = query.partition("{ }")
    return answers.store.select(f"{head}{{ {names} }}{rest}")
