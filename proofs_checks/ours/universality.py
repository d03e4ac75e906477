"""Positions and universal approximation: what feedback is needed for, what the constants are, what suffices."""

import numpy as np
import sympy
from flint import arb

from proofs_checks import gamma_ratio, wording
from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree
from proofs_checks.statement import Bend, Statement, states
from sessa_ref.config import SessaConfig
from sessa_ref.constructions import Network
from sessa_ref.constructions.scaffold import on_scaffold
from sessa_ref.constructions.structured import running_maximum
from sessa_ref.parameters import SessaParameters, shapes
from sessa_ref.theory.convolution_derivations import simplified
from sessa_ref.theory.positions import distinct_positions, position_scale, position_step
from sessa_ref.theory.scaffold import centred_error
from sessa_ref.theory.sharp_attention import nearest_turns
from sessa_ref.theory.uniform_routing import position_code


@states(
    "ours:no-feedback",
    "Without feedback no network of blocks can tell positions apart on constant sequences",
    where="Theorem 14, Lemma 4.10",
    says=r"""
    If $\gamma_t = 0$ in every block, then a network of blocks, with rotary embedding and any token-wise normalisation,
    maps a sequence of equal tokens to a sequence of equal tokens. So its distance from a causal $F$ is at least half of
    $\max_{s,t}\lVert F(x)_s - F(x)_t \rVert$ on every constant $x$, and Theorem 14 fails for $F(x)_t = t$: the feedback
    is needed for it, at every depth and width.
    """,
    proof=r"""
    Let all tokens of a sequence be equal. Token-wise maps, normalisation among them, keep them equal, so values, gates,
    and queries and keys before their rotation are the same in every token. The rotation changes the weights of a row,
    but they still sum to 1, so $f_t = \sum_{j \le t} \alpha_{tj} v = v$ for every head and every $t$. Without feedback
    $s_t = f_t$. The output $x_t + (s_t \odot g_t) W_{out} + b_{out}$ is then the same in every token. By induction over
    the blocks and through token-wise adapters the network's output is one token $y$, repeated.

    For a constant input $x$ and any $s$, $t$:
    $\lVert F(x)_s - F(x)_t \rVert \le \lVert F(x)_s - y \rVert + \lVert y - F(x)_t \rVert$, so one of the two is at
    least half of the left side, and the distance of the two sequences is not smaller. The map $F(x)_t = t$ (in one
    coordinate) is continuous and causal. With $T \ge 2$ tokens every such network misses it by at least $\frac{T-1}{2}$
    on constant inputs.
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
    $c_{t+1} - c_t = \frac{\gamma^2\,\Gamma(t+\gamma)}{\Gamma(1+\gamma)\,\Gamma(t+2)}$. They fall: the quotient of two
    is $\frac{t+\gamma}{t+2}$. The least scale that separates T positions of radius R is $2R/(c_{T-1} - c_{T-2})$,
    between $\frac{2R\,\Gamma(\gamma)}{\gamma}(T-2)^{2-\gamma}$ and $\frac{2R\,\Gamma(\gamma)}{\gamma}T^{2-\gamma}$.
    Floating-point numbers of spacing $\varepsilon$ cannot tell neighbours apart beyond
    $T \approx (\gamma/(\Gamma(\gamma)\,\varepsilon\,2^{\lceil -\log_2(1-\gamma) \rceil - 1}))^{1/(2-\gamma)}$.
    """,
    proof=r"""
    The formula and the quotient of two steps are `ours:position-gap`. By them the smallest step among $T$ codes is the
    last, $c_{T-1} - c_{T-2}$.

    *The scale.* For $|\langle h_t, u \rangle| \le R$ the values $\langle h_t, u \rangle + \lambda c_t$ fill the
    interval of radius $R$ around $\lambda c_t$. Neighbouring intervals are disjoint if and only if
    $\lambda (c_{t+1} - c_t) > 2R$. So the least scale, at which two intervals touch, is
    $\frac{2R}{c_{T-1} - c_{T-2}} = \frac{2R\, \Gamma(\gamma)}{\gamma} \cdot \frac{\Gamma(T)}{\Gamma(T-2+\gamma)}$, by
    $\Gamma(1+\gamma) = \gamma\, \Gamma(\gamma)$. In the last factor
    $\frac{\Gamma(T)}{\Gamma(T-2+\gamma)} = (T-2+\gamma) \frac{\Gamma(T)}{\Gamma(T-1+\gamma)}$, and the quotient lies
    between $(T-1)^{1-\gamma}$ and $(T-1+\gamma)^{1-\gamma}$ by `ours:gamma-ratio` at $t = T - 1$. So it is at least
    $(T-2)^{2-\gamma}$ and at most $T^{2-\gamma}$.

    *Floating-point numbers.* This part is an estimate, not a bound. By the same asymptotics
    $c_{t+1} - c_t \sim \frac{\gamma}{\Gamma(\gamma)} t^{\gamma-2}$. Codes rise to $\frac{1}{1-\gamma}$, and
    below it neighbouring floating-point numbers are $\varepsilon\, 2^{\lceil -\log_2(1-\gamma) \rceil - 1}$ apart. The
    step falls to this spacing at the $T$ that is given. Until then the nearest numbers to two codes differ. From there
    on, once codes are beyond the last power of 2 before the limit, steps fall short of the spacing: by a whole one in
    all after about $\sqrt{2T/(2-\gamma)} < 2\sqrt{T}$ tokens, and two codes have had the same nearest number by then.
    A computation that rounds the sums as well may lose neighbours earlier.
    """,
    trust="steps and scale in symbols for every t, T and gain, given that log Gamma is convex; the end of float32 by rounding codes",
    needs=("cor:I.8", "ours:position-gap", "ours:gamma-ratio"),
    not_higher="where two rounded codes first coincide is an estimate; it is measured",
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
    R, last = sympy.symbols("R T", positive=True)
    quotient = sympy.gamma(last) / sympy.gamma(last - 1 + g) * (last - 2 + g)
    evidence.identity(
        "scale",
        simplified(position_scale(last, g, R) / (2 * R * sympy.gamma(g) / g * quotient) - 1),
        "it is 2 R Gamma(gamma)/gamma times (T-2+gamma) Gamma(T)/Gamma(T-1+gamma), and the quotient of Gammas lies "
        "between (T-1)^(1-gamma) and (T-1+gamma)^(1-gamma) (ours:gamma-ratio)",
    )
    gamma_ratio.lower(evidence, "scale")
    gamma_ratio.upper(evidence, "scale")
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
        "the least scale in balls, at chosen gains and T; all others by the proof",
    )
    for gain in (0.3,) if evidence.quick else (0.3, 0.5):
        found, predicted = _first_collision(gain), distinct_positions(gain, epsilon)
        evidence.constructed(
            "where float32 ends",
            abs(found / predicted - 1),
            2 / np.sqrt(predicted),
            f"gamma = {gain}: first equal codes at T = {found}, predicted {predicted:.0f}",
        )


