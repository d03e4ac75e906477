import numpy as np
import pytest
import torch

from experiments.mixers.heads import split_heads
from sessa_ref.config import SessaConfig

T, HEADS, N = 5, 2, 4


@pytest.mark.parametrize("rope", [True, False])
def test_heads_are_slices_with_queries_and_keys_rotated(rope):
    rows = np.random.default_rng(0).normal(size=(3, T, 3 * HEADS * N))
    config = SessaConfig(width=HEADS * N, heads=HEADS, query_width=N, rope=rope)
    found = [z.numpy() for z in split_heads(torch.from_numpy(rows), config)]
    angles = np.arange(T)[:, None] * 10000.0 ** (-2 * np.arange(N // 2) / N)
    for which, heads in enumerate(found):
        for head in range(HEADS):
            begin = (which * HEADS + head) * N
            wanted = rows[..., begin : begin + N]
            if which == 2 or not rope:
                assert np.array_equal(heads[:, head], wanted)
                continue
            pairs = (wanted[..., 0::2] + 1j * wanted[..., 1::2]) * np.exp(1j * angles)
            wanted = np.stack([pairs.real, pairs.imag], axis=-1).reshape(wanted.shape)
            # Some ten roundings of products and of cosines, whose angles are at most T.
            assert np.abs(heads[:, head] - wanted).max() <= (10 + T) * 2.0**-53 * np.abs(rows).max() * 2
            assert heads.shape == (3, HEADS, T, N)
