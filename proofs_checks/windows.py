"""A selective channel whose coefficients see a window of tokens, near the largest possible derivative (Remark C.3)."""

from flint import arb


def window_example(window: int) -> tuple[arb, arb]:
    """|dy_t/dx_tau| and C(R) times the transitions after the window, t = tau + window + 1, of a channel of one mode with rate 1.

    Delta_t = (1 + sin(N^2 w_t)) / N with w_t the sum over the window, N^2 a multiple of 2 pi, so that whole w_t give Delta_t = 1/N and
    slope N; u_t = x_t, output 1. Tokens are 1 for 5014 steps, and then -1. For |x| <= 1: L_A = N, U_R = G_max = H_R = L_u = 1, L_B = 0,
    and C(R) = L_A H_R + L_A G_max U_R + G_max L_u = 2 N + 1.
    """
    N = (2 * arb.pi() * 10**4).sqrt()
    A = (-1 / N).exp()
    h = 1 - A**5014  # 20 N = 5013.3 steps towards 1
    derivative = arb(0)
    for step in range(window + 1):
        entry = -N * A * (h + 1) + (1 - A if step == 0 else 0)  # A h + (1 - A) u at u = -1; u_tau = x_tau moves as well
        derivative = A * derivative + entry
        h = A * h - (1 - A)
    return abs(A * derivative), (2 * N + 1) * A
