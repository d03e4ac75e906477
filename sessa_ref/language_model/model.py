"""Sessa language models as models of `transformers`: generation, checkpoints, training."""

import os
from typing import TYPE_CHECKING, Any

import safetensors
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast
from transformers.modeling_utils import slice_logits_to_keep

from sessa_ref.language_model.cache import SessaCache, SessaCacheLayer
from sessa_ref.language_model.config import SessaModelConfig
from sessa_ref.messages import one_line
from sessa_ref.optimized import SessaLayer, SessaMixer
from sessa_ref.optimized.padding import real_tokens
from sessa_ref.optimized.rotary import frequencies


class SessaPreTrainedModel(PreTrainedModel):
    """How all models here are initialised and loaded."""

    config: SessaModelConfig
    config_class = SessaModelConfig
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = True
    _no_split_modules = ["SessaLayer"]  # noqa: RUF012

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: Any, *args: Any, output_loading_info: bool = False, **kwargs: Any
    ) -> Any:
        """The model of a folder that `save_pretrained` wrote; the weights are safetensors, and nothing is unpickled.

        Raises:
            OSError: there is no such folder, or a file is missing in it.
            ValueError: the weights are no safetensors, some are missing or superfluous or of another shape, or they are
                for other rotary frequencies.
        """
        if pretrained_model_name_or_path is None or not os.path.isdir(pretrained_model_name_or_path):
            raise OSError(f"there is no folder {pretrained_model_name_or_path}")
        name = os.fspath(pretrained_model_name_or_path)
        if kwargs.setdefault("use_safetensors", True) is not True:
            raise ValueError("use_safetensors must be True: other files would have to be unpickled")
        ignored = kwargs.pop("ignore_mismatched_sizes", False)
        try:
            loaded: Any = super().from_pretrained(
                name, *args, output_loading_info=True, ignore_mismatched_sizes=True, **kwargs
            )
        except safetensors.SafetensorError as error:
            raise ValueError(f"the weights in {name} must be a safetensors file: {one_line(error)}") from None
        model, info = loaded
        if missing := sorted(info["missing_keys"]):
            raise ValueError(f"the weights in {name} lack {len(missing)} parameters: {', '.join(missing[:3])}")
        # SessaModel reads what SessaForCausalLM wrote, and has no head
        extra = sorted(key for key in info["unexpected_keys"] if not key.startswith("lm_head."))
        if extra:
            raise ValueError(
                f"the weights in {name} have {len(extra)} parameters that the config's model lacks: "
                f"{', '.join(extra[:3])}"
            )
        if info["mismatched_keys"] and not ignored:
            key, given, wanted = min(info["mismatched_keys"])
            raise ValueError(f"{key} of the weights in {name} must have shape {tuple(wanted)}, got {tuple(given)}")
        for mixer in model.modules():
            if isinstance(mixer, SessaMixer) and mixer.config.rope and not _has_frequencies(mixer):
                raise ValueError(f"the weights in {name} are for other rotary frequencies than those of the config")
        return (model, info) if output_loading_info else model

    def _init_weights(self, module: nn.Module) -> None:
        """As the published layer draws them; `init` leaves alone what was loaded."""
        if isinstance(module, nn.Linear | nn.LayerNorm):
            module.reset_parameters()
        elif isinstance(module, nn.Embedding):
            init.normal_(module.weight, std=self.config.initializer_range)
        elif isinstance(module, SessaMixer):
            init.ones_(module.gamma_bias)


