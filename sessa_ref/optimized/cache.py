"""The decoding cache: rotated keys, values, feedback keys and states of the tokens so far."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import cache_file
from sessa_ref.optimized.arguments import require_floating_dtype, whole_number

Count = int | tuple[int, ...]
"""Numbers of tokens: a single one where it is the same for all rows (the fast path), or one for each row."""

Result = TypeVar("Result")
SomeCache = TypeVar("SomeCache", "Cache", dict[str, Any])

PARTS = ("k_f", "v_f", "k_b", "s")
"""The tensors of a cache, named as the published layer names them."""


@dataclass(eq=False)
class Cache:
    """Tensors with room for `capacity` tokens on axis 1; every row's tokens stand at the first places.

    The tensors are the entries of the published layer's cache, a dict, which is accepted in place of this class.
    `select`, `concatenate` and `clone` give new caches with memory of their own; `reorder`, `crop` and `grow` change
    this one.
    """

    k_f: Float[Tensor, "batch capacity G d_k"]
    v_f: Float[Tensor, "batch capacity G d_v"]
    k_b: Float[Tensor, "batch capacity d_b"]
    s: Float[Tensor, "batch capacity D"]
    filled: Count = 0
    """Tokens in every row. Where rows differ, all beyond a row's tokens is zero, since weights of zero meet it."""

    @classmethod
    def empty(
        cls, config: SessaConfig, batch: int, capacity: int, device: torch.device | str, dtype: torch.dtype
    ) -> "Cache":
        """A cache without tokens."""
        with torch.inference_mode(False):  # tensors made in inference mode could not be written to outside of it
            k_f, v_f, k_b, s = (
                torch.zeros(batch, capacity, *width, device=device, dtype=dtype) for width in widths(config).values()
            )
        return cls(k_f, v_f, k_b, s)

    @classmethod
    def of(cls, cache: "AnyCache") -> "Cache":
        """The cache itself, or one that shares the tensors of a published dict.

        Raises:
            TypeError: it is neither, or an entry of the dict is not of the published type.
            ValueError: a dict lacks an entry of the published cache, or its entries do not belong together.
        """
        if isinstance(cache, Cache):
            return cache
        if not isinstance(cache, dict):
            raise TypeError(f"cache must be a Cache or a dict with the published entries, got {type(cache).__name__}")
        names = ("t", *PARTS)
        missing = [name for name in names if name not in cache]
        if missing:
            raise ValueError(f"cache must be a Cache or have the published entries {names}; it lacks {missing}")
        strange = {name: type(cache[name]).__name__ for name in PARTS if not isinstance(cache[name], Tensor)}
        if strange:
            raise TypeError(f"entries of cache must be tensors, got {strange}")
        flat = {name: tuple(cache[name].shape) for name in PARTS if cache[name].dim() != cache_file.AXES[name]}
        if flat:
            raise ValueError(f"k_f and v_f must have 4 axes and k_b and s 3, got {flat}")
        t = whole_number("t of cache", cache["t"])
        if t > cache["s"].shape[1]:
            raise ValueError(f"t of cache must be at most its capacity {cache['s'].shape[1]}, got {t}")
        return cls(*(cache[name] for name in PARTS), filled=t)

    def returned_as(self, cache: SomeCache) -> SomeCache:
        """The object that `of` was given, with the present number of tokens; the tensors are shared anyway."""
        if not isinstance(cache, Cache):
            cache["t"] = self.t
        return cache

    def check(self, config: SessaConfig, x: Tensor) -> None:
        """Raise unless this is a cache of a layer of this config, and for the batch x.

        Raises:
            TypeError: x has another dtype, and autocast is off, or a dtype is not floating-point.
            ValueError: a shape, a device or the number of rows does not fit, the cache requires gradients, or its
                places share memory.
        """
        self._check_filled()
        like, rows = self.s, self.s.shape[:2]
        for (name, width), part in zip(widths(config).items(), self.parts(), strict=True):
            if part.shape != (*rows, *width):
                raise ValueError(
                    f"{name} of cache must have shape {(*rows, *width)} for this layer, got {tuple(part.shape)}"
                )
            if part.dtype != like.dtype or part.device != like.device:
                raise ValueError(
                    f"{name} of cache is {part.dtype} on {part.device}, s is {like.dtype} on {like.device}"
                )
            if part.requires_grad:
                raise ValueError(f"{name} of cache must not require gradients: decoding has none")
            if any(step == 0 and size > 1 for step, size in zip(part.stride(), part.shape, strict=True)):
                raise ValueError(f"{name} of cache must have memory of its own for every row, got an expanded tensor")
        if self.k_f is self.v_f or self.k_b is self.s:
            raise ValueError("k_f and v_f, and k_b and s, of cache must be different tensors, got one for two")
        if x.shape[0] != self.batch:
            raise ValueError(f"x must have as many rows as the cache, {self.batch}, got shape {tuple(x.shape)}")
        if x.device != like.device:
            raise ValueError(f"x must be on the device of the cache, {like.device}, got {x.device}")
        require_floating_dtype("x", x.dtype)
        require_floating_dtype("cache", like.dtype)
        if x.dtype != like.dtype and not torch.is_autocast_enabled(x.device.type):
            raise TypeError(
                f"x must have the dtype of the cache, {like.dtype}, got {x.dtype}; init_cache takes a dtype"
            )

    def _check_filled(self) -> None:
        """Raise unless `filled` is one number of tokens, or one for each row; `after` checks whether they fit."""
        if isinstance(self.filled, tuple) and len(self.filled) != self.batch:
            raise ValueError(f"filled of cache must have one number for each of {self.batch} rows, got {self.filled}")
        for n in self.filled if isinstance(self.filled, tuple) else (self.filled,):
            if not isinstance(n, int) or isinstance(n, bool) or n < 0:
                raise ValueError(f"filled of cache must hold whole numbers of at least 0, got {self.filled!r}")

    @property
    def t(self) -> int:
        """The number of tokens in every row.

        Raises:
            ValueError: the rows have different numbers of tokens; `lengths` has them.
        """
        if isinstance(self.filled, tuple):
            raise ValueError(f"the rows hold different numbers of tokens, {self.filled}: read lengths instead of t")
        return self.filled

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of tokens in each row."""
        return self.filled if isinstance(self.filled, tuple) else (self.filled,) * self.batch

    @property
    def batch(self) -> int:
        """How many rows there are."""
        return self.s.shape[0]

    @property
    def capacity(self) -> int:
        """How many tokens there is room for in each row."""
        return self.s.shape[1]

    @property
    def longest(self) -> int:
        """The largest number of tokens in a row."""
        return max(self.filled, default=0) if isinstance(self.filled, tuple) else self.filled

    def select(self, rows: Iterable[SupportsIndex] | Int[Tensor, " rows"]) -> "Cache":
        """A new cache of some rows, given by their indices, in this order; a row may come more than once.

        Raises:
            TypeError, ValueError: `rows` holds something else than indices of rows.
        """
        index = self._indices(rows)
        with torch.inference_mode(False), torch.no_grad():
            parts = [part.new_zeros(len(index), *part.shape[1:]) for part in self.parts()]
            _copy_rows(parts, self.parts(), index, self.longest)
        return type(self)(*parts, filled=compact(self.lengths[row] for row in index))

    def reorder(self, rows: Iterable[SupportsIndex] | Int[Tensor, " rows"]) -> None:
        """Let every row continue the row of this index, as beam search does; a row may be continued more than once.

        Raises:
            TypeError, ValueError: `rows` does not hold one index for each row.
        """
        index = self._indices(rows)
        if len(index) != self.batch:
            raise ValueError(f"rows must hold {self.batch} indices, one for each row, got {len(index)}; see select")
        self._become(self.select(index))

    def crop(self, lengths: int | Sequence[int] | Int[Tensor, " batch"]) -> None:
        """Forget all but the first tokens: `lengths` of them in every row, or one number for each row.

        Raises:
            TypeError, ValueError: `lengths` is no number of tokens, or more than a row has.
        """
        numbers: Any = _listed(lengths)
        if isinstance(numbers, Sequence) and len(numbers) != self.batch:
            raise ValueError(f"lengths must be a number, or {self.batch}, one for each row, got {len(numbers)}")
        given = numbers if isinstance(numbers, Sequence) else [numbers] * self.batch
        wanted = [whole_number("lengths", length) for length in given]
        if any(length > own for length, own in zip(wanted, self.lengths, strict=True)):
            raise ValueError(f"lengths must not be more than the rows have, {self.lengths}, got {tuple(wanted)}")
        filled = compact(wanted)
        if isinstance(filled, tuple):
            self.clear(tuple(wanted))
        self.filled = filled

    def grow(self, max_len: int) -> None:
        """Make room for `max_len` tokens in each row, in new memory.

        Raises:
            TypeError, ValueError: `max_len` is no whole number, or less than the capacity.
        """
        if whole_number("max_len", max_len) < self.capacity:
            raise ValueError(f"max_len must be at least the capacity {self.capacity}, got {max_len}; see crop")
        self._become(type(self).concatenate([self], max_len))

    def clone(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Cache":
        """A copy, on another device or in another dtype where given.

        Raises:
            TypeError: `dtype` is not floating-point.
        """
        require_floating_dtype("dtype", self.s.dtype if dtype is None else dtype)
        with torch.inference_mode(False), torch.no_grad():
            parts = [torch.empty_like(part, device=device, dtype=dtype).copy_(part) for part in self.parts()]
        return type(self)(*parts, filled=self.filled)

    @classmethod
    def concatenate(cls, caches: Iterable["Cache"], max_len: int | None = None) -> "Cache":
        """A new cache with the rows of all these, so that requests can join a running batch.

        Args:
            caches: of the same layer.
            max_len: room in each row; by default the largest capacity of them.

        Raises:
            TypeError, ValueError: there are none, they are not of one layer, dtype and device, or do not fit.
        """
        caches = list(caches)
        if not caches or len({tuple((p.shape[2:], p.dtype, p.device) for p in cache.parts()) for cache in caches}) > 1:
            raise ValueError("caches must be one or more caches of one layer, in one dtype and on one device")
        longest = max(cache.longest for cache in caches)
        capacity = max(cache.capacity for cache in caches) if max_len is None else whole_number("max_len", max_len)
        if capacity < longest:
            raise ValueError(f"max_len must be at least {longest}, the tokens in the longest row, got {max_len}")
        batch = sum(cache.batch for cache in caches)
        with torch.inference_mode(False), torch.no_grad():
            parts = [part.new_zeros(batch, capacity, *part.shape[2:]) for part in caches[0].parts()]
            first = 0
            for cache in caches:
                rows = [part[first : first + cache.batch] for part in parts]
                _copy_rows(rows, cache.parts(), None, cache.longest)
                first += cache.batch
        return cls(*parts, filled=compact(length for cache in caches for length in cache.lengths))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file: the tokens so far, how many each row has, and the capacity.

        Raises:
            OSError: it cannot be written.
        """
        parts = {name: part[:, : self.longest].contiguous() for name, part in zip(PARTS, self.parts(), strict=True)}
        cache_file.write(path, parts, self.lengths, self.capacity)

    @classmethod
    def load(cls, path: str | os.PathLike[str], device: torch.device | str = "cpu") -> "Cache":
        """The cache from a file that `save` wrote, in its dtype. Nothing in the file is run.

        Raises:
            FileNotFoundError: there is no such file.
            TypeError: it holds other than floating-point numbers.
            ValueError: the file is not safetensors, is cut short, does not hold a cache, or asks for more memory than
                there is.
        """
        parts, lengths, capacity = cache_file.read(path, device)
        stored = cls(**parts, filled=compact(lengths))
        stored.clear()  # a file that we did not write may have anything there
        try:
            stored.grow(capacity)
        except (RuntimeError, TypeError) as error:  # how torch says that this is too much
            raise ValueError(f"{path} asks for {capacity} places in a row, for which there is no memory") from error
        return stored

    def parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The tensors, in the order of `PARTS`."""
        return self.k_f, self.v_f, self.k_b, self.s

    def after(self, new: Count) -> Count:
        """How many tokens there will be after `new` more; nothing is changed.

        Raises:
            ValueError: they do not fit.
        """
        total = plus(self.filled, new)
        longest = max(total) if isinstance(total, tuple) else total
        if longest > self.capacity:
            raise ValueError(
                f"cache overflow: it has max_len={self.capacity} places and holds {self.filled} tokens, "
                f"so {new} more do not fit; make it with a larger max_len"
            )
        return total

    def take(self, new: Count, work: Callable[[], Result]) -> Result:
        """The result of `work`, which stores `new` more tokens; they count once it is done.

        If it fails, the cache holds what it held before.

        Raises:
            ValueError: the tokens do not fit; `work` is not called.
        """
        after = self.after(new)
        if isinstance(self.filled, tuple) or isinstance(after, tuple):
            if not isinstance(self.filled, tuple):
                self.clear()
            try:
                result = work()
            except BaseException:  # what it has stored does not count, but must be zero where rows differ
                self.clear()
                raise
        else:
            result = work()
        self.filled = after
        return result

    def clear(self, lengths: tuple[int, ...] | None = None) -> None:
        """Write zeros beyond the tokens of every row, or beyond the first `lengths` of them."""
        first = torch.tensor(self.lengths if lengths is None else lengths, dtype=torch.long, device=self.s.device)
        beyond = torch.arange(self.capacity, device=self.s.device) >= first[:, None]
        with torch.no_grad():
            for part in self.parts():
                part.masked_fill_(beyond.reshape(*beyond.shape, *(1,) * (part.dim() - 2)), 0)

    def _become(self, other: "Cache") -> None:
        self.k_f, self.v_f, self.k_b, self.s = other.parts()
        self.filled = other.filled

    def _indices(self, rows: Any) -> list[int]:
        if isinstance(rows, Tensor) and rows.dim() != 1:
            raise ValueError(f"rows must have one axis, got shape {tuple(rows.shape)}")
        given = _listed(rows)
        if not isinstance(given, Iterable):
            raise TypeError(f"rows must be indices of rows, got {rows!r}")
        index = [whole_number("rows", row) for row in given]
        if any(row >= self.batch for row in index):
            raise ValueError(f"rows must be indices from 0 to {self.batch - 1}, got {index}")
        return index


AnyCache = Cache | dict[str, Any]
"""Our cache, or the published layer's."""


