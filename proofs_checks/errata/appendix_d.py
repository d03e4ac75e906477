"""Errata of Appendix D."""

import numpy as np

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.ball_bounds import ball_bound
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import tokenwise


@erratum(
    "D.2-norm",
    "asm:24",
    where="Appendix D.2, (46) and Remark D.1; Proposition 25",
    kind=Kind.HYPOTHESIS,
    printed=r"""The block is that of Section 3.1, which has LayerNorm (9); $u_t$ is made from $x_t$ by affine maps and element-wise $\sigma$ with
    $|\sigma(z)| \le |z|$.""",
    correct=r"""LayerNorm is neither affine nor element-wise, and enlarges small tokens. Remark 4.1 sets $\mathrm{Norm} = \mathrm{Id}$ for the
    statements of Section 4, and has to be read here as well; or one uses that LayerNorm's values are bounded by $\sqrt{D}$ before weight and bias; then (48) and (51) hold with $L = 0$, and one $\rho$ serves all $R$.""",
    conclusion="survives, and with LayerNorm more is true: rho, F and G are bounded for all R",
)
def layer_norm_in_the_block() -> Shown:
    """A token of norm 0.014 becomes one of norm 1.35."""
    x = np.array([0.01, -0.01])
    after = float(np.linalg.norm(tokenwise.standardize(x, 1e-5)[0]))
    parameters = SessaParameters.random(SessaConfig.published(4), 0)
    margins = [ball_bound(parameters, R, 1).paper.margin for R in (1.0, 1e3, 1e9)]
    shown = after > float(np.linalg.norm(x)) and margins[2] > 0.99 * margins[0]
    return Shown(
        shown,
        f"LayerNorm of (0.01, -0.01) has norm {after:.3g}; 1 - rho at R = 1, 10^3, 10^9: {', '.join(f'{m:.5f}' for m in margins)}",
    )


@erratum(
    "D.2-every-x",
    "asm:24",
    where="Appendix D.2, (*)",
    kind=Kind.SLIP,
    printed=r"In particular, *for every* $x$, $\sup_t \sum_\tau |B_{t,\tau}(x)| \le \rho(R) < 1$.",
    correct=r"For every $x$ with $\lVert x \rVert_{\infty,2} \le R$.",
    conclusion="survives; it is used on the ball alone",
)
def outside_the_ball() -> Shown:
    """A block of one channel whose gain is tanh(GELU(x)), R = 1/10, and a token of norm 10."""
    numbers = {"W_in.weight": [[1.0], [1.0]], "W_in.bias": [0.0, 0.0]}
    numbers |= {"mixer.gamma_ctx.weight": [[1.0]], "mixer.gamma_bias": 0.0}
    parameters = SessaParameters.random(SessaConfig.paper(1), 0)
    parameters = parameters.replace({name: np.array(number) for name, number in numbers.items()})
    rho = 1 - ball_bound(parameters, 0.1, 2).paper.margin
    row = float(np.abs(reference.trace(parameters, np.full((2, 1), 10.0)).B).sum(-1).max())
    return Shown(row > rho, f"rho(1/10) = {rho:.4g}; a row sum for |x_t| = 10 is {row:.4g}")


@erratum(
    "D.3-own-token",
    "lem:D.3",
    where="Appendix D.5, Lemma D.3, as used in Remark D.4",
    kind=Kind.SLIP,
    printed=r"""Weights satisfy (45), so that $\alpha_{t,\tau} = 0$ for $\tau \ge t$; Remark D.4 refers to it for the masked softmax attention of every
    branch, so for the forward one too.""",
    correct=r"""The lemma is right as stated. The forward weights, which it does not cover by the letter, include their own token,
    $\alpha_{0,0} = 1$; it holds for any rows of weights that sum to at most 1.""",
    conclusion="survives, by the same proof",
)
def own_token() -> Shown:
    """The first row of the forward attention."""
    parameters = SessaParameters.random(SessaConfig.paper(2), 0)
    weight = float(reference.trace(parameters, np.ones((2, 2))).alpha_fwd[0, 0, 0])
    return Shown(weight == 1, f"forward weight of token 0 on itself: {weight:g}; (45) wants 0")


@erratum(
    "D.4-growth",
    "rem:D.4",
    where="Appendix D.5, Remark D.4",
    kind=Kind.HYPOTHESIS,
    printed=r"Element-wise nonlinearities have growth that is at most linear *on bounded sets*.",
    correct=r"""(51) asks for $c + L \lVert x \rVert$ for all $x$ with constants of the parameters alone: the growth has to be linear for all arguments,
    as $|\mathrm{GELU}(z)| \le |z|$ is. On bounded sets every bounded function grows linearly, $z^2 \le 10 |z|$ on $|z| \le 10$.""",
    conclusion="survives for GELU",
)
def growth_on_bounded_sets() -> Shown:
    """z^2 against c + L |z| with c = L = 10, which is enough for |z| <= 10 and not for z = 12."""
    inside = all(z * z <= 10 + 10 * abs(z) for z in range(-10, 11))
    outside = 12 * 12 > 10 + 10 * 12
    return Shown(
        inside and outside, "z^2 <= 10 + 10 |z| for |z| <= 10, and 144 > 130 at z = 12; no c and L serve all z"
    )


ERRATA: tuple[Erratum, ...] = (
    layer_norm_in_the_block,
    outside_the_ball,
    own_token,
    growth_on_bounded_sets,
)
