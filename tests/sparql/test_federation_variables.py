"""A variable after SERVICE: what it comes to is judged, and then asked as the standard says."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from graph_service.api.app import create_app
from graph_service.api.problems import Problem
from graph_service.build.publish import publish
from graph_service.settings import Settings
from graph_service.sparql.federation import MOST, MOST_CLAUSES, written_out
from graph_service.sparql.guard import look
from graph_service.sparql.once import run_once
from tests.hosts import Asked, Reply, host, results
from tests.sparql.conftest import EX, TOKEN


class Endpoints:
    """Two endpoints at one host; each knows one thing.

    Attributes:
        name: of the host.
        asked: paths that were asked.
    """

    def __init__(self) -> None:
        self.name, self.asked = "", list[str]()
        self.stores = {f"/{name}": ox.Store() for name in ("one", "two")}
        for path, store in self.stores.items():
            store.add(ox.Quad(node("thing"), node("says"), ox.Literal(path[1:])))
            store.add(ox.Quad(node("thing"), node("number"), ox.Literal(len(self.stores))))

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked.path)
        return results(self.stores[asked.path], asked.body.decode())


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode(EX + name)


@pytest.fixture(scope="module")
def other() -> Iterator[Endpoints]:
    """A host that nobody allowed."""
    made = Endpoints()
    with host(made.answer) as made.name:
        yield made
    assert made.asked == [], "this host was asked"


@pytest.fixture(scope="module")
def allowed() -> Iterator[Endpoints]:
    made = Endpoints()
    with host(made.answer) as made.name:
        yield made


@pytest.fixture(scope="module")
def settings_here(
    allowed: Endpoints, other: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings over a graph that knows the addresses of endpoints."""
    folder = tmp_path_factory.mktemp("variables")
    here = [
        (node(name), node("at"), ox.NamedNode(f"http://{allowed.name}/{name}"))
        for name in ("one", "two")
    ]
    here += [
        (node("far"), node("elsewhere"), ox.NamedNode(f"http://{other.name}/one")),
        (node("one"), node("size"), ox.Literal(1)),
        (node("text"), node("written"), ox.Literal(f"http://{allowed.name}/one")),
        *(
            (node("many"), node("all"), ox.NamedNode(f"http://{allowed.name}/{n}"))
            for n in range(MOST + 1)
        ),
    ]
    publish([ox.Quad(*each, node("graph")) for each in here], folder / "snapshots")
    return Settings(
        folder,
        folder / "snapshots",
        None,
        admin_token=TOKEN,
        workers=1,
        allowed_hosts=(allowed.name,),
    )


@pytest.fixture(scope="module")
def client(settings_here: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings_here)) as made:
        made.headers["Authorization"] = f"Bearer {TOKEN}"
        yield made


PROLOGUE = f"PREFIX e: <{EX}> "


def asked(client: TestClient, query: str) -> list[dict[str, str]]:
    """The solutions of a query, in order of their values."""
    answer = client.get("/sparql", params={"query": PROLOGUE + query})
    assert answer.status_code == 200, answer.text
    rows = [{k: v["value"] for k, v in row.items()} for row in answer.json()["results"]["bindings"]]
    return sorted(rows, key=lambda row: sorted(row.items()))


