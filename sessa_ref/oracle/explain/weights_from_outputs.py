"""What the output says of the values inside: the layer is linear from the weights of both attentions on.

The gate and W_out can be undone, which gives the state s. Where everything but the gain is right, s_t - f_t is a
multiple of what the feedback reads, and the multiple is the gain that the implementation used. Where only the routing is
wrong, s_t - f_t is a combination of earlier states, and where only the forward weights are, f_t is one of the values.
As long as there are fewer of these than features, that can fail, so that it is evidence where it holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sessa_ref import reference
from sessa_ref.notation import Array
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.levels import LAYER
from sessa_ref.precision import PRECISIONS
from sessa_ref.reference import attention

_CASES = 6
"""Failing cases that are looked at, at most."""

_TOKENS = range(2, 41)

_SEEN = 1e-6
"""Gains and weights, which are of order 1, are different if they differ by this much."""


@dataclass(frozen=True)
class Entry:
    """One number inside the layer: what it is, what the implementation used, and what is right."""

    place: str
    used: float
    right: float

    @property
    def error(self) -> float:
        """How far it is off."""
        return abs(self.used - self.right)

    def __str__(self) -> str:
        return f"{self.place} is {self.used:.6g} instead of {self.right:.6g}"


def values_inside(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    """The first of gain, feedback weights and forward weights that explains all failing outputs by itself."""
    wrong = [
        o for o in observations
        if o.result.check == "forward" and o.comparison is not None and o.expectation is not None
        and o.expectation.case.level == LAYER and o.expectation.case.x.shape[1] in _TOKENS and "y" in o.comparison.values
        and o.comparison.values["y"].shape == o.expectation.case.x.shape
    ]  # fmt: skip
    wrong = sorted(wrong, key=lambda o: o.expectation.case.x.size if o.expectation else 0)[:_CASES]
    inside = []
    for o in wrong:
        assert o.expectation is not None
        assert o.comparison is not None
        undone = _undone(o.expectation, o.comparison.values["y"])
        if undone is None:
            return
        inside.append((o.expectation, *undone))
    for name, entries_of in (
        ("OtherGain", _gains),
        ("OtherFeedbackWeights", _feedback_weights),
        ("OtherForwardWeights", _forward_weights),
    ):
        found = []
        for expectation, true, states in inside:
            entries = entries_of(expectation, true, states)
            if entries is None:
                found = []
                break
            found += [(entry, expectation.case.name) for entry in entries]
        if found:
            worst, case = max(found, key=lambda pair: pair[0].error)
            if worst.error < _SEEN:  # the first tokens are right, and tell nothing
                continue
            yield name, f"on {case}, {worst}"
            return


def _undone(expectation: Expectation, y: Array) -> tuple[reference.Trace, Array] | None:
    """The right intermediates, and the implementation's states if W_out and the gate are right and can be undone."""
    case = expectation.case
    true, weight = reference.trace(case.parameters, case.x), case.parameters["W_out.weight"]
    bias = case.parameters.get("W_out.bias")
    branch = y.astype(np.float64) - case.x - (0 if bias is None else bias)
    lost = np.linalg.cond(weight) * PRECISIONS[expectation.dtype].unit_roundoff
    if lost > 1e-3 or not np.all(np.isfinite(branch)) or not np.all(true.g):
        return None
    return true, np.linalg.solve(weight, branch[..., None])[..., 0] / true.g


def _gains(expectation: Expectation, true: reference.Trace, s: Array) -> list[Entry] | None:
    """The gain of every token but the first: s_t - f_t over what the feedback reads."""
    read, bound = true.alpha_fb @ s, expectation.case.parameters.config.gamma_max
    entries = []
    for row, t in np.ndindex(*true.gamma.shape):
        used = _combination(s[row, t], true.f[row, t], read[row, t][:, None][:, : int(t > 0)], expectation)
        if used is None:
            return None
        if t:
            argument = np.arctanh(true.gamma[row, t] / bound)
            entries.append(Entry(f"for the argument {argument:.4g} it", float(used[0]), float(true.gamma[row, t])))
    return entries


def _feedback_weights(expectation: Expectation, true: reference.Trace, s: Array) -> list[Entry] | None:
    """Row t of B, as long as token t has fewer earlier ones than there are features."""
    rows, tokens, width = s.shape
    entries = []
    for row, t in np.ndindex(rows, min(tokens, width)):
        used = _combination(s[row, t], true.f[row, t], s[row, :t].T, expectation)
        if used is None:
            return None
        entries += [Entry(f"B[{t}, {j}]", float(b), float(true.B[row, t, j])) for j, b in enumerate(used)]
    return entries


def _forward_weights(expectation: Expectation, true: reference.Trace, s: Array) -> list[Entry] | None:
    """The forward weights of token t, as long as all heads together read fewer values than there are features."""
    config, width = expectation.case.parameters.config, s.shape[-1]
    H = config.heads
    values = attention.repeat_kv(true.v, H)
    projection = expectation.case.parameters.get("mixer.out_proj.weight")
    projection = np.eye(width) if projection is None else projection
    by_head = np.stack(np.split(projection, H, axis=1))  # (H, D, d_v)
    f = s - true.B @ s
    bias = expectation.case.parameters.get("mixer.out_proj.bias")
    constant = np.zeros(width) if bias is None else bias
    entries = []
    for row, t in np.ndindex(len(s), min(s.shape[1], width // H)):
        seen = np.einsum("hjd,hed->ehj", values[row, :, : t + 1], by_head).reshape(width, -1)
        used = _combination(f[row, t], constant, seen, expectation)
        if used is None:
            return None
        for (h, j), weight in np.ndenumerate(used.reshape(H, t + 1)):
            entries.append(Entry(f"alpha[head {h}, {t}, {j}]", float(weight), float(true.alpha_fwd[row, h, t, j])))
    return entries


def _combination(vector: Array, start: Array, columns: Array, expectation: Expectation) -> Array | None:
    """The coefficients with vector = start + columns @ coefficients, to half of all digits; None where there are none."""
    difference = vector - start
    coefficients = np.linalg.lstsq(columns, difference)[0] if columns.shape[1] else np.zeros(0)
    left = difference - columns @ coefficients
    size = float(np.max(np.abs(vector)) + np.max(np.abs(start)))
    return (
        coefficients
        if float(np.max(np.abs(left))) <= np.sqrt(PRECISIONS[expectation.dtype].unit_roundoff) * size
        else None
    )
