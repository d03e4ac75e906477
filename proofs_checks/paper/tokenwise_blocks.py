"""Blocks that copy earlier tokens, and blocks that add token-wise maps of GELU units (Appendix I.9)."""

import numpy as np
from flint import arb

from proofs_checks import wording
from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree
from proofs_checks.statement import Bend, states
from sessa_ref.certified import layer as certified_layer
from sessa_ref.constructions import ONE, Channels, Network
from sessa_ref.constructions.ridge import interpolant
from sessa_ref.constructions.tokenwise import Unit, gelu_units, lag, lag_copy, out, stacked, storage
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import forward
from sessa_ref.reference.tokenwise import gelu
from sessa_ref.theory.sharp_attention import lag_target, transport_error


@states(
    "lem:I.16",
    "One block copies one lag",
    where="Appendix I.9, Lemma I.16",
    says=r"""
    On storage slices $U_0, \dots, U_{T-1}$ of width $d$, for a lag $\ell \ge 1$, compact $K$ and $\eta > 0$ one block with
    $d_k = 2$ (i) has $\gamma_t = 0$; (ii) reads $U_0$ only and leaves everything but $U_\ell$ unchanged; (iii) adds to
    $U_\ell$ at every $t$ the token of $U_0$ at $j^*(t, \ell) = \arg\max_{j \le t}\cos((t - \ell) - j)$ within $\eta$, which is
    $t - \ell$ for $t \ge \ell$.

    Explicitly: $\eta = \sqrt{2/\pi}\,\varepsilon R^2 + 2\delta M$ for small-signal reading, and $2\delta M$ with the exact
    reading of Corollary K.5 by two a-slots.
    """,
    trust="rows of real blocks in balls at T up to 45 (they do not depend on the tokens); the error bound is Lemmas I.13 and I.15, "
    "in real arithmetic; outputs in float64 in reference and torch",
    needs=("lem:I.5", "lem:I.13", "lem:I.15", "cor:K.5"),
    not_higher="each T and lag by itself: the gap has no closed form in T",
    bends=(
        Bend("queries turned by one step too few", {"turn": -1}),
        Bend("queries and keys shorter by a tenth", {"length": 0.9}),
        Bend("the error bound without its small-signal term", {"small_counts": False}),
    ),
)
def block_copies_a_lag(evidence: Evidence, *, turn: int = 0, length: float = 1.0, small_counts: bool = True) -> None:
    """Rows in balls; what is written beside what is asked for; what must not change."""
    delta, small = 1e-6, 1e-3
    cases = [(3, 1, 1), (6, 1, 4)] if evidence.quick else [(2, 1, 1), (3, 2, 2), (8, 1, 3), (8, 2, 7), (45, 1, 20)]
    for T, d, number in cases:
        channels = storage(T, d)
        blocks = [lag_copy(channels, T, d, number, delta=delta, small=s) for s in (None, small)]
        blocks = [_shorter(_turned(block, number, turn), length) for block in blocks]
        x = evidence.rng.uniform(-1, 1, (T, channels.width))
        wanted = np.array([lag_target(t, number) for t in range(T)])
        rows = certified_layer.trace(blocks[0], x).alpha_fwd[0]
        evidence.enclosed(
            "(iii)",
            [(1 - rows[t, int(wanted[t])], arb(delta), f"T = {T}, lag {number}, t = {t}") for t in range(T)],
            "1 - alpha_(t, j*) in balls: queries and keys come from a constant a-slot, so that no token changes it",
        )
        evidence.identity(
            "(ii)", _token_reads(blocks[0]), "exact zeros: a-slots that read a token reach no query and no key"
        )
        for block, s in zip(blocks, (None, small), strict=True):
            change = forward(block, x) - x
            copied = np.stack([channels.read(lag(number, i), change) for i in range(d)], axis=-1)
            source = np.stack([channels.read(lag(0, i), x) for i in range(d)], axis=-1)[wanted]
            eta = np.sqrt(2 / np.pi) * s * np.sqrt(d) if s and small_counts else 0.0
            bound = float(transport_error(delta, np.sqrt(d), eta)) + 1e-14
            worst = float(np.linalg.norm(copied - source, axis=-1).max())
            reading = f"epsilon = {s:g}" if s else "the exact reading"
            evidence.constructed("(iii)", worst, bound, f"written against wanted, T = {T}, d = {d}, {reading}")
            others = change - sum(np.outer(copied[:, i], channels[lag(number, i)]) for i in range(d))
            evidence.agreement(float(np.abs(others).max()), 0.0, "nothing else changes, exactly")
        reads = np.abs(blocks[0]["W_in.weight"]).sum(axis=0)
        source_only = [reads[n] for n, name in enumerate(channels.names) if not name.startswith("lag0.")]
        evidence.identity("(ii)", [int(np.count_nonzero(source_only))], "W_in has exact zeros but for U_0")
        evidence.identity(
            "(i)",
            [int(np.count_nonzero(blocks[0]["mixer.gamma_ctx.weight"])), int(blocks[0]["mixer.gamma_bias"] != 0)],
            "gamma = tanh(0)",
        )
        if T == 3:
            blocks_agree(evidence, Network.of([("lag", block) for block in blocks]), x)


