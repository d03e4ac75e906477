"""Formulas keep the punctuation around them."""

from __future__ import annotations

from book._extensions.unbroken import unbroken

FORMULA = r'<span class="math notranslate nohighlight">\(a &lt; b\)</span>'


def test_punctuation_stays_with_its_formula() -> None:
    assert unbroken(f"<p>If ({FORMULA}), then</p>") == f'<p>If <span class="unbroken">({FORMULA}),</span> then</p>'
    assert unbroken(f"<p>If {FORMULA} then</p>") == f"<p>If {FORMULA} then</p>"
