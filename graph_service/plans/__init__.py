"""The named questions as programs that walk the index of a snapshot.

``read`` reads the SPARQL of a question, ``compile`` orders its patterns by what the graph holds and
makes steps of them, ``source`` writes those as loops, ``values`` has the operators of its filters.
A question that uses a part of SPARQL that is not read here is answered by the store's own engine,
which is also what the tests hold every program against.
"""

from __future__ import annotations

from graph_service.plans.layout import placeholder
from graph_service.plans.program import Program, Programs
from graph_service.plans.read import Unread

__all__ = ["Program", "Programs", "Unread", "placeholder"]
