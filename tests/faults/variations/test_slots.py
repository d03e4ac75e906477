"""Zero slots of a buffer in a softmax: how many there are, and that they weigh what a logit of 0 weighs."""

import math
import re

import numpy as np
import pytest

from sessa_ref.faults.variations import graph, slots
from tests.faults.variations.small import HEADS, apart
from tests.rounding import LIBRARY, roundings

VARIATIONS = {variation.name: variation for variation in slots.variations()}
SPLIT, T = 5, HEADS.x.shape[1]
CAPACITY = 20


def size_of(label: str, tokens: int) -> int:
    """The buffer's size, from what the sentence says."""
    (found,) = re.findall(r"^Slots(OfAll|Of|Above|From|More)(\d*)$", label)
    kind, number = found
    m = int(number or 0)
    return {
        "OfAll": lambda: CAPACITY,
        "Of": lambda: math.ceil(tokens / m) * m,
        "Above": lambda: next(n for n in range(tokens + 1, 10**4) if n % m == 0),
        "From": lambda: next(n for n in (2**k for k in range(20)) if n >= max(m, tokens)),
        "More": lambda: tokens + m,
    }[kind]()


def step(changes, tokens: int) -> tuple[graph.Run, graph.Run]:
    """The prefill of all tokens but the last, and the step of the last."""
    first = graph.advance(HEADS.parameters, HEADS.x[:, : tokens - 1], changes, capacity=CAPACITY)
    x = HEADS.x[:, tokens - 1 : tokens]
    return first, graph.advance(HEADS.parameters, x, changes, first.cache(), decoding=True, capacity=CAPACITY)


@pytest.mark.parametrize("attention", ["Forward", "Feedback", "Both"])
def test_empty_slots_weigh_what_a_logit_of_zero_weighs(attention):
    """Weights are a softmax with that many zeros beside the logits, of which there is one for each token."""
    names = {"Forward": ("alpha",), "Feedback": ("alpha_fb",), "Both": ("alpha", "alpha_fb")}[attention]
    labels = [name.removeprefix(f"Decode{attention}") for name in VARIATIONS if name.startswith(f"Decode{attention}")]
    assert len(labels) == len(VARIATIONS) // 3
    for label in labels:
        for tokens in (2, 4, 7):
            first, run = step(VARIATIONS[f"Decode{attention}{label}"].changes, tokens)
            for name in ("alpha", "alpha_fb"):
                empty = size_of(label.removesuffix("AndPrefill"), tokens) - tokens if name in names else 0
                logits = run.values[name.replace("alpha", "logits")]
                seen = run.values[name.replace("alpha", "visible")]
                wide = np.concatenate([logits, np.zeros((*logits.shape[:-1], empty))], axis=-1)
                shown = np.concatenate([seen, np.ones((1, empty), dtype=bool)], axis=-1)
                wanted = graph.softmax(wide, shown)[..., :tokens]
                # exp of a difference of logits, whose error becomes relative, and a sum; both twice
                largest = np.abs(np.where(seen, logits, 0)).max()
                allowed = roundings(2 * (2 * largest + LIBRARY + tokens + empty + 2))
                assert np.allclose(run.values[name], wanted, rtol=allowed, atol=0), (label, tokens)
                same = np.array_equal(first.values[name], first.right[name])
                before = size_of(label.removesuffix("AndPrefill"), tokens - 1) > tokens - 1
                seeing = tokens > 2 or name == "alpha"  # the first token has no feedback
                assert same != (label.endswith("AndPrefill") and name in names and before and seeing), (label, tokens)


def test_without_an_empty_slot_the_step_is_right():
    wanted = graph.decoded(HEADS.parameters, HEADS.x, T - 1, {})
    for name in ("DecodeForwardSlotsOfAll", "DecodeBothSlotsOfAllAndPrefill"):
        assert np.array_equal(
            graph.decoded(HEADS.parameters, HEADS.x, T - 1, VARIATIONS[name].changes)[:, -1], wanted[:, -1]
        ) == (not name.endswith("Prefill"))
    for name in ("DecodeForwardSlotsOf2", "DecodeBothSlotsMore1"):
        y = graph.decoded(HEADS.parameters, HEADS.x, SPLIT, VARIATIONS[name].changes)
        assert apart(HEADS, y, graph.decoded(HEADS.parameters, HEADS.x, SPLIT, {})) > 1e6
