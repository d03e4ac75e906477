"""Jacobian tails of one block: assumptions on smoothness and dilution (Appendix B.2)."""

import numpy as np

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.tail_assumptions import MUCH_SMALLER, ON_THE_BALL, compared, guaranteed, needed_for
from proofs_checks.tail_layers import diffuse_layer, jacobians_agree, tokens
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.jacobian import STEP
from sessa_ref.influence.tail_constants import measure, moved_trace
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters


class Window(reference.Formulas):
    """Both attentions see two tokens alone, so that no weight dilutes."""

    def causal_mask(self, T: int, past: int) -> Array:
        """The token itself and its predecessor."""
        return super().causal_mask(T, past) & ~np.tri(T, past + T, k=past - 2, dtype=bool)

    def strictly_causal_mask(self, T: int, past: int) -> Array:
        """The two tokens before."""
        return super().strictly_causal_mask(T, past) & ~np.tri(T, past + T, k=past - 3, dtype=bool)


class Sum(reference.Formulas):
    """The forward attention adds values up and does not average them."""

    def attend(self, alpha: Array, v: Array) -> Array:
        """The sum of the values so far."""
        return np.cumsum(v, axis=-2)


@states(
    "asm:19",
    "Same-token smoothness",
    where="Appendix B.2, Assumption 19",
    says=r"""
    On $\mathcal{X}_R$: $\lVert \partial f_t / \partial x_t \rVert_2 \le L_{f,0}$ and
    $\sum_{j<t} \lVert \partial \alpha^{fb}_{t,j} / \partial x_t \rVert_2 \le L_{\alpha,0}$, for all $t$.
    """,
    trust=ON_THE_BALL,
    needs=("lem:B.4",),
    bends=MUCH_SMALLER,
)
def same_token_smoothness(evidence: Evidence, *, factor: float = 1.0) -> None:
    """A layer without norm has both constants; a layer norm with epsilon = 0 has no L_f0."""
    for name in ("L_f0", "L_alpha0"):
        needed, bound = needed_for(evidence, name), guaranteed(name, factor)
        evidence.instance(f"{name}: {compared(needed, bound)}", needed <= bound)
    parameters = SessaParameters.random(SessaConfig.paper(4, norm="layernorm", norm_eps=0.0), 0)
    x = tokens(4)
    slopes = []
    for distance in (1e-3, 1e-6):
        x[0] = 0.5 + distance * np.array([1.0, -1.0, 2.0, 0.0])  # nearly constant: the variance is nearly 0
        slopes.append(measure(parameters, x, 0).constants.L_f0)
    evidence.non_instance(
        f"layer norm with epsilon = 0: |df_0 / dx_0| = {slopes[0]:.2g} and {slopes[1]:.2g} at tokens 1e-3 and 1e-6 from a "
        "constant one",
        slopes[1] < 500 * slopes[0],
    )


@states(
    "asm:20",
    "Bounded forward sequence",
    where="Appendix B.2, Assumption 20",
    says=r"There is $F_R < \infty$ with $\lVert f(x) \rVert_{\infty,2} \le F_R$ for all $x \in \mathcal{X}_R$.",
    trust=ON_THE_BALL,
    bends=MUCH_SMALLER,
)
def bounded_forward(evidence: Evidence, *, factor: float = 1.0) -> None:
    """f is an average of values, so the largest value bounds it; a sum of values is not bounded in T."""
    needed, bound = needed_for(evidence, "F"), guaranteed("F", factor)
    evidence.instance(f"F_R: {compared(needed, bound)}", needed <= bound)
    x = np.repeat(tokens(1), 200, axis=0)
    total = float(np.linalg.norm(reference.trace(diffuse_layer(), x, formulas=Sum()).f, axis=-1).max())
    evidence.non_instance(f"values that are added and not averaged: {total:.3g} at T = 200", total <= bound)


