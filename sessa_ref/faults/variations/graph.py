"""The layer once more, as named values in the order of computation, each of which a variation may change.

The reference is the definition; this is the same map written for speed and for mistakes at any place. It runs in
float64, or on complex numbers, whose imaginary parts are then the derivative along a direction.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np

from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.precision import round_to
from sessa_ref.reference import DEFINITION, Formulas, attention

Change = Callable[["Run", Any], Any]
"""Gives a named value's replacement from what was computed so far and from the right value."""

Number = float | int
"""A number of a mistake: whole where it counts something."""

Changes = Mapping[str, Change]
"""Changes by the name of the value. The names are those that `advance` notes."""

Start = Literal["x", "u", "solve"]
"""Where a run begins: at the layer's input, at the mixer's, or at q_fb, k_fb, gamma and f, side by side."""

_INPUT, _ATTENTION, _ROUTING, _OUTPUT = _STAGES = ("input", "attention", "routing", "output")

_KEPT = ("k_rotated", "v_heads", "k_fb", "s")


class Run:
    """One evaluation of the layer: parameters, changes, and the values so far."""

    def __init__(
        self,
        parameters: SessaParameters,
        changes: Changes,
        past: Mapping[str, Any],
        decoding: bool,
        capacity: int = 0,
        formulas: Formulas = DEFINITION,
    ) -> None:
        self.parameters = parameters
        self.config = parameters.config
        self.changes = changes
        self.decoding = decoding
        self.formulas = formulas
        """Only the activation and the operations on heads are used."""
        self.capacity = capacity
        """Tokens that the cache was made for."""
        self.prompt = int(past["prompt"]) if past else 0
        """How many tokens the prompt had."""
        self.values: dict[str, Any] = {}
        self.right: dict[str, Any] = {}
        """The values before the variation changed them."""
        self.stage = _INPUT
        self.stages: dict[str, str] = {}
        """The stage of each value."""
        self.by_stage: dict[str, dict[str, Any]] = {stage: {} for stage in _STAGES}
        self.past = past
        """What earlier runs left; here it may change before it is read and kept on."""
        if past:
            self.past = {**past, **{name: self.note(f"past {name}", past[name]) for name in _KEPT}}
        self.start = self.past["s"].shape[-2] if past else 0
        """Tokens before the first one of this run."""

    def note(self, name: str, value: Any) -> Any:
        """Keep a value under its name, changed if the variation says so."""
        self.right[name] = value
        change = self.changes.get(name)
        if change is not None:
            value = change(self, value)
        self.values[name] = self.by_stage[self.stage][name] = value
        self.stages[name] = self.stage
        return value

    def real(self, name: str) -> Any:
        """The real part of a value, or of the right one where that is just being changed."""
        return np.real(self.values[name] if name in self.values else self.right[name])

    def weight(self, name: str) -> Any:
        """A parameter, or None where the config has none of this name."""
        return self.note(name, self.parameters.get(name))

    def linear(self, name: str, x: Array) -> Array:
        """The linear map `name`."""
        product = x @ self.weight(f"{name}.weight").T
        bias = self.weight(f"{name}.bias")
        return product if bias is None else product + bias

    def after(self, name: str, value: Array) -> Array:
        """A value, (..., tokens, width), behind the one that was kept of earlier tokens."""
        kept = self.note(f"kept {name}", value)
        if not self.past:
            return value
        earlier = self.note(f"read {name}", self.past[name])
        self.values[f"kept {name}"] = np.concatenate([self.past[name], kept], axis=-2)
        return np.concatenate([earlier, value], axis=-2)

    def cache(self) -> dict[str, Any]:
        """What the next tokens need."""
        kept = {name: self.values[f"kept {name}"] for name in _KEPT}
        of_prompt = self.past["of prompt"] if self.decoding else self.right
        prompt = self.prompt if self.decoding else self.values["s"].shape[-2]
        return {**kept, "prompt": prompt, "previous": self.right, "of prompt": of_prompt}


def advance(
    parameters: SessaParameters,
    x: Array,
    changes: Changes,
    past: Mapping[str, Any] | None = None,
    decoding: bool = False,
    base: Run | None = None,
    capacity: int = 0,
    formulas: Formulas = DEFINITION,
    start: Start = "x",
) -> Run:
    """The layer, or a part of it, on tokens x, (batch, T, D), that follow those in `past`.

    Args:
        parameters: the layer.
        x: the tokens.
        changes: what is different.
        past: what an earlier run left, by `Run.cache`.
        decoding: whether this is a decoding step.
        base: the same run without changes; stages that no change affects are copied from it.
        capacity: tokens that the cache was made for.
        formulas: of the reference; only the activation and the operations on heads are used.
        start: what the tokens are.
    """
    run = Run(parameters, changes, past or {}, decoding, capacity, formulas)
    changed = {base.stages.get(name, _INPUT) for name in changes} if base is not None else set(_STAGES)
    for stage in _STAGES:
        # Attention and routing both need the input stage, and the output stage needs all.
        if base is not None and not changed & {stage, _INPUT} and (stage != _OUTPUT or not changed):
            run.values |= base.by_stage[stage]
            continue
        run.stage = stage
        _COMPUTE[start][stage](run, x)
    return run


