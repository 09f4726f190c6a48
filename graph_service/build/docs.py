"""Write a page for each review rule: ``python -m graph_service.build.docs docs``.

The source is shapes/review.ttl. The pages tell in Danish what a rule checks and why, because a
secretariat reads them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from graph_service.build.findings import Rule, rules
from graph_service.build.load import parse_file
from graph_service.settings import PROJECT
from graph_service.vocabulary import AG

#: Severity → the word on the page, gravest first.
SEVERITIES = {AG + "Critical": "kritisk", AG + "Warning": "advarsel", AG + "Notice": "bemærk"}
MADE = "<!-- Made from shapes/review.ttl by graph_service/build/docs.py; do not edit. -->\n"


def page(rule: Rule) -> str:
    """The Markdown page of one rule."""
    return f"""{MADE}# {rule.title}

Regel `{rule.id}` · alvor: {SEVERITIES[rule.severity]}

## Hvad den finder, og hvorfor
{rule.why}

## Eksempel
{rule.example}

## Hvad man kan gøre
{rule.suggestion}

## Forespørgslen
Reglen er en `sh:SPARQLRule` i [shapes/review.ttl](../../shapes/review.ttl).

```sparql
{rule.construct.strip()}
```
"""


def index(found: list[Rule]) -> str:
    """The Markdown page that lists the rules, gravest first."""
    rank = list(SEVERITIES)
    rows = [
        f"| [{r.title}]({r.id}.md) | {SEVERITIES[r.severity]} | {r.why} |"
        for r in sorted(found, key=lambda r: (rank.index(r.severity), r.title))
    ]
    return "\n".join(
        [
            MADE + "# Kontrolreglerne",
            "",
            f"{len(found)} regler læser hele grafen og finder det, der ikke hænger sammen.",
            "",
            "| Regel | Alvor | Hvad den finder |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def pages(project: Path) -> dict[str, str]:
    """File name → text of every page."""
    path = project / "shapes" / "review.ttl"
    found = rules(parse_file(path, "shapes/review.ttl"))
    return {"index.md": index(found), **{f"{rule.id}.md": page(rule) for rule in found}}


def main(folder: str) -> int:
    """Write the pages to ``folder``/rules; remove those of rules that are gone."""
    home = Path(folder) / "rules"
    home.mkdir(parents=True, exist_ok=True)
    made = pages(PROJECT)
    for name, text in made.items():
        (home / name).write_text(text, encoding="utf-8")
    for old in home.glob("*.md"):
        if old.name not in made:
            old.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
