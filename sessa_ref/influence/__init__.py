"""The influence of a token on later ones: how large it is, and how fast it decays with the lag.

`impulse` holds the routing fixed, `jacobian` differentiates the whole layer, `hop_shares` sorts influences by hops, and
`decay` tells power laws from exponentials. `ball_bounds` bounds what a layer makes of a ball of inputs, and
`worst_inputs` searches that ball. `causal_attention` and `selective_ssm` are the two other memories that the
paper compares. What is guaranteed, exponents and bounds, is in `sessa_ref.theory`.
"""

from sessa_ref.influence import causal_attention, selective_ssm
from sessa_ref.influence.ball_bounds import BallBound, Bounds, ball_bound
from sessa_ref.influence.decay import Exponential, Fit, PowerLaw, fit_exponential, fit_power_law, local_exponent
from sessa_ref.influence.impulse import earliest_routing, impulse_response, sharpened_routing, uniform_routing
from sessa_ref.influence.jacobian import block_jacobian, jacobian_norms
from sessa_ref.influence.worst_inputs import WorstInput, worst_input

__all__ = [
    "BallBound",
    "Bounds",
    "Exponential",
    "Fit",
    "PowerLaw",
    "WorstInput",
    "ball_bound",
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
    "worst_input",
]
