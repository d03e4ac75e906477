"""Wrong layers whose mistake has a number, another source or another place: what no fault of the catalogue is."""

import copy
import math

import torch
from torch import Tensor, nn

try:
    from plain_torch_layer import Cache, PlainTorchLayer
except ModuleNotFoundError:  # imported as tests.oracle.unplanned
    from tests.oracle.plain_torch_layer import Cache, PlainTorchLayer


class OtherEpsilon(PlainTorchLayer):
    """The norm's epsilon is 1e-6 whatever the config says."""

    def normalize(self, x: Tensor) -> Tensor:
        return nn.functional.layer_norm(x, (self.D,), self.ln.weight, self.ln.bias, 1e-6)


class OtherBase(PlainTorchLayer):
    """The rotary base is 5000."""

    def angles(self, positions: Tensor, width: int, dtype: torch.dtype) -> Tensor:
        pairs = torch.arange(width // 2, dtype=dtype)
        return positions.to(dtype) * 5000.0 ** (-2 * pairs / width)


class FiveHops(PlainTorchLayer):
    """The solve is cut after five hops."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        s = f
        for _ in range(5):
            s = f + B @ s
        return s


class WindowOfSixteen(PlainTorchLayer):
    """The forward attention reads sixteen tokens."""

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        sources = torch.arange(k.shape[-2])
        rows = torch.arange(q.shape[-2])[:, None] + k.shape[-2] - q.shape[-2]
        return super().forward_signal(q, k, v, visible & (sources > rows - 16))


class ScaleByWidth(PlainTorchLayer):
    """Forward logits are divided by d instead of its root."""

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        return super().logits(q, k) / (math.sqrt(q.shape[-1]) if q.dim() == 4 else 1)


class GainCutAt(PlainTorchLayer):
    """The gain is tanh, cut at 0.9."""

    def gain(self, pre: Tensor) -> Tensor:
        return torch.tanh(pre).clamp(-0.9, 0.9)


class SoftcapInFeedback(PlainTorchLayer):
    """Feedback logits are capped smoothly at 3."""

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        logits = super().logits(q, k)
        return 3 * torch.tanh(logits / 3) if q.dim() == 3 else logits


class ActivationsClamped(PlainTorchLayer):
    """u is clamped from above at 1.5."""

    def gelu(self, a: Tensor) -> Tensor:
        return super().gelu(a).clamp(max=1.5)


class OutputScaled(PlainTorchLayer):
    """The output is 1.01 times what it should be."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 1.01


class Distances(PlainTorchLayer):
    """A distance bias in the forward attention, with a constant of float32."""

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        logits = super().logits(q, k)
        if q.dim() == 3:
            return logits
        rows = torch.arange(q.shape[-2])[:, None] + k.shape[-2] - q.shape[-2]
        return logits - 0.05 * (rows - torch.arange(k.shape[-2]))


class GainOfInput(PlainTorchLayer):
    """The gain is fed by x."""

    def advance(self, x, cache):
        self.tokens = x
        return super().advance(x, cache)

    def projections(self, u: Tensor):
        q, k, v, fb, _ = super().projections(u)
        return q, k, v, fb, self.mixer.gamma_ctx(self.tokens) + self.mixer.gamma_bias


class ValuesOfA(PlainTorchLayer):
    """The values are made of a, before GELU."""

    def gelu(self, a: Tensor) -> Tensor:
        self.before = a
        return super().gelu(a)

    def projections(self, u: Tensor):
        q, k, _, fb, gain = super().projections(u)
        return q, k, self.mixer.v_proj(self.before), fb, gain


class NextTokenVisible(PlainTorchLayer):
    """The forward attention sees one token too many."""

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        wider = torch.ones(q.shape[-2], k.shape[-2]).tril(k.shape[-2] - q.shape[-2] + 1)
        return super().forward_signal(q, k, v, wider.bool())


class GateAveraged(PlainTorchLayer):
    """The gate is averaged over the batch."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return super().after_mixer(x, s, g.mean(dim=0, keepdim=True).expand_as(g))


class QueriesAndKeysOfUnitLength(PlainTorchLayer):
    """Queries and keys are scaled to length 1."""

    def rotate(self, z: Tensor, theta: Tensor) -> Tensor:
        return super().rotate(nn.functional.normalize(z, dim=-1), theta)


class StatesInBfloat16(PlainTorchLayer):
    """f is rounded to bfloat16 before the solve."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        return super().solve(B, f.bfloat16().to(f.dtype))


class GateHalfDetached(PlainTorchLayer):
    """Half of the gate's gradient is lost."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return super().after_mixer(x, s, g / 2 + g.detach() / 2)


class NoNormBiasGradient(PlainTorchLayer):
    """ln.bias does not learn."""

    def normalize(self, x: Tensor) -> Tensor:
        return nn.functional.layer_norm(x, (self.D,), self.ln.weight, self.ln.bias.detach(), self.eps)


class DecodesTwoAhead(PlainTorchLayer):
    """Positions of decoded tokens are two too high."""

    ahead = 0

    def decode_step(self, x_t, cache):
        self.ahead = 2
        try:
            return super().decode_step(x_t, cache)
        finally:
            self.ahead = 0

    def angles(self, positions: Tensor, width: int, dtype: torch.dtype) -> Tensor:
        return super().angles(positions + self.ahead, width, dtype)


class CachesHalf(PlainTorchLayer):
    """States are cached in float16."""

    def mix(self, u, cache):
        s, after = super().mix(u, cache)
        return s, {**after, "s": after["s"].half().to(s.dtype)}


class Noisy(PlainTorchLayer):
    """Noise that is never the same."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y + 1e-4 * torch.randn_like(y)


class Overwriting(PlainTorchLayer):
    """The input is scaled in place."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        with torch.no_grad():
            x.mul_(0.5)
        return y


class MaskOfTheLongest(PlainTorchLayer):
    """A shorter call after a longer one is another."""

    longest = 0

    def forward(self, x: Tensor) -> Tensor:
        self.longest = max(self.longest, x.shape[1])
        return super().forward(x) + (1e-3 if x.shape[1] < self.longest else 0)


class NormGradientOfLastRow(PlainTorchLayer):
    """The norm's parameters learn from the last row of the batch alone."""

    def normalize(self, x: Tensor) -> Tensor:
        weight, bias = self.ln.weight, self.ln.bias
        others = nn.functional.layer_norm(x[:-1], (self.D,), weight.detach(), bias.detach(), self.eps)
        return torch.cat([others, nn.functional.layer_norm(x[-1:], (self.D,), weight, bias, self.eps)])


class GateGradientInBfloat16(PlainTorchLayer):
    """What flows back through the gate is rounded."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        if g.requires_grad:
            g = g.clone()
            g.register_hook(lambda gradient: gradient.to(torch.bfloat16).to(gradient.dtype))
        return super().after_mixer(x, s, g)


class Remembering(PlainTorchLayer):
    """The second call differs from the first."""

    called = False

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x) + (1e-3 if self.called else 0)
        self.called = True
        return y


class TailKept(PlainTorchLayer):
    """Beyond 32 tokens, what is beyond the last full block comes out as it went in."""

    def forward(self, x: Tensor) -> Tensor:
        full = x.shape[1] // 32 * 32 or x.shape[1]
        return torch.cat([super().forward(x)[:, :full], x[:, full:]], dim=1)


class PadsInFront(PlainTorchLayer):
    """Zero tokens in front, up to a multiple of 8, which are read like others."""

    def forward(self, x: Tensor) -> Tensor:
        padding = -x.shape[1] % 8
        return super().forward(nn.functional.pad(x, (0, 0, padding, 0)))[:, padding:]


class SolvesTailAlone(PlainTorchLayer):
    """An incomplete last block of 16 does not read the full blocks."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        full = f.shape[-2] // 16 * 16
        first, tail = (PlainTorchLayer.solve(self, B[..., p, p], f[..., p, :]) for p in _split(full))
        return torch.cat([first, tail], dim=-2)


def _split(full: int) -> tuple[slice, slice]:
    return slice(0, full), slice(full, None)


class SolvesHalvesOfSignals(PlainTorchLayer):
    """Beyond 8 tokens the lower half reads the right-hand side of the upper one."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        if f.shape[-2] <= 8:
            return super().solve(B, f)
        upper, lower = _split(f.shape[-2] // 2)
        below = f[..., lower, :] + B[..., lower, upper] @ f[..., upper, :]
        return torch.cat(
            [self.solve(B[..., upper, upper], f[..., upper, :]), self.solve(B[..., lower, lower], below)], -2
        )


class DecodesInFloat32(PlainTorchLayer):
    """Decoding steps are computed in float32."""

    def decode_step(self, x_t, cache):
        low = copy.deepcopy(self).float()
        if x_t.dtype != torch.float64:
            return super().decode_step(x_t, cache)
        cast = {name: value.float() if torch.is_tensor(value) else value for name, value in cache.items()}
        y, cast = super(DecodesInFloat32, low).decode_step(x_t.float(), cast)
        cache.update({name: value.double() if torch.is_tensor(value) else value for name, value in cast.items()})
        return y.double(), cache


class OtherForOneRow(PlainTorchLayer):
    """A small error for a batch of one row."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + (1e-3 if len(x) == 1 else 0)


class NeedsLongPrompts(PlainTorchLayer):
    """A prompt of one token raises an error."""

    def prefill(self, x, cache):
        if x.shape[1] == 1:
            raise RuntimeError("a prompt needs two tokens")
        return super().prefill(x, cache)


class StrangelyWrong(PlainTorchLayer):
    """A small smooth error that no family has: a false claim of rounding would be wrong."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y + 1e-6 * torch.sin(3 * y + x.flip(-1)) * y.roll(1, -1)


class ErfOfAbramowitzAndStegun(PlainTorchLayer):
    """erf is the three-term formula 7.1.25."""

    def gelu(self, a: Tensor) -> Tensor:
        x = a.abs() / math.sqrt(2)
        t = 1 / (1 + 0.47047 * x)
        erf = 1 - t * (0.3480242 + t * (-0.0958798 + t * 0.7478556)) * torch.exp(-x * x)
        return a * (1 + a.sign() * erf) / 2


class NotRescaled(PlainTorchLayer):
    """Softmaxes run over blocks of eight keys, and what was summed is not rescaled."""

    def softmax(self, logits: Tensor, visible: Tensor) -> Tensor:
        hidden = torch.where(visible, logits, -math.inf)
        running = hidden.cummax(dim=-1).values
        last = (torch.arange(hidden.shape[-1]) // 8 * 8 + 7).clamp(max=hidden.shape[-1] - 1)
        running = torch.where(visible.any(dim=-1, keepdim=True), running[..., last], 0.0)
        weights = torch.exp(hidden - running)
        return weights / torch.where(visible.any(dim=-1, keepdim=True), weights.sum(dim=-1, keepdim=True), 1.0)


class FeedbackPerHead(PlainTorchLayer):
    """The feedback weights are averages over heads."""

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        return super().logits(q, k) if q.dim() == 4 else super().logits(self.split(q, self.H), self.split(k, self.H))

    def softmax(self, logits: Tensor, visible: Tensor) -> Tensor:
        weights = super().softmax(logits, visible)
        diagonal = bool(visible.diagonal(offset=visible.shape[-1] - visible.shape[-2]).any())
        return weights if diagonal else weights.mean(dim=-3)


class MixedTables(PlainTorchLayer):
    """Cosines lie side by side, sines in halves."""

    def rotate(self, z: Tensor, theta: Tensor) -> Tensor:
        cos, sin = theta.cos().repeat_interleave(2, dim=-1), torch.cat([theta.sin(), theta.sin()], dim=-1)
        return z * cos + torch.stack([-z[..., 1::2], z[..., 0::2]], dim=-1).flatten(-2) * sin


class StrangeActivation(PlainTorchLayer):
    """An activation that has no name."""

    def gelu(self, a: Tensor) -> Tensor:
        return super().gelu(a) + 1e-3 * torch.sin(7 * a)


class WithoutProjectionAlone(PlainTorchLayer):
    """A single token goes another way."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * (1 if x.shape[-2] != 1 else 2)


class FastTanh(PlainTorchLayer):
    """The gain's tanh is a rational function, cut off at 1."""

    def gain(self, pre: Tensor) -> Tensor:
        return self.gamma_max * (pre * (27 + pre**2) / (27 + 9 * pre**2)).clamp(-1, 1)


class StrangeGain(PlainTorchLayer):
    """A gain that has no name."""

    def gain(self, pre: Tensor) -> Tensor:
        return super().gain(pre) + 1e-3 * torch.sin(7 * pre)


class StrangeFeedback(PlainTorchLayer):
    """Feedback logits that have no name."""

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        logits = super().logits(q, k)
        return logits + 1e-3 * torch.sin(7 * logits) if q.dim() == 3 else logits


class StrangeAttention(PlainTorchLayer):
    """Forward logits that have no name."""

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        logits = super().logits(q, k)
        return logits + 1e-3 * torch.sin(7 * logits) if q.dim() == 4 else logits


class RotatedInPlace(PlainTorchLayer):
    """The second coordinate of a pair is made of the turned first one."""

    def rotate(self, z: Tensor, theta: Tensor) -> Tensor:
        even = z[..., 0::2] * theta.cos() - z[..., 1::2] * theta.sin()
        odd = even * theta.sin() + z[..., 1::2] * theta.cos()
        return torch.stack([even, odd], dim=-1).flatten(-2)


class GainSlopeOfItself(PlainTorchLayer):
    """The backward pass of the gain has the slope 1 - gamma^2."""

    def gain(self, pre: Tensor) -> Tensor:
        gamma = super().gain(pre).detach()
        return gamma + (1 - gamma**2) * (pre - pre.detach())


class GainSlopeOfClampedArgument(PlainTorchLayer):
    """The backward pass of the gain takes its argument, clamped to +-1, for tanh."""

    def gain(self, pre: Tensor) -> Tensor:
        gamma, taken = super().gain(pre).detach(), pre.detach().clamp(-1, 1)
        return gamma + self.gamma_max * (1 - taken**2) * (pre - pre.detach())


class FeedbackInPairs(PlainTorchLayer):
    """The output of proj_fb is read as pairs of a query's and a key's channel."""

    def projections(self, u: Tensor):
        q, k, v, fb, gain = super().projections(u)
        return q, k, v, fb.unflatten(-1, (-1, 2)).transpose(-1, -2).flatten(-2), gain


class KeysRotatedAgain(PlainTorchLayer):
    """Cached keys, which are rotated, are rotated again at every step."""

    def mix(self, u, cache):
        before = cache["s"].shape[-2]
        if self.rope and before:
            theta = self.angles(torch.arange(before)[:, None], self.head_width, u.dtype)
            cache = {**cache, "k": self.rotate(cache["k"], theta)}
        return super().mix(u, cache)


class CarriesInBfloat16(PlainTorchLayer):
    """The solve goes over blocks of 8 tokens, and what it carries into later blocks is in bfloat16."""

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        s, carried = f[..., :0, :], f[..., :0, :]
        for start in range(0, f.shape[-2], 8):
            block = slice(start, start + 8)
            new = super().solve(B[..., block, block], f[..., block, :] + B[..., block, :start] @ carried)
            s, carried = torch.cat([s, new], dim=-2), torch.cat([carried, new.bfloat16().to(new.dtype)], dim=-2)
        return s


class RotatesGradientsForward(PlainTorchLayer):
    """What flows back through the rotation is turned by the angle instead of minus the angle."""

    def rotate(self, z: Tensor, theta: Tensor) -> Tensor:
        back = super().rotate(z, -theta)
        return super().rotate(z, theta).detach() + back - back.detach()


class DecodesOtherGroups(PlainTorchLayer):
    """In decoding steps query heads take key/value heads in turn."""

    decoding = False

    def decode_step(self, x_t, cache):
        self.decoding = True
        try:
            return super().decode_step(x_t, cache)
        finally:
            self.decoding = False

    def share(self, z: Tensor) -> Tensor:
        return z.repeat(1, self.H // self.G, 1, 1) if self.decoding else super().share(z)


class PrefillsInBlocks(PlainTorchLayer):
    """The prefill restarts positions after every four tokens."""

    prefilling = False

    def prefill(self, x, cache):
        self.prefilling = True
        try:
            return super().prefill(x, cache)
        finally:
            self.prefilling = False

    def angles(self, positions: Tensor, width: int, dtype: torch.dtype) -> Tensor:
        return super().angles(positions % 4 if self.prefilling else positions, width, dtype)


class OneCache(PlainTorchLayer):
    """Every sequence of a batch size gets the same cache, which refuses more tokens than it was made for."""

    cache: Cache
    most = 0

    def init_cache(self, batch_size, device=None, dtype=None, max_len=None):
        self.cache, self.most = super().init_cache(batch_size, device, dtype), max_len or 0
        return self.cache

    def prefill(self, x, cache):
        y, self.cache = super().prefill(x, self.cache)
        return y, self.cache

    def decode_step(self, x_t, cache):
        if self.cache["s"].shape[-2] >= self.most:
            raise ValueError("the cache is full")
        y, self.cache = super().decode_step(x_t, self.cache)
        return y, self.cache


class GateOfTokens(PlainTorchLayer):
    """The gate is projected from the tokens instead of the norm's output."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return super().after_mixer(x, s, self.W_in(x)[..., self.D :])


class GateOfState(PlainTorchLayer):
    """The gate is projected from the state."""

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return super().after_mixer(x, s, self.W_in(s)[..., self.D :])


class ActivatesGate(PlainTorchLayer):
    """GELU is applied to the other half of W_in's output."""

    def gelu(self, a: Tensor) -> Tensor:
        return a

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return super().after_mixer(x, s, nn.functional.gelu(g))


class ActivatesState(PlainTorchLayer):
    """GELU is applied to the state instead of a."""

    def gelu(self, a: Tensor) -> Tensor:
        return a

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return super().after_mixer(x, nn.functional.gelu(s), g)


class LinearUnit(PlainTorchLayer):
    """The mixer reads a gated linear unit, and the state has no gate."""

    def advance(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        a, g = self.W_in(self.normalize(x)).chunk(2, dim=-1)
        s, cache = self.mix(a * nn.functional.silu(g), cache)
        return x + self.W_out(s), cache


class TooFewTiles(PlainTorchLayer):
    """Tiles of 16 queries go over tiles of 8 keys up to the one in which the first query lies."""

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        past, parts = k.shape[-2] - q.shape[-2], []
        for row in range(0, q.shape[-2], 16):
            first = (past + row) // 16 * 16
            end = min(first - first % 8 + 8, k.shape[-2]) if not past else k.shape[-2]
            tile = slice(row, row + 16)
            parts.append(super().forward_signal(q[..., tile, :], k[..., :end, :], v[..., :end, :], visible[tile, :end]))
        return torch.cat(parts, dim=-2) if parts else super().forward_signal(q, k, v, visible)


class ReadsEdgesTwice(PlainTorchLayer):
    """Tiles of 8 keys, of which each also reads the first key of the next."""

    def softmax(self, logits: Tensor, visible: Tensor) -> Tensor:
        if logits.dim() == 3:
            return super().softmax(logits, visible)
        exponentials = torch.exp(logits).masked_fill(~visible, 0)
        weights = torch.zeros_like(exponentials)
        for start in range(0, logits.shape[-1], 8):
            weights[..., start : start + 9] += exponentials[..., start : start + 9]
        return weights / weights.sum(dim=-1, keepdim=True)


class ScalesWeights(PlainTorchLayer):
    """The forward attention divides its weights by the root of the width, instead of its logits."""

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        return q @ k.mT if q.dim() == 4 else super().logits(q, k)

    def softmax(self, logits: Tensor, visible: Tensor) -> Tensor:
        return super().softmax(logits, visible) / (math.sqrt(self.head_width) if logits.dim() == 4 else 1)


class KeepsPadding(PlainTorchLayer):
    """Prompts are padded by zero tokens to a multiple of 8, and the cache is not cut again."""

    def prefill(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        T = x.shape[-2]
        y, cache = super().prefill(nn.functional.pad(x, (0, 0, 0, -T % 8)), cache)
        return y[..., :T, :], cache
