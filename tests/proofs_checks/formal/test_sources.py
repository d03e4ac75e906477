"""What is read of the Coq files, without Coq."""

from collections import Counter

import pytest

from proofs_checks.formal.rules import broken, uses_interval
from proofs_checks.formal.sources import Sources, row_of, sentences, stray_comments, without_comments


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("thm_28", "thm:28"),
        ("lem_B_5", "lem:B.5"),
        ("cor_4_9", "cor:4.9"),
        ("ours_row_sum", "ours:row-sum"),
        ("solve", ""),
    ],
)
def test_a_name_stands_for_a_row(name, row):
    assert row_of(name) == row


def test_comments_nest_and_places_stay():
    text = 'a (* b (* c *) "*)" d *) e "(*" f'
    assert without_comments(text) == 'a' + " " * 24 + "e      f"  # fmt: skip
    assert sentences("Definition x := 1.5. (* no. *) Check x.") == ["Definition x := 1.5", "Check x"]


def test_a_statement_is_read_with_its_hypotheses_and_comment(project):
    lemma, theorem = Sources(project.folder).statements
    assert lemma.section == "A topic"
    assert lemma.comment.startswith("Lemma 4.2: a number")
    assert lemma.code.startswith("Definition lem_4_2_hypotheses")
    assert lemma.code.endswith("0 <= x + x.")
    assert (theorem.comment, theorem.left) == ("Theorem 31, above.", "the lower bound.")


def test_a_module_is_part_of_the_name(project):
    project.change("Statements.v", "(** Theorem 31", "Module M.\n(** Theorem 31")
    project.change("Statements.v", "S n)%nat.\n", "S n)%nat.\nEnd M.\n")
    assert [one.name for one in Sources(project.folder).statements] == ["lem_4_2", "M.thm_31_upper"]


def test_the_hash_changes_with_all_that_the_proof_rests_on(project):
    def hashes() -> list[str]:
        sources = Sources(project.folder)
        return [sources.fingerprint(one) for one in sources.statements]

    before = hashes()
    project.change("counterexamples/Small.v", "- 1", "- 2")
    assert [old == new for old, new in zip(before, hashes(), strict=True)] == [False, True]
    before = hashes()
    project.change("bends.toml", "S n <= n", "S (S n) <= n")
    assert [old == new for old, new in zip(before, hashes(), strict=True)] == [True, False]
    project.change("proofs/Small.v", "auto.", "auto with arith.")
    assert not set(hashes()) & set(before)


def test_a_comment_that_says_what_is_left_is_above_a_statement(project):
    def stray() -> list[str]:
        sources = Sources(project.folder)
        return stray_comments(sources.texts["Statements.v"], sources.statements)

    assert stray() == []
    project.change("Statements.v", "Definition thm_31_upper ", "Definition one : nat := 1.\n\nDefinition thm_31_upper ")
    assert stray() == ["Theorem 31, above.\nLeft: the lower bound."]


def test_rules_are_for_code_and_not_for_comments():
    text = "Section S.\nVariable x : nat. (* Axiom *)\nEnd S.\nDefinition Axioms' := 1."
    assert list(broken("proofs/A.v", text)) == []
    assert list(broken("proofs/A.v", "#[local] Axiom x : False.")) == ["Axiom x : False"]


def test_interval_is_not_for_statements():
    text = "From Interval Require Import Tactic."
    assert uses_interval(text)
    assert not uses_interval("From Coquelicot Require Import Coquelicot.")
    assert any("Interval" in line for line in broken("Statements.v", text))
    assert list(broken("proofs/A.v", text)) == []


def test_topics_show_every_definition_as_often_as_the_file_has_it():
    """Some names stand for one thing in one section and for another in the next."""
    sources = Sources()
    pieces = [piece for topic in sources.topics.values() for piece in topic]
    shown = "\n".join(piece if isinstance(piece, str) else piece.code for piece in pieces)
    kinds = ("Definition ", "Fixpoint ", "Record ")
    found, wanted = (
        Counter(line for line in text.split("\n") if line.startswith(kinds))
        for text in (shown, sources.texts["Statements.v"])
    )
    assert found == wanted
