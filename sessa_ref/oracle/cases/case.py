"""Cases: one input to every check, deterministic, made from a few choices."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.oracle.levels import LAYER, Level
from sessa_ref.parameters import SessaParameters
from sessa_ref.precision import PRECISIONS, round_to


@dataclass(frozen=True, eq=False)
class Case:
    """One input to every check: a layer, or a part of it, tokens, a cotangent of the output, and where decoding begins."""

    name: str
    about: str
    parameters: SessaParameters
    x: np.ndarray
    """Tokens, (batch, T, D), float64; at other levels than the layer's, what that level is given."""
    dy: np.ndarray
    """Cotangent of the output, (batch, T, D)."""
    split: int
    """Tokens that the prefill takes; the rest are decoded one by one."""
    other_splits: tuple[int, ...] = ()
    """Further splits to try."""
    extras: frozenset[str] = frozenset()
    """Checks beyond those that every case goes through."""
    quick: bool = False
    """Whether the case belongs to the quick battery."""
    dtypes: tuple[str, ...] = tuple(PRECISIONS)
    """Precisions in which the case makes sense: the others would lose all digits."""
    lengths: tuple[int, ...] = ()
    """Numbers of tokens that the check "lengths" tries; all of them by default."""
    level: Level = LAYER
    """What the case is a case of."""

    def at(self, level: Level) -> "Case":
        """The case of another level that this case of the layer holds: the same computation, begun later, cut off earlier."""
        parameters, tokens = level.parts(self.parameters, self.x)
        extras = self.extras - set(level.leaves_out)
        return replace(self, parameters=parameters, x=tokens, level=level, extras=extras)

    def with_parameters(self, arrays: Mapping[str, Any]) -> "Case":
        """The same case with these arrays as parameters."""
        parameters = SessaParameters.unchecked(
            self.parameters.config, {name: np.asarray(array) for name, array in arrays.items()}
        )
        return replace(self, parameters=parameters)

    def inputs(self) -> dict[str, np.ndarray]:
        """All that the output depends on, by the names of the gradients."""
        inputs = self.level.of_inputs(self.parameters.config, self.x)
        return inputs | {f"grad.{name}": array for name, array in self.parameters.items()}

    def moved(self, by: Mapping[str, Any]) -> "Case":
        """The same case with something added to its inputs, by the names of the gradients; complex numbers, too."""
        parts = {name: part + by[name] for name, part in self.level.of_inputs(self.parameters.config, self.x).items()}
        tokens = self.level.join({name[1:]: part for name, part in parts.items()})
        case = self.with_parameters({name: a + by[f"grad.{name}"] for name, a in self.parameters.items()})
        return replace(case, x=tokens)

    def first_tokens(self, T: int) -> "Case":
        """The case of the first tokens alone."""
        return replace(self, x=np.ascontiguousarray(self.x[:, :T]), dy=self.dy[:, :T], split=min(self.split, T))

    def rounded(self, dtype: str) -> "Case":
        """The same case with parameters, tokens and cotangent rounded to what `dtype` can hold."""
        case = self.with_parameters({name: round_to(a, dtype) for name, a in self.parameters.items()})
        return replace(case, x=round_to(self.x, dtype), dy=round_to(self.dy, dtype))


