"""The config of a model, in the words of `transformers`; that of its layers is `sessa_ref.config.SessaConfig`."""

import math
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, ClassVar

from transformers import PreTrainedConfig

from sessa_ref.config import SessaConfig
from sessa_ref.messages import nearest


class SessaModelConfig(PreTrainedConfig):
    """A stack of published Sessa layers between an embedding and a linear map to tokens.

    Raises:
        ValueError: a field is out of its range, or there is no such field; the message names it.
        TypeError: a field has the wrong type.
    """

    model_type: ClassVar[str] = "sessa"
    __no_type_check__ = True  # type checks at run time would know these fields alone, and not those of `transformers`

    vocab_size: int = 259
    """Tokens; by default the bytes and three special tokens of `transformers.ByT5Tokenizer`."""
    hidden_size: int = 64
    """Width D of the layers."""
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    """Query heads of the forward attention."""
    num_key_value_heads: int | None = None
    """Its key/value heads; None means as many."""
    layer_norm_eps: float = 1e-5
    """Of the layers' norms and of the last one."""
    rope: bool = True
    """Whether forward queries and keys are rotated by position."""
    gamma_max: float = 0.999
    """Bound on the feedback gain, in (0, 1)."""
    initializer_range: float = 1.0
    """Standard deviation of the embedding at first; all else is drawn as in the published layer."""
    tie_word_embeddings: bool = False
    """Whether the map to tokens is the embedding's transpose."""
    pad_token_id: int | None = None
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = None

    def __post_init__(self, **kwargs: Any) -> None:
        own = {field.name for field in fields(self)}
        before = set(vars(self))
        super().__post_init__(**kwargs)
        for name in kwargs.keys() & (vars(self).keys() - before) - {"model_type"}:
            if not name.startswith("_"):
                raise ValueError(f"SessaModelConfig has no field {name}{nearest(name, own)}")
        for name in ("vocab_size", "num_hidden_layers"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a positive whole number, got {value!r}")
            setattr(self, name, int(value))
        if not isinstance(self.initializer_range, Real) or not 0 < self.initializer_range < math.inf:
            raise ValueError(f"initializer_range must be a positive number, got {self.initializer_range!r}")
        if not isinstance(self.tie_word_embeddings, bool):
            raise TypeError(f"tie_word_embeddings must be True or False, got {self.tie_word_embeddings!r}")
        _ = self.layer_config

    @property
    def layer_config(self) -> SessaConfig:
        """The config of each layer."""
        try:
            return SessaConfig.published(
                self.hidden_size,
                self.num_attention_heads,
                self.num_key_value_heads,
                ln_eps=self.layer_norm_eps,
                use_forward_rope=self.rope,
                gamma_max=self.gamma_max,
            )
        except (ValueError, TypeError) as error:
            raise type(error)(
                f"there is no layer with hidden_size={self.hidden_size}, num_attention_heads={self.num_attention_heads}, "
                f"num_key_value_heads={self.num_key_value_heads}, layer_norm_eps={self.layer_norm_eps}, "
                f"rope={self.rope} and gamma_max={self.gamma_max}: {error}"
            ) from None
