"""The ledger as Markdown for the book, from the rows and their recorded outcomes."""

import re
from collections import Counter
from types import ModuleType

from proofs_checks import ours
from proofs_checks.errata import ERRATA, READ
from proofs_checks.evidence import Level, Piece
from proofs_checks.ledger import ROWS, TOPICS
from proofs_checks.outcome import Outcome, Status
from proofs_checks.record import broken_needs
from proofs_checks.statement import Statement
from proofs_checks.typeset import rounded, typeset, typeset_title, upright

Outcomes = dict[str, Outcome]

NUMBERS = ["---", "myst:", "  html_meta:", "    numbers: of the paper", "---", ""]
"""How a page begins whose numbers are all the paper's."""

OWNER = "All numbers of statements, sections and equations on this page are the paper's."
"""The same in words."""


def pages(outcomes: Outcomes) -> dict[str, str]:
    """All pages by file name: `table.md`, `counts.md`, `errata.md`, `most-wanted.md`, and `statements/` by topic."""
    return {
        "table.md": table(outcomes),
        "counts.md": counts(outcomes),
        "errata.md": errata(),
        "most-wanted.md": most_wanted(outcomes),
        **{f"statements/{slug(topic)}.md": topic_page(topic, outcomes) for topic in (*TOPICS, *ours.TOPICS)},
    }


def table(outcomes: Outcomes) -> str:
    """Every row with its status, level and tightness, linked to its page."""
    lines = ["{.records .with-tightness}", "| row | statement | status | tightness |", "|---|---|---|---|"]
    for one in ROWS:
        outcome = outcomes[one.id]
        lines.append(
            f"| {link(one.id)} | {typeset_title(one.title)} | {{status}}`{one.id}` | {_number(outcome.tightness)} |"
        )
    return "\n".join(lines) + "\n"


def counts(outcomes: Outcomes) -> str:
    """How many of the paper's statements have which status and level, as a table."""
    paper = Counter(outcomes[one.id].label for one in ROWS if not one.id.startswith("ours:"))
    own = Counter(outcomes[one.id].label for one in ROWS if one.id.startswith("ours:"))
    order = [*(f"{Status.HOLDS}, {level}" for level in Level), *(f"{Status.REFUTED}, {level}" for level in Level)]
    labels = sorted(paper | own, key=lambda label: order.index(label) if label in order else len(order))
    lines = ["| status and level | the paper's statements | ours |", "|---|---|---|"]
    lines += [f"| {label} | {paper[label]} | {own[label]} |" for label in labels]
    lines.append(f"| all | {paper.total()} | {own.total()} |")
    parts = [one.id for one in ROWS if (formal := outcomes[one.id].formal) and outcomes[one.id].level is not Level.FORMAL
             and not formal.unconfirmed]  # fmt: skip
    if parts:
        lines += ["", f"Of {len(parts)} more a part is proved by machine."]
    return "\n".join(lines) + "\n"


def errata() -> str:
    """Every erratum, with what was tried in sections that are clean."""
    lines, titles = [], Counter((one.where, one.kind) for one in ERRATA)
    for one in sorted(ERRATA, key=lambda one: _place(one.where)):
        shown = one.example()
        again = f" ({one.id.partition('-')[2]})" if titles[one.where, one.kind] > 1 else ""
        lines += [
            f"(erratum-{_label_of(one.id)})=",
            f"## {typeset(one.where)}: {one.kind}{again}",
            "",
            f"*Row* {link(one.statement)}. *Run it:* `sessa-ref ledger errata {one.id}`",
            "",
            f"*Printed:* {closed(words(one.printed))}",
            "",
            f"*Correct:* {closed(words(one.correct))}",
            "",
            f"*Shown by:* {closed(words(shown.text))}"
            if shown.shows
            else "*Not shown: its example does not show it any more.*",
            "",
            f"*The conclusion*{'' if one.conclusion.startswith('survives') else ':'} {closed(words(one.conclusion))}",
            "",
        ]
    lines += ["## What was read", "", "| section | what was tried |", "|---|---|"]
    lines += [f"| {section} | {words(tried)} |" for section, tried in READ.items()]
    return "\n".join(lines) + "\n"


