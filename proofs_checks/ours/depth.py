"""Convolution powers and deep stacks: sharper bounds."""

from proofs_checks.statement import Statement

ROWS: tuple[Statement, ...] = ()
