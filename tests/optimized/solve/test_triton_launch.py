"""The Triton kernels against the solve written out with T x T matrices.

They run on a GPU where there is one, else in Triton's interpreter, which shows what the kernels compute, but
neither races nor what a GPU's compiler makes of them; for the latter they are compiled for GPUs that are not here.

Tolerance: ALLOWED times the largest deviation, per token and quantity, of a few draws of the same formulas in Monte
Carlo arithmetic, which rounds every operation at random. So it follows each case's own condition and size. The
kernels sum in another order and solve by another method than the draws, and the maximum over all tokens of a case
is compared with that of a few draws each: hence a factor, and not 1.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.optimized.solve import dense

ON_GPU = torch.cuda.is_available()
os.environ.setdefault("TRITON_INTERPRET", "0" if ON_GPU else "1")  # read when triton is first imported
pytest.importorskip("triton")

from sessa_ref.optimized.solve import triton_kernels, triton_launch  # noqa: E402

# what the interpreter says to a maximum of NaN
pytestmark = pytest.mark.filterwarnings("ignore:All-NaN slice encountered:RuntimeWarning")
ALLOWED = 8
DEVICE = "cuda" if ON_GPU else "cpu"
DTYPES = ("float32", "float64", "bfloat16", "float16")
QUANTITIES = ("s", "w", "lse", "dq", "dk", "dgamma", "df")
HERE = Path(__file__).parent


def draw(N: int, T: int, d: int, D: int, dtype: str = "float32", seed: int = 0) -> list[torch.Tensor]:
    """q, k, gamma, f, ds."""
    generator = torch.Generator().manual_seed(seed)
    q, k, f, ds = (torch.randn(N, T, width, generator=generator) for width in (d, d, D, D))
    gamma = torch.tanh(1 + torch.randn(N, T, generator=generator))
    return [x.to(getattr(torch, dtype)) for x in (2 * q, k, gamma, f, ds)]


def chain(T: int, D: int, gain: float) -> list[torch.Tensor]:
    """Each token attends to the one before, so that what enters it travels through all later ones."""
    q, k, gamma, f, ds = draw(1, T, T, D)
    k = torch.eye(T)[None]
    q = 30 * T**0.5 * torch.roll(k, 1, dims=1)
    return [q, k, torch.full_like(gamma, gain), f, ds]


def computed(q, k, gamma, f, ds) -> dict[str, torch.Tensor]:
    q, k, gamma, f, ds = (x.to(DEVICE) for x in (q, k, gamma, f, ds))
    s, w, lse = triton_launch.solve(q, k, gamma, f)
    gradients = triton_launch.vjp(q, k, gamma, s, w, lse, ds)
    return dict(zip(QUANTITIES, (s, w, lse, *gradients), strict=True))


def worst_ratio(inputs: list[torch.Tensor]) -> tuple[float, str]:
    """The largest error/spread, and the quantity it belongs to."""
    arrays = tuple(x.double().numpy() for x in inputs)
    true, spread = dense.truth(*arrays), dense.spread(arrays, dense.UNIT_ROUNDOFF[str(inputs[0].dtype)[6:]])
    ratios = []
    for name, value in computed(*inputs).items():
        assert value.shape == true[name].shape
        error = dense.distance(value.cpu().numpy(), true[name])
        # where no draw deviates the value has to be exact
        ratio = np.divide(error, spread[name], out=np.where(error == 0, 0, np.inf), where=spread[name] > 0)
        ratios.append((float(np.max(ratio, initial=0)), name))
    return max(ratios)


def assert_correct(inputs: list[torch.Tensor]) -> None:
    ratio, name = worst_ratio(inputs)
    assert ratio <= ALLOWED, f"{name} is off by {ratio:.3g} spreads"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("T", "d", "D"),
    [(1, 5, 5), (2, 16, 5), (31, 5, 16), (32, 33, 5), (33, 16, 33), (64, 5, 16), (65, 5, 70), (100, 70, 5)],
)
def test_every_length_width_and_dtype(T, d, D, dtype):
    assert_correct(draw(1, T, d, D, dtype))


def test_several_sequences():
    assert_correct(draw(3, 40, 16, 16))


@pytest.mark.parametrize("gain", [0.98, -0.98])
def test_a_long_chain_of_feedback(gain):
    assert_correct(chain(T=40, D=5, gain=gain))


@pytest.mark.parametrize("offset", [200, -200])
def test_logits_beyond_the_range_of_exp(offset):
    q, k, gamma, f, ds = draw(1, 40, 16, 5)
    q[..., 0], k[..., 0] = offset, 16**0.5
    assert_correct([q, k, gamma, f, ds])


def test_any_strides_and_mixed_dtypes():
    q, k, gamma, f, ds = draw(2, 35, 7, 6)
    both = torch.cat([q, k], dim=-1).half()
    strided = [
        both[..., :7],
        both[..., 7:],
        torch.stack([gamma, gamma], dim=-1).double()[..., 0],
        f[:, :1].bfloat16().expand(-1, 35, -1),
        ds.mT.contiguous().mT.float(),
    ]
    assert not any(x.is_contiguous() for x in strided)
    values = computed(*strided)
    assert all(value.dtype == torch.float64 for value in values.values())
    plain = computed(*(x.double().contiguous() for x in strided))
    for name, value in values.items():
        torch.testing.assert_close(value, plain[name], rtol=0, atol=0, msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_and_row_0(dtype):
    values = computed(*draw(1, 3, 2, 2, dtype))
    assert {value.dtype for value in values.values()} == {torch.float64 if dtype == "float64" else torch.float32}
    assert (values["lse"][:, 0] == -torch.inf).all()
    assert (values["w"][:, 0] == 0).all()
    assert (values["dq"][:, 0] == 0).all()


@pytest.mark.parametrize(("N", "T", "d", "D"), [(2, 0, 3, 4), (0, 3, 3, 4), (2, 3, 3, 0)])
def test_nothing_to_do(N, T, d, D):
    values = computed(*draw(N, T, d, D))
    shapes = {"lse": (N, T), "dgamma": (N, T), "dq": (N, T, d), "dk": (N, T, d)}
    for name, value in values.items():
        assert value.shape == shapes.get(name, (N, T, D)), name
        assert value.isfinite().all() or name == "lse"


def spoiled_neighbour() -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """One sequence alone, and the same with another one of NaN behind it."""
    alone = draw(1, 33, 5, 5)
    return alone, [torch.cat([x, torch.full_like(x, torch.nan)]) for x in alone]


def test_nothing_is_read_from_the_next_sequence():
    alone, both = spoiled_neighbour()
    for name, value in computed(*both).items():
        assert torch.equal(value[:1], computed(*alone)[name]), name


def test_a_nan_reaches_all_later_states_and_no_earlier_block():
    q, k, gamma, f, ds = draw(1, 70, 5, 5)
    q[0, 40, 2] = torch.nan
    values = computed(q, k, gamma, f, ds)
    assert values["s"][0, :32].isfinite().all()
    assert values["s"][0, 40:].isnan().all()
    assert values["lse"][0, 40].isnan()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"q": torch.zeros(3, 4)}, ValueError, r"q must have shape \(N, T, width\), got \(3, 4\)"),
        ({"q": torch.zeros(2, 3, 0)}, ValueError, "q must have a width of at least 1, got 0"),
        ({"k": torch.zeros(2, 3, 6)}, ValueError, r"k must have shape \(2, 3, 4\), got \(2, 3, 6\)"),
        ({"k": torch.zeros(2, 3, 4, device="meta")}, ValueError, "k must be on q's device"),
        ({"gamma": torch.zeros(2, 3, 1)}, ValueError, r"gamma must have shape \(2, 3\), got \(2, 3, 1\)"),
        ({"f": torch.zeros(2, 3, 5).long()}, TypeError, "f must be float16, bfloat16, float32 or float64, got torch.int64"),
    ],
)  # fmt: skip
def test_errors_name_the_argument(changed, error, message):
    right = dict(zip(("q", "k", "gamma", "f"), draw(2, 3, 4, 5), strict=False))
    triton_launch.solve(**{name: x.to(DEVICE) for name, x in right.items()})
    wrong = {name: x if x.is_meta else x.to(DEVICE) for name, x in (right | changed).items()}
    with pytest.raises(error, match=message):
        triton_launch.solve(**wrong)


def test_the_truth_is_the_gradient():
    """The formulas of `dense.solution` against automatic differentiation of the forward pass."""
    q, k, gamma, f, ds = (x.double() for x in draw(2, 9, 3, 4))
    leaves = [x.requires_grad_() for x in (q, k, gamma, f)]
    past = torch.ones(9, 9, dtype=torch.bool).tril(-1)
    logits = torch.where(past, q @ k.mT * 3**-0.5, -1e9)
    B = gamma[..., None] * torch.where(past, logits.softmax(-1), 0)
    s = torch.linalg.solve(torch.eye(9, dtype=torch.float64) - B, f)
    expected = torch.autograd.grad((ds * s).sum(), leaves)
    true = dense.truth(*(x.detach().numpy() for x in (q, k, gamma, f, ds)))
    for name, gradient in zip(("dq", "dk", "dgamma", "df"), expected, strict=True):
        np.testing.assert_allclose(true[name].astype(float), gradient.numpy(), rtol=0, atol=1e-13, err_msg=name)


# What a bent kernel does: (what is written, what is written instead)
BENT = {
    "the present token sees itself": ("columns[None, :] < rows[:, None]", "columns[None, :] <= rows[:, None]"),
    "the future is seen": ("(columns[None, :] < rows[:, None]) &", "(columns[None, :] != rows[:, None]) &"),
    "logits are not scaled": ("return total * d**-0.5", "return total"),
    "the sum is not rescaled to a new maximum": ("total * tl.exp(largest - shift) +", "total +"),
    "the last block is not yet visible": ("for column in range(0, row, BLOCK):", "for column in range(0, row - BLOCK, BLOCK):"),
    "the next block is not yet visible to the adjoint": (
        "for row in range(column + BLOCK, T, BLOCK):", "for row in range(column + 2 * BLOCK, T, BLOCK):",
    ),
    "the adjoint inverts the untransposed system": ("_unitriangular(tl.trans(B), total)", "_unitriangular(B, total)"),
    "the inner system takes the gain of the wrong token": ("_unitriangular(gamma * alpha,", "_unitriangular(alpha * tl.trans(gamma),"),
    "the mean of the gradient is not taken off": ("(dalpha - dgamma[:, None])", "dalpha"),
    "the mean of the gradient has the wrong sign": ("(dalpha - dgamma[:, None])", "(dalpha + dgamma[:, None])"),
    "key gradients miss the diagonal block": ("for row in range(column, T, BLOCK):", "for row in range(column + BLOCK, T, BLOCK):"),
}  # fmt: skip


def bent_kernels(folder: Path, written: str, instead: str):
    source = Path(triton_kernels.__file__).read_text()
    assert source.count(written) == 1
    path = folder / "bent_kernels.py"
    path.write_text(source.replace(written, instead))
    spec = importlib.util.spec_from_file_location("bent_kernels", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", BENT)
def test_bent_kernels_are_caught(name, tmp_path, monkeypatch):
    monkeypatch.setattr(triton_launch, "kernels", bent_kernels(tmp_path, *BENT[name]))
    ratio, _ = worst_ratio(draw(1, 40, 5, 5))
    assert ratio > 1000 * ALLOWED


def test_one_squaring_too_few_is_caught(tmp_path, monkeypatch):
    bent = bent_kernels(tmp_path, "SQUARINGS = tl.constexpr(4)", "SQUARINGS = tl.constexpr(3)")
    monkeypatch.setattr(triton_launch, "kernels", bent)
    ratio, _ = worst_ratio(chain(T=40, D=5, gain=0.98))
    assert ratio > 1000 * ALLOWED


def test_reading_on_into_the_next_sequence_is_caught(tmp_path, monkeypatch):
    bent = bent_kernels(
        tmp_path,
        "mask=(row + rows < T) & (columns < width), other=0.0",
        "mask=(row + rows < T + (n == 0)) & (columns < width), other=0.0",  # the last has nothing behind it to read
    )
    monkeypatch.setattr(triton_launch, "kernels", bent)
    _, both = spoiled_neighbour()
    assert computed(*both)["s"][:1].isnan().any()


def compiled(folder: Path, *arguments: str) -> list[dict]:
    """What GPUs' compilers make of the kernels; in a process of its own, which does not interpret."""
    result = subprocess.run(
        [sys.executable, str(HERE / "compile_for_gpus.py"), *arguments],
        env=os.environ | {"TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def has_barrier_after_writing(code: str) -> bool:
    """Whether a barrier stands between the walk's last write and the reads of its next round."""
    return "ttg.barrier" in code[code.rindex("tt.store") :]


def test_compiles_for_gpus(tmp_path):
    results = compiled(tmp_path / "cache", triton_kernels.__file__)
    assert len(results) == 15
    for result in results:
        assert result["shared"] <= 48 * 1024, result["program"]  # what every GPU grants without asking
        if result["program"] in ("solve", "adjoint_solve"):
            assert has_barrier_after_writing(result["code"])


def test_a_missing_barrier_is_caught(tmp_path):
    bent = bent_kernels(tmp_path, "tl.debug_barrier()  # as in `solve`", "")
    (result,) = compiled(tmp_path / "cache", str(bent.__file__), "adjoint_solve")[:1]
    assert not has_barrier_after_writing(result["code"])
