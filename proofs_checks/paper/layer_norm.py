"""LayerNorm by a scaffold (Appendix J)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "lem:J.1",
        "LayerNorm is nearly linear on a scaffold",
        "Appendix J",
        "LayerNorm is nearly linear on a scaffold, explicit error",
    ),
    not_yet_checked(
        "lem:J.2",
        "an LN block simulates an identity-norm block",
        "Appendix J",
        "an LN block simulates an identity-norm block",
    ),
    not_yet_checked(
        "cor:J.3", "universal approximation with LayerNorm", "Appendix J", "universal approximation with LayerNorm"
    ),
)
