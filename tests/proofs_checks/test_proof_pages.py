"""Every statement of ours has its proof, on one page of the book, after the statements that it rests on."""

import re
from pathlib import Path

import pytest

from proofs_checks import pages
from proofs_checks.ours import OURS
from proofs_checks.proof_pages import CHAPTERS, in_order, proof_pages, slug

CITED = re.compile(r"`(ours:[a-z0-9-]+)`")


@pytest.mark.parametrize("one", OURS, ids=lambda one: one.id)
def test_a_statement_of_ours_has_a_proof_and_depends_on_those_that_the_proof_cites(one):
    assert len(one.proof.split()) > 20
    assert set(CITED.findall(one.proof)) <= set(one.needs)


def test_a_proof_stands_once_and_after_what_it_rests_on():
    ordered = [one for title in CHAPTERS for one in in_order(title)]
    assert sorted(one.id for one in ordered) == sorted(one.id for one in OURS)
    before: set[str] = set()
    for one in ordered:
        assert {name for name in one.needs if name.startswith("ours:")} <= before
        before.add(one.id)


def test_pages_have_every_proof_and_are_short():
    made = proof_pages()
    for one in OURS:
        label = f"({pages.proof_anchor(one.id)})="
        assert sum(text.count(label) for text in made.values()) == 1
        assert made["proofs.md"].count(f"#{pages.proof_anchor(one.id)})") == 1
    for text in made.values():
        assert len(text.split()) <= 2500


def test_every_page_is_in_the_book():
    contents = (Path(__file__).parents[2] / "book" / "_toc.yml").read_text(encoding="utf-8")
    listed = [line.split("ledger/proofs/")[1] for line in contents.splitlines() if "ledger/proofs/" in line]
    assert listed == [slug(title) for title in CHAPTERS]
