"""Wrong layers: one class per fault, pairs of faults, faulty precisions, and faults that have no name.

`Faulty` is the plain torch layer with every fault behind a switch; `fault` names the ones that are on.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

try:
    from plain_torch_layer import Cache, PlainTorchLayer
except ModuleNotFoundError:  # imported as tests.oracle.mutants
    from tests.oracle.plain_torch_layer import Cache, PlainTorchLayer

FORWARD: tuple[str, ...] = (
    "TanhGelu", "SigmoidGelu", "ReluForGelu", "SiluForGelu", "GeluMissing", "GeluOnGate", "SwappedHalves",
    "InterleavedHalves", "NormMissing", "RmsNorm", "UnbiasedVariance", "EpsOutsideRoot", "EpsFixed",
    "EpsMissing", "NormAffineMissing", "NormBiasMissing", "NormalizedResidual", "ResidualMissing",
    "OutputBiasMissing", "InputBiasMissing", "GateMissing", "GateSigmoid", "OutputTransposed",
    "RotaryHalfSplit", "RotaryMissing", "RotaryQueriesOnly", "RotaryReversed", "RotaryOtherBase",
    "RotaryExponentHalved", "RotaryOnValues", "RotaryOnFeedback", "RotaryBeforeHeads", "RotaryKeysShifted",
    "RotaryAnglesBfloat16", "RotaryAnglesFloat16",
    "AttentionScaleMissing", "AttentionScaleWidth", "AttentionStrictPast", "AttentionNotCausal",
    "GroupsInterleaved", "SoftmaxUnguarded", "MaskTooSmall", "SoftmaxOverQueries", "OutProjMissing",
    "OutProjTransposed", "HeadsInterleaved", "QueryBiasMissing", "ValueBiasMissing",
    "FeedbackScaleHeadWidth", "FeedbackScaleMissing", "FeedbackSeesItself", "FeedbackDiagonalSolved",
    "FeedbackNotRenormalised", "FeedbackQueriesKeysSwapped", "FeedbackBiasMissing", "FirstTokenFeedsItself",
    "GainUnclamped", "GainClampFixed", "GainSigmoid", "GainHardClipped", "GainTanhClipped",
    "GainBiasMissing", "GainContextMissing", "GainOfSource", "GainFromNormalized", "GainAbsolute",
    "SolveMissing", "SolveOneHop", "SolveTwoHops", "SolveThirtyTwoHops", "SolveSignFlipped",
    "SolveTransposed", "SolveBlocksSeparate", "SolveLastBlockDropped",
)  # fmt: skip
"""Faults of the map itself, alike in forward, prefill and decoding."""

DECODE: tuple[str, ...] = (
    "DecodePositionStuck", "DecodePositionZero", "DecodePositionShifted", "DecodeStatesStale",
    "DecodeFeedbackKeysStale", "DecodeKeysStale", "DecodeKeysUnrotated", "DecodeForgetsPrompt",
    "DecodeForgetsItself", "DecodeFeedbackSeesItself", "DecodeGainMissing", "DecodeFeedbackMissing",
    "DecodeRemembersSignal", "PrefillRemembersSignal",
)  # fmt: skip
"""Faults of decoding; the forward pass is right."""

GRADIENT: tuple[str, ...] = (
    "GradientRoutingDetached", "GradientGainDetached", "GradientSolveDetached", "GradientSolveNotTransposed",
    "GradientSolveOneHop", "GradientRoutingSignFlipped", "GradientGateDetached", "GradientNormDetached",
    "GradientAttentionDetached", "GradientValuesDetached", "GradientSoftmaxMeanMissing",
    "GradientGainSlopeMissing", "GradientTanhGelu", "GradientResidualMissing", "GradientBatchMean",
    "GradientGroupsNotSummed", "GradientRotationNotUndone", "GradientFeedbackSources",
)  # fmt: skip
"""Faults of the gradients; every output is right."""

MUTANTS: tuple[str, ...] = FORWARD + DECODE + GRADIENT
"""Classes with one fault each."""

PAIRS: dict[str, tuple[str, str]] = {
    f"{first}_{second}": (first, second)
    for first, second in (
        ("TanhGelu", "GainUnclamped"),
        ("RotaryHalfSplit", "FeedbackScaleHeadWidth"),
        ("NormBiasMissing", "OutputBiasMissing"),
        ("UnbiasedVariance", "RotaryOtherBase"),
        ("FeedbackSeesItself", "GainAbsolute"),
        ("SolveOneHop", "GateSigmoid"),
        ("RmsNorm", "DecodeStatesStale"),
        ("DecodePositionShifted", "DecodeGainMissing"),
        ("TanhGelu", "GradientGainDetached"),
        ("GradientGainDetached", "GradientGateDetached"),
        ("DecodeKeysStale", "GradientSolveOneHop"),
    )
}
"""Classes with two faults, by name."""

PRECISIONS: tuple[str, ...] = ("ComputesFloat32", "SoftmaxBfloat16", "SolveFloat32", "NormFloat16")
"""Classes that compute the right map in too low a precision."""

OTHERS: tuple[str, ...] = (
    "OutputOffsetTiny", "LastTokenWrong", "ThirdHeadZero", "BatchMixed", "CachesByShape",
    "CachesForwardByShape", "ModifiesInput", "TrainingDropout", "OddLengthsWrong",
    "SecondBatchRowUsesFirstGain", "FirstChannelNegated", "DecodesOnlyFirstRow", "KeepsFirstWeights",
    "KeepsFirstTable", "OneCacheForAll", "GradientNeedsInputGradient", "GradientReadsCotangentFlat",
    "OtherInTraining", "ReusesItsOutput", "GradientOfLastForward",
)  # fmt: skip
"""Classes with a fault that no list of usual mistakes holds."""

LONG: dict[str, str] = {
    "WrongBeyond256": "length_521", "SolveHops256": "longer_chains", "PositionsWrapAt2048": "length_2053",
    "TailOf48Wrong": "every_length", "GeluTailsCut": "large_activations",
    "GradientClipped": "large_input", "SmallGradientsFlushed": "tiny_input", "KeepsTokenMemory": "heads",
}  # fmt: skip
"""Classes whose fault only one long case can show, and that case."""

_ADJOINTS = ("GradientSolveDetached", "GradientSolveNotTransposed", "GradientSolveOneHop")
_HOPS = {"SolveOneHop": 1, "SolveTwoHops": 2, "SolveThirtyTwoHops": 32}


class _AdjointSolve(torch.autograd.Function):
    """(I - B)^(-1) f with a wrong adjoint of the name given."""

    @staticmethod
    def forward(ctx: Any, B: Tensor, f: Tensor, adjoint: str) -> Tensor:
        s = torch.linalg.solve_triangular(-B, f, upper=False, unitriangular=True)
        ctx.save_for_backward(B, s)
        ctx.adjoint = adjoint
        return s

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor, Tensor, None]:
        (B, s), (ds,) = ctx.saved_tensors, cotangents
        df = ds
        if ctx.adjoint == "GradientSolveOneHop":
            df = ds + B.mT @ ds
        elif ctx.adjoint == "GradientSolveNotTransposed":
            df = torch.linalg.solve_triangular(-B, ds, upper=False, unitriangular=True)
        return (df @ s.mT).tril(-1), df, None


def _with_gradient_of(value: Tensor, z: Tensor) -> Tensor:
    """`value`, differentiated as if it were `z`."""
    return value.detach() + (z - z.detach())


class Faulty(PlainTorchLayer):
    """The layer with the faults that `fault` names, joined by underscores."""

    fault: str = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batch = 1
        if self.has("GradientBatchMean"):
            for parameter in self.parameters():
                parameter.register_hook(lambda gradient: gradient / self.batch)

    def has(self, *names: str) -> bool:
        return any(name in self.fault.split("_") for name in names)

    def empty_cache(self, batch: tuple[int, ...], like: Tensor) -> Cache:
        cache = super().empty_cache(batch, like)
        # Gains, the length of the prompt, and f, B f, B^2 f, ...: what only faulty layers need.
        return {**cache, "gamma": cache["s"][..., 0], "prompt": 0, "terms": [cache["s"]] * 33}

    def prefill(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        y, cache = self.advance(x, cache)
        cache["prompt"] = x.shape[1]
        if self.has("PrefillRemembersSignal"):
            cache["s"] = cache["terms"][0]
        return y, cache

    def decode_step(self, x_t: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        y, cache = self.advance(x_t[:, None], cache, decoding=True)
        return y[:, 0], cache

    def advance(self, x: Tensor, cache: Cache, decoding: bool = False) -> tuple[Tensor, Cache]:
        self.batch = max(len(x), 1)
        n = self.normalize(x)
        z = n @ self.W_in.weight.mT
        if not self.has("InputBiasMissing"):
            z = z + self.W_in.bias
        a, g = z.chunk(2, dim=-1)
        if self.has("SwappedHalves"):
            a, g = g, a
        if self.has("InterleavedHalves"):
            a, g = z[..., 0::2], z[..., 1::2]
        if self.has("GradientGateDetached"):
            g = g.detach()
        if self.has("GeluOnGate"):
            g = self.gelu(g)
        u = self.gelu(a)
        s, cache = self.mix(u, cache, decoding, gain_input=n if self.has("GainFromNormalized") else u)
        residual = x
        if self.has("NormalizedResidual"):
            residual = n
        if self.has("GradientResidualMissing"):
            residual = x.detach()
        if self.has("ResidualMissing"):
            residual = torch.zeros_like(x)
        return self.after_mixer(residual, s, g), cache

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        if self.has("GateMissing"):
            g = torch.ones_like(g)
        if self.has("GateSigmoid"):
            g = g.sigmoid()
        weight = self.W_out.weight if self.has("OutputTransposed") else self.W_out.weight.mT
        y = x + (s * g) @ weight
        return y if self.has("OutputBiasMissing") else y + self.W_out.bias

    def normalize(self, x: Tensor) -> Tensor:
        if self.has("NormMissing"):
            return x
        mean = torch.zeros_like(x[..., :1]) if self.has("RmsNorm") else x.mean(dim=-1, keepdim=True)
        constant = self.has("GradientNormDetached")
        centred = x - (mean.detach() if constant else mean)
        divisor = self.D - 1 if self.has("UnbiasedVariance") else self.D
        variance = centred.square().sum(dim=-1, keepdim=True) / divisor
        eps = 1e-5 if self.has("EpsFixed") else 0.0 if self.has("EpsMissing") else self.eps
        deviation = variance.sqrt() + eps if self.has("EpsOutsideRoot") else (variance + eps).sqrt()
        n = centred / (deviation.detach() if constant else deviation)
        if self.has("NormAffineMissing"):
            return n
        n = n * self.ln.weight
        return n if self.has("NormBiasMissing") else n + self.ln.bias

    def gelu(self, a: Tensor) -> Tensor:
        if self.has("TanhGelu"):
            return nn.functional.gelu(a, approximate="tanh")
        if self.has("SigmoidGelu"):
            return a * torch.sigmoid(1.702 * a)
        if self.has("ReluForGelu"):
            return a.relu()
        if self.has("SiluForGelu"):
            return a * a.sigmoid()
        if self.has("GeluMissing"):
            return a
        if self.has("GradientTanhGelu"):
            return _with_gradient_of(super().gelu(a), nn.functional.gelu(a, approximate="tanh"))
        return super().gelu(a)

    def mix(
        self, u: Tensor, cache: Cache, decoding: bool = False, gain_input: Tensor | None = None
    ) -> tuple[Tensor, Cache]:
        t, T = cache["s"].shape[-2], u.shape[-2]
        rows, sources = torch.arange(t, t + T)[:, None], torch.arange(t + T)
        positions = rows
        if decoding:
            if self.has("DecodePositionStuck"):
                positions = torch.full_like(rows, cache["prompt"])
            if self.has("DecodePositionZero"):
                positions = torch.zeros_like(rows)
            if self.has("DecodePositionShifted"):
                positions = rows + 1

        q, k, v = self.forward_projections(u, positions)
        k_kept, v_kept = k, v
        if decoding and self.has("DecodeKeysUnrotated"):
            k_kept = self.split(self.mixer.k_proj(u), self.G)
        if decoding and self.has("DecodeKeysStale"):
            k_kept, v_kept = torch.zeros_like(k), torch.zeros_like(v)
        f = self.forward_signal(
            q,
            torch.cat([cache["k"], k], dim=-2),
            torch.cat([cache["v"], v], dim=-2),
            self.forward_visible(rows, sources, decoding) & self.remembered(sources, cache, decoding),
        )
        if self.has("FirstTokenFeedsItself") and t == 0:
            first = self.gain_of(gain_input if gain_input is not None else u)[..., :1]
            f = torch.cat([f[..., :1, :] * (1 + first[..., None]), f[..., 1:, :]], dim=-2)

        q_fb, k_fb = self.feedback_projections(u, positions)
        gamma = self.gain_of(u if gain_input is None else gain_input)
        own = decoding and self.has("DecodeFeedbackSeesItself")
        alpha = self.feedback_weights(
            q_fb, torch.cat([cache["k_fb"], k_fb], dim=-2), rows, sources,
            self.remembered(sources, cache, decoding), own,
        )  # fmt: skip
        gammas = torch.cat([cache["gamma"], gamma], dim=-1)
        gain = gammas[..., None, :] if self.has("GainOfSource") else gamma[..., None]
        if decoding and self.has("DecodeGainMissing"):
            gain = torch.ones_like(gain)
        B = gain * alpha
        if self.has("GradientRoutingSignFlipped") and B.requires_grad:
            B.register_hook(torch.neg)
        if decoding and self.has("DecodeFeedbackMissing"):
            B = torch.zeros_like(B)
        if own:  # its state is not known yet, so its f stands in
            f = f + B[..., t:] @ f
            B = B.tril(diagonal=t - 1)
        s, terms = self.states(B, f, cache, decoding)

        s_kept = s
        if decoding and self.has("DecodeStatesStale"):
            s_kept = torch.zeros_like(s)
        if decoding and self.has("DecodeRemembersSignal"):
            s_kept = f
        if decoding and self.has("DecodeFeedbackKeysStale"):
            k_fb = torch.zeros_like(k_fb)
        kept = {"k": k_kept, "v": v_kept, "k_fb": k_fb, "s": s_kept}
        after = {name: torch.cat([cache[name], new], dim=-2) for name, new in kept.items()}
        return s, {**after, "gamma": gammas, "prompt": cache["prompt"], "terms": terms}

    def forward_projections(self, u: Tensor, positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values with heads, rotated."""
        m = self.mixer
        q, k, v = m.q_proj(u), m.k_proj(u), m.v_proj(u)
        if self.has("QueryBiasMissing"):
            q = u @ m.q_proj.weight.mT
        if self.has("ValueBiasMissing"):
            v = u @ m.v_proj.weight.mT
        if self.has("GradientValuesDetached"):
            v = v.detach()
        if self.rope and self.has("RotaryBeforeHeads"):
            q = self.rotate(q, self.angles(positions, q.shape[-1], u.dtype))
            k = self.rotate(k, self.angles(positions, k.shape[-1], u.dtype))
        q, k, v = self.split(q, self.H), self.split(k, self.G), self.split(v, self.G)
        if self.rope and not self.has("RotaryMissing", "RotaryBeforeHeads"):
            theta = self.angles(positions, self.head_width, u.dtype)
            q = self.rotate(q, theta)
            if self.has("RotaryKeysShifted"):
                k = self.rotate(k, self.angles(positions + 1, self.head_width, u.dtype))
            elif not self.has("RotaryQueriesOnly"):
                k = self.rotate(k, theta)
            if self.has("RotaryOnValues"):
                v = self.rotate(v, theta)
        return q, k, v

    def angles(self, positions: Tensor, width: int, dtype: torch.dtype) -> Tensor:
        theta = super().angles(positions, width, dtype)
        pairs = torch.arange(width // 2, dtype=theta.dtype)
        if self.has("RotaryOtherBase"):
            theta = positions * 500000.0 ** (-2 * pairs / width)
        if self.has("RotaryExponentHalved"):
            theta = positions * 10000.0 ** (-pairs / width)
        if self.has("RotaryReversed"):
            theta = -theta
        if self.has("RotaryAnglesBfloat16"):
            theta = theta.bfloat16().to(theta.dtype)
        if self.has("RotaryAnglesFloat16"):
            theta = theta.half().to(theta.dtype)
        return theta

    def rotate(self, z: Tensor, theta: Tensor) -> Tensor:
        if self.has("RotaryHalfSplit"):
            first, second = z.chunk(2, dim=-1)
            cos, sin = theta.cos(), theta.sin()
            return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1).to(z.dtype)
        if self.has("GradientRotationNotUndone"):
            return _with_gradient_of(super().rotate(z, theta), z)
        return super().rotate(z, theta)

    def share(self, z: Tensor) -> Tensor:
        readers = self.H // self.G
        if self.has("GroupsInterleaved"):
            return torch.cat([z] * readers, dim=-3)
        if self.has("GradientGroupsNotSummed"):
            return torch.stack([z] + [z.detach()] * (readers - 1), dim=-3).flatten(-4, -3)
        return super().share(z)

    def merge(self, z: Tensor) -> Tensor:
        return z.movedim(-3, -1).flatten(-2) if self.has("HeadsInterleaved") else super().merge(z)

    def forward_visible(self, rows: Tensor, sources: Tensor, decoding: bool) -> Tensor:
        if self.has("AttentionNotCausal"):
            return (rows >= 0) & (sources >= 0)
        if self.has("AttentionStrictPast") or (decoding and self.has("DecodeForgetsItself")):
            return sources < rows
        return sources <= rows

    def remembered(self, sources: Tensor, cache: Cache, decoding: bool) -> Tensor:
        forgets = decoding and self.has("DecodeForgetsPrompt")
        return sources >= (cache["prompt"] if forgets else 0)

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        width = 1 if self.has("AttentionScaleMissing") else self.head_width
        if self.has("AttentionScaleWidth"):
            width = self.D
        logits = q @ self.share(k).mT / math.sqrt(width)
        if self.has("SoftmaxOverQueries"):
            alpha = logits.masked_fill(~visible, -torch.inf).softmax(dim=-2)
        else:
            alpha = self.softmax(logits, visible)
        if self.has("GradientAttentionDetached"):
            alpha = alpha.detach()
        o = self.merge(alpha @ self.share(v))
        if self.has("OutProjMissing") or not isinstance(self.mixer.out_proj, nn.Linear):
            return o
        weight = self.mixer.out_proj.weight
        return o @ (weight if self.has("OutProjTransposed") else weight.mT)

    def softmax(self, logits: Tensor, visible: Tensor) -> Tensor:
        seeing = visible.any(dim=-1, keepdim=True)
        if self.has("MaskTooSmall"):
            return logits.masked_fill(~visible, -1e4).softmax(dim=-1).masked_fill(~seeing, 0)
        if self.has("SoftmaxUnguarded"):
            exponentials = logits.masked_fill(~visible, -torch.inf).exp()
            return exponentials / exponentials.sum(dim=-1, keepdim=True).masked_fill(~seeing, 1)
        return super().softmax(logits, visible)

    def feedback_projections(self, u: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        fb = self.mixer.proj_fb(u.detach() if self.has("GradientFeedbackSources") else u)
        if self.has("FeedbackBiasMissing"):
            fb = u @ self.mixer.proj_fb.weight.mT
        q_fb, k_fb = fb.chunk(2, dim=-1)
        if self.has("FeedbackQueriesKeysSwapped"):
            q_fb, k_fb = k_fb, q_fb
        if self.rope and self.has("RotaryOnFeedback"):
            theta = self.angles(positions, self.D, u.dtype)
            q_fb, k_fb = self.rotate(q_fb, theta), self.rotate(k_fb, theta)
        return q_fb, k_fb

    def feedback_weights(
        self, q_fb: Tensor, k_fb: Tensor, rows: Tensor, sources: Tensor, remembered: Tensor, own: bool
    ) -> Tensor:
        width = self.head_width if self.has("FeedbackScaleHeadWidth") else self.D
        logits = q_fb @ k_fb.mT / math.sqrt(1 if self.has("FeedbackScaleMissing") else width)
        past = (sources < rows) & remembered
        visible = past
        if own or self.has("FeedbackSeesItself", "FeedbackDiagonalSolved"):
            visible = past | (sources == rows)
        if self.has("FeedbackNotRenormalised"):
            visible = (rows >= 0) & (sources >= 0)
        if self.has("GradientSoftmaxMeanMissing"):
            shift = logits.masked_fill(~visible, -torch.inf).detach().logsumexp(dim=-1, keepdim=True)
            exponents = logits - shift.masked_fill(~visible.any(dim=-1, keepdim=True), 0)
            alpha = exponents.masked_fill(~visible, -torch.inf).exp()
        else:
            alpha = self.softmax(logits, visible)
        if self.has("FeedbackSeesItself", "FeedbackNotRenormalised"):
            alpha = alpha.masked_fill(~past, 0)
        return alpha.detach() if self.has("GradientRoutingDetached") else alpha

    def gain_of(self, u: Tensor) -> Tensor:
        """gamma, (..., T)."""
        pre = torch.zeros_like(u[..., 0])
        if not self.has("GainContextMissing"):
            pre = self.mixer.gamma_ctx(u)[..., 0]
        if not self.has("GainBiasMissing"):
            pre = pre + self.mixer.gamma_bias
        bound = self.gamma_max
        if self.has("GainUnclamped"):
            return pre.tanh()
        if self.has("GainClampFixed"):
            return 0.999 * pre.tanh()
        if self.has("GainSigmoid"):
            return bound * pre.sigmoid()
        if self.has("GainHardClipped"):
            return pre.clamp(-bound, bound)
        if self.has("GainTanhClipped"):
            return pre.tanh().clamp(-bound, bound)
        if self.has("GradientGainSlopeMissing"):
            return bound * _with_gradient_of(pre.tanh(), pre)
        gamma = bound * pre.tanh()
        if self.has("GradientGainDetached"):
            gamma = gamma.detach()
        return gamma.abs() if self.has("GainAbsolute") else gamma

    def states(self, B: Tensor, f: Tensor, cache: Cache, decoding: bool) -> tuple[Tensor, list[Tensor]]:
        """s of the new tokens from their rows of B, and for all tokens the terms f, B f, B^2 f, ..."""
        t, T = cache["s"].shape[-2], f.shape[-2]
        rows, sources = torch.arange(t, t + T)[:, None], torch.arange(t + T)
        if self.has("SolveMissing"):
            B = torch.zeros_like(B)
        if self.has("SolveSignFlipped"):
            B = -B
        if self.has("SolveBlocksSeparate"):
            B = B.masked_fill(rows // 64 != sources // 64, 0)
        if self.has("SolveLastBlockDropped") and not decoding:
            B = B.masked_fill(rows >= (t + T) // 64 * 64, 0)
        hops = _HOPS.get(next(filter(self.has, _HOPS), ""), 0)
        terms = [torch.cat([cache["terms"][0], f], dim=-2)]
        for hop in range(1, hops + 1):
            terms.append(torch.cat([cache["terms"][hop], B @ terms[-1]], dim=-2))
        if hops:
            return torch.stack(terms).sum(dim=0)[..., t:, :], terms
        known, B = f + B[..., :t] @ cache["s"], B[..., t:]
        if self.has("SolveTransposed"):
            s = torch.linalg.solve_triangular(-B.mT, known, upper=True, unitriangular=True)
        elif adjoint := next(filter(self.has, _ADJOINTS), None):
            s = _AdjointSolve.apply(B, known, adjoint)
            assert isinstance(s, Tensor)
        else:
            s = self.solve(B, known)
        return s, terms


class Right(Faulty):
    """No fault."""


for _name in (*MUTANTS, *PAIRS):
    globals()[_name] = type(_name, (Faulty,), {"fault": _name, "__module__": __name__})


# Too low a precision


class _Advancing(PlainTorchLayer):
    def forward(self, x: Tensor, cache: Cache | None = None) -> Any:
        return self.advance(x, cache or {})


class ComputesFloat32(PlainTorchLayer):
    """Computes in float32 and returns float64; a float32 layer falls to bfloat16."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inner = (_Advancing(*args, **kwargs),)  # in a tuple, so that it adds no parameters

    def advance(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        lower = torch.float32 if x.dtype == torch.float64 else torch.bfloat16
        values = {name: parameter.to(lower) for name, parameter in self.named_parameters()}
        past = {name: tokens.to(lower) for name, tokens in cache.items()}
        y, cache = torch.func.functional_call(self.inner[0], values, (x.to(lower), past))
        return y.to(x.dtype), cache


class SoftmaxBfloat16(Faulty):
    """The feedback weights are kept in bfloat16."""

    def feedback_weights(self, *args: Any, **kwargs: Any) -> Tensor:
        alpha = super().feedback_weights(*args, **kwargs)
        return alpha.bfloat16().to(alpha.dtype)


class SolveFloat32(PlainTorchLayer):
    """The solve, and nothing else, in float32; where all is float32, its operands are rounded to bfloat16."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        if f.dtype == torch.float64:
            return super().solve(B.float(), f.float()).double()
        return super().solve(B.bfloat16(), f.bfloat16()).to(f.dtype)


class NormFloat16(PlainTorchLayer):
    """The norm in float16."""

    def normalize(self, x: Tensor) -> Tensor:
        return super().normalize(x.half()).to(x.dtype)


# Faults without a name


class OutputOffsetTiny(PlainTorchLayer):
    """Everything is off by 1e-9."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return super().after_mixer(x, s, g) + 1e-9


class LastTokenWrong(PlainTorchLayer):
    """The last token's output is off by a millionth."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        y = super().after_mixer(x, s, g)
        return torch.cat([y[..., :-1, :], y[..., -1:, :] * (1 + 1e-6)], dim=-2)


class ThirdHeadZero(PlainTorchLayer):
    """The third head is silent."""

    def merge(self, z: Tensor) -> Tensor:
        others = torch.arange(z.shape[-3])[:, None, None] != 2
        return super().merge(z * others)


class BatchMixed(PlainTorchLayer):
    """Rows of the batch leak into each other a little."""

    def gain(self, pre: Tensor) -> Tensor:
        return super().gain(0.999 * pre + 0.001 * pre.mean(dim=0, keepdim=True))


class CachesForwardByShape(PlainTorchLayer):
    """Whole sequences get the first output that was computed for their shape."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outputs: dict[tuple, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return _with_gradient_of(self.outputs.setdefault(tuple(x.shape), y.detach()), y)


class CachesByShape(CachesForwardByShape):
    """So do decoded tokens."""

    def decode_step(self, x_t: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        y, cache = super().decode_step(x_t, cache)
        return self.outputs.setdefault(tuple(x_t.shape), y), cache


class ModifiesInput(PlainTorchLayer):
    """Adds 1 to its input, in place, once it is done with it."""

    def advance(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        y, cache = super().advance(x, cache)
        with torch.no_grad():
            x.add_(1)
        return y, cache


class TrainingDropout(PlainTorchLayer):
    """Dropout that evaluation mode does not switch off."""

    def gelu(self, a: Tensor) -> Tensor:
        return nn.functional.dropout(super().gelu(a), p=0.1, training=True)


class WrongBeyond256(Faulty):
    """No token reads one that is 256 or more before it."""

    def remembered(self, sources: Tensor, cache: Cache, decoding: bool) -> Tensor:
        rows = sources[cache["s"].shape[-2] :, None]
        return sources > rows - 256


class OddLengthsWrong(PlainTorchLayer):
    """The last token of an odd number gets no feedback."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        if f.shape[-2] % 2:
            last = torch.arange(f.shape[-2])[:, None] == f.shape[-2] - 1
            B = B.masked_fill(last, 0)
        return super().solve(B, f)


class SecondBatchRowUsesFirstGain(PlainTorchLayer):
    """The gain of the first row serves the second one too."""

    def gain(self, pre: Tensor) -> Tensor:
        gamma = super().gain(pre)
        return torch.cat([gamma[:1], gamma[:1], gamma[2:]])[: len(gamma)]


class FirstChannelNegated(PlainTorchLayer):
    """The first coordinate of the states has the wrong sign."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return super().after_mixer(x, torch.cat([-s[..., :1], s[..., 1:]], dim=-1), g)


class DecodesOnlyFirstRow(PlainTorchLayer):
    """Decoding gives every row of the batch the first row's output."""

    def decode_step(self, x_t: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        y, cache = super().decode_step(x_t, cache)
        return y[:1].expand_as(y).contiguous(), cache


class KeepsFirstWeights(PlainTorchLayer):
    """The input projection's weight is copied at the first call, and later updates of it are not seen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept: list[Tensor] = []

    def normalize(self, x: Tensor) -> Tensor:
        if not self.kept:
            self.kept.append(self.ln.weight.detach().clone())
        n = super().normalize(x)
        return n + (self.kept[0] - self.ln.weight).detach() * n.detach()


class KeepsFirstTable(PlainTorchLayer):
    """Rotary angles are tabulated for the first call's tokens; later ones share the last angle."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tokens = 0

    def angles(self, positions: Tensor, width: int, dtype: torch.dtype) -> Tensor:
        self.tokens = self.tokens or len(positions)
        return super().angles(positions.clamp(max=self.tokens - 1) if len(positions) > 1 else positions, width, dtype)


class OneCacheForAll(PlainTorchLayer):
    """The cache belongs to the layer: what is handed out and back is not looked at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own: list[Cache] = []

    def prefill(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        y, cache = super().prefill(x, cache)
        self.own = [cache]
        return y, cache

    def decode_step(self, x_t: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        y, cache = super().decode_step(x_t, self.own[0] if self.own else cache)
        self.own = [cache]
        return y, cache


class GradientNeedsInputGradient(PlainTorchLayer):
    """Nothing has a gradient where the input needs none, as with a checkpoint of the older kind."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.set_grad_enabled(x.requires_grad):
            return super().forward(x)


class _FlatCotangent(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor) -> Tensor:
        return y.clone()

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> Tensor:
        dy = cotangents[0]
        if dy.is_contiguous() or not dy.numel():
            return dy
        return dy.as_strided(dy.shape, torch.empty(dy.shape).stride())


class GradientReadsCotangentFlat(PlainTorchLayer):
    """The backward pass takes the cotangent's memory for contiguous."""

    def forward(self, x: Tensor) -> Tensor:
        y = _FlatCotangent.apply(super().forward(x))
        assert isinstance(y, Tensor)
        return y


class OtherInTraining(PlainTorchLayer):
    """A shortcut in training: the norm has no epsilon."""

    def normalize(self, x: Tensor) -> Tensor:
        eps, self.eps = self.eps, 0.0 if self.training else self.eps
        try:
            return super().normalize(x)
        finally:
            self.eps = eps


class SolveHops256(PlainTorchLayer):
    """The solve is its series, cut after 256 hops."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        term = s = f
        for _ in range(min(256, f.shape[-2])):
            term = B @ term
            s = s + term
        return s


class PositionsWrapAt2048(PlainTorchLayer):
    """The table of rotary angles has 2048 rows and is read modulo that."""

    def angles(self, positions: Tensor, width: int, dtype: torch.dtype) -> Tensor:
        return super().angles(positions % 2048, width, dtype)


class TailOf48Wrong(PlainTorchLayer):
    """Where a single token is left over from blocks of 48, it gets no feedback."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        if f.shape[-2] % 48 == 1:
            last = torch.arange(f.shape[-2])[:, None] == f.shape[-2] - 1
            B = B.masked_fill(last & (f.shape[-2] > 1), 0)
        return super().solve(B, f)


class ReusesItsOutput(PlainTorchLayer):
    """Without gradients, every output of a shape is written to the same memory."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outputs: dict[tuple, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y if y.requires_grad else self.outputs.setdefault(tuple(y.shape), torch.empty_like(y)).copy_(y)


class GradientOfLastForward(PlainTorchLayer):
    """What the backward pass needs of the gate is kept on the layer, where the next forward pass replaces it."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        self.last = (g.detach(),)
        gated = s.detach() * g  # the gradient of s is made by hand, from what was kept

        if s.requires_grad:
            gated = gated + _Kept.apply(s, self)
        return x + self.W_out(gated)


class _Kept(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, s: Tensor, layer: GradientOfLastForward) -> Tensor:
        ctx.layer = layer
        return torch.zeros_like(s)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor, None]:
        return cotangents[0] * ctx.layer.last[0], None


class GeluTailsCut(PlainTorchLayer):
    """GELU is 0 below -5 and the identity above 5."""

    def gelu(self, a: Tensor) -> Tensor:
        return torch.where(a > 5, a, torch.where(a < -5, 0, super().gelu(a)))


class GradientClipped(PlainTorchLayer):
    """The gradient of the states is clipped at 100."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        if s.requires_grad:
            s.register_hook(lambda ds: ds.clamp(-100, 100))
        return super().after_mixer(x, s, g)


class SmallGradientsFlushed(PlainTorchLayer):
    """Gradients of the gain below 1e-8 are taken for zero."""

    def gain(self, pre: Tensor) -> Tensor:
        if pre.requires_grad:
            pre.register_hook(lambda d: torch.where(d.abs() < 1e-8, 0, d))
        return super().gain(pre)


class KeepsTokenMemory(PlainTorchLayer):
    """Decoding keeps the token it was given by reference, and reads it again one step later."""

    def decode_step(self, x_t: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        if "before" in cache:
            _, cache = self.advance(cache["before"][:, None], cache["earlier"])
        y, after = super().decode_step(x_t, cache)
        after |= {"before": x_t, "earlier": {name: cache[name] for name in ("k", "v", "k_fb", "s")}}
        return y, after