def _first_collision(gain: float) -> int:
    """The first T at which two of c_0, ..., c_(T-1) have the same nearest float32 number."""
    before = np.float32(1)
    for t in range(1, 10**6):
        code = np.float32(position_code(t, gain))
        if code == before:
            return t + 1
        before = code
    return 10**6


@states(
    "ours:rotary-pairs",
    "All rotary pairs keep the gap that one pair loses",
    where="Lemmas I.5 and I.16",
    says=r"""
    With $d_k = 2$ the gap $\Delta_T = 1 - \max_{1\le s<T}\cos s$ falls whenever T passes an $s$ near a multiple of
    $2\pi$ (6, 19, 25, 44, 333, 710: the numerators of the convergents of $2\pi$), to less than $2 \cdot 10^{-9}$ at
    $T = 711$, and the logits of a one-hot row grow like its inverse. With $d_k = 8$ and the same queries and keys in
    all four pairs, $4 - \max_s \sum_{r<4} \cos(10^{-r}s) > 0.2$ for all $T \le 1024$.
    """,
    proof=r"""
    *One pair.* $1 - \cos s$ is small exactly where $s$ is near a multiple of $2\pi$. $\Delta_T$ is the least of these
    numbers with $1 \le s < T$, so it falls when $T$ passes an $s$ that is nearer to a multiple than all before. Below
    1024 these are 1, 6, 19, 25, 44, 333 and 710, found by trying all; but for the 1, they are the numerators of the
    convergents 6, 19/3, 25/4, 44/7, 333/53, 710/113 of $2\pi$. For $s = 710$ balls give
    $1 - \cos s < 1.9 \cdot 10^{-9}$.

    *The logits.* Let the logits of row $t$ be $q \cos(t - j)$, $q > 0$. If $\alpha_{tt} \ge 1 - \delta$, then every
    other weight is at most $\delta$, so
    $e^{-q (1 - \cos s)} = \frac{\alpha_{t,t-s}}{\alpha_{tt}} \le \frac{\delta}{1-\delta}$ for all $s \le t$. The row of
    token $T - 1$ has all $s < T$, so $q \ge \frac{1}{\Delta_T} \log\frac{1-\delta}{\delta}$. By Lemma I.5
    $q = \frac{1}{\Delta_T} \log\frac{T-1}{\delta}$ is enough. So the logits grow like the inverse of the gap, up to a
    logarithm.

    *Four pairs.* The frequencies are $10000^{-2r/8} = 10^{-r}$. If all pairs have the same queries and keys, the logits
    are proportional to $\sum_{r<4} \cos(10^{-r} s)$, and their gap is
    $\sum_{r<4} (1 - \cos(10^{-r} s)) = 2 \sum_{r<4} \sin^2(10^{-r} s/2)$. There are 1023 distances $s$, and balls show
    that it is above 0.2 at each.
    """,
    trust="balls for every s < 1024; frequencies 10000^(-2r/d_k); the growth of the logits in symbols",
    needs=("lem:I.5",),
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
    q, delta, gap = sympy.symbols("q delta Delta", positive=True)
    least = sympy.log((1 - delta) / delta) / gap
    evidence.identity(
        "the logits",
        sympy.simplify(sympy.exp(-q * gap).subs(q, least) - delta / (1 - delta)),
        "the neighbour at the gap has e^(-q Delta) of the row's largest weight, at most delta/(1-delta) if that is 1-delta or more: "
        "q >= log((1-delta)/delta)/Delta; Lemma I.5 has the other side",
    )
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
    On tokens $(u, c, -c)$ of width $m$, with $\lVert u \rVert \le R$ and $a = (2c^2/m + \epsilon)^{-1/2}$, the linear
    map $z \mapsto (z + \tfrac12\sum_i z_i)/a$ of LayerNorm's first coordinates gives $u$ within
    $a^2R^3/(2m) \le R^3/(4c^2)$. So Lemma J.2 and Corollary J.3 hold with $m_{sc} = 2$ for every accuracy, by making
    $c$ large.
    """,
    proof=r"""
    Let $m_0 = m - 2$ be the length of $u$. The scaffold sums to 0, so the token's mean is $\mu = \frac1m \sum_i u_i$,
    and its variance plus $\epsilon$ is
    $\sigma^2 = \frac{\lVert u \rVert^2 + 2 c^2}{m} - \mu^2 + \epsilon = \frac{1}{a^2} + q$ with
    $q = \frac{\lVert u \rVert^2}{m} - \mu^2$. By the inequality of Cauchy and Schwarz
    $\mu^2 \le \frac{m_0 \lVert u \rVert^2}{m^2} \le \frac{\lVert u \rVert^2}{m}$, so $0 \le q \le \frac{R^2}{m}$.

    LayerNorm's first coordinates are $z_i = (u_i - \mu)/\sigma$. Their sum is $(m\mu - m_0 \mu)/\sigma = 2\mu/\sigma$,
    so adding half of it to each undoes the removal of the mean: $z + \frac12 \sum_i z_i = u/\sigma$. Divided by $a$ it
    is $u/(a\sigma)$ with $a\sigma = \sqrt{1 + a^2 q}$. Now $0 \le 1 - (1+y)^{-1/2} \le \frac{y}{2}$ for $y \ge 0$,
    because the difference is 0 at $y = 0$ and has the slope $\frac12 (1 - (1+y)^{-3/2}) \ge 0$. So the distance from
    $u$ is at most $\lVert u \rVert \frac{a^2 q}{2} \le \frac{a^2 R^3}{2m}$. As $a^2 \le \frac{m}{2c^2}$, this is at
    most $\frac{R^3}{4c^2}$.

    *Lemma J.2 and Corollary J.3.* The linear map goes into $W_{in}$ of the block. The block then computes from a token
    within $\frac{R^3}{4c^2}$ of $u$ what the block without normalisation computes from $u$, adds it to the residual,
    which is $u$ itself, and adds nothing to the scaffold. A block is a continuous function of what $W_{in}$ reads,
    uniformly on compact sets, so its error tends to 0 as $c \to \infty$. In a network of $N$ blocks the tokens stay in
    a compact set, and so do all tokens within 1 of them; $R$ is a bound for these, one large $c$ serves all blocks, and
    by induction over the blocks the network's error tends to 0 as well.
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
        f"a network's error at c = 10^2, 10^3, 10^4: {wording.listed(f'{error:.3g}' for error in errors)}",
    )
    blocks_agree(evidence, on_scaffold(network, 2, 1e3), x[0], (0,))


ROWS: tuple[Statement, ...] = (feedback_is_needed, steps_of_the_code, pairs_keep_the_gap, two_suffice)
