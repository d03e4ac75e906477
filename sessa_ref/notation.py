"""The paper's symbols, our identifiers and the array axes, in one table.

"The paper" is always Horbatko, *Sessa: Selective State Space Attention*, arXiv 2604.18580v2; a bare
equation number such as (17) is one of its equations.
"""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from jaxtyping import AbstractDtype

Array = np.ndarray

if TYPE_CHECKING:
    from typing import Annotated as Real
else:

    class Real(AbstractDtype):
        """The number types that the reference computes in: float64, and any other that its formulas accept unchanged.

        Extended precision gives true values for float64 results; complex numbers give complex-step
        derivatives.
        """

        dtypes = ("float64", "float80", "float96", "float128", "longdouble", "complex128")


def real_dtype(array: Array) -> np.dtype:
    """The dtype of an array's real part; constants that are combined with the array are made in it."""
    return np.finfo(array.dtype).dtype


def as_array(name: str, value: Any) -> Array:
    """`value` (an array, a torch tensor or nested lists) as an array; floating-point tensors become float64.

    Raises:
        TypeError: `value` is a masked array, or a tensor that is not dense or has no values.
        ValueError: `value` is no array, as lists of different lengths are none; the message calls it `name`.
    """
    if hasattr(value, "detach"):  # a torch tensor, recognised without importing torch
        if value.is_meta:
            raise TypeError(f"{name} must have values, got a tensor on the meta device")
        if value.is_nested or value.is_quantized or str(value.layout) != "torch.strided":
            raise TypeError(f"{name} must be a dense tensor of plain numbers, got {value.layout}, {value.dtype}")
        value = value.detach().cpu()
        value = (value.double() if value.is_floating_point() else value).numpy(force=True)
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a plain array, got a masked array, whose mask would be ignored")
    try:
        return np.asarray(value) if isinstance(value, np.matrix) else np.asanyarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be an array: {error}") from None


def as_floats(name: str, value: Any) -> Array:
    """`value` (an array, a torch tensor or nested lists) as an array of exactly the same floating-point numbers.

    It is float64, longdouble or complex in this machine's byte order: float32, float16, bfloat16 and narrower formats
    become float64. Subclasses of arrays are kept, since the oracle computes with one; only `np.matrix`, whose products
    differ, becomes a plain array.

    Raises:
        TypeError: `value` holds something other than floating-point numbers, is a masked array, or has no values.
        ValueError: `value` is no array, as lists of different lengths are none; the message calls it `name`.
    """
    array = as_array(name, value)
    # NumPy knows bfloat16 and the formats of 8 bits by name only, and only where another package defines them.
    if not array.dtype.name.startswith(("float", "bfloat", "complex")):
        raise TypeError(f"{name} must hold floating-point numbers, got {array.dtype}")
    return array.astype(np.result_type(array.dtype, np.float64), copy=False)


AXES: Final[dict[str, str]] = {
    "*batch": "any number of leading batch axes, possibly none",
    "T": "tokens, t = 0 .. T - 1; T = 0 is allowed",
    "D": "model width (the paper's D; m in its appendices)",
    "H": "query heads of the forward attention",
    "G": "key/value heads of the forward attention; query head h reads group h // (H / G)",
    "d_k": "query/key width per head of the forward attention",
    "pairs": "coordinate pairs that rotate together, d_k / 2",
    "d_v": "value width per head, D / H",
    "d_b": "query/key width of the feedback attention, which has one head",
}


class Symbol(NamedTuple):
    """One row of the notation table."""

    identifier: str
    """The name in our code."""
    paper: str
    """The paper's symbol, as LaTeX."""
    shape: str
    """Array axes, see AXES; empty for a scalar."""
    source: str
    """Equation or section of the paper."""
    meaning: str


SYMBOLS: Final[tuple[Symbol, ...]] = (
    Symbol("x", r"x_t", "*batch T D", "Section 3.1", "input tokens"),
    Symbol("n", r"\tilde x_t", "*batch T D", "(9)", "normalised tokens"),
    Symbol("a", r"a_t", "*batch T D", "(10)", "first half of the input projection, feeds the mixer"),
    Symbol("g", r"g_t", "*batch T D", "(10)", "second half of the input projection, gates the mixer output"),
    Symbol("u", r"\bar a_t", "*batch T D", "(11)", "mixer input, GELU(a)"),
    Symbol("q", r"q^f_t", "*batch H T d_k", "(14)", "forward queries"),
    Symbol("k", r"k^f_t", "*batch G T d_k", "(14)", "forward keys"),
    Symbol("v", r"v_t", "*batch G T d_v", "(14)", "values"),
    Symbol("theta", r"t\,\omega_r", "T pairs", "(15)", "rotary angles; pair r has coordinates 2r and 2r + 1"),
    Symbol("q_rotated", r"\mathrm{RoPE}_t(q^f_t)", "*batch H T d_k", "(15)", "queries after rotation"),
    Symbol("k_rotated", r"\mathrm{RoPE}_t(k^f_t)", "*batch G T d_k", "(15)", "keys after rotation"),
    Symbol("alpha_fwd", r"\alpha^{\mathrm{fwd}}_{t,j}", "*batch H T T", "(15)", "forward weights, j <= t"),
    Symbol("o", r"\sum_j \alpha^{\mathrm{fwd}}_{t,j} v_j", "*batch T D", "(16)", "head outputs, concatenated"),
    Symbol("f", r"f_t", "*batch T D", "(16)", "forward signal, the right-hand side of the solve"),
    Symbol("q_fb", r"q^b_t", "*batch T d_b", "(14)", "feedback queries"),
    Symbol("k_fb", r"k^b_t", "*batch T d_b", "(14)", "feedback keys"),
    Symbol("alpha_fb", r"\alpha^{\mathrm{fb}}_{t,j}", "*batch T T", "(17)", "feedback weights, j < t; row 0 is 0"),
    Symbol("gamma", r"\gamma_t", "*batch T", "(18)", "feedback gain, in (-1, 1)"),
    Symbol("B", r"B_{\mathrm{fb}}", "*batch T T", "(19)", "feedback routing matrix, strictly lower-triangular"),
    Symbol("s", r"s_t", "*batch T D", "(20)", "mixer output, the solution of (I - B) s = f"),
    Symbol("y", r"y_t", "*batch T D", "(13)", "layer output"),
    Symbol("gamma_max", r"", "", "published code", "bound on the gain; the paper's plain tanh is gamma_max = 1"),
    Symbol("query_width", r"d_k", "", "Section 3", "query/key width per forward head"),
    Symbol("feedback_width", r"d_k", "", "Section 3", "query/key width of the feedback attention"),
    Symbol("norm_eps", r"\varepsilon_{\mathrm{ln}}", "", "Appendix J", "epsilon of the layer norm"),
    Symbol("rope_base", r"\vartheta", "", "Appendix I.2", "base of the rotary frequencies"),
)
