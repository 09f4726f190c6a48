"""Every class has a list: filters combine, pages fit together, every format says the same."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest
import rdflib
from starlette.testclient import TestClient

from graph_service.answers import Answers
from graph_service.api.resources import RESOURCES
from graph_service.questions import registry
from graph_service.vocabulary import ag
from tests.store.compare import pairs

QUESTIONS = registry()


def example(name: str) -> dict[str, str]:
    return dict(QUESTIONS[RESOURCES[name].question or name].example)


@pytest.mark.parametrize("name", RESOURCES)
def test_every_format_of_a_list_holds_the_same_things(client: TestClient, name: str) -> None:
    asked = {**example(name), "limit": "20"}
    body = client.get(f"/api/v1/{name}", params=asked).json()
    if name == "findings":
        ids = {item["id"] for item in body["items"]}
    else:
        ids = {item["iri"] for item in body["items"]}
    assert body["total"] >= len(ids)
    turtle = client.get(f"/api/v1/{name}", params=asked, headers={"Accept": "text/turtle"})
    assert turtle.headers["content-type"] == "text/turtle; charset=utf-8"
    triples = {q.triple for q in ox.parse(turtle.content, format=ox.RdfFormat.TURTLE)}
    jsonld = client.get(f"/api/v1/{name}", params={**asked, "format": "jsonld"})
    read_back = rdflib.Graph().parse(data=jsonld.content, format="json-ld")
    same = rdflib.Graph().parse(data=turtle.content, format="turtle")
    assert set(read_back) == set(same)
    nquads = client.get(f"/api/v1/{name}", params={**asked, "format": "nquads"})
    quads = list(ox.parse(nquads.content, format=ox.RdfFormat.N_QUADS))
    assert {q.triple for q in quads} == triples
    assert all(isinstance(q.graph_name, ox.NamedNode) for q in quads)
    if name != "findings":
        assert ids <= {t.subject.value for t in triples}
        assert ids


@pytest.mark.parametrize("separator", ["semicolon", "comma"])
@pytest.mark.parametrize("name", RESOURCES)
def test_every_cell_of_a_table_is_what_the_data_says(
    client: TestClient, name: str, separator: str
) -> None:
    """With and without the list's example and ``fields``, for every column and every row."""
    own = QUESTIONS[RESOURCES[name].question or name].fields
    address = ("id", "Id") if name == "findings" else ("iri", "Adresse")
    for more in (example(name), {}, {"fields": "label,type,evidence,kind,about,when"}):
        asked = {**more, "limit": "200"}
        items = client.get(f"/api/v1/{name}", params=asked).json()["items"]
        asked |= {"format": "csv", "separator": separator}
        chosen = asked.get("fields", "").split(",")
        columns = [(k, h) for k, h in own.items() if "fields" not in asked or k in chosen]
        columns += [(k, k) for k in chosen if k and k not in own]
        columns.append(address)
        text = client.get(f"/api/v1/{name}", params=asked).content.decode("utf-8-sig")
        mark = {"semicolon": ";", "comma": ","}[separator]
        head, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        assert head == [heading for _, heading in columns]
        assert len(rows) == len(items)
        for item, row in zip(items, rows, strict=True):
            assert row == [cell(inside(item, key), separator) for key, _ in columns]


def inside(value: object, path: str) -> list[object]:
    """All that a member, or a member of members (``assessment.decision``), holds."""
    values = value if isinstance(value, list) else [value]
    if not path:
        return [v for v in values if v is not None]
    head, _, rest = path.partition(".")
    return [
        found
        for v in values
        if isinstance(v, dict) and head in v
        for found in inside(v[head], rest)
    ]


def cell(values: list[object], separator: str) -> str:
    """Values as docs/api.md says that a table has them, told apart from the product's own way."""
    told = []
    for value in values:
        if isinstance(value, dict) and {"document", "first_line", "last_line"} <= value.keys():
            told.append("{document} linje {first_line}-{last_line}".format(**value))
        elif isinstance(value, dict):
            told.append(value.get("label") or value["iri"])
        elif isinstance(value, float) and separator == "semicolon":
            told.append(str(value).replace(".", ","))
        else:
            assert isinstance(value, str | int | float) and not isinstance(value, bool)
            told.append(str(value))
    text = "; ".join(told)
    number = len(values) == 1 and isinstance(values[0], int | float)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) and not number else text


