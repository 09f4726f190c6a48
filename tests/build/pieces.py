"""Pieces that queries and updates are made of, so that many of their sequences can be read."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = """SELECT DISTINCT CONSTRUCT WHERE FILTER OPTIONAL UNION BIND AS NOT EXISTS IN PREFIX BASE
    INSERT DELETE DATA LOAD CLEAR DROP ALL DEFAULT COPY TO a true"""
SIGNS = "* { } . ; , ( ) [ ] / | ^ + != && || ! = ^^ # \\"
TERMS = "?s ?p ?o <urn:a> ag:x xsd:integer _:b 1 2.5 'b' \"c\" @da"
PIECES = st.lists(
    st.sampled_from([*WORDS.split(), *SIGNS.split(), *TERMS.split(), "\n"]), max_size=25
)
