"""Families: mistakes with a number in them, which the diagnosis fits to what a candidate computed."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.notation import Array
from sessa_ref.oracle.faults import graph
from sessa_ref.oracle.faults.graph import Changes, Number, Run
from sessa_ref.oracle.faults.modes import ROWS, shifted
from sessa_ref.oracle.faults.places import PLACES, Place
from sessa_ref.oracle.faults.variation import Amount, Family, one, together

_EPS = tuple(10.0**-k for k in range(1, 17))
_BASES = (100.0, 500.0, 1000.0, 1e4, 1e5, 5e5, 1e6, 1e7, 2.0, 50.0)
_FACTORS = (
    1.0001,
    0.5,
    2.0,
    0.25,
    4.0,
    0.1,
    10.0,
    0.01,
    0.75,
    0.9,
    0.99,
    1.01,
    1.1,
    1.25,
    1.5,
    0.001,
    100.0,
    -0.5,
    -2.0,
)
_SMALL = (1e-9, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 1.0, 2.0, -1e-3, -0.1, -1.0)
_SHARES = (1e-6, 0.5, 0.1, 0.9, 0.25, 0.75, 0.01, 0.99, 0.2, 0.8, 0.3, 0.7)
_COUNTS = (*range(1, 41), 48, 50, 63, 64, 65, 96, 100, 127, 128, 129, 192, 200, 255, 256, 257, 500, 512, 1000, 1024)
_BLOCKS = (*range(2, 33), 48, 64, 96, 100, 128, 192, 256, 512, 1024)


def families() -> Iterator[Family]:
    """Every family."""
    yield from of_settings()
    yield from of_places()


def of_settings() -> Iterator[Family]:
    """Families of one setting or one part of the layer, and then those of both attentions alike."""
    one_attention = list(_softmaxes())
    yield from _settings()
    yield from one_attention
    yield from _windows()
    yield from _solves()
    yield from _matrices()
    yield from _of_both(one_attention)
    for place in PLACES:
        yield next(_of_place(place))  # a mere factor


def of_places() -> Iterator[Family]:
    """Families of any value."""
    for place in PLACES:
        _, *others = _of_place(place)
        yield from others


def _set(name: str) -> Callable[[Amount], Changes]:
    return lambda amount: one(name, lambda run, value: amount(run))


def _times(name: str) -> Callable[[Amount], Changes]:
    return lambda amount: one(name, lambda run, value: value * amount(run))


def _settings() -> Iterator[Family]:
    yield Family(
        "NormEpsilon", "token-wise", "The norm's epsilon is {number} instead of {right}.",
        "The norm is built with another library's default.", "Pass the config's ln_eps to the norm.",
        _set("eps"), _EPS, right="the config's (1e-05 by default)",
    )  # fmt: skip
    yield Family(
        "NormEpsilonOutside", "token-wise", "The norm adds {number} to the standard deviation, and nothing to the variance.",
        "A hand-written norm.", "Add the config's ln_eps to the variance.",
        lambda amount: one("deviation", lambda run, d: np.sqrt(run.values["variance"]) + amount(run)), _EPS,
    )  # fmt: skip
    yield Family(
        "RotaryBase", "rotary", "The base of the rotary frequencies is {number} instead of {right}.",
        "The base of another model.", "Use the config's base, 10000 in the published layer.",
        _set("base"), _BASES, right="the config's (10000 in the published layer)",
    )  # fmt: skip
    for name, value, words in (
        ("RotaryPositionScale", "positions", "Positions are multiplied by {number} before the rotation."),
        ("RotaryExponentScale", "exponents", "The exponents of the rotary frequencies are multiplied by {number}."),
        ("RotaryQueryScale", "query theta", "The angles of queries are multiplied by {number}."),
        ("RotaryKeyScale", "key theta", "The angles of keys are multiplied by {number}."),
    ):
        yield Family(
            name, "rotary", words, "A scale of positions or frequencies taken over from a long-context model.",
            "theta_tr = t base^(-2r/d).", _times(value), (2.0, 0.5, 0.25, 4.0, 0.125, 8.0, 0.1, 10.0, 2 * np.pi, 0.0),
        )  # fmt: skip
    for name, theta, words in (
        ("RotaryKeyOffset", "key theta", "Keys are rotated by their position plus {number}."),
        ("RotaryQueryOffset", "query theta", "Queries are rotated by their position plus {number}."),
    ):
        yield Family(
            name, "rotary", words, "Queries and keys count positions from different starts.", "Count both from 0.",
            lambda amount, theta=theta: one(theta, lambda run, w: w + amount(run) * run.values["frequencies"]),
            (1, -1, 2, -2, 3, 4, 8, 16),
        )  # fmt: skip
    for name, rule, words in (
        ("RotaryPositionsWrap", lambda p, m: p % m, "Positions start again at 0 after every {number} tokens."),
        ("RotaryPositionsStop", lambda p, m: np.minimum(p, m - 1), "All positions from {number} - 1 on are the same."),
        ("RotaryPositionsStride", lambda p, m: p // m, "{number} tokens in a row share a position."),
    ):
        yield Family(
            name, "rotary", words, "A table of angles with a limited number of rows, or positions within a block.",
            "Every token has its own position.",
            lambda amount, rule=rule: one("positions", lambda run, p: rule(p, amount(run))), _COUNTS,
        )  # fmt: skip
    for name, first, words in (
        ("RotaryPartial", True, "Only the first {number} pairs of coordinates are rotated."),
        ("RotaryPartialEnd", False, "The first {number} pairs of coordinates are not rotated."),
    ):
        yield Family(
            name, "rotary", words, "Partial rotary embedding taken over from another model.", "Rotate every pair.",
            lambda amount, first=first: one(
                "theta", lambda run, w: w * ((np.arange(w.shape[-1]) < amount(run)) == first)
            ),
            tuple(range(0, 17)),
        )  # fmt: skip
    yield Family(
        "RotaryPartialShare", "rotary", "Only a share of {number} of the pairs is rotated.",
        "Partial rotary embedding taken over from another model.", "Rotate every pair.",
        lambda amount: one("theta", lambda run, w: w * (np.arange(w.shape[-1]) < int(amount(run) * w.shape[-1]))),
        (0.5, 0.25, 0.75),
    )  # fmt: skip
    yield Family(
        "RotaryPartialOfShorter", "rotary", "Only the first {number} of the pairs, as a share, are rotated, by the frequencies of a head of that width.",
        "Partial rotary embedding taken over from another model.", "Rotate every pair.", _shorter_rotation, (0.5, 0.25, 0.75),
    )  # fmt: skip
    yield Family(
        "GainBound", "feedback", "The gain's bound is {number} instead of {right}.",
        "gamma_max is not passed on, or written as a constant.", "Use the config's gamma_max.",
        _set("gamma_max"), (0.9, 0.99, 0.999, 0.9999, 0.95, 0.5, 1.0, 0.8, 2.0), right="the config's gamma_max (0.999 by default)",
    )  # fmt: skip
    yield Family(
        "GainCut", "feedback", "The gain is tanh cut off at +-{number} instead of gamma_max tanh.",
        "A clamp in place of the factor gamma_max.", "Use gamma_max tanh(z).",
        lambda amount: one("gamma", lambda run, v: _clamped(np.tanh(run.values["z"]), -abs(amount(run)), abs(amount(run)))),
        (0.9, 0.99, 0.95, 0.8, 0.5, 0.999),
    )  # fmt: skip
    yield Family(
        "GainTemperature", "feedback", "The gain's argument is multiplied by {number}.",
        "A temperature in tanh.", "gamma_t = gamma_max tanh(<w, u_t> + b).", _times("z"), _FACTORS,
    )  # fmt: skip
    yield Family(
        "GainContextScale", "feedback", "The gain's context <w, u> is multiplied by {number}, its bias is not.",
        "A scale that belongs to attention.", "gamma_t = gamma_max tanh(<w, u_t> + b).",
        _times("mixer.gamma_ctx.weight"), _FACTORS,
    )  # fmt: skip
    for name, weight in (
        ("NormWeightScale", "ln.weight"), ("NormBiasScale", "ln.bias"), ("InputBiasScale", "W_in.bias"),
        ("OutputBiasScale", "W_out.bias"), ("QueryBiasScale", "mixer.q_proj.bias"), ("KeyBiasScale", "mixer.k_proj.bias"),
        ("ValueBiasScale", "mixer.v_proj.bias"), ("FeedbackBiasScale", "mixer.proj_fb.bias"),
        ("GainBiasScale", "mixer.gamma_bias"),
    ):  # fmt: skip
        yield Family(
            name, "token-wise", f"{weight} is multiplied by {{number}}.", "A scale that belongs elsewhere.",
            f"Use {weight} as it is given.",
            lambda amount, weight=weight: one(weight, lambda run, w: None if w is None else w * amount(run)), _FACTORS,
        )  # fmt: skip
    for name, weight in (("NormWeightOffset", "ln.weight"), ("GainBiasOffset", "mixer.gamma_bias")):
        yield Family(
            name, "token-wise", f"{{number}} is added to {weight}.", "An initial value is added.",
            f"Use {weight} as it is given.",
            lambda amount, weight=weight: one(weight, lambda run, w: None if w is None else w + amount(run)), _SMALL,
        )  # fmt: skip
    yield Family(
        "GeluScale", "token-wise", "The activation is a sigmoid(c a) with c = {number}.",
        "A swish in place of GELU.", "Use the exact GELU.",
        lambda amount: one("u", lambda run, u: run.values["a"] * (1 + np.tanh(amount(run) * run.values["a"] / 2)) / 2),
        (1.0, 1.702, 1.5, 2.0, 0.5),
    )  # fmt: skip
    yield Family(
        "GeluSlope", "token-wise", "The activation is a leaky ReLU of slope {number}.",
        "Another activation in place of GELU.", "Use the exact GELU.",
        lambda amount: one("u", lambda run, u: np.where(np.real(run.values["a"]) > 0, 1, amount(run)) * run.values["a"]),
        (0.01, 0.1, 0.2, 0.3, 0.5, 0.0),
    )  # fmt: skip


def _shorter_rotation(amount: Amount) -> Changes:
    def rotated(heads: str) -> Callable[[Run, Array], Array]:
        def change(run: Run, z: Array) -> Array:
            width = int(amount(run) * z.shape[-1]) // 2 * 2
            if not run.config.rope or not width:
                return z
            frequencies = run.config.rope_base ** (-2.0 * np.arange(width // 2) / width)
            theta = run.values["positions"][:, None] * frequencies
            plain = run.values[heads]
            return np.concatenate([graph.rotate(plain[..., :width], theta), plain[..., width:]], axis=-1)

        return change

    return {"q_rotated": rotated("q_heads"), "k_rotated": rotated("k_heads")}


_RULES: tuple[tuple[str, str, Callable[[Array, Array, int], Array]], ...] = (
    ("Window", "reads the last {number} tokens only, itself among them", lambda t, j, w: j > t - w),
    ("Blocks", "reads tokens of its own block of {number} only", lambda t, j, w: j // w == t // w),
    ("BlocksBefore", "reads its own block of {number} and the one before", lambda t, j, w: j // w >= t // w - 1),
    ("Dilation", "reads every {number}th token back", lambda t, j, w: (t - j) % w == 0),
    ("DilationAndItself", "reads itself and tokens whose number is a multiple of {number}", lambda t, j, w: (j % w == 0) | (j == t)),
    ("DilationFromPrevious", "reads every {number}th token back from the previous one", lambda t, j, w: (t - j) % w == 1 % w),
    ("Beginning", "reads the first {number} tokens and itself only", lambda t, j, w: (j < w) | (j == t)),
    ("WithoutBeginning", "does not read the first {number} tokens, except itself", lambda t, j, w: (j >= w) | (j == t)),
    ("Delay", "reads tokens at least {number} back, and itself", lambda t, j, w: (j <= t - w) | (j == t)),
    ("WindowAndFirst", "reads the last {number} tokens and the first", lambda t, j, w: (j > t - w) | (j == 0)),
)  # fmt: skip
"""Rules of what is read, by the numbers of the reading and the read token."""

_FEEDBACK_RULES: tuple[tuple[str, str, Callable[[Array, Array, int], Array]], ...] = (
    ("Window", "reads the last {number} states only", lambda t, j, w: j >= t - w),
    *_RULES[1:6],
    ("Beginning", "reads the first {number} states only", lambda t, j, w: j < w),
    ("WithoutBeginning", "does not read the first {number} states", lambda t, j, w: j >= w),
    ("Delay", "reads states at least {number} back", lambda t, j, w: j <= t - w),
    ("WindowAndFirst", "reads the last {number} states and the first", lambda t, j, w: (j >= t - w) | (j == 0)),
)


def _windows() -> Iterator[Family]:
    for what, area, mask, weights, rules in (
        ("Attention", "attention", "visible", "alpha", _RULES),
        ("Feedback", "feedback", "visible_fb", "alpha_fb", _FEEDBACK_RULES),
    ):
        for label, words, rule in rules:

            def hidden(amount: Amount, mask=mask, rule=rule) -> Changes:
                return one(mask, lambda run, v: v & rule(run.values["rows"], run.values["columns"], amount(run)))

            def dropped(amount: Amount, weights=weights, rule=rule) -> Changes:
                return one(
                    weights,
                    lambda run, v: np.where(rule(run.values["rows"], run.values["columns"], amount(run)), v, 0),
                )

            yield Family(
                f"{what}{label}", area, f"In the {'forward' if area == 'attention' else 'feedback'} attention a token {words}.",
                "A sliding window, a block or a stride of another model, or a cache of limited size.",
                "Let it read the whole past.", hidden, _COUNTS,
            )  # fmt: skip
            yield Family(
                f"{what}{label}Dropped", area,
                f"In the {'forward' if area == 'attention' else 'feedback'} attention a token {words}; other weights are dropped after the softmax.",
                "A mask that multiplies weights.", "Let it read the whole past.", dropped, _COUNTS,
            )  # fmt: skip


def _solving(function: Callable[[Run, Array, Array, Number], Array]) -> Callable[[Amount], Changes]:
    def changes(amount: Amount) -> Changes:
        def change(run: Run, s: Array) -> Array:
            return s if run.past else function(run, run.values["B"], run.values["f"], amount(run))

        return one("s", change)

    return changes


def _series(run: Run, B: Array, f: Array, hops: Number) -> Array:
    term = total = f
    for _ in range(min(int(hops), f.shape[-2])):
        term = B @ term
        total = total + term
    return total


def _damped(run: Run, B: Array, f: Array, share: Number) -> Array:
    return f + share * (graph.solve(B, f) - f)


def _in_blocks(run: Run, B: Array, f: Array, size: Number) -> Array:
    block = np.arange(f.shape[-2]) // size
    return graph.solve(B * (block[:, None] == block), f)


def _blocks_of_signals(run: Run, B: Array, f: Array, size: Number) -> Array:
    block = np.arange(f.shape[-2]) // size
    same = block[:, None] == block
    return graph.solve(B * same, f + (B * ~same) @ f)


def _tail_dropped(run: Run, B: Array, f: Array, size: Number) -> Array:
    T = f.shape[-2]
    full = T // size * size
    return graph.solve(B * (np.arange(T) < full)[:, None], f)


def _only_first(run: Run, B: Array, f: Array, count: Number) -> Array:
    return graph.solve(B * (np.arange(f.shape[-2]) < count)[:, None], f)


def _block_starts(run: Run, B: Array, f: Array, size: Number) -> Array:
    tokens = np.arange(f.shape[-2])
    return graph.solve(B * ((tokens % size != 0) | (tokens == 0))[:, None], f)


def _last_of_block_before(run: Run, B: Array, f: Array, size: Number) -> Array:
    block = np.arange(f.shape[-2]) // size
    return graph.solve(B * (block[:, None] - block <= 1), f)


def _damped_iteration(run: Run, B: Array, f: Array, share: Number) -> Array:
    return graph.solve(share * B, share * f)


def _solves() -> Iterator[Family]:
    cause, fix = "A truncated series or a blocked algorithm.", "Solve (I - B) s = f."
    for name, words, function, starts in (
        ("SolveHops", "The solve is its series, cut after {number} hops.", _series, _COUNTS),
        ("SolveBlocks", "The solve runs in blocks of {number} tokens that do not read earlier blocks.", _in_blocks, _BLOCKS),
        ("SolveBlocksOfSignals", "The solve runs in blocks of {number} tokens, and reads f instead of s of earlier blocks.", _blocks_of_signals, _BLOCKS),
        ("SolveTailDropped", "With blocks of {number}, the tokens of an incomplete last block get no feedback.", _tail_dropped, _BLOCKS),
        ("SolveBlockStarts", "With blocks of {number}, the first token of a block gets no feedback.", _block_starts, _BLOCKS),
        ("SolveBlockBefore", "With blocks of {number}, feedback reaches back to the block before and no further.", _last_of_block_before, _BLOCKS),
        ("SolveFirst", "Only the first {number} tokens get feedback.", _only_first, _COUNTS),
        ("FeedbackShare", "The feedback is multiplied by {number}: s = f + {number} ((I - B)^(-1) f - f).", _damped, _FACTORS),
        ("SolveDamped", "The solve is damped: s = {number} (f + B s).", _damped_iteration, _FACTORS),
        ("SolveDiagonal", "The matrix of the solve has {number} added to its diagonal.", lambda run, B, f, c: graph.solve(B - c * np.eye(f.shape[-2]), f), _SMALL),
        ("SolveRoutingThreshold", "Entries of B smaller than {number} are dropped.", lambda run, B, f, c: graph.solve(np.where(np.abs(np.real(B)) < c, 0, B), f), (1e-3, 1e-2, 1e-4, 0.1, 1e-6, 0.05)),
        ("SolveHopDecay", "Hop k of the feedback is weighted by {number}^k.", lambda run, B, f, c: graph.solve(c * B, f), _FACTORS),
    ):  # fmt: skip
        yield Family(name, "solve", words, cause, fix, _solving(function), starts)
    yield Family(
        "SolveJacobi", "solve", "The solve is {number} damped iterations s <- (s + f + B s) / 2 from s = f.", cause, fix,
        _solving(_half_iterations), _COUNTS[:64],
    )  # fmt: skip


def _half_iterations(run: Run, B: Array, f: Array, steps: Number) -> Array:
    s = f
    for _ in range(int(steps)):
        s = (s + f + B @ s) / 2
    return s


def _softmaxes() -> Iterator[Family]:
    for word, area, alpha, logits, visible, scale in (
        ("Forward", "attention", "alpha", "logits", "visible", "scale"),
        ("Feedback", "feedback", "alpha_fb", "logits_fb", "visible_fb", "scale_fb"),
    ):
        phrase = f"{word.lower()} logits"
        yield Family(
            f"{word}LogitsScale", area, f"The {phrase} are scaled by {{number}} instead of {{right}}.",
            "Another root, another width, or a temperature.", "Divide by the root of the width of queries and keys.",
            _set(scale), (1.0, 0.5, 0.25, 0.125, 0.0625, 2.0, 0.1, 4.0, 0.01, -0.25),
            right="1/sqrt(d)" if scale == "scale" else "1/sqrt(D)",
        )  # fmt: skip
        yield Family(
            f"{word}LogitsScaledMore", area, f"The {phrase} are multiplied by a further {{number}}.",
            "A temperature, or a scale that is applied in two places.", "Divide by the root of the width once.",
            _times(logits), _FACTORS,
        )  # fmt: skip
        yield Family(
            f"{word}Softcap", area, f"The {phrase} are capped smoothly: {{number}} tanh(logit / {{number}}).",
            "A softcap taken over from another model.", "Use the logits as they are.",
            lambda amount, logits=logits: one(logits, lambda run, z: amount(run) * np.tanh(z / amount(run))),
            (50.0, 30.0, 20.0, 10.0, 5.0, 2.0, 1.0, 100.0),
        )  # fmt: skip
        yield Family(
            f"{word}Distance", area, f"{{number}} times the distance t - j is added to the {phrase} (as in ALiBi).",
            "A position bias taken over from another model.", "Use the logits as they are.",
            lambda amount, logits=logits: one(
                logits, lambda run, z: z + amount(run) * (run.values["rows"] - run.values["columns"])
            ),
            (-0.5, -0.25, -0.125, -1.0, -0.0625, -0.1, -0.01, 0.1, 0.01, 1.0),
        )  # fmt: skip
        yield Family(
            f"{word}HeadDistance", area,
            f"2^(-{{number}} (h + 1)/H) times the distance t - j is subtracted from the {phrase} of head h (ALiBi).",
            "A position bias taken over from another model.", "Use the logits as they are.",
            lambda amount, logits=logits: one(logits, lambda run, z: z - _slopes(run, z, amount(run))), (8.0, 4.0, 2.0),
        )  # fmt: skip
        for label, words, function in (
            ("PlusOne", "has {number} added to its denominator (a further logit 0)", lambda z, seen, c: graph.softmax(z, seen, beside=c)),
            ("Epsilon", "has {number} added to its denominator, the row's maximum being taken out", lambda z, seen, c: graph.softmax(z, seen, eps=c)),
            ("Power", "has its weights to the power {number}, without normalising again", lambda z, seen, c: np.where(seen, graph.softmax(z, seen), 1) ** c * seen),
            ("Uniform", "is mixed with a share of {number} of uniform weights", lambda z, seen, c: (1 - c) * graph.softmax(z, seen) + c * seen / np.maximum(seen.sum(axis=-1, keepdims=True), 1)),
            ("Threshold", "drops weights below {number}", lambda z, seen, c: _thresholded(graph.softmax(z, seen), c)),
            ("ThresholdNormalized", "drops weights below {number} and divides by the sum of the rest", lambda z, seen, c: _again(_thresholded(graph.softmax(z, seen), c))),
            ("Decay", "is multiplied by {number}^(t - j)", None),
            ("DecayNormalized", "is multiplied by {number}^(t - j) and divided by its sum", None),
        ):  # fmt: skip
            starts = _SMALL if label == "PlusOne" else _SHARES
            starts = _EPS if label == "Epsilon" else starts
            if function is None:
                change = _decaying(alpha, label == "DecayNormalized")
            else:
                change = _reweighted(alpha, logits, visible, function)
            yield Family(
                f"{word}Softmax{label}", area, f"The {word.lower()} softmax {words}.",
                "Another normalisation, or a guard against a division by zero.",
                "Take the softmax over the visible logits of a row.", change, starts,
            )  # fmt: skip
        for label, words in (("Top", "keeps the {number} largest weights of a row"),):
            yield Family(
                f"{word}Softmax{label}", area, f"The {word.lower()} softmax {words} and no others.",
                "Sparse attention taken over from another model.", "Use all visible tokens.",
                _reweighted(alpha, logits, visible, lambda z, seen, c: graph.softmax(z, seen & _largest(z, seen, c))), _COUNTS[:40],
            )  # fmt: skip
        yield Family(
            f"{word}HiddenLogits", area, f"Hidden {phrase} are {{number}} instead of minus infinity.",
            "A finite number is filled in.", "Fill in minus infinity.",
            _reweighted(alpha, logits, visible, lambda z, seen, c: graph.softmax(np.where(seen, z, c), seen.any(axis=-1, keepdims=True) | seen)),
            (-10.0, -5.0, -1.0, -100.0, -20.0, 0.0, -30.0, -1000.0, -1e4),
        )  # fmt: skip
        yield Family(
            f"{word}HiddenAddend", area, f"{{number}} is added to hidden {phrase}; they still count.",
            "A mask that is added with a finite number.", "Fill in minus infinity.",
            _reweighted(alpha, logits, visible, lambda z, seen, c: graph.softmax(np.where(seen, z, z + c), seen.any(axis=-1, keepdims=True) | seen)),
            (-10.0, -5.0, -1.0, -100.0, -20.0, 0.0, -30.0, -1000.0, -1e4),
        )  # fmt: skip


def _slopes(run: Run, z: Array, exponent: Number) -> Array:
    heads = z.shape[1] if z.ndim == 4 else 1
    slopes = 2.0 ** (-exponent * np.arange(1, heads + 1) / heads)
    distance = run.values["rows"] - run.values["columns"]
    return slopes[:, None, None] * distance if z.ndim == 4 else slopes[0] * distance


def _thresholded(alpha: Array, least: Number) -> Array:
    return np.where(np.real(alpha) < least, 0, alpha)


def _again(alpha: Array) -> Array:
    total = np.sum(alpha, axis=-1, keepdims=True)
    return alpha / np.where(np.real(total) == 0, 1, total)


def _largest(z: Array, seen: Array, count: Number) -> Array:
    logits = np.where(seen, np.real(z), -np.inf)
    least = np.sort(logits, axis=-1)[..., -min(int(count), logits.shape[-1]), None]
    return logits >= least


def _reweighted(alpha: str, logits: str, visible: str, function: Callable) -> Callable[[Amount], Changes]:
    return lambda amount: one(alpha, lambda run, value: function(run.values[logits], run.values[visible], amount(run)))


def _decaying(alpha: str, normalized: bool) -> Callable[[Amount], Changes]:
    def changes(amount: Amount) -> Changes:
        def change(run: Run, weights: Array) -> Array:
            distance = np.maximum(run.values["rows"] - run.values["columns"], 0)
            weights = weights * np.abs(amount(run)) ** distance
            return _again(weights) if normalized else weights

        return one(alpha, change)

    return changes


def _matrices() -> Iterator[Family]:
    cause = "A regulariser, a bias or a threshold that the definition does not have."
    for name, area, value, words, function in (
        ("ForwardWeightsOnDiagonal", "attention", "alpha", "{number} is added to each token's weight on itself.", _on_diagonal),
        ("ForwardLogitsOnDiagonal", "attention", "logits", "{number} is added to each token's forward logit on itself.", _on_diagonal),
        ("RoutingOnDiagonal", "feedback", "B", "{number} is added to the diagonal of B.", _on_diagonal),
        ("RoutingOnPrevious", "feedback", "B", "{number} is added to B below the diagonal.", _on_previous),
        ("ForwardLogitsOnFirst", "attention", "logits", "{number} is added to every logit on the first token.", _on_first),
        ("FeedbackLogitsOnFirst", "feedback", "logits_fb", "{number} is added to every feedback logit on the first token.", _on_first),
    ):  # fmt: skip
        yield Family(
            name, area, words, cause, "Leave it out.",
            lambda amount, value=value, function=function: one(value, lambda run, z: function(run, z, amount(run))), _SMALL,
        )  # fmt: skip


def _on_diagonal(run: Run, z: Array, amount: Number) -> Array:
    return z + amount * (run.values["rows"] == run.values["columns"])


def _on_previous(run: Run, z: Array, amount: Number) -> Array:
    return z + amount * (run.values["rows"] == run.values["columns"] + 1)


def _on_first(run: Run, z: Array, amount: Number) -> Array:
    return z + amount * (run.values["columns"] == 0)


def _clamped(z: Array, low: Number, high: Number) -> Array:
    return np.where(np.real(z) > high, high, np.where(np.real(z) < low, low, z))


_PLACE_FAMILIES: tuple[tuple[str, str, Callable[[Array, Number], Array], tuple[Number, ...], str], ...] = (
    ("Scaled", "multiplied by {number}", lambda z, c: z * c, _FACTORS, ""),
    ("Shifted", "increased by {number}", lambda z, c: z + c, _SMALL, ""),
    ("Clamped", "clamped to +-{number}", lambda z, c: _clamped(z, -abs(c), abs(c)), (1.0, 10.0, 5.0, 6.0, 3.0, 0.9, 0.5, 100.0), "size"),
    ("ClampedAbove", "clamped from above at {number}", lambda z, c: _clamped(z, -np.inf, c), (1.0, 10.0, 5.0, 6.0, 0.0), "value"),
    ("ClampedBelow", "clamped from below at {number}", lambda z, c: _clamped(z, c, np.inf), (0.0, -1.0, -10.0, -5.0, 1e-3), "value"),
    ("SmoothlyCapped", "capped smoothly, {number} tanh(z / {number})", lambda z, c: c * np.tanh(z / c), (1.0, 10.0, 5.0, 30.0, 50.0, 3.0), "size"),
    ("Quantized", "rounded to multiples of {number}", lambda z, c: np.round(np.real(z) / c) * c if not np.iscomplexobj(z) else z, (0.1, 0.01, 0.001, 1 / 128, 1 / 256, 1 / 64, 1e-4), ""),
    ("MixedWithPrevious", "mixed with a share of {number} of the previous token's, the first its own", lambda z, c: (1 - c) * z + c * shifted(z, 1, "kept"), _SHARES, ""),
    ("MixedWithPreviousZero", "mixed with a share of {number} of the previous token's, zero before the first", lambda z, c: (1 - c) * z + c * shifted(z, 1, "zero"), _SHARES, ""),
    ("PlusShareOfPrevious", "increased by {number} times the previous token's", lambda z, c: z + c * shifted(z, 1, "zero"), _SHARES, ""),
    ("PlusShareOfNext", "increased by {number} times the next token's", lambda z, c: z + c * shifted(z, -1, "zero"), _SHARES, ""),
    ("Smoothed", "smoothed over tokens: e_t = {number} e_(t-1) + (1 - {number}) z_t, starting from the first", lambda z, c: _smoothed(z, c), _SHARES, ""),
    ("Leaking", "accumulated with decay: e_t = {number} e_(t-1) + z_t", lambda z, c: _leaking(z, c), _SHARES, ""),
    ("MixedOverBatch", "mixed with a share of {number} of the mean over the batch", lambda z, c: (1 - c) * z + c * np.mean(z, axis=0, keepdims=True), _SHARES, ""),
    ("MixedOverTime", "mixed with a share of {number} of the mean over tokens", lambda z, c: (1 - c) * z + c * np.mean(z, axis=-2, keepdims=True), _SHARES, ""),
    ("PlusTimeMean", "increased by {number} times its mean over tokens", lambda z, c: z + c * np.mean(z, axis=-2, keepdims=True), _SMALL, ""),
    ("PlusBatchMean", "increased by {number} times its mean over the batch", lambda z, c: z + c * np.mean(z, axis=0, keepdims=True), _SMALL, ""),
    ("FirstTokenScaled", "multiplied by {number} for the first token", lambda z, c: _scaled_row(z, 0, c), _FACTORS, ""),
    ("LastTokenScaled", "multiplied by {number} for the last token", lambda z, c: _scaled_row(z, -1, c), _FACTORS, ""),
    ("FirstTokenShifted", "increased by {number} for the first token", lambda z, c: _shifted_row(z, 0, c), _SMALL, ""),
    ("LastTokenShifted", "increased by {number} for the last token", lambda z, c: _shifted_row(z, -1, c), _SMALL, ""),
    ("Power", "raised to the power {number}, with its sign", lambda z, c: np.sign(np.real(z)) * np.abs(z) ** c, (0.5, 2.0, 1.5, 3.0), ""),
    ("Thresholded", "zero where smaller than {number}", lambda z, c: np.where(np.abs(np.real(z)) < abs(c), 0, z), (0.1, 0.01, 1e-3, 1.0), "size"),
    ("ShrunkTo", "moved towards zero by {number}", lambda z, c: np.where(np.abs(np.real(z)) < abs(c), 0, z - abs(c) * np.sign(np.real(z))), (0.1, 0.01, 1e-3, 1.0, 0.5), "size"),
    ("LeakyBelowZero", "multiplied by {number} where negative", lambda z, c: np.where(np.real(z) < 0, c * z, z), (0.01, 0.1, 0.2, 0.5), ""),
    ("RmsNormalizedBy", "scaled to root mean square 1, with epsilon {number}", lambda z, c: z / np.sqrt(np.mean(z * z, axis=-1, keepdims=True) + abs(c)), (1e-6, 1e-5, 1e-8, 1e-3, 1e-12), ""),
    ("UnitLengthScaled", "scaled to length {number}", lambda z, c: c * z / np.sqrt(np.sum(z * z, axis=-1, keepdims=True)), (1.0, 10.0, 0.1), ""),
    ("ZeroAfter", "zero from token {number} on", lambda z, c: z * (np.arange(z.shape[-2]) < c)[:, None], _COUNTS, ""),
    ("FirstRepeated", "that of token {number} - 1 for all later tokens", lambda z, c: z[..., np.minimum(np.arange(z.shape[-2]), c - 1), :], _COUNTS, ""),
    ("Delayed", "that of the token {number} before, zero at the beginning", lambda z, c: shifted(z, min(int(c), z.shape[-2]), "zero") if z.shape[-2] else z, (1, 2, 3, 4, 5, 8, 16, 32), ""),
    ("OncePerBlock", "that of the first token of its block of {number}", lambda z, c: z[..., np.arange(z.shape[-2]) // c * c, :], _BLOCKS, ""),
    ("ZeroInTail", "zero beyond the last full block of {number} tokens", lambda z, c: z * (np.arange(z.shape[-2]) < z.shape[-2] // c * c)[:, None], _BLOCKS, ""),
    ("ZeroAtBlockStarts", "zero for the first token of each block of {number}", lambda z, c: z * (np.arange(z.shape[-2]) % c != 0)[:, None], _BLOCKS, ""),
    ("ZeroAtBlockEnds", "zero for the last token of each block of {number}", lambda z, c: z * (np.arange(z.shape[-2]) % c != c - 1)[:, None], _BLOCKS, ""),
    ("FeatureMissing", "zero in feature {number}, counted from 1", lambda z, c: z * (np.arange(z.shape[-1]) != c - 1), tuple(range(1, 17)), ""),
    ("FeaturesFrom", "zero from feature {number} on, counted from 0", lambda z, c: z * (np.arange(z.shape[-1]) < c), tuple(range(1, 33)), ""),
    ("FeaturesMoved", "rolled by {number} features", lambda z, c: np.roll(z, int(c), axis=-1), tuple(range(-8, 9)), ""),
    ("TokensMoved", "rolled by {number} tokens", lambda z, c: np.roll(z, int(c), axis=-2), (2, 3, 4, -2, -3, 8, 16), ""),
)  # fmt: skip
"""Families of any value: name, words, function of value and number, numbers, what gives further numbers."""

OF_ANY_PLACE = {name: words for name, words, *_ in _PLACE_FAMILIES}
"""What can be wrong at any place, by the end of the name."""

_MATRIX_FAMILIES = ("Scaled", "Shifted", "Clamped", "ClampedAbove", "ClampedBelow", "SmoothlyCapped", "Power", "Thresholded", "FirstTokenScaled", "LastTokenScaled", "MixedOverBatch")  # fmt: skip


def _smoothed(z: Array, share: Number) -> Array:
    result = z.copy()
    for t in range(1, z.shape[-2]):
        result[..., t, :] = share * result[..., t - 1, :] + (1 - share) * z[..., t, :]
    return result


def _leaking(z: Array, share: Number) -> Array:
    result = z.copy()
    for t in range(1, z.shape[-2]):
        result[..., t, :] = share * result[..., t - 1, :] + z[..., t, :]
    return result


def _scaled_row(z: Array, row: int, factor: Number) -> Array:
    result = z.copy()
    if z.shape[-2]:
        result[..., row, :] = factor * z[..., row, :]
    return result


def _shifted_row(z: Array, row: int, addend: Number) -> Array:
    result = z.copy()
    if z.shape[-2]:
        result[..., row, :] = addend + z[..., row, :]
    return result


def _of_place(place: Place) -> Iterator[Family]:
    phrase = f"{place.phrase[0].upper()}{place.phrase[1:]} {place.verb}"
    for label, words, function, starts, spread in _PLACE_FAMILIES:
        if place.kind not in ROWS and label not in _MATRIX_FAMILIES:
            continue

        def changes(amount: Amount, function=function) -> Changes:
            return {name: lambda run, z: function(z, amount(run)) for name in place.names}

        yield Family(
            f"{place.word}{label}", place.area, f"{phrase} {words}.",
            "A scale, a clamp, a mix or a block size that the definition does not have.",
            f"Leave {place.phrase.rstrip(',')} as the definition has {'them' if place.plural else 'it'}.",
            changes, starts, spread=f"{place.names[0]}:{spread}" if spread else "",
        )  # fmt: skip


def _of_both(single: list[Family]) -> Iterator[Family]:
    half = len(single) // 2
    for forward, feedback in zip(single[:half], single[half:], strict=True):
        departure = forward.departure.replace("forward logits are", "logits of both attentions are")
        departure = departure.replace("forward logits", "logits of both attentions")
        yield Family(
            forward.name.replace("Forward", "Both"), "attention",
            departure.replace("forward softmax", "softmax of both attentions"), forward.cause, forward.fix,
            lambda amount, forward=forward, feedback=feedback: together(forward.changes(amount), feedback.changes(amount)),
            forward.starts, forward.right, forward.spread,
        )  # fmt: skip
    for label, words, rule in _RULES:
        yield Family(
            f"Both{label}", "attention", f"In both attentions a token {words}.",
            "A sliding window, a block or a stride of another model, or a cache of limited size.",
            "Let it read the whole past.",
            lambda amount, rule=rule: {
                name: lambda run, v: v & rule(run.values["rows"], run.values["columns"], amount(run))
                for name in ("visible", "visible_fb")
            }, _COUNTS,
        )  # fmt: skip
