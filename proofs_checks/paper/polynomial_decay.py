"""Polynomial decay of impulse influence (Section 4.4, Appendices B and E)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "asm:6",
        "diffuse feedback routing envelope alpha <= c2/t",
        "Section 4",
        "diffuse feedback routing envelope alpha <= c2/t",
    ),
    not_yet_checked(
        "asm:7", "bounded feedback gain", "Section 4", "bounded feedback gain; beta_tail = 1 - gamma_max c2"
    ),
    not_yet_checked(
        "thm:8",
        "polynomial decay of impulse influence",
        "Section 4",
        "polynomial decay of impulse influence, C = (1-beta) e^(1-beta)",
    ),
    not_yet_checked(
        "rem:4.5",
        "subcriticality gamma_max c2 < 1 is essential",
        "Section 4",
        "subcriticality gamma_max c2 < 1 is essential",
    ),
    not_yet_checked("rem:B.1", "t versus t+1 in dilution bounds", "Appendix B", "t versus t+1 in dilution bounds"),
    not_yet_checked(
        "lem:B.5",
        "polynomial tail of inverse kernel entries",
        "Appendix B",
        "polynomial tail of inverse kernel entries, C_K = eta e^eta",
    ),
    not_yet_checked("asm:26", "upper envelope on attention", "Appendix E", "upper envelope on attention"),
    not_yet_checked("rem:E.1", "size of c2", "Appendix E", "size of c2"),
    not_yet_checked("asm:27", "bounded feedback", "Appendix E", "bounded feedback"),
    not_yet_checked("rem:E.2", "degenerate case eta = 0", "Appendix E", "degenerate case eta = 0"),
    not_yet_checked(
        "thm:28", "polynomial decay of the impulse response", "Appendix E", "polynomial decay of the impulse response"
    ),
    not_yet_checked("cor:E.3", "finite horizon", "Appendix E", "finite horizon"),
    not_yet_checked("cor:E.4", "impulse at any position", "Appendix E", "impulse at any position"),
)
