"""Positions and universal approximation: what feedback is needed for, what the constants are, what suffices."""

import numpy as np
import sympy
from flint import arb

from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree
from proofs_checks.statement import Bend, Statement, states
from sessa_ref.config import SessaConfig
from sessa_ref.constructions import Network
from sessa_ref.constructions.scaffold import on_scaffold
from sessa_ref.constructions.structured import running_maximum
from sessa_ref.parameters import SessaParameters, shapes
from sessa_ref.theory.positions import distinct_positions, position_scale, position_step
from sessa_ref.theory.scaffold import centred_error
from sessa_ref.theory.sharp_attention import nearest_turns


@states(
    "ours:no-feedback",
    "Without feedback no network of blocks can tell positions apart on constant sequences",
    where="Theorem 14, Lemma 4.10",
    says=r"""
    If $\gamma_t = 0$ in every block, then a network of blocks, with rotary embedding and any token-wise normalisation, maps a
    sequence of equal tokens to a sequence of equal tokens. So its distance from a causal $F$ is at least half of
    $\max_{s,t}\lVert F(x)_s - F(x)_t \rVert$ on every constant $x$, and Theorem 14 fails for $F(x)_t = t$: the feedback is
    needed for it, at every depth and width.
    """,
    trust="real arithmetic; every T, depth and width: rows sum to 1; networks in float64 in reference and torch",
    bends=(
        Bend("a gain of 1/2", {"gain": 0.5}),
        Bend("rows that sum to less than 1", {"total": 0.9}),
    ),
)
def feedback_is_needed(evidence: Evidence, *, gain: float = 0.0, total: float = 1.0) -> None:
    """f_t = sum of alpha_tj v = v for equal values v; token-wise maps keep tokens equal; induction over blocks."""
    v = sympy.Symbol("v")
    for T in (1, 2, 3, 6):
        rows = [[*sympy.symbols(f"a{t}_0:{t}"), None] for t in range(T)]
        for row in rows:
            row[-1] = sympy.nsimplify(total) - sum(row[:-1], sympy.Integer(0))
        evidence.identity(
            "equal tokens stay equal",
            [sympy.expand(sum(a * v for a in row) - v) for row in rows],
            f"f_t = v for all rows at T = {T}",
        )
    rng = evidence.rng
    for norm in ("identity", "layernorm"):
        config = SessaConfig.paper(4, norm=norm)  # type: ignore[arg-type]
        blocks = []
        for n in range(3):
            arrays = {name: 0.7 * rng.standard_normal(shape) for name, shape in shapes(config).items()}
            arrays["mixer.gamma_ctx.weight"] *= 0
            arrays["mixer.gamma_bias"] = np.asarray(np.arctanh(gain))
            blocks.append((f"block {n}", SessaParameters(config, arrays)))
        network = Network.of(blocks)
        x = np.broadcast_to(rng.standard_normal((20, 1, 4)), (20, 8, 4))
        y = network(x)
        spread = float(np.abs(y - y[:, :1]).max())
        evidence.constructed(
            "equal tokens stay equal",
            spread,
            1e-9 * float(np.abs(y).max()),
            f"three random blocks, Norm = {norm}, T = 8",
        )
        blocks_agree(evidence, network, np.ascontiguousarray(x[0]), (0,))


