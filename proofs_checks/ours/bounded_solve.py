"""The exact bound of the solve for T tokens."""

from proofs_checks.statement import Statement

ROWS: tuple[Statement, ...] = ()
