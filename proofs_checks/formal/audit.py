"""Compiles all proofs and audits them: python -m proofs_checks.formal.audit.

Every file compiles, and Coq's independent checker accepts it; every statement of Statements.v has a theorem of exactly
its type, which rests on the allowed axioms alone; its hypotheses are met by an instance; and its bent versions are not
proved by the same proof. What passes is recorded in status.json, from which the ledger's level "formal" follows.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proofs_checks.formal import coq
from proofs_checks.formal.bends import without_bend
from proofs_checks.formal.bent import bent
from proofs_checks.formal.rules import broken
from proofs_checks.formal.sources import FOLDER, Sources, Statement, stray_comments
from proofs_checks.formal.status import FILE, BentProof, Proved, load, recorded, save
from proofs_checks.formal.theorems import Allowed, Problem, judged

Say = Callable[[str], None]


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        proved: the statements that passed all of it.
        problems: all that it objects to.
    """

    proved: tuple[Proved, ...]
    problems: tuple[Problem, ...]


def audit(
    folder: Path,
    build: Path,
    jobs: int,
    rows: Container[str],
    say: Say = lambda text: None,
    recorded: Sequence[Proved] = (),
) -> Audit:
    """Compile and audit the Coq files of a folder.

    Args:
        folder: with Statements.v, proofs/, counterexamples/, bends.toml and axioms.toml.
        build: where to compile; what is in it is lost.
        jobs: how many processes of Coq run at a time.
        rows: the ids of the ledger.
        say: called with a line on what has been done.
        recorded: what passed before. Where nothing has changed since that a statement rests on, the independent checker
            does not read its files again, and its axioms and nine in ten of its bent versions are taken from it.
    """
    sources, allowed = Sources(folder), Allowed(folder / "axioms.toml")
    same = _same(sources, recorded)
    compiled, problems = _compiled(sources, build / "all", jobs, say)
    problems = [*_rules(sources), *problems, *_checked(build / "all", _changed(sources, compiled, same), say)]
    begun = time.perf_counter()
    axioms, wrong = judged(sources, compiled, build / "all", allowed, jobs, _theorems(sources, same))
    problems += wrong
    say(f"types of all theorems, axioms of {len(axioms)}: {time.perf_counter() - begun:.1f} s")
    begun = time.perf_counter()
    bends, wrong, tried = bent(sources, compiled, build / "all", build / "bent", jobs, same)
    problems += wrong
    say(f"{len(sources.bends)} bent statements, {tried} of them tried: {time.perf_counter() - begun:.1f} s")
    problems += [Problem(text, one.short) for one in sources.statements if (text := row_of(one, rows)[1])]
    proved = [_proved(sources, one, rows, axioms, bends, allowed, compiled, same.get(one.short))
              for one in sources.statements if _passes(sources, one, problems)]  # fmt: skip
    return Audit(tuple(proved), tuple(problems))


def row_of(statement: Statement, rows: Container[str]) -> tuple[str, str]:
    """The statement's row, and what is wrong with it; one of them is "", or both are where it is of no row."""
    name = statement.row
    if not name or name in rows:
        return name, ""
    whole = name
    while whole and whole not in rows:
        whole = re.sub(r"(?:^|[-.:])[^-.:]*$", "", whole)
    if not whole:
        return "", f"the ledger has no row {name!r}: the comment above it needs a line 'Row: ID', or 'Row: none'"
    if not statement.left:
        return (
            "",
            f"the name says that it is a part of {whole}: the comment above it needs a line 'Left: ...' or 'Row: {whole}'",
        )
    return whole, ""


def _rules(sources: Sources) -> list[Problem]:
    """What the texts show: forbidden words, missing bends, comments and theorems."""
    return [
        *(Problem(one, file=file) for file, text in sources.texts.items() for one in broken(file, text)),
        *without_bend(sources),
        *(Problem("there is no comment above it", one.short) for one in sources.statements if not one.comment),
        *(Problem(f"the comment is above no statement: {block[:60]!r}", file="Statements.v")
          for block in stray_comments(sources.texts["Statements.v"], sources.statements)),
        *(Problem(missing, one.short) for one in sources.statements for missing in _missing(sources, one)),
    ]  # fmt: skip


def _compiled(sources: Sources, build: Path, jobs: int, say: Say) -> tuple[list[str], list[Problem]]:
    """Compile all files; those that do, and what is wrong with the others."""

    def done(file: str, run: coq.Run) -> None:
        say(f"{file}: {run.seconds:.1f} s{'' if run.ok else ', fails'}")

    runs = coq.compile_all(sources, build, jobs, done)
    problems = [Problem(f"line {run.line}: {run.error}", file=file) for file, run in runs.items() if not run.ok]
    return [file for file, run in runs.items() if run.ok], problems


