"""Errata of Appendix H."""

from proofs_checks.errata.erratum import Erratum

ERRATA: tuple[Erratum, ...] = ()
