"""The Sessa layer in JAX: pure functions of parameters, config and tokens.

`parameters` is a dict of arrays under the published names, such as "W_in.weight" of shape (outputs, inputs);
`config` is a dict with the fields of `SessaConfig`. Symbols are the paper's (arXiv 2604.18580v2), and a bare
number such as (17) is one of its equations. Matrix products run in the dtype of the parameters; norm, GELU,
rotary embedding, softmax and solve do too, or in float32 where that dtype is narrower.

`python sessa_jax.py CASE_DIR` answers one request of the oracle's command protocol. Who imports this module
sets JAX up: `jax_enable_x64` for float64, and `jax_default_matmul_precision` = "highest" for products in full
float32 on GPUs and TPUs.
"""

import json
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.linalg import solve_triangular
from safetensors.numpy import load_file, save_file

Parameters = dict[str, jax.Array]
Config = dict[str, Any]
Cache = dict[str, jax.Array]
"""What decoding remembers. "t" counts the tokens so far; "k", "v", "k_fb" and "s" have them on axis -2,
padded with zeros to the capacity, because JAX compiles for fixed shapes."""


def forward(parameters: Parameters, config: Config, x: jax.Array) -> jax.Array:
    """The layer's output y for x, both of shape (..., T, D); T may be 0."""
    return prefill(parameters, config, x, capacity=x.shape[-2])[0]


def vjp(parameters: Parameters, config: Config, x: jax.Array, dy: jax.Array) -> tuple[jax.Array, Parameters]:
    """Gradients of sum(dy * y) with respect to x and to every parameter."""
    _, pull_back = jax.vjp(lambda p, tokens: forward(p, config, tokens), parameters, x)
    gradients, dx = pull_back(dy)
    return dx, gradients


def prefill(parameters: Parameters, config: Config, x: jax.Array, capacity: int) -> tuple[jax.Array, Cache]:
    """The output for a prompt x, shape (..., T, D), and a cache after it with room for `capacity` tokens.

    Raises:
        KeyError, ValueError, TypeError: config, parameters or x do not fit each other, or the prompt has no room.
    """
    check(parameters, config, x)
    T = x.shape[-2]
    if capacity < T:
        raise ValueError(f"a prompt of {T} tokens has no room in a cache for {capacity}")
    u, g = before_mixer(parameters, config, x)
    # A product with a masked weight of 0 still lets a NaN through. Tokens that are not finite are therefore
    # set to 0 here, and the states from there on to NaN below.
    bad = ~jnp.isfinite(u).all(axis=-1, keepdims=True)
    q, k, v, q_fb, k_fb, gamma = projections(parameters, config, jnp.where(bad, 0, u), *rotations(config, T))
    f = forward_signal(parameters, q, k, v, visible=jnp.tri(T, dtype=bool))
    B = gamma * attention_weights(q_fb, k_fb, visible=jnp.tri(T, k=-1, dtype=bool))  # (19)
    s = solve_triangular(jnp.eye(T, dtype=B.dtype) - B, f, lower=True, unit_diagonal=True)  # (20)
    s = jnp.where(jnp.cumsum(bad, axis=-2) > 0, jnp.nan, s)

    def padded(z: jax.Array) -> jax.Array:
        return jnp.pad(z, [(0, 0)] * (z.ndim - 2) + [(0, capacity - T), (0, 0)])

    cache = {"t": jnp.array(T), "k": padded(k), "v": padded(v), "k_fb": padded(k_fb), "s": padded(s)}
    return after_mixer(parameters, x, s, g), cache


def decode_step(
    parameters: Parameters,
    config: Config,
    x_t: jax.Array,
    cache: Cache,
) -> tuple[jax.Array, Cache]:
    """The output for the next token x_t, shape (..., D), and the cache after it.

    Without room in the cache the output is NaN under `jit`, where the number of tokens is not known yet.

    Raises:
        ValueError: the cache is full, or has other batch axes than x_t.
        KeyError, ValueError, TypeError: config, parameters or x_t do not fit each other.
    """
    check(parameters, config, x_t)
    t, (*batch, capacity, _) = cache["t"], cache["s"].shape
    if x_t.shape[:-1] != tuple(batch):
        raise ValueError(f"x_t must have the cache's batch axes {tuple(batch)}, got {x_t.shape[:-1]}")
    if not isinstance(t, jax.core.Tracer) and t >= capacity:
        raise ValueError(f"the cache has room for {capacity} tokens and is full")

    def stored(name: str, z: jax.Array) -> jax.Array:
        return lax.dynamic_update_slice_in_dim(cache[name], z, t, axis=-2)

    x = x_t[..., None, :]
    u, g = before_mixer(parameters, config, x)
    cos, sin = (lax.dynamic_slice_in_dim(table, t, 1) for table in rotations(config, capacity))
    q, k, v, q_fb, k_fb, gamma = projections(parameters, config, u, cos, sin)
    keys, values, position = stored("k", k), stored("v", v), jnp.arange(capacity)
    f = forward_signal(parameters, q, keys, values, visible=position <= t)
    alpha = attention_weights(q_fb, cache["k_fb"], visible=position < t)
    s = f + gamma * (alpha @ cache["s"])  # (22); for the first token alpha is 0 (21)
    s = jnp.where(t < capacity, s, jnp.nan)
    cache = {"t": t + 1, "k": keys, "v": values, "k_fb": stored("k_fb", k_fb), "s": stored("s", s)}
    return after_mixer(parameters, x, s, g)[..., 0, :], cache


