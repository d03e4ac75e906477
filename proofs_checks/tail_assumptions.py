"""Constants of Appendix B's assumptions: what the tokens need, and what the weights guarantee."""

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend
from proofs_checks.tail_layers import diffuse_layer, jacobians_agree, tokens
from sessa_ref.influence.tail_constants import from_weights, measure

ON_THE_BALL = "float64; one block of width 4 on the ball of radius 1, T up to 200; its constants hold for every T"
"""The trust line of an assumption."""

MUCH_SMALLER = (Bend("the constant of the weights, times 0.01", {"factor": 0.01}),)
"""The bend of a constant that the tokens do not come near."""


def needed_for(evidence: Evidence, name: str, radius: float = 1.0) -> float:
    """The largest value of a constant over some sources and tokens in the ball; torch has the same Jacobians there."""
    jacobians_agree(evidence)
    T = 24 if evidence.quick else 200
    layer = diffuse_layer()
    return max(
        getattr(measure(layer, tokens(T, radius, seed), source).constants, name)
        for seed in range(1 if evidence.quick else 3)
        for source in (0, 1, T // 2, T - 2)
    )


def guaranteed(name: str, factor: float = 1.0) -> float:
    """What the weights guarantee of it on the ball of radius 1, times `factor`."""
    return factor * getattr(from_weights(diffuse_layer(), 1.0), name)


def compared(needed: float, guaranteed: float) -> str:
    """Both in words."""
    return f"the tokens need {needed:.4g}, the weights guarantee {guaranteed:.4g}"
