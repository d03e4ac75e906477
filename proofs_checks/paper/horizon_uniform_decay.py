"""Deep decay with constants that do not depend on the horizon (Corollaries 4.7 and H.2)."""

import numpy as np
import sympy

from proofs_checks import deep_stacks
from proofs_checks.evidence import Evidence
from proofs_checks.paper.deep_decay import diffuse, meets, real_stack
from proofs_checks.statement import Bend, states
from sessa_ref.theory import depth as theory

_SAYS = r"""
    Let a family of stacks of $N$ blocks, one for each horizon $T$, satisfy Theorem 35. With suprema over all horizons
    $T > \tau + \ell$, all inputs, and the sources $\tau$ named:

    - (i) *Attention*: if $K_n(t, \tau) \le a_n/(t+1)$, then
      $\sup_{\tau \le \tau_{\max}} \lVert \partial h_{\tau+\ell} / \partial x_\tau \rVert \lesssim (\log(1+\ell))^{N-1}/(1+\ell)$.
    - (ii) *State space*: if $K_n(t, \tau) \le a_n e^{-c_n(t-\tau)}$, then
      $\sup_\tau \lVert \partial h_{\tau+\ell} / \partial x_\tau \rVert \lesssim (1+\ell)^{N-1} e^{-c_*\ell}$.
    - (iii) *Sessa*: if $K_n(t, \tau) \le a_n (t-\tau)^{-\beta} (1 + \log(1+t-\tau))$, then
      $\sup_\tau \lVert \partial h_{\tau+\ell} / \partial x_\tau \rVert \lesssim \sum_k \ell^{k(1-\beta)-1} (1+\log(1+\ell))^k$, which tends to 0
      if $N(1-\beta) < 1$.
"""
_BENDS = (
    Bend("N (1 - beta) = 1 in (iii)", {"subcritical": False}),
    Bend("all constants smaller by nine tenths", {"constant": 0.1}),
)
_TRUST = (
    "real arithmetic; every N, lag and horizon; the bounds are Theorem 35 with Propositions 32 to 34, checked in their rows; here the "
    "limits (SymPy; every N by a root of the bound, N up to 4 as they stand); real stacks in float64"
)


