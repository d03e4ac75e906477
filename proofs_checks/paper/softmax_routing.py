"""Softmax rows: their size and their derivative (Section 4.2, Appendices B and C)."""

from proofs_checks.statement import not_yet_checked

ROWS = (
    not_yet_checked("def:4", "diffuse attention regime", "Section 4", "diffuse attention regime: bounded logit spread"),
    not_yet_checked(
        "lem:4.3",
        "smooth routing for causal attention",
        "Section 4",
        "smooth routing for causal attention: total variation of a softmax row <= 2 alpha |d logit|",
    ),
    not_yet_checked(
        "lem:B.4",
        "total-variation bound for a softmax row's derivative",
        "Appendix B",
        "total-variation bound for a softmax row's derivative",
    ),
    not_yet_checked(
        "lem:C.1",
        "bounded logit spread gives weights within e^(+-spread)/n",
        "Appendix C",
        "bounded logit spread gives weights within e^(+-spread)/n",
    ),
    not_yet_checked("rem:C.3", "local windows", "Appendix C", "local windows"),
)
