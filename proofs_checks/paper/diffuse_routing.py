"""The hypotheses of polynomial decay: diffuse routing and bounded gains, with the remarks on them (Sections 4.2.6, B.2, E.2)."""

import numpy as np
import sympy

from proofs_checks.diffuse_layer import GAIN, RADIUS, diffuse_layer, growing_tokens, logit_spread_bound, tokens, trace
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from sessa_ref.notation import Array
from sessa_ref.theory.diffuse_routing import diffuseness

_LENGTHS = (16, 64, 256)
_ROUNDING = 1e-12
_TRUST = (
    f"float64; a layer of width 8 whose feedback logits are bounded through its weights for tokens of norm <= {RADIUS:g}; "
    "lengths up to 256, torch and reference agree"
)


def _envelope_holds(alpha: Array, c2: float) -> bool:
    """(32): alpha_tj <= c2 / t below the diagonal."""
    return diffuseness(alpha) <= c2 * (1 + _ROUNDING)


@states(
    "asm:6",
    "Diffuse feedback routing",
    where="Section 4.2.6, Assumption 6, (32)",
    says=r"""
    There is $c_2 \in (0, \infty)$ with $\alpha^{fb}_{t,j} \le c_2 / t$ for all $t \ge 1$ and all $0 \le j < t$. On one finite horizon
    every routing has such a $c_2$; the assumption has content because $c_2$ is the same for all $t$, on an unbounded horizon.
    """,
    needs=("lem:C.1",),
    trust=_TRUST,
    bends=(Bend("the constant of uniform routing, 1, for a layer with other rows", {"excess": 0.0}),),
)
def feedback_routing_is_diffuse(evidence: Evidence, *, excess: float = 1.0) -> None:
    """c2 = e^Delta from the layer's weights holds at all lengths; tokens that grow with t have no c2."""
    c2 = float(np.exp(excess * logit_spread_bound("feedback")))
    for T in _LENGTHS:
        alpha = trace(tokens(T, evidence.rng)).alpha_fb
        evidence.instance(
            f"bounded tokens, T = {T}: t alpha_tj <= {c2:.4g} from the weights", _envelope_holds(alpha, c2)
        )
    alpha = trace(growing_tokens(256)).alpha_fb
    evidence.non_instance(
        f"tokens that grow with t: rows read the predecessor, t alpha_tj reaches {diffuseness(alpha):.0f} = T - 1",
        _envelope_holds(alpha, c2),
    )
    outputs_agree(evidence, diffuse_layer(), tokens(32, evidence.rng))


@states(
    "asm:26",
    "Upper envelope on attention, rows that sum to at most 1",
    where="Appendix E.2, Assumption 26, (53) and (56)",
    says=r"""
    $\alpha^{fb}_{t,j} \ge 0$, $\sum_{j<t} \alpha^{fb}_{t,j} \le 1$ for $t \ge 1$, and there is $c_2 \in (0, \infty)$ with
    $\alpha^{fb}_{t,j} \le c_2 / t$ for all $t \ge 1$, $j < t$.
    """,
    needs=("asm:6",),
    trust=_TRUST,
    bends=(Bend("rows may sum to at most 9/10 only", {"row_sum": 0.9}),),
)
def envelope_and_row_sums(evidence: Evidence, *, row_sum: float = 1.0) -> None:
    """Softmax rows sum to 1 and keep the envelope; rows c2/t with c2 > 1 keep the envelope and break the sum."""
    c2 = float(np.exp(logit_spread_bound("feedback")))

    def holds(alpha: Array) -> bool:
        sums_hold = bool(np.all(alpha.sum(axis=1) <= row_sum * (1 + _ROUNDING)))
        return bool(np.all(alpha >= 0)) and sums_hold and _envelope_holds(alpha, c2)

    for T in _LENGTHS:
        evidence.instance(f"a layer's rows, T = {T}, c2 = {c2:.4g}", holds(trace(tokens(T, evidence.rng)).alpha_fb))
    t = np.arange(64)[:, None]
    full = np.tril(np.full((64, 64), c2) / np.maximum(t, 1), k=-1)
    evidence.non_instance(f"rows c2/t throughout with c2 = {c2:.4g}: they sum to c2 > 1", holds(full))
    evidence.non_instance("tokens that grow with t: no envelope", holds(trace(growing_tokens(64)).alpha_fb))
    outputs_agree(evidence, diffuse_layer(), tokens(32, evidence.rng))


