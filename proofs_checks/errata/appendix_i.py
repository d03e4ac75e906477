"""Errata of Section 4.3 and of Appendix I; those of Theorem 14 as stated in Section 4.4 are in `section_4`."""

from fractions import Fraction

import numpy as np

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.constructions import Channels, Network
from sessa_ref.constructions.positions import intervals, positions
from sessa_ref.constructions.structured import running_maximum
from sessa_ref.constructions.tokenwise import Unit, gelu_units, out, stacked, storage
from sessa_ref.theory.positions import position_scale
from sessa_ref.theory.sharp_attention import lag_gap, least_gap, needed_gap, rotary_gap


@erratum(
    "4.10-shift",
    "lem:4.10",
    where="Section 4.3, proof sketch of Lemma 4.10",
    kind=Kind.LOOSE,
    printed="the code is shifted and rescaled so that its intervals are disjoint and lie in (0, infinity)",
    correct="rescaling does both: steps are at most c_1 - c_0 = gamma < 1, so that lambda > 2 R/step > 2 R and lambda c_0 > R",
    conclusion="survives; the block needs no output bias",
)
def positions_need_no_shift() -> Shown:
    """The lowest end of an interval at the least scale."""
    lowest = min(
        float(intervals(T, gamma, position_scale(T, gamma, 1.0), 1.0)[0, 0])
        for T in (2, 3, 64)
        for gamma in (0.01, 0.5, 0.999)
    )
    return Shown(
        lowest > 0, f"the lowest end of an interval, at R = 1 and the least scale, is at least {lowest:.4g} > 0"
    )


@erratum(
    "4.12-orthogonal",
    "cor:4.12",
    where="Section 4.3, Corollary 4.12",
    kind=Kind.LOOSE,
    printed="transparency is stated for directions orthogonal to e_pos",
    correct="G(h + a v 1[. = tau]) = G(h) + a v 1[. = tau] for every v; only the second claim, on the coordinate, needs v orthogonal",
    conclusion="survives",
)
def transparency_for_all_directions() -> Shown:
    """A change with a part along e_pos passes as it is."""
    network = positions(8, width=2, channels=Channels(2, ("pos", "sig"))).network
    h = np.zeros((8, 2))
    moved = h.copy()
    moved[3] += (0.5, 0.25)
    difference = network(moved) - network(h)
    return Shown(
        bool(
            np.array_equal(difference[np.arange(8) != 3], np.zeros((7, 2)))
            and np.allclose(difference[3], (0.5, 0.25), atol=1e-12)
        ),
        "a change by (0.5, 0.25) along e_pos and e_sig at token 3 comes out as it went in, and nowhere else",
    )


@erratum(
    "14-const",
    "thm:14",
    where="Appendix I.9 and step 1 of I.10",
    kind=Kind.LOOSE,
    printed="a coordinate e_const, filled with 1 by Embed, is part of the width m = (T + 1) d + 2",
    correct="W_in has a bias, so that nothing ever has to read it: m = (T + 1) d + 1 suffices, and linear adapters do",
    conclusion="survives with a smaller width",
)
def const_is_never_read() -> Shown:
    """The weights that read it."""
    built = running_maximum(4)
    at = storage(4, 1).names.index("const")
    reads = max(float(np.abs(block["W_in.weight"][:, at]).max()) for block in built.network.blocks)
    return Shown(
        reads == 0,
        f"the largest weight that reads e_const in the {len(built.network.blocks)} blocks of a running maximum is {reads:g}",
    )


@erratum(
    "I.2-threshold",
    "lem:I.2",
    where="Appendix I.3, Lemma I.2",
    kind=Kind.LOOSE,
    printed="sigma Delta >= log((n - 1)/delta)",
    correct="log((n - 1)(1 - delta)/delta) suffices and is necessary for equal others",
    conclusion="survives",
)
def sharper_threshold() -> Shown:
    """Three equal-but-one logits at the sharp threshold."""
    n, delta = 3, 0.5
    printed, sharp = needed_gap(n - 1, delta), least_gap(n - 1, delta)
    p = 1 / (1 + (n - 1) * np.exp(-sharp))
    return Shown(
        abs(p - (1 - delta)) < 1e-12 and sharp < printed, f"n = 3, delta = 1/2: {sharp:.4f} against {printed:.4f}"
    )


