"""Faults of the forward attention, and of the softmax that both attentions share."""

from collections.abc import Callable

import numpy as np

from sessa_ref.faults.catalogue.changes import WithDiagonal, always, projected, root, with_arrays, without
from sessa_ref.faults.fault import Fault
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import Formulas
from sessa_ref.reference import attention as right

HIDDEN_LOGIT = -1e4
"""The number that MaskTooSmall uses for minus infinity."""


def _queries_times(ratio: Callable[[SessaParameters], float]) -> type[Formulas]:
    """Forward logits are multiplied by the root of a ratio: the queries are, and the rotation is linear."""
    return projected("mixer.q_proj", lambda parameters, z: z * root(ratio(parameters), z))


def _full_sum(alpha: Array, v: Array) -> Array:
    """Sum over all j of alpha_tj v_j."""
    return alpha @ v


def _scaled_logits(q: Array, k: Array) -> Array:
    return (q @ np.swapaxes(k, -1, -2)) * (1 / root(q.shape[-1], q))


def _sees_anything(visible: Array) -> Array:
    return np.asarray(visible.any(axis=-1, keepdims=True))


def unguarded_softmax(q: Array, k: Array, visible: Array) -> Array:
    """attention_weights without the row's maximum; exp has float64's range also in extended precision."""
    largest, smallest = np.finfo(np.float64).max, np.finfo(np.float64).smallest_subnormal
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        exponentials = np.exp(np.where(visible, _scaled_logits(q, k), -np.inf))
        size = np.absolute(exponentials)
        exponentials = np.where(size > largest, np.inf, np.where(size < smallest, 0, exponentials))
        total = np.sum(exponentials, axis=-1, keepdims=True)
        return exponentials / np.where(_sees_anything(visible), total, 1)


def small_mask(q: Array, k: Array, visible: Array) -> Array:
    """attention_weights with hidden logits of -1e4; a row that sees nothing is still 0."""
    logits = np.where(visible, _scaled_logits(q, k), HIDDEN_LOGIT)
    highest = np.max(np.real(logits), axis=-1, keepdims=True, initial=-np.inf)
    exponentials = np.where(_sees_anything(visible), np.exp(logits - highest), 0)
    total = np.sum(exponentials, axis=-1, keepdims=True)
    return exponentials / np.where(_sees_anything(visible), total, 1)


class _MaskTooSmall(WithDiagonal):
    def attention_weights(self, q: Array, k: Array, visible: Array) -> Array:
        return small_mask(q, k, visible)

    def attend(self, alpha: Array, v: Array) -> Array:
        return _full_sum(alpha, v)


class _SoftmaxOverQueries(Formulas):
    def forward_weights(self, q: Array, k: Array, visible: Array) -> Array:
        return np.swapaxes(super().forward_weights(k, q, np.swapaxes(visible, -1, -2)), -1, -2)


