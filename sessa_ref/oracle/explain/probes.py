"""Which failures a mistake is tried on first."""

from collections.abc import Sequence

import numpy as np

from sessa_ref.oracle.checks import Observation

PROBES = 3

LONGEST = 300
"""Tokens of cases that take part in the search."""


def prefill_is_wrong(observations: Sequence[Observation]) -> bool:
    """Whether outputs of the prompt itself are wrong in the check "decode"."""
    for o in observations:
        if o.comparison is not None and o.expectation is not None:
            output, split = o.expectation.output, o.comparison.split
            y = o.comparison.values.get(output)
            if y is not None and y.shape == o.expectation.true[output].shape:
                return bool(np.any(o.expectation.error_ratios(output, y)[:, :split] > 1))
    return False


def probes_of(failed: Sequence[Observation]) -> list[Observation]:
    """Small failures that tell much: with several tokens and heads, finite values, and different configs."""
    finite = [
        o for o in failed if o.expectation is not None and o.result.ratio is not None and np.isfinite(o.result.ratio)
    ]
    usable = [o for o in finite if tokens_of(o) <= LONGEST] or finite[:1]
    ordered = sorted(usable, key=_cost)
    probes = ordered[:1]
    for o in ordered[1:]:
        if len(probes) < PROBES and all(config_of(o) != config_of(p) for p in probes):
            probes.append(o)
    for o in ordered[1:]:
        if len(probes) < PROBES and all(o is not p for p in probes):
            probes.append(o)
    return probes


def tokens_of(observation: Observation) -> int:
    """Tokens of its case."""
    return 0 if observation.expectation is None else observation.expectation.case.x.shape[1]


def size_of(observation: Observation) -> int:
    """Numbers in the tokens of its case."""
    return 0 if observation.expectation is None else observation.expectation.case.x.size


def config_of(observation: Observation) -> object:
    """The config of its case."""
    return None if observation.expectation is None else observation.expectation.case.parameters.config


def _cost(observation: Observation) -> float:
    """Size of a case, with penalties for cases that tell little."""
    if observation.expectation is None:
        return np.inf
    case = observation.expectation.case
    batch, T, D = case.dy.shape
    config = case.parameters.config
    cost = float(batch * T * (D + T))
    if observation.result.check == "decode" and observation.comparison is not None:
        cost *= max(T - observation.comparison.split, 1) / 2
    return (
        cost
        * (4 if T < 8 else 1)
        * (4 if D < 6 else 1)
        * (2 if config.heads == 1 else 1)
        * (2 if not config.rope else 1)
        * (1 if batch > 1 else 1.5)
    )