@states(
    "lem:I.17",
    "A diagonal block is a batch of GELU units",
    where="Appendix I.9, Lemma I.17",
    says=r"""
    For affine $A$ on the storage coordinates with values in $\mathbb{R}^q$, $1 \le q \le m - 1$, linear
    $B : \mathbb{R}^q \to U_{out}$, compact $S$ and $\eta > 0$ one block with $d_k = 2$ (i) has $\gamma_t = 0$; (ii) preserves
    the storage exactly; (iii) does not read $U_{out}$; (iv) adds $B(\mathrm{GELU}(A(z_t)))$ to $U_{out}$ within $\eta$,
    at every token whose sequence stays in $S$. Explicitly $\eta = 2\delta M_\phi$.
    """,
    trust="rows of real blocks in balls (they do not depend on the tokens), and the bound is Lemma I.4 in real arithmetic; all m - 1 "
    "slots in use; outputs in float64 in reference and torch",
    needs=("lem:I.5", "lem:I.4"),
    not_higher="each T by itself: the gap has no closed form in T",
    bends=(
        Bend("queries and keys shorter by a tenth", {"length": 0.9}),
        Bend("one unit left out", {"left_out": 1}),
        Bend("queries turned by one step", {"turn": 1}),
    ),
)
def block_is_a_batch(evidence: Evidence, *, length: float = 1.0, left_out: int = 0, turn: int = 0) -> None:
    """A block with m - 1 random units, its rows, and what it adds."""
    delta = 1e-6
    for T, d in ((3, 1),) if evidence.quick else ((2, 1), (3, 2), (8, 2), (45, 1)):
        channels = storage(T, d)
        units = _random_units(evidence.rng, channels, d, channels.width - 1)
        block = _shorter(_turned(gelu_units(channels, T, units[left_out:], delta=delta), 0, turn), length)
        x = evidence.rng.uniform(-1, 1, (T, channels.width))
        rows = certified_layer.trace(block, x).alpha_fwd[0]
        evidence.enclosed(
            "(iv)",
            [(1 - rows[t, t], arb(delta), f"T = {T}, t = {t}") for t in range(T)],
            "1 - alpha_tt in balls, for all tokens",
        )
        evidence.identity(
            "what is read", _token_reads(block), "exact zeros: a-slots that read a token reach no query and no key"
        )
        wanted, change = _sum_of(channels, units, x), forward(block, x) - x
        largest = float(np.linalg.norm(wanted, axis=-1).max())
        error = float(np.linalg.norm(change - wanted, axis=-1).max())
        evidence.constructed(
            "(iv)", error, 2 * delta * largest + 1e-13, f"{len(units)} units at width {channels.width}, T = {T}"
        )
        _preserves(evidence, channels, block, change, d)
        if T == 3:
            blocks_agree(evidence, Network.of([("units", block)]), x)


