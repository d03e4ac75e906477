"""Universal approximation of causal maps (Section 4.9, Appendix I)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked("def:6", "causality of a map", "Section 4", "causality of a map"),
    not_yet_checked(
        "thm:14",
        "universal approximation of causal maps",
        "Section 4",
        "universal approximation of causal maps, with adapters",
    ),
    not_yet_checked("def:10", "causality (appendix form)", "Appendix I", "causality (appendix form)"),
    not_yet_checked(
        "lem:I.1",
        "prefix factorisation of continuous causal maps",
        "Appendix I",
        "prefix factorisation of continuous causal maps",
    ),
    not_yet_checked(
        "lem:I.9", "composition error on thickened compacts", "Appendix I", "composition error on thickened compacts"
    ),
    not_yet_checked(
        "lem:I.14",
        "universality of causal RoPE-Transformers with adapters",
        "Appendix I",
        "universality of causal RoPE-Transformers with adapters",
    ),
)
