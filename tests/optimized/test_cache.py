"""Caches: what is done to their rows, their files, and what is refused before anything changes."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import Cache, SessaLayer
from sessa_ref.optimized.arguments import whole_number
from sessa_ref.optimized.cache import compact, first_of, plus
from tests.optimized.rounding import assert_equal_but_for_rounding

X = torch.randn(3, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
MASK = torch.tensor([[False] * 2 + [True] * 4, [True] * 6, [False] * 5 + [True]])


def layer(**arguments) -> SessaLayer:
    torch.manual_seed(0)
    return SessaLayer(**{"D": 12, "n_heads": 6, "n_kv_heads": 2, "dtype": torch.float64, **arguments})


def filled(module: SessaLayer, masked: bool = True, capacity: int = 12) -> Cache:
    """After a prompt of 6 tokens: rows of 4, 6 and 1 tokens, or of 6 each."""
    cache = module.init_cache(3, max_len=capacity)
    return module.prefill(X[:, :6], cache, MASK if masked else None)[1]


def tokens(masked: bool = True) -> list[torch.Tensor]:
    return [x[real] if masked else x for x, real in zip(X[:, :6], MASK, strict=True)]


def assert_goes_on(module: SessaLayer, cache: Cache, past: list[torch.Tensor]) -> None:
    """The next three tokens come out as if each row were computed from scratch."""
    assert cache.lengths == tuple(len(row) for row in past)
    new = torch.randn(len(past), 3, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    y = torch.stack([module.decode_step(new[:, i], cache)[0] for i in range(3)], dim=1)
    for row, tail, outputs in zip(past, new, y, strict=True):
        assert_goes_like(outputs, module, torch.cat([row, tail]))


def assert_goes_like(outputs: torch.Tensor, module: SessaLayer, x: torch.Tensor) -> None:
    """The outputs are those of the last tokens of x."""
    assert_equal_but_for_rounding(outputs, lambda module, x: module(x)[-len(outputs) :], module, x)


def snapshot(cache) -> dict:
    entries = vars(cache) if isinstance(cache, Cache) else cache
    return {n: e.clone() if isinstance(e, torch.Tensor) else e for n, e in entries.items()}


def assert_unchanged(cache, before: dict) -> None:
    for name, entry in snapshot(cache).items():
        same = torch.equal(entry, before[name]) if isinstance(entry, torch.Tensor) else entry == before[name]
        assert same, name


@pytest.mark.parametrize("masked", [True, False])
class TestRows:
    def test_select(self, masked):
        module, past = layer(), tokens(masked)
        cache = filled(module, masked)
        before = snapshot(cache)
        for rows in ([2], [1, 1, 0, 2], torch.tensor([2, 0]), np.array([1]), range(3)):
            chosen = cache.select(rows)
            assert_goes_on(module, chosen, [past[int(row)] for row in rows])
        assert_unchanged(cache, before)
        assert cache.select([]).lengths == ()

    def test_reorder(self, masked):
        module, past = layer(), tokens(masked)
        cache = filled(module, masked)
        cache.reorder(torch.tensor([1, 1, 2]))
        assert_goes_on(module, cache, [past[1], past[1], past[2]])
        with pytest.raises(ValueError, match="rows must hold 3 indices, one for each row, got 2"):
            cache.reorder([0, 1])

    def test_crop(self, masked):
        module, past = layer(), tokens(masked)
        cache = filled(module, masked)
        cache.crop([3, 2, 1])
        assert_goes_on(module, cache.clone(), [past[0][:3], past[1][:2], past[2][:1]])
        cache.crop(1)
        assert cache.t == 1
        assert_goes_on(module, cache, [row[:1] for row in past])
        cache.crop(0)
        assert_goes_on(module, cache, [row[:0] for row in past])

    def test_grow_and_clone(self, masked):
        module, past = layer(), tokens(masked)
        cache = filled(module, masked, capacity=6)
        copy = cache.clone()
        with pytest.raises(ValueError, match="cache overflow"):
            module.prefill(X[:, 6:9], cache)
        cache.grow(9)
        assert_goes_on(module, cache, past)
        copy.grow(9)
        assert_goes_on(module, copy, past)
        assert cache.clone(dtype=torch.float32).s.dtype == torch.float32

    def test_concatenate(self, masked):
        module, past = layer(), tokens(masked)
        cache = filled(module, masked)
        other = module.prefill(X[:1, :2], module.init_cache(1, max_len=20))[1]
        together = Cache.concatenate([cache, other, cache.select([2])])
        assert together.capacity == 20
        assert_goes_on(module, together, [*past, X[0, :2], past[2]])

    def test_files(self, masked, tmp_path):
        module, past = layer(), tokens(masked)
        cache = filled(module, masked)
        cache.save(tmp_path / "cache.safetensors")
        loaded = Cache.load(tmp_path / "cache.safetensors")
        assert loaded.capacity == 12
        assert_goes_on(module, loaded, past)

    def test_a_row_that_has_ended(self, masked):
        module, past = layer(), tokens(masked)
        cache = filled(module, masked, capacity=10)
        x_t = X[:, 6].clone()
        x_t[1] = torch.nan  # nobody looks at it
        y, _ = module.decode_step(x_t, cache, attention_mask=torch.tensor([True, False, True]))
        for r in (0, 2):
            assert_goes_like(y[r : r + 1], module, torch.cat([past[r], X[r, 6:7]]))
        module.decode_step(x_t[:, None], cache, attention_mask=torch.zeros(3, 1, dtype=torch.long))
        assert_goes_on(module, cache, [torch.cat([past[0], X[0, 6:7]]), past[1], torch.cat([past[2], X[2, 6:7]])])


def test_numbers_of_tokens():
    assert plus(2, 3) == 5
    assert plus(2, (1, 3)) == plus((1, 3), 2) == (3, 5)
    assert plus((3, 5), (1, 3), -1) == 2
    assert (compact([]), compact([4, 4]), compact([4, 5])) == (0, 4, (4, 5))
    assert (first_of(5, 3), first_of((1, 5), 3), first_of((4, 5), 3)) == (3, (1, 3), 3)
    with pytest.raises(ValueError, match=r"longer|shorter"):
        plus((1, 2), (1, 2, 3))


def test_lengths_and_t():
    module = layer()
    assert filled(module, masked=False).t == 6
    assert filled(module, masked=False).lengths == (6, 6, 6)
    cache = filled(module)
    assert cache.lengths == (4, 6, 1)
    with pytest.raises(ValueError, match=r"the rows hold different numbers of tokens, \(4, 6, 1\): read lengths"):
        _ = cache.t
    cache.crop(1)
    assert cache.t == 1


def test_what_was_forgotten_does_not_come_back():
    """Not in a file, nor as NaN in the sums of rows that are shorter than others."""
    module = layer()
    cache = filled(module, masked=False)
    cache.s[:, 3:] = torch.nan  # what a failed call may have left
    cache.v_f[:, 3:] = torch.nan
    cache.crop(3)
    copy = cache.select([0, 1, 2])
    assert not copy.s[:, 3:].any()
    cache.crop([1, 3, 2])
    assert_goes_on(module, cache, [X[0, :1], X[1, :3], X[2, :2]])
    copy.v_f[:, 3:] = torch.nan
    module.decode_step(X[:, 3], copy, attention_mask=torch.tensor([True, False, True]))
    assert_goes_on(module, copy, [X[0, :4], X[1, :3], X[2, :4]])


class TestFiles:
    def write(self, path, **changes):
        cache = filled(layer())
        cache.save(path)
        tensors = {**load_file(path), **changes.pop("tensors", {})}
        about = {"lengths": [4, 6, 1], "max_len": 12, **changes}
        save_file(tensors, path, metadata={"sessa_cache": json.dumps(about)})

    def test_bfloat16_and_an_empty_cache(self, tmp_path):
        cache = filled(layer()).clone(dtype=torch.bfloat16)
        for name, stored in (("full", cache), ("empty", layer().init_cache(2, max_len=3)), ("none", cache.select([]))):
            stored.save(tmp_path / name)
            loaded = Cache.load(tmp_path / name)
            assert (loaded.lengths, loaded.capacity) == (stored.lengths, stored.capacity)
            assert_unchanged(loaded, snapshot(stored))

    def test_the_file_holds_the_tokens_alone(self, tmp_path):
        cache = filled(layer(), masked=False)
        cache.crop(2)
        cache.save(tmp_path / "cache")
        assert load_file(tmp_path / "cache")["s"].shape == (3, 2, 12)

    @pytest.mark.parametrize("share", [0, 4, 100, -1])
    def test_cut_short(self, tmp_path, share):
        self.write(tmp_path / "cache")
        data = (tmp_path / "cache").read_bytes()
        (tmp_path / "cache").write_bytes(data[:share])
        with pytest.raises(ValueError, match="cache is not a whole safetensors file"):
            Cache.load(tmp_path / "cache")

    @pytest.mark.parametrize(
        "changes",
        [
            {"lengths": [4, 6]},
            {"lengths": [4, 7, 1]},
            {"lengths": [4, 6, -1]},
            {"lengths": [4, 6, True]},
            {"lengths": 6},
            {"max_len": 5},
            {"max_len": None},
            {"tensors": {"s": torch.zeros(3, 6, 12)}},
            {"tensors": {"k_b": torch.zeros(3, 5, 12, dtype=torch.float64)}},
            {"tensors": {"k_f": torch.zeros(3, 6, 4, dtype=torch.float64)}},
        ],
    )
    def test_numbers_that_do_not_fit(self, tmp_path, changes):
        self.write(tmp_path / "cache", **changes)
        with pytest.raises(ValueError, match="cache holds no cache: sessa_cache is"):
            Cache.load(tmp_path / "cache")

    @pytest.mark.parametrize("max_len", [10**15, 10**30])
    def test_more_places_than_there_is_memory_for(self, tmp_path, max_len):
        self.write(tmp_path / "cache", max_len=max_len)
        with pytest.raises(ValueError, match=f"cache asks for {max_len} places in a row"):
            Cache.load(tmp_path / "cache")

    def test_what_stands_beyond_a_row_is_not_taken(self, tmp_path):
        """Where weights are zero, a NaN from a file that we did not write would not be."""
        module = layer()
        filled(module).save(tmp_path / "cache")
        parts = load_file(tmp_path / "cache")
        for part in parts.values():
            part[0, 4:], part[2, 1:] = torch.nan, torch.inf
        self.write(tmp_path / "cache", tensors=parts)
        assert_goes_on(module, Cache.load(tmp_path / "cache"), tokens())

    def test_places_that_cannot_be_written_or_are_no_files(self, tmp_path):
        """A link stays one: what it names is written."""
        cache = filled(layer())
        for path in (tmp_path, tmp_path / "missing" / "cache"):
            with pytest.raises(OSError, match=r"No such file|Is a directory|Permission denied"):
                cache.save(path)
        (tmp_path / "real").write_bytes(b"")
        try:
            (tmp_path / "link").symlink_to(tmp_path / "real")
        except OSError:
            pytest.skip("no links here")
        cache.save(tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert Cache.load(tmp_path / "real").lengths == cache.lengths
        with pytest.raises(RuntimeError, match="nowhere"):
            Cache.load(tmp_path / "real", device="nowhere")

    def test_other_files(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            Cache.load(tmp_path / "nothing")
        save_file({"s": torch.zeros(1)}, tmp_path / "other")
        with pytest.raises(ValueError, match="other holds no cache"):
            Cache.load(tmp_path / "other")
        torch.save({"t": 0}, tmp_path / "pickle")
        with pytest.raises(ValueError, match="pickle is not a whole safetensors file"):
            Cache.load(tmp_path / "pickle")


def test_lengths_as_arrays():
    for lengths in (torch.tensor([1, 2, 0]), (1, 2, 0)):
        cache = filled(layer())
        cache.crop(lengths)
        assert cache.lengths == (1, 2, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.select([3]), "rows must be indices from 0 to 2"),
        (lambda c: c.select([-1]), "rows must be at least 0, got -1"),
        (lambda c: c.select(1), "rows must be indices of rows, got 1|Type-check"),
        (lambda c: c.select(None), "rows must be indices of rows, got None|Type-check"),
        (lambda c: c.select([True]), "rows must be a whole number, got True"),
        (lambda c: c.crop([1, 2]), "lengths must be a number, or 3, one for each row, got 2"),
        (lambda c: c.crop([5, 6, 1]), r"lengths must not be more than the rows have, \(4, 6, 1\), got \(5, 6, 1\)"),
        (lambda c: c.crop(2), r"got \(2, 2, 2\)"),
        (lambda c: c.grow(5), "max_len must be at least the capacity 12, got 5"),
        (lambda c: c.clone(dtype=torch.int64), "dtype must be float16"),
        (lambda c: Cache.concatenate([]), "caches must be one or more caches of one layer"),
        (lambda c: Cache.concatenate([c, c.clone(dtype=torch.float32)]), "in one dtype and on one device"),
        (lambda c: Cache.concatenate([c, layer(D=6, n_heads=1, n_kv_heads=1).init_cache(1, max_len=3)]), "one layer"),
        (lambda c: Cache.concatenate([c], max_len=5), "max_len must be at least 6"),
    ],
)
def test_wrong_arguments_of_operations(call, message):
    cache = filled(layer())
    before = snapshot(cache)
    with pytest.raises((TypeError, ValueError), match=message):
        call(cache)
    assert_unchanged(cache, before)


WRONG_CALLS = {
    "fewer rows": (lambda m, c: m.decode_step(X[:1, 6], c), "x must have as many rows as the cache, 3"),
    "one row for a part": (lambda m, c: m.prefill(X[:1, 6:8], c), "as many rows as the cache"),
    "more rows": (lambda m, c: m.prefill(X[[0, 1, 2, 0], 6:8], c), "as many rows as the cache"),
    "whole numbers": (lambda m, c: m.decode_step(X[:, 6].long(), c), "x must be float16|Type-check"),
    "complex numbers": (lambda m, c: m.decode_step(X[:, 6] + 0j, c), "x must be float16|Type-check"),
    "another dtype": (lambda m, c: m.decode_step(X[:, 6].float(), c), "x must have the dtype of the parameters"),
    "another layer's dtype": (lambda m, c: layer(dtype=torch.float32).prefill(X[:, 6:8].float(), c), "of the cache"),
    "another device": (lambda m, c: m.to("meta").prefill(X[:, 6:8].to("meta"), c), "x must be on the device of the"),
    "another config": (
        lambda m, c: layer(n_kv_heads=3).decode_step(X[:, 6], c),
        r"k_f of cache must have shape \(3, 12, 3, 2\) for this layer, got \(3, 12, 2, 2\)",
    ),
    "too many tokens": (lambda m, c: m.prefill(X[:, :7], c), "cache overflow"),
    "too many tokens in a row": (
        lambda m, c: m.prefill(X[:, :7], c, torch.arange(7) < torch.tensor([1, 7, 2])[:, None]),
        r"so \(1, 7, 2\) more do not fit",
    ),
    "a mask of other shape": (lambda m, c: m.prefill(X[:, :2], c, MASK), "attention_mask must have shape"),
    "a mask for a step": (lambda m, c: m.decode_step(X[:, 0], c, attention_mask=MASK), "attention_mask must have"),
    "a cache for one row, expanded": (
        lambda m, c: m.decode_step(
            X[:, 6], Cache(*(p[:1].expand_as(p) for p in c.parts()), filled=6), attention_mask=MASK[:, 0]
        ),
        "k_f of cache must have memory of its own for every row, got an expanded tensor",
    ),
    "one tensor for two parts": (
        lambda m, c: m.decode_step(X[:, 6], Cache(c.k_f, c.k_f, c.k_b, c.s)),
        "k_f and v_f, and k_b and s, of cache must be different tensors",
    ),
    "too few lengths": (
        lambda m, c: m.decode_step(X[:, 6], Cache(*c.parts(), filled=(4, 6))),
        r"filled of cache must have one number for each of 3 rows, got \(4, 6\)",
    ),
    "a negative length": (
        lambda m, c: m.decode_step(X[:, 6], Cache(*c.parts(), filled=(4, -1, 6))),
        r"filled of cache must hold whole numbers of at least 0, got \(4, -1, 6\)",
    ),
    "a truth value as length": (
        lambda m, c: m.decode_step(X[:, 6], Cache(*c.parts(), filled=(4, True, 6))),
        r"filled of cache must hold whole numbers of at least 0, got \(4, True, 6\)",
    ),
    "mixer: fewer rows": (lambda m, c: m.mixer.decode_step(X[:1, 6], c), "as many rows as the cache"),
    "mixer: wrong width": (lambda m, c: m.mixer.prefill(X[:, 6:8, :5], c), "u must have shape"),
}


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_calls_change_nothing(call, masked):
    module = layer()
    cache = filled(module, masked)
    before = snapshot(cache)
    function, message = WRONG_CALLS[call]
    with pytest.raises((TypeError, ValueError), match=message):
        function(module, cache)
    assert_unchanged(cache, before)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("part", ["mixer.proj_fb", "mixer.out_proj", "W_out", "second rows"])
def test_failures_from_inside_change_nothing(monkeypatch, part, masked):
    """As out of memory: the tokens that went before are there, and the next call is right."""
    from sessa_ref.optimized import mixer

    module, past = layer(), tokens(masked)
    cache = filled(module, masked)
    calls = []

    def fail(*_):
        calls.append(1)
        if part != "second rows" or len(calls) > 1:
            raise RuntimeError("out of memory")

    monkeypatch.setattr(mixer, "_PREFILL_ROWS", 2)
    handle = module.get_submodule("mixer.out_proj" if part == "second rows" else part).register_forward_hook(fail)
    bad = X[:, 6:9].clone()
    bad[:, 0] = torch.nan
    for call in (lambda: module.prefill(bad, cache), lambda: module.prefill(bad, cache)):
        with pytest.raises(RuntimeError, match="out of memory"):
            call()
    handle.remove()
    assert_goes_on(module, cache, past)


class TestPublishedDict:
    def of(self, cache: Cache, **changes) -> dict:
        return {"t": cache.t, "k_f": cache.k_f, "v_f": cache.v_f, "k_b": cache.k_b, "s": cache.s, **changes}

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"t": 13}, "t of cache must be at most its capacity 12, got 13"),
            ({"t": -1}, "t of cache must be at least 0"),
            ({"t": 2.0}, "t of cache must be a whole number"),
            ({"t": None}, "t of cache must be a whole number"),
            ({"s": [1.0]}, r"entries of cache must be tensors, got {'s': 'list'}"),
            ({"s": torch.zeros(3, 12)}, r"4 axes and k_b and s 3, got {'s': \(3, 12\)}"),
            ({"k_b": torch.zeros(3, 12, 12)}, "k_b of cache is torch.float32 on cpu, s is torch.float64"),
            ({"v_f": torch.zeros(3, 12, 2, 2, dtype=torch.float64, requires_grad=True)}, "v_f .* require gradients"),
        ],
    )
    def test_malformed(self, changes, message):
        module = layer()
        cache = self.of(filled(module, masked=False), **changes)
        before = snapshot(cache)
        with pytest.raises((TypeError, ValueError), match=message):
            module.decode_step(X[:, 6], cache)
        assert_unchanged(cache, before)

    def test_entries_of_different_sizes(self):
        module, other = layer(), torch.zeros(3, 11, 12, dtype=torch.float64)
        cache = filled(module)
        cache.k_b = other  # the tests' type checker would refuse it on the way through a dict
        with pytest.raises(ValueError, match=r"k_b of cache must have shape \(3, 12, 12\) .*, got \(3, 11, 12\)"):
            module.decode_step(X[:, 6], cache)

    def test_rows_must_stay_equal(self):
        module = layer()
        cache = self.of(filled(module, masked=False))
        before = snapshot(cache)
        for call in (
            lambda: module.prefill(X[:, :6], cache, MASK),
            lambda: module.decode_step(X[:, 6], cache, attention_mask=torch.tensor([True, False, True])),
        ):
            with pytest.raises(ValueError, match="a dict as cache has one number of tokens for all rows"):
                call()
            assert_unchanged(cache, before)
        module.prefill(X[:, 6:8], cache, torch.tensor([[True, False]] * 3))
        assert cache["t"] == 7


def test_no_tokens_and_no_rows():
    module = layer()
    cache = filled(module)
    before = snapshot(cache)
    assert module.prefill(X[:, :0], cache)[0].shape == (3, 0, 12)
    y, _ = module.prefill(X[:, :2], cache, torch.zeros(3, 2, dtype=torch.bool))
    assert torch.equal(y, X[:, :2] + module.W_out.bias)
    assert_unchanged(cache, before)
    nobody = module.init_cache(0, max_len=3)
    assert module.decode_step(X[:0, 0], nobody)[0].shape == (0, 12)


def test_inference_mode():
    """A cache that was made in it goes on outside of it, and the other way round."""
    module = layer()
    with torch.inference_mode():
        cache = filled(module)
        chosen = cache.select([1, 0, 2])
        chosen.reorder([1, 0, 2])
    assert_goes_on(module, cache, tokens())
    with torch.inference_mode():
        module.decode_step(X[:, 6], cache)
    assert_goes_on(module, chosen, tokens())


def test_init_cache_takes_whole_numbers():
    module = layer()
    assert module.init_cache(2, max_len=3, dtype=torch.bfloat16).s.dtype == torch.bfloat16
    for arguments, message in (
        ({"max_len": -1}, "max_len must be at least 1"),
        ({"batch_size": -1, "max_len": 3}, "batch_size must be at least 0"),
        ({"max_len": 3, "dtype": torch.int32}, "dtype must be float16"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            module.init_cache(**{"batch_size": 2, **arguments})  # type: ignore[arg-type]
    assert whole_number("n", np.int64(3)) == whole_number("n", torch.tensor(3)) == 3
    for wrong in (2.5, "3", None, True, torch.tensor(2.0)):
        with pytest.raises(TypeError, match="n must be a whole number"):
            whole_number("n", wrong)


def test_autocast_fills_caches_of_any_dtype():
    """As precise as the layer under autocast without a cache: within a few times what that loses."""
    module = SessaLayer(12, 6, 2)
    x = X.float()
    row = torch.cat([x[0, 2:6], x[0, 6:7]])
    wanted = module(row)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lost = (module(row) - wanted).abs().max()
    for dtype in (torch.float32, torch.bfloat16):
        cache = module.init_cache(3, max_len=12, dtype=dtype)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            module.prefill(x[:, :6], cache, MASK)
            y, _ = module.decode_step(x[:, 6], cache)
        assert (y[0] - wanted[-1]).abs().max() <= 4 * lost


def test_a_published_layer_of_one_head():
    module = layer(D=4, n_heads=1, n_kv_heads=1)
    x = X[..., :4]
    cache = module.init_cache(3, max_len=7)
    module.prefill(x[:, :6], cache, MASK)
    y, _ = module.decode_step(x[:, 6], cache)
    assert_goes_like(y[2:], module, x[2, 5:7])


def test_other_widths():
    config = SessaConfig(width=12, heads=3, query_width=6, feedback_width=10, norm="identity", projection_bias=False)
    module = SessaLayer.from_config(config, dtype=torch.float64)
    cache = module.init_cache(3, max_len=12)
    module.prefill(X[:, :6], cache, MASK)
    assert_goes_on(module, cache, tokens())
