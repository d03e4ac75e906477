"""The case battery: inputs and configs that reveal real mistakes, in a fixed order."""

from functools import cache

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.cases.case import Case, case, chain_case, padded_case, position_case

BATTERY_VERSION = 4
"""Raised whenever the battery changes, so that reports can be compared."""

_ALL = frozenset({"calls", "differences", "NaN isolation", "padding"})
_USE = frozenset({"calls", "NaN isolation", "padding"})
_LENGTHS = frozenset({"lengths"})
_WIDE = ("float64", "float32")  # logits of 10^3 and more leave the half precisions without digits
_NO_FLOAT16 = (*_WIDE, "bfloat16")  # powers of the norm's scale leave float16's range


@cache
def battery(quick: bool = False) -> tuple[Case, ...]:
    """The cases, in the order in which they are run; equal in every run, and the same objects in one process.

    Args:
        quick: only the cases of the quick battery: one for each kind of mistake.
    """
    cases = [*_heads(), *_lengths(), *_gains(), *_routing(), *_scales(), *_configs()]
    return tuple(case for case in cases if case.quick) if quick else tuple(cases)


def _heads() -> list[Case]:
    published = SessaConfig.published
    four = published(16, 4)
    grouped = published(32, 8, 2)
    plain = published(15, 5, use_forward_rope=False, ln_eps=1e-3)
    return [
        case("heads", "four heads", four, T=33, split=20, other_splits=(0, 1, 32, 33), extras=_ALL, quick=True),
        case(
            "one_head",
            "one head: no output projection",
            published(12, 1),
            T=23,
            split=9,
            extras=_ALL,
            quick=True,
        ),
        case(
            "grouped_heads",
            "eight query heads read two key/value heads",
            grouped,
            T=40,
            split=31,
            equal_dy=True,
            extras=_USE,
            quick=True,
        ),
        case("one_key_head", "four query heads read one key/value head", published(16, 4, 1), T=29, split=3),
        case("many_heads", "twelve heads of width two, five rows", published(24, 12, 4), T=19, batch=5, split=0),
        case("no_rope", "no rotary embedding, odd head width, other eps", plain, T=25, extras=_ALL, quick=True),
        case("narrow_heads", "heads of width one", published(7, 7, 1, use_forward_rope=False), T=17, batch=3),
        case("odd_width", "one head of odd width", published(9, 1, use_forward_rope=False), T=13, split=1),
        case("smallest", "width two", published(2, 1), T=11, split=10, dtypes=_NO_FLOAT16),
        case("wide", "width 64", published(64, 8, 4), T=24),
        case("wide_heads", "heads of width 136", published(272, 2, 1), T=20, batch=1),
    ]


def _lengths() -> list[Case]:
    small = SessaConfig.published(8, 2, gamma_max=0.97)
    one, grouped = SessaConfig.published(8, 1), SessaConfig.published(12, 6, 2, ln_eps=1e-4)
    cases = [
        case("no_token", "T = 0", small, T=0, quick=True),
        case("one_token", "T = 1: no strict past", small, T=1, split=1, other_splits=(0,), quick=True),
        case(
            "two_tokens",
            "T = 2: a single feedback edge",
            small,
            T=2,
            split=1,
            other_splits=(0, 2),
            quick=True,
        ),
        case("three_tokens", "T = 3: two hops", small, T=3, split=0, batch=3, extras=_USE),
    ]
    cases.append(case("every_length", "every number of tokens up to 130", small, T=130, extras=_LENGTHS))
    about = "a length at which blocked code goes wrong"
    cases += [
        case(f"length_{T}", about, config, T=T, batch=batch, split=split, quick=T == 65, extras=extras)
        for T, config, batch, split, extras in (
            (31, small, 3, 30, frozenset()),
            (61, grouped, 1, 2, frozenset()),
            (63, small, 1, 33, frozenset()),
            (64, grouped, 1, 64, frozenset()),
            (65, small, 2, 64, _USE),
            (101, one, 1, 50, frozenset()),
            (127, small, 1, 126, frozenset()),
            (128, one, 1, 127, frozenset()),
            (129, grouped, 1, 128, _USE),
            (257, small, 2, 1, frozenset()),
            (521, one, 1, 513, frozenset()),
        )
    ]
    two = SessaConfig.published(4, 2)
    cases.append(position_case("positions", "attention by position alone, beyond 256", one, T=400, split=391))
    cases.append(case("length_1031", "more than a thousand tokens", one, T=1031, batch=1, split=1010, dtypes=_WIDE))
    cases.append(case("length_2053", "more than two thousand tokens", two, T=2053, batch=1, split=2040, dtypes=_WIDE))
    return cases


