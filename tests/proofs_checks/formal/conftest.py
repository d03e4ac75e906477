"""A small project of Coq files, whole or with something wrong in it, and its audit."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from proofs_checks.formal import coq
from proofs_checks.formal.audit import Audit, audit
from proofs_checks.formal.sources import FOLDER
from proofs_checks.formal.status import Proved

STATEMENTS = """(** What is proved. *)
From Coq Require Import Reals.
Open Scope R_scope.

(** * A topic *)

(** Lemma 4.2: a number that is not negative has the bound 0 below its double. *)
Definition lem_4_2_hypotheses (x : R) : Prop := 0 <= x.

Definition lem_4_2 : Prop := forall x : R, lem_4_2_hypotheses x -> 0 <= x + x.

(** Theorem 31, above.
    Left: the lower bound. *)
Definition thm_31_upper : Prop := forall n : nat, (n <= S n)%nat.
"""

PROOFS = """From Coq Require Import Reals Lra.
From Sessa Require Import Statements.
Open Scope R_scope.

Lemma doubled (x : R) : lem_4_2_hypotheses x -> 0 <= x + x.
Proof. unfold lem_4_2_hypotheses; lra. Qed.

Theorem lem_4_2_holds : lem_4_2.
Proof. exact doubled. Qed.

Theorem lem_4_2_instance : exists x : R, lem_4_2_hypotheses x.
Proof. exists 2. unfold lem_4_2_hypotheses; lra. Qed.

Theorem thm_31_upper_holds : thm_31_upper.
Proof. intros n. auto. Qed.
"""

COUNTEREXAMPLES = """From Coq Require Import Reals Lra.
From Sessa Require Import Statements.
Open Scope R_scope.

Theorem lem_4_2_any_false : ~ (forall x : R, - 3 <= x -> 0 <= x + x).
Proof. intros bent. specialize (bent (- 1)). lra. Qed.
"""

BENDS = """
[[bend]]
statement = "lem_4_2"
about = "from -3 on"
find = "0 <= x."
replace = "- 3 <= x."
counterexample = "lem_4_2_any_false"

[[bend]]
statement = "thm_31_upper"
about = "the other way"
find = "n <= S n"
replace = "S n <= n"
"""


def needs_coq() -> None:
    """Skip where there is no Coq, but fail in CI."""
    if not coq.installed():
        if os.environ.get("CI"):
            pytest.fail(f"in CI the proofs must be checked: {coq.MISSING}")
        pytest.skip(coq.MISSING)


IN_INTEGERS = {
    "Reals Lra": "BinInt", "Reals": "BinInt", "R_scope": "Z_scope", " : R": " : Z",
    "lra": "(easy || now destruct x || now apply bent)",
}  # fmt: skip
"""What makes it a project about integers: Coq loads them, and finds what a proof assumes, in a fraction of the time."""


class Project:
    """The files of a project in a folder; they can be changed, and audited."""

    def __init__(self, folder: Path, words: Mapping[str, str] | None = None) -> None:
        self.folder = folder / "formal"
        self._build = folder / "build"
        for name, text in {
            "Statements.v": STATEMENTS,
            "proofs/Small.v": PROOFS,
            "counterexamples/Small.v": COUNTEREXAMPLES,
            "bends.toml": BENDS,
            "axioms.toml": (FOLDER / "axioms.toml").read_text(encoding="utf-8"),
        }.items():
            self.write(name, _replaced(text, words or {}) if name.endswith(".v") else text)

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def change(self, name: str, find: str, replace: str) -> None:
        """Change one place of a file."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(find) == 1
        self.write(name, text.replace(find, replace))

    def audit(self, recorded: Sequence[Proved] = (), say: Callable[[str], None] = lambda text: None) -> Audit:
        """Audit it; needs Coq."""
        needs_coq()
        return audit(self.folder, self._build, 2, {"lem:4.2", "thm:31"}, say, recorded)


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for one, other in words.items():
        text = text.replace(one, other)
    return text


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def project_in_integers(tmp_path):
    return Project(tmp_path, IN_INTEGERS)
