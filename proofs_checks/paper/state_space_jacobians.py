"""State-space models: end-to-end Jacobians (Sections 4.2.4 and 4.2.6, Appendices C.4 and C.6)."""

from typing import Any

import numpy as np
import sympy

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.tail_proofs import share
from sessa_ref.influence import selective_ssm
from sessa_ref.influence.selective_ssm import SelectiveSSM
from sessa_ref.notation import Array
from sessa_ref.theory import selective_ssm as bounds


@states(
    "prop:4",
    "Mamba: end-to-end Jacobians by accumulated discretisation time",
    where="Section 4.2.4, Proposition 4",
    says=r"""
    $h_t = A_t h_{t-1} + G_t \tilde B_t u_t$, $y_t = C_t h_t$, $h_{-1} = 0$; $A_t = e^{-a_n \Delta_t}$ and
    $G_t = (1 - e^{-a_n \Delta_t})/a_n$ on the diagonal, $a_n \ge \lambda > 0$ fixed, all else a function of $x_t$ alone, with
    $\lVert u_t \rVert \le U_R$, $\lVert \tilde B_t \rVert \le G_{\max}$, $\lVert C_t \rVert \le C_R$ and derivatives of
    $A_t$, $\tilde B_t$, $u_t$ at most $L_A$, $L_B$, $L_u$ on $\mathcal{X}_R$. Then, for $\tau < t$,
    $\lVert \partial y_t / \partial x_\tau \rVert \le C_R J_R \exp(-\lambda \sum_{r=\tau+1}^t \Delta_r)$ with
    $J_R = L_A H_R + \frac{L_A}{\lambda} G_{\max} U_R + \frac{1}{\lambda}(L_B U_R + G_{\max} L_u)$,
    $H_R = \sqrt{d_{state}} \, G_{\max} U_R / \lambda$.
    """,
    trust="real arithmetic; every selection and T; models' Jacobians in float64 to lag 1000",
    needs=("lem:4.4", "rem:C.2"),
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("the fastest rate in place of the slowest", {"fastest": True}),
    ),
)
def jacobian_by_accumulated_time(evidence: Evidence, *, constant: float = 1.0, fastest: bool = False) -> None:
    """The derivative of one step, the triangle inequality term by term, and models from mild to extreme."""
    note_one_step(evidence, "the bound")
    for name, ssm, x, radius in _models(evidence):
        limit = constant * _jacobian_constant(ssm, radius)
        rates = np.array([ssm.rates.max()]) if fastest else ssm.rates
        for source in (0, 3):
            factor = bounds.memory_factor(rates, ssm.select(x).step)[:, source]
            norms = np.linalg.norm(selective_ssm.jacobian(ssm, x, source), ord=2, axis=(-2, -1))
            _note_model(evidence, norms, limit * factor, source, name)


@states(
    "cor:4.6",
    "Failed freeze time: exponential decay of end-to-end Jacobians",
    where="Section 4.2.6, Corollary 4.6",
    says=r"""
    Under Proposition 4 and $\sum_{r=\tau+1}^t \Delta_r(x) \ge c_\Delta (t - \tau)$ for the pair $\tau < t$:
    $\lVert \partial y_t / \partial x_\tau \rVert \le C(R) \, e^{-\lambda c_\Delta (t - \tau)}$.
    """,
    trust="real arithmetic, from Propositions 4 and 5; models' Jacobians in float64 to lag 1000",
    needs=("prop:4", "prop:5"),
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("c_Delta doubled", {"freeze": 2.0}),
    ),
)
def exponential_jacobians(evidence: Evidence, *, constant: float = 1.0, freeze: float = 1.0) -> None:
    """Both propositions in one: exponents in symbols, and the models."""
    note_one_step(evidence, "the bound")
    rate, extra, more = sympy.symbols("lambda extra r", nonnegative=True)
    slope, lag = sympy.symbols("c_Delta lag", positive=True)
    slack = (rate + more) * (slope * lag + extra) - rate * slope * lag
    evidence.nonnegative("the bound", slack, "a_n times the sum of steps is at least lambda c_Delta lag")
    for name, ssm, x, radius in _models(evidence):
        c = freeze * bounds.slowest_average_step(ssm.select(x).step)
        for source in (0, 3):
            lags = np.arange(len(x)) - source
            norms = np.linalg.norm(selective_ssm.jacobian(ssm, x, source), ord=2, axis=(-2, -1))
            bound = constant * _jacobian_constant(ssm, radius) * np.exp(-ssm.rates.min() * c * lags)
            _note_model(evidence, norms, bound, source, name)


