"""Places of the paper that are wrong, loose or need an unstated hypothesis; one file for each section."""

from proofs_checks.errata import (
    appendix_b,
    appendix_c,
    appendix_d,
    appendix_e,
    appendix_f,
    appendix_g,
    appendix_h,
    appendix_k,
    section_4,
)
from proofs_checks.errata.erratum import Erratum

ERRATA: tuple[Erratum, ...] = (
    *section_4.ERRATA,
    *appendix_b.ERRATA,
    *appendix_c.ERRATA,
    *appendix_d.ERRATA,
    *appendix_e.ERRATA,
    *appendix_f.ERRATA,
    *appendix_g.ERRATA,
    *appendix_h.ERRATA,
    *appendix_k.ERRATA,
)

READ: dict[str, str] = {
    "Appendix K": "every proof; each block built as printed and measured at ends of its intervals; every constant made explicit; "
    "the term signal-blind exact scalar transport is Definition 12's exact signal transport, and nowhere defined",
}
"""Sections that were read line by line: what was tried in each; a section without an erratum was found clean."""
