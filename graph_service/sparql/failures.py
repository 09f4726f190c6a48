"""What a client is told when a query fails: which limit it met, and how to ask better."""

from __future__ import annotations

from typing import Any

from graph_service.api.problems import Problem
from graph_service.settings import Settings
from graph_service.sparql.engine_words import could_have_stood, own_words
from graph_service.sparql.worker import Job
from graph_service.wording import many, seconds, size


def time_limit(limit: float) -> Problem:
    """The wall-clock limit was passed."""
    return Problem(
        "time-limit",
        f"Forespørgslen blev stoppet efter {seconds(limit)}. Gør den smallere: bind mindst én "
        "ende af hvert mønster, undgå mønstre uden fælles variabel, og sæt LIMIT.",
        seconds=limit,
    )


def too_busy() -> Problem:
    """Too many wait already, or waiting took too long."""
    return Problem(
        "too-busy",
        "Mange forespørgsler venter på at blive kørt. Prøv igen om få sekunder. "
        "De navngivne spørgsmål under /api/v1/questions svarer uden at vente.",
    )


def too_many(limit: int) -> Problem:
    """The client has its share of the queries that wait and run."""
    return Problem(
        "too-many",
        f"Fra din adresse er {many(limit, 'forespørgsel', 'forespørgsler')} i gang eller i kø, og "
        "flere må der ikke være ad gangen, så andre også får svar. Vent på svar, og prøv igen.",
        limit=limit,
    )


def broken_off() -> Problem:
    """The client is gone, or the service stops."""
    return Problem("too-busy", "Forespørgslen blev afbrudt. Prøv igen.")


def unavailable() -> Problem:
    """No worker has the snapshot open."""
    return Problem("store-unavailable", "Grafen kan ikke åbnes lige nu. Prøv igen.")


def of_death(cause: str, settings: Settings) -> Problem:
    """The worker ended during the query."""
    if cause == "memory":
        return Problem(
            "memory-limit",
            f"Forespørgslen brugte mere end de {size(settings.query_memory)} hukommelse, som den "
            "må. ORDER BY, DISTINCT og GROUP BY over store mellemresultater bruger mest: "
            "begræns mønstrene, før der sorteres eller grupperes.",
            bytes=settings.query_memory,
        )
    if cause == "time":
        return time_limit(settings.query_seconds)
    if cause == "stack":
        return Problem(
            "query-too-deep",
            "Forespørgslen er sat sammen i flere led, end den kan regnes ud i. Brug VALUES i "
            "stedet for mange UNION, og del lange udtryk op.",
        )
    return Problem("internal", "Forespørgslen fik sin arbejdsproces til at stoppe. Det er logget.")


def of_change(cause: str, settings: Settings, *, unchanged: bool) -> Problem:
    """The process that made a change ended, or was ended, before it said what it did.

    Args:
        cause: ``memory``, ``time``, ``killed``, ``stack`` or ``unknown``.
        unchanged: whether the snapshot in service is the one from before the change.
    """
    holds = (
        "og intet er ændret."
        if unchanged
        else "og er gjort helt eller slet ikke: læs grafen, før du prøver igen."
    )
    if cause == "memory":
        return Problem(
            "memory-limit",
            f"Ændringen brugte mere end de {size(settings.write_memory)} hukommelse, som den må, "
            f"{holds} Hele grafen holdes i hukommelsen, mens den ændres. Del ændringen i flere "
            "mindre, eller sæt ANSVARSGRAF_WRITE_MEMORY op, hvor tjenesten kører.",
            bytes=settings.write_memory,
        )
    if cause == "time":
        return Problem(
            "time-limit",
            f"Ændringen blev stoppet efter {seconds(settings.write_seconds)}, {holds} "
            "Gør den smallere: bind mindst én ende af hvert mønster, og del den i flere.",
            seconds=settings.write_seconds,
        )
    if cause == "killed":
        return Problem("not-written", f"Ændringen blev afbrudt, {holds}")
    if cause == "stack":
        return of_death(cause, settings)
    return Problem("internal", f"Ændringen mislykkedes, {holds} Fejlen er logget.")


def other_service(why: str) -> Problem:
    """A host that was asked by ``SERVICE`` or ``LOAD`` gave no answer that could be used."""
    return Problem(
        "other-service",
        "En tjeneste, som bliver bedt om data med SERVICE eller LOAD, svarede ikke som ventet. "
        f"{why} Prøv igen. Med SILENT efter ordet går det videre uden en, der ikke svarer.",
    )


def of_job(reason: dict[str, Any], job: Job) -> Problem:
    """The worker could not do the job, and said why."""
    kind = reason["kind"]
    if kind == "bad-query":
        line, column = reason.get("line"), reason.get("column")
        place = f"Linje {line}, tegn {column}: " if line else ""
        return Problem(
            "bad-query",
            f"{place}SPARQL kan ikke læses her. {could_have_stood(reason['reason'])}".rstrip(),
            line=line,
            column=column,
            expected=reason["reason"],
        )
    if kind == "row-limit":
        return Problem(
            "row-limit",
            f"Svaret har mere end {many(job.rows, 'række', 'rækker')}. Sæt LIMIT, hent det i dele "
            "med ORDER BY, LIMIT og OFFSET, eller tæl med COUNT.",
            limit=job.rows,
        )
    if kind == "size-limit" and job.graph:
        return Problem(
            "size-limit",
            f"Grafen fylder mere end {size(job.size)} i dette format. Turtle fylder mindst. Hent "
            "graferne i /.well-known/void hver for sig, eller sæt ANSVARSGRAF_GRAPH_BYTES op, hvor "
            "tjenesten kører.",
            limit=job.size,
        )
    if kind == "size-limit":
        return Problem(
            "size-limit",
            f"Svaret fylder mere end {size(job.size)}. Vælg færre variabler, sæt LIMIT, eller "
            "hent det i dele med LIMIT og OFFSET.",
            limit=job.size,
        )
    if kind == "refused":
        more = {k: v for k, v in reason.items() if k not in ("kind", "problem", "detail")}
        return Problem(reason["problem"], reason["detail"], **more)
    if kind == "not-acceptable":
        return Problem("not-acceptable", "Svaret er af en slags, som formatet ikke kan rumme.")
    if kind == "bad-content":
        return Problem(
            "bad-content",
            f"En adresse i forespørgslen er ikke en IRI. {own_words(reason['reason'])}",
        )
    why = own_words(reason["reason"])
    if job.network:
        return other_service(why)
    return Problem("cannot-be-done", f"Forespørgslen kan ikke regnes ud. {why}")
