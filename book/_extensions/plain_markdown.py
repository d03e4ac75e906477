"""Turns a page into the cells of a notebook that any Jupyter shows: its directives and roles become plain Markdown.

Theorems, exercises, notes and solutions become quotes under a bold title; labels go; what a role refers to is asked of a
function, which knows its number or title. The cells of a solution are tagged `solution`.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat.v4 import new_markdown_cell

LookUp = Callable[[str, str], str]
"""What the book shows for a role and its target, or for a kind of directive and its label ("Exercise 4.1")."""

SOLUTION = "solution"
_FENCE = re.compile(r"\s*(`{3,}|:{3,})\s*(?:\{([\w:-]+)\}\s*(.*)|(.*))")
_OPTION = re.compile(r":([\w-]+):\s*(.*)")
_LABEL = re.compile(r"\([\w-]+\)=\s*")
_FORMULA = re.compile(r"^( *)\$\$\n(.*?)\n *\$\$(?: \(([\w-]+)\))?[ ]*$", re.DOTALL | re.MULTILINE)
_ROLE = re.compile(r"\{([a-z]+(?::[a-z]+)?)\}`([^`]+)`")
_TITLED = re.compile(r"(.*?)\s*<[^<>]*>", re.DOTALL)
_LINK_IN_BOOK = re.compile(r"\[([^\]]+)\]\((?!https?:)[\w./#-]+\)")
_FIGURE_IN_BOOK = "*The book has an interactive figure here.*"


def cells(page: Path, look_up: LookUp) -> list[nbformat.NotebookNode]:
    """The page's cells in order, without those that only prepare numbers of the text (`remove-cell`).

    Raises:
        ValueError: the page has a directive that has no plain form yet.
    """
    found: list[nbformat.NotebookNode] = []
    solution = False
    for cell in jupytext.read(page, fmt="md:myst").cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            for text, inside in _parts(cell.source, page.parent, look_up, solution):
                found += [new_markdown_cell(text, metadata=_marked({}, inside))] if text else []
                solution = inside
        elif "remove-cell" not in tags:
            hidden = {"jupyter": {"source_hidden": True}} if "hide-input" in tags else {}
            figure = cell.metadata.get("mystnb", {}).get("figure")
            cell.metadata = _marked(hidden, solution)
            found.append(cell)
            if figure:
                caption = f"**{look_up('figure', figure['name'])}.** {figure['caption']}"
                found.append(new_markdown_cell(_quote(_inline(caption, look_up)), metadata=_marked({}, solution)))
    for number, cell in enumerate(found):
        cell.id = f"cell-{number}"  # the same in every build
    return found


def without_solutions(found: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The cells that belong to no solution."""
    return [cell for cell in found if SOLUTION not in cell.metadata.get("tags", [])]


def _marked(metadata: dict[str, Any], solution: bool) -> nbformat.NotebookNode:
    return nbformat.NotebookNode(metadata | ({"tags": [SOLUTION]} if solution else {}))


def _parts(text: str, folder: Path, look_up: LookUp, solution: bool) -> Iterator[tuple[str, bool]]:
    """Plain Markdown, cut where a solution begins or ends; with each part whether it belongs to one."""
    lines = iter(text.split("\n"))
    done: list[str] = []
    for line in lines:
        fence, name, title, literal = found.groups("") if (found := _FENCE.fullmatch(line)) else ("",) * 4
        if not fence:
            done += [] if _LABEL.fullmatch(line) else [line]
            continue
        body = _until(fence, lines)
        if not name:
            done += [f"{fence}{literal}", *body, fence]
        elif name in ("solution-start", "solution-end"):
            yield _inline("\n".join(done), look_up), solution
            solution = name == "solution-start"
            done = [f"**Solution of {look_up('exercise', title)}**"] if solution else []
        else:
            done.append(_directive(name, title, body, folder, look_up))
    yield _inline("\n".join(done), look_up), solution


def _until(fence: str, lines: Iterator[str]) -> list[str]:
    body = []
    for line in lines:
        if line.strip() == fence:
            break
        body.append(line)
    return body


def _directive(name: str, title: str, body: list[str], folder: Path, look_up: LookUp) -> str:
    options: dict[str, str] = {}
    while body and (found := _OPTION.match(body[0])):
        options[found[1]] = found[2]
        body = body[1:]
        while body and body[0].startswith("  "):  # the option goes on
            body = body[1:]
    if name == "raw":
        return _FIGURE_IN_BOOK if 'class="interactive"' in "\n".join(body) else ""
    if name == "include":
        included = (folder / title).resolve()
        return "\n\n".join(part for part, _ in _parts(included.read_text("utf-8"), included.parent, look_up, False))
    if name == "literalinclude":
        return _excerpt((folder / title).read_text("utf-8").splitlines(), options["start-at"], options["end-before"])
    label = options.get("label") or options.get("name")
    if name == "figure":
        head, title = f"**{look_up(name, label or '')}** (see the book)", ""
    elif name in ("note", "prf:proof"):
        head = f"**{name.removeprefix('prf:').capitalize()}**"
    elif name == "exercise" or name.startswith("prf:"):
        head = f"**{look_up(name.removeprefix('prf:'), label or '')}**"
    else:
        raise ValueError(f"a notebook has no plain form of the directive {{{name}}}")
    inside = "\n".join(text for text, _ in _parts("\n".join(body).strip(), folder, look_up, False))
    return _quote(f"{head} ({title})\n\n{inside}" if title else f"{head}\n\n{inside}")


def _excerpt(lines: list[str], first: str, end: str) -> str:
    """The lines from the first one that contains a text to the next one that contains another, as a block."""
    start = next(number for number, line in enumerate(lines) if first in line)
    stop = next(number for number in range(start, len(lines)) if end in lines[number])
    return "\n".join(["```", *lines[start:stop], "```"])


def _quote(text: str) -> str:
    """Formulas stand in one line, because Jupyter would read a `>` at the beginning of a line as part of a formula."""
    text = re.sub(r"\$\$.*?\$\$", lambda formula: " ".join(formula[0].split()), text, flags=re.DOTALL)
    return "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))


def _inline(text: str, look_up: LookUp) -> str:
    def numbered(formula: re.Match[str]) -> str:
        indent, body, label = formula.groups()
        tag = f"\n{indent}\\tag{{{look_up('equation', label)}}}" if label else ""
        return f"{indent}$$\n{body}{tag}\n{indent}$$"

    def role(found: re.Match[str]) -> str:
        name, target = found[1], " ".join(found[2].split())
        titled = _TITLED.fullmatch(target) if name in ("ref", "doc", "term", "numref") else None
        return titled[1] if titled else look_up(name, target)

    text = _ROLE.sub(role, _FORMULA.sub(numbered, text))
    return re.sub(r"\n{3,}", "\n\n", _LINK_IN_BOOK.sub(r"\1", text)).strip()
