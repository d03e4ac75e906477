"""The correctness oracle: is an implementation of the layer right, measured in rounding errors?

`verify` runs a `Candidate` through the case battery; `sessa-ref verify` is its command.
"""

from sessa_ref.oracle.battery import battery
from sessa_ref.oracle.candidate import Adapter, Candidate, CandidateLayer, OracleError, TargetError, UnsupportedError
from sessa_ref.oracle.cases import Case
from sessa_ref.oracle.verdict import Report, Result, Verdict
from sessa_ref.oracle.verify import IncompleteError, verify

__all__ = [
    "Adapter", "Candidate", "CandidateLayer", "Case", "IncompleteError", "OracleError", "Report", "Result", "TargetError",
    "UnsupportedError", "Verdict", "battery", "verify",
]  # fmt: skip
