"""Uniform routing: closed forms and two-sided bounds (Appendix F)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked("lem:F.1", "Gautschi's gamma-ratio inequality", "Appendix F", "Gautschi's gamma-ratio inequality"),
    not_yet_checked("prop:29", "uniform routing", "Appendix F", "uniform routing: closed form and two-sided bound"),
    not_yet_checked(
        "cor:F.2",
        "closed form for an impulse at tau",
        "Appendix F",
        "closed form for an impulse at tau, eq (71); no uniform lower constant",
    ),
    not_yet_checked(
        "cor:F.3",
        "two-sided envelope on a bounded source family",
        "Appendix F",
        "two-sided envelope on a bounded source family",
    ),
    not_yet_checked("rem:F.4", "impulse at time tau", "Appendix F", "impulse at time tau"),
)
