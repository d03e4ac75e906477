"""Lag copies and token-wise GELU units: Lemmas I.16 and I.17, Corollary I.18; the feedback is switched off in all of them.

A row of attention that is one-hot at t - lag copies that token, one at t acts on the token itself. Rows are made sharp by
rotary angles alone, from constant queries and keys (Lemma I.5).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.constructions.block import Block, Form
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import rotary
from sessa_ref.theory.sharp_attention import needed_gap

DELTA = 1e-15
"""The weight that a row leaves to other tokens by default: about the least that float64 can tell from none."""

MOST_LOGIT = 1e12
"""The largest logit that leaves a gap of 36 some digits in float64."""


def lag(number: int, coordinate: int) -> str:
    """The channel of U_number: coordinate `coordinate` of the token `number` places before."""
    return f"lag{number}.{coordinate}"


def out(coordinate: int) -> str:
    """A channel of U_out."""
    return f"out.{coordinate}"


def storage(T: int, d: int, more: Sequence[str] = (), width: int | None = None) -> Channels:
    """The channels of Appendix I.9: T slices of d for the lags, one for the output, and more; width (T + 1) d + 2 and up.

    Args:
        T: number of tokens.
        d: width of what the network reads.
        more: names of further channels, after "const" and "pos".
        width: the width of the model; just as many by default.
    """
    names = [lag(n, i) for n in range(T) for i in range(d)] + [out(i) for i in range(d)] + ["const", "pos", *more]
    return Channels(max(width or 0, len(names)), names)


def row_gap(T: int, shift: int, query_width: int = 2, pairs: int = 1, rows_before: bool = True) -> float:
    """The least gap between the largest and the second largest logit of rows sum over pairs of cos(w_r (t - shift - j)).

    Args:
        T: number of tokens.
        shift: the lag; 0 for diagonal rows.
        query_width: d_k, which sets the frequencies.
        pairs: the number of rotary pairs in use, from the first.
        rows_before: whether rows t < shift count, where no token has the lag.
    """
    w = rotary.frequencies(SessaConfig.paper(2, query_width))[:pairs]
    least = np.inf
    for t in range(1 if rows_before else max(shift, 1), T):
        away = (t - shift - np.arange(t + 1.0))[:, None] * w
        logits = -2 * np.sum(np.sin(away / 2) ** 2, axis=1)  # cos - 1, with its digits where it is small
        best, second = np.sort(logits)[::-1][:2]
        least = min(least, float(best - second))
    return least


def focus(block: Block, T: int, shift: int = 0, delta: float = DELTA, pairs: int = 1, rows_before: bool = True) -> None:
    """Give the block's forward rows all but `delta` at t - shift, by constant queries and keys.

    Raises:
        ValueError: logits would be too large for float64 to hold their differences.
    """
    one = block.one()
    gap = row_gap(T, shift, block.config.query_width, pairs, rows_before)
    logit = float(needed_gap(max(T - 1, 1), delta)) / gap * (1 + 1e-12) if np.isfinite(gap) else 0.0
    if not logit * pairs <= MOST_LOGIT:
        raise ValueError(
            f"rotary angles cannot focus on lag {shift} at length {T} in float64: the gap of the rows is {gap:.3g}, and "
            f"delta = {delta:g} needs logits of {logit * pairs:.3g}, above {MOST_LOGIT:g}"
        )
    length = np.sqrt(logit * np.sqrt(block.config.query_width))
    for r, w in enumerate(rotary.frequencies(block.config)[:pairs]):
        block.attend_forward(_times(length * np.cos(w * shift), one), _times(length, one), row=2 * r)
        block.attend_forward(_times(-length * np.sin(w * shift), one), _times(0.0, one), row=2 * r + 1)


def lag_copy(
    channels: Channels,
    T: int,
    d: int,
    number: int,
    *,
    delta: float = DELTA,
    small: float | None = None,
    query_width: int = 2,
    pairs: int = 1,
    gate: Mapping[str, float] | None = None,
    rows_before: bool = True,
) -> SessaParameters:
    """Lemma I.16: a block that adds the token `number` places before, read from U_0, to U_number, and changes nothing else.

    Args:
        channels: those of `storage`.
        T: number of tokens.
        d: width of a slice.
        number: the lag.
        delta: what a row leaves to other tokens.
        small: the epsilon of the proof's small-signal reading (Lemma I.15); None reads exactly (Corollary K.5).
        query_width: d_k.
        pairs: rotary pairs in use; the paper's is one.
        gate: what multiplies the copy, a form of channels; 1 by default.
        rows_before: whether tokens t < number too have one-hot rows, as the lemma says.
    """
    block = Block(channels, f"lag {number}", query_width)
    focus(block, T, number, delta, pairs, rows_before)
    for i in range(d):
        source = lag(0, i)
        if small is None:
            value: Form = block.channel(source)
        else:
            value = _times(2 / small, block.a_slot(source, {source: small}))
        block.track(source, value=value, gate=dict(gate or {ONE: 1.0}), to={lag(number, i): 1.0})
    return block.build()


@dataclass(frozen=True)
class Unit:
    """A hidden unit: GELU(reads), times `writes`; both are forms of channels, `reads` an affine one."""

    reads: Form
    writes: Form


def gelu_units(
    channels: Channels,
    T: int,
    units: Sequence[Unit],
    *,
    delta: float = DELTA,
    offset: Form | None = None,
    gate: Form | None = None,
    name: str = "units",
) -> SessaParameters:
    """Lemma I.17: a block that adds gate * sum of writes GELU(reads) + offset to every token.

    Args:
        channels: of the block.
        T: number of tokens.
        units: at most width - 1 of them.
        delta: what a row leaves to other tokens.
        offset: a constant that is added, by the output's bias.
        gate: an affine form of channels that multiplies the sum; 1 by default.
        name: for messages.
    """
    block = Block(channels, name)
    focus(block, T, 0, delta)
    slots = [next(iter(block.a_slot(f"unit {n}", unit.reads))) for n, unit in enumerate(units)]
    for target in dict.fromkeys(name for unit in units for name in unit.writes):
        value = {slot: unit.writes[target] for slot, unit in zip(slots, units, strict=True) if target in unit.writes}
        block.track(target, value=value, gate=dict(gate or {ONE: 1.0}), to={target: 1.0})
    block.offset(offset or {})
    return block.build()


def stacked(
    channels: Channels, T: int, units: Sequence[Unit], *, offset: Form | None = None, delta: float = DELTA
) -> Iterator[tuple[str, SessaParameters]]:
    """Corollary I.18: any number of units, in as many blocks as their slots need, with their names.

    The constant is the last block's output bias: the proof's block for it is not needed.
    """
    room = channels.width - 1
    batches = [units[n : n + room] for n in range(0, max(len(units), 1), room)]
    for n, batch in enumerate(batches):
        last = offset if n == len(batches) - 1 else None
        yield f"units {n}", gelu_units(channels, T, batch, delta=delta, offset=last, name=f"units {n}")


def _times(factor: float, form: Form) -> Form:
    return {name: factor * value for name, value in form.items()}
