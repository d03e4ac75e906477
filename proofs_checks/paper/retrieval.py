"""Flexible selective retrieval and the separation (Section 4.7)."""

from proofs_checks.paper.flexible_retrieval import flexible_retrieval
from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "def:5",
        "flexible finite-horizon profile realisation",
        "Section 4",
        "flexible finite-horizon profile realisation: scores and margins",
    ),
    flexible_retrieval,
    not_yet_checked(
        "cor:4.8", "frozen and increasing profiles need depth", "Section 4", "frozen and increasing profiles need depth"
    ),
    not_yet_checked(
        "prop:13",
        "diffuse Transformers and failed-freeze-time Mamba cannot realise nu >= 0",
        "Section 4",
        "diffuse Transformers and failed-freeze-time Mamba cannot realise nu >= 0",
    ),
    not_yet_checked(
        "cor:4.9",
        "separation of Sessa from the comparison classes",
        "Section 4",
        "separation of Sessa from the comparison classes",
    ),
)
