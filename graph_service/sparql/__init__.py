"""The SPARQL service: any query from anyone, run by processes that can be killed.

A query is looked at as plain text (:mod:`guard`), waits for a worker (:mod:`pool`), is parsed and
run there (:mod:`worker`, confined by :mod:`confine`), and its bytes are handed on
(:mod:`result`, :mod:`protocol`). The web process never parses what a client sends.
"""
