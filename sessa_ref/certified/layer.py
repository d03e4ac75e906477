"""The whole layer, (9) to (22), on balls: every intermediate of `reference.trace`, enclosed."""

from dataclasses import dataclass

from flint import arb, arb_mat

from sessa_ref.certified import balls, functions
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters


@dataclass(frozen=True)
class BallTrace:
    """Balls under the names of `reference.Trace`; heads are lists, theta is None without rotary embedding."""

    x: arb_mat
    standard: functions.Standardized | None
    n: arb_mat
    a: arb_mat
    g: arb_mat
    u: arb_mat
    theta: arb_mat | None
    v: list[arb_mat]
    q_rotated: list[arb_mat]
    k_rotated: list[arb_mat]
    alpha_fwd: list[arb_mat]
    o: arb_mat
    f: arb_mat
    q_fb: arb_mat
    k_fb: arb_mat
    alpha_fb: arb_mat
    pre_gain: list[arb]
    """The argument of the gain's tanh, for each token."""
    gamma: list[arb]
    B: arb_mat
    s: arb_mat
    y: arb_mat


def trace(parameters: SessaParameters, x: Array | arb_mat) -> BallTrace:
    """Run the layer on x, (T, D), at flint's working precision: balls, or float64 that is taken as exact."""
    config = parameters.config
    tokens = x if isinstance(x, arb_mat) else balls.exact(x)
    T = tokens.nrows()

    standard, n = None, tokens
    if config.norm == "layernorm":
        standard = functions.standardize(tokens, config.norm_eps)
        weighted = balls.scale_columns(standard.values, balls.exact(parameters["ln.weight"]).entries())
        n = balls.add_row(weighted, balls.exact(parameters["ln.bias"]))
    a, g = split(linear(parameters, "W_in", n), 2)
    u = balls.elementwise(functions.gelu, a)

    q = split(linear(parameters, "mixer.q_proj", u), config.heads)
    k = split(linear(parameters, "mixer.k_proj", u), config.kv_heads)
    v = split(linear(parameters, "mixer.v_proj", u), config.kv_heads)
    theta = None
    if config.rope:
        theta = functions.angles(config, T)
        q, k = ([functions.rotate(z, theta) for z in heads] for heads in (q, k))
    share = config.heads // config.kv_heads
    alpha_fwd = [functions.attention_weights(q[h], k[h // share], 0) for h in range(config.heads)]
    o = balls.beside([alpha_fwd[h] * v[h // share] for h in range(config.heads)])
    f = linear(parameters, "mixer.out_proj", o) if config.heads > 1 else o

    q_fb, k_fb = split(linear(parameters, "mixer.proj_fb", u), 2)
    alpha_fb = functions.attention_weights(q_fb, k_fb, 1)
    bias = arb(float(parameters["mixer.gamma_bias"]))
    pre_gain = [entry + bias for entry in linear(parameters, "mixer.gamma_ctx", u).entries()]
    gamma = [arb(config.gamma_max) * entry.tanh() for entry in pre_gain]
    B = balls.scale_rows(alpha_fb, gamma)
    s = forward_substitution(B, f)
    y = tokens + linear(parameters, "W_out", balls.hadamard(s, g))
    return BallTrace(
        x=tokens, standard=standard, n=n, a=a, g=g, u=u, theta=theta, v=v, q_rotated=q, k_rotated=k,
        alpha_fwd=alpha_fwd, o=o, f=f, q_fb=q_fb, k_fb=k_fb, alpha_fb=alpha_fb, pre_gain=pre_gain, gamma=gamma,
        B=B, s=s, y=y,
    )  # fmt: skip


def linear(parameters: SessaParameters, name: str, z: arb_mat) -> arb_mat:
    """The parameters' affine map `name`: z W^T + b, without b where there is none."""
    product = z * balls.exact(parameters[f"{name}.weight"]).transpose()
    bias = parameters.get(f"{name}.bias")
    return product if bias is None else balls.add_row(product, balls.exact(bias))


def forward_substitution(B: arb_mat, f: arb_mat) -> arb_mat:
    """s_t = f_t + the sum over j < t of B_tj s_j: the recurrence (21), (22). Only B's strictly lower part is read."""
    edges, signal, D = B.tolist(), f.tolist(), f.ncols()
    s: list[arb] = []
    for t, row in enumerate(signal):
        arrived = arb_mat(1, t, edges[t][:t]) * arb_mat(t, D, s)
        s.extend(own + routed for own, routed in zip(row, arrived.entries(), strict=True))
    return arb_mat(len(signal), D, s)


def split(z: arb_mat, parts: int) -> list[arb_mat]:
    """Equal runs of consecutive columns: heads, or the halves of a projection."""
    width = z.ncols() // parts
    return [balls.columns(z, part * width, (part + 1) * width) for part in range(parts)]
