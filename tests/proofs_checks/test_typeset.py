"""What is typeset says the same, and prose, code and formulas stay as they are."""

import re

import pytest

from proofs_checks.ledger import ROWS
from proofs_checks.typeset import rounded, typeset, typeset_title, upright


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("C = 1/Gamma(eta)", r"$C$ = $1/\Gamma(\eta)$"),
        ("gamma_max c2 < 1, tau >= 0", r"$\gamma_{\max}$ $c_2$ < 1, $\tau$ ≥ 0"),
        ("e^(1 - beta_tail) - e^-D/n", r"$e^{1\,-\,\beta _{\mathrm{tail}}}$ − $e^{-D}/n$"),
        ("lag^-0.25, c_- and m_* Delta", r"$\mathrm{lag}^{-0.25}$, $c_{-}$ and $m_{*}$ $\Delta$"),
        ("(t + gamma)^(gamma - 1) and |K_(t,k)|", r"$(t+\gamma)^{\gamma\,-\,1}$ and $\lvert K_{t,k}\rvert$"),
        ("1.5e-07 at T = 1e4; (x)_tj", r"$1.5 \cdot 10^{-7}$ at $T$ = $10^{4}$; $(x)_{tj}$"),
        ("c~^-/2, r~ and (4c^2)", r"$\tilde{c}^{-}/2$, $\tilde{r}$ and ($4c^{2}$)"),
        ("{-1, 1}^T, <p, b>^2, sqrt eps", r"$\{-1,1\}^{T}$, $\langle p,b\rangle^{2}$, $\sqrt{\varepsilon}$"),
        ("c_L^(1), tau* = 0 and sqrt(d_k)", r"$c_{L}^{(1)}$, $\tau^{*}$ = 0 and $\sqrt{d_{k}}$"),
        ("at most s^tau*/tau*!, alpha_(t, j*)", r"at most $s^{\tau^{*}}/\tau^{*}!$, $\alpha_{t,\,j^{*}}$"),
        ("p_j (w_j - w*), w = -w*, tau_star", r"$p_{j}$ $(w_{j}-w^{*})$, $w$ = $-w^{*}$, $\tau_{*}$"),
        ("|B_t0| + |B_t(t-1)|, E_k(t+1)", r"$\lvert B_{t0}\rvert$ + $\lvert B_{t(t-1)}\rvert$, $E_{k}(t+1)$"),
        ("below c- at ceil(gamma/c-), d+ and m0", r"below $c_{-}$ at $\lceil\gamma/c_{-}\rceil$, $d^{+}$ and $m_0$"),
        ("1 - Phi(-z) at -1/2, = -Euler", r"1 − $\Phi(-z)$ at −1/2, = −Euler"),
        ("T = 2 for every T, 2 L e^Delta, a = 1", r"$T$ = 2 for every T, 2 $L$ $e^{\Delta}$, $a$ = 1"),
        ("psi' and eta psi', gamma's 'tau'", r"$\psi'$ and $\eta$ $\psi'$, $\gamma$'s '$\tau$'"),
        ("x_t + W (g_t ⊙ s_t)", r"$x_{t}$ + $W$ $(g_{t}\odot s_{t})$"),
        ("(1+a word)^nu and |x(t)_j - ideal|", r"($1+a$ word$)^{\nu}$ and |$x(t)_{j}$ − ideal|"),
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
        for formula in re.findall(r"\$([^$]+)\$", shown):
            bare = re.sub(r"\\[{}]", "", formula)
            assert bare.count("{") == bare.count("}")
            assert not re.search(r"\\cdot[a-z]", formula)


def test_numbers_have_seven_digits():
    assert rounded("{32: 0.2905386425068184, 128: 1.1880442121192658e-06}") == "32: 0.2905386, 128: 1.188044e-06"
    assert rounded("T = 2, epsilon = None, 1.9999980926513672, 0.999999") == "T = 2, no layer norm, 1.999998, 0.999999"


def test_words_in_written_formulas_are_upright():
    assert typeset(r"$\gamma_{max} e_{sig}^{fb}$") == r"$\gamma_{\max} e_{\mathrm{sig}}^{\mathrm{fb}}$"
    assert upright(r"e_{sig}, $$K_{tj}^{\top}$$") == r"e_{sig}, $$K_{tj}^{\top}$$"