@states(
    "cor:I.18",
    "Stacked blocks approximate a token-wise map",
    where="Appendix I.9, Corollary I.18",
    says=r"""
    For compact $S$, continuous $\Theta : S \to U_{out}$ and $\eta > 0$ finitely many blocks with $d_k = 2$ (i) preserve the
    storage exactly and do not read $U_{out}$; (ii) add $\Theta(z_t)$ to $U_{out}$ within $\eta$ at every token.

    $\lceil R/(m-1) \rceil$ blocks suffice for $R$ units: the constant is an output bias, not a block of its own.
    """,
    trust="stacks for two maps of two variables with explicit units, measured in float64 on random tokens in reference and torch, "
    "against a bound with all constants",
    needs=("lem:I.10", "lem:I.17"),
    not_higher="it contains Lemma I.10",
    bends=(
        Bend("without the constant term", {"constant_term": False}),
        Bend("the last block left out", {"left_out": 1}),
    ),
)
def stack_approximates(evidence: Evidence, *, constant_term: bool = True, left_out: int = 0) -> None:
    """out <- out + Theta(lag 0, lag 1) for a product and for a maximum, by interpolants of one variable."""
    T, d, pieces = 5, 1, 24 if evidence.quick else 96
    channels = storage(T, d)
    x = evidence.rng.uniform(-1, 1, (1 if evidence.quick else 20, T, channels.width))
    a, b = (channels.read(lag(n, 0), x) for n in (0, 1))
    square = interpolant(lambda z: z**2, -2.0, 2.0, pieces, 1e4 * pieces)
    # max(a, b) = (a + b)/2 + |a - b|/2, its linear part by two exact units (Lemma K.4)
    size = interpolant(np.abs, -2.0, 2.0, 2, 1e6)
    plus = {lag(0, 0): 1.0, lag(1, 0): 1.0}
    minus = {lag(0, 0): 1.0, lag(1, 0): -1.0}
    halves = [Unit({name: s * c for name, c in plus.items()}, {out(0): s / 2}) for s in (1.0, -1.0)]
    cases = [
        (
            "a b",
            square.units(plus, {out(0): 0.25}) + square.units(minus, {out(0): -0.25}),
            0.0,
            a * b,
            2 * 16 / (8 * pieces**2) / 2 + square.kink_error / 2,
        ),
        (
            "max(a, b) + 1",
            halves + size.units(minus, {out(0): 0.5}),
            size.offset / 2 + 1,
            np.maximum(a, b) + 1,
            size.kink_error,
        ),
    ]
    for name, units, offset, wanted, bound in cases:
        stack = list(stacked(channels, T, units, offset={out(0): offset if constant_term else 0.0}))
        blocks = -(-len(units) // (channels.width - 1))
        evidence.agreement(
            abs(len(stack) - blocks),
            0.0,
            f"{len(units)} units take {wording.counted(blocks, 'block')} of width {channels.width}",
        )
        network = Network.of(stack[: len(stack) - left_out] or [("nothing", gelu_units(channels, T, []))])
        change = network(x) - x
        error = float(np.abs(channels.read(out(0), change) - wanted).max())
        evidence.constructed(
            "(ii)", error, bound + 1e-11, f"{name} by {len(units)} units in {wording.counted(blocks, 'block')}"
        )
        for block in network.blocks[:2]:
            _preserves(evidence, channels, block, forward(block, x) - x, d)
        blocks_agree(evidence, network, x[0], (0,))


def _preserves(evidence: Evidence, channels: Channels, block: SessaParameters, change: Array, d: int) -> None:
    """Storage is preserved exactly, the output slice is not read, the feedback is off: exact zeros of the weights."""
    outputs = [n for n, name in enumerate(channels.names) if name.startswith("out.")]
    elsewhere = np.delete(block["W_out.weight"], outputs, axis=0)
    evidence.identity(
        "what is kept",
        [int(np.count_nonzero(elsewhere)), int(np.count_nonzero(np.delete(block["W_out.bias"], outputs)))],
        "W_out has exact zeros but for U_out",
    )
    evidence.identity(
        "what is read", [int(np.count_nonzero(block["W_in.weight"][:, outputs]))], "W_in does not read U_out"
    )
    evidence.identity(
        "no feedback",
        [int(block["mixer.gamma_bias"] != 0), int(np.count_nonzero(block["mixer.gamma_ctx.weight"]))],
        "gamma = tanh(0)",
    )
    evidence.agreement(
        float(np.abs(np.delete(change, outputs, axis=-1)).max()), 0.0, "the storage after the block, exactly"
    )


def _token_reads(block: SessaParameters) -> list[int]:
    """The number of weights that lead from a-slots that depend on the tokens to forward queries and keys."""
    reads = np.any(block["W_in.weight"][: block.config.width] != 0, axis=1)
    return [int(np.count_nonzero(block[f"mixer.{name}_proj.weight"][:, reads])) for name in "qk"]


def _random_units(rng: np.random.Generator, channels: Channels, d: int, count: int) -> list[Unit]:
    read = [name for name in channels.names if not name.startswith("out.")]
    return [
        Unit(
            dict(zip([*read, ONE], rng.normal(0, 1 / np.sqrt(len(read)), len(read) + 1), strict=True)),
            {out(i): float(rng.normal()) for i in range(d)},
        )
        for _ in range(count)
    ]


def _sum_of(channels: Channels, units: list[Unit], x: Array) -> Array:
    total = np.zeros_like(x)
    for unit in units:
        weight, bias = channels.affine(unit.reads)
        total += gelu(x @ weight + bias)[..., None] * channels.affine(unit.writes)[0]
    return total


def _turned(block: SessaParameters, number: int, turn: int) -> SessaParameters:
    """The block with its queries turned as for the lag number + turn."""
    if not turn:
        return block
    arrays = dict(block)
    c, s = np.cos(turn), np.sin(turn)
    arrays["mixer.q_proj.weight"] = np.array([[c, s], [-s, c]]) @ arrays["mixer.q_proj.weight"]
    return SessaParameters(block.config, arrays)


def _shorter(block: SessaParameters, factor: float) -> SessaParameters:
    arrays = dict(block)
    arrays["mixer.q_proj.weight"] = factor * arrays["mixer.q_proj.weight"]
    arrays["mixer.k_proj.weight"] = factor * arrays["mixer.k_proj.weight"]
    return SessaParameters(block.config, arrays)


ROWS = (block_copies_a_lag, block_is_a_batch, stack_approximates)
