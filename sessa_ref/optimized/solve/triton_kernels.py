"""The Triton kernels of the blocked solve, which `triton_launch` launches.

Tokens are cut into blocks of 32. Weights come in tiles of 32 x 32, recomputed from q, k and the rows' log-sum-exp
wherever they are needed. Within a launch no two programs write to the same place, and a program never reads what
another one writes. What it reads back of its own writes is behind a barrier. So programs never wait for each other.

All arithmetic is in the dtype of the output: tiles are converted as they are read.
"""

from typing import no_type_check

import triton
from triton import language as tl

BLOCK = tl.constexpr(32)
# (I - A)^(-1) = (I + A)(I + A^2)(I + A^4)(I + A^8)(I + A^16) for A^32 = 0: this many squarings
SQUARINGS = tl.constexpr(4)


@triton.jit
@no_type_check
def log_sum_exp(
    Q, K, LSE, T, d: tl.constexpr, CHUNK: tl.constexpr, LOGIT_PRECISION: tl.constexpr
):  # grid (N, row blocks)
    """LSE: each row's log of the sum of its exponentials, by a running maximum."""
    n, row = tl.program_id(0), tl.program_id(1) * BLOCK
    dtype: tl.constexpr = LSE.dtype.element_ty
    largest = tl.full((BLOCK,), float("-inf"), dtype)
    total = tl.zeros((BLOCK,), dtype)
    for column in range(0, row + BLOCK, BLOCK):
        logits = tl.where(
            _is_past(row, column, T), _logits(Q, K, n, row, column, T, d, CHUNK, LOGIT_PRECISION, dtype), float("-inf")
        )
        now_largest = tl.maximum(largest, tl.max(logits, axis=1))
        # where nothing has been seen yet (row 0 sees nothing at all) -inf - -inf would be NaN
        shift = tl.where(now_largest == float("-inf"), 0.0, now_largest)
        total = total * tl.exp(largest - shift) + tl.sum(tl.exp(logits - shift[:, None]), axis=1)
        largest = now_largest
    seen = total != 0  # also where it is NaN
    result = tl.where(seen, largest + tl.log(tl.where(seen, total, 1.0)), float("-inf"))
    rows = row + tl.arange(0, BLOCK)
    tl.store(LSE + n.to(tl.int64) * T + rows, result, mask=rows < T)


@triton.jit
@no_type_check
def solve(
    Q, K, GAMMA, F, LSE, S, W, T,
    d: tl.constexpr, D: tl.constexpr, CHUNK: tl.constexpr, SLICE: tl.constexpr, LOGIT_PRECISION: tl.constexpr,
):  # fmt: skip  # grid (N, slices of D)
    """S and W, block after block of rows: attention over the states so far, then the block's own system."""
    n, part = tl.program_id(0), tl.program_id(1) * SLICE
    dtype: tl.constexpr = S.dtype.element_ty
    for row in range(0, T, BLOCK):
        past = tl.zeros((BLOCK, SLICE), dtype)
        for column in range(0, row, BLOCK):
            alpha = _weights(Q, K, LSE, n, row, column, T, d, CHUNK, LOGIT_PRECISION, dtype)
            past = _add_product(past, alpha, _tile(S, n, column, part, T, D, SLICE, dtype))
        alpha = _weights(Q, K, LSE, n, row, row, T, d, CHUNK, LOGIT_PRECISION, dtype)
        gamma = _entries(GAMMA, n, row, T, dtype)[:, None]
        f = _tile(F, n, row, part, T, D, SLICE, dtype)
        w = _add_product(past, alpha, _unitriangular(gamma * alpha, f + gamma * past))
        _store(W, w, n, row, part, T, D, SLICE)
        _store(S, f + gamma * w, n, row, part, T, D, SLICE)
        tl.debug_barrier()  # the next blocks read S with other threads than those that wrote it


