"""Whether something held on a day, against the facts in facts/legal-changes.md and the sources."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from graph_service.answers import Answers
from graph_service.api.as_of import _duty, held
from graph_service.api.as_of_works import NO, UNKNOWN, YES, Work
from graph_service.vocabulary import thing


def law(answers: Answers, slug: str, day: str) -> dict:
    return held(answers, [thing("law", slug)], day)[0]


@pytest.mark.parametrize(
    ("slug", "day", "verdict", "then"),
    [
        ("sel-153", "2019-01-24", "yes", "sel-153"),
        ("sel-153", "2023-12-31", "yes", "sel-153"),
        ("sel-153", "2024-01-01", "no", "barnets-lov-133"),
        ("sel-153", "1999-01-01", "unknown", None),
        ("sel-154", "2024-01-01", "no", "barnets-lov-135"),
        ("sel-86-stk-1", "2025-06-30", "yes", "sel-86-stk-1"),
        ("sel-86-stk-1", "2025-07-01", "unknown", None),
        ("sul-140", "2026-12-31", "yes", "sul-140"),
        ("sul-140", "2027-01-01", "unknown", None),
        ("sul-119-stk-2", "2026-12-31", "yes", "sul-119-stk-2"),
        ("sul-119-stk-2", "2027-01-01", "unknown", None),
        ("sul-84", "2030-01-01", "unknown", None),
    ],
)
def test_a_provision_held_until_it_was_changed(
    answers: Answers, slug: str, day: str, verdict: str, then: str | None
) -> None:
    found = law(answers, slug, day)
    assert found["held"] == verdict, found["reason"]
    (basis,) = found["rests_on"]
    assert (basis["then"]["id"] if basis["then"] else None) == then
    assert basis["then_text"] == (basis["then"]["label"] if basis["then"] else "vides ikke")


def test_each_change_says_how_certain_it_is_and_from_where(answers: Answers) -> None:
    (change,) = law(answers, "sel-153", "2024-01-01")["changes"]
    assert change["certainty"] == "bekræftet"
    assert change["date_certainty"] == "skal kontrolleres"
    assert "LOV nr. 1544" in change["source"]
    assert change["in_force"] is True
    (change,) = law(answers, "sul-140", "2026-12-31")["changes"]
    assert change["in_force"] is False
    assert change["effective_from"] == "2027-01-01"
    assert change["changed_to"] is None


@pytest.mark.parametrize(
    ("day", "verdict"),
    [
        ("2018-12-31", "no"),
        ("2019-01-01", "unknown"),
        ("2019-06-01", "unknown"),
        ("2019-12-31", "yes"),
        ("2027-01-01", "unknown"),
    ],
)
def test_the_heart_programme_was_approved_some_time_in_2019(
    answers: Answers, day: str, verdict: str
) -> None:
    programme = thing("programme", "forloebsprogram-hjertesygdom")
    assert held(answers, [programme], day)[0]["held"] == verdict


def test_an_agreement_holds_between_approval_and_the_last_word_of_it(answers: Answers) -> None:
    agreement = thing("agreement", "psykisk-lidelse-og-misbrug")

    def verdict(day: str) -> str:
        return held(answers, [agreement], day)[0]["held"]

    assert [verdict(d) for d in ("2014-10-27", "2014-10-28", "2019-01-24", "2020-01-01")] == [
        "no",
        "yes",
        "yes",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("slug", "day", "verdict"),
    [
        # 004, lines 1154-1160: DAK approved on 23 November 2017, then SKU on 19 December.
        ("saarbare-gravide", "2017-11-22", "no"),
        ("saarbare-gravide", "2017-11-23", "unknown"),
        ("saarbare-gravide", "2017-12-18", "unknown"),
        ("saarbare-gravide", "2017-12-19", "yes"),
        ("saarbare-gravide", "2018-06-01", "yes"),
        ("saarbare-gravide", "2019-01-25", "unknown"),
        # 004, lines 348-350: in force on 1 June 2016.
        ("livstruende-sygdom", "2016-05-31", "no"),
        ("livstruende-sygdom", "2016-06-01", "yes"),
        # 004, lines 44-52: the follow-up group approved first, SKU last, on 19 December 2017.
        ("sam-bo-socialpsykiatri", "2017-10-12", "unknown"),
        ("sam-bo-socialpsykiatri", "2017-12-19", "yes"),
        # A revision was approved: what held before it, the sources do not say.
        ("sam-bo", "2016-01-01", "unknown"),
        ("peritonealdialyse", "2018-05-13", "unknown"),
    ],
)
def test_an_approval_of_the_agreement_itself_counts_and_a_revision_does_not(
    answers: Answers, slug: str, day: str, verdict: str
) -> None:
    found = held(answers, [thing("agreement", slug)], day)[0]
    assert found["held"] == verdict, found["reason"]


def test_that_something_happened_does_not_mean_that_a_source_is_from_that_day() -> None:
    work = Work(happened=["2017-10-12"], spoken_of=["2019-01-24"], status={"InForce"})
    assert work.held("2017-10-12")[0] == UNKNOWN
    assert work.held("2019-01-24")[0] == YES
    assert (work.earliest, work.horizon) == ("2017-10-12", "2019-01-24")


def test_a_duty_of_the_law_goes_on_under_its_new_provision(answers: Answers) -> None:
    duty = thing("responsibility", "offentligt-ansatte-underretter-153")
    before, after = (held(answers, [duty], day)[0] for day in ("2023-12-31", "2024-01-01"))
    assert before["held"] == after["held"] == "yes"
    assert before["rests_on"][0]["then"]["id"] == "sel-153"
    assert after["rests_on"][0]["then"]["id"] == "barnets-lov-133"


def test_a_duty_has_its_own_first_and_last_day(answers: Answers) -> None:
    duty = thing("responsibility", "tracer-udvaelge-forloeb")
    days = ("2014-12-31", "2016-01-01", "2019-01-01")
    assert [held(answers, [duty], d)[0]["held"] for d in days] == ["no", "yes", "no"]


def test_a_provision_comes_with_what_has_become_of_it(client: TestClient) -> None:
    alone = client.get("/api/v1/legal-bases/sel-153").json()
    (change,) = alone["history"]
    assert (change["kind"], change["effective_from"]) == ("flyttet", "2024-01-01")
    assert change["changed_to"]["id"] == "barnets-lov-133"
    assert change["source"]
    assert client.get("/api/v1/things/law/sel-153").json()["history"] == [change]
    listed = client.get("/api/v1/legal-bases?limit=500&fields=history").json()["items"]
    history = {item["id"]: item["history"] for item in listed}
    assert history["sel-153"] == [change]
    assert [] in history.values(), "none is known"
    table = client.get("/api/v1/legal-bases?law=sel-153&format=csv").text
    row = next(csv.DictReader(io.StringIO(table.removeprefix("\ufeff")), delimiter=";"))
    assert row["Hvad der er sket med den"] == change["label"]
    dated = client.get("/api/v1/legal-bases/sel-153?as_of=2024-01-01").json()
    assert [{**change, "in_force": True}] == dated["as_of"]["changes"]
    assert "history" not in client.get("/api/v1/actors?limit=1").json()["items"][0]


def test_the_api_says_it_on_each_row(client: TestClient) -> None:
    for address in (
        "/api/v1/responsibilities?law=sul-140",
        "/api/v1/agreements?part_of=sundhedsaftalen-2015-2018",
        "/api/v1/legal-bases?law=sul-119",
    ):
        body = client.get(f"{address}&as_of=2027-01-01").json()
        assert body["items"]
        for item in body["items"]:
            assert item["as_of"]["held"] in ("yes", "no", "unknown")
            assert item["as_of"]["reason"]
    text = client.get("/api/v1/legal-bases?law=sel-153&as_of=2024-01-01&format=csv").text
    assert "Gjaldt 2024-01-01" in text.splitlines()[0]
    assert ";no;" in text


def test_the_verdict_stays_when_only_some_fields_are_asked_for(client: TestClient) -> None:
    """Who asks about a day wants to know, whatever else of the row is left out."""
    asked = "/api/v1/legal-bases?law=sel-153&as_of=2024-01-01&fields=label"
    (row,) = client.get(asked).json()["items"]
    assert row["as_of"]["held"] == "no"
    header, line = client.get(asked + "&format=csv").text.splitlines()[:2]
    assert "Gjaldt 2024-01-01" in header
    assert ";no;" in line


BLANKS = ("%20{}", "{}%20", "%0A{}", "{}%0D%0A%0D%0A", "%E3%80%80{}%E2%80%A8")


@pytest.mark.parametrize("around", BLANKS)
@pytest.mark.parametrize(
    "address",
    ["/api/v1/legal-bases?law=sel-153&as_of=", "/api/v1/legal-bases/sel-153?as_of="],
)
def test_blanks_around_a_day_change_nothing(client: TestClient, address: str, around: str) -> None:
    """As text, a blank stands before every digit, and a line end does not fit in a header."""

    def asked(day: str) -> dict:
        answer = client.get(address + day)
        assert answer.status_code == 200
        assert answer.headers["link"].isprintable()
        body = answer.json()
        return body["items"][0] if "items" in body else body

    said = asked(around.format("2024-06-01"))
    assert said["as_of"]["held"] == "no"
    assert said["as_of"] == asked("2024-06-01")["as_of"]


@pytest.mark.parametrize("around", BLANKS)
@pytest.mark.parametrize(
    "address",
    ["/lovgrundlag/sel-153?as_of=", "/ansvar/offentligt-ansatte-underretter-153?as_of="],
)
def test_blanks_around_a_day_change_no_page(client: TestClient, address: str, around: str) -> None:
    def shown(day: str) -> str:
        answer = client.get(address + day)
        assert answer.status_code == 200
        return answer.text

    same = shown(around.format("2024-06-01")) == shown("2024-06-01")
    assert same


@pytest.mark.parametrize(
    "day", ["2019-02-30", "2019-1-1", "20190101", "2019-01-01T00:00:00", "2019-01-01,2020-01-01"]
)
@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/responsibilities?law=sul-140",
        "/api/v1/legal-bases/sul-140?",
        "/ansvar?law=sul-140",
        "/lovgrundlag/sul-140?",
    ],
)
def test_what_is_no_day_is_refused(client: TestClient, address: str, day: str) -> None:
    assert client.get(f"{address}&as_of={day}").status_code == 400


def test_other_lists_do_not_take_a_day(client: TestClient) -> None:
    assert client.get("/api/v1/events?as_of=2019-01-01").status_code == 400


DAYS = st.dates().map(lambda d: d.isoformat())
SPANS = st.tuples(DAYS | st.just(""), DAYS | st.just("")).map(
    lambda s: (min(s), max(s)) if all(s) else s
)


@settings(max_examples=300)
@given(
    st.lists(SPANS, max_size=3),
    st.lists(SPANS, max_size=2),
    st.lists(SPANS, max_size=2),
    st.lists(DAYS, max_size=2),
    DAYS,
)
def test_no_work_is_said_to_hold_before_it_can_or_beyond_what_is_known(
    begins: list, planned: list, ends: list, spoken_of: list, day: str
) -> None:
    work = Work(begins=begins, planned=planned, ends=ends, spoken_of=spoken_of, status={"InForce"})
    verdict, reason = work.held(day)
    assert verdict in (YES, NO, UNKNOWN)
    assert reason
    known = [d for span in (*begins, *ends) for d in span if d] + spoken_of
    if verdict == YES:
        assert known
        assert min(known) <= day <= max(known)
    if not known and not any(any(s) for s in planned):
        assert verdict == UNKNOWN


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def test_a_table_says_on_which_provision_it_rested_and_what_has_become_of_it(
    client: TestClient,
) -> None:
    duty = "offentligt-ansatte-underretter-153"
    asked = "/api/v1/responsibilities?law=sel-153&as_of=2024-01-01&format=csv"
    row = next(r for r in rows_of(client.get(asked).text) if r["Adresse"].endswith(duty))
    assert row["Gjaldt 2024-01-01"] == "yes"
    assert "§ 153" in row["Bestemmelse i kilden"]
    assert "§ 133" in row["Bestemmelse 2024-01-01"]
    assert "2024-01-01" in row["Hvad der er sket med den"]
    one = client.get(f"/api/v1/responsibilities/{duty}?as_of=2024-01-01&format=csv").text
    told = {r["Felt"]: r["Værdi"] for r in rows_of(one)}
    assert {k: told[k] for k in row if k in told and k.startswith(("Gjaldt", "Bestemm", "Hv"))} == {
        k: v for k, v in row.items() if k.startswith(("Gjaldt 2", "Bestemm", "Hvorfor", "Hvad der"))
    }
    unknown = "/api/v1/legal-bases/sul-140?as_of=2027-01-01&format=csv"
    told = {r["Felt"]: r["Værdi"] for r in rows_of(client.get(unknown).text)}
    assert told["Gjaldt 2027-01-01"] == "unknown"
    assert told["Bestemmelse 2027-01-01"] == "vides ikke"


def test_the_download_of_a_page_says_the_same_in_danish(client: TestClient) -> None:
    page = "/ansvar?law=sel-153&as_of=2024-01-01"
    held = {row["Gjaldt 2024-01-01"] for row in rows_of(client.get(f"{page}&format=csv").text)}
    assert held
    assert held <= {"ja", "nej", "vides ikke"}
    assert client.get(f"{page}&format=turtle").status_code == 406
    links = client.get(page, headers={"Accept": "text/html"}).headers["link"]
    assert "format=csv" in links
    assert "format=turtle" not in links


@pytest.mark.parametrize("name", ["jsonld", "turtle", "nquads"])
@pytest.mark.parametrize("path", ["/api/v1/legal-bases", "/api/v1/legal-bases/sul-140"])
def test_a_format_without_room_for_a_verdict_is_refused(
    client: TestClient, path: str, name: str
) -> None:
    answer = client.get(f"{path}?as_of=2024-01-01&format={name}")
    assert answer.status_code == 406
    assert "json" in answer.json()["detail"]
    assert "as_of" in answer.json()["detail"]
    assert client.get(f"{path}?format={name}").status_code == 200
    dated = client.get(
        f"{path}?as_of=2024-01-01", headers={"Accept": "text/turtle, text/csv;q=0.1"}
    )
    assert dated.headers["content-type"].startswith("text/csv")
    assert "turtle" not in dated.headers["link"]


def test_of_several_agreements_an_unknown_one_decides_in_any_order() -> None:
    works = [(NO, "endnu ikke"), (UNKNOWN, "vides ikke")]
    for found in (works, works[::-1]):
        assert _duty({}, found, [], False, [], "2019-01-01")[0] == UNKNOWN
