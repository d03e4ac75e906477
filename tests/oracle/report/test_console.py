"""The table on the terminal is whole."""

import io

import pytest
from rich.console import Console

from sessa_ref.oracle import Report, Result
from sessa_ref.oracle.checks import CHECKS
from sessa_ref.oracle.report.console import print_report
from sessa_ref.oracle.report.results import Status
from tests.oracle.report.reports import REPORT


@pytest.mark.parametrize("width", [1, 80, 120])
def test_no_number_of_the_table_is_cut_off(width):
    results = [Result("case", "float64", check, Status.PASSED, 0.01 * i) for i, check in enumerate(CHECKS)]
    stream = io.StringIO()
    print_report(Console(file=stream, width=width), Report("implementation", results, {}))
    (row,) = (line.split() for line in stream.getvalue().splitlines() if line.startswith("  case  ") and "0." in line)
    assert row == ["case", "float64", *(f"{0.01 * i:.2f}" for i in range(len(CHECKS)))]


def test_only_checks_that_were_made_have_a_column():
    stream = io.StringIO()
    print_report(Console(file=stream, width=80), REPORT)
    heading = next(line for line in stream.getvalue().splitlines() if "dtype" in line)
    assert heading.split() == ["case", "dtype", "forward", "gradients", "decode", "NaN", "isolation"]
