"""The types and the axioms of the theorems in a file that is compiled."""

import re
import tomllib
from collections.abc import Container
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from proofs_checks.formal import coq
from proofs_checks.formal.rules import uses_interval
from proofs_checks.formal.sources import Sources

_MEETS = """Ltac head t := lazymatch t with ?f _ => head f | _ => t end.
Ltac meets H p :=
  lazymatch type of H with
  | exists _, _ => let x := fresh in destruct H as [x H]; meets H p
  | ?T => let h := head T in
    tryif constr_eq h p then idtac else
      lazymatch T with
      | and _ _ => let L := fresh in let R := fresh in destruct H as [L R]; first [meets L p | meets R p]
      | _ => fail 0 "it does not say that some objects meet" p
      end
  end."""
"""A tactic: the hypothesis H says that there are objects with the predicate p, and perhaps more of them."""


@dataclass(frozen=True)
class Problem:
    """What an audit objects to.

    Attributes:
        text: in a line.
        statement: the statement that fails by it, without modules; "" where it is not about one.
        file: the file that is at fault: all that rest on it fail; "" where only the statement does.
    """

    text: str
    statement: str = ""
    file: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.statement or self.file, self.text)))


class Allowed:
    """The axioms that a proof may rest on, from a file such as axioms.toml."""

    def __init__(self, file: Path) -> None:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        self._reals, self._modules = set(data["reals"]), set(data["computation"])

    def of_computation(self, name: str) -> bool:
        """Whether it belongs to the machine's numbers."""
        return name.rpartition(".")[0].rpartition(".")[2] in self._modules

    def wrong(self, names: list[str], interval: bool) -> list[str]:
        """Those that are not allowed, where Interval's tactic is imported or is not."""
        return [name for name in names if name not in self._reals and not (interval and self.of_computation(name))]


def judged(
    sources: Sources, files: list[str], build: Path, allowed: Allowed, jobs: int, known: Container[str] = ()
) -> tuple[dict[str, list[str]], list[Problem]]:
    """The axioms of the theorems that count in some files, and what is wrong with their types and axioms.

    Each process of Coq looks at a share of the files, so that libraries are loaded once. The types of all theorems are
    checked. Axioms are listed for each theorem that proves a statement, and where its axioms are not known; of the others,
    such as instances, it sees that all axioms together are allowed.

    Args:
        sources: the Coq files.
        files: of them, compiled in `build`.
        build: the build folder.
        allowed: the axioms that are allowed.
        jobs: how many processes.
        known: theorems whose axioms are known.

    Returns:
        The axioms by theorem, of those that are listed, and what is wrong.
    """
    shares = [files[first::jobs] for first in range(min(jobs, len(files)))]
    axioms: dict[str, list[str]] = {}
    problems: list[Problem] = []
    with ThreadPoolExecutor(jobs) as pool:
        for assumed, wrong in pool.map(lambda share: _share(sources, share, build, allowed, known), shares):
            axioms |= assumed
            problems += wrong
    return axioms, problems