@states(
    "asm:21",
    "Forward cross-token Jacobians dilute",
    where="Appendix B.2, Assumption 21",
    says=r"""
    There is $L_f$ with $\lVert \partial f_t / \partial x_\tau \rVert_2 \le L_f / (t + 1)$ for all $x \in \mathcal{X}_R$
    and $\tau < t$.
    """,
    trust=ON_THE_BALL,
    needs=("lem:4.3", "lem:C.1"),
    bends=MUCH_SMALLER,
)
def forward_dilution(evidence: Evidence, *, factor: float = 1.0) -> None:
    """Full-prefix attention with bounded logits dilutes; a window of two tokens does not."""
    needed, bound = needed_for(evidence, "L_f"), guaranteed("L_f", factor)
    evidence.instance(f"L_f: {compared(needed, bound)}", needed <= bound)
    windowed = measure(diffuse_layer(), tokens(200), 198, Window()).constants.L_f
    evidence.non_instance(
        f"a window of two tokens: T |df_(T-1) / dx_(T-2)| = {windowed:.3g}, T = 200", windowed <= bound
    )


@states(
    "asm:22",
    "Smooth routing: weighted logit sensitivity dilutes",
    where="Appendix B.2, Assumption 22",
    says=r"""
    $\alpha^{fb}_{t,\cdot}$ is the softmax of logits $z_{t,i}$ over $i < t$, and there is $L_{route}$ with
    $\sum_{i<t} \alpha^{fb}_{t,i} \lVert \partial z_{t,i} / \partial x_\tau \rVert_2 \le L_{route} / (t + 1)$ for all
    $x \in \mathcal{X}_R$, $t > \tau$. By Lemma B.4
    $\sum_j \lVert \partial \alpha^{fb}_{t,j} / \partial x_\tau \rVert_2 \le 2 L_{route} / (t + 1)$.
    """,
    trust=ON_THE_BALL,
    needs=("lem:B.4", "lem:C.1"),
    bends=MUCH_SMALLER,
)
def smooth_routing(evidence: Evidence, *, factor: float = 1.0) -> None:
    """A token-wise query and diffuse rows suffice; a window of two tokens does not dilute."""
    needed, bound = needed_for(evidence, "L_route"), guaranteed("L_route", factor)
    moved = np.imag(moved_trace(diffuse_layer(), tokens(64), 3).alpha_fb) / STEP
    variation = np.linalg.norm(moved, axis=0).sum(axis=-1)[4:] * np.arange(5, 65)
    evidence.instance(
        f"L_route: {compared(needed, bound)}; (t + 1) times the weights' variation is at most {variation.max():.3g}",
        needed <= bound and bool(np.all(variation <= 2 * bound)),
    )
    windowed = measure(diffuse_layer(), tokens(200), 198, Window()).constants.L_route
    evidence.non_instance(f"a window of two tokens: {windowed:.3g} at T = 200", windowed <= bound)


@states(
    "rem:B.2",
    "When Assumption 22 holds",
    where="Appendix B.2, Remark B.2",
    says=r"""
    With a token-wise query, $x_\tau$ moves, in a row $t > \tau$, the logit $z_{t,\tau}$ alone, through its key. Then
    Assumption 22 says $\alpha^{fb}_{t,\tau} \lVert \partial z_{t,\tau} / \partial x_\tau \rVert_2 \le L_{route}/(t+1)$.
    A query that depends on earlier tokens moves more logits.
    """,
    trust="float64; derivatives of the logits by complex step are exactly 0 where the remark says so",
    needs=("asm:22",),
    bends=(Bend("queries are running means", {"running": True}),),
)
def localised_sensitivity(evidence: Evidence, *, running: bool = False) -> None:
    """Which logits of later rows the token moves."""
    jacobians_agree(evidence)
    evidence.instance("the layer's feedback query (14)", _moves_one_logit(running))
    evidence.non_instance("queries that are running means of the tokens' queries", _moves_one_logit(True))


def _moves_one_logit(running: bool) -> bool:
    moved, source = moved_trace(diffuse_layer(), tokens(12), 4), 4
    q = np.cumsum(moved.q_fb, axis=-2) / np.arange(1, 13)[:, None] if running else moved.q_fb
    logits = np.tril(np.imag(q @ np.swapaxes(moved.k_fb, -1, -2)), k=-1)[:, source + 1 :]
    return not np.delete(logits, source, axis=-1).any() and bool(logits[..., source].any(axis=0).all())


ROWS = (same_token_smoothness, bounded_forward, forward_dilution, smooth_routing, localised_sensitivity)
