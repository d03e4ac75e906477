"""Polynomial decay: the best constants and exponents, and the closed forms on their full range."""

from fractions import Fraction

import sympy
from flint import arb, ctx

from proofs_checks import gamma_ratio as steps
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.worst_routing import Case, ball, enclose_late_worst_case, enclose_worst_case, worst_influence
from sessa_ref.theory.diffuse_routing import best_tail_constant, tail_constant
from sessa_ref.theory.uniform_routing import (
    best_bounded_source_constants,
    gamma_ratio,
    position_code,
    position_code_step,
    sharper_gamma_ratio_bounds,
    uniform_influence,
)

_GAINS = tuple(Fraction(text) for text in ("1/1000000", "1/100", "1/4", "1/2", "3/4", "99/100", "999999/1000000"))
_LATE = (1, 2, 10, 1000, 10**6)
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
    $a_\tau = \frac{\Gamma(\tau+1)}{\Gamma(\tau+1+\eta)}$, $b_t = \frac{\Gamma(t+\eta)}{\Gamma(t+1)}$. For $c_2 \le 1$ the first bound is
    attained, by $\alpha_{t,j} = c_2/t$ and $\gamma_t = \gamma_{max}$; no constant below $1/\Gamma(\eta)$ serves in the second, and
    $1/\Gamma(\eta) < \eta e^{\eta}$. On a horizon $T \ge 2$ the best constant is $\eta\, a_0 b_{T-1} (T-1)^{1-\eta}$.
    """,
    proof=r"""
    Let $Y_t$ be the largest $|y_t|$. By induction $Y_t \le \frac{\eta}{t} \sum_{\tau \le j < t} Y_j$, so $Y$ is at most the solution with
    equality, which is uniform routing with gain $\eta$: $\eta\, a_\tau b_t$ by (71). If $c_2 \le 1$, the rows $c_2/t$ are admissible, and
    equality holds. At a fixed lag the step from $\tau$ to $\tau + 1$ has the factor
    $\frac{(\tau+1)(t+\eta)}{(\tau+1+\eta)(t+1)} < 1$, so the worst source is 0. There $\eta\, a_0 b_\ell\, \ell^{1-\eta}$ rises in $\ell$, because its
    step is $(1 + \frac{\eta}{\ell})(1 + \frac{1}{\ell})^{-\eta} \ge 1$ by Bernoulli's inequality, and tends to
    $\eta / \Gamma(1+\eta) = 1/\Gamma(\eta)$, because $b_\ell \ell^{1-\eta}$ lies between $(1 + \eta/\ell)^{\eta-1}$ and 1. So $1/\Gamma(\eta)$ bounds, and
    nothing smaller does for $c_2 = 1$. Last, $\log(\Gamma(1+\eta) e^{\eta})$ is 0 at $\eta = 0$ and has the slope
    $\psi(1+\eta) + 1 \ge \psi(1) + 1 > 0$, as the digamma function increases.
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
        "below eta e^eta", [(sympy.EulerGamma, sympy.Integer(1), "")], "psi(1+eta) >= psi(1) = -EulerGamma > -1"
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
    $|\gamma_t| \le \gamma_{max}$ with $0 < \gamma_{max} < 1$; $\gamma_{max} c_2$ may be anything. With $b \in (0, 1)$ the solution of
    $b + \gamma_{max} c_2^{\,b} = 1$, $|y_{\tau+\ell}| \le \frac{\ell^{-b}}{|\zeta(b)|} \le (1-b)\, 2^{1-b} \ell^{-b} \le 2\, \ell^{-b}$ for
    all $\tau$ and $\ell \ge 1$. No larger exponent serves, and $b \ge 1 - \gamma_{max} c_2$, with equality for $c_2 = 1$ alone.
    """,
    proof=r"""
    Let $u_n$ be the largest $|y_{\tau+n}|$, $u_0 = 1$. Rows of sum at most 1 and gains below 1 give $u_n \le \gamma_{max} < 1$. Put
    $C = 1/|\zeta(b)|$, $h(0) = 1$, $h(r) = C r^{-b}$ for $r \ge 1$, and suppose $u_r \le h(r)$ for all $r < n$. Then $u_r \le \min(1, h(r))$,
    which does not increase in $r$, and weights of at most $c_2/(\tau+n) \le c_2/n$ and sum at most 1 make a sum of such values largest if they
    fill up from $r = 0$. With $H(x) = \int_0^x h(\lfloor s \rfloor)\, ds$,

    $$u_n \le \gamma_{max} \frac{c_2}{n} H\Bigl(\frac{n}{c_2}\Bigr) .$$

    The numbers $\sum_{r=1}^{N-1} r^{-b} - \frac{N^{1-b}}{1-b}$ increase in $N$, because $x^{-b}$ falls, and tend to $\zeta(b) < 0$. Hence
    $H(N) = 1 + C \sum_{r<N} r^{-b} \le C \frac{N^{1-b}}{1-b}$ for whole $N \ge 1$. Between whole numbers $H$ is linear, and $x^{1-b}$ is concave, so
    $H(x) \le C \frac{x^{1-b}}{1-b}$ for all $x > 0$, and

    $$u_n \le \gamma_{max} \frac{c_2}{n} \cdot \frac{C}{1-b} \Bigl(\frac{n}{c_2}\Bigr)^{1-b} = \frac{\gamma_{max} c_2^{\,b}}{1-b}\, C\, n^{-b} = C\, n^{-b} .$$

    *The constants.* As $x^{-b}$ is convex, $r^{-b}$ is at most its mean over $[r - \frac12, r + \frac12]$. So
    $\sum_{r<N} r^{-b} \le \frac{(N - 1/2)^{1-b} - (1/2)^{1-b}}{1-b}$, and $|\zeta(b)| \ge \frac{2^{b-1}}{1-b} \ge \frac12$, because
    $2^b \ge 1 \ge 1 - b$.

    *No larger exponent.* Let rows fill the earliest tokens, with gain $\gamma_{max}$ and source 0, and let $b < q < 1$. If
    $y_r \ge c (r+1)^{-q}$ for $r < n$, then $y_n \ge \gamma_{max} \frac{c_2}{n} c \int_1^{n/c_2 + 1} x^{-q} dx$, and its quotient by
    $c\, (n+1)^{-q}$ tends to $\frac{\gamma_{max} c_2^{\,q}}{1-q}$. This is above 1, because $\gamma_{max} c_2^{\,q} - (1 - q)$ increases in $q$ from its zero
    at $b$. So the induction runs from some $n$ on, and a small $c$ serves before it. Finally $c_2^{\,b} \le c_2$ gives
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


