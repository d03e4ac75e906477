"""Polynomial decay: the best constant, and the best exponent for rows that sum to at most 1."""

from fractions import Fraction

import numpy as np
import sympy
from flint import arb, ctx

from proofs_checks import gamma_ratio as steps
from proofs_checks.diffuse_layer import diffuse_layer, tokens, trace
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from proofs_checks.worst_routing import Case, ball, enclose_late_worst_case, enclose_worst_case, worst_influence
from sessa_ref.theory.diffuse_routing import (
    best_tail_constant,
    diffuseness,
    row_sum_tail_constants,
    row_sum_tail_exponent,
    tail_constant,
)
from sessa_ref.theory.uniform_routing import uniform_influence

_GAINS = tuple(Fraction(text) for text in ("1/1000000", "1/100", "1/4", "1/2", "3/4", "99/100", "999999/1000000"))
_WORST_BENDS = (
    Bend("a constant smaller by a hundredth", {"constant": 0.99}),
    Bend("no envelope: all rows may read one token alone", {"envelope": False}),
    Bend("gains up to 11/10 of gamma_max", {"gain": 1.1}),
)


@states(
    "ours:best-tail-constant",
    "The best constant that depends on eta alone is 1/Gamma(eta)",
    where="on Theorems 8 and 28, Corollaries E.3 and E.4, Lemma B.5",
    says=r"""
    Under the hypotheses of Theorem 8 with $\eta = \gamma_{max} c_2 \in (0, 1)$,
    $|y_{\tau+\ell}| \le \eta\, a_\tau b_{\tau+\ell} \le \frac{1}{\Gamma(\eta)} \ell^{-(1-\eta)}$, with
    $a_\tau = \frac{\Gamma(\tau+1)}{\Gamma(\tau+1+\eta)}$, $b_t = \frac{\Gamma(t+\eta)}{\Gamma(t+1)}$. For $c_2 \le 1$
    the first bound is attained, by $\alpha_{t,j} = c_2/t$ and $\gamma_t = \gamma_{max}$; no constant below
    $1/\Gamma(\eta)$ serves in the second, and $1/\Gamma(\eta) < \eta e^{\eta}$. On a horizon $T \ge 2$ the best
    constant is $\eta\, a_0 b_{T-1} (T-1)^{1-\eta}$.
    """,
    proof=r"""
    Let $Y_t$ be the largest $|y_t|$, $Y_\tau = 1$. By induction $Y_t \le \frac{\eta}{t} \sum_{\tau \le j < t} Y_j$, so
    $Y$ is at most the solution with equality, which is uniform routing with gain $\eta$: $\eta\, a_\tau b_t$ by (71).
    If $c_2 \le 1$, the rows $c_2/t$ are admissible, and equality holds. At a fixed lag the step from $\tau$ to
    $\tau + 1$ has the factor $\frac{(\tau+1)(t+\eta)}{(\tau+1+\eta)(t+1)} < 1$, so the worst source is 0. There
    $\eta\, a_0 b_\ell\, \ell^{1-\eta}$ rises in $\ell$, because its step is
    $(1 + \frac{\eta}{\ell})(1 + \frac{1}{\ell})^{-\eta} \ge 1$ by Bernoulli's inequality, and tends to
    $\eta / \Gamma(1+\eta) = 1/\Gamma(\eta)$, because $b_\ell \ell^{1-\eta}$ lies between $(1 + \eta/\ell)^{\eta-1}$
    and 1. So $1/\Gamma(\eta)$ bounds, and nothing smaller does for $c_2 = 1$. On a horizon $T$ the largest lag is
    $T - 1$, at source 0, and has the largest of the rising numbers, which is attained for $c_2 \le 1$. Last,
    $\log(\Gamma(1+\eta) e^{\eta})$ is 0 at $\eta = 0$ and has the slope $\psi(1+\eta) + 1 \ge \psi(1) + 1 > 0$, as the
    digamma function increases.
    """,
    needs=("thm:8", "cor:F.2", "ours:gamma-ratio"),
    trust="real arithmetic; all T, sources, routings, gains and eta in (0, 1), given that log Gamma is convex and digamma increases",
    bends=_WORST_BENDS,
)
def best_constant(evidence: Evidence, *, constant: float = 1.0, envelope: bool = True, gain: float = 1.0) -> None:
    """The comparison sequence is uniform routing with gain eta: closed form, falling in the source, scaled rising in the lag."""

    def sharp(case: Case) -> arb:
        eta = ball(case.gamma * case.c2)
        return arb(constant) * uniform_influence(case.source, case.source + case.lag, eta)

    def simple(case: Case) -> arb:
        eta = ball(case.gamma * case.c2)
        return arb(constant) * best_tail_constant(eta) * arb(case.lag) ** (eta - 1)

    sources = (0, 1, 6)
    rounding = 1 + arb(2) ** -40  # the first bound is attained: equal numbers in balls
    enclose_worst_case(
        evidence, "eta a_tau b_t", lambda case: rounding * sharp(case), sources=sources, envelope=envelope, gain=gain
    )
    enclose_worst_case(evidence, "1/Gamma(eta)", simple, sources=sources, envelope=envelope, gain=gain)
    enclose_late_worst_case(evidence, "1/Gamma(eta)", simple)
    steps.closed_form(evidence, "eta a_tau b_t")
    for claim in ("eta a_tau b_t", "1/Gamma(eta)"):
        steps.falls_with_the_source(evidence, claim)
    steps.rises_to_its_limit(evidence, "1/Gamma(eta)")
    steps.rises_to_its_limit(evidence, "on a horizon")  # so that the last lag has the largest quotient
    _attained_by_uniform_rows(evidence)
    steps.rises_to_its_limit(evidence, "no smaller constant")
    with ctx.workprec(128):
        late = [(g, best_tail_constant(ball(g)) * arb(10**6) ** (ball(g) - 1)) for g in _GAINS]
        near = [(arb("0.999") * c, uniform_influence(0, 10**6, ball(g)), f"eta = {g}, lag 10^6") for g, c in late]
    evidence.enclosed(
        "no smaller constant", near, "uniform routing at lag 10^6 is above 0.999 / Gamma(eta) lag^(eta - 1)"
    )
    eta = sympy.Symbol("eta", positive=True)
    slope = sympy.diff(sympy.loggamma(1 + eta) + eta, eta) - sympy.digamma(1 + eta)
    evidence.identity(
        "below eta e^eta", sympy.simplify(slope) - 1, "log(Gamma(1+eta) e^eta) is 0 at 0, with slope psi(1+eta) + 1"
    )
    evidence.exact(
        "below eta e^eta",
        [(sympy.EulerGamma, sympy.Integer(1), "")],
        "psi(1+eta) >= psi(1) > -1, because psi(1) is minus Euler's constant",
    )
    quotient = tail_constant(eta) / best_tail_constant(eta) / (sympy.gamma(1 + eta) * sympy.exp(eta))
    evidence.identity("below eta e^eta", sympy.simplify(quotient) - 1, "their quotient is Gamma(1+eta) e^eta")


