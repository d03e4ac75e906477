"""Errata of Appendix F."""

from proofs_checks.errata.erratum import Erratum

ERRATA: tuple[Erratum, ...] = ()
