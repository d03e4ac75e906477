"""The blocks of selective retrieval (Appendix K)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "lem:K.1", "predecessor focusing from ordered codes", "Appendix K", "predecessor focusing from ordered codes"
    ),
    not_yet_checked("lem:K.2", "RoPE self-focusing", "Appendix K", "RoPE self-focusing"),
    not_yet_checked(
        "lem:K.3",
        "scaled GELU approximates ReLU within 1/(L sqrt(2 pi))",
        "Appendix K",
        "scaled GELU approximates ReLU within 1/(L sqrt(2 pi))",
    ),
    not_yet_checked(
        "lem:K.4", "symmetrised scaled GELU is the identity", "Appendix K", "symmetrised scaled GELU is the identity"
    ),
    not_yet_checked(
        "cor:K.5", "exact channel read on the a-branch", "Appendix K", "exact channel read on the a-branch"
    ),
    not_yet_checked(
        "lem:K.6", "plateau window from four scaled GELUs", "Appendix K", "plateau window from four scaled GELUs"
    ),
    not_yet_checked(
        "lem:K.7",
        "writing a window into an auxiliary channel",
        "Appendix K",
        "writing a window into an auxiliary channel",
    ),
    not_yet_checked("def:11", "signal-fibre saturation", "Appendix K", "signal-fibre saturation"),
    not_yet_checked("def:12", "exact signal transport", "Appendix K", "exact signal transport"),
    not_yet_checked(
        "lem:K.8", "transport calculus", "Appendix K", "transport calculus: Jacobian extraction and composition"
    ),
    not_yet_checked("def:13", "transparent preprocessing", "Appendix K", "transparent preprocessing"),
    not_yet_checked(
        "lem:K.9", "transparent preprocessing and Jacobians", "Appendix K", "transparent preprocessing and Jacobians"
    ),
    not_yet_checked(
        "cor:K.10",
        "signal-fibre stability of the control-driven blocks",
        "Appendix K",
        "signal-fibre stability of the control-driven blocks",
    ),
    not_yet_checked("lem:K.11", "local multiplier", "Appendix K", "local multiplier"),
    not_yet_checked("lem:K.12", "two-block selector", "Appendix K", "two-block selector"),
    not_yet_checked(
        "rem:K.13", "the selector depends only on position", "Appendix K", "the selector depends only on position"
    ),
    not_yet_checked(
        "lem:K.14", "the selector preserves signal fibres", "Appendix K", "the selector preserves signal fibres"
    ),
    not_yet_checked("lem:K.15", "active diffusive transport", "Appendix K", "active diffusive transport"),
    not_yet_checked(
        "rem:K.16",
        "active transport depends only on position",
        "Appendix K",
        "active transport depends only on position",
    ),
    not_yet_checked("lem:K.17", "transparent source-0 tail channel", "Appendix K", "transparent source-0 tail channel"),
    not_yet_checked("lem:K.18", "residual zero-writer", "Appendix K", "residual zero-writer"),
    not_yet_checked("lem:K.19", "exact reset of scratch channels", "Appendix K", "exact reset of scratch channels"),
    not_yet_checked(
        "lem:K.20",
        "transparent damped predecessor integrator",
        "Appendix K",
        "transparent damped predecessor integrator",
    ),
    not_yet_checked("cor:K.21", "transparent power-profile block", "Appendix K", "transparent power-profile block"),
    not_yet_checked("lem:K.22", "profile-compensated macro-layer", "Appendix K", "profile-compensated macro-layer"),
    not_yet_checked(
        "cor:K.23", "macro-layer transport on saturations", "Appendix K", "macro-layer transport on saturations"
    ),
    not_yet_checked("lem:K.24", "projected macro-layer", "Appendix K", "projected macro-layer"),
    not_yet_checked("lem:K.25", "balanced path lower bound", "Appendix K", "balanced path lower bound"),
    not_yet_checked("lem:K.26", "competitor suppression", "Appendix K", "competitor suppression"),
    not_yet_checked("rem:K.27", "width bookkeeping", "Appendix K", "width bookkeeping: seven channels suffice"),
)
