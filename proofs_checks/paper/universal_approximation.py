"""Universal approximation of causal maps (Section 4.4, Appendix I)."""

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
    not_yet_checked("lem:I.2", "softmax concentration", "Appendix I", "softmax concentration"),
    not_yet_checked(
        "cor:I.3", "sharpening at fixed attention scale", "Appendix I", "sharpening at fixed attention scale"
    ),
    not_yet_checked(
        "lem:I.4",
        "error of an almost one-hot mixture <= 2 delta V_max",
        "Appendix I",
        "error of an almost one-hot mixture <= 2 delta V_max",
    ),
    not_yet_checked("lem:I.5", "RoPE diagonalisation", "Appendix I", "RoPE diagonalisation; gap 1 - max cos(s)"),
    not_yet_checked(
        "lem:I.6", "mixing error under diagonalisation", "Appendix I", "mixing error under diagonalisation"
    ),
    not_yet_checked(
        "lem:I.7",
        "lower-triangular inversion",
        "Appendix I",
        "lower-triangular inversion: nilpotency and finite Neumann series",
    ),
    not_yet_checked(
        "cor:I.8",
        "one block writes separated positional codes",
        "Appendix I",
        "one block writes separated positional codes",
    ),
    not_yet_checked(
        "lem:I.9", "composition error on thickened compacts", "Appendix I", "composition error on thickened compacts"
    ),
    not_yet_checked("lem:I.10", "token-wise GELU approximation", "Appendix I", "token-wise GELU approximation"),
    not_yet_checked("lem:I.11", "the same with zero padding", "Appendix I", "the same with zero padding"),
    not_yet_checked(
        "lem:I.12",
        "stability of finite-horizon RoPE attention",
        "Appendix I",
        "stability of finite-horizon RoPE attention",
    ),
    not_yet_checked(
        "lem:I.13",
        "near-diagonal attention transports values",
        "Appendix I",
        "near-diagonal attention transports values",
    ),
    not_yet_checked(
        "lem:I.14",
        "universality of causal RoPE-Transformers with adapters",
        "Appendix I",
        "universality of causal RoPE-Transformers with adapters",
    ),
    not_yet_checked(
        "lem:I.15", "small-signal linearisation of GELU", "Appendix I", "small-signal linearisation of GELU"
    ),
    not_yet_checked("lem:I.16", "one block copies one lag", "Appendix I", "one block copies one lag"),
    not_yet_checked(
        "lem:I.17",
        "a diagonal block realises a batch of GELU units",
        "Appendix I",
        "a diagonal block realises a batch of GELU units",
    ),
    not_yet_checked(
        "cor:I.18",
        "token-wise GELU approximation by stacked blocks",
        "Appendix I",
        "token-wise GELU approximation by stacked blocks",
    ),
)
