"""Attention that looks at one place only: the predecessor (Lemma K.1), or the token itself (Lemma K.2)."""

import numpy as np

from sessa_ref.constructions.block import Block
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.notation import Array


def focusing_scale(gap: float, T: int, off_mass: float, query_width: int = 2) -> float:
    """Lambda with T exp(-Lambda^2 gap/sqrt(d_k)) <= mu/(1 - mu).

    Args:
        gap: by how much the product of codes is larger at the wanted place than anywhere else.
        T: the largest number of other places.
        off_mass: mu.
        query_width: d_k; the attention's scale, which Lemma K.1 leaves out, is 1/sqrt(d_k).
    """
    if T == 0 or not np.isfinite(gap):
        return 1.0
    return float(np.sqrt(max(np.log(T) + np.log1p(-off_mass) - np.log(off_mass), 0) * np.sqrt(query_width) / gap))


def predecessor_gap(codes: OrderedCodes) -> float:
    """min over t >= 2 of m_t (m_{t-1} - M_{t-2}) behind the activation: the sharp form of Lemma K.1's m_* Delta."""
    low, high = codes.activated()
    return float(np.min(low[2:] * (low[1:-1] - high[:-2]), initial=np.inf))


def self_gap(codes: OrderedCodes) -> float:
    """min over t >= 1 of m_t (m_t - M_{t-1}) behind the activation: the sharp form of Lemma K.2's m_* delta."""
    low, high = codes.activated()
    return float(np.min(low[1:] * (low[1:] - high[:-1]), initial=np.inf))


def focus_on_predecessor(block: Block, codes: OrderedCodes, off_mass: float) -> float:
    """Make the block's feedback attention put all but `off_mass` on t - 1; returns Lambda. It takes the a-slot pos."""
    scale = focusing_scale(predecessor_gap(codes), codes.length - 1, off_mass, block.config.feedback_width)
    code = {name: scale * c for name, c in _position(block).items()}
    block.attend_feedback(code, code)
    return scale


def focus_on_itself(block: Block, codes: OrderedCodes, off_mass: float) -> float:
    """Make the block's forward attention put all but `off_mass` on t; returns Lambda. It takes the a-slot pos.

    The rotation by the positions cannot hurt: the cosine is 1 at the token itself and at most 1 elsewhere.
    """
    scale = focusing_scale(self_gap(codes), codes.length - 1, off_mass, block.config.query_width)
    code = {name: scale * c for name, c in _position(block).items()}
    block.attend_forward(code, code)
    return scale


def off_predecessor_mass(alpha_fb: Array) -> float:
    """The largest mass that any row t of feedback attention, (T, T), puts elsewhere than on t - 1."""
    T = alpha_fb.shape[-1]
    return float(np.max(np.sum(alpha_fb * ~np.eye(T, k=-1, dtype=bool), axis=-1)))


def off_diagonal_mass(alpha_fwd: Array) -> float:
    """The largest mass that any row of forward attention puts elsewhere than on the token itself."""
    T = alpha_fwd.shape[-1]
    return float(np.max(np.sum(alpha_fwd * ~np.eye(T, dtype=bool), axis=-1)))


def _position(block: Block) -> dict[str, float]:
    if "pos" not in block.a_slots:
        block.a_slot("pos", {"pos": 1.0})
    return {"pos": 1.0}
