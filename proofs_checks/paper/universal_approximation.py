"""Universal approximation of causal maps (Section 4.4, Appendices I.6, I.8 and I.10)."""

from collections.abc import Callable

import numpy as np
import sympy

from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree, note_measured
from proofs_checks.statement import Bend, states
from sessa_ref.constructions import ONE, Network, targets
from sessa_ref.constructions.causal_maps import CausalMap, sup_error
from sessa_ref.constructions.encoding import Gated, adapters, at, channels_for, encoder, ideal_state
from sessa_ref.constructions.least_squares import fit
from sessa_ref.constructions.structured import STRUCTURED
from sessa_ref.constructions.tokenwise import out
from sessa_ref.constructions.universal import approximate
from sessa_ref.notation import Array
from sessa_ref.theory.sharp_attention import mixture_error, rotary_scale


@states(
    "lem:I.9",
    "Errors of a composition on thickened compact sets",
    where="Appendix I.6, Lemma I.9",
    says=r"""
    Let $f_1, \dots, f_L$ be continuous on a space whose closed neighbourhoods of compact sets are compact, and
    $\tilde K_1 = K_1$, $\tilde K_{i+1} = \mathcal{N}_\rho(f_i(\tilde K_i))$ with $\rho > 0$. For every $\varepsilon > 0$ there
    are $\delta_i > 0$ such that, if $g_i$ is within $\delta_i \le \rho$ of $f_i$ on $\tilde K_i$, then
    $g_L \circ \dots \circ g_1$ is defined on $K_1$ and within $\varepsilon$ of $f_L \circ \dots \circ f_1$.
    """,
    trust="real arithmetic; the induction with moduli $L_i s^{h_i}$ for symbols $L_i, h_i$, which works for every modulus; for "
    "Lipschitz maps the error is $\\sum_i \\delta_i \\prod_{k>i} L_k$ and this is attained",
    bends=(
        Bend("tolerances larger by a fifth", {"share": 0.6}),
        Bend("an error that is not passed on by later maps", {"passed_on": False}),
        Bend("tolerances larger than rho", {"beyond": 1}),
    ),
)
def compositions_are_stable(evidence: Evidence, *, share: float = 0.5, passed_on: bool = True, beyond: int = 0) -> None:
    """Backwards: delta_i takes one half of what may be wrong after map i, and map i must turn what came before into the other."""
    depth = 4
    L, h = sympy.symbols(f"L1:{depth + 1}", positive=True), sympy.symbols(f"h1:{depth + 1}", positive=True)
    allowed = sympy.Symbol("epsilon", positive=True)
    for i in reversed(range(depth)):
        delta = sympy.nsimplify(share) * allowed
        before = (allowed / 2 / L[i]) ** (1 / h[i])  # the modulus L s^h of f_i turns this into allowed/2
        after = sympy.powdenest(L[i] * before ** h[i] + delta, force=True)
        evidence.identity(
            "the error",
            sympy.simplify(after - allowed),
            f"d(F_i, G_i) <= w_i(d(F_(i-1), G_(i-1))) + delta_i, i = {i + 1}",
        )
        allowed = before
    d = sympy.symbols(f"d1:{depth + 1}", positive=True)
    x = sympy.Symbol("x")
    exact, near, claimed = x, x, sympy.Integer(0)
    for Li, di in zip(L, d, strict=True):
        exact, near = Li * exact, Li * near + di
        claimed = (Li * claimed if passed_on else claimed) + di
    evidence.identity(
        "the error", sympy.expand(near - exact - claimed), "attained by f_i(x) = L_i x and g_i = f_i + delta_i"
    )
    # d(g_i(x), f_i(K_i)) <= d(g_i(x), f_i(x)) <= delta_i <= rho puts g_i(x) into the next set; on a line, with intervals [0, k]:
    k, room = sympy.symbols("k room", positive=True)
    end, reached = k, k
    for Li, di in zip(L, d, strict=True):
        rho = di + (-room if beyond else room)
        reached, end = Li * end + di, Li * end + rho
        evidence.nonnegative(
            "it is defined", sympy.expand(end - reached), "the largest g_i on K_i lies below the end of K_(i+1)"
        )