def _share(
    sources: Sources, files: list[str], build: Path, allowed: Allowed, known: Container[str], every: bool = False
) -> tuple[dict[str, list[str]], list[Problem]]:
    """One process for all of them; where it fails, one for each file, and then one for each theorem.

    Axioms are listed for every theorem where those together are not allowed.
    """
    counting = {file: _wanted(sources, file) for file in files}
    problems = [wrong for _, found in counting.values() for wrong in found]
    theorems = [(file, name, *about) for file, (wanted, _) in counting.items() for name, about in wanted.items()]
    if not theorems:
        return {}, problems
    called = re.sub(r"\W", "_", files[0].removesuffix(".v"))
    head = f"Require Sessa.Statements {' '.join(coq.module(file) for file in files)}."
    interval = {file: any(uses_interval(sources.texts[one]) for one in sources.needs(file)) for file in files}
    listed = {name for _, name, _, _ in theorems if every or (name.endswith("_holds") and name not in known)}
    together = {
        f"{called}_{kind}": [f"@{coq.module(file)}.{name}" for file, name, _, _ in theorems
                             if name not in listed and interval[file] is kind]
        for kind in (True, False)
    }  # fmt: skip
    alone = [(file, name, short) for file, name, short, _ in theorems if name in listed]
    prints = [
        *(f"Definition {group} : True := {''.join(f'let _ := {one} in ' for one in names)}I.\n{_printed(group, group)}"
          for group, names in together.items()),
        *(_printed(name, f"{coq.module(file)}.{name}") for file, name, _ in alone),
    ]  # fmt: skip
    limit = coq.LIMIT * len(files)
    run = _generated(build, called, [head, _MEETS, *(line for *_, line in theorems), *prints], limit)
    if not run.ok and len(files) > 1:
        parts = [_share(sources, [file], build, allowed, known, every) for file in files]
        return {name: value for part, _ in parts for name, value in part.items()}, [
            one for _, part in parts for one in part
        ]
    if not run.ok:
        for _, name, short, line in theorems:
            single = _generated(build, called, [head, _MEETS, line], limit)
            if not single.ok:
                problems.append(Problem(f"{name} does not have the type that it should have: {single.error}", short))
        run = _generated(build, called, [head, *prints], limit)
    if not run.ok:
        return {}, [*problems, Problem(run.error, file=files[0])]
    for kind in (True, False):
        if allowed.wrong(_read(build, f"{called}_{kind}"), kind):
            return _share(sources, files, build, allowed, known, every=True)
    axioms = {name: _read(build, name) for _, name, _ in alone}
    for file, name, short in alone:
        problems += [Problem(f"{name} assumes {axiom}", short) for axiom in allowed.wrong(axioms[name], interval[file])]
    return axioms, problems


def _printed(file: str, name: str) -> str:
    return f'Redirect "audit/{file}" Print Assumptions {name}.'


def _read(build: Path, file: str) -> list[str]:
    return assumptions((build / "audit" / f"{file}.out").read_text(encoding="utf-8"))


def assumptions(printed: str) -> list[str]:
    """The names that `Print Assumptions` lists; what it says of unsafe definitions counts as a name too."""
    lines = [line for line in printed.splitlines() if line.strip()]
    if [line.strip() for line in lines] == ["Closed under the global context"]:
        return []
    heads = [line for line in lines if not line.startswith(" ") and line.strip() != "Axioms:"]
    return sorted({re.split(r"\s*:(?:\s|$)", line, maxsplit=1)[0].strip() for line in heads})


def _wanted(sources: Sources, file: str) -> tuple[dict[str, tuple[str, str]], list[Problem]]:
    """For each theorem that counts: the statement it is about, and the line that checks its type."""
    module, wanted, problems = coq.module(file), {}, []
    shorts = {one.short: one for one in sources.statements}
    for name in (name for name, where in sources.files.items() if where == file):
        short, _, role = name.rpartition("_")
        if file.startswith("counterexamples/"):
            if role != "false":
                continue
            owner = sources.owner(name)
            if not owner:
                problems.append(Problem(f"{name} begins with the name of no statement", file=file))
            wanted[name] = (owner, f"Check (@{module}.{name} : ~ _).")
        elif role == "holds" and short in shorts:
            wanted[name] = (short, f"Check (@{module}.{name} : Sessa.Statements.{shorts[short].name}).")
        elif role == "instance" and short in shorts and shorts[short].hypotheses:
            predicate = f"@Sessa.Statements.{shorts[short].hypotheses}"
            line = f"Goal True. Proof. pose proof @{module}.{name} as H. meets H {predicate}. exact I. Qed."
            wanted[name] = (short, line)
        elif role == "holds":
            problems.append(Problem(f"{name} proves no statement of Statements.v", file=file))
    return wanted, problems


def _generated(build: Path, name: str, lines: list[str], limit: float) -> coq.Run:
    file = build / "audit" / f"{name}.v"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return coq.coqc(build, f"audit/{name}.v", limit=limit)
