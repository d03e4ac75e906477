"""The checks: each runs one aspect of a candidate on one case and measures error/bound."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from sessa_ref.oracle.candidate import Candidate, CandidateLayer, Decoding, Differentiable, TargetError
from sessa_ref.oracle.expectation import Expectation
from sessa_ref.oracle.precision import PRECISIONS
from sessa_ref.oracle.verdict import Result, Status

FLOAT32_ANGLES = 2.0**-24
"""Unit roundoff of float32 rotary angles, a known departure of float64 layers."""


class Finding(NamedTuple):
    """Largest error/bound and where it is; `tolerant` grants float32 rotary angles."""

    ratio: float
    tolerant: float
    message: str


class Skipped(Exception):  # noqa: N818
    """The candidate lacks what a check needs."""


def run_checks(candidate: Candidate, expectation: Expectation) -> Iterator[Result]:
    """Run all checks on one case, one result each; what the candidate raises becomes an errored result.

    Raises:
        TargetError: the candidate cannot be built at all.
    """
    case, dtype = expectation.case.name, expectation.dtype
    for name, (check, required) in CHECKS.items():
        try:
            finding = check(candidate.build(expectation.case.parameters, dtype), expectation)
        except Skipped as skipped:
            yield Result(case, dtype, name, Status.SKIPPED, None, str(skipped), required)
        except TargetError:
            raise
        except Exception as error:  # whatever the candidate raises
            message = f"{type(error).__name__}: {error}".splitlines()[0]
            yield Result(case, dtype, name, Status.ERRORED, None, message, required)
        else:
            status, message = Status.FAILED, finding.message
            if finding.ratio <= 1:
                status, message = Status.PASSED, ""
            elif finding.tolerant <= 1:
                status, message = Status.DEPARTED, f"float32 rotary angles: {finding.message}"
            yield Result(case, dtype, name, status, finding.ratio, message, required)


def forward(layer: CandidateLayer, expectation: Expectation) -> Finding:
    """The output against the true one."""
    return _compare(expectation, {"y": layer.forward(_given(expectation))})


def gradients(layer: CandidateLayer, expectation: Expectation) -> Finding:
    """The gradients of the input and of every parameter."""
    if not isinstance(layer, Differentiable):
        raise Skipped("no vjp")
    dy = expectation.case.dy.astype(_carrier(expectation))
    dx, by_name = layer.vjp(_given(expectation), dy)
    return _compare(
        expectation, {"dx": dx} | {f"grad.{name}": by_name[name] for name in expectation.case.parameters}
    )


def decode(layer: CandidateLayer, expectation: Expectation) -> Finding:
    """A prefill, and every later token decoded from the cache."""
    if not isinstance(layer, Decoding):
        raise Skipped("no prefill and decode_step")
    x, split = _given(expectation), expectation.case.split
    outputs = [layer.prefill(x[:, :split], capacity=x.shape[1])]
    for t in range(split, x.shape[1]):
        outputs.append(layer.decode_step(x[:, t])[:, None])
    return _compare(expectation, {"y": np.concatenate(outputs, axis=1)})


def causality(layer: CandidateLayer, expectation: Expectation) -> Finding:
    """Other tokens from the middle on leave the candidate's own outputs before it as they were."""
    x = _given(expectation)
    middle = x.shape[1] // 2
    return _compare_past(layer, expectation, middle, replacement=-2 * np.roll(x[:, middle:], 1, axis=-1))


def nan_isolation(layer: CandidateLayer, expectation: Expectation) -> Finding:
    """A NaN in the middle token leaves the candidate's own outputs before it as they were."""
    middle = expectation.case.x.shape[1] // 2
    return _compare_past(layer, expectation, middle, replacement=np.nan)


CHECKS: dict[str, tuple[Callable[[CandidateLayer, Expectation], Finding], bool]] = {
    "forward": (forward, True),
    "gradients": (gradients, True),
    "decode": (decode, True),
    "causality": (causality, True),
    "NaN isolation": (nan_isolation, False),
}
"""Every check by name, and whether it decides the verdict."""


def _given(expectation: Expectation) -> np.ndarray:
    return expectation.case.x.astype(_carrier(expectation))


def _carrier(expectation: Expectation) -> str:
    return PRECISIONS[expectation.dtype].carrier


def _compare(expectation: Expectation, values: dict[str, np.ndarray]) -> Finding:
    """The worst error/bound over all elements of all quantities."""
    finding = Finding(0.0, 0.0, "")
    for name, value in values.items():
        problem = _wrong_form(name, value, expectation)
        if problem:
            return problem
        ratios = expectation.error_ratios(name, value)
        if np.max(ratios, initial=0.0) > finding.ratio:
            finding = _worst(name, ratios, finding.tolerant)
        if np.max(ratios, initial=0.0) > 1:
            eased = ratios
            if expectation.dtype == "float64":
                eased = expectation.error_ratios(name, value, FLOAT32_ANGLES)
            finding = finding._replace(tolerant=max(finding.tolerant, float(np.max(eased))))
    return finding


def _compare_past(
    layer: CandidateLayer, expectation: Expectation, middle: int, replacement: np.ndarray | float
) -> Finding:
    """Outputs before `middle`, with and without the tokens from there on replaced.

    Two correct results lie within one bound of the truth each, so within two of each other.
    """
    x = _given(expectation)
    before = layer.forward(x)
    other = x.copy()
    if isinstance(replacement, np.ndarray):
        other[:, middle:] = replacement
    else:
        other[:, middle] = replacement
    after = layer.forward(other)
    for value in (before, after):
        problem = _wrong_form("y", value, expectation)
        if problem:
            return problem
    ratios = expectation.ratios("y", after, before)[:, :middle] / 2
    worst = _worst("y", ratios, 0.0) if ratios.size else Finding(0.0, 0.0, "")
    return worst._replace(tolerant=worst.ratio)


def _wrong_form(name: str, value: np.ndarray, expectation: Expectation) -> Finding | None:
    wanted = expectation.true[name].shape
    if value.shape != wanted:
        return Finding(np.inf, np.inf, f"{name} has shape {value.shape}, expected {wanted}")
    if value.dtype != _carrier(expectation):
        return Finding(np.inf, np.inf, f"{name} has dtype {value.dtype}, expected {_carrier(expectation)}")
    return None


def _worst(name: str, ratios: np.ndarray, tolerant: float) -> Finding:
    where = np.unravel_index(np.argmax(ratios), ratios.shape)
    index = [int(i) for i in where] if where else ""
    ratio = float(ratios[where])
    return Finding(ratio, tolerant, f"{name}{index} off by {ratio:.3g} bounds")
