"""Positional codes from feedback (Section 4.3)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "lem:4.10",
        "feedback generates ordered separated positional codes",
        "Section 4",
        "feedback generates ordered separated positional codes",
    ),
    not_yet_checked("cor:4.11", "one-directional positional writer", "Section 4", "one-directional positional writer"),
    not_yet_checked(
        "cor:4.12",
        "signal transparency of the positional writer",
        "Section 4",
        "signal transparency of the positional writer",
    ),
    not_yet_checked(
        "cor:4.13",
        "continuous recovery of the position index",
        "Section 4",
        "continuous recovery of the position index",
    ),
)
