"""The audit accepts a project that is whole, and objects to whatever is wrong in it."""

from dataclasses import replace

import pytest

from proofs_checks.formal.audit import row_of
from proofs_checks.formal.sources import Sources
from proofs_checks.formal.theorems import assumptions


def test_a_project_that_is_whole_passes(project):
    found = project.audit()
    assert found.problems == ()
    lemma, theorem = found.proved
    assert (lemma.name, lemma.row, lemma.left, lemma.instance) == ("lem_4_2", "lem:4.2", "", True)
    assert (theorem.row, theorem.left, theorem.instance, theorem.axioms) == ("thm:31", "the lower bound.", False, ())
    assert "ClassicalDedekindReals.sig_forall_dec" in lemma.axioms
    assert not lemma.computation
    (bend,) = lemma.bends
    assert (bend.about, bend.fails_in, bend.counterexample) == ("from -3 on", "doubled", "lem_4_2_any_false")
    assert lemma.counterexamples == ("lem_4_2_any_false",)


@pytest.mark.parametrize(
    ("file", "find", "replace", "message"),
    [
        ("proofs/Small.v", "Proof. exact doubled. Qed.", "Admitted.", "Admitted"),
        ("proofs/Small.v", "Proof. exact doubled. Qed.", "Proof. exact doubled. ", "line"),
        ("proofs/Small.v", "Lemma doubled", "Axiom no : False.\nLemma doubled", "Axiom no : False"),
        ("proofs/Small.v", "Lemma doubled", "Unset Guard Checking.\nLemma doubled", "Unset Guard Checking"),
        ("proofs/Small.v", "Lemma doubled", "Variable y : Z.\nLemma doubled", "outside a section: Variable y"),
        ("proofs/Small.v", ": lem_4_2.", ": forall x, 1 <= x -> 0 <= x + x.", "line"),
        (
            "proofs/Small.v",
            ": lem_4_2.\nProof. exact doubled. Qed.",
            ": forall x, 1 <= x -> 0 <= x + x.\nProof. intros. now destruct x. Qed.",
            "lem_4_2_holds does not have the type",
        ),
        (
            "proofs/Small.v",
            ": exists x : Z, lem_4_2_hypotheses x.\nProof. exists 2. unfold lem_4_2_hypotheses; (easy || now destruct x || now apply bent). Qed.",
            ": exists x : Z, 0 < x.\nProof. exists 2. easy. Qed.",
            "lem_4_2_instance does not have the type",
        ),
        ("proofs/Small.v", "lem_4_2_instance", "an_instance", "there is no theorem lem_4_2_instance"),
        ("proofs/Small.v", "thm_31_upper_holds", "other", "there is no theorem thm_31_upper_holds"),
        ("Statements.v", "(** Theorem 31, above.\n    Left: the lower bound. *)\n", "", "there is no comment above it"),
        ("Statements.v", "Left:", "Row: thm:99\n    Left:", "the ledger has no row 'thm:99'"),
        ("Statements.v", "Definition thm_31_upper ", "Lemma no : True. Proof. exact I. Qed.\nDefinition thm_31_upper ", "neither"),
        ("counterexamples/Small.v", "- 3 <=", "- 2 <=", "does not say that the bent statement is false"),
        ("bends.toml", "- 3 <= x.", "1 <= x.", "the proof compiles, which it must not"),
        ("bends.toml", "- 3 <= x.", "- 3 <== x.", "Statements.v itself does not compile"),
        ("bends.toml", 'find = "0 <= x."', 'find = "0 <="', "occurs 2 times"),
        ("bends.toml", 'statement = "thm_31_upper"', 'statement = "thm_31"', "thm_31_upper: it has no bend"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(project_in_integers, file, find, replace, message):
    project_in_integers.change(file, find, replace)
    found = project_in_integers.audit()
    assert any(message in str(problem) for problem in found.problems), found.problems
    assert len(found.proved) < 2


def test_a_project_in_integers_that_is_whole_passes(project_in_integers):
    found = project_in_integers.audit()
    assert found.problems == ()
    assert [(one.name, one.axioms) for one in found.proved] == [("lem_4_2", ()), ("thm_31_upper", ())]


def test_what_is_recorded_is_taken_where_nothing_has_changed_since(project):
    bends = (project.folder / "bends.toml").read_text()
    project.write("bends.toml", bends + """
[[bend]]
statement = "lem_4_2"
about = "from -2 on"
find = "0 <= x."
replace = "- 2 <= x."
counterexample = "lem_4_2_wide_false"
""")  # fmt: skip
    refuted = (project.folder / "counterexamples/Small.v").read_text()
    project.write("counterexamples/Small.v", refuted + """
Theorem lem_4_2_wide_false : ~ (forall x : R, - 2 <= x -> 0 <= x + x).
Proof. intros bent. specialize (bent (- 1)). lra. Qed.
""")  # fmt: skip
    found, said = project.audit(), []
    assert project.audit(found.proved, said.append) == found
    assert any(line.startswith("3 bent statements, 1 of them tried") for line in said)
    assert not any(line.startswith("coqchk") for line in said)
    # what is assumed is looked at even so
    project.change("axioms.toml", "sig_forall_dec", "sig_forall")
    problems = [str(one) for one in project.audit(found.proved).problems]
    assert "lem_4_2: lem_4_2_holds assumes ClassicalDedekindReals.sig_forall_dec" in problems
    project.change("axioms.toml", "sig_forall", "sig_forall_dec")
    # a counterexample that no longer refutes its bent statement is found, although neither statement nor proof changes
    project.change("counterexamples/Small.v", "- 2 <= x", "- 1 <= x")
    problems = [str(one) for one in project.audit(found.proved).problems]
    assert any("lem_4_2_wide_false does not say that the bent statement is false" in one for one in problems)


def test_an_axiom_that_is_not_allowed_is_found_wherever_it_hides(project):
    project.write("proofs/Base.v", "Module Type A. Parameter no : False. End A.\nDeclare Module B : A.\n")
    project.change("proofs/Small.v", "Lemma doubled", "From Sessa.proofs Require Import Base.\nLemma doubled")
    project.change("proofs/Small.v", "intros n. auto.", "destruct B.no.")
    problems = [str(problem) for problem in project.audit().problems]
    assert "thm_31_upper: thm_31_upper_holds assumes B.no" in problems or any("B.no" in one for one in problems), (
        problems
    )


def test_a_bend_that_breaks_another_theorem_does_not_count(project):
    project.change("Statements.v", "Definition lem_4_2_hyp", "Definition half : R := 1 / 2.\n\nDefinition lem_4_2_hyp")
    project.change(
        "proofs/Small.v",
        "Lemma doubled",
        "Theorem lem_4_2_half : half = 1 / 2.\nProof. reflexivity. Qed.\nLemma doubled",
    )
    project.change(
        "proofs/Small.v", "Theorem lem_4_2_half", "Goal half = 1 / 2.\nProof. reflexivity. Qed.\nTheorem lem_4_2_half"
    )
    project.write("bends.toml", (project.folder / "bends.toml").read_text() + """
[[bend]]
statement = "lem_4_2"
about = "a half is a third"
inside = "half"
find = "1 / 2"
replace = "1 / 3"
""")  # fmt: skip
    assert any("it fails outside its proof" in str(problem) for problem in project.audit().problems)


def test_parts_are_found_by_name(project):
    lemma, theorem = Sources(project.folder).statements
    assert row_of(lemma, {"lem:4.2"}) == ("lem:4.2", "")
    assert row_of(theorem, {"thm:31"}) == ("thm:31", "")
    row, wrong = row_of(replace(theorem, left=""), {"thm:31"})
    assert row == ""
    assert "it is a part of thm:31" in wrong
    assert "Row: none" in row_of(theorem, {"thm:3"})[1]


def test_assumptions_are_read():
    assert assumptions("Closed under the global context\n") == []
    printed = "Axioms:\nM.sig_not_dec : forall P : Prop, {~ ~ P} + {~ P}\nlong_name\n  : forall P,\n    P\n"
    assert assumptions(printed) == ["M.sig_not_dec", "long_name"]
