"""Direct-read and feedback systems, and the finite Neumann series (Sections 2 and 3)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "def:1", "direct-read system", "Section 2", "direct-read system: one input-addressed read over a visible set"
    ),
    not_yet_checked(
        "rem:2.1",
        "a kernel form alone does not tell direct-read from feedback",
        "Section 2",
        "a kernel form alone does not tell direct-read from feedback",
    ),
    not_yet_checked("def:2", "feedback system", "Section 2", "feedback system: state-space or operator form"),
    not_yet_checked(
        "rem:2.2",
        "one-hop and multi-hop routing",
        "Section 2",
        "one-hop and multi-hop routing; eqs (3)-(5): nilpotency, finite Neumann series, sum over increasing paths",
    ),
    not_yet_checked(
        "lem:2.3",
        "self-attention is a direct-read system in its values",
        "Section 2",
        "self-attention is a direct-read system in its values",
    ),
    not_yet_checked(
        "rem:3.1",
        "multi-hop view of the solve is exact on finite horizons",
        "Section 3",
        "multi-hop view of the solve is exact on finite horizons",
    ),
)
