"""The influence of a token on later ones: how large it is, and how fast it decays with the lag.

`impulse` holds the routing fixed, `jacobian` differentiates the whole layer, `hop_shares` sorts influences by hops, and
`decay` tells power laws from exponentials. `causal_attention` and `selective_ssm` are the two other memories that the
paper compares. What is guaranteed, exponents and bounds, is in `sessa_ref.theory`.
"""

from sessa_ref.influence import causal_attention, selective_ssm
from sessa_ref.influence.decay import Exponential, Fit, PowerLaw, fit_exponential, fit_power_law, local_exponent
from sessa_ref.influence.impulse import earliest_routing, impulse_response, sharpened_routing, uniform_routing
from sessa_ref.influence.jacobian import block_jacobian, jacobian_norms

__all__ = [
    "Exponential",
    "Fit",
    "PowerLaw",
    "block_jacobian",
    "causal_attention",
    "earliest_routing",
    "fit_exponential",
    "fit_power_law",
    "impulse_response",
    "jacobian_norms",
    "local_exponent",
    "selective_ssm",
    "sharpened_routing",
    "uniform_routing",
]