def _gains_are_bounded(gains: Array, gamma_max: float) -> bool:
    return 0 <= gamma_max < 1 and bool(np.all(np.abs(gains) <= gamma_max * (1 + _ROUNDING)))


@states(
    "asm:7",
    "Bounded feedback gain, subcritical",
    where="Section 4.2.6, Assumption 7",
    says=r"""
    There is $\gamma_{max} \in [0, 1)$ with $|\gamma_t| \le \gamma_{max}$ for all $t$, and $\gamma_{max} c_2 < 1$ with the $c_2$ of
    Assumption 6. Then $\beta_{tail} := 1 - \gamma_{max} c_2 \in (0, 1]$.
    """,
    needs=("asm:6",),
    trust=_TRUST,
    bends=(Bend("a bound below the layer's gains", {"gain": 0.1}),),
)
def gains_are_subcritical(evidence: Evidence, *, gain: float = GAIN) -> None:
    """The layer's own gamma_max bounds its gains; with the plain tanh of the paper's block no bound below 1 serves."""
    c2 = float(np.exp(logit_spread_bound("feedback")))

    def holds(gains: Array, gamma_max: float) -> bool:
        return _gains_are_bounded(gains, gamma_max) and gamma_max * c2 < 1

    for T in _LENGTHS:
        gains = trace(tokens(T, evidence.rng)).gamma
        evidence.instance(f"T = {T}: |gamma_t| <= {gain}, gamma_max c2 = {gain * c2:.4g}", holds(gains, gain))
    plain = trace(growing_tokens(64), gamma_max=1 - 1e-9).gamma
    evidence.non_instance("tokens that grow with t, gains up to 1: above 0.75", holds(plain, 0.75))
    evidence.non_instance(f"gamma_max = 0.9 with c2 = {c2:.4g}: bounded, not subcritical", holds(plain * 0.8, 0.9))
    outputs_agree(evidence, diffuse_layer(), tokens(32, evidence.rng))


@states(
    "asm:27",
    "Bounded feedback",
    where="Appendix E.2, Assumption 27, (57)",
    says=r"There is $\gamma_{max} \in [0, 1)$ with $|\gamma_t| \le \gamma_{max}$ for all $t \ge 0$.",
    trust=_TRUST,
    bends=(Bend("a bound below the layer's gains", {"gain": 0.1}),),
)
def feedback_is_bounded(evidence: Evidence, *, gain: float = GAIN) -> None:
    """The published layer bounds its gains by construction; gamma_max = 1 is excluded."""
    for T in _LENGTHS:
        gains = trace(growing_tokens(T)).gamma
        evidence.instance(
            f"growing tokens, T = {T}: |gamma_t| <= {gain} by construction", _gains_are_bounded(gains, gain)
        )
    plain = trace(growing_tokens(64), gamma_max=1 - 1e-9).gamma
    evidence.non_instance("gains that reach 0.999 are not bounded by 0.99", _gains_are_bounded(plain, 0.99))
    evidence.non_instance("gamma_max = 1 itself is no bound below 1", _gains_are_bounded(plain, 1.0))
    outputs_agree(evidence, diffuse_layer(), tokens(32, evidence.rng))


