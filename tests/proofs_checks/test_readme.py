"""The README says of the ledger what is recorded."""

import pytest

from proofs_checks.readme import README, updated
from proofs_checks.record import shown


def test_the_readme_is_as_recorded():
    text = README.read_text(encoding="utf-8")
    assert updated(text, shown()) == text, "run make ledger, or python -m proofs_checks.readme"


def test_a_readme_without_marks_is_refused():
    with pytest.raises(ValueError, match="expected the marks"):
        updated("nothing", shown())
