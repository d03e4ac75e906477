"""Writes every chapter with code cells as two notebooks, without and with solutions, and links to them under its title.

They run in any Jupyter in which `sessa_ref` is installed; see `plain_markdown.py` for their text.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from nbformat.v4 import new_markdown_cell, new_notebook
from plain_markdown import LookUp, cells, without_solutions  # Sphinx finds the extensions beside each other
from sphinx.util import logging

FOLDER = "notebooks"
_KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
_TORCH = re.compile(r"\btorch\b|sessa_ref\.optimized")
logger = logging.getLogger(__name__)


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx, after numbers are known."""
    app.connect("html-page-context", _write_and_link)
    return {"parallel_read_safe": True}


def _write_and_link(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    source = Path(app.srcdir) / f"{page}.md"
    if tree is None or page.startswith(("_generated/", "appendices/")) or not source.is_file():
        return
    if "```{code-cell}" not in source.read_text(encoding="utf-8"):
        return
    try:
        found = cells(source, _from_the_book(app, page, tree))
    except (KeyError, ValueError, StopIteration) as error:
        logger.warning("%s: no notebook can be made: %s", page, error)
        return
    links = []
    for title, name, kept in (
        ("without solutions", page, without_solutions(found)),
        ("with solutions", f"{page}-with-solutions", found),
    ):
        file = Path(app.outdir) / FOLDER / f"{name}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(new_notebook(cells=[_first_cell(app, kept), *kept], metadata=_KERNEL), file)
        address = f"{'../' * page.count('/')}{FOLDER}/{name}.ipynb"
        links.append(f'<a href="{address}" download>{title}</a>')
    line = f'<p class="notebooks">Notebook: {" | ".join(links)}</p>'
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{line}", 1)


def _first_cell(app: Any, kept: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    code = "\n".join(cell.source for cell in kept if cell.cell_type == "code")
    extras = "report,torch" if _TORCH.search(code) else "report"
    return new_markdown_cell(
        f"*From the book* {app.config.html_title}. *It runs where* `sessa_ref` *is installed: in a clone of the project,* "
        f"`pip install -e '.[{extras}]'`. *A raised P marks the paper's numbers; other numbers are the book's.*",
        id="about",
    )


def _from_the_book(app: Any, page: str, tree: Any) -> LookUp:
    """What roles and labels show in the book."""
    env = app.env
    numbers = {
        (kind, label): ".".join(map(str, number))
        for kinds in env.toc_fignumbers.values()
        for kind, labels in kinds.items()
        for label, number in labels.items()
    }
    kinds = {label: kind for kind, label in numbers}
    labels = env.get_domain("std").labels
    works = {one.key: one.formatted_entry.label for one in env.get_domain("cite").citations}
    glued = iter([one.astext() for one in tree.findall(nodes.inline) if "pasted-text" in one["classes"]])
    statuses = iter([one.astext() for one in tree.findall(nodes.inline) if "ledger-badge" in one["classes"]])

    def number(label: str) -> str:
        return f"{kinds[label].capitalize()} {numbers[kinds[label], label]}"

    def cited(target: str, form: str) -> str:
        entries = [works[key.strip()] for key in target.split(",")]
        if form == "cite:t":
            return " and ".join(re.sub(r", (\d+)$", r" (\1)", entry) for entry in entries)
        return f"({'; '.join(entries)})"

    roles: dict[str, Callable[[str], str]] = {
        "paper": lambda text: f"{text}<sup>P</sup>",
        "ref": lambda label: f"*{labels[label.lower()][2]}*",
        "doc": lambda name: f"*{env.titles[name.lstrip('/')].astext()}*",
        "eq": lambda label: f"({numbers['displaymath', f'equation-{label}']})",
        "equation": lambda label: numbers["displaymath", f"equation-{label}"],
        "glue:text": lambda _: next(glued),
        "status": lambda _: f"[{next(statuses)}]",
        "term": lambda term: term,
    }

    def look_up(role: str, target: str) -> str:
        if role.startswith("cite"):
            return cited(target, role)
        if role in roles:
            return roles[role](target)
        return number(target)

    return look_up
