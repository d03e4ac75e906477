"""SessaConfig: every choice that changes the map that a layer computes."""

import json
import math
import numbers
import operator
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Norm = Literal["layernorm", "identity"]
RotaryDtype = Literal["float64", "float32"]


@dataclass(frozen=True, kw_only=True)
class SessaConfig:
    """Every choice that changes the map; two layers with equal config and parameters are the same function.

    Use `published` for the public implementation's layer and `paper` for the paper's concrete block.

    Raises:
        ValueError: a field is out of its range, or two fields contradict each other; the message names them.
        TypeError: a field has the wrong type.
    """

    width: int
    """Model width D."""
    heads: int = 1
    """Query heads H of the forward attention; H divides D."""
    kv_heads: int = 0
    """Key/value heads G; G divides H. 0, the default, means H."""
    query_width: int = 0
    """Query/key width per forward head; must be even if `rope` is on. 0, the default, means D / H."""
    feedback_width: int = 0
    """Query/key width of the feedback attention. 0, the default, means D."""
    gamma_max: float = 0.999
    """Bound on the gain, gamma = gamma_max tanh(.); in (0, 1), or 1 for a paper block."""
    norm: Norm = "layernorm"
    """Token-wise normalisation before the input projection."""
    norm_eps: float = 1e-5
    """Epsilon of the layer norm, added to the variance."""
    rope: bool = True
    """Whether forward queries and keys are rotated by position."""
    rope_base: float = 10000.0
    """Base of the rotary frequencies, base^(-2r/query_width); above 1."""
    rotary_dtype: RotaryDtype = "float64"
    """"float64": exact angles. "float32": the frequencies are rounded to float32, as the published layer
    keeps them even in a float64 run."""
    projection_bias: bool = True
    """Whether the forward and feedback query, key and value maps have biases."""

    def __post_init__(self) -> None:
        for name in ("width", "heads", "kv_heads", "query_width", "feedback_width"):
            value = _integer(name, getattr(self, name))
            object.__setattr__(self, name, value)
            optional = name not in ("width", "heads")
            if value < (0 if optional else 1):
                raise ValueError(f"{name} must be a positive integer, got {value}")
        if self.width % self.heads:
            raise ValueError(f"width must be divisible by heads, got width={self.width}, heads={self.heads}")
        object.__setattr__(self, "kv_heads", self.kv_heads or self.heads)
        if self.heads % self.kv_heads:
            raise ValueError(f"kv_heads must divide heads, got kv_heads={self.kv_heads}, heads={self.heads}")
        object.__setattr__(self, "query_width", self.query_width or self.width // self.heads)
        object.__setattr__(self, "feedback_width", self.feedback_width or self.width)
        for name in ("rope", "projection_bias"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, got {getattr(self, name)!r}")
        if self.rope and self.query_width % 2:
            raise ValueError(
                "query_width must be even with rope=True, because rotary embedding turns pairs of "
                f"coordinates; got query_width={self.query_width} "
                f"(width {self.width} / heads {self.heads} by default)"
            )
        for name in ("gamma_max", "norm_eps", "rope_base"):
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        if not 0 < self.gamma_max <= 1:
            raise ValueError(f"gamma_max must lie in (0, 1), or be 1 for a paper block, got {self.gamma_max}")
        if self.gamma_max == 1 and not self.is_paper_block:
            raise ValueError(
                "gamma_max = 1 (the paper's plain tanh) is only for paper blocks: heads=1 and "
                f"projection_bias=False; got heads={self.heads}, projection_bias={self.projection_bias}"
            )
        if self.norm_eps < 0:
            raise ValueError(f"norm_eps must not be negative, got {self.norm_eps}")
        if self.rope_base <= 1:
            raise ValueError(f"rope_base must be above 1, got {self.rope_base}")
        for name, allowed in (("norm", get_args(Norm)), ("rotary_dtype", get_args(RotaryDtype))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, got {getattr(self, name)!r}")

    @classmethod
    def published(
        cls,
        D: int,
        n_heads: int = 1,
        n_kv_heads: int | None = None,
        *,
        ln_eps: float = 1e-5,
        use_forward_rope: bool = True,
        gamma_max: float = 0.999,
        rotary_dtype: RotaryDtype = "float64",
    ) -> "SessaConfig":
        """The layer of the public implementation, in the terms of its constructor.

        Its `max_len` and `use_flash` are absent: they do not change the map. The angles are exact
        unless `rotary_dtype="float32"` asks for the rounding that the public code does.

        Raises:
            ValueError: a value is out of range; `gamma_max` must be below 1 here.
            TypeError: a value has the wrong type.
        """
        if _number("gamma_max", gamma_max) == 1:
            raise ValueError("gamma_max must lie in (0, 1) in a published layer, got 1.0")
        if n_kv_heads is not None and _integer("n_kv_heads", n_kv_heads) < 1:
            raise ValueError(f"n_kv_heads must be a positive integer or None, got {n_kv_heads}")
        return cls(
            width=D,
            heads=n_heads,
            kv_heads=n_kv_heads or 0,
            gamma_max=gamma_max,
            norm_eps=ln_eps,
            rope=use_forward_rope,
            rotary_dtype=rotary_dtype,
        )

    @classmethod
    def paper(
        cls, width: int, query_width: int = 2, *, norm: Norm = "identity", norm_eps: float = 1e-5
    ) -> "SessaConfig":
        """The paper's concrete Sessa block (Appendix I.2): one head, no projection biases, plain tanh.

        Raises:
            ValueError: a value is out of range.
        """
        if _integer("query_width", query_width) < 2:
            raise ValueError(f"query_width must be an even integer of at least 2, got {query_width}")
        return cls(
            width=width,
            query_width=query_width,
            feedback_width=query_width,
            gamma_max=1.0,
            norm=norm,
            norm_eps=norm_eps,
            projection_bias=False,
        )

    @property
    def is_paper_block(self) -> bool:
        """Whether the mixer has the paper's form: one head and no projection biases."""
        return self.heads == 1 and not self.projection_bias

    @property
    def is_published(self) -> bool:
        """Whether the published constructor can build this map."""
        try:
            self.published_arguments()
        except ValueError:
            return False
        return True

    @property
    def value_width(self) -> int:
        """Value width per head, D / H."""
        return self.width // self.heads

    def published_arguments(self) -> dict[str, Any]:
        """The keyword arguments that make the public constructor build this map.

        Raises:
            ValueError: the public layer cannot compute this map.
        """
        arguments = {
            "D": self.width,
            "n_heads": self.heads,
            "n_kv_heads": self.kv_heads,
            "ln_eps": self.norm_eps,
            "use_forward_rope": self.rope,
            "gamma_max": self.gamma_max,
        }
        twin = type(self).published(**arguments, rotary_dtype=self.rotary_dtype)
        different = [f.name for f in fields(self) if getattr(self, f.name) != getattr(twin, f.name)]
        if different:
            raise ValueError(f"the published layer cannot choose {', '.join(different)}; got {self}")
        return arguments

    def to_json(self) -> str:
        """This config as a JSON object with one entry per field."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> "SessaConfig":
        """The config that `to_json` wrote; entries that are left out take their defaults, but width has none.

        Raises:
            ValueError: the text is not a JSON object; an entry is not a field of a config, occurs twice or is out of
                range; or width is missing.
            TypeError: an entry has the wrong type; nothing is converted: neither "8" nor 8.0 becomes 8.
        """
        try:
            entries = json.loads(text, object_pairs_hook=_each_once)
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"a config must be a JSON object: {error}") from None
        if not isinstance(entries, dict):
            raise ValueError(f"a config must be a JSON object, got {text[:80]!r}")
        unknown = entries.keys() - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"a config has no entries named {sorted(unknown)}")
        if "width" not in entries:
            raise ValueError("a config must have an entry named width")
        return cls(**entries)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError(f"a config must name each entry once, got {', '.join(name for name, _ in pairs)}")
    return entries


def _integer(name: str, value: object) -> int:
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    return number
