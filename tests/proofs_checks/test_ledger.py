"""The ledger has every numbered statement once, in the paper's order; ids are unique and dependencies exist."""

import pytest

from proofs_checks.errata import ERRATA
from proofs_checks.ledger import PAPER_ORDER, ROWS, row


def test_every_numbered_statement_has_a_row_in_the_papers_order():
    paper = [one.id for one in ROWS if not one.id.startswith("ours:")]
    assert paper == list(PAPER_ORDER)
    assert len(set(paper)) == 138


@pytest.mark.parametrize("listed", [ROWS, ERRATA], ids=["rows", "errata"])
def test_ids_are_unique(listed):
    ids = [one.id for one in listed]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("one", ERRATA, ids=lambda one: one.id)
def test_an_erratum_belongs_to_a_row(one):
    assert row(one.statement).kind


@pytest.mark.parametrize("one", ROWS, ids=lambda one: one.id)
def test_a_checked_row_says_what_it_rests_on_and_depends_on_rows_that_exist(one):
    for name in one.needs:
        assert row(name).id != one.id
    if one.check is not None:
        assert one.trust
        assert one.bends, "a check without a bent twin has no teeth"
        for bend in one.bends:
            assert set(bend.values) <= set(one.constants())


@pytest.mark.parametrize("one", ROWS, ids=lambda one: one.id)
def test_texts_are_paragraphs_and_formulas(one):
    for text in (one.says, one.proof):
        assert not [line for line in text.splitlines() if line.startswith("    ")], "Markdown shows it as code"
        assert text.count("$") % 2 == 0


def test_dependencies_have_no_circle():
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"a circle: {' -> '.join((*path, name))}"
        if name not in done:
            for other in row(name).needs:
                visit(other, (*path, name))
            done.add(name)

    for one in ROWS:
        visit(one.id, ())


def test_an_unknown_row_names_the_nearest():
    with pytest.raises(ValueError, match=r"no row 'thm:88'; the nearest are thm:8"):
        row("thm:88")
