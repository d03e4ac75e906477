"""A cache as a file: what was written is read, bit for bit, and what is no cache is refused."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from sessa_ref.optimized.cache_file import AXES, read, write


def parts_for(lengths, dtype=torch.float32, seed=0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    longest = max(lengths, default=0)
    return {
        name: torch.randn(len(lengths), longest, *range(2, axes), generator=generator).to(dtype)
        for name, axes in AXES.items()
    }


@given(
    st.lists(st.integers(0, 5), max_size=4), st.integers(0, 3), st.integers(0, 2**32),
    st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
)  # fmt: skip
def test_what_was_written_is_read(tmp_path_factory, lengths, room, seed, dtype):
    path = tmp_path_factory.mktemp("caches") / "cache"
    parts, capacity = parts_for(lengths, dtype, seed), max(lengths, default=0) + room
    write(path, parts, lengths, capacity)
    read_parts, read_lengths, read_capacity = read(path, "cpu")
    assert (read_lengths, read_capacity) == (lengths, capacity)
    assert list(read_parts) == list(AXES)
    assert all(torch.equal(read_parts[name], parts[name]) and read_parts[name].dtype == dtype for name in AXES)
    assert {part.device.type for part in read(path, "meta")[0].values()} == {"meta"}


def rewritten(path: Path, about: object = None, **changes) -> None:
    """The cache of two rows, of 3 tokens and 1, with something else in the file."""
    parts = {name: part for name, part in {**parts_for([3, 1]), **changes}.items() if part is not None}
    text = {"lengths": [3, 1], "max_len": 4} if about is None else about
    save_file(parts, path, metadata={"sessa_cache": text if isinstance(text, str) else json.dumps(text)})


@pytest.mark.parametrize(
    "about",
    [
        {"lengths": [3, 2], "max_len": 2}, {"lengths": [2, 1], "max_len": 4}, {"lengths": [3], "max_len": 4},
        {"lengths": [3, -1], "max_len": 4}, {"lengths": [3, 1.0], "max_len": 4}, {"lengths": [3, True], "max_len": 4},
        {"lengths": [3, 1], "max_len": "4"}, {"lengths": [3, 1]}, {"max_len": 4}, {"lengths": 3, "max_len": 4}, {}, [], 3,
        "no json", "[" * 10**5, '{"lengths": [3, 1], "max_len": NaN}', "",
    ],
    ids=lambda about: str(about)[:40],
)  # fmt: skip
def test_numbers_that_do_not_fit(tmp_path, about):
    rewritten(tmp_path / "cache", about)
    with pytest.raises(ValueError, match=r"cache holds no cache: sessa_cache is ") as raised:
        read(tmp_path / "cache", "cpu")
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize(
    "changes",
    [
        {"s": torch.zeros(2, 3)}, {"s": torch.zeros(2, 3, 2, 1)}, {"s": torch.zeros(2, 4, 2)}, {"s": torch.zeros(3, 3, 2)},
        {"k_f": torch.zeros(2, 3, 2, 3, dtype=torch.float64)},
    ],
    ids=["fewer axes", "more axes", "longer", "more rows", "another dtype"],
)  # fmt: skip
def test_tensors_that_do_not_fit(tmp_path, changes):
    rewritten(tmp_path / "cache", **changes)
    with pytest.raises(ValueError, match=r"cache holds no cache: sessa_cache is .*but the tensors are") as raised:
        read(tmp_path / "cache", "cpu")
    assert "'v_f': '(2, 3, 2, 3) torch.float32'" in str(raised.value)


def test_a_cache_of_no_rows_needs_its_numbers_too(tmp_path):
    write(tmp_path / "cache", parts_for([]), [], 1)
    assert read(tmp_path / "cache", "cpu")[1:] == ([], 1)
    save_file(parts_for([]), tmp_path / "cache", metadata={"sessa_cache": "no json"})
    with pytest.raises(ValueError, match="cache holds no cache: sessa_cache is 'no json'"):
        read(tmp_path / "cache", "cpu")


@pytest.mark.parametrize("changes", [{"s": None}, {"more": torch.zeros(1)}], ids=["fewer", "more"])
def test_other_tensors(tmp_path, changes):
    rewritten(tmp_path / "cache", **changes)
    with pytest.raises(
        ValueError, match=r"cache holds no cache: Cache.save writes \['k_b', 'k_f', 's', 'v_f'\] and sessa_cache"
    ):
        read(tmp_path / "cache", "cpu")


def test_whole_numbers_are_no_cache(tmp_path):
    rewritten(tmp_path / "cache", **{name: part.int() for name, part in parts_for([3, 1]).items()})
    with pytest.raises(TypeError, match=r"cache must be float16, bfloat16, float32 or float64, got torch\.int32"):
        read(tmp_path / "cache", "cpu")


def test_what_is_no_safetensors_file(tmp_path):
    write(tmp_path / "whole", parts_for([3, 1]), [3, 1], 4)
    whole = (tmp_path / "whole").read_bytes()
    for name, content in (
        ("empty", b""),
        ("cut", whole[:-1]),
        ("header", whole[:20]),
        ("pickle", pickle.dumps({"t": 0})),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"^{tmp_path / name} is not a whole safetensors file: "):
            read(tmp_path / name, "cpu")
    for name in ("nothing", "."):
        with pytest.raises(FileNotFoundError, match=r"^there is no file "):
            read(tmp_path / name, "cpu")
    save_file(load_file(tmp_path / "whole"), tmp_path / "bare")
    with pytest.raises(ValueError, match=r"bare holds no cache: Cache\.save writes"):
        read(tmp_path / "bare", "cpu")
    with pytest.raises(OSError, match="No such file or directory"):
        write(tmp_path / "missing" / "cache", parts_for([1]), [1], 1)