@triton.jit
@no_type_check
def adjoint_solve(
    Q, K, GAMMA, LSE, DS, LAMBDA, T,
    d: tl.constexpr, D: tl.constexpr, CHUNK: tl.constexpr, SLICE: tl.constexpr, LOGIT_PRECISION: tl.constexpr,
):  # fmt: skip  # grid (N, slices of D)
    """LAMBDA = (I - B)^(-T) DS: the same walk with B transposed, from the last block to the first."""
    n, part = tl.program_id(0), tl.program_id(1) * SLICE
    dtype: tl.constexpr = LAMBDA.dtype.element_ty
    blocks = tl.cdiv(T, BLOCK)
    for block in range(0, blocks):
        column = (blocks - 1 - block) * BLOCK
        total = _tile(DS, n, column, part, T, D, SLICE, dtype)
        for row in range(column + BLOCK, T, BLOCK):
            B = _entries(GAMMA, n, row, T, dtype)[:, None] * _weights(
                Q, K, LSE, n, row, column, T, d, CHUNK, LOGIT_PRECISION, dtype
            )
            total = _add_product(total, tl.trans(B), _tile(LAMBDA, n, row, part, T, D, SLICE, dtype))
        B = _entries(GAMMA, n, column, T, dtype)[:, None] * _weights(
            Q, K, LSE, n, column, column, T, d, CHUNK, LOGIT_PRECISION, dtype
        )
        _store(LAMBDA, _unitriangular(tl.trans(B), total), n, column, part, T, D, SLICE)
        tl.debug_barrier()  # as in `solve`


@triton.jit
@no_type_check
def query_gradient(
    Q, K, GAMMA, LSE, S, LAMBDA, DGAMMA, DQ, T,
    d: tl.constexpr, D: tl.constexpr, CHUNK: tl.constexpr, SLICE: tl.constexpr, LOGIT_PRECISION: tl.constexpr,
):  # fmt: skip  # grid (N, row blocks, slices of d)
    """DQ: dq_t = d^(-1/2) sum over j < t of dlogit_tj k_j."""
    n, part = tl.program_id(0), tl.program_id(2) * SLICE
    row = (tl.num_programs(1) - 1 - tl.program_id(1)) * BLOCK  # the longest rows first
    dtype: tl.constexpr = DQ.dtype.element_ty
    total = tl.zeros((BLOCK, SLICE), dtype)
    for column in range(0, row + BLOCK, BLOCK):
        dlogits = _logit_gradient(
            Q, K, GAMMA, LSE, S, LAMBDA, DGAMMA, n, row, column, T, d, D, CHUNK, LOGIT_PRECISION, dtype
        )
        total = _add_product(total, dlogits, _tile(K, n, column, part, T, d, SLICE, dtype))
    _store(DQ, total * d**-0.5, n, row, part, T, d, SLICE)


@triton.jit
@no_type_check
def key_gradient(
    Q, K, GAMMA, LSE, S, LAMBDA, DGAMMA, DK, T,
    d: tl.constexpr, D: tl.constexpr, CHUNK: tl.constexpr, SLICE: tl.constexpr, LOGIT_PRECISION: tl.constexpr,
):  # fmt: skip  # grid (N, column blocks, slices of d)
    """DK: dk_j = d^(-1/2) sum over t > j of dlogit_tj q_t."""
    n, column, part = tl.program_id(0), tl.program_id(1) * BLOCK, tl.program_id(2) * SLICE
    dtype: tl.constexpr = DK.dtype.element_ty
    total = tl.zeros((BLOCK, SLICE), dtype)
    for row in range(column, T, BLOCK):
        dlogits = _logit_gradient(
            Q, K, GAMMA, LSE, S, LAMBDA, DGAMMA, n, row, column, T, d, D, CHUNK, LOGIT_PRECISION, dtype
        )
        total = _add_product(total, tl.trans(dlogits), _tile(Q, n, row, part, T, d, SLICE, dtype))
    _store(DK, total * d**-0.5, n, column, part, T, d, SLICE)


@triton.jit
@no_type_check
def _logit_gradient(
    Q, K, GAMMA, LSE, S, LAMBDA, DGAMMA, n, row, column, T, d: tl.constexpr, D: tl.constexpr,
    CHUNK: tl.constexpr, LOGIT_PRECISION: tl.constexpr, dtype: tl.constexpr,
):  # fmt: skip
    """A tile of dlogit_tj = alpha_tj gamma_t (<lambda_t, s_j> - dgamma_t); <lambda_t, w_t> is dgamma_t."""
    dalpha = tl.zeros((BLOCK, BLOCK), dtype)
    for part in range(0, D, CHUNK):
        lam = _tile(LAMBDA, n, row, part, T, D, CHUNK, dtype)
        s = _tile(S, n, column, part, T, D, CHUNK, dtype)
        dalpha = _add_product(dalpha, lam, tl.trans(s))
    alpha = _weights(Q, K, LSE, n, row, column, T, d, CHUNK, LOGIT_PRECISION, dtype)
    gamma, dgamma = _entries(GAMMA, n, row, T, dtype), _entries(DGAMMA, n, row, T, dtype)
    return alpha * gamma[:, None] * (dalpha - dgamma[:, None])


