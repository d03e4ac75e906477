"""Bent statements: with a changed Statements.v, the proof must not compile, and it must fail in the proof itself."""

from bisect import bisect_right
from pathlib import Path

from proofs_checks.formal import coq
from proofs_checks.formal.sources import (
    Bend,
    Sources,
    Statement,
    definition_spans,
    still_open,
    theorem_spans,
)
from proofs_checks.formal.theorems import Problem

LIMIT = 120.0
"""Seconds after which a bent proof is given up."""


def bent_text(sources: Sources, statement: Statement, bend: Bend) -> str:
    """Statements.v with the change.

    Raises:
        ValueError: the text to be replaced does not occur exactly once where it should.
    """
    text = sources.texts["Statements.v"]
    spans = definition_spans(text)
    names = [bend.inside] if bend.inside else [f"{statement.short}_hypotheses", statement.short]
    if bend.inside and bend.inside not in spans:
        raise ValueError(f"Statements.v has no definition {bend.inside}")
    found = [(name, text[slice(*spans[name])].count(bend.find)) for name in names if name in spans]
    if sum(count for _, count in found) != 1:
        raise ValueError(f"{bend.find!r} occurs {sum(count for _, count in found)} times in {' and '.join(names)}")
    if bend.find == bend.replace:
        raise ValueError("it changes nothing")
    start, end = spans[next(name for name, count in found if count)]
    return text[:start] + text[start:end].replace(bend.find, bend.replace) + text[end:]


def try_bend(sources: Sources, statement: Statement, bend: Bend, folder: Path) -> tuple[str, str]:
    """Compile the proof against the bent statement.

    Returns:
        Where and how the proof fails, and what is wrong with the bend; one of them is "".
    """
    file = sources.proof_file(statement)
    try:
        changed = {"Statements.v": bent_text(sources, statement, bend)}
    except ValueError as error:
        return "", str(error)
    *needed, _ = sources.needs(file)
    proof = _up_to(sources.texts[file], statement)
    coq.write(sources, folder, changed | {file: proof})
    for name in needed:  # -vos: definitions and statements, without proofs
        run = coq.coqc(folder, name, "-vos")
        if not run.ok:
            return "", f"{name} itself does not compile: {run.error}"
    run = coq.coqc(folder, file, "-vok", limit=LIMIT)
    if run.ok:
        return "", "the proof compiles, which it must not"
    if not run.line:
        return "", f"the proof fails, and Coq does not say where: {run.error}"
    place = _theorem_at(proof, run.line)
    strangers = {one.short for one in sources.statements if one.short != statement.short}
    if place is None or place.removesuffix("_holds") in strangers:
        return "", f"it fails outside its proof, in {place or 'no theorem'}, line {run.line}: {run.error}"
    problem = _counterexample(sources, statement, bend, folder) if bend.counterexample else ""
    return (place, "") if not problem else ("", problem)


def _counterexample(sources: Sources, statement: Statement, bend: Bend, folder: Path) -> str:
    """What is wrong with the theorem that the bent statement is false; "" where nothing is."""
    name = bend.counterexample
    file = sources.files.get(name, "")
    if not file.startswith("counterexamples/"):
        return f"there is no theorem {name} in the folder counterexamples"
    lines = [f"Require {coq.module('Statements.v')} {coq.module(file)}.",
             f"Check ({coq.module(file)}.{name} : ~ {coq.module('Statements.v')}.{statement.name})."]  # fmt: skip
    *needed, _ = sources.needs(file)
    check = "audit/counterexample.v"
    coq.write(sources, folder, {"Statements.v": bent_text(sources, statement, bend), check: "\n".join(lines) + "\n"})
    for one in (*needed, file):
        run = coq.coqc(folder, one, "-vos")
        if not run.ok:
            return f"{one} does not compile with the bent statement: {run.error}"
    run = coq.coqc(folder, check, "-vos")
    return "" if run.ok else f"{name} does not say that the bent statement is false: {run.error}"


def _up_to(text: str, statement: Statement) -> str:
    """A proof file up to the end of one proof, without the instances before it; modules and sections closed."""
    spans = theorem_spans(text)
    end = spans[f"{statement.short}_holds"][1]
    kept = text[:end]
    for name, (start, stop) in spans.items():
        if name.endswith("_instance") and stop <= end:
            kept = kept[:start] + "".join("\n" if c == "\n" else " " for c in kept[start:stop]) + kept[stop:]
    return kept + "".join(f"\nEnd {name}." for name in reversed(still_open(kept))) + "\n"


def _theorem_at(text: str, line: int) -> str | None:
    """The theorem that a line belongs to; None where it comes after the end of the last one before it."""
    place = len("".join(text.splitlines(keepends=True)[: line - 1]))
    spans = sorted((start, end, name) for name, (start, end) in theorem_spans(text).items())
    ends = text.find("\n", place) if text.find("\n", place) >= 0 else len(text)
    at = bisect_right([start for start, _, _ in spans], ends) - 1
    return spans[at][2] if at >= 0 and place <= spans[at][1] else None


def without_bend(sources: Sources) -> list[Problem]:
    """The statements that have no bend, and the bends of no statement."""
    shorts, bent = {one.short for one in sources.statements}, {bend.statement for bend in sources.bends}
    return [
        *(Problem("it has no bend in bends.toml", name) for name in sorted(shorts - bent)),
        *(Problem(f"there is no statement {name}", file="bends.toml") for name in sorted(bent - shorts)),
    ]
