"""The machine-checked statements as Markdown for the book, each beside our words and formula."""

import re
import tomllib

from proofs_checks.formal.sources import FOLDER, Sources, Statement
from proofs_checks.formal.status import Proved, load
from proofs_checks.ledger import ROWS, row
from proofs_checks.pages import (
    NUMBERS,
    OWNER,
    Outcomes,
    anchor,
    closed,
    coq_anchor,
    coq_text,
    displayed,
    heading,
    link,
    linked,
)
from proofs_checks.typeset import typeset_title

_TITLES = {
    "ours_deep_stability": "A stack of blocks is BIBO-stable",
    "ours_gamma_function": r"The function $\Gamma$ is Euler's",
    "ours_row_sum_identity": r"Influences on a token, weighted with $1 - \gamma$, sum to 1",
    "ours_normal_distribution": r"The function $\Phi$ is the normal distribution function",
    "ours_power_sum": r"Sums of the powers $n^{-\beta}$, two-sided",
    "ours_window_error": "How steep a plateau window from scaled GELUs has to be",
    "ours_rounding": "The rounding error of forward substitution",
    "ours_running_rounding": "The rounding error, bounded by what was computed",
    "ours_rounding_binary64": "The rounding error of the mixer in binary64",
}
"""Titles of the statements that belong to no row of the ledger."""


def formal_pages(outcomes: Outcomes) -> dict[str, str]:
    """All pages by file name: `counts.md`, `axioms.md`, `parts.md`, and a page for each topic."""
    sources, proved = Sources(), {one.name: one for one in load()}
    return {
        "counts.md": counts(tuple(proved.values()), outcomes),
        "axioms.md": axioms(tuple(proved.values())),
        "parts.md": parts(outcomes),
        **{f"{slug(title)}.md": topic_page(title, pieces, proved) for title, pieces in sources.topics.items()},
    }


def slug(title: str) -> str:
    """The name of a topic's page."""
    return re.sub(r"\W+", "-", title.split(":")[0].lower()).strip("-")


def counts(proved: tuple[Proved, ...], outcomes: Outcomes) -> str:
    """How much is proved, in a table."""
    rows = {one.row for one in proved if one.row}
    formal = [one for one in ROWS if outcomes[one.id].level == "formal"]
    kinds = ("lem", "prop", "cor", "thm")
    provable = [one for one in ROWS if one.id.split(":")[0] in kinds]
    lines = [
        "| what | how many |",
        "|---|---|",
        f"| statements proved by machine | {len(proved)} |",
        f"| rows of the ledger that are proved in full | {len(formal)} of {len(ROWS)} |",
        f"| of them lemmas, propositions, corollaries and theorems of the paper | {sum(one in provable for one in formal)} of {len(provable)} |",
        f"| rows of which a part is proved | {len(rows - {one.id for one in formal})} |",
        f"| bent statements that their proofs do not prove | {sum(len(one.bends) for one in proved)} |",
        f"| theorems that a bent statement is false | {sum(len(one.counterexamples) for one in proved)} |",
    ]
    return "\n".join(lines) + "\n"


def axioms(proved: tuple[Proved, ...]) -> str:
    """The axioms that proofs rest on, with what they say and how many rest on them."""
    known = tomllib.loads((FOLDER / "axioms.toml").read_text(encoding="utf-8"))["reals"]
    lines = ["{.records}", "| axiom | what it says | what rests on it |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {text} | {sum(name in one.axioms for one in proved)} statements |"
        for name, text in known.items()
    ]
    computed = sum(one.computation for one in proved)
    lines.append(f"| the machine's integers and floats | they compute as their standard says | {computed} statements |")
    free = sum(not one.axioms and not one.computation for one in proved)
    lines += ["", f"{free} statements rest on no axiom at all."]
    return "\n".join(lines) + "\n"


def parts(outcomes: Outcomes) -> str:
    """The rows of which a part is proved, and what is left."""
    lines = ["{.records}", "| row | statement | proved | left |", "|---|---|---|---|"]
    for one in ROWS:
        formal = outcomes[one.id].formal
        if formal and outcomes[one.id].level != "formal":
            names = ", ".join(f"[`{name.rpartition('.')[2]}`](#{coq_anchor(name)})" for name in formal.statements)
            left = formal.left or "a counterexample to the text as printed"
            lines.append(
                f"| {link(one.id)} | {typeset_title(one.title)} | {names} | {coq_text(formal.unconfirmed or left)} |"
            )
    return "\n".join(lines) + "\n" if len(lines) > 3 else "No row is proved in part.\n"


def topic_page(title: str, pieces: list[Statement | str], proved: dict[str, Proved]) -> str:
    """One topic: every line of Statements.v, with our words beside each statement."""
    lines = [*NUMBERS, f"# {title.split(':')[0]}", "", OWNER, ""]
    told: set[str] = set()
    for piece in pieces:
        if isinstance(piece, str):
            lines += ["```coq", piece, "```", ""]
        else:
            lines += _statement(piece, proved.get(piece.name), told)
    return "\n".join(lines) + "\n"


def _statement(one: Statement, proved: Proved | None, told: set[str]) -> list[str]:
    lines = [f"({coq_anchor(one.name)})="]
    if proved is None:
        return [
            *lines,
            f"## {_TITLES.get(one.short, f'`{one.short}`')}",
            "",
            coq_text(one.comment),
            "",
            "```coq",
            one.code,
            "```",
            "",
            "*Not proved.*",
            "",
        ]
    if proved.row:
        whole = row(proved.row)
        part = " (part)" if proved.left else ""
        lines += [f"## {heading(whole)}{part}", "", f"{{status}}`{whole.id}` `{whole.id}` {whole.where}", ""]
        if whole.id in told:
            lines += [f"*Our words* are [above](#{anchor(whole.id)}).", ""]
        else:
            lines += [linked(displayed(f"*Our words:* {whole.says}")), ""]
        told.add(whole.id)
    else:
        lines += [f"## {_TITLES[one.short]}", ""]
    lines += [f"*In Coq:* {coq_text(one.comment)}", "", "```coq", one.code, "```", ""]
    if proved.left:
        lines += [f"*Left:* {closed(coq_text(proved.left))}", ""]
    assumed = f"the axioms {', '.join(f'`{name}`' for name in proved.axioms)}" if proved.axioms else "no axiom"
    if proved.computation:
        assumed += ", and computation with the machine's numbers"
    instance = f" `{one.short}_instance` meets its hypotheses." if proved.instance else ""
    lines += [f"*Proved* as `{one.short}_holds` in `{proved.file}`, from {assumed}.{instance}", ""]
    if proved.bends:
        lines += ["*Bent, its proof fails:*", ""]
        for bend in proved.bends:
            false = f"; false, by `{bend.counterexample}`" if bend.counterexample else ""
            lines.append(f"- {coq_text(bend.about)}, in the proof of `{bend.fails_in}`{false}")
        lines.append("")
    told_of = {bend.counterexample for bend in proved.bends}
    others = [name for name in proved.counterexamples if name not in told_of]
    if others:
        lines += [f"*Also false, by machine:* {', '.join(f'`{name}`' for name in others)}.", ""]
    return lines