def decode(parameters: Parameters, config: Config, x: jax.Array, split: int) -> jax.Array:
    """The output y for x, both of shape (..., T, D): `split` tokens at once, then one step per token."""

    def step(cache: Cache, x_t: jax.Array) -> tuple[Cache, jax.Array]:
        y_t, cache = decode_step(parameters, config, x_t, cache)
        return cache, y_t

    # At least one place: `scan` compiles the step even for no tokens.
    prompt_y, cache = prefill(parameters, config, x[..., :split, :], capacity=max(x.shape[-2], 1))
    _, later_y = lax.scan(step, cache, jnp.moveaxis(x[..., split:, :], -2, 0))
    return jnp.concatenate([prompt_y, jnp.moveaxis(later_y, 0, -2)], axis=-2)


def check(parameters: Parameters, config: Config, x: jax.Array) -> None:
    """Refuse what does not fit: JAX would broadcast some of it, and take a missing bias for none."""
    expected = shapes(config)
    if parameters.keys() != expected.keys():
        raise KeyError(f"parameters that are missing or not of this config: {sorted(parameters.keys() ^ expected)}")
    for name, shape in expected.items():
        if parameters[name].shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {parameters[name].shape}")
    if x.shape[-1] != config["width"]:
        raise ValueError(f"x must have width {config['width']}, got shape {x.shape}")
    for name, array in {"x": x, **parameters}.items():
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise TypeError(f"{name} must hold floating-point numbers, got {array.dtype}")


def shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """The parameters' names and shapes; a layer without projection biases, or with one head, has fewer."""
    D, H, G = config["width"], config["heads"], config["kv_heads"]
    found = {"mixer.gamma_bias": (), "mixer.gamma_ctx.weight": (1, D)}
    if config["norm"] == "layernorm":
        found |= {"ln.weight": (D,), "ln.bias": (D,)}
    if H > 1:
        found["mixer.out_proj.weight"] = (D, D)
    projections = {
        "mixer.q_proj": H * config["query_width"],
        "mixer.k_proj": G * config["query_width"],
        "mixer.v_proj": G * (D // H),
        "mixer.proj_fb": 2 * config["feedback_width"],
    }
    for name, outputs in {"W_in": 2 * D, "W_out": D, **projections}.items():
        found[f"{name}.weight"] = (outputs, D)
        if config["projection_bias"] or name not in projections:
            found[f"{name}.bias"] = (outputs,)
    return found


def before_mixer(parameters: Parameters, config: Config, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The mixer's input u and the gate g, (9) to (11)."""
    n = x
    if config["norm"] == "layernorm":
        centred = at_least_float32(x) - jnp.mean(at_least_float32(x), axis=-1, keepdims=True)
        variance = jnp.mean(centred**2, axis=-1, keepdims=True)
        standard = centred * lax.rsqrt(variance + config["norm_eps"])
        n = standard * parameters["ln.weight"] + parameters["ln.bias"]
    a, g = jnp.split(linear(parameters, "W_in", n), 2, axis=-1)
    return jax.nn.gelu(at_least_float32(a), approximate=False), g


def after_mixer(parameters: Parameters, x: jax.Array, s: jax.Array, g: jax.Array) -> jax.Array:
    """The gate, the output projection and the residual connection (13)."""
    return x + linear(parameters, "W_out", s * g)


def projections(
    parameters: Parameters, config: Config, u: jax.Array, cos: jax.Array, sin: jax.Array
) -> tuple[jax.Array, ...]:
    """(q, k, v, q_fb, k_fb, gamma) of (14), (15) and (18), tokens on axis -2.

    Heads come in G groups that share keys and values: q has shape (..., G, H / G, T, d_k), k and v have 1 in
    place of H / G. gamma has shape (..., T, 1).
    """
    H, G = config["heads"], config["kv_heads"]
    q = split_heads(linear(parameters, "mixer.q_proj", u), G, H // G)
    k = split_heads(linear(parameters, "mixer.k_proj", u), G, 1)
    v = split_heads(linear(parameters, "mixer.v_proj", u), G, 1)
    if config["rope"]:
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
    q_fb, k_fb = jnp.split(linear(parameters, "mixer.proj_fb", u), 2, axis=-1)
    gain = at_least_float32(linear(parameters, "mixer.gamma_ctx", u)) + parameters["mixer.gamma_bias"]
    return q, k, v, q_fb, k_fb, config["gamma_max"] * jnp.tanh(gain)


def forward_signal(
    parameters: Parameters,
    q: jax.Array,
    k: jax.Array,
    v: jax.Array,
    visible: jax.Array,
) -> jax.Array:
    """The signal f, shape (..., T, D): attention, heads concatenated, output projection (15), (16)."""
    o = jnp.moveaxis(attention_weights(q, k, visible) @ v, -2, -4)
    o = o.reshape(*o.shape[:-3], o.shape[-3] * o.shape[-2] * o.shape[-1])
    one_head = "mixer.out_proj.weight" not in parameters  # then the projection is the identity
    return at_least_float32(o if one_head else linear(parameters, "mixer.out_proj", o))


def attention_weights(q: jax.Array, k: jax.Array, visible: jax.Array) -> jax.Array:
    """Softmax of <q_t, k_j> / sqrt(width) over the visible j, else 0; a row that sees nothing is 0."""
    logits = at_least_float32(q) @ at_least_float32(k).mT / np.sqrt(q.shape[-1])
    # The lowest finite number in place of -inf: a row of -inf would be NaN, and so would its gradient.
    logits = jnp.where(visible, logits, jnp.finfo(logits.dtype).min)
    return jnp.where(visible, jax.nn.softmax(logits, axis=-1), 0)


def rotations(config: Config, T: int) -> tuple[jax.Array, jax.Array]:
    """Cosine and sine of the rotary angles t base^(-2r/d_k), both (T, d_k / 2), from float64 angles."""
    exponents = -2 * np.arange(config["query_width"] // 2) / config["query_width"]
    frequencies = config["rope_base"] ** exponents.astype(config["rotary_dtype"]).astype(np.float64)
    theta = np.arange(T)[:, None] * frequencies.astype(config["rotary_dtype"]).astype(np.float64)
    return jnp.asarray(np.cos(theta)), jnp.asarray(np.sin(theta))


def rotate(z: jax.Array, cos: jax.Array, sin: jax.Array) -> jax.Array:
    """Turn coordinates (2r, 2r + 1) of every token by its angle r (15)."""
    even, odd = at_least_float32(z[..., 0::2]), at_least_float32(z[..., 1::2])
    turned = jnp.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1)
    return turned.reshape(z.shape).astype(z.dtype)


def split_heads(z: jax.Array, groups: int, share: int) -> jax.Array:
    """(..., T, features) as (..., groups, share, T, width); heads are runs of consecutive features."""
    separated = z.reshape(*z.shape[:-1], groups, share, z.shape[-1] // (groups * share))
    return jnp.moveaxis(separated, -4, -2)


def linear(parameters: Parameters, name: str, z: jax.Array) -> jax.Array:
    """The product z W^T + b, in the dtype of W; without b where there is none."""
    weight = parameters[f"{name}.weight"]
    return z.astype(weight.dtype) @ weight.T + parameters.get(f"{name}.bias", 0)


def at_least_float32(z: jax.Array) -> jax.Array:
    """The same numbers, as float32 if their dtype is narrower."""
    return z.astype(jnp.promote_types(z.dtype, jnp.float32))


def main(case_dir: str) -> int:
    """Answer the request in `case_dir` and return the exit status. An operation unknown here is declined."""
    request = json.loads((Path(case_dir) / "case.json").read_text(encoding="utf-8"))
    jax.config.update("jax_enable_x64", request["dtype"] == "float64")
    jax.config.update("jax_default_matmul_precision", "highest")
    stored = load_file(Path(case_dir) / "case.safetensors")
    tensors = {name: jnp.asarray(array, dtype=request["dtype"]) for name, array in stored.items()}
    parameters = {n.removeprefix("param."): a for n, a in tensors.items() if n.startswith("param.")}
    config, x, split = request["config"], tensors["x"], request["split"]
    if request["operation"] == "forward":
        results = {"y": jax.jit(lambda p, x: forward(p, config, x))(parameters, x)}
    elif request["operation"] == "vjp":
        dx, gradients = jax.jit(lambda p, x, dy: vjp(p, config, x, dy))(parameters, x, tensors["dy"])
        results = {"dx": dx} | {f"grad.{name}": gradient for name, gradient in gradients.items()}
    elif request["operation"] == "decode":
        results = {"y": jax.jit(lambda p, x: decode(p, config, x, split))(parameters, x)}
    else:
        reason = f"it does not implement {request['operation']}\n"
        (Path(case_dir) / "unsupported.txt").write_text(reason, encoding="utf-8")
        return 0
    as_stored = {name: np.asarray(array).astype(stored["x"].dtype) for name, array in results.items()}
    save_file(as_stored, Path(case_dir) / "out.safetensors")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
