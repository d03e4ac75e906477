"""Softmax rows: equalities and attained bounds."""

from proofs_checks.statement import Statement

ROWS: tuple[Statement, ...] = ()
