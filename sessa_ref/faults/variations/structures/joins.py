"""Other ways to join and to split: heads, groups, halves and the residual."""

from collections.abc import Iterator

import numpy as np

from sessa_ref.faults.catalogue.changes import sigmoid
from sessa_ref.faults.fault import Area
from sessa_ref.faults.variations.graph import Run
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    fix = "y = x + W_out (s g) + b_out."
    cause = "Another way to join branch, gate and residual."
    for label, words, changes in (
        ("GateAdded", "The gate is added to the state instead of multiplied", one("gated", lambda run, v: run.values["s"] + run.values["g"])),
        ("GateOfA", "The state is multiplied by a, without GELU", one("gated", lambda run, v: run.values["s"] * run.values["a"])),
        ("GateAfterProjection", "The gate multiplies after W_out", one("branch", lambda run, v: _w_out(run, run.values["s"]) * run.values["g"])),
        ("GateOnResidual", "The gate multiplies the residual as well", one("residual", lambda run, v: v * run.values["g"])),
        ("GateOnSignal", "The gate multiplies f before the solve", {"f": lambda run, f: f * run.values["g"], "gated": lambda run, v: run.values["s"]}),
        ("GateTwice", "The gate multiplies twice", one("gated", lambda run, v: v * run.values["g"])),
        ("GateInterpolates", "The gate interpolates between branch and residual", one("y", lambda run, y: sigmoid(run.values["g"]) * run.values["branch"] + (1 - sigmoid(run.values["g"])) * run.values["x"])),
        ("BiasTwice", "W_out's bias is added twice", one("branch", lambda run, v: v + run.parameters["W_out.bias"])),
        ("BiasGated", "W_out's bias is inside the gate", one("branch", lambda run, v: (_w_out(run, run.values["s"])) * run.values["g"])),
        ("OutputOfSignal", "The branch is made of f instead of s", one("gated", lambda run, v: run.values["f"] * run.values["g"])),
        ("ResidualDetour", "The residual is u", one("residual", lambda run, v: run.values["u"])),
        ("OutProjAfterSolve", "W_out is applied before the gate", one("branch", lambda run, v: _w_out(run, run.values["s"]) * run.values["g"])),
        ("HeadsMerged", "Heads are merged with their axes in another order", one("o", lambda run, o: _merged(run))),
        ("HeadsMergedFlat", "Heads and tokens are merged without bringing the axes together", one("o", lambda run, o: run.values["o_heads"].reshape(o.shape))),
        ("GroupsOfKeys", "Query heads take the key heads cyclically instead of in consecutive groups", one("shared k", lambda run, k: _tiled(run, "k_rotated"))),
        ("GroupsOfValues", "Query heads take the value heads cyclically instead of in consecutive groups", one("shared v", lambda run, k: _tiled(run, "v_heads"))),
        ("GroupsBoth", "Query heads take the key/value heads cyclically instead of in consecutive groups", {
            "shared k": lambda run, k: _tiled(run, "k_rotated"), "shared v": lambda run, v: _tiled(run, "v_heads"),
        }),
        ("GroupsFirst", "All query heads read the first key/value head", {
            "shared k": lambda run, k: k[:, :1] + 0 * k, "shared v": lambda run, v: v[:, :1] + 0 * v,
        }),
        ("GroupsReversed", "Query heads read the key/value heads in reversed order", {
            "shared k": lambda run, k: k[:, ::-1], "shared v": lambda run, v: v[:, ::-1],
        }),
        ("GroupsAveraged", "Key/value heads are averaged", {
            "shared k": lambda run, k: k.mean(axis=1, keepdims=True) + 0 * k, "shared v": lambda run, v: v.mean(axis=1, keepdims=True) + 0 * v,
        }),
        ("OutProjSkipped", "out_proj is skipped", one("f", lambda run, f: run.values["o"])),
        ("OutProjResidual", "out_proj has a residual", one("f", lambda run, f: f + run.values["o"])),
    ):  # fmt: skip
        area: Area = "attention" if label[:4] in ("Head", "Grou", "OutP") else "token-wise"
        yield Variation(label, area, f"{words}.", cause, fix, changes)

    for name, phrase in (
        ("u", "u"), ("q", "the forward queries"), ("k", "the forward keys"), ("v", "the values"), ("o", "the attention's output o"),
        ("s", "the state s"), ("f", "the forward signal f"), ("g", "the gate g"), ("gated", "the gated state"), ("branch", "the branch"),
    ):  # fmt: skip
        for label, order in (
            ("FeatureFirst", "(H, d), then transposed to (d, H)"),
            ("HeadFirst", "(d, H), then transposed to (H, d)"),
        ):
            yield Variation(
                f"{'_'.join(part.capitalize() for part in name.split())}Read{label}", "token-wise",
                f"The features of {phrase} are in another order: read as {order}.", "The axes of a reshape.", "Keep the order of features.",
                one(name, lambda run, z, label=label: _features_transposed(run, z, label == "FeatureFirst")),
            )  # fmt: skip


def _features_transposed(run: Run, z: Array, heads_first: bool) -> Array:
    width = run.config.query_width
    shape = (z.shape[-1] // width, width)
    if z.shape[-1] % width:
        return z
    return np.swapaxes(z.reshape(*z.shape[:-1], *(shape if heads_first else shape[::-1])), -1, -2).reshape(z.shape)


def _w_out(run: Run, z: Array) -> Array:
    return z @ run.parameters["W_out.weight"].T + run.parameters["W_out.bias"]


def _merged(run: Run) -> Array:
    heads = run.values["o_heads"]
    return np.moveaxis(heads, 1, -1).reshape(heads.shape[0], heads.shape[2], -1)


def _tiled(run: Run, name: str) -> Array:
    z = run.values[name]
    return np.concatenate([z] * (run.config.heads // z.shape[1]), axis=1)