@states(
    "ours:gamma-ratio",
    "t + gamma in place of t + 1 (Wendel)",
    where="on Lemma F.1, Proposition 29, Corollary F.2",
    says=r"""
    For $\gamma \in (0, 1)$ and $t > 0$: $(t+\gamma)^{\gamma-1} \le \frac{\Gamma(t+\gamma)}{\Gamma(t+1)} \le t^{\gamma-1}$, and the
    quotient times $t^{1-\gamma}$ rises to 1. So Proposition 29's lower bound holds with $(t + \gamma)^{-\beta_{tail}}$, and
    $\gamma\, t^{-\beta_{tail}} \le y_t \le \frac{1}{\Gamma(\gamma)} t^{-\beta_{tail}}$ for $t \ge 1$ with the best constants.
    """,
    proof=r"""
    $\log \Gamma$ is convex. From $t + \gamma = (1-\gamma) t + \gamma (t+1)$ follows
    $\Gamma(t+\gamma) \le \Gamma(t)^{1-\gamma} \Gamma(t+1)^{\gamma} = t^{\gamma-1} \Gamma(t+1)$; from
    $t + 1 = \gamma (t+\gamma) + (1-\gamma)(t+\gamma+1)$ follows
    $\Gamma(t+1) \le \Gamma(t+\gamma)^{\gamma} \Gamma(t+\gamma+1)^{1-\gamma} = (t+\gamma)^{1-\gamma} \Gamma(t+\gamma)$. The quotient times $t^{1-\gamma}$
    moves from $t$ to $t + 1$ by the factor $(1 + \frac{\gamma}{t})(1 + \frac1t)^{-\gamma} \ge 1$, by Bernoulli's inequality, and tends to 1 between the
    two bounds. Its ends, $t = 1$ and infinity, give the best constants of $y_t$, because $y_1 = \gamma$.
    """,
    needs=("lem:F.1", "prop:29"),
    trust="real arithmetic; all gamma in (0, 1) and t > 0, given that log Gamma is convex",
    bends=(
        Bend("t + 2/5 gamma in place of t + gamma", {"share": 0.4}),
        Bend("a best upper constant smaller by a hundredth", {"upper": 0.99}),
        Bend("a best lower constant larger by a hundredth", {"lower": 1.01}),
    ),
)
def wendel(evidence: Evidence, *, share: float = 1.0, upper: float = 1.0, lower: float = 1.0) -> None:
    """Two convex combinations; the best constants are the ends of the rising quotient, t = 1 and infinity."""
    with ctx.workprec(128):
        cases = [(ball(g), t, f"gamma = {g}, t = {t}") for g in _GAINS for t in _LATE]
        below = [((t + arb(share) * g) ** (g - 1), gamma_ratio(arb(t), g), name) for g, t, name in cases]
        above = [(gamma_ratio(arb(t), g), sharper_gamma_ratio_bounds(arb(t), g)[1], name) for g, t, name in cases]
        y = [uniform_influence(0, t, g) * arb(t) ** (1 - g) for g, t, _ in cases]
        slack = 1 + arb(2) ** -100  # the lower constant is attained at t = 1
        least = [(arb(lower) * g, value * slack, name) for (g, _, name), value in zip(cases, y, strict=True)]
        most = [(v, arb(upper) * best_tail_constant(g), name) for (g, _, name), v in zip(cases, y, strict=True)]
    for claim, pairs in (("lower", below), ("upper", above), ("best lower", least), ("best upper", most)):
        evidence.enclosed(claim, pairs, "at chosen gamma and t up to 10^6; all others by the proof")
    steps.lower(evidence, "lower")
    steps.upper(evidence, "upper")
    for claim in ("best lower", "best upper"):
        steps.rises_to_its_limit(evidence, claim)
    g = sympy.Symbol("gamma", positive=True)
    first = sympy.expand_func(uniform_influence(0, sympy.Integer(1), g))
    evidence.identity("best lower", sympy.simplify(first - g), "y_1 = gamma")
    t, a, b = sympy.symbols("t a b", positive=True)
    evidence.nonnegative("sharper", (t + 1) - (t + a / (a + b)), "t + gamma <= t + 1")


