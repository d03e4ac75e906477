"""Where bfloat16, float32 and float64 end for the constructions, and that the mathematics goes on."""

import flint
import numpy as np
import torch
from flint import arb

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, Statement, states
from proofs_checks.torch_layer import layer_of
from sessa_ref.certified import balls
from sessa_ref.certified import layer as certified_layer
from sessa_ref.constructions import Channels, Network
from sessa_ref.constructions.positions import positions
from sessa_ref.constructions.published import to_published
from sessa_ref.constructions.selective_retrieval import NAMES, column_margins, selective_retrieval
from sessa_ref.notation import Array
from sessa_ref.theory.positions import position_step
from sessa_ref.theory.uniform_routing import position_code

ENDS = (("bfloat16", 0.9, 4, 32), ("float32", 0.1, 32, 512), ("float64", 1e-6, 8, 128))
"""(format, gain, a length at which the position writer works, one at which it does not)."""

SMALL_GAINS = (("bfloat16", 2.0**-6), ("float32", 2.0**-14), ("float64", 2.0**-28))
"""(format, a gain whose square is so small that three tokens are too many)."""


@states(
    "ours:number-formats",
    "Where bfloat16, float32 and float64 end for the constructions",
    where="Lemma 4.10, Theorem 12; for every construction that writes positions",
    says=r"""
    Let $e$ be the largest error of a code of Lemma 4.10's block, run as a network on $h = 0$, in units of the least step
    between codes: at $e \ge 1/2$ neighbours cannot be told apart. In bfloat16 at gain $0.9$, in float32 at gain $0.1$ and in float64 at
    gain $10^{-6}$ it is above $1/2$ at $T = 32$, $512$ and $128$, and below at $T = 4$, $32$ and $8$. With gains of $2^{-6}$, $2^{-14}$ and
    $2^{-28}$ three tokens are too many, since $c_2 - c_1 = \gamma^2/2$. In ball arithmetic the same weights keep all positions apart, for
    every $\lVert h_t \rVert \le 1$. The network of Theorem 12 for $k = 2$, $\beta = 1/2$, $H = 64$ has scores that are right to $10^{-4}$ in
    float32 and wrong by more than a hundredth in bfloat16; in the published layer, on a scaffold of $10^8$, bfloat16 is off by
    more than the score itself.
    """,
    proof=r"""
    The numbers are measurements, on the networks themselves. What can be proved is why small gains fail, and that no
    format is to blame for the mathematics.

    *Small gains.* By `ours:position-step` at $t = 1$ the codes of tokens 1 and 2 differ by
    $\gamma^2\, \Gamma(1 + \gamma) / (\Gamma(1 + \gamma)\, \Gamma(3)) = \gamma^2/2$. Numbers of a format with machine epsilon
    $\epsilon$ lie $\epsilon$ apart in $[1, 2)$, where both codes are. With $\gamma = 2^{-6}, 2^{-14}, 2^{-28}$ the difference is
    $2^{-13}, 2^{-29}, 2^{-57}$, less than half of $\epsilon = 2^{-7}, 2^{-23}, 2^{-52}$. So an error of half a spacing, which
    rounding the result alone can make, is more than the difference itself.

    *Balls.* The steps of the code are positive for every $t$ and every $\gamma > 0$, by the same formula. So the scale
    of Corollary I.8 exists, and in arithmetic that is precise enough all positions stay apart.
    """,
    trust="torch layers on a CPU; the codes in balls; T = 512 in balls by the closed form of the code alone (Lemma 4.10)",
    not_higher="rounding depends on the order of operations: single lengths are measured, and far from the border",
    needs=("lem:4.10", "ours:position-step", "thm:12"),
    bends=(
        Bend("float64 in place of each format", {"wider": True}),
        Bend("lengths at which it works in place of those at which it does not", {"shorter": True}),
    ),
)
def number_formats(evidence: Evidence, *, wider: bool = False, shorter: bool = False) -> None:
    """The position writer in each format against its codes in balls; the network of Theorem 12 against its own scores."""
    for name, gain, short, long in ENDS[:2] if evidence.quick else ENDS:
        number = "float64" if wider else name
        works, fails = _code_error(number, gain, short), _code_error(number, gain, short if shorter else long)
        evidence.constructed("it works", works, 0.5, "error of a code, in steps", f"{name}, gain {gain:g}, T = {short}")
        evidence.constructed("it fails", 0.5, fails, "the same, at least 1/2", f"{name}, gain {gain:g}, T = {long}")
    if wider or shorter:
        return
    for name, gain in SMALL_GAINS:
        fails = _code_error(name, gain, 3)
        evidence.constructed(
            "it fails", 0.5, fails, "the same, at least 1/2", f"{name}, gain 2^{np.log2(gain):g}, T = 3"
        )
        _apart_in_balls(evidence, gain, 3)
    for _, gain, _, long in ENDS[: 1 if evidence.quick else 3]:
        _apart_in_balls(evidence, gain, min(long, 128))
    if not evidence.quick:
        _retrieval(evidence)


