"""The notebooks of the chapters: the page's code, plain Markdown, and no solution in the one for students."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.book.built import HTML, NEEDS_BOOK
from tests.book.prose import BOOK, PAGES, source

jupytext = pytest.importorskip("jupytext", reason="jupytext, of the extra `book`, is not installed")
import nbformat  # noqa: E402

from book._extensions.plain_markdown import cells, without_solutions  # noqa: E402

CHAPTERS = [
    page for page in PAGES if not page.startswith(("_generated/", "appendices/")) and "```{code-cell}" in source(page)
]
PLAIN = "what the book shows"
each_chapter = pytest.mark.parametrize("page", CHAPTERS)
# What a plain notebook shows as its source.
NOT_PLAIN = re.compile(
    r"\{[a-z:]+\}`|^\s*(?:> )*(?::{3,}|`{3,}\{)|^\([\w-]+\)=$|^:[a-z-]+:|<div|\$\$ \([a-z-]+\)$", re.MULTILINE
)


def page_code(page: str) -> list[str]:
    """The page's code cells in order, without those that only prepare numbers of its text."""
    read = jupytext.reads(source(page), fmt="md:myst").cells
    return [one.source for one in read if one.cell_type == "code" and "remove-cell" not in one.metadata.get("tags", [])]


def code(found: list[nbformat.NotebookNode]) -> list[str]:
    return [cell.source for cell in found if cell.cell_type == "code"]


def text(found: list[nbformat.NotebookNode]) -> str:
    return "\n\n".join(cell.source for cell in found if cell.cell_type == "markdown")


@each_chapter
def test_code_is_the_pages_and_text_is_plain(page: str) -> None:
    found = cells(BOOK / f"{page}.md", lambda role, target: PLAIN)
    assert code(found) == page_code(page)
    assert NOT_PLAIN.findall(text(found)) == []


@each_chapter
def test_exercises_stay_and_solutions_go(page: str) -> None:
    found = cells(BOOK / f"{page}.md", lambda role, target: target)
    kept = without_solutions(found)
    exercises = re.findall(r"\{exercise\}.*\n:label: (\S+)", source(page))
    assert [label for label in exercises if f"> **{label}** (" not in text(kept)] == []
    assert [label for label in exercises if f"**Solution of {label}**" not in text(found)] == []
    assert "Solution of" not in text(kept)
    solved = re.findall(r"\{solution-start\}.*?\n`{4}\n(.*?)\n`{4,}\{solution-end\}", source(page), re.DOTALL)
    assert len(solved) == len(exercises)
    inside = [one for solution in solved for one in jupytext.reads(solution, fmt="md:myst").cells]
    assert set(code(kept)).isdisjoint(code(inside))
    assert len(code(found)) == len(code(kept)) + len(code(inside))


PAGE = r"""---
jupytext:
  text_representation:
    format_name: myst
---

(chap-one)=
# One

See {ref}`Stars
<sec-stars>`, {paper}`(20)` and [below](sec-below).

:::{prf:lemma} {paper}`Lemma 2`
:label: prf-one

Then
$$
x = y \\
  = z .
$$ (eq-one)
:::

```{unknown} x
```
"""


def test_roles_directives_and_formulas(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(PAGE.replace("```{unknown} x\n```\n", ""), encoding="utf-8")
    shown = text(cells(file, lambda role, target: f"<{role} {target}>"))
    assert shown == (
        "# One\n\nSee Stars, <paper (20)> and below.\n\n> **<lemma prf-one>** (<paper Lemma 2>)\n>\n> Then\n"
        r"> $$ x = y \\ = z . \tag{<equation eq-one>} $$"
    )
    file.write_text(PAGE, encoding="utf-8")
    with pytest.raises(ValueError, match="unknown"):
        cells(file, lambda role, target: target)


@NEEDS_BOOK
@each_chapter
def test_both_are_in_the_built_book(page: str) -> None:
    shown = (HTML / f"{page}.html").read_text(encoding="utf-8")
    for name, solved in ((page, False), (f"{page}-with-solutions", True)):
        file = HTML / "notebooks" / f"{name}.ipynb"
        notebook = nbformat.read(file, as_version=4)
        nbformat.validate(notebook)
        assert f'notebooks/{name}.ipynb" download' in shown
        assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
        assert NOT_PLAIN.findall(text(notebook.cells)) == []
        assert ("Solution of" in text(notebook.cells)) == solved
        assert not solved or code(notebook.cells) == page_code(page)
