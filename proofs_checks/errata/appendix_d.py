"""Errata of Appendix D."""

from proofs_checks.errata.erratum import Erratum

ERRATA: tuple[Erratum, ...] = ()