def said(*words: str) -> list[dict[str, str]]:
    return [{"x": word} for word in words]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("SELECT ?x { ?a e:at ?s SERVICE ?s { ?t e:says ?x } }", said("one", "two")),
        ("SELECT ?x { ?a e:at $s . service silent ?s { ?t e:says ?x } }", said("one", "two")),
        ("SELECT ?x { e:one e:at ?s SERVICE ?s { ?t e:says ?x } }", said("one")),
        ("SELECT ?x { e:none e:at ?s SERVICE ?s { ?t e:says ?x } }", []),
        ("SELECT ?x { e:one e:at ?s # }\n SERVICE # {\n ?s { ?t e:says ?x } }", said("one")),
        # A filter of the group may be about what the other service says.
        (
            "SELECT ?x { ?a e:at ?s FILTER(?x != 'one') FILTER EXISTS { ?a e:at ?s } "
            "FILTER regex(?x, 'w') SERVICE ?s { ?t e:says ?x } }",
            said("two"),
        ),
        # One that is not, in a group of its own, spares the others the question.
        (
            "SELECT ?x { { ?a e:at ?s FILTER(?a = e:two) } SERVICE ?s { ?t e:says ?x } }",
            said("two"),
        ),
        (
            "SELECT ?x { ?a e:size ?n OPTIONAL { ?a e:at ?s SERVICE ?s { ?t e:says ?x } } }",
            said("one"),
        ),
        (
            "SELECT ?x { { ?a e:size ?n . ?a e:at ?s SERVICE ?s { ?t e:says ?x } } UNION "
            "{ e:two e:at ?r SERVICE ?r { ?t e:says ?x } } }",
            said("one", "two"),
        ),
        (
            "SELECT (CONCAT(?y, ?z) AS ?x) { e:one e:at ?s . e:two e:at ?r "
            "SERVICE ?s { ?t e:says ?y } SERVICE ?r { ?t e:says ?z } }",
            said("onetwo"),
        ),
        (f"SELECT ?x FROM <{EX}none> {{ ?a e:at ?s SERVICE ?s {{ ?t e:says ?x }} }}", []),
        (
            f"SELECT ?x FROM NAMED <{EX}graph> FROM <{EX}graph> WHERE "
            "{ e:two e:at ?s SERVICE ?s { ?t e:says ?x } }",
            said("two"),
        ),
        (
            "SELECT ?x { SELECT ?x { ?a e:at ?s SERVICE ?s { ?t e:says ?x } } LIMIT 9 }",
            said("one", "two"),
        ),
        # A blank node of one copy is not that of another.
        ("SELECT ?x { ?a e:at ?s SERVICE ?s { _:b e:says ?x ; e:number ?n } }", said("one", "two")),
        (
            "SELECT ?x { ?a e:at ?s MINUS { e:one e:at ?s } SERVICE ?s { ?t e:says ?x } }",
            said("two"),
        ),
        # A name may begin with a keyword.
        (
            f"PREFIX graph: <{EX}> PREFIX from: <{EX}> SELECT ?x {{ graph:two from:at ?s "
            "SERVICE ?s { ?t graph:says ?x } }",
            said("two"),
        ),
        (
            "SELECT ?x { ?a e:at ?s FILTER EXISTS { ?a e:at ?r SERVICE ?r { ?t e:says 'two' } } "
            "SERVICE ?s { ?t e:says ?x } }",
            said("two"),
        ),
        ("SELECT (SUM(?n) AS ?x) { ?a e:at ?s SERVICE ?s { ?t e:number ?n } }", said("4")),
    ],
)
def test_each_address_that_it_comes_to_is_asked(
    client: TestClient, query: str, wanted: list[dict[str, str]]
) -> None:
    assert asked(client, query) == wanted


def test_the_columns_are_there_where_nobody_is_asked(client: TestClient) -> None:
    query = f"{PROLOGUE} SELECT * {{ e:none e:at ?s SERVICE ?s {{ ?t e:says ?x }} }}"
    answer = client.get("/sparql", params={"query": query, "format": "csv"})
    assert sorted(answer.text.strip().split(",")) == ["s", "t", "x"]


def test_the_dataset_of_the_request_holds_for_what_it_comes_to(client: TestClient) -> None:
    query = f"{PROLOGUE} SELECT ?x {{ e:one e:at ?s SERVICE ?s {{ ?t e:says ?x }} }}"
    for graph, number in (("graph", 1), ("other", 0)):
        fields = {"query": query, "default-graph-uri": EX + graph}
        found = client.get("/sparql", params=fields).json()["results"]["bindings"]
        assert len(found) == number


def test_a_clause_for_one_address_after_the_other_has_a_limit(client: TestClient) -> None:
    def answer(number: int) -> tuple[int, str]:
        clauses = "SERVICE ?s { ?t e:says ?x } " * number
        query = f"{PROLOGUE} ASK {{ e:one e:at ?s {clauses} }}"
        found = client.get("/sparql", params={"query": query})
        return found.status_code, found.json().get("detail", "")

    assert answer(MOST_CLAUSES) == (200, "")
    status, detail = answer(MOST_CLAUSES + 1)
    assert (status, f"Højst {MOST_CLAUSES}" in detail) == (403, True)


#: What the engine reads as comparison, a string or a comment, where < could begin an address.
TWO_WAYS = [
    "FILTER('1'<'>')SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'",
    "FILTER('1'@da<'>')SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'",
    "FILTER(STR(?x)<'>')SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'",
    "FILTER(true<'>')SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'",
    "FILTER(e:x<'>')SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'",
    "FILTER(EXISTS{{}}<'>')SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'",
    "FILTER(?x<1)SERVICE:x#>\n{{ ?x2 ?y ?z }} }}",
    "FILTER(?x<?x#>'''\n) SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'''",
    "BIND(<<(?a?b'>')>>AS?t) SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'",
    "<<?a?b'>'>>?c?d . SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'",
    "FILTER(1<1&&(2>1)&&'1'<'>')) SERVICE <http://{other}/one> {{ ?x2 ?y ?z }} }} #'",
]


