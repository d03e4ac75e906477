"""Test vectors: cases as files, with true values and tolerances, for implementations that cannot run the oracle.

`export` writes a folder NAME for each case:

- `case.json` and `case.safetensors`: the layer, x and dy in float64, as in the command protocol;
- `expected.safetensors`: the true `y`, `dx` and `grad.` + parameter name in float64; for each such quantity Q
  `radius.Q`, the error of the stored true values themselves, and `bound.DTYPE.Q`, the tolerance in that
  precision. An output is right where |output - Q| <= bound.DTYPE.Q + radius.Q; bounds broadcast along the last
  axis. `float32_angles.Q` is added to the float64 bound where float32 rotary angles are tolerated.

`check` judges outputs that someone computed from the cases, from these files alone.
"""

import json
import operator
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64
from safetensors.numpy import save_file

import sessa_ref
from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array
from sessa_ref.oracle.bounds import expectation
from sessa_ref.oracle.bounds.rounding import rounded
from sessa_ref.oracle.cases.battery import BATTERY_VERSION, battery
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.comparison import FLOAT32_ANGLES, Truth, compare, naming_the_departure
from sessa_ref.oracle.implementation import request_folder
from sessa_ref.oracle.report.results import Report, Result, Status, never_checked
from sessa_ref.parameters import decode, read_safetensors, shapes
from sessa_ref.precision import PRECISIONS
from sessa_ref.reference import Formulas

FORMAT_VERSION = 2
"""Version of the files."""

LONGEST = 128
"""Tokens of the longest case that is exported by default."""

_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_CHECKS = ("forward", "gradients")
_Outcome = tuple[Status, float | None, str]


class _VersionError(ValueError):
    """The files have another format."""


class Stored(NamedTuple):
    """A tensor as a file holds it."""

    format: str
    """The file's name of the format, e.g. "F32"."""
    values: Array
    """The numbers, bfloat16 as float32; empty for formats that are not judged."""
    shape: tuple[int, ...]


