"""Jacobian tails of one block: what follows from the assumptions (Appendices B.3 to B.5)."""

from fractions import Fraction

import flint
import numpy as np
import sympy

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.tail_layers import MeasuredLayer, diffuse_layer, measured_layers, tokens
from proofs_checks.tail_proofs import (
    note_convolution_proof,
    note_convolution_sums,
    note_tail_without_logarithm,
    rational,
)
from sessa_ref import reference
from sessa_ref.influence.tail_constants import measure
from sessa_ref.parameters import SessaParameters
from sessa_ref.theory.jacobian_tails import convolution_constant, theorem_23_bound


@states(
    "lem:B.3",
    "Bound on the mixer state",
    where="Appendix B.2, Lemma B.3",
    says=r"""
    If the rows of $\alpha^{fb}$ are convex weights (Assumption 15), $|\gamma_t| \le \gamma_{\max} < 1$ and
    $\lVert f \rVert_{\infty,2} \le F_R$, then $\lVert s(x) \rVert_{\infty,2} \le S_R = F_R / (1 - \gamma_{\max})$.
    """,
    trust="real arithmetic; every T, every norm, rows that sum to at most 1",
    needs=("asm:15", "asm:16", "asm:20"),
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("without Assumption 15: rows that sum to 2", {"row_sum": 2}),
    ),
)
def states_are_bounded(evidence: Evidence, *, constant: float = 1.0, row_sum: int = 1) -> None:
    """Induction over rows; the worst case, f = F and one predecessor, in exact rationals; a real layer."""
    gain, F = sympy.Symbol("gamma_max", positive=True), sympy.Symbol("F", positive=True)
    S = sympy.nsimplify(constant) * F / (1 - gain)
    evidence.identity("the bound", F + row_sum * gain * S - S, "induction: F + gamma_max S = S")
    pairs, state = [], Fraction(1)
    gamma = Fraction(9, 10)
    for t in range(1, 100):
        state = 1 + row_sum * gamma * state
        pairs.append((state, rational(constant) / (1 - gamma), f"gamma = 9/10, t = {t}"))
    evidence.exact("the bound", pairs, "each row reads its predecessor, f = 1: approached as t grows")
    layer, x = diffuse_layer(bias=1.0), tokens(30 if evidence.quick else 300)
    found = measure(layer, x, 0).constants
    state_norm = _largest_state(layer, x)
    evidence.constructed(
        "the bound", state_norm, constant * found.state_bound, "a real layer: F and gamma_max as measured"
    )


def _largest_state(layer: SessaParameters, x: np.ndarray) -> float:
    return float(np.linalg.norm(reference.trace(layer, x).s, axis=-1).max())


@states(
    "lem:B.6",
    "A convolution bound",
    where="Appendix B.3, Lemma B.6",
    says=r"""
    For $\beta \in (0, 1)$, integers $\ell \ge 1$ and $\tau \ge 0$:
    $\sum_{k=\tau}^{\tau+\ell-1} (\tau + \ell - k)^{-\beta} \frac{1}{k+1} \le C_\beta \, \ell^{-\beta} (1 + \log(1+\ell))$
    with $C_\beta = 2^\beta + \frac{2^\beta}{1-\beta}$.
    """,
    trust="real arithmetic; all beta in [0, 1), lags and sources; balls for finite sums beside it",
    bends=(Bend("a constant of about a third", {"constant": 0.35}),),
)
def convolution_bound(evidence: Evidence, *, constant: float = 1.0) -> None:
    """It follows from the constant 2 of ours, because C_beta >= 2."""
    note_convolution_proof(evidence, "the bound")
    boxes = 4 if evidence.quick else 20
    note_convolution_sums(
        evidence, "the bound", lambda beta: constant * convolution_constant(beta), boxes, 200, last=1 - 1 / boxes
    )


