"""Is the comparison of the layers fair? What matched bounds allow, and what is won without them."""

from proofs_checks.statement import Statement

ROWS: tuple[Statement, ...] = ()