def require_one_count(cache: AnyCache, filled: Count) -> None:
    """Raise ValueError where rows differ and the cache is a published dict, which has one number for all."""
    if isinstance(filled, tuple) and not isinstance(cache, Cache):
        raise ValueError(f"a dict as cache has one number of tokens for all rows, not {filled}; see init_cache")


def widths(config: SessaConfig) -> dict[str, tuple[int, ...]]:
    """The axes of a cache's tensors after (batch, capacity), by name."""
    G = config.kv_heads
    axes = ((G, config.query_width), (G, config.value_width), (config.feedback_width,), (config.width,))
    return dict(zip(PARTS, axes, strict=True))


def compact(lengths: Iterable[int]) -> Count:
    """One number where all are equal; 0 where there are none."""
    lengths = tuple(lengths)
    return lengths if len(set(lengths)) > 1 else next(iter(lengths), 0)


def plus(first: Count, second: Count, sign: int = 1) -> Count:
    """The sum, or with sign -1 the difference."""
    if not isinstance(first, tuple) and not isinstance(second, tuple):
        return first + sign * second
    rows = max(len(n) for n in (first, second) if isinstance(n, tuple))
    one, other = (n if isinstance(n, tuple) else (n,) * rows for n in (first, second))
    return compact(a + sign * b for a, b in zip(one, other, strict=True))


def first_of(new: Count, most: int) -> Count:
    """How many tokens are among the first `most`."""
    return compact(min(n, most) for n in new) if isinstance(new, tuple) else min(new, most)


def _listed(numbers: Any) -> Any:
    """Arrays and tensors as Python's numbers and lists; anything else as it is."""
    return numbers.tolist() if hasattr(numbers, "tolist") else numbers


def _copy_rows(targets: Iterable[Tensor], sources: Iterable[Tensor], index: list[int] | None, stop: int) -> None:
    for target, source in zip(targets, sources, strict=True):
        rows = source[:, :stop]
        if index is not None:
            rows = rows[torch.tensor(index, dtype=torch.long, device=source.device)]
        target[:, :stop] = rows
