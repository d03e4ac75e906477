"""Jacobian tails of one block: the Jacobian, and assumptions on routing and gain (Sections 4.2.2 and B.2).

Assumptions are shown on a real layer: constants that its weights guarantee on the ball of radius 1 are compared with
the smallest that its tokens need. Those on smoothness are in `jacobian_smoothness`, what follows in `jacobian_bounds`.
"""

import numpy as np

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.tail_assumptions import MUCH_SMALLER, ON_THE_BALL, compared, guaranteed, needed_for
from proofs_checks.tail_layers import diffuse_layer, jacobians_agree, tokens, torch_jacobians
from sessa_ref import influence, reference
from sessa_ref.influence.tail_constants import from_weights, moved_trace
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.theory.diffuse_routing import diffuseness


class GainOfMean(reference.Formulas):
    """The gain reads the mean of the tokens so far."""

    def gain_input(self, u: Array) -> Array:
        """Running means."""
        return np.cumsum(u, axis=-2) / np.arange(1, u.shape[-2] + 1)[:, None]


class LookAhead(reference.Formulas):
    """The forward attention sees later tokens too."""

    def forward_weights(self, q: Array, k: Array, visible: Array) -> Array:
        """Every token sees every token."""
        return super().forward_weights(q, k, np.ones_like(visible))

    def attend(self, alpha: Array, v: Array) -> Array:
        """The sum over all tokens."""
        return alpha @ v


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
    trust=ON_THE_BALL,
    needs=("lem:C.1",),
    bends=(Bend("c2 times 0.8, below 1", {"factor": 0.8}),),
)
def diffuse_rows(evidence: Evidence, *, factor: float = 1.0) -> None:
    """c2 = exp(spread of the logits) from the weights; routing to the predecessor needs c2 = T - 1."""
    alpha = reference.trace(diffuse_layer(), tokens(64)).alpha_fb
    sums = np.abs(alpha.sum(axis=-1) - (np.arange(64) > 0)).max()
    needed, c2 = needed_for(evidence, "c2"), guaranteed("c2", factor)
    evidence.instance(f"c2: {compared(needed, c2)}; row sums off by {sums:.1g}", needed <= c2 and sums < 1e-13)
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
    needed = needed_for(evidence, "gamma_max", radius)
    evidence.instance(
        f"radius {radius:g}: eta = {found.eta:.3f}; gamma_max: {compared(needed, found.gamma_max)}",
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
    trust=ON_THE_BALL,
    bends=MUCH_SMALLER,
)
def tokenwise_gain(evidence: Evidence, *, factor: float = 1.0) -> None:
    """The layer's gain (18) reads its own token alone; one that reads a running mean does not."""
    needed, bound = needed_for(evidence, "L_gamma"), guaranteed("L_gamma", factor)
    evidence.instance(
        f"L_gamma: {compared(needed, bound)}; other tokens' derivatives are exactly 0",
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
    bends=(Bend("the forward attention sees later tokens", {"look_ahead": True}),),
)
def causality(evidence: Evidence, *, look_ahead: bool = False) -> None:
    """Derivatives of everything before the source are exactly 0."""
    formulas = LookAhead() if look_ahead else reference.DEFINITION
    jacobians_agree(evidence)
    evidence.instance("f, alpha_fb and gamma of the layer, T = 12, source 7", _is_causal(formulas))
    evidence.non_instance("a forward attention that sees later tokens", _is_causal(LookAhead()))


def _is_causal(formulas: reference.Formulas) -> bool:
    moved = moved_trace(diffuse_layer(), tokens(12), 7, formulas)
    return not any(np.imag(part[:, :7]).any() for part in (moved.f, moved.alpha_fb, moved.gamma))


ROWS = (block_jacobian, diffuse_rows, subcritical, tokenwise_gain, causality)