class SessaModel(SessaPreTrainedModel):
    """The decoder without the map to tokens: embedding, layers, norm."""

    def __init__(self, config: SessaModelConfig) -> None:
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(
            SessaLayer.from_config(config.layer_config) for _ in range(config.num_hidden_layers)
        )
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.gradient_checkpointing = False
        self.post_init()

    def forward(
        self,
        input_ids: Int[Tensor, "batch T"] | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Float[Tensor, "batch T D"] | None = None,
        cache: SessaCache | None = None,
        use_cache: bool = False,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """The normed output of the last layer, in a `BaseModelOutputWithPast`.

        Positions are counted without padding; `position_ids` are not accepted. A row's outputs do not depend on where
        its padding stands, nor on the other rows.

        Args:
            input_ids: tokens, that follow those in the cache.
            attention_mask: 1 for real tokens and 0 for padding, shape (batch, T), or (batch, past + T) as `generate` gives
                it. None: all tokens are real.
            inputs_embeds: what stands in place of the embedded tokens.
            cache: of the tokens before.
            use_cache: make a cache, where none is given. Decoding has no gradients.
            output_hidden_states: also return what each layer is given, and the normed output.
            return_dict: False for a tuple.

        Raises:
            TypeError: the cache is not a `SessaCache`, or the mask holds no whole numbers.
            ValueError: not exactly one of `input_ids` and `inputs_embeds` is given; the mask does not fit or holds other
                numbers than 0 and 1; the cache is for another number of layers; or a cache is wanted while gradients
                are.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give either input_ids or inputs_embeds, and not both")
        x = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        cache = SessaCache(self.config) if use_cache and cache is None else cache
        if cache is not None and not isinstance(cache, SessaCache):
            raise TypeError(f"cache must be a SessaCache, got {type(cache).__name__}")
        if cache is not None and len(cache.layers) != len(self.layers):
            raise ValueError(f"cache must be for {len(self.layers)} layers, got one for {len(cache.layers)}")
        if cache is not None and torch.is_grad_enabled():
            raise ValueError("decoding with a cache has no gradients: call the model under torch.no_grad()")
        real = self._real(x, attention_mask, cache)
        states = [x]
        for index, layer in enumerate(self.layers):
            states.append(self._through(layer, states[-1], real, None if cache is None else cache.layers[index]))
        last = self.norm(states[-1])
        wanted = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        found = BaseModelOutputWithPast(
            last_hidden_state=last, cache=cache, hidden_states=(*states[:-1], last) if wanted else None
        )
        return found if _as_outputs(return_dict, self.config) else found.to_tuple()

    def _real(
        self, x: Tensor, attention_mask: Tensor | None, cache: SessaCache | None
    ) -> Bool[Tensor, "batch T"] | None:
        """Which tokens of x are real, on the CPU if there is a cache; None without a cache if all are."""
        batch, T = x.shape[:2]
        if attention_mask is None:
            return None if cache is None else torch.ones(batch, T, dtype=torch.bool)
        past = 0 if cache is None else cache.get_seq_length()
        if attention_mask.dim() != 2 or attention_mask.shape[1] not in (T, past + T):
            known = f", of which {past} are in the cache" if past else ""
            raise ValueError(
                f"attention_mask must have shape {(batch, past + T)}, an entry for each token{known}, "
                f"got {tuple(attention_mask.shape)}"
            )
        real = real_tokens(attention_mask[:, attention_mask.shape[1] - T :], x)
        if cache is not None:
            return real.cpu()
        return None if not torch.compiler.is_compiling() and bool(real.all()) else real

    def _through(self, layer: Any, x: Tensor, real: Any, cache: Any) -> Tensor:
        if isinstance(cache, SessaCacheLayer):
            return cache.advance(layer, x, real)
        if self.gradient_checkpointing and self.training and torch.is_grad_enabled():
            return self._gradient_checkpointing_func(layer.__call__, x, real)
        return layer(x, real)


class SessaForCausalLM(SessaPreTrainedModel, GenerationMixin):
    """The decoder with the map to tokens: logits, losses, and what `generate` needs.

    `generate` decodes greedily, samples, or searches with beams; batches of prompts are padded on the left, with their
    `attention_mask`. Of its kinds of caches it has ours alone, and refuses a `cache_implementation`. With FSDP, see
    `SessaLayer`: it refuses the 0-d parameters `gamma_bias`.
    """

    if TYPE_CHECKING:  # `transformers` declares a `self` there that its own models are not, either

        def generate(self, *args: Any, **kwargs: Any) -> Any:
            """That of `GenerationMixin`."""

    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}  # noqa: RUF012

    def __init__(self, config: SessaModelConfig) -> None:
        super().__init__(config)
        self.model = SessaModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def _prepare_cache_for_generation(
        self, generation_config: Any, model_kwargs: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Give `generate` our cache where it would make one of its own, which would lack the states."""
        if generation_config.use_cache is not False and model_kwargs.get("cache") is None:
            model_kwargs["cache"] = SessaCache(self.config)
        own: Any = super()
        return own._prepare_cache_for_generation(generation_config, model_kwargs, *args, **kwargs)

    def forward(
        self,
        input_ids: Int[Tensor, "batch T"] | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Float[Tensor, "batch T D"] | None = None,
        cache: SessaCache | None = None,
        labels: Int[Tensor, "batch T"] | None = None,
        use_cache: bool = False,
        logits_to_keep: int | Tensor = 0,
        num_items_in_batch: int | Tensor | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:
        """Logits of the next token, and with labels the loss, in a `CausalLMOutputWithPast`.

        Args:
            input_ids: as for `SessaModel.forward`, and so are the arguments that are not named here.
            attention_mask: likewise.
            inputs_embeds: likewise.
            cache: likewise.
            labels: tokens, -100 where none is to be predicted. They are shifted here: the output at t predicts label t + 1.
            use_cache: likewise.
            logits_to_keep: of how many last tokens logits are wanted, or of which ones; 0 means all.
            num_items_in_batch: what the sum of the losses is divided by; None takes the mean.
            output_hidden_states: likewise.
            return_dict: likewise.

        Raises:
            TypeError, ValueError: as `SessaModel.forward`.
        """
        outputs = self.model(
            input_ids,
            attention_mask,
            inputs_embeds,
            cache,
            use_cache=use_cache,
            output_hidden_states=output_hidden_states,
            return_dict=True,
        )
        logits = self.lm_head(slice_logits_to_keep(outputs.last_hidden_state, logits_to_keep))
        loss = None
        if labels is not None:
            loss = self.loss_function(logits, labels, self.config.vocab_size, num_items_in_batch=num_items_in_batch)
        found = CausalLMOutputWithPast(
            loss=loss, logits=logits, cache=outputs.cache, hidden_states=outputs.hidden_states
        )
        return found if _as_outputs(return_dict, self.config) else found.to_tuple()


def _has_frequencies(mixer: SessaMixer) -> bool:
    """Whether the buffer holds the frequencies of the config, to within bfloat16; the layer reads the config alone."""
    given = mixer.rope_inv_freq
    wanted = frequencies(mixer.config, torch.float32, given.device)
    return given.is_meta or torch.allclose(given.float(), wanted, rtol=2.0**-8, atol=2.0**-24)


def _as_outputs(return_dict: bool | None, config: SessaModelConfig) -> bool:
    return bool(config.return_dict if return_dict is None else return_dict)
