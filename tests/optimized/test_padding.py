"""Padding and rows of different lengths: every row as if it were alone and without padding."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaLayer
from sessa_ref.optimized.padding import Packing
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case, case
from tests.optimized.rounding import assert_equal_but_for_rounding
from tests.strategies import cases

CONFIG = SessaConfig.published(12, 6, 2)


def built(drawn: Case, **arguments) -> SessaLayer:
    module = SessaLayer.from_config(drawn.parameters.config, **arguments).double()
    module.load_state_dict({name: torch.tensor(array) for name, array in drawn.parameters.items()})
    return module


def drawn_mask(drawn: Case, data: st.DataObject) -> np.ndarray:
    size = drawn.x[..., 0].size
    entries = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    return np.array(entries, dtype=bool).reshape(drawn.x.shape[:2])


def left(*lengths: int, T: int) -> torch.Tensor:
    return torch.arange(T) >= T - torch.tensor(lengths)[:, None]


class Row:
    """A row of a case without its padding: what the reference says of it."""

    def __init__(self, drawn: Case, r: int, real: np.ndarray) -> None:
        self.case = Case("row", "", drawn.parameters, drawn.x[r : r + 1, real], drawn.dy[r : r + 1, real], 0)
        self.expectation = Expectation(self.case, "float64")
        self.y = reference.forward(self.case.parameters, self.case.x)

    def assert_is(self, y: np.ndarray) -> None:
        """Two right results lie within one bound of the truth each, so within two of each other."""
        assert y.shape == self.y[0].shape
        assert np.all(self.expectation.ratios("y", y[None], self.y) <= 2)


@settings(max_examples=5)
@given(cases(max_T=8), st.data())
def test_the_layer_is_the_masked_reference(drawn, data):
    """Outputs and gradients, with padding anywhere and of anything."""
    mask = drawn_mask(drawn, data)
    x = torch.tensor(np.where(mask[..., None], drawn.x, data.draw(st.sampled_from([3.0, np.nan, np.inf]))))
    module = built(drawn, backend=data.draw(st.sampled_from(["blocked", "dense", "hops"])))
    expectation = Expectation(drawn, "float64")
    y = module(x.requires_grad_(), attention_mask=torch.tensor(mask))
    y.backward(torch.tensor(drawn.dy))
    wanted = reference.forward(drawn.parameters, drawn.x, mask)
    dx, gradients = reference.vjp(drawn.parameters, drawn.x, drawn.dy, mask)
    assert x.grad is not None
    assert np.array_equal(x.grad[~torch.tensor(mask)], drawn.dy[~mask])
    for r, real in enumerate(mask):
        Row(drawn, r, real).assert_is(y[r, torch.tensor(real)].detach().numpy())
        if x[r].isfinite().all():
            assert torch.equal(y[r, ~torch.tensor(real)], (x + module.W_out.bias)[r, ~torch.tensor(real)])
    # The case without padding has sums of the same sizes: its largest bounds serve for all.
    scale = {name: 2 * np.max(expectation.bounds(name), initial=0.0) for name in expectation.true}
    assert np.all(np.abs(x.grad.numpy() - dx)[mask] <= scale["dx"])
    for name, parameter in module.named_parameters():
        given = np.zeros(parameter.shape) if parameter.grad is None else parameter.grad.numpy()
        assert np.all(np.abs(given - gradients[name]) <= scale[f"grad.{name}"]), name
    assert wanted.shape == y.shape


@settings(max_examples=6)
@given(cases(max_T=12), st.data())
def test_prompts_and_steps_with_padding_anywhere(drawn, data):
    """A prompt in two parts and then steps, each with a mask of its own."""
    mask = drawn_mask(drawn, data)
    module, x, T = built(drawn), torch.tensor(drawn.x), drawn.x.shape[1]
    cache = module.init_cache(len(x), max_len=max(1, int(mask.sum(axis=1).max(initial=0))))
    cut = data.draw(st.integers(0, drawn.split))
    outputs = [
        module.prefill(x[:, part], cache, torch.tensor(mask[:, part]))[0]
        for part in (slice(0, cut), slice(cut, drawn.split))
    ]
    for t in range(drawn.split, T):
        outputs.append(module.decode_step(x[:, t], cache, attention_mask=torch.tensor(mask[:, t]))[0][:, None])
    y = torch.cat(outputs, dim=1).numpy()
    assert cache.lengths == tuple(mask.sum(axis=1))
    for r, real in enumerate(mask):
        Row(drawn, r, real).assert_is(y[r, real])
        assert np.array_equal(y[r, ~real], drawn.x[r, ~real] + drawn.parameters["W_out.bias"])


def test_long_parts_behind_rows_of_different_lengths(monkeypatch):
    """More tokens than are taken at a time, and no room to spare."""
    from sessa_ref.optimized import mixer

    monkeypatch.setattr(mixer, "_PREFILL_ROWS", 4)
    drawn = case("long parts", "", CONFIG, T=23, batch=3)
    module, x = built(drawn), torch.tensor(drawn.x)
    mask = torch.cat([left(3, 9, 0, T=9), left(14, 2, 7, T=14)], dim=1)
    cache = module.init_cache(3, max_len=17)
    y = torch.cat([module.prefill(x[:, p], cache, mask[:, p])[0] for p in (slice(0, 9), slice(9, 23))], dim=1)
    for r, real in enumerate(mask.numpy()):
        Row(drawn, r, real).assert_is(y[r, mask[r]].numpy())


def test_packing_keeps_the_order_of_tokens():
    """Real ones first, as many as a sort needs that does not keep the order of equals."""
    real = torch.rand(3, 200, generator=torch.Generator().manual_seed(0)) < 0.5
    order = Packing.of(real).order
    for row in range(3):
        wanted = real[row].nonzero().ravel().tolist() + (~real[row]).nonzero().ravel().tolist()
        assert order[row].tolist() == wanted


def test_all_real_changes_no_bit():
    drawn = case("all real", "", CONFIG, T=9)
    module, x = built(drawn), torch.tensor(drawn.x)
    mask = torch.ones(2, 9, dtype=torch.bool)
    assert torch.equal(module(x), module(x, attention_mask=mask))
    assert torch.equal(module(x), module(x, attention_mask=mask.long()))
    one, other = module.init_cache(2, max_len=9), module.init_cache(2, max_len=9)
    assert torch.equal(module.prefill(x, one)[0], module.prefill(x, other, mask)[0])
    assert one.filled == other.filled == 9


def test_left_padding_and_right_padding_agree():
    drawn = case("sides", "", CONFIG, T=9)
    module, x = built(drawn), torch.tensor(drawn.x)
    mask = left(4, 9, T=9)
    on_the_right = torch.stack([x[0].roll(4, dims=0), x[1]])
    y, z = module(x, attention_mask=mask), module(on_the_right, attention_mask=mask.flip(-1))
    assert torch.equal(y[0, 5:], z[0, :4])
    assert torch.equal(y[1], z[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_low_precision_decodes_rows_as_if_alone(dtype):
    drawn = case("low", "", CONFIG, T=12)
    module, x = built(drawn).to(dtype), torch.tensor(drawn.x, dtype=dtype)
    cache = module.init_cache(2, max_len=12)
    module.prefill(x[:, :8], cache, left(5, 8, T=8))
    y = torch.stack([module.decode_step(x[:, t], cache)[0] for t in range(8, 12)], dim=1)
    for r, first in enumerate((3, 0)):
        row = Case("row", "", drawn.parameters, drawn.x[r : r + 1, first:], drawn.dy[r : r + 1, first:], 0)
        expectation = Expectation(row, str(dtype).removeprefix("torch."))
        ratios = expectation.error_ratios("y", module_output(y[r], expectation, 8 - first))
        assert ratios.max() <= 1


def module_output(y, expectation, first):
    """The true values with the last tokens exchanged for those that were decoded."""
    whole = expectation.true["y"].astype(np.float32)
    whole[0, first:] = y.float().numpy()
    return whole


def test_a_bad_token_stays_in_its_row_and_its_future():
    """Also across parts: what the cache keeps of it is NaN."""
    drawn = case("bad", "", CONFIG, T=10)
    module, x = built(drawn), torch.tensor(drawn.x)
    x[0, 5] = torch.nan
    mask = left(7, 10, T=10)
    y = module(x, attention_mask=mask)
    assert y[0, 3:5].isfinite().all()
    assert y[0, 5:].isnan().all()
    assert y[1].isfinite().all()
    cache = module.init_cache(2, max_len=10)
    module.prefill(x[:, :4], cache, mask[:, :4])
    outputs = [module.prefill(x[:, 4:8], cache)[0], module.prefill(x[:, 8:9], cache)[0]]
    outputs.append(module.decode_step(x[:, 9], cache)[0][:, None])
    z = torch.cat(outputs, dim=1)
    assert torch.equal(z.isnan(), y[:, 4:].isnan())
    cache.crop([1, 9])  # the bad token is forgotten
    assert module.decode_step(x[:, 9], cache)[0].isfinite().all()


def test_a_bad_padding_token_changes_no_gradient():
    module = built(case("bad padding", "", CONFIG, T=6))
    mask = left(3, 6, T=6)
    gradients = []
    for value in (0.0, torch.nan):
        x = torch.ones(2, 6, 12, dtype=torch.float64).masked_fill(~mask[..., None], value).requires_grad_()
        module.zero_grad()
        module(x, attention_mask=mask)[mask].sum().backward()
        gradients.append([leaf.grad for leaf in (x, *module.parameters())])
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))


def test_torchs_transforms():
    module = built(case("transforms", "", CONFIG, T=6))
    x = torch.randn(3, 6, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mask = left(3, 6, 0, T=6)
    y = torch.vmap(lambda tokens, real: module(tokens, attention_mask=real))(x, mask)
    assert_equal_but_for_rounding(y, SessaLayer.__call__, module, x, mask)
    jacobian = torch.func.jacrev(lambda tokens: module(tokens, attention_mask=mask[0]))(x[0])
    assert not jacobian[3:, :, :3].any()
    assert torch.autograd.gradcheck(lambda tokens: module(tokens, attention_mask=mask[:1]), (x[:1].requires_grad_(),))
    numbers = torch.vmap(lambda tokens, real: module(tokens, attention_mask=real))(x, mask.int())
    assert torch.equal(numbers, y)
    with pytest.raises(ValueError, match=r"attention_mask .* got other numbers"):
        torch.vmap(lambda tokens, real: module(tokens, attention_mask=real))(x, 2 * mask.int())


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_masks_without_values(device):
    """A mask on the CPU goes with tokens on any device."""
    module = SessaLayer.from_config(CONFIG, device="meta")
    assert module(torch.ones(2, 6, 12, device="meta"), torch.ones(2, 6, dtype=torch.int64, device=device)).is_meta


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        ([[True] * 6] * 2, TypeError, "attention_mask must be a tensor of booleans, .* got list"),
        (torch.ones(2, 6), TypeError, r"got torch\.float32"),
        (torch.full((2, 6), 2), ValueError, "got other numbers"),
        (torch.ones(6, dtype=torch.bool), ValueError, r"attention_mask must have shape \(2, 6\), .* got \(6,\)"),
        (torch.ones(2, 6, dtype=torch.bool, device="meta"), ValueError, "attention_mask must be on the CPU or with x"),
    ],
)
def test_wrong_masks(mask, error, message):
    from sessa_ref.optimized.padding import real_tokens

    with pytest.raises(error, match=message):
        real_tokens(mask, torch.ones(2, 6, 12))
