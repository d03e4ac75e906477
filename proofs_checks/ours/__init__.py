"""Sharper statements than the paper's, and the comparison of the layers put right."""

from proofs_checks.ours import bounded_solve, comparison, decay, depth, jacobian_tails, softmax_routing
from proofs_checks.statement import Statement

OURS: tuple[Statement, ...] = (
    *bounded_solve.ROWS,
    *softmax_routing.ROWS,
    *decay.ROWS,
    *jacobian_tails.ROWS,
    *depth.ROWS,
    *comparison.ROWS,
)
