"""Other rotations, and rotations elsewhere."""

from collections.abc import Iterator

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Change, Run
from sessa_ref.faults.variations.modes import camel, rounded_to
from sessa_ref.faults.variations.variation import Variation, one
from sessa_ref.notation import Array

_TABLES = {"side by side": "side by side (c0, c0, c1, c1, ...)", "in halves": "in halves (c0, c1, ..., c0, c1, ...)"}
_PAIRS = {
    "side by side": "(2r, 2r + 1)",
    "in halves": "(r, r + d/2)",
    "side by side in halves": "(2r, 2r + 1), put out in halves,",
}


def variations() -> Iterator[Variation]:
    """Variations of this part."""
    right = "Rotate pairs (2r, 2r + 1) of queries and keys by t base^(-2r/d)."
    cause = "Another convention of rotary code."
    for label, words, changes in (
        ("FrequenciesReversed", "the frequencies are in reversed order", one("frequencies", lambda run, w: w[::-1])),
        ("FrequenciesEqual", "all pairs have the first frequency", one("frequencies", lambda run, w: w[:1] + 0 * w)),
        ("FrequenciesInverted", "the frequencies are inverted", one("frequencies", lambda run, w: 1 / w)),
        ("FrequenciesFromOne", "pairs are counted from 1", one("exponents", lambda run, e: e - 2.0 / run.config.query_width)),
        ("FrequenciesFromHalf", "exponents are at the middle of each pair", one("exponents", lambda run, e: e - 1.0 / run.config.query_width)),
        ("ExponentsToOne", "exponents run to 1 inclusive", one("exponents", lambda run, e: -np.linspace(0, 1, len(e)))),
        ("ExponentsLinear", "frequencies fall linearly", one("frequencies", lambda run, w: 1 - np.arange(len(w)) / max(len(w), 1))),
        ("FrequenciesOfWidth", "exponents are over the model width", one("exponents", lambda run, e: e * run.config.query_width / run.config.width)),
        ("FrequenciesOfHalfWidth", "exponents are over d/2", one("exponents", lambda run, e: 2 * e)),
        ("FrequenciesInFloat32", "the frequencies are rounded to float32", one("frequencies", lambda run, w: rounded_to(w, "float32"))),
        ("FrequenciesInFloat16", "the frequencies are rounded to float16", one("frequencies", lambda run, w: rounded_to(w, "float16"))),
        ("FrequenciesInBfloat16", "the frequencies are rounded to bfloat16", one("frequencies", lambda run, w: rounded_to(w, "bfloat16"))),
        ("AnglesInFloat32", "the angles are rounded to float32", one("theta", lambda run, w: rounded_to(w, "float32"))),
        ("PositionsReversed", "positions count from the end", one("positions", lambda run, p: p[::-1])),
        ("QueriesAlone", "only queries are rotated", one("key theta", lambda run, w: 0 * w)),
        ("KeysAlone", "only keys are rotated", one("query theta", lambda run, w: 0 * w)),
        ("Opposite", "queries and keys are turned in opposite senses", one("key theta", lambda run, w: -w)),
        ("Twice", "the rotation is applied twice", one("theta", lambda run, w: 2 * w)),
        ("FirstHeadOnly", "only the first head's queries and keys are rotated", {
            "q_rotated": lambda run, z: np.concatenate([z[:, :1], run.values["q_heads"][:, 1:]], axis=1),
            "k_rotated": lambda run, z: np.concatenate([z[:, :1], run.values["k_heads"][:, 1:]], axis=1),
        }),
        ("HalfSplit", "coordinates (r, r + d/2) turn together", {
            "q_rotated": lambda run, z: _half_split(run, "q_heads", "query theta", z),
            "k_rotated": lambda run, z: _half_split(run, "k_heads", "key theta", z),
        }),
        ("BothOpposite", "queries and keys are turned in the other sense", one("theta", lambda run, w: -w)),
        ("AcrossHeads", "pairs are counted over all heads, as if it took place before the split into heads", {
            "q_rotated": lambda run, z: _across_heads(run, "q_heads", z), "k_rotated": lambda run, z: _across_heads(run, "k_heads", z),
        }),
        ("PairsOut", "results of pairs are put one after the other instead of side by side", {
            "q_rotated": lambda run, z: _pairs_out(z), "k_rotated": lambda run, z: _pairs_out(z),
        }),
        ("PairsOutOfQueries", "rotated queries have their even coordinates first", one("q_rotated", lambda run, z: _pairs_out(z))),
        ("SineCosineSwapped", "sine and cosine are exchanged", {
            "query theta": lambda run, w: np.pi / 2 - w, "key theta": lambda run, w: np.pi / 2 - w,
        }),
        ("NoSine", "coordinates are multiplied by the cosine alone", {
            "q_rotated": lambda run, z: _cosine(run, "q_heads", "query theta", z),
            "k_rotated": lambda run, z: _cosine(run, "k_heads", "key theta", z),
        }),
        ("NotOrthogonal", "both coordinates get their terms with a plus: (e cos + o sin, e sin + o cos)", {
            "q_rotated": lambda run, z: _wrong_sign(run, "q_heads", "query theta", z),
            "k_rotated": lambda run, z: _wrong_sign(run, "k_heads", "key theta", z),
        }),
        *((f"InPlace{label}{camel(pairs)}{whose}", f"it is done in place, {words}, so that the other coordinate of a pair is computed from a changed one{how}", {
            f"{s}_rotated": lambda run, z, s=s, first=first, pairs=pairs: _in_place(run, f"{s}_heads", "query theta" if s == "q" else "key theta", z, first, pairs) for s in sides
        })
          for label, words, first in (("First", "the first coordinate before the second", 0), ("Second", "the second coordinate before the first", 1))
          for pairs, how in (("side by side", ""), ("in halves", ", with pairs (r, r + d/2)"))
          for whose, sides in (("", ("q", "k")), ("OfQueries", ("q",)), ("OfKeys", ("k",)))),
        ("DespiteConfig", "it takes place although the config has none (use_forward_rope=False)", {
            "q_rotated": _despite_config, "k_rotated": _despite_config,
        }),
        ("OnValues", "values are rotated too", one("v_heads", lambda run, z: _turned(run, z))),
        ("OnOutputs", "the heads' outputs are rotated", one("o_heads", lambda run, z: _turned(run, z))),
        *((f"On{place}{label}", f"{whom} rotated too{how}", dict.fromkeys(names, turned))
          for place, whom, names in (
              ("Feedback", "feedback queries and keys are", ("q_fb", "k_fb")),
              ("FeedbackQueries", "feedback queries alone are", ("q_fb",)),
              ("FeedbackKeys", "feedback keys alone are", ("k_fb",)),
              ("ForwardSignal", "the forward signal f is", ("f",)),
          )
          for label, how, turned in (
              ("", "", lambda run, z: _turned(run, z)),
              ("ByHeads", ", head by head", lambda run, z: _turned_heads(run, z)),
              ("InFirstPairs", ", in their first d coordinates" if place != "ForwardSignal" else ", in its first d coordinates",
               lambda run, z: _turned_part(run, z)),
          )),
        ("PositionsPerRow", "positions continue from one batch row to the next", {
            "q_rotated": lambda run, z: _row_positions(run, "q_heads", z),
            "k_rotated": lambda run, z: _row_positions(run, "k_heads", z),
        }),
        ("PositionsFromOneForKeys", "keys count positions from 1", one("key theta", lambda run, w: w + run.values["frequencies"])),
        ("PositionsFromOneForQueries", "queries count positions from 1", one("query theta", lambda run, w: w + run.values["frequencies"])),
        ("PositionsOverLength", "positions are divided by the number of tokens", one("positions", lambda run, p: p / max(len(p), 1))),
        ("PositionsHeads", "angles depend on the head's number instead of the position", {
            "q_rotated": lambda run, z: _head_positions(run, "q_heads", z),
            "k_rotated": lambda run, z: _head_positions(run, "k_heads", z),
        }),
    ):  # fmt: skip
        yield Variation(f"Rotation{label}", "rotary", f"The rotation is another: {words}.", cause, right, changes)
    for dtype in ("float32", "float16", "bfloat16"):
        for label, words, rounds in (
            ("ComputedAngles", "frequencies and angles are", ("frequencies", "theta")),
            ("ComputedPositions", "positions, frequencies and angles are", ("positions", "frequencies", "theta")),
            ("ComputedTables", "frequencies, angles, sines and cosines are", ("frequencies", "theta", "table")),
            ("Computed", "positions, frequencies, angles, sines and cosines are", ("positions", "frequencies", "theta", "table")),
        ):  # fmt: skip
            rounded: dict[str, Change] = {
                name: lambda run, v, dtype=dtype: rounded_to(v, dtype) for name in rounds if name != "table"
            }
            if "table" in rounds:
                rounded |= {
                    f"{s}_rotated": lambda run, z, s=s, dtype=dtype: _with_rounded_tables(
                        run, f"{s}_heads", "query theta" if s == "q" else "key theta", z, dtype
                    )
                    for s in ("q", "k")
                }
            yield Variation(
                f"Rotation{label}In{dtype.capitalize()}", "rotary", f"The rotation is computed in {dtype}: {words} rounded to it.",
                cause, right, rounded,
            )  # fmt: skip
        yield Variation(
            f"RotationTablesIn{dtype.capitalize()}", "rotary", f"The rotation is another: sines and cosines are rounded to {dtype}.", cause, right,
            {f"{s}_rotated": lambda run, z, s=s, dtype=dtype: _with_rounded_tables(run, f"{s}_heads", "query theta" if s == "q" else "key theta", z, dtype) for s in ("q", "k")},
        )  # fmt: skip
    for label, words, layouts in LAYOUTS:
        for which, whom, sides in (
            ("", "", ("q", "k")), ("OfQueries", " of queries", ("q",)), ("OfKeys", " of keys", ("k",)),
        ):  # fmt: skip
            yield Variation(
                f"RotationLayout{label}{which}", "rotary", f"The rotation{whom} mixes two conventions: {words}.",
                "Tables of one convention with the pairing of another.", right,
                {f"{s}_rotated": lambda run, z, s=s, layouts=layouts: _laid_out(run, f"{s}_heads", "query theta" if s == "q" else "key theta", z, *layouts) for s in sides},
            )  # fmt: skip


