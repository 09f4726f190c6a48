"""The SHACL engines that can be installed here, each behind one call: N-Triples in, report out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import rdflib

#: Data and shapes as N-Triples → the validation report; any exception counts as a failure.
Engine = Callable[[str, str], rdflib.Graph]


def pyshacl(data: str, shapes: str) -> rdflib.Graph:
    from pyshacl import validate

    graph = rdflib.Graph().parse(data=data, format="nt")
    shapes_graph = rdflib.Graph().parse(data=shapes, format="nt")
    _, report, text = validate(graph, shacl_graph=shapes_graph, advanced=True, inference="none")
    if not isinstance(report, rdflib.Graph):
        raise ValueError(text)
    return report


def turbo(data: str, shapes: str) -> rdflib.Graph:
    from pyshacl_turbo import compile_shapes
    from pyshacl_turbo.rdf import Input

    program = compile_shapes(shapes.encode(), shacl_graph_format="nt", advanced=True)
    _, report, _ = program.validate(Input(data, "nt", None, {}, {}, preserve_ids=True))
    return report


def shifty(data: str, shapes: str) -> rdflib.Graph:
    from shifty import validate

    _, report, _ = validate(
        data.encode(), shapes.encode(), graph_mode="data", infer=False, on_unsupported="error"
    )
    return report


def rudof(data: str, shapes: str) -> rdflib.Graph:
    import pyrudof

    engine = pyrudof.Rudof(pyrudof.RudofConfig())
    engine.read_data(data, format=pyrudof.RDFFormat.NTriples)
    engine.read_shacl(shapes, format=pyrudof.ShaclFormat.NTriples)
    engine.validate_shacl()
    text = engine.serialize_shacl_validation_results(
        format=pyrudof.ResultShaclValidationFormat.Turtle
    )
    return rdflib.Graph().parse(data=text, format="turtle")


ENGINES: dict[str, tuple[str, Engine]] = {
    "pyshacl": ("pyshacl", pyshacl),
    "turbo": ("pyshacl-turbo", turbo),
    "shifty": ("pyshifty", shifty),
    "rudof": ("pyrudof", rudof),
}


def installed() -> dict[str, str]:
    """Engine → version, for those that are installed."""
    found = {}
    for name, (package, _) in ENGINES.items():
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(package)
    return found
