"""The role `paper` marks numbers of the paper with a raised P: Theorem 8 of the paper is {paper}`Theorem 8`.

Numbers without the mark are the book's own, the chapter's number first. `page_text.py` finds numbers that lack it.
"""

from typing import Any

from docutils import nodes

EXPLANATION = "of the paper: Horbatko, Sessa, arXiv 2604.18580v2"


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.add_role("paper", _of_the_paper)
    return {"parallel_read_safe": True}


def _of_the_paper(
    name: str, source: str, text: str, line: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    mark = nodes.superscript("", "", nodes.abbreviation("P", "P", explanation=EXPLANATION))
    return [nodes.inline(source, "", nodes.Text(text), mark, classes=["paper"])], []
