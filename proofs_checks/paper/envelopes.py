"""Decay envelopes of attention, Mamba and Sessa, with routing held fixed and end to end (Section 4.2.6)."""

from fractions import Fraction

import flint
import numpy as np
import sympy

from proofs_checks.evidence import Evidence
from proofs_checks.paper.state_space_jacobians import note_one_step
from proofs_checks.statement import Bend, states
from proofs_checks.tail_layers import diffuse_layer, measured_layers, tokens
from proofs_checks.tail_proofs import note_lag_power, note_tail_without_logarithm, rational, share, uniform_kernel
from proofs_checks.torch_layer import outputs_agree
from sessa_ref import influence, reference
from sessa_ref.influence import causal_attention, selective_ssm
from sessa_ref.influence.causal_attention import CausalAttention
from sessa_ref.influence.selective_ssm import SelectiveSSM
from sessa_ref.notation import Array
from sessa_ref.theory import selective_ssm as times
from sessa_ref.theory.causal_attention import jacobian_bound
from sessa_ref.theory.derivations import uniform_recurrence_defect
from sessa_ref.theory.diffuse_routing import diffuse_bounds, diffuseness, tail_constant
from sessa_ref.theory.jacobian_tails import theorem_23_bound


@states(
    "prop:9",
    "Decay envelopes with routing held fixed",
    where="Section 4.2.6, Proposition 9",
    says=r"""
    (i) Logits of spread at most $\Delta$ over the full prefix: $\frac{e^{-\Delta}}{t+1} \le \lVert J^{attn}_{t,\tau} \rVert =
    \alpha^{fwd}_{t,\tau} \le \frac{e^{\Delta}}{t+1}$, so $\Theta(1/\ell)$ for a fixed source. (ii) Diagonal transitions
    with rates at least $\lambda$, $\sum_{r=\tau+1}^t \Delta_r \ge c_\Delta (t-\tau)$:
    $\lVert J^{ssm}_{t,\tau} \rVert \le \sup \lVert C \rVert \sup \lVert B \rVert \, e^{-\lambda c_\Delta \ell}$. (iii) Under
    Theorem 8, $|J^{sessa}_{\tau+\ell,\tau}| \le \eta e^\eta \ell^{-\beta}$; under uniform routing with gain $\gamma$,
    for $\tau \le \tau_{\max}$, $c_- \ell^{-\beta} \le J^{sessa}_{\tau+\ell,\tau} \le c_+ \ell^{-\beta}$: here with
    $c_- = \gamma/(\tau_{\max}+1)$ and $c_+ = \gamma/\Gamma(1+\gamma)$, the best.
    """,
    trust="real arithmetic; every T, so that the constants do not depend on it; balls in (iii) for eta in [0, 1]",
    needs=("lem:C.1", "prop:5", "thm:8", "cor:F.2", "cor:F.3"),
    not_higher="(iii): 1 / Gamma(1 + eta) <= e^eta is shown by balls on the sign of its logarithm's derivative",
    bends=(
        Bend("(i) half of the spread", {"spread": 0.5}),
        Bend("(iii) a constant smaller by a tenth", {"constant": 0.9}),
        Bend("(iii) c_- larger by a tenth", {"lower": 1.1}),
    ),
)
def fixed_routing(evidence: Evidence, *, spread: float = 1.0, constant: float = 1.0, lower: float = 1.0) -> None:
    """Each mechanism: the proof in symbols, then a real layer of each kind."""
    _note_softmax_weights(evidence)
    _note_transitions(evidence)
    _note_upper_tail(evidence, constant)
    _note_two_sided_tail(evidence, lower)
    T = 60 if evidence.quick else 1001
    layer = _attention()
    x = tokens(T)
    alpha, logits = causal_attention.kernel(layer, x), spread * causal_attention.logit_spread(layer, x)
    low, high = diffuse_bounds(logits, np.arange(1.0, T + 1))
    visible = np.tri(T, dtype=bool) & (np.arange(T) > 0)[:, None]
    tight = np.max(np.where(visible, np.maximum(alpha / high[:, None], low[:, None] / np.where(visible, alpha, 1)), 0))
    evidence.constructed(
        "(i) attention", float(tight), 1 + 1e-12, f"a causal attention, T = {T}: both bounds, every pair"
    )
    ssm = _ssm()
    selection = ssm.select(x)
    K = np.abs(selective_ssm.kernel(ssm.rates, selection))
    written = selective_ssm.input_factor(ssm.rates, selection.step) * selection.write
    size = np.linalg.norm(selection.read, axis=-1).max() * np.linalg.norm(written, axis=-1).max()
    lag = np.subtract.outer(np.arange(T), np.arange(T))
    exponent = ssm.rates.min() * times.slowest_average_step(selection.step)
    ratio = (K / (size * np.exp(-exponent * lag)))[lag > 0].max()
    evidence.constructed("(ii) Mamba", float(ratio), 1 + 1e-9, f"a selective model, T = {T}, all lags")
    parameters = diffuse_layer(routing=1.0)
    steps = reference.trace(parameters, x)
    eta = float(np.abs(steps.gamma).max() * diffuseness(steps.alpha_fb))
    for source in (0, 10):
        response = np.abs(influence.impulse_response(steps.B, source))[source + 1 :]
        bound = constant * tail_constant(eta) * np.arange(1, T - source) ** (eta - 1)
        at = int(np.argmax(response / bound))
        how = f"a real layer, eta = {eta:.3f}, T = {T}; bound over influence is {bound[-1] / response[-1]:.3g} at the last lag"
        evidence.constructed("(iii) upper bound", response[at], bound[at], how, f"source {source}, lag {at + 1}")
    outputs_agree(evidence, parameters, x[:60])


