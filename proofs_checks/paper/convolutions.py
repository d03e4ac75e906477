"""Power-law convolutions (Appendix G)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked(
        "def:9", "discrete convolution on positive lags", "Appendix G", "discrete convolution on positive lags"
    ),
    not_yet_checked("lem:G.1", "discrete power convolution", "Appendix G", "discrete power convolution, two-sided"),
    not_yet_checked("thm:30", "heavy-tail convolution class", "Appendix G", "heavy-tail convolution class"),
)
