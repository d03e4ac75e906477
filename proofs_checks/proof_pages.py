"""Our statements with their proofs in full, as Markdown for the book, in the order in which they rest on each other."""

from types import ModuleType

from proofs_checks import ours
from proofs_checks.pages import NUMBERS, OWNER, anchor, displayed, linked, proof_anchor
from proofs_checks.statement import Statement
from proofs_checks.typeset import typeset_title

CHAPTERS: dict[str, tuple[ModuleType, ...]] = {
    "Softmax rows and uniform routing": (ours.softmax_routing, ours.uniform_routing),
    "The solve and the ball": (ours.bounded_solve,),
    "Polynomial decay": (ours.decay,),
    "Jacobian tails": (ours.jacobian_tails,),
    "Depth": (ours.depth,),
    "The comparison of the layers": (ours.comparison, ours.fair_comparison),
    "Selective retrieval": (ours.retrieval_constants,),
    "Positions and universal approximation": (ours.universality, ours.number_formats),
}
"""Title of each page of proofs: the files of its rows."""


def proof_pages() -> dict[str, str]:
    """All pages by file name: `proofs.md`, the list of them, and `proofs/` with a page for each chapter."""
    made = {f"proofs/{slug(title)}.md": _page(title) for title in CHAPTERS}
    return {"proofs.md": _contents(), **made}


def slug(title: str) -> str:
    """The name of a chapter's page."""
    return title.lower().replace(" ", "-")


def in_order(title: str) -> list[Statement]:
    """The rows of a chapter, each after those that it rests on."""
    waiting, ordered = [one for topic in CHAPTERS[title] for one in topic.ROWS], []
    while waiting:
        names = {one.id for one in waiting}
        ready = next(one for one in waiting if names.isdisjoint(one.needs))
        waiting.remove(ready)
        ordered.append(ready)
    return ordered


def _contents() -> str:
    lines = ["{.records}", "| statement | where | status |", "|---|---|---|"]
    for title in CHAPTERS:
        lines += [
            f"| [{typeset_title(one.title)}](#{proof_anchor(one.id)}) | {one.where} | {{status}}`{one.id}` |"
            for one in in_order(title)
        ]
    return "\n".join(lines) + "\n"


def _page(title: str) -> str:
    lines = [*NUMBERS, f"# {title}", "", OWNER, ""]
    for one in in_order(title):
        lines += [
            f"({proof_anchor(one.id)})=",
            f"## {typeset_title(one.title)}",
            "",
            f"{{status}}`{one.id}` `{one.id}`, {one.where}. [How it is checked](#{anchor(one.id)}).",
            "",
            linked(displayed(one.says)),
            "",
            linked(displayed(f"*Proof.* {one.proof}")),
            "",
        ]
    return "\n".join(lines) + "\n"
