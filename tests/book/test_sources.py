"""What the house rules ask of the book's Markdown and a build does not check."""

from __future__ import annotations

import re

import pytest

from tests.book.prose import PAGES, source

PATTERNS = {
    "a subscript of several letters that is not upright": re.compile(r"[_^]\{[A-Za-z]{2,}\}"),
    "a line that Markdown takes for a comment": re.compile(r"^%.*", re.MULTILINE),
    "a number that Markdown takes for a list's": re.compile(r"\w\n1\. .*"),
    "a number of a formula in two pairs of brackets": re.compile(r"\(\{eq\}`[^`]*`\)"),
    "a colour in a caption that a dark page turns round": re.compile(
        r"^ +(?:caption|alt):(?:(?!^---$).)*?\b(?:black|white)\b", re.DOTALL | re.MULTILINE
    ),
    "an exercise without stars": re.compile(r"^`{3,}\{exercise\}(?!.* ★{1,3}$).*$", re.MULTILINE),
}
CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.DOTALL | re.MULTILINE)
SOLVED = re.compile(r"\{solution-start\}.*?\{solution-end\}", re.DOTALL)
DRAWS = re.compile(r"plt\.subplots|plt\.figure")
EXERCISE = re.compile(r"^`{3,}\{exercise\}.*?:label: (\S+)", re.DOTALL | re.MULTILINE)
SOLUTION = re.compile(r"^`{3,}\{solution-start\} (\S+)\n:class: dropdown$", re.MULTILINE)
WRITTEN = [page for page in PAGES if not page.startswith("_generated/")]


@pytest.mark.parametrize("page", WRITTEN)
def test_a_page_keeps_the_rules(page: str) -> None:
    text = source(page)
    assert {what: found for what, pattern in PATTERNS.items() if (found := pattern.findall(text))} == {}
    assert EXERCISE.findall(text) == SOLUTION.findall(text), "each solution folds out after its exercise"
    cells = CELL.findall(SOLVED.sub("", text))
    shown = [cell for cell in cells if DRAWS.search(cell) and not re.search(r"hide-input|remove-", cell)]
    assert shown == [], "code that draws is folded"


@pytest.mark.parametrize(
    "text",
    [
        r"$\beta_{tail}$",
        r"$W_{in}$",
        "of 95\n% of",
        "up to\n1. Then",
        "its past ({eq}`eq-path-sums-hops`)",
        "    caption: Influence, and\n      a thin black line.\n---\n",
        "```{exercise} Title\n",
        "```{exercise} Title ★★★★\n",
    ],
)
def test_a_fault_is_found(text: str) -> None:
    assert any(pattern.search(text) for pattern in PATTERNS.values())


def test_what_is_right_is_left_alone() -> None:
    text = "by {eq}`eq-path-sums-hops`\n    caption: A thin line.\n---\nplot(color='black')\n"
    text += "$\\beta_{\\mathrm{tail}}$ $B_{I,P}$ $a_{ij'}$\n```{exercise} Title ★★\n"
    assert not any(pattern.search(text) for pattern in PATTERNS.values())