def table(response) -> list[dict[str, str]]:
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("name", [n for n in RESOURCES if n != "findings"])
def test_the_first_of_a_list_has_an_address_of_its_own(client: TestClient, name: str) -> None:
    item = client.get(f"/api/v1/{name}", params={**example(name), "limit": "1"}).json()["items"][0]
    one = client.get(item["data"].removeprefix("http://localhost"))
    assert one.status_code == 200
    assert one.json()["iri"] == item["iri"]
    assert f'<{item["page"]}>; rel="alternate"; type="text/html"' in one.headers["link"]


@pytest.mark.parametrize("sort", ["label", "-label", "due", "-due"])
def test_pages_fit_together(client: TestClient, sort: str) -> None:
    seen: list[str] = []
    address = f"/api/v1/events?limit=70&sort={sort}&fields=iri"
    while address:
        body = client.get(address.removeprefix("http://localhost")).json()
        seen += [item["iri"] for item in body["items"]]
        address = body["next"] or ""
    assert len(seen) == len(set(seen)) == body["total"]


def test_danish_letters_sort_last(client: TestClient) -> None:
    body = client.get("/api/v1/organisations?type=Municipality&limit=200&fields=label").json()
    labels = [item["label"] for item in body["items"]]
    assert labels.index("Ærø Kommune") > labels.index("Vejle Kommune")
    assert labels.index("Aabenraa Kommune") > labels.index("Ærø Kommune")


def test_sorting_by_due_date_leaves_what_has_none_to_the_end(client: TestClient) -> None:
    for sort in ("due", "-due"):
        body = client.get(f"/api/v1/events?sort={sort}&limit=500").json()
        bound = [bool(latest(item)) for item in body["items"]]
        assert bound == sorted(bound, reverse=True)
        assert set(bound) == {True, False}


SORTED = [
    (name, key)
    for name, resource in RESOURCES.items()
    for key in QUESTIONS[resource.question or name].sorts
]


@pytest.mark.parametrize(("name", "key"), SORTED)
def test_every_key_sorts_upwards_and_downwards_with_what_has_none_last(
    client: TestClient, answers: Answers, name: str, key: str
) -> None:
    """By what the graph says; of several keys, a thing's least counts."""
    question = QUESTIONS[RESOURCES[name].question or name]
    keys: dict[str, float | str] = {}
    subject, *_ = question.columns
    for row in answers.store.select(f"SELECT ?{subject} ?by WHERE {{ {question.key(key)} }}"):
        by = row["by"]
        assert isinstance(by, ox.Literal)
        value = by.value if by.datatype.value.endswith("#date") else float(by.value)
        keys[row[subject].value] = min(value, keys.get(row[subject].value, value))
    every = dict.fromkeys(question.default, "all")

    def things(sort: str) -> list[str]:
        found: list[str] = []
        asked = urlencode({**every, "sort": sort, "limit": 500, "fields": "iri"})
        following = f"/api/v1/{name}?{asked}"
        while following:
            body = client.get(following.removeprefix("http://localhost")).json()
            found += [item["iri"] for item in body["items"]]
            following = body["next"]
        return found

    plain = things("label")
    having = [keys[iri] for iri in plain if iri in keys]
    assert len(set(having)) > 1
    for sort, downwards in ((key, False), ("-" + key, True)):
        ordered = things(sort)
        assert sorted(ordered) == sorted(plain)
        given = [keys.get(iri) for iri in ordered]
        none: list[float | str | None] = [None] * (len(plain) - len(having))
        assert given == [*sorted(having, reverse=downwards), *none]


def test_initiatives_are_due_by_what_is_planned(client: TestClient) -> None:
    """docs/api.md: of initiatives, the planned milestones count."""
    initiatives = client.get("/api/v1/initiatives?sort=due&limit=500").json()["items"]
    events = client.get("/api/v1/events?limit=500").json()["items"]
    planned = {
        event["iri"]: latest(event)
        for event in events
        if any(said["id"] == "Yes" for said in event.get("planned", []))
    }
    due = []
    for initiative in initiatives:
        milestones = [each["iri"] for each in initiative.get("milestone", [])]
        days = [day for iri in milestones for day in planned.get(iri, [])]
        due.append(min(days, default="9999"))
    assert due == sorted(due)
    assert due[0] < "9999" == due[-1]


@pytest.mark.parametrize("name", RESOURCES)
def test_every_member_and_every_column_can_be_chosen(client: TestClient, name: str) -> None:
    items = client.get(f"/api/v1/{name}", params={"limit": 500}).json()["items"]
    members = sorted({member for item in items for member in item})
    for column in QUESTIONS[RESOURCES[name].question or name].fields:
        if column.partition(".")[0] in members:
            members.append(column)
    asked = {"limit": 500, "fields": " , ".join(members)}
    assert client.get(f"/api/v1/{name}", params=asked).json()["items"] == items
    for column in members:
        chosen = client.get(f"/api/v1/{name}", params={"limit": 3, "fields": column})
        assert chosen.status_code == 200, chosen.text
        kept = {"iri", "id", column.partition(".")[0]}
        assert all(item.keys() <= kept for item in chosen.json()["items"])


