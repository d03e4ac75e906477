"""Other norms, and norms elsewhere."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations.graph import Changes, Run
from sessa_ref.faults.variations.modes import absolute, camel
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    fix = "n = weight (x - mean) / sqrt(var + eps) + bias, over the last axis, with the biased variance."
    cause = "A hand-written norm, or one of another architecture."

    def standard(function: Callable[[Array, float], Array]) -> Changes:
        return one("standard", lambda run, value: function(run.values["x"], run.values["eps"]))

    def moments(x: Array, axis: int | tuple[int, ...]) -> tuple[Array, Array]:
        count = np.prod([x.shape[a] for a in np.atleast_1d(axis)])
        centred = x - np.sum(x, axis=axis, keepdims=True) / count
        return centred, np.sum(centred * centred, axis=axis, keepdims=True) / count

    def over(axis: int | tuple[int, ...]) -> Changes:
        return standard(lambda x, eps: moments(x, axis)[0] / np.sqrt(moments(x, axis)[1] + eps))

    for label, words, changes in (
        ("OverTime", "runs over tokens instead of features", over(-2)),
        ("OverBatch", "runs over the batch instead of features", over(0)),
        ("OverTimeAndWidth", "runs over tokens and features together", over((-2, -1))),
        ("OverBatchAndTime", "runs over batch and tokens, feature by feature", over((0, 1))),
        ("OverEverything", "runs over batch, tokens and features together", over((0, 1, 2))),
        ("Rms", "does not subtract the mean", standard(lambda x, eps: x / np.sqrt(np.sum(x * x, axis=-1, keepdims=True) / x.shape[-1] + eps))),
        ("MeanOnly", "subtracts the mean and does not divide", standard(lambda x, eps: moments(x, -1)[0])),
        ("VarianceOnly", "divides by the deviation and does not subtract the mean", standard(lambda x, eps: x / np.sqrt(moments(x, -1)[1] + eps))),
        ("ByVariance", "divides by the variance instead of its root", standard(lambda x, eps: moments(x, -1)[0] / (moments(x, -1)[1] + eps))),
        ("ByLength", "divides by the length instead of the deviation", standard(lambda x, eps: moments(x, -1)[0] / np.sqrt(moments(x, -1)[1] * x.shape[-1] + eps))),
        ("UnitLength", "scales tokens to length 1 without subtracting the mean", standard(lambda x, eps: x / np.sqrt(np.sum(x * x, axis=-1, keepdims=True) + eps))),
        ("ByMeanAbsolute", "divides by the mean absolute deviation", standard(lambda x, eps: moments(x, -1)[0] / (np.mean(absolute(moments(x, -1)[0]), axis=-1, keepdims=True) + eps))),
        ("EpsSquared", "has its epsilon squared", one("eps", lambda run, eps: eps**2)),
        ("EpsRoot", "has the root of its epsilon", one("eps", lambda run, eps: np.sqrt(eps))),
        ("EpsSubtracted", "subtracts its epsilon", one("eps", lambda run, eps: -eps)),
        ("EpsOutside", "adds its epsilon to the deviation", one("deviation", lambda run, d: np.sqrt(run.values["variance"]) + run.values["eps"])),
        ("EpsAsFloor", "takes the larger of variance and epsilon", one("deviation", lambda run, d: np.sqrt(np.where(np.real(run.values["variance"]) > run.values["eps"], run.values["variance"], run.values["eps"])))),
        ("BesselAndEps", "divides the variance by D - 1", one("variance", lambda run, v: v * run.config.width / max(run.config.width - 1, 1))),
        ("BiasFirst", "adds its bias before it multiplies by its weight", one("n", lambda run, n: (run.values["standard"] + run.values["ln.bias"]) * run.values["ln.weight"])),
        ("Twice", "is applied twice", one("n", lambda run, n: _again(run, n))),
        ("WithoutWeights", "has no weight and no bias", one("n", lambda run, n: run.values["standard"])),
        ("HalfWidth", "takes its statistics from the first half of the features", standard(lambda x, eps: (x - np.mean(x[..., : (x.shape[-1] + 1) // 2], axis=-1, keepdims=True)) / np.sqrt(moments(x[..., : (x.shape[-1] + 1) // 2], -1)[1] + eps))),
        ("Groups", "runs over each head's features by themselves", one("standard", lambda run, v: _grouped(run, run.config.heads))),
        ("TwoGroups", "runs over two groups of features", one("standard", lambda run, v: _grouped(run, 2))),
        ("RunningMean", "takes its mean and variance over all tokens so far", one("standard", lambda run, v: _running(run))),
    ):  # fmt: skip
        yield Variation(f"Norm{label}", "token-wise", f"The norm {words}.", cause, fix, changes)
    yield Variation(
        "PostNorm", "token-wise", "The norm stands after the residual instead of before W_in.", cause, fix,
        {"n": lambda run, n: run.values["x"], "y": lambda run, y: _normed(run, y)},
    )  # fmt: skip
    yield Variation(
        "OutputNorm", "token-wise", "The output is normalised once more.", cause, fix,
        {"y": lambda run, y: _normed(run, y)},
    )  # fmt: skip
    for name in ("u", "s", "f", "gated", "branch"):
        yield Variation(
            f"NormOf{camel(name)}", "token-wise", f"{name} goes through the layer's norm, with its weights, as well.",
            cause, fix, one(name, _normed),
        )  # fmt: skip


def _normed(run: Run, z: Array) -> Array:
    if run.config.norm != "layernorm":
        return z
    centred = z - np.sum(z, axis=-1, keepdims=True) / z.shape[-1]
    variance = np.sum(centred * centred, axis=-1, keepdims=True) / z.shape[-1]
    return centred / np.sqrt(variance + run.config.norm_eps) * run.parameters["ln.weight"] + run.parameters["ln.bias"]


def _again(run: Run, n: Array) -> Array:
    return _normed(run, n)


def _grouped(run: Run, groups: int) -> Array:
    x = run.values["x"]
    if x.shape[-1] % groups:
        return run.values["x"] * np.nan
    parts = x.reshape(*x.shape[:-1], groups, -1)
    centred = parts - parts.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + run.values["eps"])
    return scaled.reshape(x.shape)


def _running(run: Run) -> Array:
    x = run.values["x"]
    count = np.arange(1, x.shape[-2] + 1)[:, None] * x.shape[-1]
    mean = np.cumsum(x.sum(axis=-1, keepdims=True), axis=-2) / count
    square = np.cumsum((x * x).sum(axis=-1, keepdims=True), axis=-2) / count
    return (x - mean) / np.sqrt(square - mean * mean + run.values["eps"])
