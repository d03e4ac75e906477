"""Errata of Appendix H."""

from fractions import Fraction

import numpy as np

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.theory import depth


@erratum(
    "31-order",
    "thm:31",
    where="Appendix H.2, proof of Theorem 31, the product expansion",
    kind=Kind.SLIP,
    printed=r"$\prod_{n \in S} \mathcal G_n$ is taken in increasing layer order.",
    correct=r"Increasing in the order in which the layers act: read from left to right the factors decrease, $\mathcal G_{n_k} \cdots \mathcal G_{n_1}$, as the proof's next display has them.",
    conclusion="survives",
)
def order_of_kernels() -> Shown:
    """Three tokens and two kernels with one entry each: the orders differ."""
    first, second = np.zeros((3, 3), dtype=int), np.zeros((3, 3), dtype=int)
    first[1, 0] = second[2, 1] = 1
    right, wrong = second @ first, first @ second
    return Shown(
        right[2, 0] == 1 and wrong[2, 0] == 0,
        "block 1 moves 0 to 1, block 2 moves 1 to 2: 1 in one order, 0 in the other",
    )


@erratum(
    "H.1-source",
    "lem:H.1",
    where="Appendix H.3, Lemma H.1, (77), and its proof",
    kind=Kind.LOOSE,
    printed=r"$(\mathcal H^k)(t, \tau) \le \frac{1}{t+1} \frac{H_t^{k-1}}{(k-1)!}$: the proof drops the source, and a term of $H_t$.",
    correct=r"$H_t - H_{\tau+1}$ in place of $H_t$: an equality for $k = 1$ and $k = 2$, and at most $\log(t/(\tau+1))$.",
    conclusion="survives; with the source, Proposition 32 needs no bounded family of sources",
)
def source_is_dropped() -> Shown:
    """K = 2, tau = 9, t = 10: 0 against 0.27."""
    exact, printed = depth.nested_harmonic(2, 9, 10), depth.nested_harmonic_bound(2, 10)
    sharper = depth.sharper_nested_harmonic_bound(2, 9, 10)
    return Shown(
        exact == sharper == 0 < printed, f"k = 2, tau = 9, t = 10: exactly {exact}, printed bound {float(printed):.3f}"
    )


@erratum(
    "32-sources",
    "prop:32",
    where="Appendix H.4, Proposition 32; so Corollaries 4.7 (i) and H.2 (i)",
    kind=Kind.LOOSE,
    printed=r"For a bounded family of sources $0 \le \tau \le \tau_{\max}$, with a constant that depends on $\tau_{\max}$.",
    correct=r"For all sources, with $(\log \ell)^{k-1}/((k-1)!\,(1+\ell))$ in each term: $t/(\tau+1) \le \ell$ and $t + 1 \ge 1 + \ell$.",
    conclusion="survives, for every source",
)
def sources_need_no_bound() -> Shown:
    """K = 3 at lag 50: sources 0, 100, 1000 stay below the same bound."""
    lag = 50
    bound = np.log(lag) ** 2 / 2 / (1 + lag)
    found = [float(depth.nested_harmonic(3, tau, tau + lag)) for tau in (0, 100, 1000)]
    shown = ", ".join(f"{value:.5f}" for value in found)
    return Shown(max(found) <= bound, f"k = 3, lag 50, tau = 0, 100, 1000: {shown}; the bound for all is {bound:.5f}")


@erratum(
    "32-34-constants",
    "prop:32",
    where="Appendix H.4 and H.5, Propositions 32 to 34, Corollaries H.2 and 4.7",
    kind=Kind.SLIP,
    printed=r"The hidden constants carry $N$ (and $\tau_{\max}$ or $\beta$) as indices, and nothing else.",
    correct=r"""
    They depend on all $d_n$, $\lambda_n$ and $a_n$: through $E_k$ of $\prod_n (d_n + \lambda_n a_n z) = \sum_k E_k z^k$. The networks of a comparison over horizons
    may therefore not let these grow.
    """,
    conclusion="survives, with the dependence named",
)
def hidden_constants() -> Shown:
    """One block, a = 1 and a = 1000: the Jacobian a/(t+1) at lag 10."""
    small, large = (float(depth.deep_attention_bound(depth.path_weights([1.0], [a]), 10.0)) for a in (1.0, 1000.0))
    return Shown(large > 500 * small, f"N = 1, tau = 0, lag 10: {small:.3f} for a = 1, {large:.1f} for a = 1000")


@erratum(
    "33-rates",
    "prop:33",
    where="Appendix H.4, Proposition 33",
    kind=Kind.LOOSE,
    printed=r"$(1+\ell)^{N-1} e^{-c_*\ell}$ for any rates $c_n$.",
    correct=r"""
    The power is $r - 1$ where $r$ blocks have the smallest rate: for distinct rates it is $e^{-c_*\ell}$ times a constant. For equal rates
    $\sum_k E_k \binom{\ell-1}{k-1} e^{-c\ell}$ is exact.
    """,
    conclusion="survives; sharp for equal rates only",
)
def distinct_rates() -> Shown:
    """Two blocks with e^(-c) = 1/2 and 1/4: the path sum over 2^(-lag) tends to 2."""
    kernels = [Fraction(1, 2), Fraction(1, 4)]
    totals = []
    for lag in (2, 10, 40):
        both = sum((kernels[0] ** m * kernels[1] ** (lag - m) for m in range(1, lag)), Fraction(0))
        totals.append(float((kernels[0] ** lag + kernels[1] ** lag + both) * 2**lag))
    return Shown(
        max(totals) < 3,
        f"rates log 2 and log 4, over 2^(-lag): {totals[0]:.3f}, {totals[1]:.3f}, {totals[2]:.3f} at lags 2, 10, 40",
    )


@erratum(
    "34-depth",
    "prop:34",
    where="Appendix H.4, Proposition 34, for the blocks of Appendix B",
    kind=Kind.LOOSE,
    printed=r"Envelopes $a_n \ell^{-\beta}(1+\log(1+\ell))$ give $\ell^{N(1-\beta)-1}$: with depth the bound may grow.",
    correct=r"""
    Blocks that satisfy Appendix B's assumptions have the envelope $A\,a_\tau b_t$, and $a_i b_i = 1/(i+\eta)$: depth adds at most
    $(1+\log(t/(\tau+1)))^{N-1}$, and the bound tends to 0 at every depth. The envelope in the lag alone forgets where the source is.
    """,
    conclusion="survives as a statement on envelopes; for the blocks that it is meant for it is far from sharp",
)
def depth_adds_no_power() -> Shown:
    """Eta = 4/5, N = 4: the printed bound grows like a power, the sharper one tends to 0."""
    weights = depth.path_weights([1.0] * 4, [1.0] * 4)
    ours = [float(depth.deep_diffuse_sessa_bound(weights, 0.8, 0.0, lag)) for lag in (1e4, 1e10, 1e30)]
    printed = [float(depth.deep_sessa_bound(weights, 0.2, lag)) for lag in (1e4, 1e10, 1e30)]
    shows = ours[2] < ours[0] and printed[2] > printed[1] > printed[0]
    return Shown(
        shows,
        f"eta = 0.8, N = 4, lags 1e4, 1e10, 1e30: {ours[0]:.3g}, {ours[1]:.3g}, {ours[2]:.3g}; printed {printed[0]:.2g}, {printed[1]:.2g}, {printed[2]:.2g}",
    )


ERRATA: tuple[Erratum, ...] = (
    order_of_kernels,
    source_is_dropped,
    sources_need_no_bound,
    hidden_constants,
    distinct_rates,
    depth_adds_no_power,
)
