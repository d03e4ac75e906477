"""Writes what the README says of the ledger: python -m proofs_checks.readme."""

import textwrap
from pathlib import Path

from proofs_checks.errata import ERRATA
from proofs_checks.errata.erratum import Kind
from proofs_checks.outcome import Outcome
from proofs_checks.pages import counts
from proofs_checks.record import shown

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- ledger: written by `make ledger` -->", "<!-- end of ledger -->"


def block(outcomes: dict[str, Outcome]) -> str:
    """The counts by level, and the errata by kind."""
    lines = [counts(outcomes), f"Errata, {len(ERRATA)} so far (`sessa-ref ledger errata ID` shows one):", ""]
    for kind in Kind:
        names = ", ".join(f"`{one.id}`" for one in ERRATA if one.kind is kind)
        if names:
            lines += textwrap.wrap(f"- {kind}: {names}", 120, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def updated(text: str, outcomes: dict[str, Outcome]) -> str:
    """The README's text with the block between its marks renewed.

    Raises:
        ValueError: it has no such marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"expected the marks {BEGIN} and {END} in {README.name}, got none")
    return f"{before}{BEGIN}\n\n{block(outcomes)}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8"), shown()), encoding="utf-8", newline="\n")
