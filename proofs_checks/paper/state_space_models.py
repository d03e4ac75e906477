"""State-space models: exponential forgetting and failed freeze time (Section 4.3, Appendix C)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "prop:3",
        "BIBO-stable LTI feedback forgets exponentially",
        "Section 4",
        "BIBO-stable LTI feedback forgets exponentially",
    ),
    not_yet_checked(
        "prop:4",
        "Mamba end-to-end Jacobian bound by accumulated discretisation time",
        "Section 4",
        "Mamba end-to-end Jacobian bound by accumulated discretisation time, explicit C(R)",
    ),
    not_yet_checked(
        "lem:4.4", "bounded state of a ZOH-diagonal channel", "Section 4", "bounded state of a ZOH-diagonal channel"
    ),
    not_yet_checked(
        "prop:5",
        "failed freeze time gives exponential forgetting",
        "Section 4",
        "failed freeze time gives exponential forgetting",
    ),
    not_yet_checked(
        "cor:4.6",
        "failed freeze time",
        "Section 4",
        "failed freeze time: exponential decay of Mamba end-to-end Jacobians",
    ),
    not_yet_checked("rem:C.2", "vector and diagonal case of 4.4", "Appendix C", "vector and diagonal case of 4.4"),
)
