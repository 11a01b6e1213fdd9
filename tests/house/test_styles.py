"""The style sheets: a class is one thing, said of in one place."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

STYLES = Path(__file__).parents[2] / "frontend" / "src" / "styles"
OVER_ALL = {"base.css", "narrow.css", "print.css"}
"""They say of everything how it is: without a class or in groups, on a phone, on paper."""
ALONE = re.compile(r"\.([\w-]+)")


def rules(text: str) -> list[str]:
    """Return the selectors of a style sheet, without what is for a part of the screens."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    # A block of rules within @media holds one level of braces; what is in it is left out.
    text = re.sub(r"@media[^{]*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}", "", text)
    found = re.findall(r"([^{}]+)\{[^{}]*\}", text)
    return [one.strip() for group in found for one in re.split(r",(?![^(]*\))", group)]


def test_a_class_has_its_rule_in_one_style_sheet() -> None:
    where: dict[str, set[str]] = defaultdict(set)
    for sheet in sorted(STYLES.glob("*.css")):
        if sheet.name not in OVER_ALL:
            for selector in rules(sheet.read_text("utf-8")):
                if found := ALONE.fullmatch(selector):
                    where[found[1]].add(sheet.name)
    assert where
    assert {name: sheets for name, sheets in where.items() if len(sheets) > 1} == {}
