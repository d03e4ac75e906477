"""Angles are the reference's, whatever the layer's dtype; pairs are turned by them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.optimized.rotary import angles, frequencies, rotate, table, table_at
from sessa_ref.parameters import SessaParameters

CONFIG = SessaConfig.published(24, 3)
CPU = torch.device("cpu")


def reference_angles(config: SessaConfig, T: int) -> np.ndarray:
    theta = reference.trace(SessaParameters.random(config), np.zeros((1, T, config.width))).theta
    assert theta is not None
    return theta


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("base", [10000.0, 100.0])
def test_angles_are_the_references(dtype, base):
    """Within a unit of a power and of a product; positions up to 399, beyond what bfloat16 can count."""
    config = replace(CONFIG, rope_base=base)
    ours = angles(config, torch.arange(400), dtype)
    assert ours.dtype == torch.float64
    wanted = reference_angles(config, 400)
    assert np.all(np.abs(ours.numpy() - wanted) <= 4 * 2.0**-53 * wanted)


def test_published_angles_are_rounded():
    """float32 frequencies; products in float64 for a float64 layer, and in float32 for others."""
    config = replace(CONFIG, rotary_dtype="float32")
    positions, wanted = torch.arange(400), reference_angles(config, 400)
    own = frequencies(config, torch.float32, CPU).double().numpy()
    assert np.all(np.abs(own - wanted[1]) <= 2 * 2.0**-24 * wanted[1])  # powers are no exact science in float32
    double, single = angles(config, positions, torch.float64), angles(config, positions, torch.bfloat16)
    assert np.array_equal(double.numpy(), np.arange(400.0)[:, None] * own)
    assert single.dtype == torch.float32
    assert np.array_equal(single.numpy(), (np.arange(400.0)[:, None] * own).astype(np.float32))


@given(st.integers(0, 10**6), st.integers(0, 5))
def test_tables_of_runs_and_of_any_positions(first, T):
    run = table(CONFIG, first, T, torch.float32, CPU)
    single = table_at(CONFIG, torch.arange(first, first + T).expand(2, T), torch.float32)
    assert run.cis is not None
    assert single.cis is not None
    for one, other in ((run.cos, single.cos), (run.sin, single.sin), (run.cis, single.cis)):
        assert torch.equal(one.expand(2, T, 1, 4), other)
    assert run.cos.dtype == torch.float32
    assert torch.equal(run.cis.real, run.cos)
    assert torch.equal(run.cis.imag, run.sin)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("compiled", [False, True])
def test_pairs_turn(dtype, compiled):
    """As complex numbers, within two roundings in the working precision and one of the dtype, with tables as in a graph too."""
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(2, 7, 3, 8, generator=generator, dtype=torch.float64).to(dtype)
    turn = table(CONFIG, 5, 7, dtype, CPU)
    turned = rotate(z, turn._replace(cis=None) if compiled else turn)
    assert turned.dtype == dtype
    theta = angles(CONFIG, torch.arange(5, 12), torch.float64)[:, None]
    wanted = torch.view_as_real(
        torch.view_as_complex(z.double().unflatten(-1, (-1, 2))) * torch.polar(torch.ones_like(theta), theta)
    )
    working = torch.finfo(torch.promote_types(dtype, torch.float32)).eps
    size = z.double().unflatten(-1, (-1, 2)).norm(dim=-1, keepdim=True).expand(wanted.shape).flatten(-2)
    assert torch.all((turned.double() - wanted.flatten(-2)).abs() <= (2 * working + torch.finfo(dtype).eps) * size)


def test_logits_depend_on_distances():
    """Turning queries and keys by 1000 more tokens moves no logit, to the rounding of angles of 1000 radians."""
    z = torch.randn(1, 4, 3, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def logits(first):
        turned = rotate(z, table(CONFIG, first, 4, torch.float64, CPU)).transpose(1, 2)
        return turned @ turned.mT

    assert torch.allclose(logits(1000), logits(0), rtol=0, atol=8 * 1000 * 2.0**-53 * float((z * z).sum(-1).max()))
    assert not torch.allclose(
        rotate(z, table(CONFIG, 1000, 4, torch.float64, CPU)),
        rotate(z, table(CONFIG, 0, 4, torch.float64, CPU)),
        atol=0.1,
    )
