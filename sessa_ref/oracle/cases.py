"""The case battery: deterministic, and each case there for the mistakes that it brings to light."""

import zlib
from dataclasses import dataclass, replace

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.precision import round_to
from sessa_ref.parameters import SessaParameters

BATTERY_VERSION = 1
"""Raised whenever the battery changes, so that reports can be compared."""


@dataclass(frozen=True, eq=False)
class Case:
    """One input to every check: a layer, tokens, a cotangent of the output, and where decoding begins."""

    name: str
    about: str
    parameters: SessaParameters
    x: np.ndarray
    """Tokens, (batch, T, D), float64."""
    dy: np.ndarray
    """Cotangent of the output, of x's shape."""
    split: int
    """Tokens that the prefill takes; the rest are decoded one by one."""

    def rounded(self, dtype: str) -> "Case":
        """The same case with parameters, tokens and cotangent rounded to what `dtype` can hold."""
        parameters = self.parameters
        return replace(
            self,
            parameters=parameters.replace({name: round_to(a, dtype) for name, a in parameters.items()}),
            x=round_to(self.x, dtype),
            dy=round_to(self.dy, dtype),
        )


def case(
    name: str,
    about: str,
    config: SessaConfig,
    *,
    T: int,
    batch: int = 2,
    split: int | None = None,
    x_scale: float = 1.0,
    gamma_bias: float | None = None,
    forward_logits: float = 2.0,
    feedback_logits: float = 2.0,
) -> Case:
    """A case drawn from a generator that its name seeds.

    No parameter is left at a trivial value: norm weights, norm biases and all other biases are random.

    Args:
        name: also the seed.
        about: what the case is for.
        config: the layer's config.
        T: tokens.
        batch: rows, all different.
        split: tokens of the prefill; half of them by default.
        x_scale: standard deviation of the tokens.
        gamma_bias: bias of the gain, 1 by default; beyond +-10 the gain is gamma_max in any precision.
        forward_logits: factor on the forward queries; near 0 the attention is uniform, at 30 nearly one-hot.
        feedback_logits: the same for the feedback queries.
    """
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    parameters = SessaParameters.random(config, generator)
    arrays = {n: a * (2.0 if n.startswith("mixer.") else 1.5) for n, a in parameters.items()}
    if "ln.weight" in arrays:
        arrays["ln.weight"] = 1 + 0.3 * generator.normal(size=config.width)
        arrays["ln.bias"] = 0.2 * generator.normal(size=config.width)
    arrays["mixer.gamma_bias"] = np.array(0.7 if gamma_bias is None else gamma_bias)
    for array in ("weight", "bias") if config.projection_bias else ("weight",):
        arrays[f"mixer.q_proj.{array}"] *= forward_logits
        arrays[f"mixer.proj_fb.{array}"][: config.feedback_width] *= feedback_logits
    x = x_scale * generator.normal(size=(batch, T, config.width))
    dy = generator.normal(size=x.shape)
    return Case(name, about, parameters.replace(arrays), x, dy, T // 2 if split is None else split)


def battery() -> list[Case]:
    """The cases, in the order in which they are run; equal in every run."""
    published = SessaConfig.published
    heads = published(16, 4)
    return [
        case("heads", "four heads", heads, T=33, split=20),
        case("one_head", "one head: no output projection", published(12, 1), T=23, split=9),
        case(
            "grouped_heads", "eight query heads read two key/value heads", published(32, 8, 2), T=40, split=31
        ),
        case("one_key_head", "four query heads read one key/value head", published(16, 4, 1), T=29, split=3),
        case(
            "no_rope",
            "no rotary embedding, odd head width, other eps",
            published(15, 5, use_forward_rope=False, ln_eps=1e-3),
            T=25,
        ),
        case("one_token", "T = 1: no strict past", published(8, 2), T=1, split=1),
        case("two_tokens", "T = 2: a single feedback edge", published(8, 2), T=2, split=1),
        case("gain_high", "gain at +gamma_max on every token", heads, T=48, gamma_bias=20.0),
        case("gain_low", "gain at -gamma_max on every token", heads, T=48, gamma_bias=-20.0),
        case("gain_zero", "small gains of both signs", heads, T=31, gamma_bias=0.0, split=5),
        case("small_gamma_max", "gamma_max = 0.3", published(16, 2, gamma_max=0.3), T=31, gamma_bias=2.0),
        case(
            "uniform_routing",
            "all logits near zero, high gain: all routes count",
            heads,
            T=64,
            forward_logits=1e-3,
            feedback_logits=1e-3,
            gamma_bias=3.0,
        ),
        case(
            "sharp_routing",
            "large logits: both attentions nearly one-hot",
            heads,
            T=64,
            forward_logits=30.0,
            feedback_logits=30.0,
        ),
        case("tiny_input", "small tokens: the norm's epsilon matters", heads, T=21, x_scale=2e-3, split=7),
        case("long", "a longer sequence", published(24, 2, 1), T=300, batch=1, split=290),
    ]
