"""What the model counts, against sums written out."""

from pathlib import Path

import pytest

from benchmarks import accelerator
from benchmarks.accelerator import LAUNCH, RATES, Shared, attention, row, walk
from sessa_ref.optimized.solve.block_substitution import ACCELERATOR


def areas(T: int) -> tuple[int, int]:
    """Entries of the tiles up to the diagonal, and of those on it."""
    block, tile = ACCELERATOR.rows(T), ACCELERATOR.tile
    before = sum(block * start for start in range(0, T, block))
    steps = block // tile
    return before + (T // block) * tile**2 * steps * (steps + 1) // 2, T * tile


@pytest.mark.parametrize("T", [2048, 4096, 8192])
def test_every_product_of_the_walk_is_counted(T):
    """Of width 8: logits and means; then logits again, lambda without the diagonal tiles, and three for the gradients."""
    all_tiles, diagonal = areas(T)
    forward = walk(T, 8, "tf32", backward=False)
    assert forward.operations == 2 * 8 * 2 * all_tiles
    both = walk(T, 8, "tf32", backward=True)
    assert both.operations - forward.operations == 2 * 8 * (5 * all_tiles - diagonal)


def test_narrow_products_take_their_launch_and_wide_ones_their_arithmetic():
    narrow = walk(2048, 1, "tf32", backward=False).seconds
    assert narrow["launches"] > narrow["products"]
    wide = walk(32768, 1024, "float32", backward=False).seconds
    assert wide["products"] > 0.9 * sum(wide.values())
    assert wide["launches"] >= LAUNCH
    assert sum(wide.values()) > attention(32768, 1024, "float32", backward=False)
    assert attention(100, 10, "tf32", backward=True) == 7 * 100 * 100 * 10 / RATES["tf32"]


def test_sharing_sends_what_the_others_hold():
    """q, k, s and lambda in float32, a row of 4 D numbers of 4 bytes for each token of the others."""
    assert Shared(8, 512, "tf32").received == 7 * 2**17 * 4 * 512 * 4


@pytest.mark.parametrize("T", [32768, 131072])
def test_the_readme_has_the_models_numbers(T):
    text = Path(accelerator.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert "| " + " | ".join(row(T, 1024, "tf32", backward=True)) + " |" in text