@pytest.mark.parametrize("form", ["turtle", "jsonld", "nquads"])
def test_a_graph_says_that_it_cannot_be_some_members_alone(client: TestClient, form: str) -> None:
    refused = client.get("/api/v1/tasks", params={"fields": "label", "format": form})
    assert refused.status_code == 406
    assert "fields" in refused.json()["detail"]
    link = client.get("/api/v1/tasks", params={"fields": "label", "limit": 1}).headers["link"]
    assert "csv" in link
    assert form not in link


def latest(item: dict) -> list[str]:
    return [day for date in item.get("when", []) for day in date.get("not_after", [])]


def test_due_before_means_the_last_possible_day_and_loses_nothing(client: TestClient) -> None:
    def count(**asked: str) -> int:
        return client.get("/api/v1/events", params={**asked, "limit": "1"}).json()["total"]

    body = client.get("/api/v1/events?due_before=2019-01-01&limit=500").json()
    assert body["total"] == len(body["items"]) > 0
    assert all(min(latest(item)) < "2019-01-01" for item in body["items"])
    undated = client.get(body["undated"]["href"].removeprefix("http://localhost")).json()
    assert undated["total"] == body["undated"]["total"] > 0
    assert count(undated="yes") + count(undated="no") == count()
    several = sum(
        1
        for item in client.get("/api/v1/events?limit=500&undated=no").json()["items"]
        if min(latest(item)) < "2019-01-01" <= max(latest(item))
    )
    late = count(due_after="2018-12-31")
    assert count(due_before="2019-01-01") + late - several == count(undated="no")


def test_filters_combine(client: TestClient) -> None:
    def ids(**asked: str) -> set[str]:
        body = client.get("/api/v1/initiatives", params={**asked, "limit": "500"}).json()
        return {item["id"] for item in body["items"]}

    group = {"group": "foelgegruppen-for-forebyggelse"}
    both = ids(**group, decision="Continue", has_remark="yes")
    assert both == ids(**group) & ids(decision="Continue") & ids(has_remark="yes")
    assert ids(has_remark="yes") | ids(has_remark="no") == ids()
    assert not ids(has_remark="yes") & ids(has_remark="no")
    assert ids(decision="Continue,Discontinue") == ids(decision="Continue") | ids(
        decision="Discontinue"
    )
    assert ids(decision="videreføres") == ids(decision="Continue")


#: Filters of one date: together they ask for a date that meets both, and a thing with several dates
#: may meet each by another.
OF_ONE_DATE = {"due_before", "due_after"}


@pytest.mark.parametrize("name", RESOURCES)
def test_two_filters_give_what_each_gives(client: TestClient, answers: Answers, name: str) -> None:
    question = QUESTIONS[RESOURCES[name].question or name]
    every = dict.fromkeys(question.default, "all")
    known: dict[str, set[str]] = {}

    def ids(**asked: str) -> set[str]:
        address = f"/api/v1/{name}?{urlencode({**every, **asked, 'limit': 500, 'fields': 'iri'})}"
        if address not in known:
            known[address], following = set(), address
            while following:
                body = client.get(following.removeprefix("http://localhost")).json()
                known[address] |= {item["id"] for item in body["items"]}
                following = body["next"]
            assert len(known[address]) == body["total"]
        return known[address]

    for asked in pairs(question, answers):
        one, other = (ids(**{n: v}) for n, v in asked.items())
        if asked.keys() == OF_ONE_DATE:
            assert name in ("events", "initiatives")
            assert ids(**asked) <= one & other
        else:
            assert ids(**asked) == one & other, asked


def test_the_status_of_an_agreement_can_be_written_as_any_other_value(client: TestClient) -> None:
    def ids(status: str) -> set[str]:
        body = client.get("/api/v1/agreements", params={"status": status, "limit": "500"}).json()
        return {item["id"] for item in body["items"]}

    assert ids("InForce") == ids("ag:InForce") == ids("gældende") == ids("inforce") != set()
    assert ids("InForce,Draft") == ids("InForce") | ids("Draft")
    assert client.get("/api/v1/agreements?status=gyldig").status_code == 400


WHETHER = [
    (name, p.name)
    for name, resource in RESOURCES.items()
    for p in QUESTIONS[resource.question or name].parameters.values()
    if p.of == ("yes_no",)
]