def _place(where: str) -> tuple[bool, list[tuple[bool, int, str]]]:
    """For sorting: where in the paper the first place is that an erratum names; what names no section comes last."""
    found = re.match(r"(?:Sections?|Appendix) ([A-Z0-9][\d.]*)", where)
    parts = found[1].rstrip(".").split(".") if found else []
    return not found, [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def most_wanted(outcomes: Outcomes) -> str:
    """What is weakest, and why it is not higher."""
    weak = (Level.CONSTRUCTED, Level.SAMPLED)
    lines = ["{.records}", "| row | statement | level | why it is not higher |", "|---|---|---|---|"]
    lines += [
        f"| {link(one.id)} | {typeset_title(one.title)} | {outcomes[one.id].level} | {words(one.not_higher or 'not said')} |"
        for one in sorted(ROWS, key=lambda one: -_rank(outcomes[one.id]))
        if outcomes[one.id].level in weak
    ]
    unchecked = [link(one.id) for one in ROWS if outcomes[one.id].status is Status.UNCHECKED]
    lines += ["", f"Not yet checked: {', '.join(unchecked) or 'none'}."]
    return "\n".join(lines) + "\n"


def topic_page(topic: ModuleType, outcomes: Outcomes) -> str:
    """The rows of one topic in full."""
    lines = [
        *NUMBERS,
        f"# {_title(topic)}",
        "",
        OWNER,
        "",
        (topic.__doc__ or "").split("\n\n")[0].replace("\n", " "),
        "",
    ]
    for one in topic.ROWS:
        lines += _row(one, outcomes)
    return "\n".join(lines) + "\n"


def slug(topic: ModuleType) -> str:
    """The name of a topic's page: "ours-" before ours."""
    package, name = topic.__name__.split(".")[-2:]
    return ("ours-" if package == "ours" else "") + name.replace("_", "-")


def link(identifier: str) -> str:
    """A reference to a row's place."""
    return f"[{identifier}](#{anchor(identifier)})"


def linked(text: str) -> str:
    """Names of our rows become links to their proofs."""
    return re.sub(r"`?\b(ours:[a-z0-9-]*[a-z0-9])`?", lambda found: f"[`{found[1]}`](#{proof_anchor(found[1])})", text)


def words(text: str) -> str:
    """What a check says, with its mathematics typeset and its links."""
    return typeset(linked(text))


def closed(text: str) -> str:
    """A run-in text as a sentence: it ends with a full stop."""
    text = text.rstrip()
    return text if re.search(r"[.!?][\"')”]*$", text) else f"{text}."


def anchor(identifier: str) -> str:
    """The label of a row's place in the book."""
    return f"row-{_label_of(identifier)}"


def coq_anchor(name: str) -> str:
    """The label of the place of a statement of Statements.v in the book."""
    return f"coq-{name.rpartition('.')[2].lower().replace('_', '-')}"


def coq_text(comment: str) -> str:
    """A comment of Coq as Markdown, a line for each paragraph; *x* is emphasis.

    [x] is code, unlike the brackets of 1[i = j] and of an interval [0, x].
    """
    parts = re.split(r"(?<!\w)\[(?![^\[\](),]+, )([^\[\]\n]+)\]", re.sub(r"(?<!\n)\n(?!\n)", " ", comment))
    return "".join(f"`{part}`" if index % 2 else _coq_words(part) for index, part in enumerate(parts))


def _coq_words(text: str) -> str:
    parts = re.split(r"(\$[^$]+\$)", typeset(text))
    return "".join(part if index % 2 else _escaped(part) for index, part in enumerate(parts))


def _escaped(text: str) -> str:
    return re.sub(r"\\\*(\w+)\\\*", r"*\1*", re.sub(r"([\\`*_{}<>#|$~^\[\]])", r"\\\1", text))


def proof_anchor(identifier: str) -> str:
    """The label of the place in the book where a row's proof is."""
    return f"proof-{_label_of(identifier)}"


def _label_of(identifier: str) -> str:
    return identifier.lower().replace(":", "-").replace(".", "-")


_TITLES = {
    "systems": "Direct-read and feedback systems",
    "state-space-models": "State-space models",
    "state-space-jacobians": "State-space Jacobians",
    "horizon-uniform-decay": "Horizon-uniform decay",
    "retrieval": "Flexible selective retrieval",
    "selective-retrieval": "Attention and windows for selective retrieval",
    "gelu-units": "GELU units",
    "tokenwise-blocks": "Token-wise blocks",
    "layer-norm": "LayerNorm",
    "macro-layers": "Macro-layers",
    "ours-bounded-solve": "Ours: sharper bounds on the solve",
    "ours-softmax-routing": "Ours: softmax rows",
    "ours-decay": "Ours: the best constant of polynomial decay",
    "ours-uniform-routing": "Ours: uniform routing",
    "ours-jacobian-tails": "Ours: Jacobian tails",
    "ours-depth": "Ours: convolution powers and deep stacks",
    "ours-comparison": "Ours: what matched bounds allow",
    "ours-fair-comparison": "Ours: the comparison under equal bounds",
    "ours-retrieval-constants": "Ours: the best constants of selective retrieval",
    "ours-universality": "Ours: positions and universal approximation",
    "ours-number-formats": "Ours: where number formats end",
}
"""Titles of pages whose topic's name does not say it as readers do."""


def _title(topic: ModuleType) -> str:
    name = slug(topic)
    return _TITLES.get(name, name.replace("-", " ").capitalize())


def heading(one: Statement) -> str:
    """Kind, number and title of a row."""
    kind, _, number = one.id.partition(":")
    title = typeset_title(one.title)
    return title if kind == "ours" else f"{one.kind.capitalize()} {number}: {title}"


def _row(one: Statement, outcomes: Outcomes) -> list[str]:
    outcome = outcomes[one.id]
    lines = [
        f"({anchor(one.id)})=",
        f"## {heading(one)}",
        "",
        f"{{status}}`{one.id}` `{one.id}` {one.where}",
        "",
        linked(displayed(one.says)),
        "",
    ]
    if outcome.status is Status.UNCHECKED:
        return lines
    if one.proof:
        lines += [f"*Proof:* [in full](#{proof_anchor(one.id)}).", ""]
    if outcome.formal:
        beside = f"; the check beside it: {outcome.formal.level}" if outcome.level is Level.FORMAL else ""
        names = ", ".join(f"[`{name.rpartition('.')[2]}`](#{coq_anchor(name)})" for name in outcome.formal.statements)
        lines += [f"*Proved by machine.* {names}: {coq_text(outcome.formal.label)}{beside}.", ""]
    lines += [f"*Rests on* {closed(words(one.trust))}", ""]
    if one.not_higher and outcome.level is not Level.FORMAL:
        lines += [f"*Not higher, because* {closed(words(one.not_higher))}", ""]
    lines += [*_evidence(outcome.pieces), ""]
    if outcome.bends:
        lines += ["*Bent, it fails:*", ""]
        lines += [f"- {typeset(bend.about)}: {_code(bend.example)}" for bend in outcome.bends]
        lines.append("")
    if one.needs:
        lines += [f"*Depends on* {', '.join(link(name) for name in one.needs)}.", ""]
    broken = broken_needs(one.id, outcomes)
    if broken:
        lines += [f"*Among these, directly or not, do not hold as printed:* {', '.join(map(link, broken))}.", ""]
    module = one.check.__module__.replace(".", "/") if one.check else ""
    lines += [f"*The check* is `{one.check.__name__ if one.check else ''}` in `{module}.py`. Run it: "
              f"`sessa-ref ledger {one.id}`.", ""]  # fmt: skip
    return lines


def displayed(text: str) -> str:
    """Markdown in which formulas between $$ are paragraphs of their own, as MyST needs them."""
    return re.sub(r"\s*\$\$(.+?)\$\$([.,;:]?)\s*", r"\n\n$$\n\1\2\n$$\n\n", upright(text), flags=re.DOTALL).strip()


def _evidence(pieces: tuple[Piece, ...]) -> list[str]:
    """A list of all claims, each with what was done about it; a claim that was met in several ways has a list of its own."""
    claims: dict[str, dict[object, list[Piece]]] = {}
    for piece in pieces:
        alike = (piece.level, piece.refutes, re.sub(r"[\d.]+(e[+-]?\d+)?", "", piece.how))
        claims.setdefault(piece.claim, {}).setdefault(alike, []).append(piece)
    lines: list[str] = []
    told: dict[str, str] = {}
    before: list[str] = []
    for claim, ways in claims.items():
        shown = []
        for own in ways.values():
            common, cases = _parted(own)
            first = told.setdefault("; ".join([common, *cases]), claim)
            shown.append(_pieces(own, _said(common, cases, "" if first == claim else first, before)))
            before = cases
        if len(shown) == 1:
            lines.append(f"- *{words(claim)}* {shown[0]}")
        else:
            lines += [f"- *{words(claim)}*", *(f"  - {one}" for one in shown)]
    return lines


def _said(common: str, cases: list[str], first: str, before: list[str]) -> str:
    """What was done; of what was told for a claim before, its first words alone, and no long list of cases twice running."""
    brief = re.split(_PARTS, common)[0]
    if first and len(f"{brief}, as for {first}") < len("; ".join([common, *cases])):
        return f"{words(brief)}, as for *{words(first)}*"
    if cases == before and len("; ".join(cases)) > _LONG:
        return f"{words(common)}, in the same cases"
    if len(cases) > _CASES:
        cases = [*cases[: _CASES - 1], f"and {len(cases) - _CASES + 1} more"]
    return words(": ".join(filter(None, (common, "; ".join(cases)))))


def _pieces(pieces: list[Piece], said: str) -> str:
    """Pieces that differ in numbers alone: level, number of cases, what was done, and examples."""
    first = pieces[0]
    found = sorted({piece.tightness for piece in pieces if piece.tightness is not None and piece.level})
    tight = ", attained/claimed " + " to ".join(dict.fromkeys(map(_number, (found[0], found[-1])))) if found else ""
    given = [_code(example) for example in dict.fromkeys(piece.example for piece in pieces) if example]
    examples = "".join(f" {one}" for one in given[:_EXAMPLES])
    if len(given) > _EXAMPLES:
        examples += f", and {len(given) - _EXAMPLES} more"
    verdict = "refutes it: " if first.refutes else ""
    count = sum(piece.cases for piece in pieces)
    cases = f"{count} case{'s' * (count != 1)}"
    return f"({first.level or 'agreement'}, {cases}{tight}): {verdict}{said}.{examples}"


_EXAMPLES = 3
"""So many are shown of pieces that stand in one line."""
_CASES = 6
"""So many of these are told apart, or one less and how many more there are."""


_LONG = 24
"""A list of cases that is as long is not told twice running."""
_PARTS = r"(?:, |: |; )(?![^()]*\))"


def _parted(pieces: list[Piece]) -> tuple[str, list[str]]:
    """What texts have in common, and then each one's own."""
    told = list(dict.fromkeys(piece.how for piece in pieces))
    if len(told) == 1:
        return told[0], []
    parts = list(zip(*(re.split(_PARTS, how) for how in told), strict=True))
    common = ", ".join(part[0] for part in parts if len(set(part)) == 1)
    return common, [", ".join(one) for one in zip(*(part for part in parts if len(set(part)) > 1), strict=True)]


def _code(text: str) -> str:
    return f"`{rounded(text).replace('`', chr(39))}`"


def _number(value: float | None) -> str:
    return "" if value is None else typeset(f"{value:.3g}")


def _rank(outcome: Outcome) -> int:
    return -1 if outcome.level is None else outcome.level.rank
