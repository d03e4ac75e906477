"""Deep stacks: the residual calculus (Section 4.6, Appendix H)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "thm:11",
        "deep end-to-end aggregation",
        "Section 4",
        "deep end-to-end aggregation: path sum over layers and times",
    ),
    not_yet_checked(
        "cor:4.7", "horizon-uniform deep decay envelopes", "Section 4", "horizon-uniform deep decay envelopes"
    ),
    not_yet_checked("thm:31", "residual calculus", "Appendix H", "residual calculus"),
    not_yet_checked("lem:H.1", "nested harmonic bound", "Appendix H", "nested harmonic bound"),
    not_yet_checked("prop:32", "deep Transformer bound", "Appendix H", "deep Transformer bound"),
    not_yet_checked("prop:33", "deep Mamba bound", "Appendix H", "deep Mamba bound"),
    not_yet_checked("prop:34", "deep Sessa bound", "Appendix H", "deep Sessa bound"),
    not_yet_checked("thm:35", "horizon-uniform residual calculus", "Appendix H", "horizon-uniform residual calculus"),
    not_yet_checked("cor:H.2", "horizon-uniform decay bounds", "Appendix H", "horizon-uniform decay bounds"),
)
