"""Long names of code may break between their words."""

from book._extensions.breakable_names import breakable


def test_long_names_break_between_words_and_short_ones_do_not() -> None:
    def page(name: str) -> str:
        return f'<p>a.b_c <code class="literal"><span class="pre">{name}</span></code></p>'

    long = breakable(page("Functional.extensionality_dep"))
    assert long == page("Functional.<wbr>extensionality_<wbr>dep")
    assert breakable(page("proofs_checks/paper/stability.py")) == page("proofs_checks/<wbr>paper/<wbr>stability.py")
    assert breakable(page("AttentionScaleMissing")) == page("Attention<wbr>Scale<wbr>Missing")
    assert breakable(page("query_width")) == page("query_width")
