"""Faults of the rotary position embedding."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.faults.catalogue.changes import always
from sessa_ref.faults.catalogue.situation import Situated
from sessa_ref.faults.fault import Fault
from sessa_ref.notation import Array, real_dtype
from sessa_ref.parameters import SessaParameters
from sessa_ref.precision import round_to
from sessa_ref.reference import Formulas, attention


def _turned(formulas: Formulas, config: SessaConfig, z: Array, heads: int, positions: Array, sense: int = 1) -> Array:
    """A projection z, (..., T, features), with each of its heads rotated; `sense` -1 turns backwards.

    Pairs and frequencies are over the heads' width; z itself where that width is odd.
    """
    width = z.shape[-1] // heads
    if width % 2:
        return z
    theta = sense * formulas.angles(replace(config, query_width=width), positions)
    rotated = formulas.rotate(attention.split_heads(z, heads), theta)
    return np.moveaxis(rotated, -3, -2).reshape(z.shape)


Change = Callable[[Formulas, SessaConfig, Array, Array], Array]


def _with_positions(**changes: Change) -> type[Formulas]:
    """The mixer's projection z becomes change(formulas, config, z, positions), where there is rotary embedding.

    The reference rotates queries and keys afterwards; a change can undo that in advance.
    """

    class WithPositions(Situated):
        def linear(self, parameters: SessaParameters, name: str, x: Array) -> Array:
            z = super().linear(parameters, name, x)
            change = changes.get(name.removeprefix("mixer."))
            if change is None or not parameters.config.rope:
                return z
            positions = np.arange(self.before, self.before + x.shape[-2], dtype=real_dtype(x), like=x)
            return change(self, parameters.config, z, positions)

    return WithPositions


class _HalfSplit(Formulas):
    def rotate(self, z: Array, theta: Array) -> Array:
        to_pairs = np.arange(z.shape[-1]).reshape(2, -1).T.ravel()
        return super().rotate(z[..., to_pairs], theta)[..., np.argsort(to_pairs)]


class _Reversed(Formulas):
    def rotate(self, z: Array, theta: Array) -> Array:
        return super().rotate(z, -theta)


def _with_base(base: Callable[[float], float]) -> type[Formulas]:
    class WithBase(Formulas):
        def angles(self, config: SessaConfig, positions: Array) -> Array:
            return super().angles(replace(config, rope_base=base(config.rope_base)), positions)

    return WithBase


def _rounded_angles(dtype: str) -> type[Formulas]:
    class RoundedAngles(Formulas):
        def angles(self, config: SessaConfig, positions: Array) -> Array:
            theta = super().angles(config, positions)
            return round_to(np.asarray(theta), dtype).astype(theta.dtype)

    return RoundedAngles


def _keys_unrotated(formulas: Formulas, config: SessaConfig, z: Array, positions: Array) -> Array:
    # Turned backwards, so that the rotation that follows gives the keys themselves.
    return _turned(formulas, config, z, config.kv_heads, positions, sense=-1)


def _keys_shifted(formulas: Formulas, config: SessaConfig, z: Array, positions: Array) -> Array:
    # Rotations add up: one position in advance, and the rest follows.
    return _turned(formulas, config, z, config.kv_heads, positions - positions + 1)


def _values(formulas: Formulas, config: SessaConfig, z: Array, positions: Array) -> Array:
    return _turned(formulas, config, z, config.kv_heads, positions)


def _feedback(formulas: Formulas, config: SessaConfig, z: Array, positions: Array) -> Array:
    return _turned(formulas, config, z, 2, positions)  # queries and keys are the two halves


def _before_heads(heads: Callable[[SessaConfig], int]) -> Change:
    def change(formulas: Formulas, config: SessaConfig, z: Array, positions: Array) -> Array:
        whole = _turned(formulas, config, z, 1, positions)
        return _turned(formulas, config, whole, heads(config), positions, sense=-1)

    return change


FAULTS = (
    Fault(
        "RotaryHalfSplit",
        "rotary",
        description="Coordinates (r, r + d/2) rotate together instead of (2r, 2r + 1).",
        formula="right: pair r = (z_(2r), z_(2r+1))\nwrong: pair r = (z_r, z_(r+d/2))",
        cause='The "rotate_half" form of GPT-NeoX and LLaMA code in place of the interleaved one.',
        fix="Pair neighbours: even = z[..., 0::2], odd = z[..., 1::2].",
        formulas=_HalfSplit,
    ),
    Fault(
        "RotaryMissing",
        "rotary",
        description="Queries and keys are not rotated.",
        formula="right: logit_tj = <R(t) q_t, R(j) k_j> / sqrt(d)\nwrong: logit_tj = <q_t, k_j> / sqrt(d)",
        cause="use_forward_rope is not passed on, or off by default.",
        fix="Rotate forward queries and keys by their positions where the config says so.",
        formulas=always(rotate=lambda z, theta: z),
    ),
    Fault(
        "RotaryQueriesOnly",
        "rotary",
        description="Queries are rotated, keys are not.",
        formula="right: logit_tj = <R(t) q_t, R(j) k_j> / sqrt(d)\nwrong: logit_tj = <R(t) q_t, k_j> / sqrt(d)",
        cause="The rotated keys are assigned to a name that is not used afterwards.",
        fix="Rotate the keys too, each by its own position.",
        formulas=_with_positions(k_proj=_keys_unrotated),
    ),
    Fault(
        "RotaryReversed",
        "rotary",
        description="Queries and keys are rotated in the opposite sense.",
        formula="right: (e, o) -> (e cos - o sin, e sin + o cos)\nwrong: (e, o) -> (e cos + o sin, -e sin + o cos)",
        cause="A wrong sign of the sine, or a transposed rotation matrix.",
        fix="Rotate by +theta.",
        formulas=_Reversed,
    ),
    Fault(
        "RotaryOtherBase",
        "rotary",
        description="The base of the frequencies is 500000.",
        formula="right: theta_tr = t 10000^(-2r/d)\nwrong: theta_tr = t 500000^(-2r/d)",
        cause="A base taken over from a long-context model.",
        fix="Use the config's base, 10000 in the published layer.",
        formulas=_with_base(lambda base: 500000.0),
    ),
    Fault(
        "RotaryExponentHalved",
        "rotary",
        description="The exponent of the frequencies lacks its factor 2.",
        formula="right: theta_tr = t base^(-2r/d)\nwrong: theta_tr = t base^(-r/d)",
        cause="Frequencies from arange(d/2)/d instead of arange(0, d, 2)/d.",
        fix="Use exponents -2r/d for the pairs r = 0 .. d/2 - 1.",
        formulas=_with_base(math.sqrt),
    ),
    Fault(
        "RotaryOnValues",
        "rotary",
        description="Values are rotated like keys.",
        formula="right: o_t = sum_j alpha_tj v_j\nwrong: o_t = sum_j alpha_tj R(j) v_j",
        cause="The rotation is applied to q, k and v while they are still one array.",
        fix="Rotate queries and keys only.",
        formulas=_with_positions(v_proj=_values),
    ),
    Fault(
        "RotaryOnFeedback",
        "rotary",
        description="Feedback queries and keys are rotated too, in pairs over their whole width.",
        formula="right: logit_fb_tj = <q_fb_t, k_fb_j> / sqrt(D)\n"
        "wrong: logit_fb_tj = <R(t) q_fb_t, R(j) k_fb_j> / sqrt(D)",
        cause="One attention routine, with its rotation, serves both attentions.",
        fix="The feedback attention has no position embedding.",
        formulas=_with_positions(proj_fb=_feedback),
    ),
    Fault(
        "RotaryBeforeHeads",
        "rotary",
        description="The rotation runs over the whole projection before it is split into heads.",
        formula="right: theta_tr = t base^(-2r/d), r < d/2, in every head\n"
        "wrong: theta_tr = t base^(-2r/D), r < D/2, over all heads (keys: G d in place of D)",
        cause="The rotation and the reshape are in the wrong order.",
        fix="Split into heads first, and rotate each head with the same frequencies.",
        formulas=_with_positions(
            q_proj=_before_heads(lambda config: config.heads), k_proj=_before_heads(lambda config: config.kv_heads)
        ),
    ),
    Fault(
        "RotaryKeysShifted",
        "rotary",
        description="Keys are rotated by the position after their own.",
        formula="right: logit_tj = <R(t) q_t, R(j) k_j> / sqrt(d)\n"
        "wrong: logit_tj = <R(t) q_t, R(j + 1) k_j> / sqrt(d)",
        cause="Queries and keys count positions from different starts.",
        fix="Give token j's key the position j, the same count as for queries.",
        formulas=_with_positions(k_proj=_keys_shifted),
    ),
    Fault(
        "RotaryAnglesBfloat16",
        "rotary",
        description="Rotary angles are rounded to bfloat16.",
        formula="right: theta_tr = t base^(-2r/d)\nwrong: theta_tr = bfloat16(t base^(-2r/d))",
        cause="The angles, or tables of them, follow the layer's dtype or an autocast.",
        fix="Compute angles in float32 at least, and cast their sines and cosines.",
        formulas=_rounded_angles("bfloat16"),
    ),
    Fault(
        "RotaryAnglesFloat16",
        "rotary",
        description="Rotary angles are rounded to float16.",
        formula="right: theta_tr = t base^(-2r/d)\nwrong: theta_tr = float16(t base^(-2r/d))",
        cause="The angles, or tables of them, follow the layer's dtype or an autocast.",
        fix="Compute angles in float32 at least, and cast their sines and cosines.",
        formulas=_rounded_angles("float16"),
    ),
)
"""Faults of the area "rotary"."""