LAYOUTS = tuple(
    (
        camel(f"{cos} {sin} {pairs}"),
        f"cosines are laid out {_TABLES[cos]}, sines {_TABLES[sin]}, and coordinates {_PAIRS[pairs]} are paired",
        (cos, sin, pairs),
    )
    for cos in _TABLES
    for sin in _TABLES
    for pairs in _PAIRS
    if len({cos, sin, pairs}) > 1 or pairs not in _TABLES
)
"""Every mixture of the two usual conventions: label, words, and how cosines, sines and pairs lie."""


def _laid_out(run: Run, heads: str, theta: str, z: Array, cosines: str, sines: str, pairs: str) -> Array:
    if not run.config.rope:
        return z
    angles, plain = run.values[theta], run.values[heads]

    def laid(table: Array, how: str) -> Array:
        return np.repeat(table, 2, axis=-1) if how == "side by side" else np.concatenate([table, table], axis=-1)

    return plain * laid(np.cos(angles), cosines) + _partner(plain, pairs) * laid(np.sin(angles), sines)


def _partner(z: Array, pairs: str) -> Array:
    """The other coordinate of each pair, negated for the first."""
    if pairs == "side by side":
        return np.stack([-z[..., 1::2], z[..., 0::2]], axis=-1).reshape(z.shape)
    half = z.shape[-1] // 2
    if pairs == "side by side in halves":
        return np.concatenate([-z[..., 1::2], z[..., 0::2]], axis=-1)
    return np.concatenate([-z[..., half:], z[..., :half]], axis=-1)


