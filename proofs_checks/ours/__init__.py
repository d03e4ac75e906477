"""Sharper statements than the paper's, and the comparison of the layers put right."""

from proofs_checks.ours import (
    bounded_solve,
    comparison,
    decay,
    depth,
    fair_comparison,
    jacobian_tails,
    number_formats,
    retrieval_constants,
    softmax_routing,
    uniform_routing,
    universality,
)
from proofs_checks.statement import Statement

TOPICS = (
    bounded_solve,
    softmax_routing,
    decay,
    uniform_routing,
    jacobian_tails,
    depth,
    comparison,
    fair_comparison,
    retrieval_constants,
    universality,
    number_formats,
)

OURS: tuple[Statement, ...] = tuple(one for topic in TOPICS for one in topic.ROWS)