@states(
    "ours:position-step",
    "The steps of the position code, and where floating-point numbers end",
    where="Lemma 4.10, Corollary I.8",
    says=r"""
    The codes of Lemma 4.10 have the steps
    $c_{t+1} - c_t = \frac{\gamma^2\,\Gamma(t+\gamma)}{\Gamma(1+\gamma)\,\Gamma(t+2)}$. They fall: the quotient of two is
    $\frac{t+\gamma}{t+2}$. The least scale that separates T positions of radius R is
    $2R/(c_{T-1} - c_{T-2})$, between $\frac{2R\,\Gamma(\gamma)}{\gamma}(T-2)^{2-\gamma}$ and
    $\frac{2R\,\Gamma(\gamma)}{\gamma}T^{2-\gamma}$. Floating-point numbers of spacing $\varepsilon$ cannot tell neighbours
    apart beyond $T \approx (\gamma/(\Gamma(\gamma)\,\varepsilon\,2^{\lfloor -\log_2(1-\gamma) \rfloor}))^{1/(2-\gamma)}$.
    """,
    trust="steps in symbols for every t and gain; the scale in balls at T up to 10^6 for nine gains; the end of float32 by running the "
    "recursion",
    needs=("cor:I.8",),
    not_higher="where two rounded numbers first collide depends on the order of operations; it is measured",
    bends=(
        Bend("the scale's upper bound smaller by a tenth", {"constant": 0.9}),
        Bend("a prediction for numbers with one bit less", {"epsilon": 2.0**-22}),
    ),
)
def steps_of_the_code(evidence: Evidence, *, constant: float = 1.0, epsilon: float = 2.0**-23) -> None:
    """The recursion's difference in symbols, Gamma quotients in balls, float32 until two codes are equal."""
    t, g = sympy.symbols("t gamma", positive=True)
    step = position_step(t, g)
    evidence.identity(
        "steps",
        sympy.simplify(sympy.gammasimp(step.subs(t, t + 1) / step) - (t + g) / (t + 2)),
        "quotient of two steps",
    )
    pairs = []
    for gain in (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.99):
        for T in (3, 10, 1000, 10**6):
            gamma = arb(gain)
            scale = position_scale(T, gamma, arb(1))
            claimed = 2 * gamma.gamma() / gamma
            pairs.append((scale, constant * claimed * arb(T) ** (2 - gamma), f"gamma = {gain}, T = {T}, above"))
            pairs.append((claimed * arb(T - 2) ** (2 - gamma), scale, f"gamma = {gain}, T = {T}, below"))
    evidence.enclosed(
        "scale",
        pairs,
        "the least scale in balls; Gamma(T)/Gamma(T - 2 + gamma) lies between these powers (Gautschi, Wendel)",
    )
    for gain in (0.3,) if evidence.quick else (0.3, 0.5):
        found, predicted = _first_collision(gain), distinct_positions(gain, epsilon)
        evidence.constructed(
            "where float32 ends",
            abs(found / predicted - 1),
            0.3,
            f"gamma = {gain}: first equal codes at T = {found}, predicted {predicted:.0f}",
        )


def _first_collision(gain: float) -> int:
    total = code = np.float32(1)
    for t in range(1, 10**6):
        new = np.float32(1) + np.float32(gain) * (total / np.float32(t))
        if new <= code:
            return t + 1
        code, total = new, total + new
    return 10**6


@states(
    "ours:rotary-pairs",
    "All rotary pairs keep the gap that one pair loses",
    where="Lemmas I.5 and I.16",
    says=r"""
    With $d_k = 2$ the gap $\Delta_T = 1 - \max_{1\le s<T}\cos s$ falls whenever T passes an $s$ near a multiple of $2\pi$
    (6, 19, 25, 44, 333, 710: the numerators of the convergents of $2\pi$), to less than $2 \cdot 10^{-9}$ at
    $T = 711$, and the logits of a one-hot row grow like its inverse. With $d_k = 8$ and the same queries and keys in all four
    pairs, $4 - \max_s \sum_{r<4} \cos(10^{-r}s) > 0.2$ for all $T \le 1024$.
    """,
    trust="balls for every s < 1024; frequencies 10000^(-2r/d_k)",
    bends=(Bend("two pairs", {"pairs": 2}), Bend("a gap of 0.21", {"claimed": "0.21"})),
)
def pairs_keep_the_gap(evidence: Evidence, *, pairs: int = 4, claimed: str = "0.2") -> None:
    """Sums of 1 - cos over the pairs, for every distance."""
    frequencies = [arb(10) ** -r for r in range(pairs)]
    gaps = [
        (arb(claimed), sum((2 * (s * w / 2).sin() ** 2 for w in frequencies), arb(0)), f"s = {s}")
        for s in range(1, 1024)
    ]
    evidence.enclosed("all pairs", gaps, "the gap at every distance s < 1024 in balls")
    one = [
        (2 * (arb(s) / 2).sin() ** 2, arb(b), f"s = {s}") for s, b in ((6, "0.0399"), (44, "1.57e-4"), (710, "1.9e-9"))
    ]
    evidence.enclosed("one pair", one, "1 - cos(s) where s is nearest to a multiple of 2 pi")
    evidence.exact(
        "one pair",
        [(abs(a - b), 0, str(a)) for a, b in zip(nearest_turns(1024), (1, 6, 19, 25, 44, 333, 710), strict=True)],
        "the s that are nearer to a multiple than all before",
    )


