"""The check of padded batches: who takes no mask is not asked, and every way to be wrong is found."""

from typing import Any

import numpy as np
import pytest
import torch

from sessa_ref.oracle import Verdict, battery, verify
from sessa_ref.oracle.implementation import padding
from sessa_ref.oracle.implementation.targets import as_adapter
from sessa_ref.oracle.implementation.uses import Use
from sessa_ref.oracle.report.results import Status
from tests.oracle.plain_torch_layer import PlainTorchLayer

CASES = [c for c in battery() if c.name in ("heads", "three_tokens")]


class Masked(PlainTorchLayer):
    """The plain layer with masks in both attentions and positions of real tokens; wrong in one of `MISTAKES`."""

    mistake = ""

    def forward(self, x, attention_mask=None):
        if attention_mask is None:
            return super().forward(x)
        real = ~attention_mask if self.mistake == "inverted" else attention_mask
        if self.mistake == "zeroed":
            return super().forward(x * real[..., None])
        if self.mistake == "ignored":
            return super().forward(x)
        self.real = real
        try:
            return super().forward(x)
        finally:
            self.real = None

    real = None

    def angles(self, positions, width, dtype):
        if self.real is not None and self.mistake != "positions count padding":
            positions = (self.real.cumsum(-1) - self.real.int())[:, None, :, None]
        return super().angles(positions, width, dtype)

    def softmax(self, logits, visible):
        is_forward = logits.dim() > 3
        if self.real is not None and self.mistake != ("forward alone" if not is_forward else "feedback alone"):
            keys, queries = self.real[:, None, :], self.real[:, :, None]
            both = keys & (queries | torch.tensor(self.mistake == "padding reads"))
            visible = visible & (both[:, None] if is_forward else both)
        return super().softmax(logits, visible)


class PaddingIsASource(Masked):
    """Padding is masked in both softmaxes, but the feedback of the first token behind it reads its state."""

    def solve(self, B, f):
        if self.real is None:
            return super().solve(B, f)
        behind = self.real & ~torch.cat([torch.ones_like(self.real[:, :1]), self.real[:, :-1]], dim=1)
        leak = torch.diag_embed(behind[:, 1:].to(f.dtype), offset=-1)
        return super().solve(B + 0.1 * leak, f + (~self.real)[..., None])


class Decoding(Masked):
    """Prompts go through a row at a time; wrong in that a shorter row takes the position after the longest."""

    def prefill(self, x, cache: Any, attention_mask=None) -> Any:
        if attention_mask is None:
            return super().prefill(x, cache)
        y, rows = torch.zeros_like(x), []
        for row, (tokens, real) in enumerate(zip(x, attention_mask, strict=True)):
            y[row, real], own = super().prefill(tokens[None, real], self.init_cache(1, dtype=x.dtype))
            rows.append(own)
        return y, rows

    def decode_step(self, x_t, cache: Any) -> Any:
        if isinstance(cache, dict):
            return super().decode_step(x_t, cache)
        self.shift = max(own["s"].shape[1] for own in cache) if self.mistake == "shared position" else None
        steps = [super(Decoding, self).decode_step(token[None], own) for token, own in zip(x_t, cache, strict=True)]
        self.shift = None
        return torch.cat([y for y, _ in steps]), [own for _, own in steps]

    shift = None

    def angles(self, positions, width, dtype):
        return super().angles(positions if self.shift is None else positions * 0 + self.shift, width, dtype)


def run(layer, mistake=""):
    made = type(layer.__name__, (layer,), {"mistake": mistake})
    return verify(as_adapter(made, "layer"), dtypes=["float64"], cases=CASES, explain=False)


def failed(report):
    return [r for r in report.results if r.status is Status.FAILED and r.required]


@pytest.mark.parametrize("layer", [Masked, Decoding])
def test_right_layers_conform(layer):
    report = run(layer)
    assert report.verdict is Verdict.CONFORMS
    assert {r.status for r in report.results if r.check == "padding"} == {Status.PASSED}


@pytest.mark.parametrize(
    ("layer", "mistake"),
    [
        (Masked, "inverted"),
        (Masked, "zeroed"),
        (Masked, "ignored"),
        (Masked, "forward alone"),
        (Masked, "feedback alone"),
        (Masked, "positions count padding"),
        (PaddingIsASource, ""),
        (Decoding, "shared position"),
    ],
)
def test_wrong_layers_do_not(layer, mistake):
    report = run(layer, mistake)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert {r.check for r in failed(report)} == {"padding"}


def test_positions_are_told_by_padding_within_alone():
    """Rotations are relative: padding on the left shifts all positions of a row alike."""
    report = run(Masked, "positions count padding")
    messages = [r.message for r in failed(report)]
    assert all(message.startswith("y padded within[") for message in messages)


def test_what_padding_itself_reads_is_nobodys_business():
    assert run(Masked, "padding reads").verdict is Verdict.CONFORMS


def test_who_takes_no_mask_is_not_asked():
    report = verify(as_adapter(PlainTorchLayer, "layer"), dtypes=["float64"], cases=CASES, explain=False)
    assert report.verdict is Verdict.CONFORMS
    assert "padding" not in {r.check for r in report.results}


def test_a_mask_of_another_kind_is_told_apart():
    class OtherMask(PlainTorchLayer):
        def forward(self, x, attention_mask=None):
            return super().forward(x) + (0 if attention_mask is None else attention_mask.expand(1, 1, 5, 7).sum())

    report = verify(as_adapter(OtherMask, "layer"), dtypes=["float64"], cases=CASES, explain=False)
    padded = [r for r in report.results if r.check == "padding"]
    assert {r.status for r in padded} == {Status.ERRORED}
    assert "an argument of another meaning needs another name" in padded[0].message


def test_who_takes_no_mask_can_be_asked_to():
    report = verify(
        as_adapter(PlainTorchLayer, "layer"), dtypes=["float64"], cases=CASES, explain=False, require=("padding",)
    )
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    (message,) = {r.message for r in report.results if r.check == "padding"}
    assert message == "padding is required, and it takes no mask"


def test_layouts():
    case = CASES[0]
    for real in padding.layouts(case).values():
        x = padding.padded(case.x, real)
        assert not np.any((x == case.x)[~real].all(axis=-1)), "padding is no token of the row"
        assert np.array_equal(padding.unpadded(x, real, case.x), case.x)
    assert padding.layouts(case)[Use.PADDED_PROMPT][:, case.split :].all()
