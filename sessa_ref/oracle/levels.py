"""The levels at which an implementation can be checked: what it is given, what it returns, and the formulas between.

The layer is x -> y, the mixer u -> s with the published mixer's parameters, the solve (q, k, gamma, f) -> s without
parameters. The oracle computes with one array of tokens, (batch, T, features), at every level. At the solve a token is
q_t, k_t, gamma_t and f_t side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.faults.variations.graph import Start
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import DEFINITION, Formulas
from sessa_ref.reference.gradients import mixer_backward, routing_backward
from sessa_ref.reference.mixer import mixer
from sessa_ref.reference.traces import FeedbackTrace

Values = dict[str, Array]
"""Arrays by quantity: the output, "d" + the name of an input, "grad." + the name of a parameter."""


KERNEL_WIDTH = 64
"""The width, of queries, keys and forward signals, that every solve has to offer."""


@dataclass(frozen=True)
class Level:
    """The whole layer, x -> y. The other levels are parts of it."""

    name: ClassVar[str] = "layer"
    output: ClassVar[str] = "y"
    start: ClassVar[Start] = "x"
    """Where the graph of variations begins."""
    prefix: ClassVar[str] = ""
    """What the names of its parameters begin with."""
    leaves_out: ClassVar[tuple[str, ...]] = ()
    """Checks that do not exist at this level."""

    def __str__(self) -> str:
        return self.name

    def inputs(self, config: SessaConfig) -> dict[str, int]:
        """The arrays that an implementation is given, and their widths; (batch, T, width), gamma is (batch, T)."""
        return {"x": config.width}

    def split(self, config: SessaConfig, tokens: Array) -> Values:
        """The inputs by name, as views of the tokens."""
        parts, first = {}, 0
        for name, width in self.inputs(config).items():
            parts[name] = tokens[..., first] if name == "gamma" else tokens[..., first : first + width]
            first += width
        return parts

    def join(self, parts: Mapping[str, Array]) -> Array:
        """The tokens that have these inputs; the inverse of `split`."""
        columns = [part[..., None] if name == "gamma" else part for name, part in parts.items()]
        return np.concatenate(columns, axis=-1) if len(columns) > 1 else columns[0]

    def of_inputs(self, config: SessaConfig, gradient: Any) -> dict[str, Any]:
        """The gradients of the inputs by name, from that of the tokens, or from the gradients by input."""
        parts = gradient if isinstance(gradient, Mapping) else self.split(config, gradient)
        return {f"d{name}": part for name, part in parts.items()}

    def another(self, config: SessaConfig, tokens: Array) -> Array:
        """Other tokens of the same size."""
        return -2 * np.roll(tokens, 1, axis=-1)

    @property
    def plain_config(self) -> SessaConfig:
        """A small config that every implementation has to offer."""
        return SessaConfig.published(8, 2)

    def is_optional(self, config: SessaConfig) -> bool:
        """Whether an implementation may decline a config."""
        return not config.is_published

    def trace(self, parameters: SessaParameters, tokens: Array, formulas: Formulas = DEFINITION) -> Any:
        """Every intermediate, under the names of `reference.Trace`."""
        return reference.trace(parameters, tokens, formulas=formulas)

    def forward(self, parameters: SessaParameters, tokens: Array, formulas: Formulas = DEFINITION) -> Array:
        """The output."""
        return getattr(self.trace(parameters, tokens, formulas), self.output)

    def gradients(self, parameters: SessaParameters, steps: Any, cotangent: Array, formulas: Formulas) -> Values:
        """The gradients of sum(cotangent * output), from a trace."""
        dx, gradients = reference.backward(parameters, steps, cotangent, formulas)
        return {"dx": dx} | {f"grad.{name}": gradient for name, gradient in gradients.items()}

    def evaluate(
        self, parameters: SessaParameters, tokens: Array, cotangent: Array, formulas: Formulas = DEFINITION
    ) -> Values:
        """The output and all gradients, in the arithmetic of the arrays."""
        steps = self.trace(parameters, tokens, formulas)
        return {self.output: getattr(steps, self.output), **self.gradients(parameters, steps, cotangent, formulas)}

    def parts(self, parameters: SessaParameters, tokens: Array) -> tuple[SessaParameters, Array]:
        """The parameters and tokens of this level inside the layer that is given these."""
        return parameters, tokens


@dataclass(frozen=True)
class Mixer(Level):
    """The mixer, u -> s."""

    name: ClassVar[str] = "mixer"
    output: ClassVar[str] = "s"
    start: ClassVar[Start] = "u"
    prefix: ClassVar[str] = "mixer."
    leaves_out: ClassVar[tuple[str, ...]] = ("decode", "padding")

    def inputs(self, config: SessaConfig) -> dict[str, int]:
        """u alone."""
        return {"u": config.width}

    def trace(self, parameters: SessaParameters, tokens: Array, formulas: Formulas = DEFINITION) -> Any:
        """Every intermediate of the mixer."""
        return mixer(parameters, tokens, None, None, formulas.for_tokens(parameters, tokens, None))

    def gradients(self, parameters: SessaParameters, steps: Any, cotangent: Array, formulas: Formulas) -> Values:
        """The gradients of u and of the mixer's parameters."""
        du, gradients = mixer_backward(parameters, steps, cotangent, formulas)
        return {"du": du} | {f"grad.{name}": gradients[name] for name in parameters}

    def parts(self, parameters: SessaParameters, tokens: Array) -> tuple[SessaParameters, Array]:
        """The mixer's parameters, and u."""
        arrays = {name: array for name, array in parameters.items() if name.startswith(self.prefix)}
        steps = reference.trace(parameters, tokens)
        return SessaParameters.unchecked(parameters.config, arrays), steps.u


