"""Gradients of the whole layer on balls, by the formulas of `sessa_ref.reference.gradients`."""

from collections.abc import Sequence

from flint import arb, arb_mat

from sessa_ref.certified import balls, functions
from sessa_ref.certified.layer import BallTrace, forward_substitution, split
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters

Gradients = dict[str, arb_mat]


def vjp(parameters: SessaParameters, steps: BallTrace, dy: Array) -> tuple[arb_mat, Gradients]:
    """Gradients of sum(dy * y) with respect to x and to every parameter, for dy in float64, taken as exact.

    Biases come as one row, the gain's bias as a single entry.
    """
    cotangent = balls.exact(dy)
    gradients: Gradients = {}
    dgated = _linear(parameters, gradients, "W_out", balls.hadamard(steps.s, steps.g), cotangent)
    df = backward_substitution(steps.B, balls.hadamard(dgated, steps.g))
    dB = balls.strictly_lower(df * steps.s.transpose())
    du = _feedback(parameters, gradients, steps, dB) + _forward(parameters, gradients, steps, df)
    da = balls.hadamard(du, balls.elementwise(functions.gelu_derivative, steps.a))
    dg = balls.hadamard(dgated, steps.s)
    dn = _linear(parameters, gradients, "W_in", steps.n, balls.beside([da, dg]))
    if steps.standard is not None:
        dn = _layer_norm(parameters, gradients, steps.standard, dn)
    return cotangent + dn, {name: gradients[name] for name in parameters}


def backward_substitution(B: arb_mat, ds: arb_mat) -> arb_mat:
    """lambda_t = ds_t + the sum over i > t of B_it lambda_i: substitution on reversed time."""
    reversed_B = [row[::-1] for row in B.transpose().tolist()[::-1]]
    reversed_ds = balls.from_rows(ds.tolist()[::-1], ds.ncols())
    solution = forward_substitution(balls.from_rows(reversed_B, B.nrows()), reversed_ds)
    return balls.from_rows(solution.tolist()[::-1], ds.ncols())


def _feedback(parameters: SessaParameters, gradients: Gradients, steps: BallTrace, dB: arb_mat) -> arb_mat:
    dgamma = balls.row_sums(balls.hadamard(dB, steps.alpha_fb))
    dq, dk = _weights(steps.alpha_fb, steps.q_fb, steps.k_fb, balls.scale_rows(dB, steps.gamma))
    du = _linear(parameters, gradients, "mixer.proj_fb", steps.u, balls.beside([dq, dk]))
    gain = arb(parameters.config.gamma_max)
    dpre = [d * gain / pre.cosh() ** 2 for d, pre in zip(dgamma, steps.pre_gain, strict=True)]
    gradients["mixer.gamma_bias"] = arb_mat(1, 1, [sum(dpre, arb(0))])
    return du + _linear(parameters, gradients, "mixer.gamma_ctx", steps.u, arb_mat(len(dpre), 1, dpre))


def _forward(parameters: SessaParameters, gradients: Gradients, steps: BallTrace, df: arb_mat) -> arb_mat:
    H, G = parameters.config.heads, parameters.config.kv_heads
    do = split(_linear(parameters, gradients, "mixer.out_proj", steps.o, df) if H > 1 else df, H)
    dq, dk, dv = [], [], []
    for h, alpha in enumerate(steps.alpha_fwd):
        group = h // (H // G)
        dalpha = do[h] * steps.v[group].transpose()
        dq_head, dk_head = _weights(alpha, steps.q_rotated[h], steps.k_rotated[group], dalpha)
        dq.append(dq_head)
        dk.append(dk_head)
        dv.append(alpha.transpose() * do[h])
    dk, dv = _sum_groups(dk, G), _sum_groups(dv, G)
    if steps.theta is not None:
        dq, dk = ([functions.rotate(z, -steps.theta) for z in heads] for heads in (dq, dk))
    du = [
        _linear(parameters, gradients, f"mixer.{name}", steps.u, balls.beside(gradient))
        for name, gradient in (("q_proj", dq), ("k_proj", dk), ("v_proj", dv))
    ]
    return du[0] + du[1] + du[2]


def _weights(alpha: arb_mat, q: arb_mat, k: arb_mat, dalpha: arb_mat) -> tuple[arb_mat, arb_mat]:
    """(dq, dk) through the softmax: dlogit_tj = alpha_tj (dalpha_tj - sum_i alpha_ti dalpha_ti)."""
    root = arb(q.ncols()).sqrt()
    weighted = balls.hadamard(alpha, dalpha)
    means = balls.scale_rows(alpha, balls.row_sums(weighted))
    dlogits = (weighted - means) / root
    return dlogits * k, dlogits.transpose() * q


def _linear(parameters: SessaParameters, gradients: Gradients, name: str, z: arb_mat, dy: arb_mat) -> arb_mat:
    """Record the gradients of a linear map's weight and bias, and return the gradient of its input."""
    gradients[f"{name}.weight"] = dy.transpose() * z
    if f"{name}.bias" in parameters:
        gradients[f"{name}.bias"] = balls.column_sums(dy)
    return dy * balls.exact(parameters[f"{name}.weight"])


def _layer_norm(
    parameters: SessaParameters, gradients: Gradients, standard: functions.Standardized, dn: arb_mat
) -> arb_mat:
    D = dn.ncols()
    weighted = balls.hadamard(dn, standard.values)
    gradients["ln.weight"], gradients["ln.bias"] = balls.column_sums(weighted), balls.column_sums(dn)
    dstandard = balls.scale_columns(dn, balls.exact(parameters["ln.weight"]).entries())
    mean = [total / D for total in balls.row_sums(dstandard)]
    along = [total / D for total in balls.row_sums(balls.hadamard(dstandard, standard.values))]
    ones = arb_mat(dn.nrows(), D, [1] * (dn.nrows() * D))
    centred = dstandard - balls.scale_rows(ones, mean) - balls.scale_rows(standard.values, along)
    return balls.scale_rows(centred, standard.scales)


def _sum_groups(heads: Sequence[arb_mat], G: int) -> list[arb_mat]:
    """Sum over the query heads that share a key/value head."""
    share = len(heads) // G
    return [sum(heads[g * share + 1 : (g + 1) * share], heads[g * share]) for g in range(G)]