def case(
    name: str,
    about: str,
    config: SessaConfig,
    *,
    T: int,
    batch: int = 2,
    split: int | None = None,
    x_scale: float = 1.0,
    dy_scale: float = 1.0,
    equal_dy: bool = False,
    input_scale: float = 1.0,
    gamma_bias: float | None = None,
    forward_logits: float = 2.0,
    feedback_logits: float = 2.0,
    logit_shift: float = 0.0,
    **fields: Any,
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
        dy_scale: standard deviation of the cotangent.
        equal_dy: whether all rows of the batch have the same cotangent.
        input_scale: factor on the input projection; at 6 most activations are in the tails of GELU.
        gamma_bias: bias of the gain, 0.7 by default; beyond +-20 the gain is +-gamma_max in any precision.
        forward_logits: factor on the forward queries; near 0 the attention is uniform, at 30 nearly one-hot.
        feedback_logits: the same for the feedback queries.
        logit_shift: constant added to every logit of both attentions, which changes nothing but
            intermediates; needs rope=False and projection biases.
        **fields: further fields of `Case`.
    """
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    parameters = SessaParameters.random(config, generator)
    arrays = {n: np.array(a * (2.0 if n.startswith("mixer.") else 1.5)) for n, a in parameters.items()}
    if "ln.weight" in arrays:
        arrays["ln.weight"] = 1 + 0.3 * generator.normal(size=config.width)
        arrays["ln.bias"] = 0.2 * generator.normal(size=config.width)
    arrays["W_in.weight"] *= input_scale
    arrays["mixer.gamma_bias"] = np.array(0.7 if gamma_bias is None else gamma_bias)
    for part in ("weight", "bias") if config.projection_bias else ("weight",):
        arrays[f"mixer.q_proj.{part}"] *= forward_logits
        arrays[f"mixer.proj_fb.{part}"][: config.feedback_width] *= feedback_logits
    if logit_shift:
        _shift_logits(config, arrays, logit_shift)
    x = x_scale * generator.normal(size=(batch, T, config.width))
    dy = dy_scale * generator.normal(size=x.shape)
    dy = np.repeat(dy[:1], batch, axis=0) if equal_dy else dy
    split = T // 2 if split is None else split
    return Case(name, about, parameters.replace(arrays), x, dy, split, **fields)


def chain_case(name: str, about: str, config: SessaConfig, *, T: int, **fields: Any) -> Case:
    """A case whose feedback routing is nearly "the predecessor alone", so that influence takes many hops.

    Tokens carry a clock, (cos, sin) of an angle that advances from token to token; feedback keys read it, and
    feedback queries ask for the time one step earlier. The gain is gamma_max.

    Args:
        name: also the seed.
        about: what the case is for.
        config: the layer's config, of width at least 6, with layer norm and projection biases.
        T: tokens; the clock goes round once in 256, or in 1.28 T where that is more.
        **fields: further fields of `Case`.
    """
    start = case(name, about, config, T=T, batch=1, gamma_bias=20.0, **fields)
    period = max(256.0, 1.28 * T)
    # Logits fall off as the square of the angle: the weights on nearby tokens are the same for every period.
    step, sharpness = 2 * np.pi / period, 4000.0 * (period / 256) ** 2
    theta = step * np.arange(T)
    clock = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    # The rest of a token is random, but of mean 0 and fixed length, so that the norm scales all clocks alike.
    rest = start.x[0, :, 4:] - start.x[0, :, 4:].mean(axis=-1, keepdims=True)
    rest /= np.linalg.norm(rest, axis=-1, keepdims=True)
    x = np.concatenate([clock, -clock, rest], axis=-1)[None]
    arrays = start.parameters.state_dict()
    arrays["W_in.bias"][: config.width] += 8.0  # the GELU is the identity there
    u = reference.trace(start.parameters.replace(arrays), x).u[0]
    # Linear maps from u to the clock and to the clock one step earlier, found by least squares.
    earlier = np.stack([np.cos(theta - step), np.sin(theta - step)], axis=-1)
    features = np.concatenate([u, np.ones((T, 1))], axis=-1)
    amplitude = np.sqrt(sharpness * np.sqrt(config.feedback_width))
    for part in ("weight", "bias"):  # queries that read hardly anything else: keys may be what they are
        arrays[f"mixer.proj_fb.{part}"][: config.feedback_width] *= 1e-3
    for offset, wanted in ((0, earlier), (config.feedback_width, clock)):
        maps = np.linalg.lstsq(features, amplitude * wanted, rcond=None)[0].T
        arrays["mixer.proj_fb.weight"][offset : offset + 2] = maps[:, :-1]
        arrays["mixer.proj_fb.bias"][offset : offset + 2] = maps[:, -1]
    return replace(start, parameters=start.parameters.replace(arrays), x=x)


def position_case(name: str, about: str, config: SessaConfig, *, T: int, **fields: Any) -> Case:
    """A case whose forward attention depends on positions nearly alone, and finds each token's own.

    Queries and keys are nearly the same for all tokens, so that the logit of a lag is 12 times the sum of the cosines
    of its angles. Tokens that share their angles, because these are rounded, share the weight.

    Args:
        name: also the seed.
        about: what the case is for.
        config: the layer's config, with rotary embedding and projection biases.
        T: tokens.
        **fields: further fields of `Case`.
    """
    start = case(name, about, config, T=T, batch=1, gamma_bias=0.0, feedback_logits=0.2, **fields)
    arrays = start.parameters.state_dict()
    first = np.arange(config.query_width) % 2 == 0
    for part, heads in (("q_proj", config.heads), ("k_proj", config.kv_heads)):
        for kind in ("weight", "bias"):
            arrays[f"mixer.{part}.{kind}"] *= 0.02
        arrays[f"mixer.{part}.bias"] += np.tile(first * np.sqrt(12.0 * np.sqrt(config.query_width)), heads)
    return replace(start, parameters=start.parameters.replace(arrays))


def padded_case(name: str, about: str, config: SessaConfig, *, T: int, **fields: Any) -> Case:
    """A case in which some tokens are zero, as padding is, the first and the last among them, and some are equal.

    Args:
        name: also the seed.
        about: what the case is for.
        config: the layer's config.
        T: tokens.
        **fields: further fields of `Case`.
    """
    start = case(name, about, config, T=T, **fields)
    x = start.x.copy()
    x[:, 1::5] = x[:, :1]
    x[:, 0::4] = 0
    x[:, -1] = 0
    return replace(start, x=x)


def _shift_logits(config: SessaConfig, arrays: dict[str, np.ndarray], shift: float) -> None:
    """Give query and key of each attention one constant coordinate, whose product is the shift."""
    if config.rope or not config.projection_bias:
        raise ValueError(f"logit_shift needs rope=False and projection biases, got {config}")
    rows = [
        ("mixer.q_proj", range(0, config.heads * config.query_width, config.query_width), config.query_width),
        (
            "mixer.k_proj",
            range(0, config.kv_heads * config.query_width, config.query_width),
            config.query_width,
        ),
        ("mixer.proj_fb", (0, config.feedback_width), config.feedback_width),
    ]
    for name, firsts, width in rows:
        for first in firsts:
            is_key = name == "mixer.k_proj" or (name == "mixer.proj_fb" and first > 0)
            arrays[f"{name}.weight"][first] = 0
            root = np.sqrt(abs(shift) * np.sqrt(width))
            arrays[f"{name}.bias"][first] = root * (np.sign(shift) if is_key else 1)
