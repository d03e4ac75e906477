"""The mixer in torch: forward attention, feedback attention and the solve between them, (12) to (22)."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import rotary
from sessa_ref.optimized.arguments import require_floating_dtype, require_tokens, whole_number
from sessa_ref.optimized.attention import attend
from sessa_ref.optimized.cache import Cache, Count, first_of, plus
from sessa_ref.optimized.nonfinite_tokens import finite, isolate_nonfinite, nonfinite_tokens
from sessa_ref.optimized.solve import Backend, check_backend, extend, feedback_solve
from sessa_ref.optimized.span import Span, Together, span

_PUBLISHED_MASKS = ("causal_mask_f_full", "causal_mask_fb_full")
_PREFILL_ROWS = 256
_INITIAL_GAMMA_BIAS = 1.0


class SessaMixer(nn.Module):
    """The map u -> s. Parameters are named as in the published mixer.

    The buffer `rope_inv_freq`, there for the published `state_dict`, is not read: angles are computed from the
    config, so that no conversion of the module's dtype reaches them.

    Args:
        config: the map to compute.
        max_len: capacity of a decoding cache where `init_cache` is given none.
        backend: how to solve; see `feedback_solve`.
        device: of the parameters, as in torch's own modules.
        dtype: of the parameters, likewise.

    Raises:
        TypeError: `dtype` is not floating-point, or `max_len` no whole number.
        ValueError: there is no such backend, or `max_len` is not positive.
    """

    rope_inv_freq: Tensor

    def __init__(
        self,
        config: SessaConfig,
        max_len: int | None = None,
        backend: Backend = "blocked",
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_backend(backend)
        require_floating_dtype("dtype", torch.get_default_dtype() if dtype is None else dtype)
        self.config = config
        self.max_len = None if max_len is None else whole_number("max_len", max_len, least=1)
        self.backend: Backend = backend
        D, bias, like = config.width, config.projection_bias, {"device": device, "dtype": dtype}
        self.q_proj = nn.Linear(D, config.heads * config.query_width, bias=bias, **like)
        self.k_proj = nn.Linear(D, config.kv_heads * config.query_width, bias=bias, **like)
        self.v_proj = nn.Linear(D, config.kv_heads * config.value_width, bias=bias, **like)
        self.proj_fb = nn.Linear(D, 2 * config.feedback_width, bias=bias, **like)
        self.out_proj = nn.Identity() if config.heads == 1 else nn.Linear(D, D, bias=False, **like)
        self.gamma_bias = nn.Parameter(torch.tensor(_INITIAL_GAMMA_BIAS, **like))
        self.gamma_ctx = nn.Linear(D, 1, bias=False, **like)
        if config.rope:
            self.register_buffer("rope_inv_freq", self._frequencies(self.gamma_bias.device))

    def reset_parameters(self) -> None:
        """Draw all parameters anew: with the same seed, those of a new mixer. Also after `to_empty`."""
        reset_children(self)
        with torch.no_grad():
            self.gamma_bias.fill_(_INITIAL_GAMMA_BIAS)
            if self.config.rope:
                self.rope_inv_freq.copy_(self._frequencies(self.rope_inv_freq.device))

    def forward(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The solution s of (I - B(u)) s = f(u); u and s have the same shape and dtype.

        Raises:
            TypeError: u is no tensor of floating-point numbers, or not of the parameters' dtype.
            ValueError: u has no token axis, the wrong width or is on another device than the parameters.
        """
        require_tokens("u", u, 2, self.config.width, self.q_proj)
        return self.states(u)[-1]

    def states(self, u: Float[Tensor, "*batch T D"]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The entries of a decoding cache: (rotated keys, values, feedback keys, s), tokens before heads."""
        bad, u = nonfinite_tokens(u), finite(u)
        q, k, v, overflows = self._finite_projections(u, Together(0, u.shape[-2]))
        f = self.forward_signal(q, k, v, is_causal=True)
        q_fb, k_fb = self.proj_fb(u).chunk(2, dim=-1)
        gain = self.gain(u).masked_fill(bad | overflows, torch.nan)  # which the solve isolates
        return k, v, k_fb, feedback_solve(q_fb, k_fb, gain, f, self.backend)

    def forward_projections(self, u: Float[Tensor, "*batch T D"], tokens: Span) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (H heads), keys and values (G heads) with heads on axis -2, rotated by the tokens' positions.

        Among several tokens, one that overflows has NaN as its query, and finite keys and values, which earlier tokens
        meet with weight 0.
        """
        if u.shape[-2] == 1:
            return self._projections(u, tokens)
        q, k, v, overflows = self._finite_projections(u, tokens)
        return q.masked_fill(overflows[..., None, None], torch.nan), k, v

    def _finite_projections(self, u: Tensor, tokens: Span) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The projections made finite, and the tokens at which one of them was not."""
        q, k, v = self._projections(u, tokens)
        overflows = nonfinite_tokens(q.flatten(-2), k.flatten(-2), v.flatten(-2))
        return finite(q), finite(k), finite(v), overflows

    def _projections(self, u: Tensor, tokens: Span) -> tuple[Tensor, Tensor, Tensor]:
        config = self.config
        q = self.q_proj(u).unflatten(-1, (config.heads, -1))
        k = self.k_proj(u).unflatten(-1, (config.kv_heads, -1))
        v = self.v_proj(u).unflatten(-1, (config.kv_heads, -1))
        if config.rope:
            turn = tokens.turn(config, q.dtype, q.device)
            q, k = rotary.rotate(q, turn), rotary.rotate(k, turn)
        return q, k, v

    def forward_signal(
        self, q: Tensor, k: Tensor, v: Tensor, is_causal: bool = False, visible: Tensor | None = None
    ) -> Float[Tensor, "*batch T D"]:
        """f: attention with scale query_width^(-1/2), heads concatenated, output projection."""
        q, k, v = (z.transpose(-2, -3) for z in (q, k, v))
        if q.device.type == "cpu" and is_causal:  # a head's rows side by side make faster products
            q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
        o = attend(q, k, v, visible, is_causal)
        return self.out_proj(o.transpose(-2, -3).flatten(-2))

    def gain(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T"]:
        """gamma = gamma_max tanh(gamma_bias + <u, w>), in at least float32: bfloat16 would round 0.999 to 1."""
        argument = (self.gamma_bias + self.gamma_ctx(u)).squeeze(-1)
        return self.config.gamma_max * torch.tanh(argument.to(torch.promote_types(argument.dtype, torch.float32)))

    def init_cache(
        self,
        batch_size: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        max_len: int | None = None,
    ) -> Cache:
        """An empty cache for `max_len` tokens (default: the layer's).

        Raises:
            TypeError: a number is none, or `dtype` is not floating-point.
            ValueError: no capacity is given here or to the layer, or a number is out of range.
        """
        capacity = self.max_len if max_len is None else max_len
        if capacity is None:
            raise ValueError("init_cache needs max_len, a positive number of tokens, got None")
        capacity, batch = whole_number("max_len", capacity, least=1), whole_number("batch_size", batch_size)
        like = self.gamma_bias
        require_floating_dtype("dtype", like.dtype if dtype is None else dtype)
        return Cache.empty(self.config, batch, capacity, like.device if device is None else device, dtype or like.dtype)

    @torch.no_grad()
    def prefill(self, u: Float[Tensor, "batch T D"], cache: Cache) -> Float[Tensor, "batch T D"]:
        """The mixer's output for tokens that follow those in the cache, which is updated.

        Raises:
            TypeError, ValueError: u or the cache is not valid, or there is no room; nothing is changed.
        """
        require_tokens("u", u, 3, self.config.width, self.q_proj)
        cache.check(self.config, u)
        return cache.take(u.shape[1], lambda: self.advance(u, cache, u.shape[1]))

    @torch.no_grad()
    def decode_step(self, u: Float[Tensor, "batch D"], cache: Cache) -> Float[Tensor, "batch D"]:
        """The mixer's output for the next token; the cache is updated.

        Raises:
            TypeError, ValueError: u or the cache is not valid, or the cache is full; nothing is changed.
        """
        require_tokens("u", u, 2, self.config.width, self.q_proj)
        cache.check(self.config, u)
        return cache.take(1, lambda: self.advance(u[:, None], cache, 1))[:, 0]

    @torch.no_grad()
    def advance(self, u: Float[Tensor, "batch T D"], cache: Cache, new: Count) -> Float[Tensor, "batch T D"]:
        """The mixer's output for tokens that follow those in the cache, which stores them: the work of `Cache.take`.

        Args:
            u: tokens; the last ones of a row that has fewer than others are padding, where the output means nothing.
            cache: the tokens before, with room for these.
            new: how many tokens each row has; the largest number is T, or all are 0.
        """
        T, first = u.shape[1], cache.filled
        if new == 0 or cache.batch == 0:
            return torch.zeros_like(u)
        if T == 1:
            return self._step(u, cache, span(first, new, 1, cache.batch, u.device))
        if cache.longest == 0:
            *keys_and_values, s = self.states(u)
            tokens = span(0, new, T, cache.batch, u.device)
            for own, values in zip(cache.parts(), (*keys_and_values, s), strict=True):
                tokens.write(own, values)
            return s
        u, spoiled = isolate_nonfinite(u)
        outputs = []
        for rows, bad in zip(u.split(_PREFILL_ROWS, dim=1), spoiled.split(_PREFILL_ROWS, dim=1), strict=True):
            now = first_of(new, rows.shape[1])
            outputs.append(self._step(rows, cache, span(first, now, rows.shape[1], cache.batch, u.device), bad))
            first, new = plus(first, now), plus(new, now, -1)
        return torch.cat(outputs, dim=1)

    def _step(self, u: Tensor, cache: Cache, tokens: Span, spoiled: Tensor | None = None) -> Tensor:
        """The states of a few tokens, stored with their keys and values; T x t numbers at a time."""
        q, k, v = self.forward_projections(u, tokens)
        q_fb, k_fb = self.proj_fb(u).chunk(2, dim=-1)
        gain = self.gain(u)
        for own, new in ((cache.k_f, k), (cache.v_f, v), (cache.k_b, k_fb)):
            tokens.write(own, new)
        k, v = (tokens.read(own).to(new.dtype) for own, new in ((cache.k_f, k), (cache.v_f, v)))
        f = self.forward_signal(q, k, v, visible=tokens.visible(u.device))
        s = extend(q_fb, tokens.read(cache.k_b).to(k_fb.dtype), gain, f, cache.s[:, : tokens.past], tokens.lengths)
        if spoiled is not None:
            s = s.masked_fill(spoiled, torch.nan)
        tokens.write(cache.s, s)
        return s

    def _frequencies(self, device: torch.device) -> Float[Tensor, " pairs"]:
        return rotary.frequencies(self.config, torch.float32, device)

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        """Leave out the published masks, fill in missing frequencies, and refuse frequencies other than ours."""
        state = {name: value for name, value in state_dict.items() if name.removeprefix(prefix) not in _PUBLISHED_MASKS}
        name = prefix + "rope_inv_freq"
        if self.config.rope:
            own = self._frequencies(state.get(prefix + "gamma_bias", self.gamma_bias).device)
            if not _are_rounded(state.setdefault(name, own), own):
                error_msgs.append(f"{name} in the state_dict holds other rotary frequencies than those of the config")
                state[name] = own
        super()._load_from_state_dict(state, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)


def reset_children(module: nn.Module) -> None:
    """Draw the parameters of a module's children anew, in their order."""
    for child in module.children():
        reset = getattr(child, "reset_parameters", None)
        if callable(reset):
            reset()


def _are_rounded(given: Any, wanted: Tensor) -> bool:
    """Whether these equal the wanted numbers to within bfloat16 and float16, or torch itself will refuse them."""
    if type(given) not in (Tensor, nn.Parameter) or given.is_meta or given.shape != wanted.shape:
        return True
    return torch.allclose(given.detach().double().cpu(), wanted.double().cpu(), rtol=2.0**-8, atol=2.0**-24)