@erratum(
    "I.6-rows",
    "lem:I.6",
    where="Appendix I.4, Lemma I.6",
    kind=Kind.LOOSE,
    printed="2 delta V_max sqrt(T)",
    correct="2 delta V_max sqrt(T - 1): row 0 reads itself alone",
    conclusion="survives",
)
def row_zero_is_exact() -> Shown:
    """The worst values of three tokens."""
    delta = Fraction(1, 4)
    square = sum(((1 - delta) * -1 + delta * 1 + 1) ** 2 for _ in range(2))  # T = 3, v = 1, -1, -1
    return Shown(
        square == (2 * delta) ** 2 * 2, "T = 3, v = (1, -1, -1), delta = 1/4: the squared norm is 2 (2 delta)^2"
    )


@erratum(
    "I.13-sharp",
    "lem:I.13",
    where="Appendix I.7, Lemma I.13; used in I.16",
    kind=Kind.LOOSE,
    printed="2 delta (M_phi + eta) + eta",
    correct="eta + 2 delta M_phi, which is attained: split the sum at phi instead of at v",
    conclusion="survives with the smaller bound",
)
def transport_is_sharper() -> Shown:
    """Two tokens that attain the sharp bound."""
    delta, eta = Fraction(1, 4), Fraction(1, 2)
    attained = max(abs((1 - delta) * (1 + s * eta) + delta * (-1 + s * eta) - 1) for s in (1, -1))
    sharp, printed = eta + 2 * delta, 2 * delta * (1 + eta) + eta
    return Shown(
        attained == sharp < printed, f"phi = +-1, v = phi +- 1/2, delta = 1/4: {attained}, bounds {sharp} and {printed}"
    )


@erratum(
    "I.16-early-rows",
    "lem:I.16",
    where="Appendix I.9, Lemma I.16 (iii)",
    kind=Kind.LOOSE,
    printed="rows t < lag, where no token has the lag, are asked to be one-hot as well, at arg max cos((t - lag) - j)",
    correct="Theorem 14 never reads them (Read_t takes the lags up to t): without them the gap is Delta_T of Lemma I.5",
    conclusion="survives; with these rows the gap, and so the logits that float64 must hold, can be much worse",
)
def early_rows_cost() -> Shown:
    """The gaps at T = 32."""
    with_rows, without = min(lag_gap(32, n) for n in range(1, 32)), rotary_gap(32)
    return Shown(
        with_rows < without / 3, f"T = 32: the least gap is {with_rows:.2g} with these rows, {without:.2g} without"
    )


@erratum(
    "I.18-constant",
    "cor:I.18",
    where="Appendix I.9, proof of Corollary I.18",
    kind=Kind.LOOSE,
    printed="M batches and one more block for the constant, M + 1 blocks in all",
    correct="b_out of any of the blocks adds the constant exactly",
    conclusion="survives with M blocks",
)
def constant_needs_no_block() -> Shown:
    """A block with a constant in its output bias."""
    channels = storage(2, 1)
    unit = Unit({"lag0.0": 1.0}, {out(0): 1.0})
    x = np.random.default_rng(0).uniform(-1, 1, (2, channels.width))
    plain = Network.of([("units", gelu_units(channels, 2, [unit]))])
    shifted = list(stacked(channels, 2, [unit], offset={out(0): 0.7}))
    difference = Network.of(shifted)(x) - plain(x) - 0.7 * channels[out(0)]
    return Shown(
        len(shifted) == 1 and float(np.abs(difference).max()) < 1e-15,
        "one block with b_out = 0.7 e_out adds 0.7 to its units",
    )


ERRATA: tuple[Erratum, ...] = (
    positions_need_no_shift,
    transparency_for_all_directions,
    const_is_never_read,
    sharper_threshold,
    row_zero_is_exact,
    transport_is_sharper,
    early_rows_cost,
    constant_needs_no_block,
)