def _writer(gain: float, T: int) -> Network:
    return positions(T, 3, gain, channels=Channels(3, ("pos", "sig"))).network


def _code_error(name: str, gain: float, T: int) -> float:
    network = _writer(gain, T)
    y, scale = _run(network, np.zeros((T, 3)), getattr(torch, name))[:, 0], arb(network.notes["scale"])
    gamma = arb(gain)
    worst = max(abs(arb(float(y[t])) / scale - position_code(t, gamma)) for t in range(T))
    return float(worst / position_step(arb(T - 2), gamma))


def _run(network: Network, x: Array, number: torch.dtype) -> Array:
    tokens = torch.as_tensor(x if network.embed is None else network.embed(x)).to(number)
    for block in network.blocks:
        tokens = layer_of(block, number)(tokens[None])[0]
    y = tokens.double().numpy()
    return y if network.unembed is None else network.unembed(y)


def _apart_in_balls(evidence: Evidence, gain: float, T: int) -> None:
    """Neighbours along e_pos differ by more than 2 R, R = 1, so that no token of the ball can close the gap."""
    with flint.ctx.workprec(256):
        y = certified_layer.trace(_writer(gain, T).blocks[0], balls.exact(np.zeros((T, 3)))).y
        pairs = [(arb(2), y[t + 1, 0] - y[t, 0], f"gain {gain:g}, T = {T}, t = {t}") for t in range(T - 1)]
    evidence.enclosed("in balls", pairs, "the same weights, exact: the block adds its code to every h, whatever it is")


def _retrieval(evidence: Evidence) -> None:
    H, target, channels = 64, 1, Channels(7, NAMES)
    network = selective_retrieval(2, 0.5, H, target=target).network
    x = evidence.rng.standard_normal((H + 2, 7))
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    exact, step = column_margins(network, channels, x, target), np.zeros_like(x)
    step[target] = channels["sig"]

    def wrong(one: Network, name: str) -> float:
        up, down = (channels.read("sig", _run(one, x + sign * step, getattr(torch, name))) for sign in (1, -1))
        return float(np.max(np.abs((up - down)[target + 1 :] / 2 / exact - 1)))

    published = to_published(network)
    how = "scores by a change of 1, relative error"
    evidence.constructed("retrieval works", wrong(network, "float32"), 1e-4, how, "float32, H = 64")
    evidence.constructed("retrieval works", wrong(published, "float64"), 1e-6, how, "published layer, float64")
    evidence.constructed("retrieval fails", 0.01, wrong(network, "bfloat16"), how, "bfloat16, H = 64")
    evidence.constructed("retrieval fails", 1.0, wrong(published, "bfloat16"), how, "published layer, bfloat16")


ROWS: tuple[Statement, ...] = (number_formats,)
