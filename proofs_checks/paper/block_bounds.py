"""One block's outputs on a ball, with explicit constants (Appendix D)."""

from fractions import Fraction
from itertools import product

import numpy as np
import sympy
import torch

from proofs_checks.evidence import Evidence
from proofs_checks.paper.attacked_layers import RANDOM, attacked_layers
from proofs_checks.paper.stability import RHOS, extreme_tokens
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.ball_bounds import ball_bound, growth_constants
from sessa_ref.influence.worst_inputs import largest_output
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import feedback
from sessa_ref.theory import stability

ROUNDED = 1 + 1e-12
"""What rounding may add to the norms of some thousand float64 numbers."""


@states(
    "asm:24",
    "Uniform feedback margin and row contraction",
    where="Appendix D.2, Assumption 24 (47), (*)",
    says=r"""
    For every $R \ge 0$ there is $\rho(R) \in [0, 1)$ with $\sup_{t \ge 0} |\gamma_t(x)| \le \rho(R)$ for all sequences with $\lVert x \rVert_{\infty,2} \le R$; then
    $\sup_t \sum_\tau |B_{t,\tau}(x)| = \sup_{t \ge 1} |\gamma_t(x)| \le \rho(R) < 1$ on that ball.
    """,
    needs=("def:7", "rem:D.1"),
    trust="a layer built, with rho(R) from its weights; gains in float64",
    bends=(Bend("the row sums are those of 1.01 B", {"factor": 1.01}),),
)
def feedback_margin(evidence: Evidence, *, factor: float = 1.0) -> None:
    """A layer in real arithmetic has the margin; float64 loses it where tanh rounds to 1."""
    parameters = SessaParameters.random(SessaConfig.paper(4), 2)
    x = extreme_tokens(parameters, 3.0, 40)
    steps, least = reference.trace(parameters, x), ball_bound(parameters, 3.0, 40).paper.margin
    evidence.instance(f"1 - |gamma_t| >= {least:.3g} for |x_t| <= 3", 0 < least <= 1 - np.abs(steps.gamma).max())
    rows, gains = factor * np.abs(steps.B).sum(-1), np.abs(steps.gamma)
    gains[0] = 0.0  # row 0 is empty
    evidence.instance("each row of |B| sums to |gamma_t|", bool(np.abs(rows - gains).max() <= 40 * 2.0**-52))
    outputs_agree(evidence, parameters, x)
    margin = stability.feedback_margin(100.0)
    rounded = 1 - float(feedback.gain(np.array([[100.0]]), np.ones((1, 1)), np.array(0.0), 1.0)[0])
    evidence.non_instance(f"tanh(100) in float64: 1 - gamma is 0, in real arithmetic {margin:.3g}", rounded >= margin)


@states(
    "rem:D.1",
    "An explicit rho(R)",
    where="Appendix D.2, Remark D.1 (48), (49)",
    says=r"""
    If $u_t$ comes from $x_t$ through affine maps and element-wise $\sigma$ with $|\sigma(z)| \le |z|$, such as GELU, then
    $|u_t| \le c_\gamma + L_{\gamma,pre} \lVert x \rVert_{\infty,2}$, and on the ball one may take $\rho(R) = \tanh(c_\gamma + L_{\gamma,pre} R) < 1$. For the layer,
    $c_\gamma = |b_\gamma| + \lVert w_\gamma \rVert \lVert b_a \rVert$ and $L_{\gamma,pre} = \lVert w_\gamma \rVert \lVert W_a \rVert$.
    """,
    needs=("lem:D.2",),
    trust="real arithmetic; every R and every finite weights; layers built show that the constants are attained in the limit",
    bends=(
        Bend("an element-wise map with sigma(0) = 1/100", {"offset": Fraction(1, 100)}),
        Bend("L smaller by a tenth", {"slope": 0.9}),
    ),
)
def explicit_rho(evidence: Evidence, *, offset: Fraction = Fraction(0), slope: float = 1.0) -> None:
    """GELU is below the identity, affine bounds compose, and tanh is below 1."""
    z, c, L, R, c1, L1 = sympy.symbols("z c L R c1 L1", real=True)
    phi = (1 + sympy.erf(z / sympy.sqrt(2))) / 2
    claim = "|u_t| <= c + L |x| (48)"
    # Phi(z) and Phi(-z) are positive, being integrals of a density, and sum to 1: so |z Phi(z)| <= |z|.
    evidence.identity(claim, phi + phi.subs(z, -z) - 1, "GELU(z) = z Phi(z) with Phi(z) = 1 - Phi(-z) in (0, 1)")
    evidence.exact(claim, [(offset, 0, "z = 0")], "|sigma(0)| <= 0")
    composed = stability.compose((c, L), (c1, L1))
    twice = stability.affine_bound(L, c, stability.affine_bound(L1, c1, R))
    evidence.identity(claim, sympy.expand(composed[0] + composed[1] * R - twice), "affine bounds compose to one")
    evidence.identity(
        "rho(R) < 1 (49)", 1 - sympy.tanh(z).rewrite(sympy.exp) - 2 / (sympy.exp(2 * z) + 1), "1 - tanh > 0"
    )
    for name, parameters, x in (
        ("a random block", *_random(SessaConfig.paper(4), 3.0)),
        ("a published layer", *_random(SessaConfig.published(4), 3.0)),
        ("a block of one channel with positive weights", *_positive_block(3.0)),
    ):
        steps = reference.trace(parameters, x)
        weight, bias = parameters["mixer.gamma_ctx.weight"][0], float(parameters["mixer.gamma_bias"])
        (c_here, L_here), size = growth_constants(parameters).gain, ball_bound(parameters, 3.0, len(x)).size
        reached, most = float(np.abs(steps.u @ weight + bias).max()), c_here + slope * L_here * size
        evidence.constructed(claim, reached, most * ROUNDED, f"{name}, |x_t| <= 3: the argument of tanh")
    outputs_agree(evidence, *_random(SessaConfig.published(4), 3.0))