def _gains() -> list[Case]:
    published = SessaConfig.published
    four = published(16, 4)
    return [
        case("gain_high", "gain at +gamma_max on every token", four, T=48, gamma_bias=20.0, quick=True),
        case("gain_low", "gain at -gamma_max on every token", four, T=48, gamma_bias=-20.0, quick=True),
        case("gain_mixed", "gains of both signs", four, T=31, gamma_bias=0.0, split=5),
        case(
            "gamma_max_0.3",
            "gamma_max = 0.3",
            published(16, 2, gamma_max=0.3),
            T=31,
            gamma_bias=1.0,
            quick=True,
        ),
        case(
            "gamma_max_0.9",
            "gamma_max = 0.9, saturated",
            published(12, 3, gamma_max=0.9),
            T=37,
            gamma_bias=4.0,
        ),
        case(
            "gamma_max_0.999999",
            "gamma_max close to 1",
            published(8, 2, gamma_max=0.999999),
            T=70,
            gamma_bias=9.0,
        ),
    ]


def _routing() -> list[Case]:
    published = SessaConfig.published
    four, plain = published(16, 4), published(12, 3, 1, use_forward_rope=False)
    one = published(8, 1)
    return [
        case(
            "uniform_routing",
            "logits near zero, high gain: all routes count",
            four,
            T=64,
            gamma_bias=3.0,
            forward_logits=1e-3,
            feedback_logits=1e-3,
        ),
        case(
            "sharp_routing",
            "large logits: both attentions nearly one-hot",
            four,
            T=64,
            quick=True,
            forward_logits=30.0,
            feedback_logits=30.0,
        ),
        chain_case(
            "long_chains",
            "each token reads its predecessor: over a hundred hops",
            one,
            T=150,
            quick=True,
            dtypes=_WIDE,
        ),
        chain_case("longer_chains", "hundreds of hops", one, T=600, split=590, dtypes=("float64",)),
        case(
            "logits_high",
            "all logits near 12000: exp overflows unguarded",
            plain,
            T=30,
            logit_shift=12000.0,
            quick=True,
            dtypes=_WIDE,
        ),
        case(
            "logits_low",
            "all logits near -12000, below a mask of -10000",
            plain,
            T=30,
            logit_shift=-12000.0,
            quick=True,
            dtypes=_WIDE,
        ),
    ]


def _scales() -> list[Case]:
    published = SessaConfig.published
    two = published(16, 2)
    other = published(10, 1, ln_eps=0.03)
    return [
        case(
            "tiny_input",
            "small tokens: the norm's epsilon matters",
            two,
            T=21,
            x_scale=2e-3,
            dy_scale=1e-9,
            split=7,
            quick=True,
            dtypes=_NO_FLOAT16,
        ),
        case("other_eps", "another epsilon, as large as the variance", other, T=21, x_scale=0.1, extras=_USE),
        case(
            "large_input",
            "tokens of size 1000: the norm absorbs it, the residual does not",
            two,
            T=21,
            x_scale=1e3,
            dy_scale=1e5,
            dtypes=_NO_FLOAT16,
        ),
        case("large_activations", "GELU in its tails", two, T=21, input_scale=6.0, dtypes=_WIDE),
        padded_case("zero_tokens", "tokens that are zero, and tokens that are equal", two, T=25, split=12),
    ]


def _configs() -> list[Case]:
    """Configs that the published constructor does not offer; an implementation may decline them."""
    paper = SessaConfig.paper(9, 4)
    other = SessaConfig(
        width=12, heads=3, query_width=6, feedback_width=10, rope_base=100.0, norm="identity", projection_bias=False
    )
    return [
        case("paper_block", "the paper's block: one head, no biases, plain tanh, no norm", paper, T=30, gamma_bias=4.0),
        case("other_widths", "other query and feedback widths, rotary base 100, no norm", other, T=33, extras=_USE),
    ]
