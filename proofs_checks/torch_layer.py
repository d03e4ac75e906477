"""Our torch layer beside the NumPy definition: a check that concerns the layer runs on both, on the same inputs."""

import numpy as np
import torch

from proofs_checks.evidence import Evidence
from sessa_ref.optimized import SessaLayer
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.parameters import SessaParameters


def layer_of(parameters: SessaParameters, dtype: torch.dtype = torch.float64) -> SessaLayer:
    """The torch layer (blocked solve) with these parameters."""
    layer = SessaLayer.from_config(parameters.config, dtype=dtype)
    layer.load_state_dict({name: torch.tensor(array, dtype=dtype) for name, array in parameters.items()}, strict=False)
    return layer.requires_grad_(False)


def outputs_agree(evidence: Evidence, parameters: SessaParameters, x: np.ndarray) -> None:
    """Note that the torch layer's outputs are the reference's, within the oracle's bound for float64.

    Args:
        evidence: the check's.
        parameters: of the layer.
        x: tokens, (T, D), with T up to a few hundred: the bound runs the reference several times.
    """
    case = Case("ledger", "", parameters, x[None], np.zeros_like(x[None]), split=1)
    y = layer_of(parameters)(torch.as_tensor(x[None])).numpy()
    ratio = float(np.max(Expectation(case, "float64").error_ratios("y", y)))
    evidence.agreement(ratio, 1.0, f"torch layer against the definition, T = {len(x)}: error over the oracle's bound")
