"""Uniform routing: the best constants, every gain above -1, and the gaps of position codes."""

from fractions import Fraction

import sympy
from flint import arb, ctx

from proofs_checks import gamma_ratio as steps
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.worst_routing import ball
from sessa_ref.theory.diffuse_routing import best_tail_constant
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


@states(
    "ours:gamma-ratio",
    "t + gamma in place of t + 1 (Wendel)",
    where="on Lemma F.1, Proposition 29, Corollary F.2",
    says=r"""
    For $\gamma \in (0, 1)$ and $t > 0$:
    $(t+\gamma)^{\gamma-1} \le \frac{\Gamma(t+\gamma)}{\Gamma(t+1)} \le t^{\gamma-1}$, and the quotient times
    $t^{1-\gamma}$ rises to 1 along $t, t+1, t+2, \dots$ So Proposition 29's lower bound holds with
    $(t + \gamma)^{-\beta_{tail}}$, and
    $\gamma\, t^{-\beta_{tail}} \le y_t \le \frac{1}{\Gamma(\gamma)} t^{-\beta_{tail}}$ for $t \ge 1$ with the best
    constants.
    """,
    proof=r"""
    $\log \Gamma$ is convex. From $t + \gamma = (1-\gamma) t + \gamma (t+1)$ follows
    $\Gamma(t+\gamma) \le \Gamma(t)^{1-\gamma} \Gamma(t+1)^{\gamma} = t^{\gamma-1} \Gamma(t+1)$; from
    $t + 1 = \gamma (t+\gamma) + (1-\gamma)(t+\gamma+1)$ follows $\Gamma(t+1) \le \Gamma(t+\gamma)^{\gamma}
    \Gamma(t+\gamma+1)^{1-\gamma} = (t+\gamma)^{1-\gamma} \Gamma(t+\gamma)$. The quotient times $t^{1-\gamma}$ moves
    from $t$ to $t + 1$ by the factor $(1 + \frac{\gamma}{t})(1 + \frac1t)^{-\gamma} \ge 1$, by Bernoulli's inequality,
    and tends to 1 between the two bounds. Its ends, $t = 1$ and infinity, give the best constants of $y_t$, because
    $y_1 = \gamma$.
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
    The closed form (71) holds for every gain $\gamma > -1$, and for $\gamma = -g$ with $0 < g < 1$ the influence is
    negative and decays faster than $1/\ell$: $\frac{g}{\Gamma(1-g)}\, \ell^{-1-g} \le |y_\ell| \le g\, \ell^{-1-g}$ for
    $\ell \ge 1$, impulse at 0, with the best constants.
    """,
    proof=r"""
    Nothing in the recurrence $t\, y_t = \gamma S_{t-1}$ uses the sign of $\gamma$. For $\gamma = -g$, $|y_t|\, t^{1+g}$
    moves from $t$ to $t + 1$ by $(1 - \frac{g}{t})(1 + \frac{1}{t})^{g}$. Its logarithm is 0 at $x = \frac1t = 0$ and
    has the slope $-\frac{g (1+g) x}{(1 - g x)(1 + x)} \le 0$, so the sequence falls from its value at $t = 1$, which is
    $g$. Its limit is $\frac{g}{\Gamma(1-g)}$, because
    $\frac{\Gamma(t-g)}{\Gamma(t+1)} = \frac{1}{t-g} \cdot \frac{\Gamma(t+1-g)}{\Gamma(t+1)}$ and the last quotient
    times $t^{g}$ tends to 1, as for a gain of $1 - g$.
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
    $\frac{\gamma}{\tau_{max}+1}\, \ell^{-\beta_{tail}} \le y_{\tau+\ell} \le \frac{\gamma}{\Gamma(1+\gamma)}\,
    \ell^{-\beta_{tail}}$ with the best constants: the lower is attained at $\tau_{max}$, lag 1, the upper is the limit
    at source 0. The paper's $c_+$ is this one, its $c_-$ is smaller.
    """,
    proof=r"""
    At a fixed lag $y_{\tau+\ell}$ falls in $\tau$: the factor of a step is
    $\frac{(\tau+1)(t+\gamma)}{(\tau+1+\gamma)(t+1)} < 1$ with $t = \tau + \ell$. For a fixed source
    $y_{\tau+\ell}\, \ell^{1-\gamma}$ rises in $\ell$: its step is $\frac{t+\gamma}{t+1} (1 + \frac1\ell)^{1-\gamma}$,
    where $\frac{t+\gamma}{t+1} \ge \frac{\ell+\gamma}{\ell+1} = 1 - (1-\gamma) x \ge (1 - x)^{1-\gamma}$ with
    $x = \frac{1}{\ell+1}$, and $1 - x$ is $\frac{\ell}{\ell+1}$. So the least value is at $\tau_{max}$ and lag 1,
    $\frac{\gamma}{\tau_{max}+1}$, and the supremum is the limit at source 0, $\frac{\gamma}{\Gamma(1+\gamma)}$. This is
    the paper's $c_+$, the largest of its $a_\tau = \frac{\gamma\, \Gamma(\tau+1)}{\Gamma(\tau+1+\gamma)}$. Its
    $c_- = (\tau_{max}+2)^{\gamma-1} a_{\tau_{max}}$ is smaller than $\frac{\gamma}{\tau_{max}+1}$, because
    $\frac{\Gamma(\tau+2)}{\Gamma(\tau+1+\gamma)} \le (\tau+1+\gamma)^{1-\gamma} < (\tau+2)^{1-\gamma}$ by
    `ours:gamma-ratio` at $t = \tau + 1$.
    """,
    needs=("cor:F.3", "ours:gamma-ratio"),
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
    $c_{t+1} - c_t = \frac{\gamma^2\, \Gamma(t+\gamma)}{\Gamma(1+\gamma)\, \Gamma(t+2)}$ for $t \ge 1$, and
    $c_1 - c_0 = \gamma$. For $\gamma \in (0, 1)$ they are positive and fall, like $t^{\gamma-2}$: the smallest of $T$
    codes is the last.
    """,
    proof=r"""
    $c_t = \frac{1 - \gamma y_t}{1 - \gamma}$ with the $y_t$ of Proposition 29: the constant solves every row but the
    first, and the rest is the influence of token 0. As $(t+1) y_{t+1} = (t+\gamma) y_t$,
    $c_{t+1} - c_t = \frac{\gamma (y_t - y_{t+1})}{1 - \gamma} = \frac{\gamma\, y_t}{t+1}$, and (69) gives the form. The
    quotient of two neighbouring gaps is $\frac{t+\gamma}{t+2} < 1$.
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
    wendel,
    negative_gain,
    best_envelope,
    position_gap,
)
