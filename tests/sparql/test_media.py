"""The format of a SPARQL answer is one that is offered, whatever a client writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.api.problems import Problem
from graph_service.sparql.media import OFFERS, choose

MEDIA = sorted({media for forms in OFFERS.values() for form in forms for media in form.media})
TEXT = st.text(alphabet=st.characters(codec="latin-1"), max_size=80)
ANY = st.text(max_size=60)
ACCEPT = st.one_of(
    TEXT,
    st.lists(st.sampled_from([*MEDIA, "*/*;q=0.1", "text/*", "a/b", ";q=", "q=1"])).map(",".join),
)


@given(
    ACCEPT | ANY,
    st.one_of(st.just(""), TEXT, ANY, st.sampled_from(MEDIA)),
    st.sampled_from(sorted(OFFERS)),
)
def test_what_is_chosen_is_offered_or_refused(accept: str, wanted: str, kind: str) -> None:
    try:
        form, content_type = choose(accept, wanted, OFFERS[kind])
    except Problem as problem:
        assert problem.kind == "not-acceptable"
        return
    assert form in OFFERS[kind]
    assert content_type.removesuffix("; charset=utf-8") in form.media


@pytest.mark.parametrize("kind", OFFERS)
def test_each_format_is_had_by_its_media_type_and_by_its_name_before_accept(kind: str) -> None:
    for form in OFFERS[kind]:
        assert choose(form.media[0], "", OFFERS[kind])[0] is form
        for accept in ("", *(other.media[0] for other in OFFERS[kind])):
            assert choose(accept, form.name, OFFERS[kind])[0] is form
