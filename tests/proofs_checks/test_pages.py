"""The generated pages say what was recorded."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from proofs_checks import ours, pages
from proofs_checks.evidence import Level
from proofs_checks.ledger import ROWS, TOPICS
from proofs_checks.outcome import Outcome, Status
from proofs_checks.record import shown
from proofs_checks.runner import run_row


@pytest.fixture(scope="module")
def outcomes():
    unchecked = {one.id: Outcome(one.id, Status.UNCHECKED) for one in ROWS}
    return unchecked | {"lem:4.2": run_row("lem:4.2", quick=True)}


def test_every_row_is_in_the_table_and_on_one_page(outcomes):
    made = pages.pages(outcomes)
    for one in ROWS:
        label = f"({pages.anchor(one.id)})="
        assert made["table.md"].count(f"{{status}}`{one.id}`") == 1
        assert sum(text.count(label) for name, text in made.items() if name.startswith("statements/")) == 1


def test_a_row_shows_its_statement_its_evidence_and_its_bends(outcomes):
    from proofs_checks.paper import stability

    page = pages.topic_page(stability, outcomes)
    for text in (
        "## Lemma 4.2: The causal solve",
        r"1 + $\rho$ $c$ = $c$",
        "a constant smaller by a tenth",
        "sessa-ref ledger lem:4.2",
    ):
        assert text in page


def test_counts_add_up(outcomes):
    rows = [line.split("|")[1:-1] for line in pages.counts(outcomes).splitlines()[2:]]
    numbers = {cells[0].strip(): int(cells[1]) for cells in rows}
    assert numbers["holds, symbolic"] == 1
    assert numbers["not yet checked"] == 137
    assert numbers.pop("all") == sum(numbers.values()) == 138


def test_the_most_wanted_are_the_weakest(outcomes):
    sampled = replace(outcomes["lem:4.2"], id="thm:8", level=Level.SAMPLED)
    text = pages.most_wanted(outcomes | {"thm:8": sampled})
    assert "[thm:8](#row-thm-8)" in text.split("Not yet checked")[0]
    assert "lem:4.2" not in text


def test_every_topic_is_in_the_book():
    contents = (Path(__file__).parents[2] / "book" / "_toc.yml").read_text(encoding="utf-8")
    listed = [line.split("statements/")[1] for line in contents.splitlines() if "statements/" in line]
    assert listed == [pages.slug(topic) for topic in (*TOPICS, *ours.TOPICS)]


def test_titles_of_pages():
    titles = {pages.slug(topic): pages._title(topic) for topic in (*TOPICS, *ours.TOPICS)}
    assert len(set(titles.values())) == len(titles)
    assert set(pages._TITLES) <= set(titles)
    assert titles["gelu-units"] == "GELU units"
    assert all(title.startswith("Ours: ") == name.startswith("ours-") for name, title in titles.items())


def test_names_of_our_rows_in_errata_lead_to_their_proofs():
    text = pages.errata()
    assert "[`ours:jacobian-tail`](#proof-ours-jacobian-tail)" in text
    for name in re.findall(r"#proof-(ours-[a-z0-9-]+)\)", text):
        assert any(pages.proof_anchor(one.id) == f"proof-{name}" for one in ROWS)


def test_errata_stand_in_the_order_of_the_paper_and_have_titles_of_their_own():
    titles = re.findall(r"^## (.*)", pages.errata(), re.MULTILINE)
    assert len(set(titles)) == len(titles)
    wheres = [
        "Section 4.2.10",
        "Appendix B.2",
        "Sections 2.3 and 4.2.4",
        "Section 4.2.9",
        "Theorem 12",
        "Appendix B",
        "Section 4",
    ]
    ordered = [
        "Sections 2.3 and 4.2.4",
        "Section 4",
        "Section 4.2.9",
        "Section 4.2.10",
        "Appendix B",
        "Appendix B.2",
        "Theorem 12",
    ]
    assert sorted(wheres, key=pages._place) == ordered


def test_brackets_of_indicators_are_no_code_and_emphasis_is_kept():
    assert pages.coq_text("[x] lets *every* ab_cd <= rho") == r"`x` lets *every* ab\_cd ≤ $\rho$"
    assert pages.coq_text("1[i = j], [0, gamma_max], [f x]") == r"$1[i=j]$, $[0,\gamma_{\max}]$, `f x`"
    assert pages.coq_text("[lem_1 (a, b)] and [0, 1]") == r"`lem_1 (a, b)` and \[0, 1\]"


def test_a_run_in_text_is_a_sentence():
    assert pages.closed("exact arithmetic") == "exact arithmetic."
    for text in ("It holds.", 'It "holds."', "Does it?"):
        assert pages.closed(text) == text


def test_run_in_texts_end_with_a_full_stop():
    lines = [
        line
        for line in "\n".join(pages.pages(shown()).values()).split("\n\n")
        if re.match(r"\*(Rests|Not|Pri|Cor|The con)", line)
    ]
    assert len(lines) > 300
    assert not [line for line in lines if not re.search(r"[.!?][\"')]*$", line)]


def test_formulas_of_all_pages_are_whole():
    for text in pages.pages(shown()).values():
        for line in re.sub(r"`[^`]*`|\$\$.+?\$\$", "", text, flags=re.DOTALL).split("\n\n"):
            assert line.count("$") % 2 == 0
            for formula in re.findall(r"\$([^$]+)\$", line):
                bare = re.sub(r"\\[{}]", "", formula)
                assert bare.count("{") == bare.count("}")
                assert formula == formula.strip()


def test_no_name_of_our_rows_is_plain_text():
    for text in pages.pages(shown()).values():
        plain = re.sub(r"`[^`]*`|\[[^\]]*\]\([^)]*\)", "", text)
        assert not re.search(r"\bours:\w", plain)


def test_a_claim_that_was_met_in_several_ways_stands_once(outcomes):
    told = ("by hand", "again, T = 2, width 3: |a|", "again, T = 4, width 3: |a|")
    pieces = [replace(outcomes["lem:4.2"].pieces[0], claim="rho < 1", how=how) for how in told]
    measured = [replace(piece, tightness=float(number)) for number, piece in enumerate(pieces)]
    apart = replace(pieces[0], claim="the rest")
    assert pages._evidence((measured[0], apart, *measured[1:])) == [
        r"- *$\rho$ < 1*",
        "  - (symbolic, 1 case, attained/claimed 0): by hand.",
        r"  - (symbolic, 2 cases, attained/claimed 1 to 2): again, width 3, $\lvert a\rvert$: $T$ = 2; $T$ = 4.",
        "- *the rest* (symbolic, 1 case): by hand.",
    ]


def test_of_many_cases_some_are_told(outcomes):
    first = outcomes["lem:4.2"].pieces[0]
    for count, told in ((6, "$T$ = 4; $T$ = 5"), (9, "$T$ = 4; and 4 more")):
        pieces = [replace(first, claim="bound", how=f"again, T = {T}") for T in range(count)]
        assert pages._evidence(tuple(pieces))[0].endswith(f"): again: $T$ = 0; $T$ = 1; $T$ = 2; $T$ = 3; {told}.")


def test_what_was_told_for_a_claim_is_not_told_again(outcomes):
    first = outcomes["lem:4.2"].pieces[0]
    how = "by convexity: the logarithms are equal at 0, and their difference has a slope that is never negative"
    cases = [
        replace(first, claim=claim, how=f"{claim}, T = {T}, width {10**T}")
        for claim in ("sum", "gap")
        for T in (2, 3, 4)
    ]
    lines = pages._evidence((replace(first, claim="x_t", how=how), *cases, replace(first, claim="y", how=how)))
    assert lines[1].endswith(": sum: $T$ = 2, width 100; $T$ = 3, width 1000; $T$ = 4, width 10000.")
    assert lines[2] == "- *gap* (symbolic, 3 cases): gap, in the same cases."
    assert lines[3] == "- *y* (symbolic, 1 case): by convexity, as for *$x_{t}$*."
