"""Polynomial decay: the best constants and exponents, and the closed forms on their full range."""

from proofs_checks.statement import Statement

ROWS: tuple[Statement, ...] = ()