@pytest.mark.parametrize("trick", TWO_WAYS)
@pytest.mark.parametrize(
    "where", ["{known} {trick}", "{variable} {trick}", "{{ {trick}\n}} {variable} }}"]
)
def test_what_can_be_read_in_two_ways_reaches_nobody(
    client: TestClient, allowed: Endpoints, other: Endpoints, where: str, trick: str
) -> None:
    inside = where.format(
        known=f"SERVICE <http://{allowed.name}/one> {{ ?u ?v ?x }}",
        variable=f"VALUES ?s {{ <http://{allowed.name}/one> }} SERVICE ?s {{ ?u ?v ?x }}",
        trick=trick.format(other=other.name),
    )
    query = f"PREFIX : <http://{other.name}/> {PROLOGUE} SELECT * {{ {inside}"
    client.get("/sparql", params={"query": query})
    update = f"PREFIX : <http://{other.name}/> {PROLOGUE} INSERT {{ e:a e:b ?x }} WHERE {{ {inside}"
    client.post("/sparql", data={"update": update})
    assert other.asked == []


def test_what_can_be_read_in_two_ways_is_told_how_to_be_written(
    client: TestClient, allowed: Endpoints
) -> None:
    def told(values: str) -> tuple[int, str]:
        asks = f"SERVICE <http://{allowed.name}/one> {{ ?t e:says ?x }}"
        query = f"{PROLOGUE} SELECT * {{ VALUES (?a ?b) {{ {values} }} {asks} }}"
        answer = client.get("/sparql", params={"query": query})
        return answer.status_code, answer.json().get("detail", "")

    assert told("(1 e:b)") == told("(1 <http://example.org/b>) (<http://x#a> 2)") == (200, "")
    status, detail = told("(1 <http://example.org/#b>)")
    assert (status, "skriv den med præfiks" in detail) == (400, True)


def test_it_may_stand_in_every_kind_of_question(
    client: TestClient, settings_here: Settings
) -> None:
    where = "{ e:one e:at ?s SERVICE ?s { ?t e:says ?x } }"

    def answer(query: str) -> str:
        found = client.get("/sparql", params={"query": PROLOGUE + query})
        assert found.status_code == 200, found.text
        return found.text

    assert '"boolean":true' in answer(f"ASK {where}").replace(" ", "")
    assert '"one"' in answer(f"CONSTRUCT {{ ?t e:heard ?x }} WHERE {where}")
    assert "elsewhere" in answer(f"DESCRIBE e:far WHERE {where}")
    folder = settings_here.snapshots / (settings_here.snapshots / "CURRENT").read_text().strip()
    found = run_once(folder, settings_here, f"{PROLOGUE} SELECT ?x {where}", "csv")
    assert found.split() == [b"x", b"one"]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (
            "SELECT * { e:far e:elsewhere ?s SERVICE ?s { ?t e:says ?x } }",
            "må kun være adresser hos",
        ),
        (
            "SELECT * { ?a e:at|e:elsewhere ?s SERVICE SILENT ?s { ?t e:says ?x } }",
            "må kun være adresser hos",
        ),
        (
            "SELECT * { e:text e:written ?s SERVICE ?s { ?t e:says ?x } }",
            "må kun være adresser hos",
        ),
        ("SELECT * { e:many e:all ?s SERVICE ?s { ?t e:says ?x } }", f"mere end {MOST}"),
        (
            "SELECT * { BIND(IRI(CONCAT('http://a/', STR(RAND()))) AS ?s) SERVICE ?s { ?t e:says ?x } }",
            "RAND",
        ),
        (
            "SELECT * { VALUES (?a ?s) { (1 UNDEF) } SERVICE ?s { ?t e:says ?x } }",
            "skal have fået en værdi",
        ),
        ("SELECT * { SERVICE ?s { ?t e:says ?x } }", "skal have fået en værdi"),
        (
            "SELECT * { ?a e:at ?s OPTIONAL { SERVICE ?s { ?t e:says ?x } } }",
            "skal have fået en værdi",
        ),
        ("SELECT * { GRAPH ?g { ?a e:at ?s SERVICE ?s { ?t e:says ?x } } }", "inden i GRAPH"),
        (
            "SELECT * { ?a e:at ?s SERVICE ?s { ?b e:at ?r SERVICE ?r { ?t e:says ?x } } }",
            "inden i GRAPH eller i en anden SERVICE",
        ),
        (
            "SELECT * { ?a e:at ?s . e:far e:elsewhere ?r SERVICE ?s { ?t e:says ?x } "
            "S\\u0045RVICE ?r { ?t e:says ?x } }",
            "SERVICE kan kun hente data hos",
        ),
        (
            "SELECT * { e:far e:elsewhere ?r S\\u0045RVICE ?r { ?t e:says ?x } "
            "?a e:at ?s SERVICE ?s { ?t e:says ?x } }",
            "SERVICE kan kun hente data hos",
        ),
        (
            "SELECT * { e:far e:elsewhere ?r BIND(true AS ?b) ?a e:at ?s SERVICE ?s { ?t e:says ?x } "
            "trueSERVICE ?r { ?t e:says ?x } }",
            "SERVICE kan kun hente data hos",
        ),
    ],
)
def test_what_may_not_be_asked_or_known_is_refused(
    client: TestClient, query: str, why: str
) -> None:
    answer = client.get("/sparql", params={"query": PROLOGUE + query})
    told = answer.json()
    assert (answer.status_code, told["type"].rpartition("/")[2]) == (403, "outgoing-request"), told
    assert why in told["detail"]


