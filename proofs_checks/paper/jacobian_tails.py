"""Jacobian tails of one block: the Jacobian, and the assumptions of Appendix B (Sections 4.1 and B.2).

Assumptions are shown on a real layer: constants that its weights guarantee on the ball of radius 1 are compared with
the smallest that its tokens need. What follows from the assumptions is in `jacobian_bounds`.
"""

import numpy as np

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.tail_layers import diffuse_layer, tokens, torch_jacobians
from sessa_ref import influence, reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.jacobian import STEP
from sessa_ref.influence.tail_constants import from_weights, measure, moved_trace
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.theory.diffuse_routing import diffuseness

_TRUST = "float64; one block of width 4 on the ball of radius 1, T up to {}; its constants hold for every T"
_LOOSER = (Bend("the constant of the weights, times 0.01", {"factor": 0.01}),)


class Window(reference.Formulas):
    """Both attentions see two tokens alone, so that no weight dilutes."""

    def causal_mask(self, T: int, past: int) -> Array:
        """The token itself and its predecessor."""
        return super().causal_mask(T, past) & ~np.tri(T, past + T, k=past - 2, dtype=bool)

    def strictly_causal_mask(self, T: int, past: int) -> Array:
        """The two tokens before."""
        return super().strictly_causal_mask(T, past) & ~np.tri(T, past + T, k=past - 3, dtype=bool)


class LookAhead(reference.Formulas):
    """The forward attention sees later tokens too."""

    def forward_weights(self, q: Array, k: Array, visible: Array) -> Array:
        """Every token sees every token."""
        return super().forward_weights(q, k, np.ones_like(visible))

    def attend(self, alpha: Array, v: Array) -> Array:
        """The sum over all tokens."""
        return alpha @ v


class GainOfMean(reference.Formulas):
    """The gain reads the mean of the tokens so far."""

    def gain_input(self, u: Array) -> Array:
        """Running means."""
        return np.cumsum(u, axis=-2) / np.arange(1, u.shape[-2] + 1)[:, None]


class Sum(reference.Formulas):
    """The forward attention adds values up and does not average them."""

    def attend(self, alpha: Array, v: Array) -> Array:
        """The sum of the values so far."""
        return np.cumsum(v, axis=-2)