@states(
    "thm:23",
    "Polynomial Jacobian tail under diffuse routing",
    where="Appendix B.4, Theorem 23",
    says=r"""
    Under Assumptions 15 to 22 on $\mathcal{X}_R$, with $\eta = \gamma_{\max} c_2 < 1$ and $\beta = 1 - \eta$: for all
    $x \in \mathcal{X}_R$ and $\tau < t$, $\ell = t - \tau$,
    $\lVert \partial s_t / \partial x_\tau \rVert_2 \le C(R) \, \ell^{-\beta} (1 + \log(1 + \ell))$, where
    $C(R) = \max\{1, \eta e^\eta\} (A_0 + (1 + C_\beta) A_1)$,
    $A_1 = L_f + 2 \gamma_{\max} S_R L_{route}$, $A_0 = L_{f,0} + L_\gamma S_R + \gamma_{\max} S_R L_{\alpha,0}$.
    """,
    trust="real arithmetic; all T, tau, lags and eta in (0, 1); the layers' Jacobians in float64, far below the bound",
    needs=("asm:15", "asm:16", "asm:17", "asm:18", "asm:19", "asm:20", "asm:21", "asm:22", "lem:B.3", "lem:F.1"),
    not_higher="the sizes of max(1, eta e^eta) and 1 / Gamma(1 + eta) are compared in balls; the rest is symbolic",
    bends=(
        Bend("C(R) times 0.3", {"constant": 0.3}),
        Bend("an exponent larger by 2", {"faster": 2.0}),
    ),
)
def polynomial_tail(evidence: Evidence, *, constant: float = 1.0, faster: float = 0.0) -> None:
    """It follows from the tail without a logarithm (ours); then real layers, reference and torch, up to lag 1000."""
    note_tail_without_logarithm(evidence, "the tail without a logarithm")
    boxes, log_factor = 100, constant * (1 + flint.arb(2).log())
    pairs = []
    for i in range(boxes):
        eta = (2 * flint.arb(i) + 1) / (2 * boxes) + flint.arb(0, 0.5 / boxes)
        reciprocal = (1 + eta).rgamma()
        lower, upper = flint.arb(i) / boxes, flint.arb(i + 1) / boxes
        least = flint.arb.max(flint.arb(1), lower * lower.exp())
        pairs.append((upper * reciprocal, least * log_factor, f"A_0, eta <= {float(upper):.3g}"))
        pairs.append((reciprocal, 3 * least * log_factor, f"A_1, eta <= {float(upper):.3g}"))
    evidence.enclosed(
        "the printed constant is larger",
        pairs,
        "coefficients of A_0 and A_1 at lag 1, where the logarithm is least; eta in boxes over [0, 1], C_beta >= 2",
    )
    for layer in measured_layers(evidence):
        bound = constant * _printed(layer) * layer.lags**-faster
        _note_layer(evidence, "the printed constant is larger", layer.found.states, bound, layer)


@states(
    "cor:B.7",
    "Jacobian tail of block outputs",
    where="Appendix B.5, Corollary B.7",
    says=r"""
    Let $y_t = x_t + W_{out}(s_t \odot g_t) + b_{out}$ with a token-wise gate $g_t = g(x_t)$,
    $\lVert g \rVert_{\infty,2} \le G_R$. Under the assumptions of Theorem 23, for $\tau < t$,
    $\lVert \partial y_t / \partial x_\tau \rVert_2 \le \lVert W_{out} \rVert_2 G_R \, C(R) \ell^{-\beta} (1 + \log(1+\ell))$.
    """,
    trust="real arithmetic, from Theorem 23; widths 2 and 3 in symbols stand for all; layers in float64 to lag 1000",
    needs=("thm:23",),
    bends=(
        Bend("without the gate's size, and a hundredth of the constant", {"constant": 0.01, "with_gate": False}),
        Bend("the gate reads the source token too", {"tokenwise": False}),
    ),
)
def output_tail(evidence: Evidence, *, constant: float = 1.0, with_gate: bool = True, tokenwise: bool = True) -> None:
    """The product rule, the norm of a diagonal matrix, and real layers."""
    x = sympy.Symbol("x")
    for width in (2, 3):
        s = sympy.Matrix([sympy.Function(f"s{i}")(x) for i in range(width)])
        g = sympy.Matrix(
            sympy.symbols(f"g:{width}") if tokenwise else [sympy.Function(f"g{i}")(x) for i in range(width)]
        )
        W = sympy.Matrix(width, width, sympy.symbols(f"W:{width**2}"))
        defect = (W * s.multiply_elementwise(g)).diff(x) - W * sympy.diag(*g) * s.diff(x)
        evidence.identity("the bound", list(defect), "dy_t / dx_tau = W_out Diag(g_t) ds_t / dx_tau")
    largest, *others = sympy.symbols("g:4", nonnegative=True)  # absolute values of gates
    square = largest**2 + sum(other**2 for other in others)
    evidence.nonnegative("the bound", square - largest**2, "|Diag(g)| = max |g_i| <= |g|")
    for layer in measured_layers(evidence):
        size = layer.output_norm * (layer.found.gate if with_gate else 1.0)
        _note_layer(evidence, "the bound", layer.found.outputs, constant * size * _printed(layer), layer)


def _printed(layer: MeasuredLayer) -> np.ndarray:
    c = layer.found.constants
    return theorem_23_bound(layer.lags, c.eta, c.at_source, c.later)


def _note_layer(evidence: Evidence, claim: str, norms: np.ndarray, bound: np.ndarray, layer: MeasuredLayer) -> None:
    """The lag at which a Jacobian comes nearest to its bound."""
    at = int(np.argmax(norms / bound))
    last = f"{bound[-1] / norms[-1]:.3g} at lag {layer.lags[-1]:g}"
    how = f"a real layer ({layer.name}): the bound is {bound[at] / norms[at]:.3g} times too large at best, {last}"
    evidence.constructed(claim, norms[at], bound[at], how, f"{layer.name}, lag {layer.lags[at]:g}")


ROWS = (states_are_bounded, convolution_bound, polynomial_tail, output_tail)
