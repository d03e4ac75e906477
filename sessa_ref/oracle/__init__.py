"""The correctness oracle: is an implementation of the layer right, measured in rounding errors?

`verify` runs a `Candidate` through the case battery; `sessa-ref verify` is its command.
"""

from sessa_ref.oracle.candidate import Candidate, CandidateLayer, TargetError
from sessa_ref.oracle.cases import Case, battery
from sessa_ref.oracle.verdict import Report, Result, Verdict
from sessa_ref.oracle.verify import verify

__all__ = [
    "Candidate", "CandidateLayer", "Case", "Report", "Result", "TargetError", "Verdict", "battery", "verify",
]  # fmt: skip
