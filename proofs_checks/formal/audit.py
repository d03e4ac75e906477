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
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from proofs_checks.formal import coq
from proofs_checks.formal.bends import try_bend, without_bend
from proofs_checks.formal.rules import broken
from proofs_checks.formal.sources import FOLDER, Bend, Sources, Statement
from proofs_checks.formal.status import FILE, BentProof, Proved, load, save
from proofs_checks.formal.theorems import Allowed, Problem, judge

Say = Callable[[str], None]

AGAIN = 10
"""Of the bent statements that are recorded, every tenth is tried again."""


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
        recorded: what passed before. A bent version of a statement that has not changed since is taken from it, but for
            every tenth, which is tried again.
    """
    sources, allowed = Sources(folder), Allowed(folder / "axioms.toml")
    problems = [Problem(one, file=file) for file, text in sources.texts.items() for one in broken(file, text)]
    problems += without_bend(sources)
    compiled = _compiled(sources, build / "all", jobs, problems, say)
    problems += _checked(build / "all", compiled, say)
    bends: dict[str, list[BentProof]] = {}
    axioms: dict[str, list[str]] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for assumed, wrong in pool.map(lambda file: judge(sources, file, build / "all", allowed), compiled):
            axioms |= assumed
            problems += wrong
        begun = time.perf_counter()
        due = [(one, bend) for one in sources.statements for bend in sources.bends
               if bend.statement == one.short and sources.proof_file(one) in compiled]  # fmt: skip
        before = {(one.name, one.hash, bend.about): bend for one in recorded for bend in one.bends}
        known = {number: before[key] for number, (one, bend) in enumerate(due)
                 if number % AGAIN and (key := (one.name, sources.fingerprint(one), bend.about)) in before}  # fmt: skip
        tried = pool.map(
            lambda number: (
                ("", known[number]) if number in known else _tried(sources, due[number], build / "bent" / str(number))
            ),
            range(len(due)),
        )
        for (statement, bend), (wrong, proof) in zip(due, tried, strict=True):
            if wrong:
                problems.append(Problem(f"bent ({bend.about}): {wrong}", statement.short))
            else:
                bends.setdefault(statement.short, []).append(proof)
        say(f"{len(due)} bent statements, of which {len(known)} from the record: {time.perf_counter() - begun:.1f} s")
    found = {one.short: row_of(one, rows) for one in sources.statements}
    problems += [Problem(wrong, name) for name, (_, wrong) in found.items() if wrong]
    problems += [
        Problem(one, statement.short) for statement in sources.statements for one in _missing(sources, statement)
    ]
    proved = tuple(
        Proved(
            one.name,
            found[one.short][0],
            one.left,
            sources.proof_file(one),
            tuple(name for name in axioms[f"{one.short}_holds"] if not allowed.of_computation(name)),
            any(allowed.of_computation(name) for name in axioms[f"{one.short}_holds"]),
            bool(one.hypotheses),
            tuple(bends.get(one.short, ())),
            tuple(name for name in sources.counterexamples(one) if name in axioms),
            sources.fingerprint(one),
        )
        for one in sources.statements
        if _passes(sources, one, problems)
    )
    return Audit(proved, tuple(problems))


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


def _tried(sources: Sources, case: tuple[Statement, Bend], folder: Path) -> tuple[str, BentProof]:
    """What is wrong with a bent statement, "" where nothing is, and where its proof fails."""
    statement, bend = case
    place, wrong = try_bend(sources, statement, bend, folder)
    return wrong, BentProof(bend.about, place, bend.counterexample)


def _compiled(sources: Sources, build: Path, jobs: int, problems: list[Problem], say: Say) -> list[str]:
    """Compile all files; those that do."""

    def done(file: str, run: coq.Run) -> None:
        say(f"{file}: {run.seconds:.1f} s{'' if run.ok else ', fails'}")

    runs = coq.compile_all(sources, build, jobs, done)
    problems += [Problem(f"line {run.line}: {run.error}", file=file) for file, run in runs.items() if not run.ok]
    return [file for file, run in runs.items() if run.ok]


def _checked(build: Path, compiled: list[str], say: Say) -> list[Problem]:
    """What Coq's independent checker objects to."""
    if not compiled:
        return []
    run = coq.coqchk(build, compiled)
    say(f"coqchk: {run.seconds:.1f} s")
    problems = [] if run.ok else [f"coqchk does not accept: {run.error}"]
    for title in ("relying on type-in-type", "relying on unsafe (co)fixpoints", "whose positivity is assumed"):
        found = re.search(rf"{re.escape(title)}:\s*(.*)", run.output)
        if run.ok and (found is None or found[1].strip() != "<none>"):
            problems.append(f"coqchk finds definitions {title}")
    return [Problem(text, file="Statements.v") for text in problems]


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
        help="fail where status.json differs, and do not write it; of bent statements that it holds, try one in ten",
    )
    chosen = parser.parse_args()
    if not coq.installed():
        print(coq.MISSING, file=sys.stderr)
        return 1
    from proofs_checks.ledger import ROWS

    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        build = (chosen.build or Path(temporary)).resolve()
        recorded = load() if chosen.compare else ()
        found = audit(FOLDER, build, chosen.jobs, {one.id for one in ROWS}, print, recorded)
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