@states(
    "ours:negative-gain",
    "Uniform routing for every gain above -1",
    where="on Proposition 29 and Corollary F.2",
    says=r"""
    The closed form (71) holds for every gain $\gamma$, and for $\gamma = -g$ with $0 < g < 1$ the influence is negative and decays
    faster than $1/\ell$: $\frac{g}{\Gamma(1-g)}\, \ell^{-1-g} \le |y_\ell| \le g\, \ell^{-1-g}$ for $\ell \ge 1$, impulse at 0, with the
    best constants.
    """,
    proof=r"""
    Nothing in the recurrence $t\, y_t = \gamma S_{t-1}$ uses the sign of $\gamma$. For $\gamma = -g$, $|y_t|\, t^{1+g}$ moves from $t$ to $t + 1$ by
    $(1 - \frac{g}{t})(1 + \frac{1}{t})^{g}$. Its logarithm is 0 at $x = \frac1t = 0$ and has the slope
    $-\frac{g (1+g) x}{(1 - g x)(1 + x)} \le 0$, so the sequence falls from its value at $t = 1$, which is $g$. Its limit is
    $\frac{g}{\Gamma(1-g)}$, because $\frac{\Gamma(t-g)}{\Gamma(t+1)} = \frac{1}{t-g} \cdot \frac{\Gamma(t+1-g)}{\Gamma(t+1)}$ and the last quotient times
    $t^{g}$ tends to 1, as for a gain of $1 - g$.
    """,
    needs=("prop:29", "cor:F.2"),
    trust="real arithmetic; all g in (0, 1) and lags, given that log Gamma is convex",
    bends=(
        Bend("an exponent larger by a tenth", {"stretch": 0.1}),
        Bend("a lower constant larger by a hundredth", {"lower": 1.01}),
        Bend("Gamma(t + 1 + gamma) / Gamma(t + 2) in the closed form", {"offset": 1}),
    ),
)
def negative_gain(evidence: Evidence, *, stretch: float = 0.0, lower: float = 1.0, offset: int = 0) -> None:
    """|y_t| t^(1+g) falls from g at t = 1 to g / Gamma(1 - g)."""
    steps.closed_form(evidence, "closed form", offset)
    low, high = [], []
    with ctx.workprec(128):
        slack = 1 + arb(2) ** -90  # the upper constant is attained at lag 1
        for gain in _GAINS[1:6]:
            g = ball(gain)
            for t in _LATE:
                size = abs(uniform_influence(0, t, -g)) * arb(t) ** (1 + g)
                high.append((size, g * slack * arb(t) ** -arb(stretch), f"gamma = -{gain}, lag {t}"))
                low.append((arb(lower) * g / (1 - g).gamma(), size, f"gamma = -{gain}, lag {t}"))
    evidence.enclosed("upper", high, "at chosen gains and lags up to 10^6; all others by the proof")
    evidence.enclosed("lower", low, "at chosen gains and lags up to 10^6; all others by the proof")
    x, m, a, b, t, g = sympy.symbols("x m a b t g", positive=True)
    slope = sympy.diff(-sympy.log(1 - g * x) - g * sympy.log(1 + x), x)
    for claim in ("upper", "lower"):
        evidence.nonnegative(
            claim,
            slope.subs(x, 1 / (1 + m)).subs(g, a / (a + b)),
            "|y_t| t^(1+g) moves by (1 - g/t) (1 + 1/t)^g <= 1: equal at 1/t = 0, and the logarithm's slope is <= 0",
        )
    ratio = sympy.gamma(t + 1 - g) / sympy.gamma(t - g)
    evidence.identity(
        "lower",
        sympy.cancel(sympy.expand_func(ratio) / (t - g)) - 1,
        "b_t (t - g) is the ratio of the exponent 1 - g, in (0, 1)",
    )
    steps.rises_to_its_limit(evidence, "lower")  # so that b_t t^(1+g) tends to 1
    first = sympy.expand_func(uniform_influence(0, sympy.Integer(1), -g))
    evidence.identity("upper", sympy.simplify(first + g), "y_1 = -g")


