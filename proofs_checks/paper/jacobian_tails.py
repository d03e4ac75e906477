"""Jacobian tails of one block (Section 4.1, Appendix B)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked("def:3", "end-to-end block Jacobian", "Section 4", "end-to-end block Jacobian"),
    not_yet_checked(
        "asm:15", "row-stochastic diffuse feedback attention", "Appendix B", "row-stochastic diffuse feedback attention"
    ),
    not_yet_checked("asm:16", "eta = gamma_max c2 < 1", "Appendix B", "eta = gamma_max c2 < 1"),
    not_yet_checked("asm:17", "token-wise feedback gain", "Appendix B", "token-wise feedback gain"),
    not_yet_checked(
        "asm:18", "causality of forward branch and routing", "Appendix B", "causality of forward branch and routing"
    ),
    not_yet_checked("asm:19", "same-token smoothness", "Appendix B", "same-token smoothness"),
    not_yet_checked("asm:20", "bounded forward sequence", "Appendix B", "bounded forward sequence"),
    not_yet_checked(
        "asm:21", "forward cross-token Jacobians dilute", "Appendix B", "forward cross-token Jacobians dilute"
    ),
    not_yet_checked(
        "asm:22", "alpha-weighted logit sensitivity dilutes", "Appendix B", "alpha-weighted logit sensitivity dilutes"
    ),
    not_yet_checked("rem:B.2", "when assumption 22 holds", "Appendix B", "when assumption 22 holds"),
    not_yet_checked("lem:B.3", "bound on the mixer state", "Appendix B", "bound on the mixer state"),
    not_yet_checked(
        "lem:B.6",
        "convolution bound with C_beta = 2^beta + 2^beta/(1-beta)",
        "Appendix B",
        "convolution bound with C_beta = 2^beta + 2^beta/(1-beta)",
    ),
    not_yet_checked(
        "thm:23",
        "polynomial Jacobian tail with explicit C(R)",
        "Appendix B",
        "polynomial Jacobian tail with explicit C(R)",
    ),
    not_yet_checked("cor:B.7", "Jacobian tail of block outputs", "Appendix B", "Jacobian tail of block outputs"),
)
