"""Networks of the constructions in a check: what was measured beside what is promised, and the torch layer beside it."""

from collections.abc import Sequence

import numpy as np

from proofs_checks.evidence import Evidence
from proofs_checks.torch_layer import outputs_agree
from sessa_ref.constructions import Built, Measured, Network


def note_measured(evidence: Evidence, claim: str, measured: Sequence[Measured], what: str) -> None:
    """Each number that was measured, as constructed evidence of the claim."""
    for one in measured:
        attained, bound = (one.promised, one.value) if one.least else (one.value, one.promised)
        evidence.constructed(claim, attained, bound, f"{what}: {one.about}")


def meets_claim(evidence: Evidence, claim: str, built: Built, x: np.ndarray, what: str) -> None:
    """Measure a construction on inputs x, (n, T, inputs), and note that its claim is met."""
    note_measured(evidence, claim, built.claim.measure(x), what)


def blocks_agree(evidence: Evidence, network: Network, x: np.ndarray, blocks: Sequence[int] = (0, -1)) -> None:
    """Note that the torch layer computes these blocks of the network, on the tokens that reach them from x, (T, inputs)."""
    tokens = [steps.x for steps in network.traces(x)]
    for n in dict.fromkeys(block % len(tokens) for block in blocks):
        outputs_agree(evidence, network.blocks[n], tokens[n])


def filling(evidence: Evidence, T: int, D: int, n: int) -> np.ndarray:
    """Tokens that fill the unit ball of R^D, (n, T, D); half of them lie on the sphere."""
    x = evidence.rng.standard_normal((n, T, D))
    shrink = np.where(evidence.rng.random((n, T, 1)) < 0.5, 1, evidence.rng.random((n, T, 1)) ** (1 / D))
    return x * shrink / np.linalg.norm(x, axis=-1, keepdims=True)
