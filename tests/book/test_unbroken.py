"""Formulas break after relations, and keep the punctuation around them."""

from __future__ import annotations

from book._extensions.unbroken import pieces, unbroken


def span(tex: str) -> str:
    return rf'<span class="math notranslate nohighlight">\({tex}\)</span>'


def test_punctuation_stays_with_its_formula() -> None:
    formula = span("a &lt; b")
    assert unbroken(f"<p>If ({formula}), then</p>") == f'<p>If <span class="unbroken">({formula}),</span> then</p>'
    assert unbroken(f"<p>If {formula} then</p>") == f"<p>If {formula} then</p>"


def test_a_bracket_stays_with_what_it_closes() -> None:
    formula = span(")^{2}")
    assert unbroken(f"is (t+1{formula} here") == f'is <span class="unbroken">(t+1{formula}</span> here'


def test_long_formulas_break_after_relations() -> None:
    long = r"(I - B)(I + B + \dots + B^{T-1}) = I - B^T = I"
    cut = [r"(I - B)(I + B + \dots + B^{T-1}) =", "I - B^T =", "I"]
    assert pieces(long) == cut
    last = f'<span class="unbroken">{span("I")}.</span>'
    first = span(cut[0]).replace("math", "math long")
    assert unbroken(f"{span(long)}.") == f"{first} {span(cut[1])} {last}"
    whole = r"\sum_{\tau = 0}^{t} \max(a = b, \{c \le d\}) + e"
    assert pieces(whole) == [whole]
    assert pieces(f"= {whole} &lt; 1") == [f"= {whole} &lt;", "1"]


def test_very_long_pieces_break_after_signs() -> None:
    long = r"-L_A H_R + L_A \lambda G_{\max} U_R - \lambda^{-1} (L_B U_R + G_{\max} L_u)"
    assert pieces(long) == [r"-L_A H_R +{}", r"L_A \lambda G_{\max} U_R -{}", r"\lambda^{-1} (L_B U_R + G_{\max} L_u)"]


def test_a_relation_keeps_its_index() -> None:
    long = r"(\mathcal{H}^{k})(t, \tau) \lesssim_k (\log(1+t))^{k-1}/(t+1) \le 1"
    assert pieces(long) == [r"(\mathcal{H}^{k})(t, \tau) \lesssim_k (\log(1+t))^{k-1}/(t+1) \le", "1"]
