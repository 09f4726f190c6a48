"""The heart programme's table of duties: who is responsible, under which provision, by which lines.

The expectations were read off the source, lines 5774-5848 and 6434-6478 of the bundle: the label
"Sygehuset" closes rows 1-3, "Kommunen" rows 4-7.
"""

from typing import Any

import pytest

from graph_service.answers import Answers

TABLE = [
    # duty, bearer, force, provision, recipients, first lines of its printings
    (
        "sygehus-genoptraening-under-indlaeggelse",
        "sygehus",
        "HasResponsibility",
        "sul-5",
        set(),
        [5776],
    ),
    (
        "laege-vurderer-genoptraeningsbehov",
        "behandlingsansvarlig-laege",
        "HasResponsibility",
        "sul-84",
        set(),
        [5782],
    ),
    (
        "sygehus-udarbejder-og-sender-genoptraeningsplan",
        "sygehus",
        "Expected",
        "sul-84",
        {"kommune", "almen-praksis"},
        [5782],
    ),
    ("sygehus-specialiseret-genoptraening", "sygehus", "HasResponsibility", None, set(), [5796]),
    ("kommune-almen-genoptraening", "kommune", "Must", "sul-140", set(), [5804, 6434]),
    (
        "kommune-afslutningsnotat-140",
        "kommune",
        "Must",
        "sul-140",
        {"sygehus", "almen-praksis"},
        [5804, 6434],
    ),
    ("kommune-genoptraening-86-stk-1", "kommune", "Expected", "sel-86-stk-1", set(), [5814, 6444]),
    ("kommune-handlingsplan-86-stk-1", "kommune", "Expected", "sel-86-stk-1", set(), [5814, 6444]),
    (
        "kommune-afslutningsnotat-86-stk-1",
        "kommune",
        "Must",
        "sel-86-stk-1",
        {"almen-praksis"},
        [5814, 6444],
    ),
    (
        "kommune-vedligeholdende-traening-86-stk-2",
        "kommune",
        "Must",
        "sel-86-stk-2",
        set(),
        [5828, 6458],
    ),
    ("kommune-handlingsplan-86-stk-2", "kommune", "Expected", "sel-86-stk-2", set(), [5828, 6458]),
    (
        "kommune-sender-handlingsplan-86-stk-2",
        "kommune",
        "Expected",
        "sel-86-stk-2",
        {"almen-praksis"},
        [5828, 6458],
    ),
    (
        "kommune-forebyggende-traening-119-stk-2",
        "kommune",
        "May",
        "sul-119-stk-2",
        set(),
        [5841, 6471],
    ),
]


def ids(item: dict[str, Any], name: str) -> set[str]:
    return {value["id"] for value in item.get(name, [])}


def duty(answers: Answers, slug: str) -> dict[str, Any]:
    return answers.describe([f"https://w3id.org/ansvarsgraf/id/responsibility/{slug}"])[0]


@pytest.mark.parametrize(("slug", "bearer", "force", "provision", "recipients", "lines"), TABLE)
def test_each_row_of_the_table(
    answers: Answers,
    slug: str,
    bearer: str,
    force: str,
    provision: str | None,
    recipients: set[str],
    lines: list[int],
) -> None:
    item = duty(answers, slug)
    assert ids(item, "bearer") == {bearer}
    assert {force} <= ids(item, "modality")
    assert ids(item, "legal_basis") == ({provision} if provision else set())
    if recipients:
        assert ids(item, "recipient") == recipients
    cited = {passage["first_line"] for passage in item["evidence"]}
    assert {any(abs(first - line) <= 12 for first in cited) for line in lines} == {True}
    if len(lines) == 2:
        printings = {p for passage in item["evidence"] for p in passage.get("printing", [])}
        assert printings == {1, 2}


def under(answers: Answers, law: str) -> set[str]:
    page = answers.page(
        "responsibilities", {"law": law, "agreement": "forloebsprogram-hjertesygdom"}
    )
    return {iri.rpartition("/")[2] for iri in page.things}