def _attained_by_uniform_rows(evidence: Evidence) -> None:
    """The linear programs' optimum for c2 <= 1 is the product form of eta a_tau b_t."""
    differences = []
    for gamma, c2 in ((Fraction(1, 2), Fraction(1)), (Fraction(9, 10), Fraction(2, 3))):
        eta, source = gamma * c2, 2
        product = eta / (source + 1)
        for t, y in enumerate(worst_influence(16, gamma, c2, source)[1:], start=source + 1):
            differences.append(y - product)
            product *= (t + eta) / (t + 1)
    evidence.identity(
        "eta a_tau b_t", differences, "for c2 <= 1 the worst case is eta a_tau b_t itself, T = 16, exact rationals"
    )


def tail_exponent_ball(gamma: Fraction, c2: Fraction) -> arb:
    """The solution b of 1 - b = gamma c2^b, enclosed, by Lambert's W as in `theory.diffuse_routing`."""
    if c2 == 1:
        return 1 - ball(gamma)
    spread = ball(c2).log()
    return 1 - (ball(gamma * c2) * spread).lambertw() / spread


_ROW_SUM_PAIRS = tuple(
    (Fraction(gamma), Fraction(c2))
    for gamma, c2 in (("1/100", 1), ("1/2", 1), ("2/5", 2), ("9/10", 2), ("9/10", 10), ("99/100", 3), ("1/10", 30))
)


