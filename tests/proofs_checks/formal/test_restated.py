"""What a bend changes is stated anew with all that mentions it, and nothing else."""

import pytest

from proofs_checks.formal.restated import beside, mentions, restated
from proofs_checks.formal.sources import Sources


def texts(project, find, replace):
    before = Sources(project.folder).texts["Statements.v"]
    assert before.count(find) == 1
    return before, before.replace(find, replace)


def test_a_changed_hypothesis_changes_its_statement(project):
    names, module = restated(*texts(project, ": Prop := 0 <= x.", ": Prop := - 3 <= x."))
    assert names == {"lem_4_2_hypotheses", "lem_4_2"}
    assert "Definition lem_4_2_hypotheses (x : R) : Prop := - 3 <= x." in module
    assert "thm_31_upper" not in module
    assert module.index("Open Scope R_scope.") < module.index("Definition")


def test_what_is_in_a_module_is_not_stated_anew(project):
    project.change("Statements.v", "(** Theorem 31", "Module M.\n(** Theorem 31")
    project.change("Statements.v", "S n)%nat.\n", "S n)%nat.\nEnd M.\n")
    assert restated(*texts(project, "n <= S n", "S n <= n")) == ({"thm_31_upper"}, "")


def test_names_are_whole_words_of_the_code():
    assert mentions("exact lem_4_2.", {"lem_4_2"})
    assert not mentions("exact lem_4_2_holds. exact lem_4_2'. (* lem_4_2 *)", {"lem_4_2"})
    assert not mentions("exact lem_4_2.", set())


def test_the_proof_sees_what_is_stated_anew_and_lines_are_known(project):
    proof = Sources(project.folder).texts["proofs/Small.v"]
    text, first = beside(["Statements.v"], "Module Restated.\nEnd Restated.\n", proof)
    lines = text.splitlines()
    assert lines[first - 1 :] == proof.replace("Statements.\n", "Statements. Import Restated.\n", 1).splitlines()
    with pytest.raises(ValueError, match="got 0"):
        beside([], "", "From Coq Require Import Lra.\n")