def _input(run: Run, x: Array) -> None:
    note, T = run.note, x.shape[-2]
    n = note("n", _normalized(run, note("x", x)))
    weight, bias = run.weight("W_in.weight"), run.weight("W_in.bias")
    halves = [note(f"{half} input", n) @ of_half.T for half, of_half in zip("ag", np.split(weight, 2), strict=True)]
    output = np.concatenate(halves, axis=-1)
    a, g = np.split(note("W_in output", output if bias is None else output + bias), 2, axis=-1)
    run.values["g"] = g  # for u, should that be made of it
    note("u", run.formulas.gelu(note("a", a)))
    note("g", g)
    _enumerate(run, T)


def _mixer_input(run: Run, u: Array) -> None:
    run.note("u", u)
    _enumerate(run, u.shape[-2])


def _solve_input(run: Run, parts: Array) -> None:
    width = run.config.feedback_width
    q, k, gamma, f = np.split(parts, [width, 2 * width, 2 * width + 1], axis=-1)
    for name, part in (("given q_fb", q), ("given k_fb", k), ("given gamma", gamma), ("f", f)):
        run.note(name, part)
    _enumerate(run, parts.shape[-2])


def _enumerate(run: Run, T: int) -> None:
    run.note("rows", np.arange(run.start, run.start + T)[:, None])
    run.note("columns", np.arange(run.start + T))


def _state(run: Run, x: Array) -> Array:
    s = run.note("s", _solved(run, run.values["B"], run.values["f"]))
    run.after("s", s)
    return s


def _output(run: Run, x: Array) -> None:
    note, values = run.note, run.values
    s = _state(run, x)
    gated = note("gated", s * values["g"])
    branch = note("branch", run.linear("W_out", gated))
    note("y", note("residual", x) + branch)


def forward(
    parameters: SessaParameters,
    x: Array,
    changes: Changes,
    base: Run | None = None,
    formulas: Formulas = DEFINITION,
    start: Start = "x",
) -> Array:
    """The output with these changes; for the other arguments see `advance`."""
    run = advance(parameters, x, changes, base=base, formulas=formulas, start=start)
    return run.values["y" if start == "x" else "s"]


def decoded(
    parameters: SessaParameters, x: Array, split: int, changes: Changes, formulas: Formulas = DEFINITION
) -> Array:
    """The output for a prompt of `split` tokens and then for one token after the other."""
    run = advance(parameters, x[:, :split], changes, capacity=x.shape[1], formulas=formulas)
    outputs = [run.values["y"]]
    for t in range(split, x.shape[1]):
        run = advance(
            parameters, x[:, t : t + 1], changes, run.cache(), decoding=True, capacity=x.shape[1], formulas=formulas
        )
        outputs.append(run.values["y"])
    return np.concatenate(outputs, axis=1)


def softmax(logits: Array, visible: Array, beside: Number = 0.0, eps: Number = 0.0) -> Array:
    """Weights over the visible logits; rows that see nothing are 0.

    Args:
        logits: (..., T, J).
        visible: where True, (T, J).
        beside: weight of a further logit 0, which no value belongs to.
        eps: added to the denominator after the row's maximum was taken out.
    """
    seeing = visible.any(axis=-1, keepdims=True)
    hidden = np.where(visible, logits, -np.inf)
    largest = hidden if eps else np.real(hidden)  # beside eps the maximum does not cancel, and has a derivative
    highest = np.where(seeing, np.max(largest, axis=-1, keepdims=True, initial=-np.inf), 0)
    if beside:
        highest = np.where(highest < 0, 0, highest)
    exponentials = np.exp(hidden - highest)
    total = np.sum(exponentials, axis=-1, keepdims=True) + eps
    if beside:
        total = total + beside * np.exp(-highest)
    return exponentials / np.where(seeing, total, 1)


def rotate(z: Array, theta: Array) -> Array:
    """Turn coordinates (2r, 2r + 1) by theta[..., r], for angles of any leading axes."""
    cos, sin = np.cos(theta), np.sin(theta)
    even, odd = z[..., 0::2], z[..., 1::2]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(z.shape)


def _normalized(run: Run, x: Array) -> Array:
    if run.config.norm != "layernorm":
        return x
    D = x.shape[-1]
    centred = x - run.note("mean", np.sum(x, axis=-1, keepdims=True) / D)
    variance = run.note("variance", np.sum(centred * centred, axis=-1, keepdims=True) / D)
    deviation = run.note("deviation", np.sqrt(variance + run.note("eps", run.config.norm_eps)))
    standard = run.note("standard", centred / deviation)
    return standard * run.weight("ln.weight") + run.weight("ln.bias")


