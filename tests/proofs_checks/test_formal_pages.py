"""The generated pages of machine-checked statements."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from proofs_checks import formal_pages
from proofs_checks.formal.sources import Sources
from proofs_checks.formal.status import BentProof, Proved
from proofs_checks.record import shown

PROVED = tuple(
    Proved(one.name, "lem:4.2", "", "proofs/A.v", ("Classical_Prop.classic",), False, True, (), (), "")
    for one in Sources().statements
)


@pytest.fixture
def pages(monkeypatch):
    first = replace(PROVED[0], left="all_of it", bends=(BentProof("a * b", "lemma"),), counterexamples=("x_false",))
    monkeypatch.setattr(formal_pages, "load", lambda: (first, *PROVED[1:]))
    return formal_pages.formal_pages({name: replace(one, formal=None) for name, one in _outcomes().items()})


def _outcomes():
    from proofs_checks.record import load

    return load()


def test_every_statement_and_every_definition_is_on_one_page(pages):
    text = "\n".join(pages.values())
    for one in Sources().statements:
        assert text.count(f"(coq-{one.short.lower().replace('_', '-')})=") == 1
    for name in ("sum", "prod"):
        assert text.count(f"Fixpoint {name} ") == 1


def test_a_statement_shows_what_it_rests_on(pages):
    text = "\n".join(pages.values())
    for shows in (
        "*Left:* all\\_of it.",
        "`Classical_Prop.classic`",
        "$a$ · $b$, in the proof of `lemma`",
        "`x_false`",
    ):
        assert shows in text


def test_what_is_not_proved_is_said(monkeypatch):
    monkeypatch.setattr(formal_pages, "load", tuple)
    pages = formal_pages.formal_pages(shown())
    assert sum(text.count("*Not proved.*") for text in pages.values()) == len(Sources().statements)


def test_headings_are_no_names_of_code():
    headings = re.findall(r"^## .*$", "\n".join(formal_pages.formal_pages(shown()).values()), re.MULTILINE)
    assert len(headings) == len(Sources().statements)
    assert not [heading for heading in headings if re.search(r"ours|[a-z]_[a-z]", re.sub(r"\$[^$]+\$", "", heading))]
    assert set(formal_pages._TITLES) == {one.short for one in Sources().statements if not one.row}


def test_every_topic_is_in_the_book():
    contents = (Path(__file__).parents[2] / "book" / "_toc.yml").read_text(encoding="utf-8")
    listed = [line.split("_generated/formal/")[1] for line in contents.splitlines() if "_generated/formal/" in line]
    assert listed == [formal_pages.slug(title) for title in Sources().topics]