def _attention() -> CausalAttention:
    return CausalAttention(*0.7 * np.random.default_rng(3).normal(size=(3, 4, 4)))


def _ssm() -> SelectiveSSM:
    rng = np.random.default_rng(5)
    return SelectiveSSM(np.array([0.05, 0.5, 2.0]), 0.2 * rng.normal(size=4), -1.0, *rng.normal(size=(2, 3, 4)))


def _note_softmax_weights(evidence: Evidence) -> None:
    """A weight rises with its own logit and falls with others, so it is extreme where they are Delta apart."""
    n, more, tau, j = sympy.symbols("n more tau j", nonnegative=True)
    ratio, size = 1 + more, n + 1  # e^Delta, and the number of visible tokens
    lag = 1 + j
    slacks = [
        ratio / size - ratio / (ratio + n),  # own logit highest, all others lowest
        1 / (1 + n * ratio) - 1 / (ratio * size),
        (tau + 2) * lag - (tau + lag + 1),  # t + 1 is at most (tau + 2) lag, and at least lag
    ]
    evidence.nonnegative(
        "(i) attention",
        slacks,
        "both extreme weights against e^(+-Delta) / n; lag <= t + 1 <= (tau + 2) lag",
    )


def _note_transitions(evidence: Evidence) -> None:
    rate, more, extra = sympy.symbols("lambda more extra", nonnegative=True)
    slope, lag = sympy.symbols("c_Delta lag", positive=True)
    slack = (rate + more) * (slope * lag + extra) - rate * slope * lag
    evidence.nonnegative("(ii) Mamba", slack, "exponent a_n sum Delta_r of every mode against the claimed one")


def _note_upper_tail(evidence: Evidence, constant: float) -> None:
    """|K| <= eta a_tau b_t <= lag^(-beta) / Gamma(eta), and 1 / Gamma(1 + eta) <= e^eta."""
    evidence.identity("(iii) upper bound", uniform_recurrence_defect(), "the kernel of uniform routing, all t and tau")
    note_lag_power(evidence, "(iii) upper bound")
    pairs = []
    for i in range(20):
        eta = flint.arb((2 * i + 1) / 40, 1 / 40)
        pairs.append((-(1 + eta).digamma(), flint.arb(1), f"eta in [{i / 20:g}, {(i + 1) / 20:g}]"))
    if constant != 1:
        near = flint.arb(0.01)
        pairs.append(((1 + near).rgamma(), constant * near.exp(), "eta = 0.01, source 0, lag to infinity"))
    how = "log Gamma(1 + eta) + eta is 0 at 0 and rises on [0, 1]: its derivative is psi(1 + eta) + 1 > 0"
    evidence.enclosed("(iii) eta e^eta is large enough", pairs, how)


def _note_two_sided_tail(evidence: Evidence, lower: float) -> None:
    claim = "(iii) two-sided"
    note_lag_power(evidence, claim)
    pairs = []
    for gamma in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)):
        for last in (0, 3, 20):
            first = uniform_kernel(last + 1, last, gamma)
            pairs.append((rational(lower) * gamma / (last + 1), first, f"gamma = {gamma}, tau = {last}, lag 1"))
    evidence.exact(claim, pairs, "lag 1, where the least is attained: gamma / (tau + 1), exact rationals")


