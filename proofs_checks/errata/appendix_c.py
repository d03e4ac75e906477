"""Errata of Appendix C."""

from fractions import Fraction

from flint import arb

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from proofs_checks.windows import window_example


@erratum(
    "C.1-equivalently",
    "lem:C.1",
    where="Appendix C, Lemma C.1, after (41)",
    kind=Kind.SLIP,
    printed='After the bounds (41) on the weights: "Equivalently, for all i, j one has e^-D <= alpha_i/alpha_j <= e^D".',
    correct="The bound on the quotients is the stronger one: it implies (41), and (41) only gives quotients up to e^(2D).",
    conclusion="survives: both follow from the spread",
)
def equivalently() -> Shown:
    """Two weights, e^D = 3/2."""
    E, weights = Fraction(3, 2), (Fraction(2, 3), Fraction(1, 3))
    within = all(1 / (2 * E) <= weight <= E / 2 for weight in weights)
    quotient = weights[0] / weights[1]
    return Shown(
        within and quotient > E, f"weights 2/3, 1/3 satisfy (41) with e^D = 3/2; their quotient is {quotient} > 3/2"
    )


@erratum(
    "C.1-sharp",
    "lem:C.1",
    where="Appendix C, Lemma C.1, (41)",
    kind=Kind.LOOSE,
    printed="e^-D/n <= alpha_j <= e^D/n.",
    correct="1/(1 + (n-1) e^D) <= alpha_j <= e^D/(e^D + n - 1), both attained.",
    conclusion="survives",
)
def sharp_weights() -> Shown:
    """n = 2, D = 1/2."""
    E = (arb(1) / 2).exp()
    best, printed = E / (E + 1), E / 2
    return Shown(bool(best < printed), f"n = 2, D = 1/2: {float(best.mid()):.3f} against {float(printed.mid()):.3f}")


@erratum(
    "C.3-constant",
    "rem:C.3",
    where="Appendix C.6, Remark C.3",
    kind=Kind.SLIP,
    printed='For coefficients that see a window x_(t-K:t), "the same argument" gives the bound with C(R), Proposition 4\'s letter, for t > tau + K.',
    correct="""
    The constant is another one: x_tau enters K + 1 steps, each with a source term of size up to J_R, so it is (K + 1) C(R) with the C(R) of
    Proposition 4, and K + 1 is the best factor. Read as "some constant that depends on R and K" the remark is right as it stands.
    """,
    conclusion="survives: what the remark is about, exponential forgetting up to the slack of the window, is unaffected",
)
def window_constant() -> Shown:
    """A window of two tokens."""
    attained, printed = window_example(1)
    return Shown(
        bool(attained > printed),
        f"K = 1: the derivative is {float((attained / printed).mid()):.3f} of the bound with Proposition 4's C(R)",
    )


ERRATA: tuple[Erratum, ...] = (equivalently, sharp_weights, window_constant)
