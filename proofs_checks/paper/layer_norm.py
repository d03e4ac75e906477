"""LayerNorm by a scaffold (Appendix J)."""

from collections.abc import Mapping

import numpy as np
import sympy
from flint import arb, arb_mat

from proofs_checks import wording
from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree
from proofs_checks.statement import Bend, states
from sessa_ref.certified import functions
from sessa_ref.config import SessaConfig
from sessa_ref.constructions import Network, targets
from sessa_ref.constructions.causal_maps import CausalMap, sup_error
from sessa_ref.constructions.scaffold import block_on_scaffold, on_scaffold, papers_size, scaffold
from sessa_ref.constructions.structured import STRUCTURED
from sessa_ref.parameters import SessaParameters, shapes
from sessa_ref.reference import forward
from sessa_ref.theory.scaffold import centred_error, direct_error, printed_error, reference_scale

EPS = 1e-5


@states(
    "lem:J.1",
    "LayerNorm is nearly linear on a scaffold",
    where="Appendix J.2, Lemma J.1",
    says=r"""
    For tokens $(u, c, \dots, c, -c, \dots, -c)$ of width $m = m_0 + m_{sc}$ with $\lVert u \rVert \le R$ and
    $a = (m_{sc}c^2/m + \epsilon)^{-1/2}$, the first $m_0$ coordinates of LayerNorm are within
    $\frac{m_0 R}{m\sqrt{\epsilon}} + \frac{R^3}{m\,\epsilon^{3/2}}$ of $a u$, for every $c$: as small as one likes for large
    $m_{sc}$. The scaffold itself is constant.

    Sharper: $\frac{a m_0 R}{m} + \frac{a^3R^3}{2m}$; and $\frac{a^2R^3}{2m}$, relative to $a$, where the mean's removal is undone by
    $u \mapsto u + \frac{1}{m_{sc}}\sum_i u_i$.
    """,
    trust="real arithmetic; every m_0, m_sc, c, R and eps: identities of symbols and the inequality of Cauchy and Schwarz; worst "
    "tokens in balls",
    bends=(
        Bend("the mean's part of the bound left out", {"mean": 0.0}),
        Bend("the sharper variance part smaller by a half", {"variance": 0.5}),
        Bend("a scaffold that does not sum to 0", {"balanced": False}),
    ),
)
def layer_norm_is_nearly_linear(
    evidence: Evidence, *, mean: float = 1.0, variance: float = 1.0, balanced: bool = True
) -> None:
    """The variance in symbols: sigma^2 - sigma_0^2 = |u|^2/m - mu^2, between 0 and R^2/m; then worst tokens in balls."""
    for m0, wide in ((1, 2), (2, 2), (3, 4)):
        u, c = sympy.symbols(f"u1:{m0 + 1}"), sympy.Symbol("c")
        token = [*u, *[c] * (wide // 2), *[-c if balanced else c] * (wide // 2)]
        m = m0 + wide
        mu = sum(token) / sympy.Integer(m)
        difference = sum((z - mu) ** 2 for z in token) / m - wide * c**2 / m
        claimed = sum(z**2 for z in u) / sympy.Integer(m) - (sum(u) / sympy.Integer(m)) ** 2
        evidence.identity("the bound", sympy.expand(difference - claimed), f"the variance for m0 = {m0}, m_sc = {wide}")
        restored = [z - mu + sum(v - mu for v in u) / sympy.Integer(wide) for z in u]
        evidence.identity(
            "the mean undone",
            [sympy.expand(r - z) for r, z in zip(restored, u, strict=True)],
            "u - mu + sum(u - mu)/m_sc = u",
        )
    n, w, first, second, c = sympy.symbols(
        "m_0 m_sc S_1 S_2 c", positive=True
    )  # sums of u_i and of u_i^2, every m_0 and m_sc
    mu = first / (n + w)
    deviations = second + w * c**2 - 2 * mu * first + (n + w) * mu**2  # the scaffold's sum is 0
    evidence.identity(
        "the bound",
        sympy.simplify(deviations / (n + w) - w * c**2 / (n + w) - (second / (n + w) - mu**2)),
        "the variance for every m_0 and m_sc",
    )
    evidence.identity(
        "the mean undone",
        sympy.simplify(-mu + (first - n * mu) / w),
        "-mu + sum(u - mu)/m_sc = 0 for every m_0 and m_sc",
    )
    s, s0 = sympy.symbols("sigma sigma0", positive=True)
    evidence.identity(
        "the bound",
        sympy.simplify(1 / s0 - 1 / s - (s**2 - s0**2) / (s * s0 * (s + s0))),
        "1/s0 - 1/s; then s >= s0 >= sqrt(eps)",
    )
    a, R, m = sympy.symbols("a R m", positive=True)
    q = R**2 / m  # s^2 - s0^2 is at most this; |mu| is at most sqrt(m_0) R/m, by Cauchy and Schwarz
    evidence.identity(
        "the bound",
        [
            sympy.sqrt(n) * (sympy.sqrt(n) * R / m) * a + R * q * a**3 / 2 - direct_error(n, m, R, a),  # type: ignore[arg-type]
            R * q * a**2 / 2 - centred_error(m, R, a),  # type: ignore[arg-type]
        ],
        "|mu| sqrt(m_0)/s + |u|(1/s0 - 1/s) with s, s0 >= 1/a; and |u|(1 - s0/s)",
    )
    pairs, undone = [], []
    for m0, wide, c, R in (
        (1, 2, 0.0, 1.0),
        (4, 2, 1.0, 1.0),
        (4, 64, 0.01, 0.5),
        (3, 1024, 1e-4, 0.01),
        (6, 2, 100.0, 2.0),
    ):
        for shape in ("equal", "single", "balanced"):
            token = _token(m0, R, shape)
            m, eps = m0 + wide, arb(EPS)
            normal = _normalised(token, wide, c, balanced)
            a = reference_scale(m0, wide, arb(c), eps)
            error = _norm([n - a * arb(z) for n, z in zip(normal, token, strict=True)])
            r = arb(R) * (1 + arb(2) ** -40)  # the float64 token's norm, rounded up
            sharp = mean * a * m0 * r / m + variance * a**3 * r**3 / (2 * m)
            text = f"m0 = {m0}, m_sc = {wide}, c = {c:g}, R = {R:g}, {shape}"
            pairs += [
                (error, sharp, text),
                (error, printed_error(m0, m, r, eps), text),
                (error, direct_error(m0, m, r, a), text),
            ]
            total = sum(normal, arb(0)) / wide
            again = _norm([(n + total) / a - arb(z) for n, z in zip(normal, token, strict=True)])
            undone.append((again, variance * centred_error(m, r, a), text))
    evidence.enclosed(
        "the bound", pairs, "worst tokens in balls, against the printed and the sharper bound; symbols give all others"
    )
    evidence.enclosed("the mean undone", undone, "the same with the mean restored: a^2 R^3/(2 m) is left")


def _token(m0: int, R: float, shape: str) -> list[float]:
    token = np.zeros(m0)
    if shape == "equal":
        token[:] = R / np.sqrt(m0)
    elif shape == "single" or m0 == 1:
        token[0] = R
    else:
        token[:2] = R / np.sqrt(2), -R / np.sqrt(2)
    return token.tolist()


def _normalised(token: list[float], wide: int, c: float, balanced: bool) -> list[arb]:
    row = [*token, *[c] * (wide // 2), *[-c if balanced else c] * (wide // 2)]
    values = functions.standardize(arb_mat(1, len(row), [arb(z) for z in row]), EPS).values
    return values.entries()[: len(token)]


def _norm(entries: list[arb]) -> arb:
    return sum((z * z for z in entries), arb(0)).abs_upper().sqrt()


@states(
    "lem:J.2",
    "A LayerNorm block simulates an identity block on a scaffold",
    where="Appendix J.3, Lemma J.2",
    says=r"""
    Let $G$ be a concrete block of width $m_0$ with $\mathrm{Norm} = \mathrm{Id}$, $K$ compact and $\varepsilon > 0$. There are
    a scaffold $(m_{sc}, c)$ and a LayerNorm block $\tilde G$ of width $m_0 + m_{sc}$ with
    $\sup_{x \in K}\lVert \pi_{dyn}(\tilde G(x, s)) - G(x) \rVert_F \le \varepsilon$ and $\pi_{sc}(\tilde G(x, s)) = s$ exactly.

    The paper needs $m_{sc}$ of the order of $1/\varepsilon$; with the mean restored $m_{sc} = 2$ suffices for every
    $\varepsilon$, and the error falls like $1/c^2$.
    """,
    trust="random blocks of width 4 at T = 5, in float64 in reference and torch: the paper's recipe for widths up to 512, and width 2 for c "
    "up to 1e5; that the scaffold stays is exact zeros of weights",
    needs=("lem:J.1",),
    not_higher="each network is one block; the general step is uniform continuity of the block",
    bends=(
        Bend("the input projection is not divided by a", {"divided": False}),
        Bend("width 2 without restoring the mean", {"restore": False}),
    ),
)
def block_moves_to_layer_norm(evidence: Evidence, *, divided: bool = True, restore: bool = True) -> None:
    """How the error falls with the width, for the paper's recipe, and with the size, for width 2."""
    config = SessaConfig.paper(4)
    block = SessaParameters(config, {name: 0.5 * evidence.rng.standard_normal(s) for name, s in shapes(config).items()})
    x = evidence.rng.uniform(-1, 1, (20, 5, 4))
    y = forward(block, x)
    errors = {}
    for width in (32, 128) if evidence.quick else (32, 128, 512):
        size = papers_size(4, width, 1.0, EPS)
        errors[width] = _moved_error(block, x, y, width, size, divided, False)
    first, last = min(errors), max(errors)
    evidence.constructed(
        "the paper's recipe", errors[last], 2 * errors[first] * first / last, f"falls like 1/m_sc: {_at(errors)}"
    )
    by_size = {size: _moved_error(block, x, y, 2, size, divided, restore) for size in (1e1, 1e2, 1e3, 1e4, 1e5)}
    evidence.constructed("width 2", by_size[1e4], 2 * by_size[1e1] * 1e-6, f"falls like 1/c^2: {_at(by_size)}")
    evidence.constructed("width 2", by_size[1e5], 1e-7, "sup |difference| at c = 1e5")
    moved = block_on_scaffold(block, 2, 1e3, eps=EPS)
    rows = [int(np.count_nonzero(moved["W_out.weight"][4:])), int(np.count_nonzero(moved["W_out.bias"][4:]))]
    evidence.identity("the scaffold stays", rows, "exact zeros of W_out and b_out: what is added to s is 0")
    tokens = np.concatenate([x[0], np.broadcast_to(scaffold(2, 1e3), (5, 2))], axis=1)
    blocks_agree(evidence, Network.of([("moved", moved)]), tokens)


def _at(errors: Mapping[float, float]) -> str:
    return ", ".join(f"{error:.3g} at {size:g}" for size, error in errors.items())


def _moved_error(block, x, y, width, size, divided, restore) -> float:
    moved = block_on_scaffold(block, width, size, restore_mean=restore, eps=EPS)
    if not divided:
        a = float(reference_scale(4, width, size, EPS))
        moved = SessaParameters(moved.config, dict(moved) | {"W_in.weight": a * moved["W_in.weight"]})
    tokens = np.concatenate([x, np.broadcast_to(scaffold(width, size), (*x.shape[:2], width))], axis=-1)
    return float(np.abs(forward(moved, tokens)[..., :4] - y).max())


@states(
    "cor:J.3",
    "LayerNorm networks approximate every continuous causal map",
    where="Appendix J.4, Corollary J.3",
    says=r"""
    Theorem 14 with $\mathrm{Norm} = \mathrm{LN}_\epsilon$ for any $\epsilon > 0$: for compact $\mathcal{D}$, continuous causal
    $F$ and $\varepsilon > 0$ there are adapters and a finite network of LayerNorm blocks within $\varepsilon$ of $F$ on
    $\mathcal{D}$. The network of Theorem 14 is widened by one scaffold for all its blocks.
    """,
    trust="the networks of Theorem 14 for four maps, T = 3 and 5, moved with a scaffold of width 2, in float64 in reference and torch; "
    "samples and a search, against the bound of the network with Norm = Id",
    needs=("thm:14", "lem:J.2", "lem:I.9"),
    not_higher="each network is for one map, as for Theorem 14",
    bends=(
        Bend("a scaffold of size 10", {"size": 10.0}),
        Bend("width 2 without restoring the mean", {"restore": False}),
    ),
)
def layer_norm_networks_are_universal(evidence: Evidence, *, size: float = 1e6, restore: bool = True) -> None:
    """Whole networks moved to LayerNorm, and what that costs at several sizes of the scaffold."""
    names = ("running_maximum", "position_of_largest") if evidence.quick else tuple(STRUCTURED)
    for name in names:
        for T, d in ((3, 1),) if evidence.quick else ((3, 1), (5, 2)):
            built = STRUCTURED[name](T, d)
            target = CausalMap.of(getattr(targets, name), T, d)
            moved = on_scaffold(built.network, 2, size, restore_mean=restore, eps=EPS)
            found = sup_error(target, moved, evidence.rng, 200, 5)
            promised = built.claim.measure(found["worst"][None])[0].promised
            evidence.constructed(
                "the network",
                max(found["sampled"], found["searched"]),
                promised + 1e-5,
                f"{targets.WORDS[name]}, T = {T}, d = {d}, {wording.counted(len(moved.blocks), 'block')}",
            )
            if name == "running_maximum" and T == 3:
                blocks_agree(evidence, moved, found["worst"])


ROWS = (layer_norm_is_nearly_linear, block_moves_to_layer_norm, layer_norm_networks_are_universal)