def _same(sources: Sources, recorded: Sequence[Proved]) -> dict[str, Proved]:
    """By statement, what is recorded of those of which nothing has changed since."""
    before = {(one.name, one.hash): one for one in recorded}
    found = {one.short: before.get((one.name, sources.fingerprint(one))) for one in sources.statements}
    return {name: proved for name, proved in found.items() if proved}


def _changed(sources: Sources, compiled: list[str], same: Container[str]) -> list[str]:
    """The files on which no statement rests that is recorded as it is now."""
    vouched = {file for one in sources.statements if one.short in same for file in sources.rests_on(one)}
    return [file for file in compiled if file not in vouched]


def _theorems(sources: Sources, same: Mapping[str, Proved]) -> set[str]:
    """The theorems of the statements that are recorded as they are now."""
    return {
        name for one, proved in same.items() for name in (f"{one}_holds", f"{one}_instance", *proved.counterexamples)
    }


def _checked(build: Path, compiled: list[str], say: Say) -> list[Problem]:
    """What Coq's independent checker objects to."""
    if not compiled:
        return []  # the record vouches for all
    run = coq.coqchk(build, compiled)
    say(f"coqchk: {run.seconds:.1f} s")
    problems = [] if run.ok else [f"coqchk does not accept: {run.error}"]
    for title in ("relying on type-in-type", "relying on unsafe (co)fixpoints", "whose positivity is assumed"):
        found = re.search(rf"{re.escape(title)}:\s*(.*)", run.output)
        if run.ok and (found is None or found[1].strip() != "<none>"):
            problems.append(f"coqchk finds definitions {title}")
    return [Problem(text, file="Statements.v") for text in problems]


def _proved(
    sources: Sources,
    statement: Statement,
    rows: Container[str],
    axioms: Mapping[str, list[str]],
    bends: Mapping[str, Sequence[BentProof]],
    allowed: Allowed,
    compiled: Container[str],
    before: Proved | None,
) -> Proved:
    """What is recorded of a statement that passes."""
    assumed = axioms.get(f"{statement.short}_holds", [])
    return Proved(
        statement.name,
        row_of(statement, rows)[0],
        statement.left,
        sources.proof_file(statement),
        before.axioms if before else tuple(name for name in assumed if not allowed.of_computation(name)),
        before.computation if before else any(allowed.of_computation(name) for name in assumed),
        bool(statement.hypotheses),
        tuple(bends.get(statement.short, ())),
        tuple(name for name in sources.counterexamples(statement) if sources.files[name] in compiled),
        sources.fingerprint(statement),
    )


def _missing(sources: Sources, statement: Statement) -> list[str]:
    wanted = [f"{statement.short}_holds", *([f"{statement.short}_instance"] if statement.hypotheses else [])]
    return [f"there is no theorem {name}" for name in wanted if name not in sources.files]


def _passes(sources: Sources, statement: Statement, problems: list[Problem]) -> bool:
    """Whether nothing is wrong with a statement, nor with a file that its proof or its instance rests on."""
    names = (f"{statement.short}_holds", f"{statement.short}_instance")
    files = {one for name in names if name in sources.files for one in sources.needs(sources.files[name])}
    return not any(one.statement == statement.short or one.file in files for one in problems)


def main() -> int:
    """The command; 0 where all passes."""
    parser = argparse.ArgumentParser(description="Compile and audit the machine-checked proofs.")
    parser.add_argument("--build", type=Path, help="a folder for compiled files; by default a temporary one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes of Coq at a time")
    parser.add_argument(
        "--compare",
        action="store_true",
        help="fail where status.json differs, and do not write it; what it holds of unchanged files is not all done again",
    )
    chosen = parser.parse_args()
    if not coq.installed():
        print(coq.MISSING, file=sys.stderr)
        return 1
    from proofs_checks.ledger import ROWS

    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        build = (chosen.build or Path(temporary)).resolve()
        before = recorded(coq.version()) if chosen.compare else ()
        found = audit(FOLDER, build, chosen.jobs, {one.id for one in ROWS}, print, before)
    for problem in found.problems:
        print(problem, file=sys.stderr)
    full = {one.row for one in found.proved if one.row and not one.left}
    print(f"{len(found.proved)} statements proved, {len(full)} rows of the ledger in full, {len(found.problems)} problems, "
          f"{time.perf_counter() - begun:.0f} s")  # fmt: skip
    if not chosen.compare:
        save(found.proved, coq.version())
    elif load() != found.proved:
        print(f"{FILE.name} differs from what was found: run make proofs", file=sys.stderr)
        return 1
    return int(bool(found.problems))


if __name__ == "__main__":
    sys.exit(main())