@states(
    "ours:scaffold-two",
    "A scaffold of width 2 suffices for LayerNorm",
    where="Lemma J.2, Corollary J.3",
    says=r"""
    On tokens $(u, c, -c)$ of width $m$, with $\lVert u \rVert \le R$ and $a = (2c^2/m + \epsilon)^{-1/2}$, the linear map
    $z \mapsto (z + \tfrac12\sum_i z_i)/a$ of LayerNorm's first coordinates gives $u$ within $a^2R^3/(2m) \le R^3/(4c^2)$. So
    Lemma J.2 and Corollary J.3 hold with $m_{sc} = 2$ for every accuracy, by making $c$ large.
    """,
    trust="real arithmetic; every m, c, R and eps in symbols; a whole network in float64 in reference and torch",
    needs=("lem:J.1",),
    bends=(
        Bend("half of the bound", {"constant": 0.5}),
        Bend("a quarter of the mean restored instead of all", {"share": 0.25}),
    ),
)
def two_suffice(evidence: Evidence, *, constant: float = 1.0, share: float = 1.0) -> None:
    """1 - 1/(a sigma) for sigma^2 = 1/a^2 + q with 0 <= q <= R^2/m; the exact inverse of the mean's removal; a network."""
    q, a, R, m, c, eps = sympy.symbols("q a R m c epsilon", positive=True)
    # 1 - 1/sqrt(1 + y) <= y/2 for y = a^2 q: the difference is 0 at 0 and has the slope (1 - (1 + y)^(-3/2))/2 >= 0
    y = sympy.Symbol("y", positive=True)
    room = sympy.nsimplify(constant) * y / 2 - (1 - 1 / sympy.sqrt(1 + y))
    evidence.identity("the bound", room.subs(y, 0), "room under y/2 at y = 0")
    evidence.identity(
        "the bound",
        sympy.simplify(sympy.diff(room, y) - (1 - (1 + y) ** sympy.Rational(-3, 2)) / 2),
        "its slope is not negative",
    )
    evidence.identity(
        "the bound",
        sympy.simplify((1 - 1 / (a * sympy.sqrt(1 / a**2 + q))) - (1 - 1 / sympy.sqrt(1 + a**2 * q))),
        "a sigma = sqrt(1 + a^2 q)",
    )
    evidence.identity(
        "the bound", sympy.simplify(centred_error(m, R, a) - R * a**2 * (R**2 / m) / 2), "R y/2 at q = R^2/m"
    )
    size = 1 / (2 * c**2 / m + eps)
    evidence.identity(
        "the bound",
        sympy.simplify(R**3 / (4 * c**2) - size * R**3 / (2 * m) - R**3 * eps * size / (4 * c**2)),
        "a^2 R^3/(2m) <= R^3/(4c^2)",
    )
    u = sympy.symbols("u1:4")
    mean = sum(u) / sympy.Integer(5)
    restored = [z - mean + sympy.nsimplify(share) * sum(w - mean for w in u) / 2 for z in u]
    evidence.identity("the mean", [sympy.expand(r - z) for r, z in zip(restored, u, strict=True)], "m = 3 + 2")
    network = running_maximum(4).network
    x = evidence.rng.uniform(-1, 1, (50, 4, 1))
    errors = [float(np.abs(on_scaffold(network, 2, s)(x) - network(x)).max()) for s in (1e2, 1e3, 1e4)]
    evidence.constructed(
        "the bound",
        max(errors[1] / errors[0], errors[2] / errors[1]),
        0.011,
        f"a network's error at c = 1e2, 1e3, 1e4: {errors}",
    )
    blocks_agree(evidence, on_scaffold(network, 2, 1e3), x[0], (0,))


ROWS: tuple[Statement, ...] = (feedback_is_needed, steps_of_the_code, pairs_keep_the_gap, two_suffice)
