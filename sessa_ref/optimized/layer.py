"""The layer in torch, (9) to (13): a drop-in for the published `SessaLayer`."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sessa_ref.config import RotaryDtype, SessaConfig
from sessa_ref.optimized.arguments import require_floating_dtype, require_tokens
from sessa_ref.optimized.cache import Cache, Count, SomeCache, compact, require_one_count
from sessa_ref.optimized.mixer import SessaMixer, reset_children
from sessa_ref.optimized.padding import Packing, real_tokens
from sessa_ref.optimized.solve import Backend


class SessaLayer(nn.Module):
    """y = x + W_out(mixer(GELU(a)) * g), with (a, g) = W_in(norm(x)).

    Constructor, parameter names and methods are those of the published layer, so checkpoints load in both directions.
    Its mask buffers, which exist only with `max_len`, are ignored on loading and not written. The buffer
    `mixer.rope_inv_freq` exists only for the published `state_dict`: angles are computed from the config, in float64,
    and no conversion of the module changes them. A state_dict with other frequencies is refused.

    Derivatives of every kind and order work, under `torch.func` too. The first derivative in reverse mode takes memory
    linear in T; all others have T x T matrices. `torch.compile` and `torch.export` take any length in one program; an
    exported program contains operators of this package, which must be imported where it is loaded.

    FSDP refuses 0-d parameters, and the published `gamma_bias` is one. Leave it out, and average its gradient over the
    processes yourself:

        fully_shard(layer, mesh=mesh, ignored_params={layer.mixer.gamma_bias})
        FullyShardedDataParallel(layer, ignored_states=[layer.mixer.gamma_bias], use_orig_params=True)

    Tensor parallelism divides the matrices, and not attention and solve, whose feedback has a single head:

        columns, rows = ColwiseParallel(output_layouts=Replicate()), RowwiseParallel(input_layouts=Replicate())
        plan = dict.fromkeys(["W_in", "mixer.q_proj", "mixer.k_proj", "mixer.v_proj", "mixer.proj_fb"], columns)
        parallelize_module(layer, mesh, plan | {"mixer.out_proj": rows, "W_out": rows})

    A token that is not finite, or overflows in a projection, makes its own output and all later ones NaN. Earlier
    outputs, other rows of the batch, and their gradients are not affected. The layer norm is torch's: beyond 10^19 in
    float32 the squares of a token's entries overflow, and it normalises them to 0 instead.

    Args:
        D: model width; divisible by `n_heads`.
        n_heads: query heads of the forward attention.
        n_kv_heads: key/value heads; divides `n_heads`; None means `n_heads`.
        max_len: capacity of a decoding cache where `init_cache` is given none. `forward` takes any length.
        ln_eps: epsilon of the layer norm.
        use_flash: accepted and without effect; torch chooses the attention kernel.
        use_forward_rope: rotate forward queries and keys by position; D / n_heads must be even.
        gamma_max: bound on the feedback gain, in (0, 1).
        rotary_dtype: "float64" for exact angles, "float32" for those of the published code.
        backend: how the feedback system is solved: "blocked", "dense" or "hops"; see `feedback_solve`.
        device: of the parameters, as in torch's own modules.
        dtype: of the parameters, likewise.

    Raises:
        TypeError: an argument has the wrong type, or `dtype` is not floating-point.
        ValueError: an argument is out of range; the message names the `SessaConfig` field.
    """

    def __init__(
        self,
        D: int,
        n_heads: int = 1,
        n_kv_heads: int | None = None,
        max_len: int | None = None,
        ln_eps: float = 1e-5,
        use_flash: bool = False,
        use_forward_rope: bool = True,
        gamma_max: float = 0.999,
        *,
        rotary_dtype: RotaryDtype = "float64",
        backend: Backend = "blocked",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        config = SessaConfig.published(
            D,
            n_heads,
            n_kv_heads,
            ln_eps=ln_eps,
            use_forward_rope=use_forward_rope,
            gamma_max=gamma_max,
            rotary_dtype=rotary_dtype,
        )
        self._build(config, max_len, backend, device, dtype)

    @classmethod
    def from_config(
        cls,
        config: SessaConfig,
        max_len: int | None = None,
        backend: Backend = "blocked",
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> "SessaLayer":
        """A layer of any config, the paper's blocks included; parameters are drawn as by the constructor."""
        layer = cls.__new__(cls)
        nn.Module.__init__(layer)
        layer._build(config, max_len, backend, device, dtype)
        return layer

    def _build(
        self,
        config: SessaConfig,
        max_len: int | None,
        backend: Backend,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        if dtype is not None:
            require_floating_dtype("dtype", dtype)
        self.config = config
        D, like = config.width, {"device": device, "dtype": dtype}
        self.ln = nn.LayerNorm(D, eps=config.norm_eps, **like) if config.norm == "layernorm" else nn.Identity()
        self.W_in = nn.Linear(D, 2 * D, **like)
        self.mixer = SessaMixer(config, max_len, backend, device=device, dtype=dtype)
        self.W_out = nn.Linear(D, D, **like)

    def reset_parameters(self) -> None:
        """Draw all parameters anew, as a new layer would with the same seed; also for use after `to_empty`."""
        reset_children(self)

    def forward(self, x: Float[Tensor, "..."], attention_mask: Tensor | None = None) -> Float[Tensor, "*batch T D"]:
        """The layer's output for x, shape (..., T, D), any number of leading batch axes.

        Args:
            x: tokens.
            attention_mask: shape (..., T), booleans or 0 and 1; True or 1 for real tokens, as tokenizers give it (torch's
                `key_padding_mask` is the inverse). Padding, wherever it stands and whatever it holds, reads nothing
                and is not read, and positions count real tokens alone, so that the outputs of real tokens are those
                without the padding; at padding y = x + b_out. A row may be all padding. None: all tokens are real.
                On a GPU, the check of an integer mask waits for its values; booleans are not waited for.

        Raises:
            TypeError: x is no tensor of floating-point numbers, or not of the parameters' dtype; or `attention_mask` is
                no tensor of booleans or whole numbers.
            ValueError: x has no token axis, the wrong width or is on another device than the parameters; or
                `attention_mask` does not fit x, or holds other numbers than 0 and 1.
        """
        self._check(x, 2)
        if attention_mask is None:
            u, g = self._before_mixer(x)
            return x + self.W_out(self.mixer(u) * g)
        packing = Packing.of(real_tokens(attention_mask, x).to(x.device))
        u, g = self._before_mixer(packing.pack(x))
        return x + self.W_out(packing.unpack(self.mixer(u) * g))

    def init_cache(
        self,
        batch_size: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        max_len: int | None = None,
    ) -> Cache:
        """An empty decoding cache for `max_len` tokens (default: the layer's).

        Raises:
            TypeError: a number is none, or `dtype` is not floating-point.
            ValueError: no capacity is given here or to the layer, or a number is out of range.
        """
        return self.mixer.init_cache(batch_size, device=device, dtype=dtype, max_len=max_len)

    @torch.no_grad()
    def prefill(
        self, x: Float[Tensor, "..."], cache: SomeCache, attention_mask: Tensor | None = None
    ) -> tuple[Float[Tensor, "batch T D"], SomeCache]:
        """The layer's output for tokens x, shape (batch, T, D), that follow those in the cache, without gradients.

        The cache, which may be that of the published layer, is updated in place and returned; a call that fails leaves
        it as it was. A prompt may come in any number of parts. Prompts of different lengths are padded to one, on any
        side, and `attention_mask`, shape (batch, T), says which tokens are real, as for `forward`. Padding is not
        stored: each row goes on from its own length. A mask on a GPU is waited for, because the rows' lengths are kept
        on the CPU.

        Raises:
            TypeError: as `forward`; or x does not have the cache's dtype, or `cache` is neither kind of cache.
            ValueError: as `forward`; or x does not have the cache's rows or device, the cache is of another layer, its
                entries do not belong together, the tokens do not fit, or they make rows differ in a published dict.
        """
        self._check(x, 3)
        own = Cache.of(cache)
        own.check(self.config, x)
        new: Count = x.shape[1]
        if attention_mask is None:
            return own.take(new, lambda: self._advance(x, own, new)), own.returned_as(cache)
        real = real_tokens(attention_mask, x)
        counts = real.sum(dim=1).tolist()
        T, new = max(counts, default=0), compact(counts)
        require_one_count(cache, own.after(new))
        packing = Packing.of(real.to(x.device))

        def work() -> Tensor:
            u, g = self._before_mixer(packing.pack(x)[:, :T])
            z = self.mixer.advance(u, own, new) * g
            return x + self.W_out(packing.unpack(functional.pad(z, (0, 0, 0, x.shape[1] - T))))

        return own.take(new, work), own.returned_as(cache)

    @torch.no_grad()
    def decode_step(
        self,
        x_t: Float[Tensor, "..."],
        cache: SomeCache,
        use_flash_decode: bool = False,
        attention_mask: Tensor | None = None,
    ) -> tuple[Float[Tensor, "batch D"] | Float[Tensor, "batch 1 D"], SomeCache]:
        """The layer's output for the next token, shaped as x_t: (batch, D) or (batch, 1, D); and the cache.

        The cache, which may be that of the published layer, is updated in place; a call that fails leaves it as it
        was. There are no gradients. `use_flash_decode` is accepted and without effect. Rows that have ended are False
        in `attention_mask`, of shape (batch) or (batch, 1) as x_t: they store nothing, and their output is x_t + b_out.
        With a mask on the CPU, nothing waits for the GPU.

        Raises:
            TypeError, ValueError: as `prefill`, for x_t.
        """
        self._check(x_t, 2)
        if x_t.dim() > 3 or (x_t.dim() == 3 and x_t.shape[1] != 1):
            raise ValueError(f"x_t must have shape (batch, D) or (batch, 1, D), got {tuple(x_t.shape)}")
        token = x_t[:, 0] if x_t.dim() == 3 else x_t
        own = Cache.of(cache)
        own.check(self.config, x_t)
        if attention_mask is None:
            y = own.take(1, lambda: self._advance(token[:, None], own, 1))
            return y.reshape(x_t.shape), own.returned_as(cache)
        real = real_tokens(attention_mask, x_t).reshape(-1, 1)
        new = compact(real[:, 0].int().tolist())
        require_one_count(cache, own.after(new))
        hidden = ~real.to(token.device)

        def work() -> Tensor:
            u, g = self._before_mixer(token.masked_fill(hidden, 0))
            s = self.mixer.advance(u[:, None], own, new)[:, 0]
            return token + self.W_out((s * g).masked_fill(hidden, 0))

        return own.take(new, work).reshape(x_t.shape), own.returned_as(cache)

    def _advance(self, x: Tensor, cache: Cache, new: Count) -> Tensor:
        u, g = self._before_mixer(x)
        return x + self.W_out(self.mixer.advance(u, cache, new) * g)

    def _before_mixer(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a, g = self.W_in(self.ln(x)).chunk(2, dim=-1)
        return functional.gelu(a), g

    def _check(self, x: Tensor, axes: int) -> None:
        require_tokens("x", x, axes, self.config.width, self.W_in)