@states(
    "lem:I.14",
    "Causal rotary Transformers with adapters are universal",
    where="Appendix I.8, Lemma I.14",
    says=r"""
    Let $\mathcal{D} \subset \mathbb{R}^{T \times d}$ be compact and $F$ continuous and causal on it. For every
    $\varepsilon > 0$ some causal Transformer with rotary attention, a token-wise GELU network, an absolute embedding of
    distinct scalars $c_t$ (any) and affine adapters is within $\varepsilon$ of $F$ in the Frobenius norm, on all of
    $\mathcal{D}$: $T + 1$ heads of query width 2 copy all earlier tokens, with an error of at most
    $2\delta V_{\max}\sqrt T$, and the token-wise network does the rest.
    """,
    trust="the Transformer of the proof in NumPy at T = 3 (its attention exactly as in the proof, its token-wise network fitted by "
    "least squares); its encoding against the bound, its outputs entry by entry, on samples and by search",
    needs=("lem:I.1", "lem:I.4", "lem:I.5", "lem:I.10"),
    not_higher="it holds for every continuous F by a cited theorem; here it is built for two maps",
    bends=(
        Bend("all c_t equal", {"codes": (0.0, 0.0, 0.0)}),
        Bend("heads turned by one position too many", {"turn": 1}),
    ),
)
def transformers_are_universal(
    evidence: Evidence, *, codes: tuple[float, ...] = (0.0, 0.5, 1.0), turn: int = 0
) -> None:
    """Two blocks: attention that encodes the prefix, then a token-wise network."""
    T, delta = 3, 1e-9
    maps = ("the running mean", targets.running_mean), ("a random network", targets.random_network(3, 1))
    for name, target in maps[: 1 if evidence.quick else 2]:
        F = CausalMap.of(target, T, 1)
        x = F.sample(400 if evidence.quick else 1500, evidence.rng)
        encoded, ideal = _encode(x, codes, delta, turn)
        worst = float(np.linalg.norm(encoded - ideal, axis=-1).max())
        evidence.constructed(
            "the encoding", worst, float(mixture_error(delta, 1.0)) * np.sqrt(T), "|h_enc - ideal| over samples"
        )
        z, y = encoded.reshape(-1, encoded.shape[-1]), target(x).reshape(-1)
        layer, _ = fit(z, y, 0.01, (12,) if evidence.quick else (16, 32), evidence.rng)

        def network(x: Array, layer=layer) -> Array:
            return layer(_encode(x, codes, delta, turn)[0].reshape(-1, T + 2)).reshape(x.shape)

        found = sup_error(F, network, evidence.rng, 2000, 10)
        error, span = max(found["sampled"], found["searched"]), float(np.ptp(target(x)))
        evidence.constructed(
            "the map", error, 0.05 * span, f"{name}, T = 3, {layer.units} units: samples and search, F spans {span:.2f}"
        )


def _encode(x: Array, codes: tuple[float, ...], delta: float, turn: int) -> tuple[Array, Array]:
    """States (own token, c_t, lags 0 .. T - 1) after the proof's attention, and what they should be."""
    T = x.shape[1]
    steps = np.arange(T)
    encoded, ideal = (np.zeros((*x.shape[:2], T + 2)) for _ in range(2))
    for state in (encoded, ideal):
        state[..., 0], state[..., 1] = x[..., 0], codes[:T]
    for number in range(T):
        angle = (steps[:, None] - number - steps).astype(float)
        visible = steps <= steps[:, None]
        gap = min(np.diff(np.sort(np.cos(angle[t, : t + 1])))[-1] for t in range(1, T))
        logits = float(rotary_scale(gap, T - 1, delta)) ** 2 / np.sqrt(2) * np.cos(angle - turn)
        weights = np.where(visible, np.exp(logits - logits.max(axis=1, keepdims=True)), 0)
        weights /= weights.sum(axis=1, keepdims=True)
        encoded[..., 2 + number] = x[..., 0] @ weights.T
        best = [int(np.argmax(np.cos(angle[t, : t + 1]))) for t in range(T)]
        ideal[..., 2 + number] = x[:, best, 0]
    return encoded, ideal