@dataclass(frozen=True)
class _SolveTrace(FeedbackTrace):
    f: Array
    s: Array


@dataclass(frozen=True)
class Solve(Level):
    """The solve, (q, k, gamma, f) -> s."""

    name: ClassVar[str] = "solve"
    output: ClassVar[str] = "s"
    start: ClassVar[Start] = "solve"
    leaves_out: ClassVar[tuple[str, ...]] = ("decode", "padding")

    def inputs(self, config: SessaConfig) -> dict[str, int]:
        """Queries, keys, gains and the forward signal."""
        return {"q": config.feedback_width, "k": config.feedback_width, "gamma": 1, "f": config.width}

    def another(self, config: SessaConfig, tokens: Array) -> Array:
        """Other tokens; gains stay as large as they are."""
        parts = {
            name: -part if name == "gamma" else super(Solve, self).another(config, part)
            for name, part in self.split(config, tokens).items()
        }
        return self.join(parts)

    @property
    def plain_config(self) -> SessaConfig:
        """The widths that have to be offered."""
        return SessaConfig.published(KERNEL_WIDTH, 1)

    def is_optional(self, config: SessaConfig) -> bool:
        """Kernels are made for some widths; those of `KERNEL_WIDTH` alone have to be among them."""
        return (config.feedback_width, config.width) != (KERNEL_WIDTH, KERNEL_WIDTH)

    def trace(self, parameters: SessaParameters, tokens: Array, formulas: Formulas = DEFINITION) -> Any:
        """The weights, B and s."""
        formulas = formulas.for_tokens(parameters, tokens, None)
        q, k, gamma, f = self.split(parameters.config, tokens).values()
        alpha = formulas.feedback_weights(q, k, formulas.strictly_causal_mask(tokens.shape[-2], 0))
        B = formulas.routing_matrix(gamma, alpha)
        s = formulas.forward_substitution(B, f)
        return _SolveTrace(q_fb=q, k_fb=k, alpha_fb=alpha, gamma=gamma, B=B, f=f, s=s)

    def gradients(self, parameters: SessaParameters, steps: Any, cotangent: Array, formulas: Formulas) -> Values:
        """The gradients of all four inputs."""
        df = formulas.backward_substitution(steps.B, cotangent)
        dgamma, dq, dk = routing_backward(steps, steps.s, df, formulas)
        return {"dq": dq, "dk": dk, "dgamma": dgamma, "df": df}

    def parts(self, parameters: SessaParameters, tokens: Array) -> tuple[SessaParameters, Array]:
        """No parameters, and what the mixer hands to the solve. The config keeps its widths only."""
        config, steps = parameters.config, reference.trace(parameters, tokens)
        plain = replace(
            SessaConfig.published(config.width, 1, use_forward_rope=False), feedback_width=config.feedback_width
        )
        joined = self.join({"q": steps.q_fb, "k": steps.k_fb, "gamma": steps.gamma, "f": steps.f})
        return SessaParameters.unchecked(plain, {}), joined


LAYER, MIXER, SOLVE = Level(), Mixer(), Solve()
LEVELS: dict[str, Level] = {level.name: level for level in (LAYER, MIXER, SOLVE)}
"""Every level by its name."""
