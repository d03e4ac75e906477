"""The Jacobian tail of one block without its logarithm, and the best constant of the convolution bound."""

from proofs_checks.statement import Statement

ROWS: tuple[Statement, ...] = ()
