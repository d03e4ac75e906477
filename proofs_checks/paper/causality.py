"""Causal maps (Definitions 6 and 10, Lemma I.1)."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.constructions import targets
from sessa_ref.constructions.causal_maps import CausalMap, NotCausalError
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters, shapes

_SAYS = r"""
A map $F : \mathcal{D} \to \mathbb{R}^{T \times D}$, $\mathcal{D} \subset \mathbb{R}^{T \times D}$, is causal if, for every $t$
and all $x, x' \in \mathcal{D}$, $x_{0:t} = x'_{0:t}$ implies $F(x)_t = F(x')_t$.
"""
_TRUST = "the definition on functions and on a layer, reference and torch; causality by changing later tokens, 64 inputs at each t"


def _layer(rng: np.random.Generator) -> SessaParameters:
    config = SessaConfig.paper(2)
    return SessaParameters(config, {name: rng.standard_normal(shape) for name, shape in shapes(config).items()})


def _is_causal(function: Callable[[Array], Array], T: int, d: int) -> bool:
    try:
        CausalMap.of(function, T, d)
    except NotCausalError:
        return False
    return True


def _definition(evidence: Evidence, backwards: bool) -> None:
    parameters = _layer(evidence.rng)
    for name, F, d in (
        ("the running maximum", targets.running_maximum, 1),
        ("a block of the paper", lambda x: reference.forward(parameters, x), 2),
    ):
        shown = (lambda x, F=F: F(x[..., ::-1, :])[..., ::-1, :]) if backwards else F
        evidence.instance(f"{name}, T = 5", _is_causal(shown, 5, d))
    evidence.non_instance("the mean of all tokens", _is_causal(lambda x: 0 * x + x.mean(axis=-2, keepdims=True), 5, 1))
    evidence.non_instance(
        "the running maximum, from the end",
        _is_causal(lambda x: targets.running_maximum(x[..., ::-1, :])[..., ::-1, :], 5, 1),
    )
    evidence.non_instance("x_t + 1e-6 x_(t+1)", _is_causal(lambda x: x + 1e-6 * np.roll(x, -1, axis=-2), 5, 1))
    outputs_agree(evidence, parameters, evidence.rng.standard_normal((5, 2)))


@states(
    "def:6",
    "Causality of a map",
    where="Section 4.4, Definition 6",
    says=_SAYS,
    trust=_TRUST,
    bends=(Bend("time turned round", {"backwards": True}),),
)
def causal(evidence: Evidence, *, backwards: bool = False) -> None:
    """Maps that are causal, and maps that are not."""
    _definition(evidence, backwards)


@states(
    "def:10",
    "Causality of a map, in the appendix",
    where="Appendix I.1, Definition 10",
    says=_SAYS + "It is Definition 6 once more.",
    trust=_TRUST,
    bends=(Bend("time turned round", {"backwards": True}),),
)
def causal_again(evidence: Evidence, *, backwards: bool = False) -> None:
    """The same."""
    _definition(evidence, backwards)


@states(
    "lem:I.1",
    "A continuous causal map is continuous in its prefixes",
    where="Appendix I.1, Lemma I.1",
    says=r"""
    Let $\mathcal{D}$ be compact and $F$ continuous and causal on it. For each $t$ there is exactly one map
    $\hat F_t$ on the set of prefixes $\{x_{0:t} : x \in \mathcal{D}\}$ with $\hat F_t(x_{0:t}) = F(x)_t$, and it is
    continuous.
    """,
    trust="factorisation: all 256 maps of two bits, exactly. Continuity is shown at examples: two maps on a compact set without a "
    "continuous choice of the later token, and the running maximum. The proof is topology: a continuous image of a compact set is closed",
    needs=("def:10",),
    not_higher="continuity is seen at examples only; the general argument is the paper's, read and found right",
    bends=(
        Bend("the set is not compact", {"compact": False}),
        Bend("maps that are not causal", {"causal": False}),
    ),
)
def prefixes_decide(evidence: Evidence, *, compact: bool = True, causal: bool = True) -> None:
    """Count the causal maps of two bits; then follow F_0 towards a prefix where the later token jumps."""
    bits = list(product((0, 1), repeat=2))
    factor = found = 0
    for values in product(bits, repeat=4):
        F = dict(zip(bits, values, strict=True))
        is_causal = all(F[x][0] == F[y][0] for x in bits for y in bits if x[0] == y[0])
        one_map = all(len({F[x][0] for x in bits if x[0] == first}) == 1 for first in (0, 1))
        found += is_causal
        factor += one_map == is_causal if causal else one_map
    # F_0 is one of 2^2 maps of a bit, F_1 one of 2^4 maps of two bits
    evidence.exact(
        "one map of the prefix", [(abs(found - 4 * 16), 0, "causal maps")], "2^2 * 2^4 of the 4^4 maps are causal"
    )
    evidence.exact(
        "one map of the prefix",
        [(abs(factor - 256), 0, "")],
        "a map factors through its prefixes if and only if it is causal",
    )
    _follow(evidence, compact)
    x = np.linspace(-1, 1, 401)
    pairs = np.stack([x, np.zeros_like(x)], axis=-1)[..., None]
    steps = np.abs(np.diff(targets.running_maximum(pairs)[:, 0, 0]))
    evidence.constructed(
        "continuous", float(steps.max() / (x[1] - x[0])), 1.0 + 1e-9, "the running maximum's F_0 on a grid"
    )


def _follow(evidence: Evidence, compact: bool) -> None:
    """Two sheets, {(s, 1) : s >= 0} and {(s, -1) : s <= 0}: the later token has no continuous choice over the prefix s.

    Without the point (0, 1) the set is not closed. There F(x)_0 = x_1 is causal and continuous, and its F_0 jumps at 0; on the
    closed set it is not causal, and maps that are, such as x_0 x_1, have a continuous F_0.
    """
    steps = [Fraction(1, n) for n in (10, 100, 1000)]
    points = [(s, 1) for s in steps] + [(-s, -1) for s in steps] + [(Fraction(0), -1)] + [(Fraction(0), 1)] * compact
    maps: list[tuple[str, Callable[[Fraction, int], Fraction | int]]] = [
        ("x_0 x_1", lambda s, tail: s * tail),
        ("x_0 + x_0^2 x_1", lambda s, tail: s + s**2 * tail),
    ]
    for name, F in maps if compact else [*maps, ("x_1", lambda _, tail: tail)]:
        values: dict[Fraction, set] = {}
        for s, tail in points:
            values.setdefault(s, set()).add(Fraction(F(s, tail)))
        evidence.exact(
            "one map of the prefix", [(max(map(len, values.values())), 1, f"F(x)_0 = {name}")], "values per prefix"
        )
        (at_zero,) = values[Fraction(0)]
        worst = max(float(abs(next(iter(found)) - at_zero) / abs(s)) for s, found in values.items() if s)
        evidence.constructed("continuous", worst, 2.0, f"|F_0(s) - F_0(0)|/|s| on two sheets, F(x)_0 = {name}")
    if compact:
        jumping = {tail for s, tail in points if s == 0}
        evidence.exact(
            "one map of the prefix", [(2, len(jumping), "x_1")], "on the closed set x_1 is no map of the prefix 0"
        )


ROWS = (causal, causal_again, prefixes_decide)
