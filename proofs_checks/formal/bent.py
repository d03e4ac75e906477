"""The bent statements of an audit: what is tried, and what is taken from the record."""

from collections.abc import Container, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from proofs_checks.formal.bends import try_bend
from proofs_checks.formal.sources import Sources
from proofs_checks.formal.status import BentProof, Proved
from proofs_checks.formal.theorems import Problem

AGAIN = 10
"""Of the bent statements that are recorded, every tenth is tried again."""


def bent(
    sources: Sources, files: Container[str], compiled: Path, folder: Path, jobs: int, same: Mapping[str, Proved]
) -> tuple[dict[str, list[BentProof]], list[Problem], int]:
    """Try the bent statements whose proofs compile.

    Args:
        sources: the Coq files.
        files: those that compile.
        compiled: where they are compiled.
        folder: where to compile bent ones.
        jobs: how many processes of Coq run at a time.
        same: by statement, what is recorded of those of which nothing has changed since, neither the proof nor the
            counterexamples. Nine in ten of its bent versions are taken from it.

    Returns:
        By statement, those that are not proved, as they should not be; what is wrong with others; how many were tried.
    """
    cases = [(one, bend) for one in sources.statements for bend in sources.bends
             if bend.statement == one.short and sources.proof_file(one) in files]  # fmt: skip
    before = {(one, bend.about): bend for one, proved in same.items() for bend in proved.bends}
    known = {number: before[key] for number, (one, bend) in enumerate(cases)
             if number % AGAIN and (key := (one.short, bend.about)) in before}  # fmt: skip
    due = [number for number in range(len(cases)) if number not in known]

    def attempt(number: int) -> tuple[str, str]:
        statement, bend = cases[number]
        return try_bend(sources, statement, bend, folder / str(number), compiled)

    with ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(attempt, due)
        tried = dict(zip(due, outcomes, strict=True))
    bends: dict[str, list[BentProof]] = {}
    problems: list[Problem] = []
    for number, (statement, bend) in enumerate(cases):
        place, wrong = tried.get(number, ("", ""))
        if wrong:
            problems.append(Problem(f"bent ({bend.about}): {wrong}", statement.short))
        else:
            proof = known.get(number) or BentProof(bend.about, place, bend.counterexample)
            bends.setdefault(statement.short, []).append(proof)
    return bends, problems, len(due)
