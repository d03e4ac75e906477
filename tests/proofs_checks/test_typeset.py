"""What is typeset says the same, and prose, code and formulas stay as they are."""

import pytest

from proofs_checks.ledger import ROWS
from proofs_checks.typeset import rounded, typeset, typeset_title


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("C = 1/Gamma(eta)", r"C = 1/$\Gamma(\eta)$"),
        ("gamma_max c2 < 1, tau >= 0", r"$\gamma_{\max}$ $c_2$ < 1, $\tau$ ≥ 0"),
        ("e^(1 - beta_tail) - e^-D/n", r"$e^{1\,-\,\beta _{\mathrm{tail}}}$ − $e^{-D}$/n"),
        ("lag^-0.25, c_- and m_* Delta", r"$\mathrm{lag}^{-0.25}$, $c_{-}$ and $m_{*}$ $\Delta$"),
        ("(t + gamma)^(gamma - 1) and |K_(t,k)|", r"(t + $\gamma )^{\gamma \,-\,1}$ and |$K_{t,k}$|"),
        ("1.5e-07 at T = 1e4; (x)_tj", r"$1.5 \cdot 10^{-7}$ at T = $10^{4}$; (x$)_{tj}$"),
        ("c~^-/2, r~ and (4c^2)", r"$\tilde{c}^{-}$/2, $\tilde{r}$ and (4$c^{2}$)"),
        ("{-1, 1}^T, <p, b>^2, sqrt eps", r"{-1, 1$\}^{T}$, <p, b$\mathclose{>}^{2}$, √$\varepsilon$"),
        ("c_L^(1), tau* = 0 and sqrt(d_k)", r"$c_{L}^{(1)}$, $\tau^{*}$ = 0 and √($d_{k}$)"),
    ],
)
def test_mathematics(plain, shown):
    assert typeset(plain) == shown


@pytest.mark.parametrize(
    "text",
    [
        r"with $\tau_{\max} <= 1$",
        "`eta <= x_t`",
        "[ours:gamma-ratio](#proof-ours-gamma-ratio)",
        "query_width of a layer",
    ],
)
def test_what_is_no_plain_mathematics(text):
    assert typeset(text) == text


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("t + gamma in place of t + 1 (Wendel)", r"$t + \gamma$ in place of $t + 1$ (Wendel)"),
        ("the constant 2 on eta alone is 1/Gamma(eta)", r"the constant 2 on $\eta$ alone is $1/\Gamma(\eta)$"),
        ("A row's gain above -1 for T tokens, eta = 0", r"A row's gain above $-1$ for $T$ tokens, $\eta = 0$"),
        ("Sup-l2, l-infinity, Lemma 4.4, (51), a-slots", r"Sup-$\ell^2$, $\ell^{\infty}$, Lemma 4.4, (51), a-slots"),
    ],
)
def test_formulas_of_titles_are_whole(plain, shown):
    assert typeset_title(plain) == shown


def test_formulas_are_whole():
    for text in (text for one in ROWS for text in (one.title, one.trust, one.not_higher)):
        shown = typeset(text)
        assert "$$" not in shown
        assert shown.count("$") % 2 == 0
        assert shown.count("{") - shown.count("}") == text.count("{") - text.count("}")


def test_numbers_have_seven_digits():
    assert rounded("{32: 0.2905386425068184, 128: 1.1880442121192658e-06}") == "32: 0.2905386, 128: 1.188044e-06"
    assert rounded("T = 2, epsilon = None, 1.9999980926513672, 0.999999") == "T = 2, no layer norm, 1.999998, 0.999999"