@pytest.mark.parametrize(("name", "parameter"), WHETHER)
def test_yes_or_no_leaves_nothing_out(client: TestClient, name: str, parameter: str) -> None:
    def count(**asked: str) -> int:
        return client.get(f"/api/v1/{name}", params={**asked, "limit": "1"}).json()["total"]

    for both in ("yes,no", "ja, nej", "No,Yes,No"):
        assert count(**{parameter: both}) == count() > 0


def test_yes_or_no_leaves_out_what_is_neither(client: TestClient) -> None:
    def ids(**asked: str) -> set[str]:
        body = client.get("/api/v1/events", params={**asked, "limit": "500"}).json()
        return {item["id"] for item in body["items"]}

    assert ids(planned="yes,no") == ids(planned="yes") | ids(planned="no") < ids()


@pytest.mark.parametrize("nothing", ["", " ", ",", " , ,"])
def test_a_filter_without_a_value_is_left_out(client: TestClient, nothing: str) -> None:
    """It does not ask for what has no value, so the answer is not that there is none."""

    def total(**asked: str) -> int:
        body = client.get("/api/v1/responsibilities", params={**asked, "limit": "1"}).json()
        return body["total"]

    assert total(law=nothing, modality=nothing) == total() > 0
    missing = client.get("/api/v1/questions/who-under-provision", params={"law": nothing})
    assert missing.status_code == 400


def test_fields_choose_what_an_item_has(client: TestClient) -> None:
    body = client.get("/api/v1/events?fields=label,when&limit=3").json()
    assert [set(item) for item in body["items"]] == [{"iri", "id", "label", "when"}] * 3
    text = client.get("/api/v1/events?fields=label,event_type&limit=3&format=csv").text
    assert text.splitlines()[0].lstrip("\ufeff") == "Begivenhed;Slags;Adresse"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("responsibilities?not_stated=legalBasis", "responsibilities?not_stated=legal_bass"),
        ("responsibilities?not_stated=legal_basis", "responsibilities?not_stated=title"),
        ("documents?kind=vejledningsark", "documents?kind=vejledningsarkene"),
        ("actors?kind=Municipality", "actors?kind=Kommune"),
        ("actors?kind=generic_actor", "actors?kind=Initiative"),
        ("findings?rule=year-missing", "findings?rule=year"),
        ("questions/not-stated?property=by_body", "questions/not-stated?property=by_bodies"),
    ],
)
def test_a_misspelt_word_is_told_and_not_answered_with_nothing(
    client: TestClient, right: str, wrong: str
) -> None:
    body = client.get(f"/api/v1/{right}").json()
    assert body.get("total") or body["rows"]
    answer = client.get(f"/api/v1/{wrong}")
    assert answer.status_code == 400
    told = answer.json()
    assert told["type"].endswith("/unknown-parameter")
    name = right.partition("?")[2].partition("=")[0]
    assert told["parameter"] == name
    assert "grafen har " in told["detail"]


def test_a_word_that_the_model_has_and_the_graph_does_not_gives_nothing(client: TestClient) -> None:
    assert client.get("/api/v1/responsibilities?not_stated=modality").json()["total"] == 0


def test_csv_opens_in_danish_excel_and_in_programs(client: TestClient) -> None:
    danish = client.get("/api/v1/figures?format=csv&limit=100&sort=value").content.decode()
    assert danish.startswith("\ufeffTal;Værdi;Enhed")
    with_comma = client.get("/api/v1/figures?format=csv&limit=100&separator=comma").text
    rows = list(csv.DictReader(io.StringIO(with_comma.lstrip("\ufeff"))))
    assert {"Tal", "Værdi", "Enhed"} <= set(rows[0])


def test_a_table_of_documents_names_each(client: TestClient) -> None:
    rows = table(client.get("/api/v1/documents?limit=500&format=csv"))
    assert all(row["Dokument"] for row in rows)
    assert len({row["Dokument"] for row in rows}) > 100


def test_a_list_links_its_page_and_its_other_forms(client: TestClient) -> None:
    link = client.get("/api/v1/events?type=Approval&limit=2").headers["link"]
    assert '<http://localhost/kalender?type=Approval>; rel="alternate"; type="text/html"' in link
    for media in ("application/ld+json", "text/turtle", "application/n-quads", "text/csv"):
        assert f'type="{media}"' in link
    assert 'rel="next"' in link


def test_an_organisation_bears_with_its_derivation(client: TestClient) -> None:
    body = client.get(
        "/api/v1/responsibilities?actor=odense-kommune&agreement=forloebsprogram-hjertesygdom"
    ).json()
    assert body["total"] > 10
    assert any(item["derivation"] for item in body["items"])


