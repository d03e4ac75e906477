"""A statement, its check and the constants that can be bent."""

import pytest

from proofs_checks.evidence import Evidence
from proofs_checks.statement import not_yet_checked, states


@states("lem:4.2", "Half", where="here", says="  One half\n    is less than C.", trust="exact")
def half(evidence: Evidence, *, C: int = 1) -> None:
    """Compare."""
    evidence.exact("claim", [(1, 2 * C, "")], "half")


def test_the_decorated_function_is_the_check():
    assert (half.id, half.kind, half.says) == ("lem:4.2", "lemma", "One half\nis less than C.")
    assert half.constants() == {"C": 1}
    assert half.run().pieces[0].holds
    assert not half.run(C=0).pieces[0].holds


def test_an_unknown_constant_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"lem:4.2 has no constant 'D' to bend; it has: C=1"):
        half.run(D=2)


def test_a_row_without_a_check_cannot_run():
    with pytest.raises(ValueError, match="thm:14 is not yet checked"):
        not_yet_checked("thm:14", "", "", "").run()