def export(
    directory: str | os.PathLike[str],
    cases: Sequence[Case] | None = None,
    exposes: Callable[[Case], list[str]] | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> list[str]:
    """Write a folder for each case, and `manifest.json`, which `vectors.schema.json` describes.

    Args:
        directory: made if it does not exist; files of equal names are overwritten.
        cases: those of the battery with at most `LONGEST` tokens by default.
        exposes: names of the faults that a case brings to light, for the manifest.
        progress: called with the name of each case before it is computed.

    Returns:
        The names of the cases.

    Raises:
        ValueError: `directory` is a file, the names of the cases cannot be those of folders, or a case is
            larger than true values are certified for.
    """
    directory = Path(directory)
    chosen = [c for c in battery() if c.x.shape[1] <= LONGEST] if cases is None else list(cases)
    names = [case.name for case in chosen]
    if not names or len(set(names)) < len(names) or not all(map(_is_folder_name, names)):
        raise ValueError(f"cases must have distinct names that can be names of folders, got {names}")
    large = [case.name for case in chosen if not expectation.is_certified(case)]
    if large:
        raise ValueError(
            f"cases must have at most {expectation.CERTIFIED} tokens, and {expectation.CERTIFIED_WORK} tokens times "
            f"parameters, more have {large}"
        )
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"{directory} is not a directory")
    for case in chosen:
        progress(case.name)
        folder = directory / case.name
        folder.mkdir(parents=True, exist_ok=True)
        request_folder.write_case(folder, "all", case, "float64")
        save_file(_expected(case), folder / "expected.safetensors")
    manifest = {
        "format_version": FORMAT_VERSION,
        "generator": f"sessa_ref {sessa_ref.__version__}",
        "battery_version": BATTERY_VERSION,
        "true_values": "ball arithmetic",
        "bound": f"{expectation.SAFETY_FACTOR:g} spreads of {expectation.DRAWS} Monte Carlo draws",
        "cases": [_entry(case, [] if exposes is None else exposes(case)) for case in chosen],
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (directory / "manifest.json").write_text(text, encoding="utf-8", newline="\n")
    return names


def check(directory: str | os.PathLike[str], outputs: str | os.PathLike[str], require: Sequence[str] = ()) -> Report:
    """Judge outputs that were computed elsewhere.

    Args:
        directory: what `export` wrote.
        outputs: holds NAME/out.safetensors for each case, with any of `y`, `dx` and `grad.` + parameter name,
            all stored in one of F64, F32, BF16 and F16, which decides the tolerance.
        require: "gradients", if they must not be skipped.

    Returns:
        One "forward" and one "gradients" result for each case. A missing y is an error, except for configs that the
        published constructor has no choice of. Missing gradients are skipped, also where only some are missing and
        the others are right.

    Raises:
        ValueError: there are no vectors in `directory`, they are damaged or of another version, `outputs` has no file
            for any case, or there is no such check to require.
    """
    if not set(require) <= set(_CHECKS):
        raise ValueError(f"require must be some of {list(_CHECKS)}, got {list(require)}")
    directory, outputs = Path(directory), Path(outputs)
    manifest = _read_manifest(directory)
    entries = {entry["name"]: entry for entry in manifest["cases"]}
    if not any((outputs / name / "out.safetensors").is_file() for name in entries):
        raise ValueError(f"{outputs} holds no NAME/out.safetensors for any of the {len(entries)} cases")
    results: list[Result] = []
    for name, entry in entries.items():
        expected = _read_expected(directory / name / "expected.safetensors", entry)
        judged = _judge(name, expected, outputs / name / "out.safetensors")
        results.extend(_obliged(result, entry, require) for result in judged)
    results += never_checked(results, sorted({result.dtype for result in results} - {"unknown"}), require)
    about = {
        "sessa_ref": sessa_ref.__version__,
        "vectors": str(directory),
        "vectors made by": manifest["generator"],
        "bound": manifest["bound"],
        "true values": manifest["true_values"],
    }
    return Report(str(outputs), results, about)


def _obliged(result: Result, entry: Mapping[str, Any], require: Sequence[str]) -> Result:
    """The result, but an error if it was skipped although the check is forward or required and the config not optional."""
    optional = not SessaConfig(**entry["config"]).is_published
    offered = result.dtype in ("unknown", *entry["dtypes"])
    if result.status is not Status.SKIPPED or optional or not offered or result.check not in ("forward", *require):
        return result
    # Without tokens no output can be wrong.
    return replace(result, status=Status.ERRORED, required=entry["T"] > 0)


def _entry(case: Case, exposes: list[str]) -> dict[str, Any]:
    batch, T, _ = case.x.shape
    config = json.loads(case.parameters.config.to_json())
    return {
        "name": case.name,
        "about": case.about,
        "batch": batch,
        "T": T,
        "split": case.split,
        "dtypes": list(case.dtypes),
        "config": config,
        "exposes": exposes,
    }


def _expected(case: Case) -> dict[str, Float64[Array, "..."]]:
    """True values, radii, bounds and what float32 angles add, under their names in the files."""
    of_float64 = expectation.Expectation(case, "float64")
    angles = expectation.spreads(case, 0.0, 1.0)
    granted = FLOAT32_ANGLES if case.parameters.config.rope else 0.0
    spreads = {dtype: _input_spreads(case, dtype) for dtype in case.dtypes if dtype != "float64"}
    tensors = {}
    for name, enclosure in (of_float64.enclosures or {}).items():
        tensors[name] = enclosure.midpoint
        tensors[f"radius.{name}"] = enclosure.error(enclosure.midpoint)[1]  # proven: the value is stored as float64
        tensors[f"bound.float64.{name}"] = of_float64.bounds(name)
        tensors[f"float32_angles.{name}"] = expectation.SAFETY_FACTOR * granted * angles[name]
        for dtype, of_dtype in spreads.items():
            precision = PRECISIONS[dtype]
            tiny = precision.underflow * max(case.x.size, 1)
            tensors[f"bound.{dtype}.{name}"] = (
                expectation.SAFETY_FACTOR * precision.unit_roundoff * of_dtype[name] + tiny
            )
    return {name: np.array(tensor, dtype=np.float64, order="C") for name, tensor in tensors.items()}


def _input_spreads(case: Case, dtype: str) -> expectation.Values:
    """Spread per unit roundoff when `dtype` rounds the operations and also x, dy and the parameters.

    The inputs are stored in float64, and who computes in less must round them first.
    """
    precision = PRECISIONS[dtype]
    unit = max(precision.unit_roundoff, PRECISIONS["float32"].unit_roundoff)
    angle_unit_roundoff = precision.angle_unit_roundoff / precision.unit_roundoff * unit

    def draw(generator: np.random.Generator, formulas: Formulas) -> expectation.Values:
        arrays = {name: _perturbed(array, unit, generator) for name, array in case.parameters.items()}
        x, dy = (
            rounded(_perturbed(a, unit, generator), unit, generator, angle_unit_roundoff) for a in (case.x, case.dy)
        )
        return expectation.evaluate(replace(case, parameters=case.parameters.replace(arrays)), x, dy, formulas)

    squares = expectation.mean_squares(case, draw)
    return {name: np.sqrt(expectation.pooled(name, s)) / unit for name, s in squares.items()}


def _perturbed(array: Array, unit: float, generator: np.random.Generator) -> Array:
    return np.asarray(array * (1 + unit * generator.uniform(-1.0, 1.0, array.shape)))


def _judge(case: str, expected: Mapping[str, Array], path: Path) -> Iterator[Result]:
    """The results of one case."""
    quantities = [name for name in expected if f"radius.{name}" in expected]
    problem: _Outcome | None = None
    dtype, given = "unknown", {}
    if path.is_file():
        try:
            given = _read(path)
        except ValueError as error:
            problem = (Status.ERRORED, None, str(error))
    formats = sorted({stored.format for name, stored in given.items() if name in quantities})
    if len(formats) == 1 and formats[0] in _DTYPES:
        dtype = _DTYPES[formats[0]]
        if f"bound.{dtype}.y" not in expected:
            problem = (Status.SKIPPED, None, f"{dtype} leaves this case no digits")
    elif formats:
        message = f"tensors are stored as {', '.join(formats)}, expected one of {', '.join(_DTYPES)}"
        problem = (Status.FAILED, np.inf, message)
    for name, group in zip(_CHECKS, (["y"], [q for q in quantities if q != "y"]), strict=True):
        status, ratio, message = problem or _compare(group, _truth(dtype, expected), given)
        yield naming_the_departure(Result(case, dtype, name, status, ratio, message))


def _truth(dtype: str, expected: Mapping[str, Array]) -> Truth:
    """What `export` wrote, for outputs of a precision."""

    def error_ratios(quantity: str, value: Array, angle_unit_roundoff: float | None) -> Float64[Array, "..."]:
        kinds = [f"bound.{dtype}", "radius", *([] if angle_unit_roundoff is None else ["float32_angles"])]
        tolerance = sum(expected[f"{kind}.{quantity}"] for kind in kinds)
        with np.errstate(invalid="ignore"):
            error = np.abs(value.astype(np.float64) - expected[quantity])
        return np.asarray(np.where(np.isfinite(value), error / tolerance, np.inf))

    return Truth(dtype, {name: expected[name] for name in expected if f"radius.{name}" in expected}, error_ratios)


def _compare(group: Sequence[str], truth: Truth, given: Mapping[str, Stored]) -> _Outcome:
    """Status, worst error/bound and message over the quantities of one check; some of them may be missing."""
    missing = [name for name in group if name not in given]
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    absent = f"not there: {', '.join(missing[:3])}{more}"
    if len(missing) == len(group):
        return Status.SKIPPED, None, absent
    there = [name for name in group if name not in missing]
    comparison = compare(truth, {name: given[name].values for name in there}, there)
    if missing and comparison.status is Status.FAILED:
        return Status.FAILED, comparison.measured, f"{comparison.message}; {absent}"
    if missing:
        return Status.SKIPPED, comparison.ratio, f"{absent}; the others are right"
    message = "" if comparison.status is Status.PASSED else comparison.message
    return comparison.status, comparison.measured, message


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / "manifest.json"
    if not path.is_file():
        raise ValueError(f"{directory} holds no test vectors: there is no {path}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format_version"]
        if version != FORMAT_VERSION:
            raise _VersionError(f"{path} has format version {version}, expected {FORMAT_VERSION}")
        names = [entry["name"] for entry in manifest["cases"]]
        for entry in manifest["cases"]:
            _ = SessaConfig(**entry["config"]), *map(operator.index, (entry["batch"], entry["T"]))
            if not set(entry["dtypes"]) <= set(PRECISIONS):
                raise ValueError(f"the precisions of a case are {entry['dtypes']}")
        _ = [manifest[key] for key in ("generator", "bound", "true_values")]
    except _VersionError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {type(error).__name__}: {error}") from None
    usable = all(isinstance(name, str) and _is_folder_name(name) for name in names)
    if not names or not usable or len(set(names)) < len(names):
        raise ValueError(f"{path} is damaged: the names of its cases are {names}")
    return manifest


def _read_expected(path: Path, entry: Mapping[str, Any]) -> dict[str, Array]:
    """True values and tolerances of a case.

    Raises:
        ValueError: one is missing or has another form than `export` gave it: nothing could be judged by it.
    """
    stored, config = _read(path), SessaConfig(**entry["config"])
    tokens = (entry["batch"], entry["T"], config.width)
    quantities = {"y": tokens, "dx": tokens} | {f"grad.{name}": shape for name, shape in shapes(config).items()}
    tolerances = ("radius", "float32_angles", *(f"bound.{dtype}" for dtype in entry["dtypes"]))
    for quantity, shape in quantities.items():
        for name in (quantity, *(f"{kind}.{quantity}" for kind in tolerances)):
            if name not in stored:
                raise ValueError(f"{path} is damaged: there is no {name}")
            tensor, is_value = stored[name], name == quantity
            fits = tensor.shape == shape if is_value else _broadcasts(tensor.shape, shape)
            if tensor.format != "F64" or not fits:
                raise ValueError(f"{path} is damaged: {name} is {tensor.format} of shape {tensor.shape}")
            if not np.isfinite(tensor.values).all() or not (is_value or (tensor.values >= 0).all()):
                raise ValueError(f"{path} is damaged: {name} holds numbers that are not finite, or negative tolerances")
    return {name: tensor.values for name, tensor in stored.items()}


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def _read(path: Path) -> dict[str, Stored]:
    """The tensors of a safetensors file.

    Raises:
        ValueError: there is no such file, or it is something else.
    """
    try:
        entries = read_safetensors(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    return {name: _stored(name, entry) for name, entry in sorted(entries.items())}


def _stored(name: str, entry: Mapping[str, Any]) -> Stored:
    judged = entry["dtype"] in _DTYPES
    values = decode(name, entry) if judged else np.empty(0)
    return Stored(entry["dtype"], values, tuple(entry["shape"]))


def _is_folder_name(name: str) -> bool:
    return name not in ("", ".", "..") and not set(name) & set("/\\:\0")