@states(
    "ours:row-sum-exponent",
    "Rows that sum to at most 1 decay without subcriticality",
    where="on Theorem 8 and Remark 4.5",
    says=r"""
    Let rows be nonnegative with $\sum_j \alpha_{t,j} \le 1$ and $\alpha_{t,j} \le c_2/t$, $c_2 \ge 1$, and
    $|\gamma_t| \le \gamma_{max}$ with $0 < \gamma_{max} < 1$; $\gamma_{max} c_2$ may be anything. With $b \in (0, 1)$
    the solution of $b + \gamma_{max} c_2^{\,b} = 1$,
    $|y_{\tau+\ell}| \le \frac{\ell^{-b}}{|\zeta(b)|} \le (1-b)\, 2^{1-b} \ell^{-b} \le 2\, \ell^{-b}$ for all $\tau$
    and $\ell \ge 1$. No larger exponent serves, and $b \ge 1 - \gamma_{max} c_2$, with equality for $c_2 = 1$ alone.
    """,
    proof=r"""
    There is one such $b$, because $b + \gamma_{max} c_2^{\,b}$ rises, from $\gamma_{max} < 1$ at 0 to
    $1 + \gamma_{max} c_2 > 1$ at 1. Let $u_n$ be the largest $|y_{\tau+n}|$, $u_0 = 1$. Rows of sum at most 1 and gains
    below 1 give $u_n \le \gamma_{max} < 1$. Put $C = 1/|\zeta(b)|$, $h(0) = 1$, $h(r) = C r^{-b}$ for $r \ge 1$, and
    suppose $u_r \le h(r)$ for all $r < n$. Then $u_r \le \min(1, h(r))$, which does not increase in $r$, and weights of
    at most $c_2/(\tau+n) \le c_2/n$ and sum at most 1 make a sum of such values largest if they fill up from $r = 0$.
    With $H(x) = \int_0^x h(\lfloor s \rfloor)\, ds$,

    $$u_n \le \gamma_{max} \frac{c_2}{n} H\Bigl(\frac{n}{c_2}\Bigr) .$$

    The numbers $\sum_{r=1}^{N-1} r^{-b} - \frac{N^{1-b}}{1-b}$ increase in $N$, because $x^{-b}$ falls, and tend to
    $\zeta(b) < 0$. Hence $H(N) = 1 + C \sum_{r<N} r^{-b} \le C \frac{N^{1-b}}{1-b}$ for whole $N \ge 1$. Between whole
    numbers $H$ is linear, and $x^{1-b}$ is concave, so $H(x) \le C \frac{x^{1-b}}{1-b}$ for all $x > 0$, and

    $$u_n \le \gamma_{max} \frac{c_2}{n} \cdot \frac{C}{1-b} \Bigl(\frac{n}{c_2}\Bigr)^{1-b} = \frac{\gamma_{max} c_2^{\,b}}{1-b}\, C\, n^{-b} = C\, n^{-b} .$$

    *The constants.* As $x^{-b}$ is convex, $r^{-b}$ is at most its mean over $[r - \frac12, r + \frac12]$. So
    $\sum_{r<N} r^{-b} \le \frac{(N - 1/2)^{1-b} - (1/2)^{1-b}}{1-b}$, and
    $|\zeta(b)| \ge \frac{2^{b-1}}{1-b} \ge \frac12$, because $2^b \ge 1 \ge 1 - b$.

    *No larger exponent.* Let rows fill the earliest tokens, with gain $\gamma_{max}$ and source 0, and let $b < q < 1$.
    If $y_r \ge c (r+1)^{-q}$ for $r < n$, then $y_n \ge \gamma_{max} \frac{c_2}{n} c \int_1^{n/c_2 + 1} x^{-q} dx$, and
    its quotient by $c\, (n+1)^{-q}$ tends to $\frac{\gamma_{max} c_2^{\,q}}{1-q}$. This is above 1, because
    $\gamma_{max} c_2^{\,q} - (1 - q)$ increases in $q$ from its zero at $b$. So the induction runs from some $n$ on,
    and a small $c$ serves before it. Finally $c_2^{\,b} \le c_2$, with equality for $c_2 = 1$ alone, gives
    $b \ge 1 - \gamma_{max} c_2$.
    """,
    needs=("thm:8", "rem:4.5"),
    trust="real arithmetic; all T, sources, routings and gains; that zeta(b) is the limit of sum r^(-b) - N^(1-b)/(1-b) is classical",
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("rows of any sum", {"row_sums": False}),
        Bend("no envelope: all rows may read one token alone", {"envelope": False}),
        Bend("an exponent larger by a tenth", {"stretch": 1.1}),
    ),
)
def row_sums_suffice(
    evidence: Evidence, *, constant: float = 1.0, row_sums: bool = True, envelope: bool = True, stretch: float = 1.0
) -> None:
    """Induction with h(r) = min(1, C r^-b): a row holds at most (c2/n) times the integral of h up to n/c2.

    With H(x) the integral of the step function 1, C, C 2^-b, ... and C = 1/|zeta(b)|: H(N) <= C N^(1-b)/(1-b) at whole N, because
    sum_(r<N) r^-b - N^(1-b)/(1-b) increases to zeta(b); between them H is linear and x^(1-b) concave. So
    |y_n| <= gamma_max (c2/n) C (n/c2)^(1-b)/(1-b) = C n^-b. All |y_n| <= gamma_max < 1, so 1 and h may be used together.
    """

    def claimed(case: Case) -> arb:
        b = arb(stretch) * tail_exponent_ball(case.gamma, case.c2)
        return arb(constant) / abs(b.zeta()) * arb(case.lag) ** -b

    enclose_worst_case(
        evidence, "the bound", claimed, sources=(0, 3), pairs=_ROW_SUM_PAIRS, envelope=envelope, row_sums=row_sums
    )
    enclose_late_worst_case(evidence, "the bound", claimed, _ROW_SUM_PAIRS)
    n, N, C, c2, p, x = sympy.symbols("n N C c2 p x", positive=True)
    zeta = sympy.Symbol("zeta", negative=True)
    a, b = sympy.symbols("a b", positive=True)
    between = {p: a / (a + b)}
    gamma_max = (1 - p) * c2**-p
    step = gamma_max * (c2 / n) * C * (n / c2) ** (1 - p) / (1 - p)
    evidence.identity(
        "the bound", sympy.powsimp(sympy.expand_power_base(step / n**-p)) - C, "gamma (c2/n) H(n/c2) = C n^-b"
    )
    whole = 1 + (-1 / zeta) * (zeta + N ** (1 - p) / (1 - p))
    evidence.identity(
        "the bound",
        sympy.expand(whole + N ** (1 - p) / (1 - p) / zeta),
        "1 + C sum r^-b <= C N^(1-b)/(1-b) for C = -1/zeta(b)",
    )
    concave = -sympy.diff(x ** (1 - p), x, 2) / x ** (-p - 1)
    falling = -sympy.diff(x**-p, x) / x ** (-p - 1)
    evidence.nonnegative(
        "the bound",
        [sympy.simplify(concave).subs(between), sympy.simplify(falling).subs(between)],
        "x^(1-b) is concave, and x^-b falls: the sums minus the integrals increase",
    )
    _constants_up_to_two(evidence)
    _exponent_is_best(evidence)
    _layer_decays_beyond_theorem_8(evidence)


