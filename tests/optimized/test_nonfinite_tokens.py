"""Tokens that are not finite, or that overflow inside, do not reach what comes before them."""

import functools

import pytest
import torch

from sessa_ref.optimized import SessaLayer, feedback_solve, nonfinite_tokens
from sessa_ref.optimized.solve import BACKENDS
from tests.optimized.rounding import assert_equal_but_for_rounding

HUGE = 60_000.0


def mixer_and_input(backend):
    torch.manual_seed(0)
    mixer = SessaLayer(16, 2, backend=backend).half().mixer
    return mixer, torch.randn(2, 12, 16).half()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("projection", ["q_proj", "k_proj", "v_proj", "proj_fb", "out_proj", "gamma_ctx"])
def test_an_overflow_in_any_projection(projection, backend):
    mixer, u = mixer_and_input(backend)
    with torch.no_grad():  # only the token that carries coordinate 0 notices its huge weights
        u[:, :, 0] = 0
        for name in ("q_proj", "k_proj", "v_proj", "proj_fb", "gamma_ctx"):
            getattr(mixer, name).weight[:, 0] = 0
        if projection == "out_proj":
            mixer.v_proj.weight[:, 0] = HUGE / 20
            mixer.get_parameter("out_proj.weight").mul_(20)
        else:
            getattr(mixer, projection).weight[:, 0] = HUGE
        true = mixer(u)
        assert true.isfinite().all()
        u[0, 5, 0] = 10
    leaf = u.clone().requires_grad_()
    y = mixer(leaf)
    assert torch.equal(y[0, :5], true[0, :5])
    assert torch.equal(y[1], true[1])
    if projection == "gamma_ctx":  # tanh of an infinity is 1, which is right
        assert y.isfinite().all()
    else:
        assert y[0, 5:].isnan().all()
    (gradient,) = torch.autograd.grad(y[0, :5].float().sum() + y[1].float().sum(), leaf)
    assert gradient[..., 1:].isfinite().all()  # that of coordinate 0 has the factor HUGE
    assert (gradient[0, 5:] == 0).all()


@pytest.mark.parametrize("first", [0, 3])
def test_an_overflow_in_a_part_of_a_prompt(first):
    mixer, u = mixer_and_input("blocked")
    true = mixer(u)
    u[:, 5] = HUGE * u[:, 5].sign()
    cache = mixer.init_cache(2, max_len=12)
    parts = [mixer.prefill(part, cache) for part in ([u[:, :first], u[:, first:]] if first else [u])]
    s = torch.cat(parts, dim=1)
    # In float16, as the halves: what the same mixer in float32 shows that they lose, of the largest state.
    exact = mixer.float()(u.float())[:, :5]
    lost = (true[:, :5] - exact).abs().max()
    assert torch.all((s[:, :5] - exact).abs() <= 4 * lost)
    assert s[:, 5:].isnan().all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("argument", range(4))
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_the_solve_isolates_each_of_its_inputs(bad, argument, backend):
    generator = torch.Generator().manual_seed(0)
    q, k, f = (torch.randn(2, 20, 4, generator=generator, dtype=torch.float64) for _ in range(3))
    tensors = [q, k, torch.rand(2, 20, generator=generator, dtype=torch.float64) / 2, f]
    wanted = functools.partial(feedback_solve, backend=backend)
    first_row, second_row = ([z[row : row + 1, :length] for z in tensors] for row, length in ((0, 10), (1, 20)))
    tensors[argument] = tensors[argument].clone()
    tensors[argument][0, 10] = bad
    tensors = [z.requires_grad_() for z in tensors]
    s = feedback_solve(*tensors, backend=backend)
    assert_equal_but_for_rounding(s[:1, :10], wanted, *first_row)
    assert_equal_but_for_rounding(s[1:], wanted, *second_row)
    assert s[0, 10:].isnan().all()
    gradients = torch.autograd.grad(s[0, :10].sum(), tensors)
    assert all(g.isfinite().all() for g in gradients)


def test_what_is_made_finite_is_zero_in_every_mode():
    z = torch.tensor([torch.nan, torch.inf, -torch.inf, 1.5])
    assert nonfinite_tokens.finite(z).tolist() == [0, 0, 0, 1.5]
    with torch.autograd.forward_ad.dual_level():
        assert nonfinite_tokens.finite(z).tolist() == [0, 0, 0, 1.5]
