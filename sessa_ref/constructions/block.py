"""A block put together by names: a-slots, tracks with their gate slots, two attentions and a gain.

A block of width D has D a-slots, a = W_in x + b, and D tracks: a track is a coordinate of the value, of the gate and of
the mixer's output at once. Slots are given out by name and counted, so that the bookkeeping of Remark K.27 is checked:
what does not fit into the width is refused.
"""

from collections.abc import Mapping

import numpy as np
from scipy import optimize, special

from sessa_ref.config import SessaConfig
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.parameters import SessaParameters, shapes

Form = Mapping[str, float]
"""Coefficients by name: of channels and `ONE` in front of the activation, of a-slots behind it."""

UNIT = float(np.asarray(optimize.brentq(lambda c: c * special.ndtr(c) - 1, 1.0, 1.3, xtol=1e-15)))
"""c with GELU(c) = 1: an a-slot that is constantly c is 1 behind the activation."""


class Block:
    """A block under construction; whatever is not set is zero.

    Args:
        channels: the directions that it reads and writes.
        name: of the block, for messages and for the network.
        query_width: d_k.
        read_scale: L of Corollary K.5: a channel is read through GELU(Lx)/L - GELU(-Lx)/L, which is x for every L.
    """

    def __init__(self, channels: Channels, name: str, query_width: int = 2, read_scale: float = 1.0) -> None:
        self.channels, self.name, self.read_scale = channels, name, read_scale
        self.config = SessaConfig.paper(channels.width, query_width)
        self.arrays = {name: np.zeros(shape) for name, shape in shapes(self.config).items()}
        self.a_slots: list[str] = []
        self.gate_slots: list[str] = []

    def a_slot(self, name: str, form: Form) -> Form:
        """Take an a-slot: a = form of the channels. Returns it as a form: what is GELU(a) behind the activation.

        Raises:
            ValueError: the slot has been taken already, or none is free.
        """
        row = self._take(self.a_slots, name, "a-slots")
        self._input(row, form)
        return {name: 1.0}

    def one(self) -> Form:
        """The constant 1 behind the activation, from one a-slot."""
        return {ONE: 1.0} if ONE in self.a_slots else self.a_slot(ONE, {ONE: UNIT})

    def channel(self, name: str) -> Form:
        """A channel behind the activation, read exactly from two a-slots (Corollary K.5)."""
        L = self.read_scale
        plus, minus = f"+{name}", f"-{name}"
        if plus not in self.a_slots:
            self.a_slot(plus, {name: L})
            self.a_slot(minus, {name: -L})
        return {plus: 1 / L, minus: -1 / L}

    def track(self, name: str, *, value: Form, gate: Form, to: Form) -> None:
        """Take a track: v = value, a form of a-slots; the gate, a form of channels; s * gate is added to `to`.

        Raises:
            ValueError: the track has been taken already, or none is free.
        """
        row = self._take(self.gate_slots, name, "tracks")
        self.arrays["mixer.v_proj.weight"][row] = self._behind(value)
        self._input(self.channels.width + row, gate)
        self.arrays["W_out.weight"][:, row] = self.channels.affine(to)[0]

    def attend_forward(self, query: Form, key: Form, row: int = 0) -> None:
        """Coordinate `row` of the forward queries and keys, as forms of a-slots; without it the rows are uniform."""
        self.arrays["mixer.q_proj.weight"][row] = self._behind(query)
        self.arrays["mixer.k_proj.weight"][row] = self._behind(key)

    def attend_feedback(self, query: Form, key: Form, row: int = 0) -> None:
        """Coordinate `row` of the feedback queries and keys, as forms of a-slots; without it the rows are uniform."""
        self.arrays["mixer.proj_fb.weight"][row] = self._behind(query)
        self.arrays["mixer.proj_fb.weight"][self.config.feedback_width + row] = self._behind(key)

    def gain(self, gamma: float) -> None:
        """A constant gain gamma in (-1, 1); without it the feedback is switched off.

        Raises:
            ValueError: there is no float64 number whose tanh is nearest to it and below 1.
        """
        bias = np.arctanh(np.float64(gamma)) if abs(gamma) < 1 else np.inf
        if not abs(np.tanh(bias)) < 1:
            raise ValueError(f"the gain of {self.name} must lie in (-1, 1) in float64, got {gamma}")
        self.arrays["mixer.gamma_bias"] = np.asarray(bias)

    def offset(self, form: Form) -> None:
        """The output's bias: a form of channels that is added to every token."""
        self.arrays["W_out.bias"] = self.channels.affine(form)[0]

    def build(self) -> SessaParameters:
        """The block's parameters."""
        return SessaParameters(self.config, self.arrays)

    def _input(self, row: int, form: Form) -> None:
        self.arrays["W_in.weight"][row], self.arrays["W_in.bias"][row] = self.channels.affine(form)

    def _behind(self, form: Form) -> np.ndarray:
        weights = np.zeros(self.channels.width)
        for name, coefficient in form.items():
            weights[self.a_slots.index(name)] = coefficient
        return weights

    def _take(self, slots: list[str], name: str, kind: str) -> int:
        if name in slots:
            raise ValueError(f"{self.name} has used {name!r} of its {kind} already")
        if len(slots) == self.channels.width:
            raise ValueError(
                f"{self.name} needs more {kind} than its width {self.channels.width}: {', '.join(slots)} and {name}"
            )
        slots.append(name)
        return len(slots) - 1