@states(
    "rem:B.1",
    "t and t + 1 in dilution bounds",
    where="Appendix B.2, Remark B.1",
    says=r"""
    For $t \ge 1$: $\frac{1}{t+1} \le \frac{1}{t} \le \frac{2}{t+1}$, so that $O(1/(t+1))$ and $O(1/t)$ are the same up to constants.
    The constants 1 and 2 are the best: the limit $t \to \infty$ and $t = 1$.
    """,
    trust="real arithmetic; all t >= 1",
    bends=(Bend("a constant below 2", {"constant": 1.99}),),
)
def counts_of_visible_tokens(evidence: Evidence, *, constant: float = 2.0) -> None:
    """Signs of coefficients with t = 1 + m."""
    m = sympy.Symbol("m", positive=True)
    t, factor = 1 + m, sympy.nsimplify(constant)
    evidence.exact("upper", [(sympy.Integer(1), factor / 2, "t = 1")], "1/t <= C/(t+1) at t = 1, where it is attained")
    evidence.nonnegative("upper", factor / (t + 1) - 1 / t, "2/(t+1) - 1/t with t = 1 + m")
    evidence.nonnegative("lower", 1 / t - 1 / (t + 1), "1/t - 1/(t+1)")
    evidence.identity(
        "lower", sympy.limit((t + 1) / t, m, sympy.oo) - 1, "the ratio tends to 1: no constant above 1 serves"
    )


@states(
    "rem:E.1",
    "The size of c2",
    where="Appendix E.2, Remark E.1",
    says=r"""
    Where rows sum to exactly 1, the envelope $\alpha_{t,j} \le c_2/t$ needs $c_2 \ge 1$. Where they only sum to at most 1, every
    $c_2 > 0$ occurs.
    """,
    needs=("asm:26",),
    trust="real arithmetic; all t >= 1",
    bends=(Bend("rows that sum to 9/10", {"row_sum": 0.9}),),
)
def size_of_the_constant(evidence: Evidence, *, row_sum: float = 1.0) -> None:
    """The sum of row t is at most t c2/t = c2."""
    t, c2 = sympy.symbols("t c2", positive=True)
    evidence.identity("c2 >= 1", t * (c2 / t) - c2, "a row's sum is at most t c2/t = c2")
    evidence.exact(
        "c2 >= 1", [(sympy.Integer(1), sympy.nsimplify(row_sum), "")], "so c2 is at least the sum, which is 1"
    )
    half = c2 / 2 / t
    evidence.nonnegative("any c2 occurs", c2 / t - half, "uniform rows c2/(2t) with c2 <= 1 keep the envelope")
    evidence.identity("any c2 occurs", t * half - c2 / 2, "and sum to c2/2, as small as one likes")


@states(
    "rem:E.2",
    "The degenerate case eta = 0",
    where="Appendix E.2, Remark E.2",
    says=r"""
    If $\eta = \gamma_{max} c_2 = 0$ then $\gamma_t = 0$ for all $t$, because $c_2 > 0$, and the impulse response is $y_\tau = 1$,
    $y_t = 0$ for $t > \tau$.
    """,
    needs=("asm:26", "asm:27"),
    trust="real arithmetic; T = 6 with free weights, and all T because a row with gain 0 is 0",
    bends=(Bend("a gain that is not 0", {"gain": 0.01}),),
)
def without_feedback(evidence: Evidence, *, gain: float = 0.0) -> None:
    """Free weights alpha_tj in symbols."""
    y: list[sympy.Expr] = [sympy.Integer(1)]
    for t in range(1, 6):
        weights = sympy.symbols(f"alpha_{t}_0:{t}", nonnegative=True)
        terms = [weight * earlier for weight, earlier in zip(weights, y, strict=True)]
        y.append(sympy.expand(sympy.nsimplify(gain) * sympy.Add(*terms)))
    evidence.identity("y_t = 0", y[1:], "rows 1 to 5 with free weights and gain 0")
    evidence.identity(
        "gamma_max = 0", sympy.solve(sympy.Symbol("g") * sympy.Symbol("c", positive=True), "g"), "g c2 = 0"
    )


ROWS = (
    feedback_routing_is_diffuse,
    gains_are_subcritical,
    counts_of_visible_tokens,
    envelope_and_row_sums,
    size_of_the_constant,
    feedback_is_bounded,
    without_feedback,
)
