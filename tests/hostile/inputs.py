"""Hostile inputs: what an attacker or a careless script sends, and what must come back.

Each is one HTTP request over a raw socket or through a client, with the statuses that are right.
``bench/hostile.py`` sends the same ones while it measures other clients.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Hostile:
    """One hostile request.

    Attributes:
        name: what it is.
        raw: the bytes sent.
        statuses: HTTP statuses that are right; 0 stands for a connection closed without an answer.
        kinds: problem types, one of which the answer must have; empty for any answer.
    """

    name: str
    raw: bytes
    statuses: tuple[int, ...]
    kinds: tuple[str, ...] = ()


def get(path: str, *headers: str, host: str = "localhost") -> bytes:
    """A GET request."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def post(path: str, body: bytes, kind: str, *headers: str) -> bytes:
    """A POST request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + body


def sparql(query: str, *headers: str) -> bytes:
    """A free query, POSTed as it stands."""
    accept = headers or ("Accept: application/sparql-results+json, text/turtle;q=0.9",)
    return post("/sparql", query.encode(), "application/sparql-query", *accept)


LIMITS = ("time-limit", "memory-limit", "row-limit", "size-limit", "too-busy")
#: A limit was crossed before or after streaming began (then the transfer breaks off).
CROSSED = (200, 403, 503)
ALL = "?a ?b ?c . "
#: Values for a query, or two lists of them, that is just within the length that is read.
MANY, HALF = range(10_000, 26_500), range(10_000, 18_250)

QUERIES = (
    ("cartesian count of three", f"SELECT (COUNT(*) AS ?n) WHERE {{ {ALL}?d ?e ?f . ?g ?h ?i }}"),
    ("cartesian sort", f"SELECT * WHERE {{ {ALL}?d ?e ?f }} ORDER BY ?f ?c LIMIT 10"),
    ("cartesian distinct", f"SELECT DISTINCT ?a ?f WHERE {{ {ALL}?d ?e ?f }}"),
    ("four-way cartesian", f"SELECT * WHERE {{ {ALL}?d ?e ?f . ?g ?h ?i . ?j ?k ?l }}"),
    ("cartesian group", f"SELECT ?a (COUNT(?f) AS ?n) WHERE {{ {ALL}?d ?e ?f }} GROUP BY ?a"),
    ("unbounded path", "SELECT * WHERE { ?a (!<urn:x>)* ?b }"),
    ("nested unbounded path", "SELECT * WHERE { ?a ((!<urn:x>|^(!<urn:x>))+)* ?b }"),
    (
        "path both ways",
        "SELECT (COUNT(*) AS ?n) WHERE { ?a (!<urn:x>|!^<urn:x>)+ ?b . ?c (!<urn:x>)+ ?d }",
    ),
    ("long sequence path", "SELECT * WHERE { ?a " + "/".join(["(!<urn:x>)"] * 30) + " ?b }"),
    (
        "regex back-tracking",
        'SELECT * WHERE { ?s ?p ?o . ?a ?b ?c FILTER REGEX(CONCAT(STR(?o), STR(?c)), "^(a+)+$|(.*)*x(.*)*y") }',
    ),
    (
        "regex with nested repeats",
        'SELECT * WHERE { ?s ?p ?o FILTER REGEX(STR(?o), "((a{1,50}){1,50}){1,50}b") }',
    ),
    (
        "replace bomb",
        'SELECT (REPLACE(REPLACE(REPLACE(STR(?o), ".", "xxxxxxxxxx$0"), ".", "yyyyyyyyyy$0"), ".", "zzzzzzzzzz$0") AS ?x) WHERE { ?s ?p ?o }',
    ),
    (
        "giant group concat",
        f"SELECT (GROUP_CONCAT(CONCAT(STR(?a), STR(?f))) AS ?x) WHERE {{ {ALL}?d ?e ?f }}",
    ),
    ("construct bomb", f"CONSTRUCT {{ ?a ?b ?f . ?d ?e ?c . ?a ?e ?f }} WHERE {{ {ALL}?d ?e ?f }}"),
    ("describe everything", "DESCRIBE * WHERE { ?a ?b ?c . ?d ?e ?f }"),
    (
        "optional cascade",
        "SELECT * WHERE { ?s ?p ?o "
        + " ".join(f"OPTIONAL {{ ?x{i} ?y{i} ?z{i} }}" for i in range(8))
        + " }",
    ),
    ("minus of products", f"SELECT * WHERE {{ {ALL}?d ?e ?f MINUS {{ ?g ?h ?i . ?a ?j ?f }} }}"),
    (
        "union of products",
        "SELECT * WHERE { " + " UNION ".join([f"{{ {ALL}?d ?e ?f }}"] * 20) + " }",
    ),
    (
        "subquery product",
        "SELECT * WHERE { { SELECT * WHERE { ?a ?b ?c } } { SELECT * WHERE { ?d ?e ?f } } { SELECT * WHERE { ?g ?h ?i } } }",
    ),
    (
        "exists in a product",
        f"SELECT * WHERE {{ {ALL}?d ?e ?f FILTER EXISTS {{ ?g ?h ?i . ?f ?j ?g }} }}",
    ),
    ("everything", "SELECT * WHERE { ?s ?p ?o }"),
    ("everything as a graph", "CONSTRUCT WHERE { ?s ?p ?o }"),
    (
        "sorted everything twice",
        "SELECT * WHERE { ?s ?p ?o . ?o ?q ?r . ?r ?t ?u } ORDER BY DESC(?u) ?s ?o ?p",
    ),
    (
        "hashes of a product",
        f"SELECT (SHA512(CONCAT(STR(?a), STR(?f))) AS ?x) WHERE {{ {ALL}?d ?e ?f }} ORDER BY ?x",
    ),
    (
        "bind that doubles",
        "SELECT ?z WHERE { BIND('aaaaaaaaaaaaaaaa' AS ?a0) "
        + " ".join(f"BIND(CONCAT(?a{i}, ?a{i}) AS ?a{i + 1})" for i in range(40))
        + " BIND(?a40 AS ?z) }",
    ),
    (
        "product of VALUES within the length",
        "SELECT * WHERE { "
        + " ".join(f"VALUES ?{name} {{ {' '.join(map(str, HALF))} }}" for name in "xy")
        + " }",
    ),
    (
        "IN a long list within the length",
        f"SELECT * WHERE {{ {ALL}?d ?e ?f FILTER(STR(?f) IN ({','.join(map(str, MANY))})) }}",
    ),
)
PARSER = (
    (
        "three thousand braces",
        "SELECT * WHERE " + "{" * 3000 + "?s ?p ?o" + "}" * 3000,
        ("query-too-deep",),
    ),
    ("unbalanced braces", "SELECT * WHERE " + "{" * 20_000, ("query-too-deep", "bad-query")),
    (
        "deep parentheses",
        "SELECT * WHERE { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }",
        ("query-too-deep",),
    ),
    (
        "deep negation",
        "ASK { FILTER(" + "!" * 50_000 + "true) }",
        ("query-too-deep", "bad-query", "query-too-long"),
    ),
    (
        "deep brackets",
        "SELECT * WHERE { ?s ?p " + "[ ?p " * 3000 + "1" + "]" * 3000 + " }",
        ("query-too-deep",),
    ),
    (
        "huge VALUES",
        "SELECT * WHERE { VALUES ?x { " + "<urn:x> " * 300_000 + "} }",
        ("query-too-long",),
    ),
    ("huge IN", "ASK { FILTER(1 IN (" + ",".join(["2"] * 400_000) + ")) }", ("query-too-long",)),
    ("a megabyte of nothing", " " * 3_000_000, ("query-too-long",)),
    ("no query at all", "", ("bad-query", "bad-content")),
    ("not SPARQL", "DROP TABLE users; --", ("bad-query",)),
    ("an update", "DELETE WHERE { ?s ?p ?o }", ("bad-query", "forbidden", "unauthorised")),
    ("a drop", "DROP ALL", ("bad-query", "forbidden", "unauthorised")),
    (
        "load from the machine",
        "LOAD <http://127.0.0.1:22/>",
        ("bad-query", "forbidden", "outgoing-request", "unauthorised"),
    ),
    (
        "service to the machine",
        "SELECT * WHERE { SERVICE <http://127.0.0.1:22/> { ?s ?p ?o } }",
        ("outgoing-request",),
    ),
    (
        "service to metadata",
        "SELECT * WHERE { SERVICE SILENT <http://169.254.169.254/latest> { ?s ?p ?o } }",
        ("outgoing-request",),
    ),
    (
        "service in disguise",
        "SELECT * WHERE { FILTER(true) SeRvIcE ?where { ?s ?p ?o } }",
        ("outgoing-request",),
    ),
    (
        "from thousands",
        f"ASK {' '.join(f'FROM <urn:{n}>' for n in range(5000))} {{ ?s ?p ?o }}",
        (),
    ),
    ("from a file", "SELECT * FROM <file:///etc/passwd> WHERE { ?s ?p ?o }", ()),
    ("escape of the escape", 'SELECT * WHERE { ?s ?p "\\\\\\"} }', ("bad-query",)),
    ("unicode escapes", "SELECT * WHERE \\u007B ?s ?p ?o \\u007D LIMIT 1", ()),
)
PARAMETERS = (
    "law=sul-140'%20OR%20'1'='1",
    "law=%3E%20%7D%20DROP%20ALL%20%23",
    "law=https://w3id.org/ansvarsgraf/id/law/sul-140%3E%7D%20SERVICE%20%3Chttp://x/",
    "q=%22%29%7D%20UNION%20%7B%3Fs%20%3Fp%20%3Fo%7D%20%23",
    "q=%00",
    "q=" + "a" * 5000,
    "cursor=" + "A" * 3000,
    "cursor=W10",
    "limit=-1",
    "limit=99999999999999999999",
    "limit=1e3",
    "as_of=2019-02-31",
    "as_of=%D9%A2%D9%A0%D9%A1%D9%A9-01-01",
    "modality=%3Cscript%3Ealert(1)%3C/script%3E",
    "nonsense=1",
    "fields=" + ",".join(["x"] * 3000),
    "format=..%2F..%2Fetc%2Fpasswd",
    "sort=%2A",
)
PATHS = (
    "/../../../../etc/passwd",
    "/static/../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/settings.py",
    "/static//etc/passwd",
    "/kilder/..%2F..%2F..%2Fetc%2Fpasswd/1-2",
    "/kilder/004_576de8b26970a828/1-99999999",
    "/kilder/004_576de8b26970a828/9926-9967",
    "/api/v1/evidence/004_576de8b26970a828/0-0",
    "/api/v1/evidence/%00/1-1",
    "/id/law/%3Cscript%3E",
    "/id/nothing/" + "a" * 4000,
    "/lovgrundlag/%E2%80%AE",
    "/ting/law/" + "/".join(["x"] * 500),
    "/%ff%fe%fd",
    "/api/v1/remarks?about=" + "qwertyuiop-asdfghjklzxcvbnm" * 3,
)
HTTP = (
    Hostile("header of 100 KB", get("/healthz", "X-Big: " + "a" * 100_000), (0, 400, 413, 431)),
    Hostile(
        "ten thousand headers",
        get("/healthz", *[f"X-{i}: y" for i in range(10000)]),
        (0, 400, 413, 431),
    ),
    Hostile("request line of 200 KB", get("/" + "a" * 200_000), (0, 400, 404, 413, 414, 431)),
    Hostile("not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, (0, 400)),
    Hostile(
        "HTTP smuggling",
        post(
            "/sparql",
            b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
            "text/plain",
            "Transfer-Encoding: chunked",
        ),
        (0, 400, 415),
    ),
    Hostile(
        "negative length",
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: -1\r\n\r\n",
        (0, 400),
    ),
    Hostile(
        "body of 20 MB",
        post("/sparql", b"a" * 20_000_000, "application/sparql-query"),
        (0, 400, 413),
    ),
    Hostile(
        "zip bomb claimed",
        post("/sparql", b"\x1f\x8b" * 50, "application/sparql-query", "Content-Encoding: gzip"),
        (400, 415),
    ),
    Hostile(
        "malformed UTF-8",
        post("/sparql", b"SELECT * WHERE { ?s ?p '\xff\xfe' }", "application/sparql-query"),
        (400,),
    ),
    Hostile(
        "form of malformed UTF-8",
        post("/sparql", b"query=%ff%fe%00", "application/x-www-form-urlencoded"),
        (400,),
    ),
    Hostile("wrong type", post("/sparql", b"<x/>", "application/xml"), (400, 415)),
    Hostile(
        "accept of ten thousand ranges",
        get("/api/v1/agreements", "Accept: " + ",".join(["a/b;q=0.1"] * 5000)),
        (0, 200, 400, 406, 431),
    ),
    Hostile("script in a search", get("/soeg?q=" + quote("<script>alert(1)</script>")), (200,)),
    Hostile("foreign host header", get("/api/v1", host="evil.example"), (200, 400)),
    Hostile(
        "unknown method",
        b"BREW /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        (0, 400, 404, 405, 501),
    ),
    Hostile(
        "write without a key",
        b"DELETE /rdf-graph-store?default HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        (401, 403, 405),
    ),
    Hostile(
        "write with a wrong key",
        b"PUT /rdf-graph-store?default HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Type: text/turtle\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        (401, 403, 405),
    ),
    Hostile(
        "reload without a key",
        post("/api/v1/admin/reload", b"", "application/json"),
        (401, 403, 404, 405),
    ),
)

INPUTS: tuple[Hostile, ...] = (
    *(Hostile(name, sparql(query), CROSSED, LIMITS) for name, query in QUERIES),
    *(
        Hostile(
            name,
            sparql(query),
            (200, 400, 401, 403, 413) if not kinds else (400, 401, 403, 413),
            kinds,
        )
        for name, query, kinds in PARSER
    ),
    *(
        Hostile(
            f"parameter {p[:40]}",
            get(f"/api/v1/responsibilities?{p}"),
            (200, 400, 404, 406, 414, 431),
        )
        for p in PARAMETERS
    ),
    *(Hostile(f"path {p[:40]}", get(p), (200, 400, 404, 414)) for p in PATHS),
    *HTTP,
)