@states(
    "thm:14",
    "Networks of Sessa blocks approximate every continuous causal map",
    where="Section 4.4, Theorem 14; Appendix I.10",
    says=r"""
    Let $\mathcal{D} \subset \mathbb{R}^{T \times D}$ be compact and $F : \mathcal{D} \to \mathbb{R}^{T \times D}$ continuous
    and causal. For every $\varepsilon > 0$ there are an even $d_k$ (2 suffices), a width $m \ge D$, token-wise affine
    adapters and a network $G$ of finitely many concrete blocks of width $m$, $\mathrm{Norm} = \mathrm{Id}$, with
    $\sup_{x \in \mathcal{D}} \lVert F(x) - \mathrm{Unembed}(G(\mathrm{Embed}(x))) \rVert_F < \varepsilon$.
    """,
    trust="networks for six maps at T = 1 .. 8 and width 1 and 2, in float64 in reference and torch: five by hand, with bounds that have "
    "all constants, and two by the general program, whose fit is the only step without a formula; the largest entry of the error on samples and by "
    "search: the Frobenius norm is at most sqrt(T D) times that",
    needs=("cor:I.8", "lem:I.16", "cor:I.18", "lem:I.1"),
    not_higher="it holds for every continuous F because of Lemma I.10, a cited theorem; each network is for one map",
    bends=(
        Bend("without feedback: no block can tell positions apart", {"gain": 0.0}),
        Bend("rows that leave a tenth to other tokens", {"delta": 0.1}),
        Bend("bounds smaller by a half", {"share": 0.5}),
    ),
)
def networks_are_universal(evidence: Evidence, *, gain: float = 0.9, delta: float = 1e-12, share: float = 1.0) -> None:
    """The encoding, a map of the position alone, the maps by hand, and the general program."""
    for T, d in ((3, 1),) if evidence.quick else ((1, 1), (2, 1), (3, 2), (8, 2)):
        channels = channels_for(T, d)
        x = CausalMap.of(targets.running_mean, T, d).sample(64, evidence.rng)
        front = encoder(channels, T, d, delta=delta, gain=gain)
        error = float(np.linalg.norm(front(x) - ideal_state(channels, T, d, x), axis=-1).max())
        evidence.constructed("prefixes are encoded", error, 1e-10, f"|G_pack(x)_t - ideal| at T = {T}, d = {d}")
        clock = Gated(channels, T, "clock", delta)
        clock.constant({out(i): {at(t): t / T for t in range(T)} for i in range(d)})
        for i in range(d):
            clock.channel(out(i), {out(i): {ONE: -1.0}})
        network = front.then(Network.of(clock.blocks(), unembed=adapters(channels, d)[1]))
        error = float(np.abs(network(x) - (np.arange(T) / T)[:, None]).max())
        evidence.constructed("maps that only the position decides", error, 1e-9, f"F(x)_t = t/T at T = {T}, d = {d}")
        if T == 3:
            blocks_agree(evidence, network, x[0], (0,) if evidence.quick else (0, 1, 2, -1))
    cases = ((3, 1),) if evidence.quick else ((3, 1), (5, 2), (8, 1))
    for name, build in STRUCTURED.items():
        if evidence.quick and name not in ("running_maximum", "delayed_xor"):
            continue
        F: Callable[[Array], Array] = getattr(targets, name)
        for T, d in cases:
            built = build(T, d)
            found = sup_error(CausalMap.of(F, T, d), built.network, evidence.rng, 300, 2 if evidence.quick else 6)
            measured = [m._replace(promised=share * m.promised) for m in built.claim.measure(found["worst"][None])]
            note_measured(
                evidence, "maps by hand", measured, f"T = {T}, d = {d}, the worst input of {found['tried'] + 300}"
            )
            if name == "delayed_xor" and T == 3:
                blocks_agree(evidence, built.network, found["worst"], (-1,) if evidence.quick else (0, -1))
    maps = [("a random network", targets.random_network(2, 1), 2), ("the running maximum", targets.running_maximum, 3)]
    for name, function, T in maps[:1] if evidence.quick else maps:
        sizes, samples = ((8,), 400) if evidence.quick else ((4, 8, 16, 32), 2000)
        found = approximate(
            function, T, 1, tolerance=0.04, sizes=sizes, samples=samples, effort=0.1 if evidence.quick else 1.0
        )
        evidence.constructed(
            "maps by a fit",
            found.error,
            share * found.tolerance,
            f"{name}, T = {T}, {found.route}, {found.units} units, range {found.span:.2f}",
        )
        blocks_agree(evidence, found.network, found.details["worst"], (-1,))


ROWS = (compositions_are_stable, transformers_are_universal, networks_are_universal)