def _layer_decays_beyond_theorem_8(evidence: Evidence) -> None:
    """(I - B)^(-1) of a layer whose gain times c2 is above 1."""
    T, gamma_max = 64, 0.99
    x = 6 * tokens(T, evidence.rng)
    steps_of_layer = trace(x, gamma_max)
    gain, c2 = float(np.abs(steps_of_layer.gamma).max()), diffuseness(steps_of_layer.alpha_fb)
    b = row_sum_tail_exponent(gain, c2)
    lag = np.subtract.outer(np.arange(T), np.arange(T))
    K = np.linalg.inv(np.eye(T) - steps_of_layer.B)
    ratio = float(np.max(np.abs(K[lag > 0]) * lag[lag > 0] ** b / row_sum_tail_constants(b)[0]))
    evidence.agreement(
        ratio if gain * c2 > 1 else np.inf,
        1.0,
        f"a layer with gain c2 = {gain * c2:.3f} > 1, T = {T}: influence over the bound",
    )
    outputs_agree(evidence, diffuse_layer(gamma_max), x[:32])


def _constants_up_to_two(evidence: Evidence) -> None:
    """|zeta(b)| >= 2^(b-1)/(1-b): r^-b is at most its mean over (r - 1/2, r + 1/2), because x^-b is convex."""
    p, x = sympy.symbols("p x", positive=True)
    a, b = sympy.symbols("a b", positive=True)
    between = {p: a / (a + b)}
    claim = "the constants"
    convex = sympy.simplify(sympy.diff(x**-p, x, 2) / x ** (-p - 2))
    evidence.nonnegative(
        claim, convex.subs(between), "convexity of x^-b: sum_(r<N) r^-b <= integral from 1/2 to N - 1/2"
    )
    antiderivative = x ** (1 - p) / (1 - p)
    start = antiderivative.subs(x, sympy.Rational(1, 2)) - 2 ** (p - 1) / (1 - p)
    evidence.identity(
        claim,
        [sympy.simplify(start), sympy.simplify(sympy.diff(antiderivative, x) - x**-p)],
        "so zeta(b) <= -(1/2)^(1-b)/(1-b): the upper end N - 1/2 stays below N",
    )
    slope = sympy.diff(p * sympy.log(2) - sympy.log(1 - p), p) - sympy.log(2)
    evidence.nonnegative(
        claim, slope.subs(between), "(1-b) 2^(1-b) <= 2, as 2^b >= 1 >= 1 - b: the slope of -log(1-b) is positive"
    )
    pairs = []
    for k in range(1, 20):
        at = arb(k) / 20
        pairs.append((1 / abs(at.zeta()), (1 - at) * arb(2) ** (1 - at), f"b = {k}/20"))
    evidence.enclosed(claim, pairs, "1/|zeta(b)| <= (1-b) 2^(1-b) at b = 1/20, ..., 19/20; all b by the proof")