def test_sul_140_lays_the_training_and_the_closing_note_on_the_municipality(
    answers: Answers,
) -> None:
    assert {"kommune-almen-genoptraening", "kommune-afslutningsnotat-140"} <= under(
        answers, "sul-140"
    )
    item = duty(answers, "kommune-almen-genoptraening")
    assert any("genoptræningsplan" in trigger for trigger in item["trigger"])


def test_the_stykker_of_sel_86_are_kept_apart(answers: Answers) -> None:
    one, two = under(answers, "sel-86-stk-1"), under(answers, "sel-86-stk-2")
    assert not one & two
    assert one | two <= under(answers, "sel-86")
    assert "kommune-afslutningsnotat-86-stk-1" in one
    assert not any("afslutningsnotat" in slug for slug in two)


def test_sul_119_stk_2_is_a_kan(answers: Answers) -> None:
    item = duty(answers, "kommune-forebyggende-traening-119-stk-2")
    assert ids(item, "modality") == {"May"}


def test_sul_84_is_the_hospital_s(answers: Answers) -> None:
    found = under(answers, "sul-84")
    assert {
        "laege-vurderer-genoptraeningsbehov",
        "sygehus-udarbejder-og-sender-genoptraeningsplan",
    } <= found
    assert "kommune-almen-genoptraening" not in found


def test_the_referral_boxes_mention_the_provisions_without_resting_on_them(
    answers: Answers,
) -> None:
    mentioning = answers.page(
        "responsibilities",
        {
            "mentions": "sul-140",
            "agreement": "forloebsprogram-hjertesygdom",
            "statement_status": "all",
        },
    )
    slugs = {iri.rpartition("/")[2] for iri in mentioning.things}
    assert slugs
    assert not slugs & under(answers, "sul-140")


def test_odense_must_what_the_municipality_must(answers: Answers) -> None:
    values = {
        "organisation": "odense-kommune",
        "agreement": "forloebsprogram-hjertesygdom",
        "modality": "Must",
    }
    rows = answers.rows("duties-of-organisation", values)
    slugs = {row["responsibility"].value.rpartition("/")[2] for row in rows}
    assert {"kommune-almen-genoptraening", "kommune-vedligeholdende-traening-86-stk-2"} <= slugs
    assert "kommune-forebyggende-traening-119-stk-2" not in slugs
    assert {row["via"].value.rpartition("/")[2] for row in rows} >= {"kommune"}


def test_who_receives_the_closing_note_under_which_provision(answers: Answers) -> None:
    rows = answers.rows(
        "who-receives", {"task": "afslutningsnotat", "agreement": "forloebsprogram-hjertesygdom"}
    )
    by_basis: dict[str, set[str]] = {}
    for row in rows:
        if "basis" in row:
            basis = row["basis"].value.rpartition("/")[2]
            by_basis.setdefault(basis, set()).add(row["recipient"].value.rpartition("/")[2])
    assert by_basis["sul-140"] == {"sygehus", "almen-praksis"}
    assert by_basis["sel-86-stk-1"] == {"almen-praksis"}
    assert "sel-86-stk-2" not in by_basis


def test_specialised_training_states_no_legal_basis(answers: Answers) -> None:
    rows = answers.rows("no-legal-basis", {"agreement": "forloebsprogram-hjertesygdom"})
    slugs = {row["responsibility"].value.rpartition("/")[2] for row in rows}
    assert "sygehus-specialiseret-genoptraening" in slugs
    assert "kommune-almen-genoptraening" not in slugs


def test_the_seven_day_rule_rests_on_the_order(answers: Answers) -> None:
    page = answers.page("responsibilities", {"law": "bek-918-2018"})
    items = answers.describe(page.things)
    starts = [
        i for i in items if ids(i, "bearer") == {"kommune"} and 7 in i.get("deadline_days", [])
    ]
    assert starts
    assert ids(starts[0], "day_kind") == {"CalendarDays"}
    assert any("har ret" in str(i.get("modality")) or "HasRight" in str(i) for i in items)


def test_the_chapters_are_situations_in_order(answers: Answers) -> None:
    rows = answers.store.select(
        "SELECT ?order WHERE { ?s ag:inProgramme programme:forloebsprogram-hjertesygdom ; ag:order ?order } ORDER BY ?order"
    )
    assert sorted({int(row["order"].value) for row in rows}) == list(range(1, 19))