def _attention(run: Run, x: Array) -> None:
    note, config = run.note, run.config
    u, rows, columns = run.values["u"], run.values["rows"], run.values["columns"]
    H, G = config.heads, config.kv_heads
    q = note("q", run.linear("mixer.q_proj", note("q input", u)))
    k = note("k", run.linear("mixer.k_proj", note("k input", u)))
    v = note("v", run.linear("mixer.v_proj", note("v input", u)))
    q = note("q_heads", attention.split_heads(q, H))
    k = note("k_heads", attention.split_heads(k, G))
    v = note("v_heads", attention.split_heads(v, G))
    if config.rope:
        positions = note("positions", rows[:, 0].astype(np.float64))
        kept = partial(round_to, dtype=config.rotary_dtype)  # as far as the layer keeps exponents and frequencies
        exponents = note("exponents", kept(-2.0 * np.arange(config.query_width // 2) / config.query_width))
        frequencies = kept(note("base", config.rope_base) ** exponents)
        theta = note("theta", positions[:, None] * note("frequencies", frequencies))
        q, k = rotate(q, note("query theta", theta)), rotate(k, note("key theta", theta))
    q, k = note("q_rotated", q), note("k_rotated", k)
    k, v = run.after("k_rotated", k), run.after("v_heads", v)
    k, v = note("shared k", run.formulas.repeat_kv(k, H)), note("shared v", run.formulas.repeat_kv(v, H))
    run.values["all values"] = run.by_stage[_ATTENTION]["all values"] = run.formulas.merge_heads(v)
    visible = note("visible", columns <= rows)
    logits = note("logits", (q @ np.swapaxes(k, -1, -2)) * note("scale", 1 / np.sqrt(config.query_width)))
    alpha = note("alpha", softmax(logits, visible))
    o = note("o", run.formulas.merge_heads(note("o_heads", alpha @ v)))
    note("f", run.linear("mixer.out_proj", o) if H > 1 else o)


def _routing(run: Run, x: Array) -> None:
    note, config = run.note, run.config
    u, width = run.values["u"], config.feedback_width
    weight, bias = run.weight("mixer.proj_fb.weight"), run.weight("mixer.proj_fb.bias")
    q_fb = note("q_fb input", u) @ weight[:width].T
    k_fb = note("k_fb input", u) @ weight[width:].T
    if bias is not None:
        q_fb, k_fb = q_fb + bias[:width], k_fb + bias[width:]
    alpha = _feedback_weights(run, q_fb, k_fb)
    z = run.linear("mixer.gamma_ctx", note("gain input", u))
    z = note("z", z + run.weight("mixer.gamma_bias"))
    gamma = note("gamma", note("gamma_max", config.gamma_max) * np.tanh(z))
    note("B", gamma * alpha)


def _given_routing(run: Run, parts: Array) -> None:
    alpha = _feedback_weights(run, run.values["given q_fb"], run.values["given k_fb"])
    run.note("B", run.note("gamma", run.values["given gamma"]) * alpha)


def _feedback_weights(run: Run, q_fb: Array, k_fb: Array) -> Array:
    note, rows, columns = run.note, run.values["rows"], run.values["columns"]
    q_fb = note("q_fb", q_fb)
    k_fb = run.after("k_fb", note("k_fb", k_fb))
    visible = note("visible_fb", columns < rows)
    scale = note("scale_fb", 1 / np.sqrt(run.config.feedback_width))
    return note("alpha_fb", softmax(note("logits_fb", (q_fb @ np.swapaxes(k_fb, -1, -2)) * scale), visible))


def _solved(run: Run, B: Array, f: Array) -> Array:
    if run.past:
        f = f + B[..., : run.start] @ run.note("read s", run.past["s"])
    return solve(B[..., run.start :], f)


def solve(B: Array, f: Array) -> Array:
    """s from (I - B) s = f, for any square B."""
    T = f.shape[-2]
    return np.linalg.solve(np.eye(T) - B, f) if T else f


def _nothing(run: Run, x: Array) -> None:
    return


_Compute = Callable[[Run, Array], Any]
_OF_LAYER: dict[str, _Compute] = {_INPUT: _input, _ATTENTION: _attention, _ROUTING: _routing, _OUTPUT: _output}
_COMPUTE: dict[Start, dict[str, _Compute]] = {
    "x": _OF_LAYER,
    "u": _OF_LAYER | {_INPUT: _mixer_input, _OUTPUT: _state},
    "solve": {_INPUT: _solve_input, _ATTENTION: _nothing, _ROUTING: _given_routing, _OUTPUT: _state},
}
