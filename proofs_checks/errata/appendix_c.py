"""Errata of Appendix C."""

from proofs_checks.errata.erratum import Erratum

ERRATA: tuple[Erratum, ...] = ()