def test_a_derivation_says_what_the_graph_says(client: TestClient, answers: Answers) -> None:
    said = defaultdict(set)
    rows = answers.store.select(
        "SELECT * WHERE { ?r ag:derivation ?d . ?d ag:viaActor ?actor ; "
        "ag:forOrganisation <https://w3id.org/ansvarsgraf/id/organisation/odense-kommune> . "
        "OPTIONAL { ?d ag:viaAgreement ?agreement } OPTIONAL { ?d ag:viaBody ?body } }"
    )
    for row in rows:
        said[row["r"].value].add(
            tuple(row[n].value if n in row else "" for n in ("actor", "agreement", "body"))
        )
    items = client.get("/api/v1/responsibilities?actor=odense-kommune&limit=500").json()["items"]
    assert len(items) > 100
    for item in items:
        found = [
            tuple(one.get(f"via_{n}", {}).get("iri", "") for n in ("actor", "agreement", "body"))
            for one in item["derivation"]
        ]
        assert len(found) == len(set(found))
        assert set(found) == said[item["iri"]]


def test_the_index_names_every_list(client: TestClient) -> None:
    lists = client.get("/api/v1").json()["lists"]
    assert {v.rpartition("/")[2] for v in lists.values()} == set(RESOURCES)


def test_every_class_of_the_data_has_a_list(answers: Answers) -> None:
    """Whatever kind of thing the graph labels can be listed, but for parts of other things."""
    kinds = {kind for resource in RESOURCES.values() for kind in resource.kinds}
    rows = answers.store.select(
        "SELECT DISTINCT ?kind WHERE { ?s skos:prefLabel ?l . BIND(STRBEFORE(STRAFTER(STR(?s), "
        '"/ansvarsgraf/id/"), "/") AS ?kind) FILTER(?kind != "") }'
    )
    assert {row["kind"].value for row in rows} - kinds == set()


def test_a_question_shows_its_sparql(client: TestClient) -> None:
    answer = client.get("/api/v1/questions/who-under-provision?law=sul-140&show=sparql")
    assert answer.headers["content-type"].startswith("application/sparql-query")
    assert "<https://w3id.org/ansvarsgraf/id/law/sul-140>" in answer.text
    rows = client.get("/api/v1/questions/who-under-provision?law=sul-140").json()
    assert rows["total"] == len(rows["rows"]) > 0
    json.dumps(rows)
    for form, status in (("csv", 200), ("pdf", 406)):
        address = f"/api/v1/questions/terms?show=sparql&format={form}"
        assert client.get(address, headers={"Accept": "text/plain"}).status_code == status


def test_the_lines_of_a_document_are_told_and_those_of_a_passage_stand_once(
    client: TestClient,
) -> None:
    asked = "/api/v1/documents?limit=500"
    told = [i for i in client.get(asked).json()["items"] if "first_line" in i]
    assert len(told) > 30
    rows = table(client.get(asked + "&format=csv&fields=first_line,last_line"))
    lines = {row["Adresse"]: (row["Første linje"], row["Sidste linje"]) for row in rows}
    turtle = client.get(asked + "&format=turtle").text
    graph = rdflib.Graph().parse(data=turtle, format="turtle")
    for item in told:
        first, last = item["first_line"][0], item["last_line"][0]
        assert lines[item["iri"]] == (str(first), str(last))
        line = graph.value(rdflib.URIRef(item["iri"]), rdflib.URIRef(ag("firstLine")))
        assert line is not None
        assert line.toPython() == first
    passage = told[0]["evidence"][0]
    assert isinstance(passage["first_line"], int)


@pytest.mark.parametrize("limit", ["501", "000000000500999", "9" * 5000, "0", "-1", "٥", "1\u00b2"])
def test_no_number_passes_its_bounds_by_its_length(client: TestClient, limit: str) -> None:
    answer = client.get("/api/v1/events", params={"limit": limit})
    assert answer.status_code == 400
    assert "1 til 500" in answer.json()["detail"]


def test_a_passage_is_named_as_any_thing(client: TestClient) -> None:
    passage = client.get("/api/v1/evidence?limit=1").json()["items"][0]
    for named in (passage["iri"], f"passage:{passage['id']}"):
        asked = client.get("/api/v1/questions/said-on-passage", params={"passage": named})
        assert asked.status_code == 200, asked.text
    found = client.get(f"/api/v1/evidence/passage:{passage['id']}")
    assert found.json()["iri"] == passage["iri"]