def _exponent_is_best(evidence: Evidence) -> None:
    """Earliest routing with gain gamma_max: from c (r+1)^-q below n follows gamma (c2/n) c ((n/c2 + 1)^(1-q) - 1)/(1-q) at n.

    For q > b this exceeds c (n+1)^-q from some n on, because its quotient by n^-q tends to gamma c2^q/(1-q) > 1.
    """
    n, c2, q, g = sympy.symbols("n c2 q gamma", positive=True)
    lead = g * (c2 / n) * (n / c2) ** (1 - q) / (1 - q) * n**q
    evidence.identity(
        "no larger exponent",
        sympy.powsimp(sympy.expand_power_base(lead)) - g * c2**q / (1 - q),
        "the leading part over n^-q is gamma c2^q / (1-q); the rest is smaller by (c2/n)^(1-q)",
    )
    L = sympy.Symbol("L", positive=True)  # log c2
    weight = sympy.Symbol("w", positive=True)  # c2^q
    slope = sympy.diff(g * sympy.exp(L * q) - (1 - q), q).subs(sympy.exp(L * q), weight)
    evidence.nonnegative(
        "no larger exponent", slope, "gamma c2^q - (1 - q) increases in q from its zero b: positive for q > b"
    )
    a, b = sympy.symbols("a b", positive=True)
    evidence.nonnegative(
        "larger than beta_tail", L * (1 - a / (a + b)), "c2^b <= c2, so b = 1 - gamma c2^b >= 1 - gamma c2"
    )
    known = ((Fraction(2, 5), Fraction(2), "0.45260"), (Fraction(9, 10), Fraction(2), "0.06108"))
    evidence.enclosed(
        "the bound",
        [
            (abs(tail_exponent_ball(gain, c) - arb(text)), arb("0.00001"), f"({gain}, {c}): {text}")
            for gain, c, text in known
        ],
        "the exponent for gamma_max, c2 = 2/5, 2 and 9/10, 2",
    )


ROWS = (
    best_constant,
    row_sums_suffice,
)
