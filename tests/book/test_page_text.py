"""The check of the pages' text finds what it is for, and nothing else."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"


def load_faults() -> Callable[[str], list[str]]:
    file = BOOK / "_extensions" / "page_text.py"
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.faults


faults = load_faults()

SPLIT_BY_A_PLUS = r"""<p>If all gains are <span class="math">\(-\rho\)</span>, the sum $\sum_j |K_{t,j}| \to 1</p>
<ul><li><p>\rho/(1 + \rho)$, less than 2.</p></li></ul>"""


@pytest.mark.parametrize(
    ("kind", "html"),
    [
        ("markup", SPLIT_BY_A_PLUS),
        ("markup", "<td>it costs $O(n^2)$</td>"),
        ("markup", "<p>see {paper}`(20)` for it</p>"),
        ("markup", "<p>see [here](sec-limits)</p>"),
        ("a number", "<p>Theorem 8 says so</p>"),
        ("a number", "<p>by Lemmas K.1 and K.2</p>"),
        ("a number", '<p>by <span class="paper">Lemma K.1<sup>P</sup></span> and K.2</p>'),
        ("a number", "<p>the system (20) has one solution</p>"),
        ("a number", "<p>see Appendix J</p>"),
        ("a word twice", '<p>(What <a class="reference internal" href="#x">What the condition is for</a> proves)</p>'),
    ],
)
def test_a_fault_is_found(kind: str, html: str) -> None:
    found = faults(f"<html><article>{html}</article></html>")
    assert any(sentence.startswith(kind) for sentence in found), found


@pytest.mark.parametrize(
    "html",
    [
        r'<p>for <span class="math notranslate">\(x_1 < 2\)</span> and in <code>$HOME (20)</code></p>',
        r'<div class="math">\[\begin{equation}\tag{5.2} a = b\end{equation}\]</div>',
        "<pre>Theorem 8 costs $5</pre>",
        '<p><span class="paper">Theorem 8<sup>P</sup></span> and <span class="paper">(3) to (5)<sup>P</sup></span></p>',
        '<p><a class="reference internal" href="#y">Theorem 6.2</a>, <a class="internal" href="#z">(6.1)</a></p>',
        '<p class="admonition-title"><span class="caption-number">Lemma 4.2</span> (Gautschi)</p>',
        "<p>(Theorem 8.5 in Higham [2002]); see Section 3.1 of Higham [2002]</p>",
        "<p>f(2), the entry K(3, 4), and Chapter 3</p><p>and</p><p>and</p>",
    ],
)
def test_what_is_right_is_left_alone(html: str) -> None:
    assert faults(f"<html><article>{html}</article></html>") == []


def test_only_the_article_is_read() -> None:
    assert faults("<nav>Theorem 8 costs $5</nav><article><p>yes</p></article><footer>(20)</footer>") == []


def test_a_page_may_declare_that_its_numbers_are_the_papers():
    article = "<article><p>Theorem 8</p></article>"
    assert len(faults(article)) == 1
    assert faults(f'<meta content="of the paper" name="numbers" />{article}') == []
    assert len(faults('<meta name="numbers" /><article><p>the the</p></article>')) == 1