def _with_rounded_tables(run: Run, heads: str, theta: str, z: Array, dtype: str) -> Array:
    if not run.config.rope:
        return z
    cos, sin = (rounded_to(table(run.values[theta]), dtype) for table in (np.cos, np.sin))
    even, odd = run.values[heads][..., 0::2], run.values[heads][..., 1::2]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(z.shape)


def _across_heads(run: Run, heads: str, z: Array) -> Array:
    if not run.config.rope or z.ndim != 4:
        return z
    number, width = z.shape[1], z.shape[-1]
    pairs = np.arange(number * width // 2).reshape(number, 1, -1)
    frequencies = run.config.rope_base ** (-2.0 * pairs / (number * width))
    return graph.rotate(run.values[heads], run.values["positions"][:, None] * frequencies)


def _despite_config(run: Run, z: Array) -> Array:
    return z if run.config.rope or z.shape[-1] % 2 else graph.rotate(z, _angles(run, z.shape[-1]))


def _half_split(run: Run, heads: str, theta: str, z: Array) -> Array:
    if not run.config.rope:
        return z
    order = np.arange(z.shape[-1]).reshape(2, -1).T.ravel()
    return graph.rotate(run.values[heads][..., order], run.values[theta])[..., np.argsort(order)]


def _pairs_out(z: Array) -> Array:
    return np.concatenate([z[..., 0::2], z[..., 1::2]], axis=-1)


def _cosine(run: Run, heads: str, theta: str, z: Array) -> Array:
    return run.values[heads] * np.repeat(np.cos(run.values[theta]), 2, axis=-1) if run.config.rope else z


def _wrong_sign(run: Run, heads: str, theta: str, z: Array) -> Array:
    if not run.config.rope:
        return z
    cos, sin = np.cos(run.values[theta]), np.sin(run.values[theta])
    even, odd = run.values[heads][..., 0::2], run.values[heads][..., 1::2]
    return np.stack([even * cos + odd * sin, even * sin + odd * cos], axis=-1).reshape(z.shape)


def _in_place(run: Run, heads: str, theta: str, z: Array, first: int, pairs: str) -> Array:
    if not run.config.rope:
        return z
    cos, sin, plain = np.cos(run.values[theta]), np.sin(run.values[theta]), run.values[heads]
    half = plain.shape[-1] // 2
    places = (np.s_[..., 0::2], np.s_[..., 1::2]) if pairs == "side by side" else (np.s_[..., :half], np.s_[..., half:])
    turned = plain.copy()
    for which in (first, 1 - first):
        even, odd = turned[places[0]], turned[places[1]]
        turned[places[which]] = even * sin + odd * cos if which else even * cos - odd * sin
    return turned


def _angles(run: Run, width: int) -> Array:
    positions = run.values["rows"][:, 0].astype(np.float64)
    return positions[:, None] * run.config.rope_base ** (-2.0 * np.arange(width // 2) / width)


def _turned(run: Run, z: Array) -> Array:
    width = z.shape[-1]
    return z if width % 2 or not run.config.rope else graph.rotate(z, _angles(run, width))


def _turned_heads(run: Run, z: Array) -> Array:
    width = run.config.query_width
    if width % 2 or z.shape[-1] % width or not run.config.rope:
        return z
    heads = z.reshape(*z.shape[:-1], -1, width)
    return graph.rotate(heads, _angles(run, width)[:, None]).reshape(z.shape)


def _turned_part(run: Run, z: Array) -> Array:
    width = run.config.query_width
    if width % 2 or width > z.shape[-1] or not run.config.rope:
        return z
    return np.concatenate([graph.rotate(z[..., :width], _angles(run, width)), z[..., width:]], axis=-1)


def _row_positions(run: Run, heads: str, z: Array) -> Array:
    if not run.config.rope or z.ndim != 4:
        return z
    start = np.arange(len(z))[:, None, None, None] * z.shape[-2]
    theta = (start + run.values["rows"][None, None]) * run.values["frequencies"]
    return graph.rotate(run.values[heads], theta)


def _head_positions(run: Run, heads: str, z: Array) -> Array:
    if not run.config.rope or z.ndim != 4:
        return z
    theta = np.arange(z.shape[1])[:, None, None] * run.values["frequencies"] + 0 * run.values["rows"]
    return graph.rotate(run.values[heads], theta)