@states(
    "lem:D.2",
    "Token-wise affine bound",
    where="Appendix D.5, Lemma D.2",
    says=r"""
    For $y_t = x_t W + b$ with one $W$ and $b$ for all tokens, $\lVert y \rVert_{\infty,2} \le \lVert W \rVert_2 \lVert x \rVert_{\infty,2} + \lVert b \rVert_2$, for any
    number of tokens. It is attained: $x_t$ along the first singular direction, $b$ along its image.
    """,
    trust="real arithmetic; every width and every number of tokens, by induction over coordinates in symbols",
    bends=(
        Bend("a spectral norm smaller by a tenth", {"constant": 0.9}),
        Bend("the bias is left out", {"with_bias": 0}),
    ),
)
def affine_maps(evidence: Evidence, *, constant: float = 1.0, with_bias: int = 1) -> None:
    """|W|^2 |x|^2 - |x W|^2 and |p| |b| - <p, b> are sums of squares, a coordinate at a time."""
    top, c, d, Q, P, p, N, b, J = sympy.symbols("sigma c delta Q P p N b J", real=True)
    claim = "the bound"
    # In singular directions |x W|^2 is the sum of sigma_i^2 c_i^2, with sigma_i^2 = sigma_1^2 - delta_i^2.
    grown = (top**2 * (Q + c**2)) - ((top**2 * Q) + (top**2 - d**2) * c**2)
    evidence.identity(claim, sympy.expand(grown - d**2 * c**2), "|W|^2 |x|^2 - |x W|^2 grows by a square")
    # Cauchy's inequality J^2 <= P N for P = |p|^2, N = |b|^2, J = <p, b>: the gap with a coordinate more, times P.
    gap = P * ((P + p**2) * (N + b**2) - (J + p * b) ** 2)
    split = P * (P * N - J**2) + (P * b - J * p) ** 2 + (P * N - J**2) * p**2
    evidence.identity(
        claim, sympy.expand(gap - split), "|p|^2 |b|^2 - <p, b>^2 grows by a square, so |p + b| <= |p| + |b|"
    )
    factor = Fraction(constant)
    evidence.exact(
        claim,
        [
            # W = diag(3, 1), |x| = 5, b along the first axis: all norms are integers.
            ((3 * x + 7) ** 2 + y**2, (factor * 3 * 5 + with_bias * 7) ** 2, f"x = ({x}, {y}), b = (7, 0)")
            for x, y in ((5, 0), (3, 4), (0, 5), (-4, 3))
        ],
        "squares of both sides, W = diag(3, 1); the first is attained",
    )
    parameters, tokens = _random(SessaConfig.paper(4), 3.0)
    weight, bias = parameters["W_in.weight"], parameters["W_in.bias"]
    left, sizes, right = np.linalg.svd(weight)
    x = np.vstack([tokens, 3.0 * right[:1]])
    reached = float(np.linalg.norm(x @ weight.T + sizes[0] * left[:, 0], axis=-1).max())
    most = constant * sizes[0] * 3.0 + with_bias * sizes[0]
    evidence.constructed(claim, reached, most * ROUNDED, "W_in of a layer, with a bias along its first singular vector")
    steps = reference.trace(parameters, tokens)
    a, g = np.linalg.norm(np.concatenate([steps.a, steps.g], axis=-1), axis=-1), float(np.linalg.norm(bias))
    evidence.constructed(claim, float(a.max()), (sizes[0] * 3.0 + g) * ROUNDED, "W_in and b_in of the same layer")
    outputs_agree(evidence, parameters, tokens)