@states(
    "ours:bounded-source-constants",
    "The best constants on a bounded source family",
    where="on Corollary F.3",
    says=r"""
    Under uniform routing with $\gamma \in (0, 1)$, for all $0 \le \tau \le \tau_{max}$ and $\ell \ge 1$,
    $\frac{\gamma}{\tau_{max}+1}\, \ell^{-\beta_{tail}} \le y_{\tau+\ell} \le \frac{\gamma}{\Gamma(1+\gamma)}\, \ell^{-\beta_{tail}}$ with the
    best constants: the lower is attained at $\tau_{max}$, lag 1, the upper is the limit at source 0. The paper's $c_+$ is this one, its
    $c_-$ is smaller.
    """,
    proof=r"""
    At a fixed lag $y_{\tau+\ell}$ falls in $\tau$: the factor of a step is $\frac{(\tau+1)(t+\gamma)}{(\tau+1+\gamma)(t+1)} < 1$ with $t = \tau + \ell$.
    For a fixed source $y_{\tau+\ell}\, \ell^{1-\gamma}$ rises in $\ell$: its step is $\frac{t+\gamma}{t+1} (1 + \frac1\ell)^{1-\gamma}$, where
    $\frac{t+\gamma}{t+1} \ge \frac{\ell+\gamma}{\ell+1} = 1 - (1-\gamma) x \ge (1 - x)^{1-\gamma}$ with $x = \frac{1}{\ell+1}$, and $1 - x$ is
    $\frac{\ell}{\ell+1}$. So the least value is at $\tau_{max}$ and lag 1, $\frac{\gamma}{\tau_{max}+1}$, and the supremum is the limit at source 0,
    $a_0 = \frac{\gamma}{\Gamma(1+\gamma)}$.
    """,
    needs=("cor:F.3",),
    trust="real arithmetic; all gamma in (0, 1), sources and lags, given that log Gamma is convex",
    bends=(
        Bend("a lower constant larger by a hundredth", {"lower": 1.01}),
        Bend("an upper constant smaller by a hundredth", {"upper": 0.99}),
    ),
)
def best_envelope(evidence: Evidence, *, lower: float = 1.0, upper: float = 1.0) -> None:
    """y lag^beta falls in the source and rises in the lag, so its extremes are at the corners."""
    low, high = [], []
    with ctx.workprec(128):
        slack = 1 + arb(2) ** -90
        for largest in (0, 1, 5, 30):
            for gain in _GAINS:
                g, name = ball(gain), f"gamma = {gain}, tau_max = {largest}"
                least, most = best_bounded_source_constants(arb(largest), g)
                for lag in _LATE:
                    last = uniform_influence(largest, largest + lag, g) * arb(lag) ** (1 - g)
                    low.append((arb(lower) * least, last * slack, f"{name}, lag {lag}"))
                    high.append(
                        (uniform_influence(0, lag, g) * arb(lag) ** (1 - g), arb(upper) * most, f"{name}, lag {lag}")
                    )
    evidence.enclosed("lower", low, "the last source at lags up to 10^6; all others by the proof")
    evidence.enclosed("upper", high, "source 0 at lags up to 10^6; all others by the proof")
    for claim in ("lower", "upper"):
        steps.falls_with_the_source(evidence, claim)
        steps.rises_with_the_lag(evidence, claim)
    tau, g = sympy.symbols("tau gamma", positive=True)
    corner = sympy.expand_func(uniform_influence(tau, tau + 1, g))
    evidence.identity("lower", sympy.cancel(corner * (tau + 1) / g) - 1, "attained: y_(tau+1) = gamma/(tau+1)")
    steps.rises_to_its_limit(evidence, "upper")


