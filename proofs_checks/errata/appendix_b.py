"""Errata of Appendix B."""

from proofs_checks.errata.erratum import Erratum

ERRATA: tuple[Erratum, ...] = ()