def test_an_update_asks_no_variable(client: TestClient) -> None:
    update = "INSERT { ?t e:says ?x } WHERE { ?a e:at ?s SERVICE ?s { ?t e:says ?x } }"
    assert client.post("/sparql", data={"update": PROLOGUE + update}).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?a e:at ?s SERVICE ?s { ?t e:says } }",
        "SELECT * { ?a e:at SERVICE ?s { ?t e:says ?x } }",
        "SELECT * { ?a e:at ?s SERVICE ?s",
        "SELECT * { ?a e:at ?s SERVICE ?s { ?t",
        "SELECT * SERVICE ?s { ?t e:says ?x }",
        "SELECT * FROM { ?a e:at ?s SERVICE ?s { ?t e:says ?x } }",
        "SELECT * { ?a e:at ?s SERVICE ?s { ?t e:says ?x } } FROM",
        "SELECT * { ?a e:at ?s SERVICE ?s { ?t e:says ?x } } FROM NAMED",
        # The engine could read these; then a filter, a graph or a dataset would not be seen here.
        "SELECT * { ?a e:at ?s FILTERregex(?x, 'o') SERVICE ?s { ?t e:says ?x } }",
        "SELECT * { ?a e:at ?s FILTEREXISTS{ ?t ?x ?y } SERVICE ?s { ?t e:says ?x } }",
        "SELECT * { GRAPHe:graph { ?a e:at ?s SERVICE ?s { ?t e:says ?x } } }",
        "PREFIX : <u:> SELECT * { GRAPH:g { ?a e:at ?s SERVICE ?s { ?t e:says ?x } } }",
        "PREFIX : <u:> SELECT * { ?a e:at ?s FILTER:f(?x) SERVICE ?s { ?t e:says ?x } }",
        "PREFIX : <u:> SELECT * FROM:g { ?a e:at ?s SERVICE ?s { ?t e:says ?x } }",
        "SELECT * FROMe:graph { ?a e:at ?s SERVICE ?s { ?t e:says ?x } }",
        "SELECTDISTINCT * { ?a e:at ?s SERVICE ?s { ?t e:says ?x } }",
    ],
)
def test_what_cannot_be_read_is_told_without_a_place_that_nobody_wrote(
    client: TestClient, query: str
) -> None:
    answer = client.get("/sparql", params={"query": PROLOGUE + query})
    told = answer.json()
    assert (answer.status_code, told["type"].rpartition("/")[2]) == (400, "bad-query"), told
    assert told.get("line") is None


def test_nothing_is_asked_where_no_host_is_allowed() -> None:
    with pytest.raises(Problem) as caught:
        look("SELECT * { ?a ?b ?s SERVICE ?s { ?t ?p ?x } }", (), variables=True)
    assert caught.value.kind == "outgoing-request"


def test_what_comes_out_names_every_address(allowed: Endpoints) -> None:
    text = "SELECT * { ?a <u:b> ?s SERVICE SILENT ?s { ?t ?p ?x } }"
    one, two = (ox.NamedNode(f"http://{allowed.name}/{n}") for n in ("one", "two"))
    questions = []

    def ask(question: str) -> list[ox.NamedNode]:
        questions.append(question.split())
        return [two, one]

    assert written_out(text, (allowed.name,), ask) == (
        "SELECT * { ?a <u:b> ?s "
        f"{{ SERVICE SILENT {one} {{ ?t ?p ?x }} VALUES ?s {{ {one} }} }} UNION "
        f"{{ SERVICE SILENT {two} {{ ?t ?p ?x }} VALUES ?s {{ {two} }} }} }}"
    )
    assert [" ".join(words) for words in questions] == ["SELECT DISTINCT ?s WHERE { ?a <u:b> ?s }"]