@states(
    "lem:D.3",
    "Causal attention is l-infinity nonexpansive",
    where="Appendix D.5, Lemma D.3",
    says=r"""
    Let $\alpha_{t,\tau} \ge 0$, $0$ for $\tau \ge t$, with $\sum_{\tau < t} \alpha_{t,\tau} = 1$ for $t \ge 1$. For every value sequence $v$,
    $y_t = \sum_{\tau < t} \alpha_{t,\tau} v_\tau$ satisfies $\lVert y \rVert_{\infty,2} \le \lVert v \rVert_{\infty,2}$. For one head: outputs of $H$ heads side by side can
    reach $\sqrt{H}$ times as much.
    """,
    trust="real arithmetic; every T, every width, every norm; the empty row 0 included",
    bends=(
        Bend("two heads with weights of their own, side by side", {"heads": 2}),
        Bend("rows that sum to 1.1", {"row_sum": Fraction(11, 10)}),
        Bend("a constant smaller by a tenth", {"constant": Fraction(9, 10)}),
    ),
)
def attention_is_nonexpansive(
    evidence: Evidence, *, heads: int = 1, row_sum: Fraction = Fraction(1), constant: Fraction = Fraction(1)
) -> None:
    """A token more is a convex combination of what there was and of its value."""
    w, M, gap = sympy.symbols("w M g", nonnegative=True)
    claim = "the bound"
    # |(1 - w) y + w v| <= (1 - w) |y| + w |v| with |y| <= M, |v| = M - g, by induction over the tokens of a row.
    step = M - ((sympy.nsimplify(row_sum) - w) * M + w * (M - gap)) - w * gap
    evidence.identity(claim, sympy.expand(step), "M minus the combination is w g >= 0")
    values = ((Fraction(1), Fraction(0)), (Fraction(0), Fraction(1)), (Fraction(3, 5), Fraction(-4, 5)))
    grid = [row for row in product(range(5), repeat=3) if sum(row) == 4]
    pairs: list[tuple[Fraction, Fraction, str]] = [(Fraction(0), Fraction(1), "t = 0, the empty row")]
    for first, second in product(grid, repeat=2):
        if heads == 1 and first != second:
            continue
        y = [
            row_sum * sum(Fraction(k, 4) * v[i] for k, v in zip(row, values, strict=True))
            for i, row in enumerate((first, second))
        ]
        pairs.append((y[0] ** 2 + y[1] ** 2, constant**2, f"weights {first} and {second} over 4"))
    evidence.exact(claim, pairs, "squared norms for unit values, every row in quarters over three tokens")
    for config in (SessaConfig.paper(4), SessaConfig.published(4)):
        parameters, x = _random(config, 1.0)
        steps = reference.trace(parameters, x)
        evidence.constructed(
            claim,
            _largest(steps.alpha_fb @ steps.v[0]),
            float(constant) * _largest(steps.v[0]) * ROUNDED,
            "the feedback weights of a layer on its values",
        )
        evidence.constructed(
            claim,
            _largest(steps.o),
            float(constant) * _largest(steps.v[0]) * ROUNDED,
            "its forward attention, whose rows include their own token",
        )
    outputs_agree(evidence, *_random(SessaConfig.published(4), 1.0))


