"""What is joined is one formula; what may be words is not joined."""

import re

import pytest

from proofs_checks.whole_formulas import LONGEST, joined


@pytest.mark.parametrize(
    ("apart", "whole"),
    [
        (r"(1 − $\rho$)$^{2}$ x", r"$(1-\rho)^{2}$ x"),
        (r"$\Gamma$(t+p+1)/2, √(2 $\pi$)", r"$\Gamma(t+p+1)/2$, $\sqrt{2\pi}$"),
        (r"|$x_t$ − f| and ||y||", r"$\lvert x_t-f\rvert$ and $\lVert y\rVert$"),
        (r"<q($x_t$), k> < 1 and L > 2", r"$\langle q(x_t),k\rangle$ < 1 and L > 2"),
        (r"|s · g|, 1[. = $\tau$], f(t)!", r"$\lvert s\cdot g\rvert$, $1[\cdot=\tau]$, $f(t)!$"),
        (r"(x, ..., y)$^{2}$ and K(., j)", r"$(x,\dots,y)^{2}$ and $K(\cdot,j)$"),
        (r"exp(-x), GELU(x), d(B)/du", r"$\exp(-x)$, $\mathrm{GELU}(x)$, $d(B)/du$"),
        (r"-x and -1/2", r"$-x$ and −1/2"),
    ],
)
def test_what_belongs_together(apart, whole):
    assert joined(apart) == whole


@pytest.mark.parametrize(
    "text",
    [
        "a-slots, row(s), 9(i), (ii), 4(a), and/or, K.1-K.3, sections 16-20",
        "(T = 2, width 3), (2), (a word), |fitted and lost|, [0.0, 1.0]",
        r"width_of and x_y, $\tau$-th, T's, 1/2",
    ],
)
def test_what_may_be_words(text):
    assert joined(text) == text


def test_a_long_formula_stays_in_parts():
    sum_of = " + ".join(f"(x + {number})$^{{2}}$" for number in range(9))
    parts = re.findall(r"\$([^$]+)\$", joined(f"1/({sum_of})"))
    assert parts == [f"(x+{number})^{{2}}" for number in range(9)]
    assert max(map(len, parts)) < LONGEST