@states(
    "prop:10",
    "End-to-end decay envelopes",
    where="Section 4.2.6, Proposition 10",
    says=r"""
    For $\tau < t$: (i) attention with $\alpha \le c_2/(t+1)$, $\sum_j \lVert \partial\alpha_{t,j}/\partial x_\tau \rVert \le
    L_\alpha/(t+1)$, $\lVert v \rVert \le V_R$, $\lVert \partial v \rVert \le L_v$:
    $\lVert \partial y_t/\partial x_\tau \rVert \le \alpha_{t,\tau} L_v + V_R \sum_j \lVert \partial\alpha_{t,j}/\partial x_\tau
    \rVert \le (c_2 L_v + V_R L_\alpha)/(t+1)$. (ii) Mamba under failed freeze time: $C(R) e^{-\lambda c_\Delta \ell}$.
    (iii) Sessa under Corollary B.7: $C \ell^{-\beta} (1 + \log(1+\ell))$.
    """,
    trust="real arithmetic, with Corollaries 4.6 and B.7; (i) for four tokens, of which the three that do not move stand for any number; "
    "layers' Jacobians in float64 to lag 1000, Sessa's in torch too",
    needs=("lem:4.3", "cor:4.6", "cor:B.7"),
    bends=(
        Bend("(i) without the routing term", {"routing": 0.0}),
        Bend("(iii) a hundredth of the constant", {"constant": 0.01}),
    ),
)
def end_to_end(evidence: Evidence, *, routing: float = 1.0, constant: float = 1.0) -> None:
    """The derivative of softmax attention in symbols; real layers of each kind."""
    _note_attention_derivative(evidence)
    T = 60 if evidence.quick else 1001
    layer, x = _attention(), tokens(T)
    for source in (0, 20):
        paths = causal_attention.jacobian(layer, x, source)
        norms = np.linalg.norm((paths.value + paths.routing)[source + 1 :], ord=2, axis=(-2, -1))
        bound = _attention_bound(layer, x, source, routing)[source + 1 :]
        at = int(np.argmax(norms / bound))
        steady = (norms * np.arange(source + 2, T + 1)).max()
        how = f"a causal attention, T = {T}: (t + 1) |dy_t / dx_tau| is at most {steady:.3g}"
        evidence.constructed("(i) attention", norms[at], bound[at], how, f"source {source}, lag {at + 1}")
    note_one_step(evidence, "(ii) Mamba")
    _note_transitions(evidence)
    note_tail_without_logarithm(evidence, "(iii) Sessa")
    for one in measured_layers(evidence, cases=1):
        c = one.found.constants
        size = constant * one.output_norm * one.found.gate
        bound = size * theorem_23_bound(one.lags, c.eta, c.at_source, c.later)
        at = int(np.argmax(one.found.outputs / bound))
        text = f"{one.name}, lag {one.lags[at]:g}"
        evidence.constructed("(iii) Sessa", one.found.outputs[at], bound[at], "a real layer", text)


def _attention_bound(layer: CausalAttention, x: Array, source: int, routing: float) -> Array:
    """Item (i)'s middle term, its second part times `routing`."""
    alpha = causal_attention.kernel(layer, x)[:, source]
    gradient = np.linalg.norm(causal_attention.key_gradient(layer, x), axis=-1)
    largest = np.linalg.norm(x @ layer.v_weight.T, axis=-1).max()
    bound = jacobian_bound(alpha, gradient, float(np.linalg.norm(layer.v_weight, 2)), routing * float(largest))
    return np.asarray(bound)


def _note_attention_derivative(evidence: Evidence) -> None:
    """dy = alpha dv + sum_j dalpha_j v_j; the weights' variation is 2 alpha (1 - alpha) |dz|, for four tokens."""
    x, count = sympy.Symbol("x"), 4
    z = [sympy.Function("z")(x), *sympy.symbols("z1:4")]
    v = [sympy.Function("v")(x), *sympy.symbols("v1:4")]
    total = sum(sympy.exp(one) for one in z)
    alpha = [sympy.exp(one) / total for one in z]
    y: sympy.Expr = sum((a * one for a, one in zip(alpha, v, strict=True)), sympy.Integer(0))
    parts = alpha[0] * v[0].diff(x) + sum(a.diff(x) * one for a, one in zip(alpha, v, strict=True))
    defects = [y.diff(x) - parts]
    slope = z[0].diff(x)
    for j in range(count):
        defects.append(alpha[j].diff(x) - alpha[j] * (int(j == 0) - alpha[0]) * slope)
    evidence.identity(
        "(i) attention", [sympy.simplify(one) for one in defects], "one moved token among four, in symbols"
    )
    a = share("alpha")
    slack = 2 * a - (a * (1 - a) + a * (1 - a))  # |a (1 - a)| and the sum over the others, a times (1 - a)
    evidence.nonnegative("(i) attention", slack, "sum_j |alpha_j (1[j = tau] - alpha)| <= 2 alpha")


ROWS = (fixed_routing, end_to_end)