@states(
    "cor:4.7",
    "Deep decay, uniform in the horizon",
    where="Section 4.2.7, Corollary 4.7",
    says=_SAYS,
    needs=("thm:35", "prop:32", "prop:33", "prop:34"),
    trust=_TRUST,
    bends=_BENDS,
)
def deep_decay_uniform_in_the_horizon(evidence: Evidence, *, subcritical: bool = True, constant: float = 1.0) -> None:
    """The limits; then real stacks of all three kinds at growing horizons, with the constants of the longest."""
    _limits(evidence, subcritical)
    for kind, item in (("attention", "(i)"), ("state space", "(ii)"), ("Sessa", "(iii)")):
        measured, rate = real_stack(evidence, kind, 3)
        T = len(measured.whole)
        for horizon in (T // 4, T // 2, T):
            prefix = deep_stacks.Measured(
                [n[:horizon, :horizon] for n in measured.blocks], measured.whole[:horizon, :horizon]
            )
            # Causal blocks: the Jacobians of a prefix are those of the prefix alone, and lag and source decide the bound.
            bound = constant * _bound(kind, measured, rate, horizon)
            meets(evidence, item, prefix, bound, f"three layers, {kind}, constants of T = {T}")


@states(
    "cor:H.2",
    "Deep decay, uniform in the horizon (appendix)",
    where="Appendix H.5, Corollary H.2",
    says=_SAYS
    + r"""
    The proof adds that in (iii) the bound tends to 0 exactly when $N(1-\beta) < 1$.
    """,
    needs=("cor:4.7",),
    trust=_TRUST,
    bends=_BENDS,
)
def deep_decay_appendix(evidence: Evidence, *, subcritical: bool = True, constant: float = 1.0) -> None:
    """The limits, both ways for (iii); then blocks of width 1 that attain their envelopes at every horizon."""
    _limits(evidence, subcritical)
    lag = sympy.Symbol("lag", positive=True)
    grown = 1 + sympy.log(1 + lag)
    at_one, above = (
        sympy.limit(1 / grown**2, lag, sympy.oo),
        sympy.limit(lag ** sympy.Rational(-1, 10) / grown**2, lag, sympy.oo),
    )
    evidence.identity(
        "(iii)", [at_one, above], "exactly when: for N (1-beta) = 1 and 11/10 the bound's inverse tends to 0"
    )
    T = 40 if evidence.quick else 300
    lags = np.maximum(np.subtract.outer(np.arange(T), np.arange(T)), 1).astype(float)
    for kind, item, envelope, rate in (
        ("attention", "(i)", diffuse(T), 0.0),
        ("state space", "(ii)", np.exp(-0.1 * lags), 0.1),
        ("Sessa", "(iii)", lags**-0.75 * (1 + np.log1p(lags)), 0.75),
    ):
        # Linear blocks with entries >= 0: norms of a product are products of kernels, nothing cancels.
        kernel = np.tril(envelope, k=-1)
        measured = deep_stacks.Measured([np.eye(T) + kernel] * 3, theory.path_sum([1.0] * 3, [kernel] * 3))
        for horizon in (T // 4, T):
            prefix = deep_stacks.Measured(
                [n[:horizon, :horizon] for n in measured.blocks], measured.whole[:horizon, :horizon]
            )
            meets(
                evidence,
                item,
                prefix,
                constant * _bound(kind, measured, rate, horizon),
                f"kernels equal to the envelope, {kind}",
            )


def _limits(evidence: Evidence, subcritical: bool) -> None:
    lag, rate, room, power = sympy.symbols("lag rate room power", positive=True)
    roots = (
        ("(i)", sympy.log(1 + lag) / (1 + lag) ** power),
        ("(ii)", (1 + lag) ** power * sympy.exp(-rate * lag)),
        ("(iii)", (1 + sympy.log(1 + lag)) / lag**power),
    )
    for item, root in roots:
        limit = sympy.limit(root, lag, sympy.oo)
        evidence.identity(item, limit, "every N: a root of the bound, with a free positive power, tends to 0")
    for N in range(1, 5):
        attention = sympy.log(1 + lag) ** (N - 1) / (1 + lag)
        state_space = (1 + lag) ** (N - 1) * sympy.exp(-rate * lag)
        below_one = sympy.Integer(1) - (room if subcritical else 0)
        sessa = lag ** (below_one - 1) * (1 + sympy.log(1 + lag)) ** N
        for item, bound in (("(i)", attention), ("(ii)", state_space), ("(iii)", sessa)):
            evidence.identity(
                item,
                sympy.limit(bound, lag, sympy.oo),
                f"N = {N}: the bound tends to 0, as every power of a logarithm does against a power; it depends on the lag alone",
            )


def _bound(kind: str, measured: deep_stacks.Measured, rate: float, horizon: int) -> np.ndarray:
    """The bound at all t and tau below the horizon, with the d_n and a_n of the whole run."""
    T = len(measured.whole)
    every = np.maximum(np.subtract.outer(np.arange(T), np.arange(T)), 1).astype(float)
    lags = every[:horizon, :horizon]
    if kind == "attention":
        weights = theory.path_weights(measured.diagonal(), measured.constants(diffuse(T)))
        return theory.deep_attention_constant(weights) * np.log1p(lags) ** (len(measured.blocks) - 1) / (1 + lags)
    if kind == "state space":
        weights = theory.path_weights(measured.diagonal(), measured.constants(np.exp(-rate * every)))
        return theory.deep_ssm_constant(weights) * (1 + lags) ** (len(measured.blocks) - 1) * np.exp(-rate * lags)
    weights = theory.path_weights(measured.diagonal(), measured.constants(every**-rate * (1 + np.log1p(every))))
    return theory.deep_sessa_bound(weights, rate, lags)


ROWS = (deep_decay_uniform_in_the_horizon, deep_decay_appendix)
