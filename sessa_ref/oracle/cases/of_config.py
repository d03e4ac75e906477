"""The case battery for one config, for implementations that cannot build another."""

from typing import Any

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.cases.case import Case, case, chain_case, padded_case, position_case

_ALL = frozenset({"calls", "differences", "NaN isolation", "padding"})
_WIDE = ("float64", "float32")
_NO_FLOAT16 = (*_WIDE, "bfloat16")
_NARROW = 64
"""Width up to which long cases are affordable: true values cost T D^2."""


def battery_of(config: SessaConfig, quick: bool) -> list[Case]:
    """Cases of one config: every number of tokens, gain, routing and scale of the battery that it allows."""

    def a(name: str, about: str, T: int, **fields: Any) -> Case:
        return case(name, about, config, T=T, **fields)

    cases = [
        a("no_token", "T = 0", 0),
        a("one_token", "T = 1: no strict past", 1, split=1, other_splits=(0,)),
        a("two_tokens", "T = 2: a single feedback edge", 2, split=1, other_splits=(0, 2)),
        a("typical", "nothing special", 33, split=20, other_splits=(0, 1, 32, 33), extras=_ALL),
        a("length_65", "a length at which blocked code goes wrong", 65, split=64),
        a("gain_high", "gain at +gamma_max on every token", 48, gamma_bias=20.0),
        a("gain_low", "gain at -gamma_max on every token", 48, gamma_bias=-20.0),
        a("sharp_routing", "both attentions nearly one-hot", 64, forward_logits=30.0, feedback_logits=30.0),
        a("tiny_input", "the norm's epsilon matters", 21, x_scale=2e-3, dy_scale=1e-9, dtypes=_NO_FLOAT16),
    ]
    if quick:
        return cases
    uniform = {"gamma_bias": 3.0, "forward_logits": 1e-3, "feedback_logits": 1e-3}
    cases += [
        a("gain_mixed", "gains of both signs", 31, gamma_bias=0.0, split=5),
        a("uniform_routing", "logits near zero, high gain: all routes count", 64, **uniform),
        a("large_input", "tokens of size 1000", 21, x_scale=1e3, dy_scale=1e5, dtypes=_NO_FLOAT16),
        a("equal_dy", "a cotangent that is stored once", 40, equal_dy=True, extras=frozenset({"calls"})),
        padded_case("zero_tokens", "tokens that are zero, and tokens that are equal", config, T=25, split=12),
    ]
    if config.width > _NARROW:
        return cases
    cases += [
        a("every_length", "every number of tokens up to 130", 130, extras=frozenset({"lengths"})),
        a("length_257", "more than two hundred tokens", 257, split=1),
    ]
    if config.projection_bias and config.rope:
        cases.append(position_case("positions", "attention by position alone, beyond 256", config, T=400, split=391))
    if config.projection_bias and not config.rope:
        for name, shift in (("logits_high", 12000.0), ("logits_low", -12000.0)):
            cases.append(a(name, "logits that overflow unguarded", 30, logit_shift=shift, dtypes=_WIDE))
    if config.projection_bias and config.norm == "layernorm" and config.width >= 6:
        cases.append(chain_case("long_chains", "over a hundred hops", config, T=150, dtypes=_WIDE))
    return cases
