"""Decay envelopes of attention, Mamba and Sessa (Section 4.5)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "prop:9",
        "fixed-routing decay envelopes",
        "Section 4",
        "fixed-routing decay envelopes: attention, Mamba, Sessa, and tightness",
    ),
    not_yet_checked("prop:10", "end-to-end decay envelopes", "Section 4", "end-to-end decay envelopes"),
)
