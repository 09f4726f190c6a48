"""How many tests of the W3C SHACL suite each engine passes. Run: python bench/shacl/conformance.py"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "shapes"))

import w3c_suite
from engines import ENGINES, installed


def passes(name: str, case: w3c_suite.Case) -> str:
    """``pass``, or why not."""
    try:
        with w3c_suite.literals_as_written():
            report = w3c_suite.of_report(ENGINES[name][1](case.data, case.shapes))
    except BaseException as error:  # a Rust panic is no Exception
        return "pass" if case.expected is None else f"error: {str(error)[:80]}"
    if case.expected is None:
        return "no failure reported"
    return "pass" if report == case.expected else "report differs"


def main() -> None:
    tests = {part: list(w3c_suite.cases((part,))) for part in ("core", "sparql")}
    for name, number in installed().items():
        for part, cases in tests.items():
            outcome = {case.name: passes(name, case) for case in cases}
            good = Counter(outcome.values())["pass"]
            print(f"{name} {number} {part}: {good}/{len(cases)}")
            for test, why in outcome.items():
                if why != "pass":
                    print(f"    {test}: {why}")


if __name__ == "__main__":
    main()