def _needed(name: str, quick: bool, radius: float = 1.0, **settings: reference.Formulas) -> float:
    """The largest value of a constant over some sources and tokens in the ball of that radius."""
    T = 24 if quick else 200
    layer = diffuse_layer()
    return max(
        getattr(measure(layer, tokens(T, radius, seed), source, **settings).constants, name)
        for seed in range(1 if quick else 3)
        for source in (0, 1, T // 2, T - 2)
    )


def _guaranteed(name: str, factor: float = 1.0) -> float:
    return factor * getattr(from_weights(diffuse_layer(), 1.0), name)


def _compared(needed: float, guaranteed: float) -> str:
    return f"the tokens need {needed:.4g}, the weights guarantee {guaranteed:.4g}"


@states(
    "def:3",
    "End-to-end block Jacobian",
    where="Section 4.2.2, Definition 3",
    says=r"""
    For a block $y = G(x)$ on tokens $x \in (\mathbb{R}^D)^T$, $J^{e2e}_{t,\tau}(x) = \partial y_t(x) / \partial x_\tau
    \in \mathbb{R}^{D \times D}$: nothing is held fixed, routing moves with the token. For $\tau < t$ it measures
    long-range influence.
    """,
    trust="float64; complex steps through the definition against torch.func.jacfwd through the torch layer",
    bends=(Bend("the routing is held fixed", {"routing_moves": False}),),
)
def block_jacobian(evidence: Evidence, *, routing_moves: bool = True) -> None:
    """Two ways to differentiate agree; with routing frozen the answer is another."""
    parameters, source = diffuse_layer(routing=3.0, gain=1.0), 2
    x = tokens(12 if evidence.quick else 60)
    blocks = influence.block_jacobian(parameters, x, source)
    frozen = _with_fixed_routing(parameters, x, source)
    norms = np.linalg.norm((blocks if routing_moves else frozen)[source + 1 :], ord=2, axis=(-2, -1))
    in_torch = torch_jacobians(parameters, x, source).outputs
    difference = float(np.max(np.abs(norms / in_torch - 1)))
    evidence.agreement(difference, 1e-10, "norms of all blocks, complex step and torch.func.jacfwd, relative")
    evidence.instance("dy_t / dx_tau by complex step, 0 before tau", not blocks[:source].any() and bool(norms.all()))
    gap = np.abs(frozen - blocks)[source + 1 :].max() / np.abs(blocks[source + 1 :]).max()
    evidence.non_instance(f"the Jacobian with routing frozen differs by {gap:.2g} of the largest entry", gap < 1e-6)


def _with_fixed_routing(parameters: SessaParameters, x: Array, source: int) -> Array:
    """dy_t / dx_tau for t > tau with both attentions' weights and the gains frozen."""
    steps, D = reference.trace(parameters, x), parameters.config.width
    K = np.linalg.inv(np.eye(len(x)) - steps.B) @ steps.alpha_fwd[0]
    slope = reference.DEFINITION.gelu_derivative(steps.a[source])
    token_to_value = parameters["mixer.v_proj.weight"] @ (slope[:, None] * parameters["W_in.weight"][:D])
    return np.einsum("t,ij,tj,jk->tik", K[:, source], parameters["W_out.weight"], steps.g, token_to_value)


@states(
    "asm:15",
    "Row-stochastic and diffuse feedback attention",
    where="Appendix B.2, Assumption 15",
    says=r"""
    For all $x \in \mathcal{X}_R$ and $t \ge 1$: $\alpha^{fb}_{t,j} \ge 0$, $\sum_{j<t} \alpha^{fb}_{t,j} = 1$, and
    $\alpha^{fb}_{t,j} \le c_2 / t$ with one $c_2 = c_2(R) < \infty$; $\alpha^{fb}_{0,\cdot} = 0$.
    """,
    trust=_TRUST.format(200),
    needs=("lem:C.1",),
    bends=(Bend("c2 times 0.8, below 1", {"factor": 0.8}),),
)
def diffuse_rows(evidence: Evidence, *, factor: float = 1.0) -> None:
    """c2 = exp(spread of the logits) from the weights; routing to the predecessor needs c2 = T - 1."""
    alpha = reference.trace(diffuse_layer(), tokens(64)).alpha_fb
    sums = np.abs(alpha.sum(axis=-1) - (np.arange(64) > 0)).max()
    needed, c2 = _needed("c2", evidence.quick), _guaranteed("c2", factor)
    evidence.instance(f"c2: {_compared(needed, c2)}; row sums off by {sums:.1g}", needed <= c2 and sums < 1e-13)
    sharp = diffuseness(influence.sharpened_routing(200, 1.0, np.inf))
    evidence.non_instance(
        f"each token reads its predecessor: c2 = {sharp:g} at T = 200, and T - 1 for all", sharp <= c2
    )


@states(
    "asm:16",
    "Bounded gain, nontrivial diffuse regime",
    where="Appendix B.2, Assumption 16",
    says=r"""
    $|\gamma_t(x)| \le \gamma_{\max} < 1$ on $\mathcal{X}_R$, and $\eta = \gamma_{\max} c_2 < 1$ with
    $\beta_{tail} = 1 - \eta \in (0, 1)$; so $\eta > 0$ as well.
    """,
    trust="float64; operator norms of one block's weights; gamma_max and c2 hold on the whole ball, for every T",
    needs=("asm:15",),
    bends=(Bend("the ball of radius 3", {"radius": 3.0}),),
)
def subcritical(evidence: Evidence, *, radius: float = 1.0) -> None:
    """A layer falls under it on a small ball and need not on a larger one."""
    layer = diffuse_layer()
    found = from_weights(layer, radius)
    needed = _needed("gamma_max", evidence.quick, radius)
    evidence.instance(
        f"radius {radius:g}: eta = {found.eta:.3f}; gamma_max: {_compared(needed, found.gamma_max)}",
        needed <= found.gamma_max and 0 < found.eta < 1,
    )
    eta = from_weights(diffuse_layer(routing=1.0), 2.0).eta
    evidence.non_instance(f"larger queries and keys, radius 2: eta = {eta:.3g}", eta < 1)


@states(
    "asm:17",
    "Token-wise feedback gain",
    where="Appendix B.2, Assumption 17",
    says=r"""
    $\gamma_t(x) = \gamma(x_t)$, so $\partial \gamma_t / \partial x_\tau = 0$ for $\tau < t$, and
    $\lVert \partial \gamma(x_t) / \partial x_t \rVert_2 \le L_\gamma$ for $\lVert x_t \rVert_2 \le R$.
    """,
    trust=_TRUST.format(200),
    bends=_LOOSER,
)
def tokenwise_gain(evidence: Evidence, *, factor: float = 1.0) -> None:
    """The layer's gain (18) reads its own token alone; one that reads a running mean does not."""
    needed, bound = _needed("L_gamma", evidence.quick), _guaranteed("L_gamma", factor)
    evidence.instance(
        f"L_gamma: {_compared(needed, bound)}; other tokens' derivatives are exactly 0",
        needed <= bound and _gain_reads_its_token(reference.DEFINITION),
    )
    evidence.non_instance("a gain that reads the mean of the tokens so far", _gain_reads_its_token(GainOfMean()))


def _gain_reads_its_token(formulas: reference.Formulas) -> bool:
    moved = np.imag(moved_trace(diffuse_layer(), tokens(12), 4, formulas).gamma)
    return not np.delete(moved, 4, axis=-1).any()


@states(
    "asm:18",
    "Causality of forward branch and routing",
    where="Appendix B.2, Assumption 18",
    says=r"""
    $f_k(x)$, $\alpha^{fb}_{k,\cdot}(x)$ and $\gamma_k(x)$ depend on $x_0, \dots, x_k$ alone: their derivatives with
    respect to $x_\tau$ vanish for $\tau > k$.
    """,
    trust="float64; derivatives by complex step are exactly 0, in torch by forward mode as well",
    bends=(Bend("the forward attention sees later tokens", {"formulas": LookAhead()}),),
)
def causality(evidence: Evidence, *, formulas: reference.Formulas = reference.DEFINITION) -> None:
    """Derivatives of everything before the source are exactly 0."""
    evidence.instance("f, alpha_fb and gamma of the layer, T = 12, source 7", _is_causal(formulas))
    evidence.non_instance("a forward attention that sees later tokens", _is_causal(LookAhead()))


def _is_causal(formulas: reference.Formulas) -> bool:
    moved = moved_trace(diffuse_layer(), tokens(12), 7, formulas)
    return not any(np.imag(part[:, :7]).any() for part in (moved.f, moved.alpha_fb, moved.gamma))


@states(
    "asm:19",
    "Same-token smoothness",
    where="Appendix B.2, Assumption 19",
    says=r"""
    On $\mathcal{X}_R$: $\lVert \partial f_t / \partial x_t \rVert_2 \le L_{f,0}$ and
    $\sum_{j<t} \lVert \partial \alpha^{fb}_{t,j} / \partial x_t \rVert_2 \le L_{\alpha,0}$, for all $t$.
    """,
    trust=_TRUST.format(200),
    needs=("lem:B.4",),
    bends=_LOOSER,
)
def same_token_smoothness(evidence: Evidence, *, factor: float = 1.0) -> None:
    """A layer without norm has both constants; a layer norm with epsilon 0 has no L_f0."""
    for name in ("L_f0", "L_alpha0"):
        needed, bound = _needed(name, evidence.quick), _guaranteed(name, factor)
        evidence.instance(f"{name}: {_compared(needed, bound)}", needed <= bound)
    parameters = SessaParameters.random(SessaConfig.paper(4, norm="layernorm", norm_eps=0.0), 0)
    x = tokens(4)
    slopes = []
    for distance in (1e-3, 1e-6):
        x[0] = 0.5 + distance * np.array([1.0, -1.0, 2.0, 0.0])  # nearly constant: the variance is nearly 0
        slopes.append(measure(parameters, x, 0).constants.L_f0)
    evidence.non_instance(
        f"layer norm with epsilon 0: |df_0 / dx_0| = {slopes[0]:.2g} and {slopes[1]:.2g} at tokens 1e-3 and 1e-6 from a "
        "constant one",
        slopes[1] < 500 * slopes[0],
    )


@states(
    "asm:20",
    "Bounded forward sequence",
    where="Appendix B.2, Assumption 20",
    says=r"There is $F_R < \infty$ with $\lVert f(x) \rVert_{\infty,2} \le F_R$ for all $x \in \mathcal{X}_R$.",
    trust=_TRUST.format(200),
    bends=_LOOSER,
)
def bounded_forward(evidence: Evidence, *, factor: float = 1.0) -> None:
    """f is an average of values, so the largest value bounds it; a sum of values is not bounded in T."""
    needed, bound = _needed("F", evidence.quick), _guaranteed("F", factor)
    evidence.instance(f"F_R: {_compared(needed, bound)}", needed <= bound)
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
    trust=_TRUST.format(200),
    needs=("lem:4.3", "lem:C.1"),
    bends=_LOOSER,
)
def forward_dilution(evidence: Evidence, *, factor: float = 1.0) -> None:
    """Full-prefix attention with bounded logits dilutes; a window of two tokens does not."""
    needed, bound = _needed("L_f", evidence.quick), _guaranteed("L_f", factor)
    evidence.instance(f"L_f: {_compared(needed, bound)}", needed <= bound)
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
    trust=_TRUST.format(200),
    needs=("lem:B.4", "lem:C.1"),
    bends=_LOOSER,
)
def smooth_routing(evidence: Evidence, *, factor: float = 1.0) -> None:
    """A token-wise query and diffuse rows suffice; a window of two tokens does not dilute."""
    needed, bound = _needed("L_route", evidence.quick), _guaranteed("L_route", factor)
    moved = np.imag(moved_trace(diffuse_layer(), tokens(64), 3).alpha_fb) / STEP
    variation = np.linalg.norm(moved, axis=0).sum(axis=-1)[4:] * np.arange(5, 65)
    evidence.instance(
        f"L_route: {_compared(needed, bound)}; (t + 1) times the weights' variation is at most {variation.max():.3g}",
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
    evidence.instance("the layer's feedback query (14)", _moves_one_logit(running))
    evidence.non_instance("queries that are running means of the tokens' queries", _moves_one_logit(True))


def _moves_one_logit(running: bool) -> bool:
    moved, source = moved_trace(diffuse_layer(), tokens(12), 4), 4
    q = np.cumsum(moved.q_fb, axis=-2) / np.arange(1, 13)[:, None] if running else moved.q_fb
    logits = np.tril(np.imag(q @ np.swapaxes(moved.k_fb, -1, -2)), k=-1)[:, source + 1 :]
    return not np.delete(logits, source, axis=-1).any() and bool(logits[..., source].any(axis=0).all())


ROWS = (
    block_jacobian,
    diffuse_rows,
    subcritical,
    tokenwise_gain,
    causality,
    same_token_smoothness,
    bounded_forward,
    forward_dilution,
    smooth_routing,
    localised_sensitivity,
)