@states(
    "prop:25",
    "One Sessa block: explicit ball-to-ball bound",
    where="Appendix D.5, Proposition 25 (51), (52)",
    says=r"""
    Let $\lVert f \rVert \le c_f + L_f \lVert x \rVert$, $\lVert g \rVert \le c_g + L_g \lVert x \rVert$ and $|u_t| \le c_\gamma + L_{\gamma,pre} \lVert x \rVert$ in $\lVert \cdot \rVert_{\infty,2}$, $\gamma = \tanh u$, and
    $G(x) = x + (s \odot g) W_{out} + b_{out}$ with $(I - B)s = f$. Then for $\lVert x \rVert \le R$,
    $\lVert G(x) \rVert \le R + \lVert W_{out} \rVert_2 \frac{F_R G_R}{1 - \rho_R} + \lVert b_{out} \rVert$, with $F_R = c_f + L_f R$, $G_R = c_g + L_g R$, $\rho_R = \tanh(c_\gamma + L_{\gamma,pre} R)$.
    """,
    needs=("lem:4.2", "lem:D.2", "lem:D.3", "rem:D.1", "rem:D.4"),
    trust="real arithmetic; every T, every width; layers attacked, the definition up to T = 1024 and the torch layer up "
    "to T = 4096 in float64, float32 and bfloat16",
    bends=(
        Bend("a constant smaller by a tenth", {"constant": 0.9}),
        Bend("the product with the gate is bounded by nine tenths", {"hadamard": 0.9}),
        Bend("the residual is left out", {"residual": 0}),
    ),
)
def ball_to_ball(evidence: Evidence, *, constant: float = 1.0, hadamard: float = 1.0, residual: int = 1) -> None:
    """The chain of bounds in symbols, its sharpness in one channel, and real layers under attack."""
    S, G, H, s, g = sympy.symbols("S G H s g", nonnegative=True)
    claim = "the bound (52)"
    grown = (S + s**2) * (G + g**2) - (H + s**2 * g**2) - (S * G - H)
    evidence.identity(claim, sympy.expand(grown - S * g**2 - G * s**2), "|s|^2 |g|^2 - |s g|^2 grows by squares")
    evidence.exact(claim, [(Fraction(1), Fraction(hadamard), "s = g = (1, 0)")], "|s g| <= |s| |g|, attained")
    rho, c_f, L_f, c_g, L_g, W, b, R = sympy.symbols("rho c_f L_f c_g L_g W b R", positive=True)
    F_R, G_R = stability.affine_bound(L_f, c_f, R), stability.affine_bound(L_g, c_g, R)
    factor = sympy.nsimplify(constant) * stability.solve_factor(1 - rho)
    printed = R + W * F_R * G_R / (1 - rho) + b
    evidence.identity(claim, stability.block_bound(residual * R, factor, F_R, G_R, W, b) - printed, "the chain is (52)")
    pairs = []
    for r in RHOS:
        reached = stability.solve_factor(1 - r, 400) if r else Fraction(1)
        most = stability.block_bound(residual, Fraction(constant) / (1 - r), 2, 3, 5, 7)
        pairs.append(
            (1 + 5 * 2 * 3 * reached + 7, most, f"one channel, R, F, G, W, b = 1, 2, 3, 5, 7, rho = {r}, T = 400")
        )
    evidence.exact(claim, pairs, "attained by predecessor routing, but for rho^T")
    for case in attacked_layers(evidence.quick):
        most = residual * case.bound.paper.output * constant
        how = "a search for the worst input, from random and from constant tokens"
        evidence.sampled(claim, case.output, most, how, random=RANDOM, searched=case.tried, example=case.name)
        T = 64 if evidence.quick else 4096
        how = f"the definition on the worst input, stretched to T = {T // 4}"
        evidence.constructed(claim, largest_output(case.parameters, case.stretched(T // 4)), most, how, case.name)
        for dtype in (torch.float64, torch.float32, torch.bfloat16):
            how = f"the torch layer in {dtype} on the worst input, stretched to T = {T}"
            evidence.constructed(claim, case.torch_output(dtype, T), most, how, case.name)
        outputs_agree(evidence, case.parameters, case.x[:30])


@states(
    "rem:D.4",
    "Explicit dependence of the constants in (51)",
    where="Appendix D.5, Remark D.4",
    says=r"""
    $f$, $g$ and $u$ are finite compositions of affine maps, rotations, softmax attention and element-wise maps of at most linear growth,
    so that $c_\bullet$ and $L_\bullet$ of (51) follow from operator norms and biases by Lemma D.2 and $\lVert \mathrm{GELU}(v) \rVert \le \lVert v \rVert$: with
    $U = \lVert b_a \rVert + \lVert W_a \rVert R$, $F_R = \lVert W_V \rVert U + \lVert b_V \rVert$ for one head and $G_R = \lVert b_g \rVert + \lVert W_g \rVert R$. The growth has to be
    linear for all arguments, not on bounded sets.
    """,
    needs=("lem:D.2", "lem:D.3", "rem:D.1"),
    trust="real arithmetic; every finite weights, every R and T; layers built show constants attained in the limit",
    bends=(
        Bend("an element-wise map of linear growth on bounded sets: z^2", {"power": 2}),
        Bend("several heads bounded as one", {"one_head": True}),
        Bend("L smaller by a tenth", {"slope": 0.9}),
    ),
)
def constants_from_norms(evidence: Evidence, *, power: int = 1, one_head: bool = False, slope: float = 1.0) -> None:
    """Each step keeps a bound c + L |x|; then real layers against the constants from their weights."""
    claim = "(51) from operator norms"
    theta, even, odd = sympy.symbols("theta e o", real=True)
    turned = [even * sympy.cos(theta) - odd * sympy.sin(theta), even * sympy.sin(theta) + odd * sympy.cos(theta)]
    rest = sympy.simplify(turned[0] ** 2 + turned[1] ** 2 - even**2 - odd**2)
    evidence.identity(claim, rest, "a rotation keeps norms")
    # L = 10 is what z^2 has on |z| <= 10; the last argument is outside.
    evidence.exact(claim, [(z**power, 10 * z, f"z = {z}") for z in (1, 10, 11)], "growth is linear for all arguments")
    c, L, c1, L1, R = sympy.symbols("c L c1 L1 R", positive=True)
    chain = stability.compose((c, L), (c1, L1))
    evidence.identity(
        claim, sympy.expand(chain[0] + chain[1] * R - (c + L * (c1 + L1 * R))), "affine, GELU, affine: one affine bound"
    )
    for name, parameters, x in (
        ("a random block", *_random(SessaConfig.paper(4), 3.0)),
        ("a published layer, one head", *_random(SessaConfig.published(4), 3.0)),
        ("a block of one channel with positive weights", *_positive_block(3.0)),
        ("two heads that read different tokens", *_two_heads()),
    ):
        steps, constants = reference.trace(parameters, x), growth_constants(parameters)
        size = ball_bound(parameters, 3.0, len(x)).size
        for part, tokens, (least, growth) in (("f", steps.f, constants.f), ("g", steps.g, constants.g)):
            most = least + slope * growth * size
            if part == "f" and one_head:
                most /= parameters.config.heads**0.5
            evidence.constructed(claim, _largest(tokens), most * ROUNDED, f"{name}: |{part}_t| against c + L |x|")
    outputs_agree(evidence, *_random(SessaConfig.published(4), 3.0))


def _random(config: SessaConfig, R: float) -> tuple[SessaParameters, Array]:
    """A random layer and tokens of norm R."""
    parameters = SessaParameters.random(config, 2)
    return parameters, extreme_tokens(parameters, R, 24)


def _positive_block(R: float) -> tuple[SessaParameters, Array]:
    """One channel, positive weights: GELU is nearly the identity there, and no bound is lost."""
    parameters = SessaParameters.random(SessaConfig.paper(1), 0)
    numbers = {"W_in.weight": [[2.0], [3.0]], "W_in.bias": [1.0, 1.0], "mixer.v_proj.weight": [[2.0]]}
    numbers |= {"mixer.gamma_ctx.weight": [[0.5]], "mixer.gamma_bias": 0.25}
    return parameters.replace({name: np.array(number) for name, number in numbers.items()}), np.full((4, 1), R)


def _two_heads() -> tuple[SessaParameters, Array]:
    """Two heads of one channel; each finds the token in which its own channel is large."""
    parameters = SessaParameters.random(SessaConfig(width=2, heads=2, norm="identity", rope=False))
    eye, zero = np.eye(2), {name: np.zeros_like(array) for name, array in parameters.items()}
    changed = {
        "W_in.weight": 20 * np.r_[eye, 0 * eye],
        "mixer.q_proj.bias": np.ones(2),
        "mixer.k_proj.weight": 20 * eye,
        "mixer.v_proj.weight": eye,
        "mixer.out_proj.weight": eye,
    }
    return parameters.replace(zero | changed), 3 * eye


def _largest(tokens: Array) -> float:
    return float(np.linalg.norm(tokens, axis=-1).max())


ROWS = (
    feedback_margin,
    explicit_rho,
    affine_maps,
    attention_is_nonexpansive,
    ball_to_ball,
    constants_from_norms,
)