def _interleaved_groups(z: Array, heads: int) -> Array:
    return np.concatenate([z] * (heads // z.shape[-3]), axis=-3)


def _interleaved_heads(z: Array) -> Array:
    *batch, heads, T, width = z.shape
    return np.moveaxis(z, -3, -1).reshape(*batch, T, width * heads)


class _OutProjMissing(Formulas):
    def linear(self, parameters: SessaParameters, name: str, x: Array) -> Array:
        return x if name == "mixer.out_proj" else super().linear(parameters, name, x)


def _transposed_output_projection(parameters: SessaParameters) -> dict[str, Array]:
    name = "mixer.out_proj.weight"
    return {name: parameters[name].T} if name in parameters else {}


FAULTS = (
    Fault(
        "AttentionScaleMissing",
        "attention",
        description="Forward logits are not scaled.",
        formula="right: logit_tj = <q_t, k_j> / sqrt(d)\nwrong: logit_tj = <q_t, k_j>",
        cause="The factor was forgotten in hand-written attention, or scale=1 is passed.",
        fix="Divide by the root of the head width d.",
        formulas=_queries_times(lambda parameters: parameters.config.query_width),
    ),
    Fault(
        "AttentionScaleWidth",
        "attention",
        description="Forward logits are divided by the root of the model width.",
        formula="right: logit_tj = <q_t, k_j> / sqrt(d), d = D/H\nwrong: logit_tj = <q_t, k_j> / sqrt(D)",
        cause="The scale is computed before the split into heads, or shared with the feedback attention.",
        fix="Divide by the root of the head width d.",
        formulas=_queries_times(lambda parameters: parameters.config.query_width / parameters.config.width),
    ),
    Fault(
        "AttentionStrictPast",
        "attention",
        description="The forward attention of a token does not see that token; the first token's o is 0.",
        formula="right: o_t = sum over j <= t of alpha_tj v_j\nwrong: o_t = sum over j < t of alpha_tj v_j, o_0 = 0",
        cause="The feedback attention's mask is used for both attentions.",
        fix="Let the forward mask include the diagonal.",
        formulas=always(causal_mask=right.strictly_causal_mask),
    ),
    Fault(
        "AttentionNotCausal",
        "attention",
        description="In the forward attention of a sequence every token sees all tokens.",
        formula="right: o_t = sum over j <= t of alpha_tj v_j\nwrong: o_t = sum over all j of alpha_tj v_j",
        cause="is_causal=True or the mask was forgotten.",
        fix="Hide later tokens before the softmax.",
        formulas=always(causal_mask=lambda T, past: np.ones((T, past + T), dtype=bool), attend=_full_sum),
    ),
    Fault(
        "GroupsInterleaved",
        "attention",
        description="Query heads take the key/value heads cyclically instead of in consecutive groups.",
        formula="right: query head h reads key/value head h // (H / G)\n"
        "wrong: query head h reads key/value head h mod G",
        cause="repeat or expand puts the copies of all key/value heads one after another.",
        fix="Repeat each key/value head H / G times in a row: repeat_interleave in torch, np.repeat in NumPy.",
        formulas=always(repeat_kv=_interleaved_groups),
    ),
    Fault(
        "SoftmaxUnguarded",
        "attention",
        description="The softmax of both attentions does not subtract the row's maximum, and overflows.",
        formula="right: alpha_tj = exp(l_tj - max_i l_ti) / sum_i exp(l_ti - max_i l_ti)\n"
        "wrong: alpha_tj = exp(l_tj) / sum_i exp(l_ti)",
        cause="A hand-written softmax.",
        fix="Subtract the largest visible logit of the row before exp.",
        formulas=always(attention_weights=unguarded_softmax),
    ),
    Fault(
        "MaskTooSmall",
        "attention",
        description="Hidden logits of both attentions are -1e4, and count where visible ones are that low.",
        formula="right: hidden l_tj = -inf\nwrong: hidden l_tj = -1e4 (B keeps j <= t)",
        cause="A finite number is filled in for minus infinity.",
        fix="Fill in minus infinity, and treat the feedback's empty first row by itself.",
        formulas=_MaskTooSmall,
    ),
    Fault(
        "SoftmaxOverQueries",
        "attention",
        description="Forward weights are normalised over the queries of each key instead of the keys of each query.",
        formula="right: alpha_tj = exp(l_tj) / sum over j' <= t of exp(l_tj')\n"
        "wrong: alpha_tj = exp(l_tj) / sum over t' >= j of exp(l_t'j)",
        cause="softmax over the wrong axis of the logits.",
        fix="Take the softmax over the last axis, the keys.",
        formulas=_SoftmaxOverQueries,
    ),
    Fault(
        "OutProjMissing",
        "attention",
        description="The heads are concatenated and not projected.",
        formula="right: f_t = W_o o_t\nwrong: f_t = o_t",
        cause="out_proj is built and then not called.",
        fix="Apply mixer.out_proj to the concatenated heads; with one head there is none.",
        formulas=_OutProjMissing,
    ),
    Fault(
        "OutProjTransposed",
        "attention",
        description="The forward attention's output projection is applied transposed.",
        formula="right: f_t = W_o o_t\nwrong: f_t = W_o^T o_t",
        cause="The weight is stored as (outputs, inputs) and multiplied as (inputs, outputs); both are D x D.",
        fix="Compute o @ out_proj.weight.T with the weight as stored.",
        formulas=with_arrays(_transposed_output_projection),
    ),
    Fault(
        "HeadsInterleaved",
        "attention",
        description="Head outputs are interleaved instead of concatenated.",
        formula="right: coordinate i of head h becomes feature h d + i of o\n"
        "wrong: coordinate i of head h becomes feature i H + h of o",
        cause="The head axis stands last when the heads are merged by a reshape.",
        fix="Bring the axes to (..., T, heads, d) before the reshape.",
        formulas=always(merge_heads=_interleaved_heads),
    ),
    Fault(
        "QueryBiasMissing",
        "attention",
        description="Forward queries have no bias.",
        formula="right: q = W_q u + b_q\nwrong: q = W_q u",
        cause="q_proj is built with bias=False, or its bias is not loaded.",
        fix="Add mixer.q_proj.bias.",
        formulas=without("mixer.q_proj.bias"),
    ),
    Fault(
        "ValueBiasMissing",
        "attention",
        description="Values have no bias.",
        formula="right: v = W_v u + b_v\nwrong: v = W_v u",
        cause="v_proj is built with bias=False, or its bias is not loaded.",
        fix="Add mixer.v_proj.bias.",
        formulas=without("mixer.v_proj.bias"),
    ),
)
"""Faults of the area "attention"."""
