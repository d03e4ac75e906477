"""Variations of decoding alone: what a step keeps of earlier tokens, how it reads it, and what it computes otherwise."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations.graph import Change, Run
from sessa_ref.faults.variations.modes import rounded_to
from sessa_ref.faults.variations.variation import Family, Variation, one, only_decoding
from sessa_ref.notation import Array

ENTRIES = {
    "k_rotated": ("Keys", "forward keys"),
    "v_heads": ("Values", "values"),
    "k_fb": ("FeedbackKeys", "feedback keys"),
    "s": ("States", "states"),
}
"""What is kept of a token, by its name in the graph: in names of variations, and in sentences."""

_CAUSE = "The cache is written, read or sized in another way than decoding needs."
_FIX = "Keep rotated keys, values, feedback keys and states of every token, in the layer's dtype."


def groups() -> dict[tuple[str, ...], tuple[str, str]]:
    """Entries that are treated alike, with their words."""
    return {
        **{(name,): words for name, words in ENTRIES.items()},
        ("k_rotated", "v_heads"): ("KeysAndValues", "forward keys and values"),
        ("k_fb", "s"): ("FeedbackCache", "feedback keys and states"),
        ("k_rotated", "k_fb"): ("AllKeys", "forward and feedback keys"),
        ("v_heads", "s"): ("ValuesAndStates", "values and states"),
        ("k_rotated", "v_heads", "k_fb"): ("AllButStates", "forward keys, values and feedback keys"),
        tuple(ENTRIES): ("Cache", "cache entries"),
    }


def variations() -> Iterator[Variation]:
    """What is kept and read, entry by entry and for all entries together."""
    for names, (word, phrase) in groups().items():
        for label, words, change in _READS:
            yield Variation(
                f"Decode{word}{label}", "decode", f"Decoding steps read the {phrase} of earlier tokens {words}.", _CAUSE,
                _FIX, {f"read {name}": _unless_new(change) for name in names},
            )  # fmt: skip
        for label, words, change in _KEEPS:
            kept = {f"kept {name}": change for name in names}
            yield Variation(
                f"Keep{word}{label}", "decode", f"The {phrase} are kept {words}.", _CAUSE, _FIX, kept
            )  # fmt: skip
            yield Variation(
                f"Keep{word}{label}InSteps", "decode", f"The {phrase} of decoded tokens are kept {words}.", _CAUSE, _FIX,
                only_decoding(kept),
            )  # fmt: skip
            yield Variation(
                f"Keep{word}{label}OfPrompt", "decode", f"The {phrase} of the prompt are kept {words}.", _CAUSE, _FIX,
                {name: _of_prompt(change) for name, change in kept.items()},
            )  # fmt: skip
    for label, words, change in (
        ("StatesAreSignals", "forward signals f instead of states s", _instead("f")),
        ("StatesAreGated", "gated states s g instead of states s", lambda run, s: s * run.values["g"]),
        ("StatesAreOutputs", "outputs y instead of states s", _output_of),
        ("StatesAreBranches", "what is added to the residual instead of states s", _branch_of),
        ("StatesAreFeedback", "the feedback s - f instead of states s", lambda run, s: s - run.values["f"]),
        ("StatesAreO", "the forward attention's output o instead of states s", _instead("o")),
        ("StatesAreU", "u instead of states s", _instead("u")),
    ):  # fmt: skip
        for suffix, limited, limit in (
            ("", change, "all tokens"), ("InSteps", _in_steps(change), "decoded tokens"), ("OfPrompt", _of_prompt(change), "the prompt"),
        ):  # fmt: skip
            yield Variation(
                f"Keep{label}{suffix}", "decode", f"The cache holds {words} for {limit}.", _CAUSE, _FIX,
                one("kept s", limited),
            )  # fmt: skip
    yield Variation(
        "KeepKeysUnrotated", "decode", "Keys enter the cache without rotation.", _CAUSE, _FIX,
        one("kept k_rotated", lambda run, k: run.values["k_heads"]),
    )  # fmt: skip
    yield Variation(
        "KeepPromptKeysUnrotated", "decode", "Keys of the prompt enter the cache without rotation.", _CAUSE, _FIX,
        one("kept k_rotated", _of_prompt(lambda run, k: run.values["k_heads"])),
    )  # fmt: skip
    for word, phrase, masks in (
        ("", "the forward attention does", ("visible",)),
        ("Feedback", "the feedback attention does", ("visible_fb",)),
        ("Both", "both attentions do", ("visible", "visible_fb")),
    ):
        for label, words, unread in _UNREAD:
            yield Variation(
                f"Decode{word}Without{label}", "decode", f"In decoding steps {phrase} not read {words}.", _CAUSE, _FIX,
                only_decoding({mask: _hiding(unread) for mask in masks}),
            )  # fmt: skip
    yield Variation(
        "CacheStaysOfPrompt", "decode", "Decoding steps do not change the cache: each sees the prompt and itself, at the position after the prompt.",
        _CAUSE, _FIX,
        only_decoding({
            "visible": _hiding(_UNREAD[0][2]), "visible_fb": _hiding(_UNREAD[0][2]),
            "positions": lambda run, p: 0 * p + run.prompt,
        }),
    )  # fmt: skip
    for label, words, positions in (
        ("FromPromptEnd", "counts from 0 again after the prompt", lambda run, p: p - run.prompt),
        ("FromPromptEndOne", "counts from 1 again after the prompt", lambda run, p: p - run.prompt + 1),
        ("OfPromptEnd", "stays that of the prompt's last token", lambda run, p: 0 * p + run.prompt - 1),
        ("OfPromptLength", "stays the prompt's length", lambda run, p: 0 * p + run.prompt),
        ("Zero", "is 0", lambda run, p: 0 * p),
        ("One", "is 1", lambda run, p: 0 * p + 1),
        ("Doubled", "is doubled", lambda run, p: 2 * p),
    ):
        yield Variation(
            f"DecodePosition{label}", "decode", f"The position of decoded tokens {words}.",
            "The position is counted apart from the cache.", "A new token's position is the number of tokens before it.",
            only_decoding(one("positions", positions)),
        )  # fmt: skip
        for side in ("query theta", "key theta"):
            yield Variation(
                f"DecodePosition{label}Of{'Queries' if side[0] == 'q' else 'Keys'}", "decode",
                f"The position of decoded tokens {words}, for {'queries' if side[0] == 'q' else 'keys'}.",
                "The position is counted apart from the cache.", "A new token's position is the number of tokens before it.",
                only_decoding(one(side, _angles(positions))),
            )  # fmt: skip


def families() -> Iterator[Family]:
    """Windows and rings, offsets of positions."""
    counts = (*range(1, 41), 48, 63, 64, 65, 127, 128, 256, 512, 1024)
    for word, phrase, mask in (("", "forward", "visible"), ("Feedback", "feedback", "visible_fb")):
        yield Family(
            f"Decode{word}Window", "decode", f"In decoding steps the {phrase} attention reads the last {{number}} tokens only.",
            "A cache of limited size.", _FIX,
            lambda amount, mask=mask: only_decoding(
                one(mask, lambda run, v: v & (run.values["columns"] > run.values["rows"] - amount(run)))
            ), counts,
        )  # fmt: skip
        yield Family(
            f"Decode{word}Beginning", "decode", f"In decoding steps the {phrase} attention reads only the first {{number}} tokens and the token itself.",
            "A cache of limited size.", _FIX,
            lambda amount, mask=mask: only_decoding(
                one(mask, lambda run, v: v & ((run.values["columns"] < amount(run)) | (run.values["columns"] == run.values["rows"])))
            ), counts,
        )  # fmt: skip
        yield Family(
            f"Decode{word}WithoutBeginning", "decode", f"In decoding steps the {phrase} attention does not read the first {{number}} tokens.",
            "A cache of limited size.", _FIX,
            lambda amount, mask=mask: only_decoding(
                one(mask, lambda run, v: v & (run.values["columns"] >= amount(run)))
            ), counts,
        )  # fmt: skip
    yield Family(
        "DecodePositionOffset", "decode", "The position of decoded tokens is off by {number}.",
        "The position is read before or after it was advanced.", "A new token's position is the number of tokens before it.",
        lambda amount: only_decoding(one("positions", lambda run, p: p + amount(run))), (1, -1, 2, -2, 3),
    )  # fmt: skip
    yield Family(
        "KeepWindow", "decode", "The cache keeps the last {number} tokens only.",
        "A ring buffer or a cache of limited size.", _FIX,
        lambda amount: {
            "visible": _after_start(lambda run, v: v & (run.values["columns"] > run.values["rows"] - amount(run) - 1)),
            "visible_fb": _after_start(lambda run, v: v & (run.values["columns"] >= run.values["rows"] - amount(run))),
        }, counts,
    )  # fmt: skip

    for names, (word, phrase) in groups().items():
        yield Family(
            f"Keep{word}PromptTailZero", "decode", f"The {phrase} of the prompt are kept as zero beyond its last full block of {{number}} tokens.",
            "A prompt that is put in the cache block by block, and a last block that is not full.", _FIX,
            lambda amount, names=names: {
                f"kept {name}": _of_prompt(lambda run, z: z * (np.arange(z.shape[-2]) < z.shape[-2] // amount(run) * amount(run))[:, None])
                for name in names
            }, (2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64, 128),
        )  # fmt: skip


_READS: tuple[tuple[str, str, Callable[[Run, Array], Array]], ...] = (
    ("Zero", "as zero", lambda run, z: 0 * z),
    ("OfPromptZero", "as zero where they are the prompt's", lambda run, z: z * (np.arange(z.shape[-2]) >= run.prompt)[:, None]),
    ("DecodedZero", "as zero where they were decoded", lambda run, z: z * (np.arange(z.shape[-2]) < run.prompt)[:, None]),
    ("FirstZero", "as zero for the first token", lambda run, z: z * (np.arange(z.shape[-2]) > 0)[:, None]),
    ("LastZero", "as zero for the previous token", lambda run, z: z * (np.arange(z.shape[-2]) < z.shape[-2] - 1)[:, None]),
    ("PromptEndZero", "as zero for the prompt's last token", lambda run, z: z * (np.arange(z.shape[-2]) != run.prompt - 1)[:, None]),
    ("Moved", "rolled by one token", lambda run, z: np.roll(z, 1, axis=-2)),
    ("MovedBack", "rolled back by one token", lambda run, z: np.roll(z, -1, axis=-2)),
    ("Reversed", "in reversed order", lambda run, z: z[..., ::-1, :]),
    ("OfFirstRow", "of the batch's first row for all rows", lambda run, z: np.broadcast_to(z[:1], z.shape)),
    ("RowsRolled", "of the batch's row before", lambda run, z: np.roll(z, 1, axis=0)),
    ("BatchMean", "averaged over the batch", lambda run, z: np.broadcast_to(z.mean(axis=0, keepdims=True), z.shape)),
    ("Last", "as that of the last token", lambda run, z: np.broadcast_to(z[..., -1:, :], z.shape)),
    ("PromptLast", "as the prompt's last for all decoded tokens", lambda run, z: _repeated(z, run.prompt)),
)  # fmt: skip

_UNREAD: tuple[tuple[str, str, Callable[[Run], Array]], ...] = (
    ("Decoded", "the tokens decoded before", lambda run: run.values["columns"] >= run.prompt),
    ("Prompt", "the prompt", lambda run: run.values["columns"] < run.prompt),
    ("PromptEnd", "the prompt's last token", lambda run: run.values["columns"] == run.prompt - 1),
    ("FirstDecoded", "the token decoded first", lambda run: run.values["columns"] == run.prompt),
    ("Previous", "the token before", lambda run: run.values["columns"] == run.start - 1),
    ("OddDecoded", "every second decoded token, from the second on", lambda run: _decoded_rest(run, 1)),
    ("EvenDecoded", "every second decoded token, from the first on", lambda run: _decoded_rest(run, 0)),
)  # fmt: skip

_KEEPS: tuple[tuple[str, str, Change], ...] = (
    ("Zero", "as zero", lambda run, z: 0 * z),
    ("Negated", "with the other sign", lambda run, z: -z),
    ("Doubled", "twice as large", lambda run, z: 2 * z),
    ("InBfloat16", "in bfloat16", lambda run, z: rounded_to(z, "bfloat16")),
    ("InFloat16", "in float16", lambda run, z: rounded_to(z, "float16")),
    ("InFloat32", "in float32", lambda run, z: rounded_to(z, "float32")),
)


def _repeated(z: Array, prompt: int) -> Array:
    index = np.arange(z.shape[-2])
    return z[..., np.where(index < prompt, index, max(prompt - 1, 0)), :]


def _decoded_rest(run: Run, rest: int) -> Array:
    number = run.values["columns"] - run.prompt
    return (number >= 0) & (number % 2 == rest)


def _hiding(unread: Callable[[Run], Array]) -> Change:
    """A mask without some tokens; a token always stays visible to itself where it was."""
    return lambda run, v: v & ~(unread(run) & (run.values["columns"] < run.start))


def _instead(source: str) -> Change:
    return lambda run, value: run.values.get(source, value)


def _branch_of(run: Run, s: Array) -> Array:
    return run.linear("W_out", s * run.values["g"])


def _output_of(run: Run, s: Array) -> Array:
    return run.values["x"] + _branch_of(run, s)


def _unless_new(change: Callable[[Run, Array], Array]) -> Change:
    return lambda run, z: change(run, z) if z.shape[-2] else z


def _in_steps(change: Change) -> Change:
    return lambda run, z: change(run, z) if run.decoding else z


def _of_prompt(change: Change) -> Change:
    return lambda run, z: z if run.decoding else change(run, z)


def _after_start(change: Change) -> Change:
    return lambda run, z: change(run, z) if run.decoding else z


def _angles(positions: Callable[[Run, Array], Array]) -> Change:
    return lambda run, w: positions(run, run.values["positions"])[:, None] * run.values["frequencies"]
