"""Bent statements: with a changed Statements.v, the proof must not compile, and it must fail in the proof itself."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

from proofs_checks.formal import coq
from proofs_checks.formal.one_file import joined, module, without_proofs
from proofs_checks.formal.restated import beside, mentions, restated
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

_UNNAMED = re.compile(r"was not found|Cannot find (?!witness)|not a module")
"""Errors that may come of joining files, not of the bent statement."""


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


def try_bend(sources: Sources, statement: Statement, bend: Bend, folder: Path, compiled: Path) -> tuple[str, str]:
    """Compile the proof against the bent statement.

    Args:
        sources: the Coq files.
        statement: one of them.
        bend: what is changed.
        folder: where to compile.
        compiled: where the files are compiled as they are.

    Returns:
        Where the proof fails, and what is wrong with the bend; one of them is "".
    """
    try:
        bent = bent_text(sources, statement, bend)
        place = (
            _fails_beside(sources, statement, bent, folder, compiled)
            or _fails_in_one_file(sources, statement, bent, folder)
            or _fails_in(sources, statement, bent, folder)
        )
        if bend.counterexample:
            _refute(sources, statement, bend, bent, folder, compiled)
    except ValueError as error:
        return "", str(error)
    return place, ""


def _fails_beside(sources: Sources, statement: Statement, bent: str, folder: Path, compiled: Path) -> str:
    """The same where the files that the proof rests on do not mention what is bent: these are compiled already."""
    *needed, file = sources.needs(sources.proof_file(statement))
    names, module = restated(sources.texts["Statements.v"], bent)
    proof = _up_to(sources.texts[file], statement)
    if not module or proof.count("Statements.") > 1 or _mention(sources, needed, names):
        return ""
    text, begun = beside(needed, module, proof)
    return _place(sources, statement, proof, begun, _alone(folder, "Beside.v", text, compiled))


def _fails_in_one_file(sources: Sources, statement: Statement, bent: str, folder: Path) -> str:
    """The theorem in which the proof fails, where a single run of Coq tells; "" where it does not."""
    *needed, file = sources.needs(sources.proof_file(statement))
    proof = _up_to(sources.texts[file], statement)
    texts = {name: without_proofs(sources.texts[name]) for name in needed} | {"Statements.v": bent} | {file: proof}
    text, begun = joined({name: texts[name] for name in (*needed, file)}, "")
    return _place(sources, statement, proof, begun, _alone(folder, "Bent.v", text, folder))


def _mention(sources: Sources, files: Iterable[str], names: set[str]) -> bool:
    """Whether one of the files, Statements.v apart, has one of the names."""
    return any(mentions(sources.texts[one], names) for one in files if one != "Statements.v")


def _place(sources: Sources, statement: Statement, proof: str, begun: int, run: coq.Run) -> str:
    """The theorem in which a run fails, if it is the statement's or a lemma; "" where it is not, or does not tell."""
    if run.ok or not run.line or _UNNAMED.search(run.error):
        return ""
    place = theorem_at(proof, run.line - begun + 1) if run.line >= begun else None
    return place if place and _own(sources, statement, place) else ""


def _fails_in(sources: Sources, statement: Statement, bent: str, folder: Path) -> str:
    """The theorem in which the proof fails, each file by itself.

    Raises:
        ValueError: it does not, or fails elsewhere.
    """
    *needed, file = sources.needs(sources.proof_file(statement))
    proof = _up_to(sources.texts[file], statement)
    coq.write(sources, folder, {"Statements.v": bent, file: proof})
    for name in needed:  # -vos: definitions and statements, without proofs
        run = coq.coqc(folder, name, "-vos")
        if not run.ok:
            raise ValueError(f"{name} itself does not compile: {run.error}")
    for name, text in {file: proof, **{name: sources.texts[name] for name in needed if name != "Statements.v"}}.items():
        run = coq.coqc(folder, name, "-vok", limit=LIMIT)
        if not run.ok:
            place = theorem_at(text, run.line) if run.line else None
            if not place or not _own(sources, statement, place):
                raise ValueError(f"it fails outside its proof, in {place or 'no theorem'} of {name}: {run.error}")
            return place
    raise ValueError("the proof compiles, which it must not")


def _own(sources: Sources, statement: Statement, place: str) -> bool:
    """Whether a theorem is the statement's, or a lemma: neither the proof nor the instance of another statement."""
    others = {f"{one.short}_{end}" for one in sources.statements for end in ("holds", "instance")}
    return place not in others - {f"{statement.short}_holds"}


def _refute(sources: Sources, statement: Statement, bend: Bend, bent: str, folder: Path, compiled: Path) -> None:
    """See that a theorem says that the bent statement is false.

    Raises:
        ValueError: it does not.
    """
    name = bend.counterexample
    file = sources.files.get(name, "")
    if not file.startswith("counterexamples/"):
        raise ValueError(f"there is no theorem {name} in the folder counterexamples")
    *needed, _ = sources.needs(file)
    names, module_text = restated(sources.texts["Statements.v"], bent)
    if module_text and not _mention(sources, (*needed, file), names):
        stated = f"Check (@{coq.module(file)}.{name} : ~ Restated.{statement.name}).\n"
        if _alone(folder, "Stated.v", f"Require {coq.module(file)}.\n{module_text}{stated}", compiled).ok:
            return
    texts = {one: without_proofs(sources.texts[one]) for one in (*needed, file)} | {"Statements.v": bent}
    check = f"Check (@{module(file)}.{name} : ~ {module('Statements.v')}.{statement.name}).\n"
    if _alone(folder, "Refuted.v", joined(texts, check)[0], folder).ok:
        return
    lines = [f"Require {coq.module('Statements.v')} {coq.module(file)}.",
             f"Check (@{coq.module(file)}.{name} : ~ {coq.module('Statements.v')}.{statement.name})."]  # fmt: skip
    coq.write(sources, folder, {"Statements.v": bent, "audit/counterexample.v": "\n".join(lines) + "\n"})
    for one in (*needed, file):
        run = coq.coqc(folder, one, "-vos")
        if not run.ok:
            raise ValueError(f"{one} does not compile with the bent statement: {run.error}")
    run = coq.coqc(folder, "audit/counterexample.v", "-vos")
    if not run.ok:
        raise ValueError(f"{name} does not say that the bent statement is false: {run.error}")


def _alone(folder: Path, name: str, text: str, compiled: Path) -> coq.Run:
    """Compile a text that may require what is compiled in another folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / name).resolve()
    file.write_text(text, encoding="utf-8", newline="\n")
    return coq.coqc(compiled, str(file), limit=LIMIT)


def _up_to(text: str, statement: Statement) -> str:
    """A proof file up to the end of one proof, without the instances before it; modules and sections closed."""
    spans = theorem_spans(text)
    end = spans[f"{statement.short}_holds"][1]
    kept = text[:end]
    for name, (start, stop) in spans.items():
        if name.endswith("_instance") and stop <= end:
            kept = kept[:start] + "".join("\n" if c == "\n" else " " for c in kept[start:stop]) + kept[stop:]
    return kept + "".join(f"\nEnd {name}." for name in reversed(still_open(kept))) + "\n"


def theorem_at(text: str, line: int) -> str | None:
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
