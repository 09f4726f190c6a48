"""What the documentation tells users about the W3C suites is what the tests find."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from graph_service.settings import PROJECT
from tests.sparql import test_w3c_query, test_w3c_service, test_w3c_update, w3c
from tests.sparql.w3c import Test
from tests.sparql.w3c_known_failures import ENGINE, MERGED

pytestmark = pytest.mark.w3c


def row(suite: str, tests: Iterable[Test]) -> tuple[str, str, str, str]:
    """A row of the table: suite, tests, those that pass, those that do not with why."""
    ids = {test.id for test in tests}
    lists = (("engine", ENGINE), ("merged", MERGED))
    failing = [(len(ids & set(known)), why) for why, known in lists]
    told = ", ".join(f"{count}: {why}" for count, why in failing if count)
    return suite, str(len(ids)), str(len(ids) - sum(count for count, _ in failing)), told


def test_the_table_of_the_suites_is_true() -> None:
    queries = [test for test in test_w3c_query.TESTS if "Syntax" not in test.kind]
    formats = [test for test in queries if test.id.split("/")[0].endswith("-res")]
    syntax = [test for test in test_w3c_query.TESTS if "Syntax" in test.kind]
    update_syntax = [test for test in test_w3c_update.TESTS if "Syntax" in test.kind]
    folders = {
        "protocol": "protocol",
        "graph store protocol": "graph-store-protocol",
        "http-rdf-update": "http-rdf-update",
        "service description": "service-description",
    }
    wanted = [
        row("query evaluation", [test for test in queries if test not in formats]),
        row("result formats (JSON, CSV, TSV)", formats),
        row("query syntax", syntax),
        row("update evaluation", test_w3c_update.EVALUATION),
        row("update syntax", update_syntax),
        row("SERVICE", test_w3c_service.TESTS),
        *(
            row(name, [test for test in w3c.all_tests() if test.id.startswith(folder + "/")])
            for name, folder in folders.items()
        ),
    ]
    assert sum(int(count) for _, count, *_ in wanted) == len(w3c.all_tests())
    left_out = sum(1 for _ in w3c.tests_in("entailment"))
    wanted.append(("entailment regimes", str(left_out), "not run", f"{left_out}: not applicable"))
    text = (PROJECT / "docs" / "api.md").read_text("utf-8")
    table = text.partition("| suite | tests |")[2].partition("\n\n")[0]
    rows = [
        tuple(cell.strip() for cell in re.split(r"\|", line)[1:5])
        for line in table.splitlines()[2:]
    ]
    assert rows == wanted