@triton.jit
@no_type_check
def _unitriangular(A, x):
    """(I - A)^(-1) x for a strictly triangular tile A, lower or upper, as a finite product."""
    x = _add_product(x, A, x)
    for _ in range(0, SQUARINGS):
        A = _add_product(tl.zeros_like(A), A, A)
        x = _add_product(x, A, x)
    return x


@triton.jit
@no_type_check
def _weights(
    Q, K, LSE, n, row, column, T,
    d: tl.constexpr, CHUNK: tl.constexpr, LOGIT_PRECISION: tl.constexpr, dtype: tl.constexpr,
):  # fmt: skip
    """A tile of alpha, 0 outside the strict past."""
    logits = _logits(Q, K, n, row, column, T, d, CHUNK, LOGIT_PRECISION, dtype)
    exponents = logits - _entries(LSE, n, row, T, dtype)[:, None]
    # masked before the exponential, which would overflow in row 0, whose log-sum-exp is -inf
    return tl.exp(tl.where(_is_past(row, column, T), exponents, float("-inf")))


@triton.jit
@no_type_check
def _is_past(row, column, T):
    """Which (t, j) of a tile have j < t < T."""
    rows = row + tl.arange(0, BLOCK)
    columns = column + tl.arange(0, BLOCK)
    return (columns[None, :] < rows[:, None]) & (rows < T)[:, None]


@triton.jit
@no_type_check
def _logits(
    Q, K, n, row, column, T,
    d: tl.constexpr, CHUNK: tl.constexpr, LOGIT_PRECISION: tl.constexpr, dtype: tl.constexpr,
):  # fmt: skip
    """A tile of <q_t, k_j> d^(-1/2)."""
    total = tl.zeros((BLOCK, BLOCK), dtype)
    for part in range(0, d, CHUNK):
        q = _tile(Q, n, row, part, T, d, CHUNK, dtype)
        k = _tile(K, n, column, part, T, d, CHUNK, dtype)
        total = _add_product(total, q, tl.trans(k), LOGIT_PRECISION)
    return total * d**-0.5


@triton.jit
@no_type_check
def _add_product(total, a, b, precision: tl.constexpr = "ieee"):
    """Total + a @ b in total's dtype."""
    return tl.dot(a, b, total, input_precision=precision, out_dtype=total.dtype)


@triton.jit
@no_type_check
def _tile(X, n, row, column, T, width: tl.constexpr, COLUMNS: tl.constexpr, dtype: tl.constexpr):
    """BLOCK x COLUMNS entries of X (N, T, width) from [n, row, column] on, 0 beyond its edges."""
    rows, columns = tl.arange(0, BLOCK)[:, None], column + tl.arange(0, COLUMNS)[None, :]
    start = (n.to(tl.int64) * T + row) * width  # within a tile 32 bits suffice
    return tl.load(X + start + rows * width + columns, mask=(row + rows < T) & (columns < width), other=0.0).to(dtype)


@triton.jit
@no_type_check
def _store(X, values, n, row, column, T, width: tl.constexpr, COLUMNS: tl.constexpr):
    """The counterpart of `_tile`."""
    rows, columns = tl.arange(0, BLOCK)[:, None], column + tl.arange(0, COLUMNS)[None, :]
    start = (n.to(tl.int64) * T + row) * width
    tl.store(X + start + rows * width + columns, values, mask=(row + rows < T) & (columns < width))


@triton.jit
@no_type_check
def _entries(X, n, row, T, dtype: tl.constexpr):
    """BLOCK entries of X (N, T) from [n, row] on, 0 beyond its end."""
    rows = row + tl.arange(0, BLOCK)
    return tl.load(X + n.to(tl.int64) * T + rows, mask=rows < T, other=0.0).to(dtype)
