"""Every term of the glossary is introduced before it is used."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.book.prose import BOOK, PAGES, prose, source

TERMS = tomllib.loads((BOOK / "terms.toml").read_text(encoding="utf-8"))
# Generated pages and appendices are for looking things up.
READ = [page for page in PAGES if not page.startswith(("_generated/", "appendices/"))]
TEXTS = {page: prose(source(page)) for page in READ}


def used(text: str, term: str) -> list[str]:
    """The uses of a term, with the words before it."""
    forms = TERMS[term].get("forms", rf"{term}s?").replace(" ", r"\s+")
    return [
        " ".join(found[0].split())
        for found in re.finditer(rf"(?:\S+\s+){{0,5}}(?<![\w-])(?:{forms})(?![\w-])", text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_introduced_before_it_is_used(term: str) -> None:
    introduced = TERMS[term]["page"]
    early = {page: used(TEXTS[page], term) for page in READ[1 : READ.index(introduced)]}  # the title page points ahead
    assert {page: found for page, found in early.items() if found} == {}
    assert used(TEXTS[introduced], term), f"{introduced} does not use the term"


def test_a_use_is_seen() -> None:
    text = prose(
        "A long\nroute.\n\n```{code-cell} ipython3\ngain = 1\n```\n\nnot `hops`, not {ref}`lag`, not rerouted: $logit$ en-route\n"
    )
    assert used(text, "route") == ["A long route"]
    assert not any(used(text, term) for term in ("gain", "hop", "lag", "logit"))
