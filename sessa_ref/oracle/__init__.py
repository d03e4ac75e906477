"""The correctness oracle: is an implementation of the layer right, measured in rounding errors?

`verify` runs an `Implementation` through the case battery; `sessa-ref verify` is its command.
"""

from sessa_ref.oracle.cases.battery import battery
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.protocol import (
    Adapter,
    Implementation,
    Layer,
    OracleError,
    TargetError,
    UnsupportedError,
)
from sessa_ref.oracle.report.results import Report, Result, Verdict
from sessa_ref.oracle.run import IncompleteError, verify

__all__ = [
    "Adapter",
    "Case",
    "Implementation",
    "IncompleteError",
    "Layer",
    "OracleError",
    "Report",
    "Result",
    "TargetError",
    "UnsupportedError",
    "Verdict",
    "battery",
    "verify",
]  # fmt: skip