@states(
    "ours:position-gap",
    "The gap between the codes that feedback writes",
    where="on Lemma 4.10 and Corollary I.8",
    says=r"""
    The solution of $c_t = 1 + \frac{\gamma}{t} \sum_{j<t} c_j$, $c_0 = 1$, has the gaps
    $c_{t+1} - c_t = \frac{\gamma^2\, \Gamma(t+\gamma)}{\Gamma(1+\gamma)\, \Gamma(t+2)}$ for $t \ge 1$, and $c_1 - c_0 = \gamma$. For
    $\gamma \in (0, 1)$ they are positive and fall, like $t^{\gamma-2}$: the smallest of $T$ codes is the last.
    """,
    proof=r"""
    $c_t = \frac{1 - \gamma y_t}{1 - \gamma}$ with the $y_t$ of Proposition 29: the constant solves every row but the first, and the rest is the
    influence of token 0. As $(t+1) y_{t+1} = (t+\gamma) y_t$, $c_{t+1} - c_t = \frac{\gamma (y_t - y_{t+1})}{1 - \gamma} = \frac{\gamma\, y_t}{t+1}$, and (69)
    gives the form. The quotient of two neighbouring gaps is $\frac{t+\gamma}{t+2} < 1$.
    """,
    needs=("lem:4.10", "prop:29"),
    trust="real arithmetic; every t and gamma",
    bends=(Bend("Gamma(t + 3) in place of Gamma(t + 2)", {"offset": 1}),),
)
def position_gap(evidence: Evidence, *, offset: int = 0) -> None:
    """The difference of two codes; the recursion for T = 7; the quotient of two gaps."""
    t, g = sympy.symbols("t gamma", positive=True)
    gap = g**2 * sympy.gamma(t + g) / (sympy.gamma(1 + g) * sympy.gamma(t + 2 + offset))
    known = position_code(t + 1, g) - position_code(t, g)
    evidence.identity(
        "the gap",
        [
            sympy.cancel(sympy.expand_func(known) / sympy.expand_func(gap)) - 1,
            sympy.cancel(sympy.expand_func(position_code_step(t, g)) / sympy.expand_func(gap)) - 1,
        ],
        "c_(t+1) - c_t from the closed form of the code",
    )
    codes: list[sympy.Expr] = [sympy.Integer(1)]
    for row in range(1, 7):
        codes.append(sympy.expand(1 + g / row * sympy.Add(*codes)))
    small = [codes[k + 1] - codes[k] - sympy.expand_func(gap.subs(t, k)) for k in range(1, 6)]
    evidence.identity("the gap", [sympy.cancel(d) for d in small], "the recursion itself, t = 1 to 5, gamma a symbol")
    evidence.identity("the first gap", sympy.expand(codes[1] - codes[0] - g), "c_1 - c_0 = gamma")
    quotient = sympy.cancel(sympy.expand_func(gap.subs(t, t + 1)) / sympy.expand_func(gap))
    a, b = sympy.symbols("a b", positive=True)
    evidence.nonnegative(
        "they fall", (1 - quotient).subs(g, a / (a + b)), "the next gap is (t + gamma)/(t + 2) of this one"
    )


ROWS = (
    best_constant,
    row_sums_suffice,
    wendel,
    negative_gain,
    best_envelope,
    position_gap,
)