def note_one_step(evidence: Evidence, claim: str) -> None:
    """The proof of Proposition 4, mode by mode."""
    x, a, h = sympy.symbols("x a h")
    step, b = sympy.Function("Delta")(x), sympy.Function("b")(x)
    A = sympy.exp(-a * step)
    defect = (A * h + (1 - A) / a * b).diff(x) - A.diff(x) * (h - b / a) - (1 - A) / a * b.diff(x)
    evidence.identity(claim, sympy.expand(defect), "dh_tau = A' (h - b / a) + G b'; later only A_t ... A_(tau+1) acts")
    L_A, H, M, L_b, rate = sympy.symbols("L_A H M L_b lambda", positive=True)
    more, sums = sympy.symbols("r S", nonnegative=True)
    s, t, d = share("s"), share("t"), sympy.Symbol("d", positive=True)
    slacks = [
        L_A * H - (L_A * s) * (H * t),  # |A'| |h|
        L_A * M / rate - (L_A * s) * (M * t) / (rate + more),  # |A'| |b| / a
        L_b / rate - s / (rate + more) * (L_b * t),  # G |b'|, where 1 - exp(-a Delta) is a share
        (rate + more) * sums - rate * sums,  # exponents of the transitions
        d * H**2 - d * (H * s) ** 2,  # |h|^2 <= d_state max_n h_n^2
    ]
    evidence.nonnegative(
        claim,
        slacks,
        "the terms of J_R one by one, with what is at most a bound written as a share of it; the transitions; H_R",
    )


def _models(evidence: Evidence) -> list[tuple[str, SelectiveSSM, Array, float]]:
    """(name, model, tokens, radius): two random ones, and one that attains the bound."""
    T = 40 if evidence.quick else 1001
    rng = np.random.default_rng(7)
    found: list[tuple[str, SelectiveSSM, Array, float]] = []
    for name, bias, rates in (("slow", -5.0, (0.1, 0.5, 2.0)), ("fast", -2.0, (0.2, 3.0, 9.0))):
        ssm = SelectiveSSM(np.array(rates), 0.3 * rng.normal(size=4), bias, *rng.normal(size=(2, 3, 4)))
        x = rng.normal(size=(T, 4))
        found.append((name, ssm, x / np.linalg.norm(x, axis=-1, keepdims=True), 1.0))
    one = np.ones((1, 1))
    steady = SelectiveSSM(np.array([1.0]), np.zeros(1), 5.0, one, one)  # a constant step of 5 with lambda = 1
    found.append(("constant long steps", steady, np.ones((min(T, 100), 1)), 1.0))
    return found


def _jacobian_constant(ssm: SelectiveSSM, radius: float) -> float:
    return bounds.jacobian_constant(ssm.rates, ssm.step_weight, ssm.write_weight, ssm.read_weight, radius)


def _note_model(evidence: Evidence, norms: Array, bound: Array, source: int, name: str) -> None:
    later = slice(source + 1, None)
    ratio: Any = norms[later] / bound[later]
    at = source + 1 + int(np.argmax(ratio))
    slack = 1 + 1e-12 * len(norms)  # roundings of a product of that many transitions
    loosest = ratio[ratio > 0].min()
    evidence.constructed(
        "the bound",
        norms[at] / bound[at],
        slack,
        f"a model ({name}, source {source}): end-to-end Jacobian over its bound; {ratio[-1]:.2g} at the last lag, {loosest:.2g} at the least",
        f"{name}, source {source}, lag {at - source}",
    )


ROWS = (jacobian_by_accumulated_time, exponential_jacobians)
