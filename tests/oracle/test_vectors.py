"""Exported vectors: right outputs in any precision pass, wrong ones fail, and what is missing shows."""

import json
import shutil
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sessa_ref import reference
from sessa_ref.certified import enclose_vjp
from sessa_ref.config import SessaConfig
from sessa_ref.oracle import Verdict, battery, vectors
from sessa_ref.oracle.bounds.expectation import SAFETY_FACTOR, Expectation, evaluate
from sessa_ref.oracle.cases.case import case
from sessa_ref.oracle.implementation import request_folder
from sessa_ref.oracle.report.results import Status

SCHEMA = json.loads(Path(vectors.__file__).with_name("vectors.schema.json").read_text())


CASES = [
    case("heads", "two heads", SessaConfig.published(8, 2), T=9, split=4),
    case("plain", "no rotary embedding", SessaConfig.published(6, 3, 1, use_forward_rope=False), T=5),
    case("no_token", "T = 0", SessaConfig.published(4, 1), T=0),
]


NAMES = ["heads", "plain", "no_token"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    directory = tmp_path_factory.mktemp("vectors") / "new" / "folder"
    assert vectors.export(directory, CASES, lambda case: ["half_split"] * case.parameters.config.rope) == NAMES
    return directory


def answer(exported, outputs, change=lambda name, values: values, dtype="float64"):
    """Compute every case in `dtype` from its files, as someone without the oracle would."""
    for name in NAMES:
        _, given, _ = request_folder.read_case(exported / name)
        given = given.rounded(dtype)
        values = evaluate(given, given.x, given.dy)
        values = change(name, {n: np.array(v, dtype=dtype, order="C") for n, v in values.items()})
        (outputs / name).mkdir(parents=True)
        if values is not None:
            save_file(values, outputs / name / "out.safetensors")
    return vectors.check(exported, outputs)


def only(quantity, change, case="heads"):
    """Change one quantity of one case."""

    def changed(name, values):
        return values | {quantity: change(values[quantity])} if name == case else values

    return changed


def test_the_manifest(exported):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    manifest = json.loads((exported / "manifest.json").read_text())
    jsonschema.validate(manifest, SCHEMA)
    assert [(entry["name"], entry["T"], entry["batch"]) for entry in manifest["cases"]] == [
        ("heads", 9, 2),
        ("plain", 5, 2),
        ("no_token", 0, 2),
    ]
    assert [entry["exposes"] for entry in manifest["cases"]] == [["half_split"], [], ["half_split"]]
    assert SessaConfig(**manifest["cases"][1]["config"]) == CASES[1].parameters.config


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(format_version=99),
        lambda m: m.pop("bound"),
        lambda m: m.update(cases=[]),
        lambda m: m["cases"][0].update(name="../heads"),
        lambda m: m["cases"][0].update(name=".."),
        lambda m: m["cases"][0].update(T=-1),
        lambda m: m["cases"][0].pop("exposes"),
        lambda m: m["cases"][0]["config"].update(gamma_max=1.5),
        lambda m: m["cases"][0]["config"].pop("rope"),
    ],
)
def test_bent_manifests_do_not_validate(exported, change):
    manifest = json.loads((exported / "manifest.json").read_text())
    change(manifest)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, SCHEMA)


def test_a_case_is_as_in_the_command_protocol(exported):
    operation, given, dtype = request_folder.read_case(exported / "heads")
    assert (operation, dtype, given.split) == ("all", "float64", 4)
    assert np.array_equal(given.x, CASES[0].x)
    assert np.array_equal(given.dy, CASES[0].dy)
    assert all(np.array_equal(given.parameters[n], CASES[0].parameters[n]) for n in CASES[0].parameters)


def test_expected_values(exported):
    """Each quantity has its radius in full shape, and bounds that broadcast; all of it in float64."""
    with safe_open(exported / "heads" / "expected.safetensors", framework="numpy") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F64"}  # noqa: SIM118
    expected = load_file(exported / "heads" / "expected.safetensors")
    true = Expectation(CASES[0], "float64").true
    for name, value in true.items():
        # nearest, but for the longdouble's own rounding
        assert (np.abs(expected[name] - value) <= 0.501 * np.spacing(np.abs(expected[name]))).all()
        assert expected[f"radius.{name}"].shape == value.shape
        own_rounding = np.spacing(np.abs(value))  # of the longdouble
        assert (np.abs(expected[name] - value) <= expected[f"radius.{name}"] + own_rounding).all()
        for dtype in CASES[0].dtypes:
            assert np.broadcast_shapes(expected[f"bound.{dtype}.{name}"].shape, value.shape) == value.shape
    assert len(expected) == len(true) * 7


def test_the_radius_is_far_below_the_bound(exported):
    expected = load_file(exported / "heads" / "expected.safetensors")
    # Values are stored with an error of at most u |value|. A bound is 16 spreads, and the last rounding alone has one of
    # u |value| / sqrt 3: the radius is a ninth of it, or, since few draws tell the spread, a quarter. Float32's u is 2^29 u.
    for name in Expectation(CASES[0], "float64").true:
        for dtype, share in (("float64", 0.25), ("float32", 2.0**-29)):
            assert (expected[f"radius.{name}"] < share * expected[f"bound.{dtype}.{name}"]).all(), (dtype, name)


def test_bounds_are_those_of_the_oracle(exported):
    """In float64 exactly; in float32 a little wider, because the inputs must be rounded as well."""
    expected = load_file(exported / "heads" / "expected.safetensors")
    # From 8 draws each, the logarithm of a quotient of spreads has a standard deviation of about 0.35; log 2.5 is 2.6 of them.
    for dtype, least, most in (("float64", 1, 1), ("float32", 1 / 2.5, 2.5)):
        expectation = Expectation(CASES[0], dtype)
        for name in expectation.true:
            widened = np.median(expected[f"bound.{dtype}.{name}"] / expectation.bounds(name))
            assert least <= widened <= most, (dtype, name)
    assert SAFETY_FACTOR == 16


def test_vectors_repeat(exported, tmp_path):
    vectors.export(tmp_path, CASES[:1])
    for name in ("case.json", "case.safetensors", "expected.safetensors"):
        assert (tmp_path / "heads" / name).read_bytes() == (exported / "heads" / name).read_bytes()
    assert json.loads((tmp_path / "manifest.json").read_text())["cases"][0]["exposes"] == []


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_right_outputs_pass(exported, tmp_path, dtype):
    """Computed in float64 from inputs as `dtype` holds them, and rounded to it."""
    report = answer(exported, tmp_path, dtype=dtype)
    assert report.verdict is Verdict.CONFORMS
    assert {(r.case, r.check) for r in report.results} == {(n, c) for n in NAMES for c in ("forward", "gradients")}
    assert {result.dtype for result in report.results} == {dtype}
    assert {result.status for result in report.results} == {Status.PASSED}
    # As the reference rounds, half of the safety factor is left for others.
    assert all(result.ratio is None or result.ratio < 0.5 for result in report.results)


def test_float64_outputs_rounded_to_float32_pass(exported, tmp_path):
    report = answer(exported, tmp_path, lambda name, values: {n: v.astype("float32") for n, v in values.items()})
    assert report.verdict is Verdict.CONFORMS
    assert {result.dtype for result in report.results} == {"float32"}


def test_bfloat16_outputs_are_judged_as_such(exported, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    answer(exported, tmp_path)
    for path in tmp_path.glob("*/out.safetensors"):
        save_torch({n: torch.tensor(v).bfloat16() for n, v in load_file(path).items()}, path)
    report = vectors.check(exported, tmp_path)
    assert report.verdict is Verdict.CONFORMS
    assert {result.dtype for result in report.results} == {"bfloat16"}
    assert max(result.ratio or 0 for result in report.results) > 0


@pytest.mark.parametrize(
    ("dtype", "quantity", "check"),
    [
        ("float64", "y", "forward"),
        ("float64", "dx", "gradients"),
        ("float64", "grad.mixer.proj_fb.weight", "gradients"),
        ("float64", "grad.mixer.gamma_bias", "gradients"),
        ("float32", "y", "forward"),
        ("float32", "grad.ln.weight", "gradients"),
        ("float16", "y", "forward"),
    ],
)
def test_a_single_perturbed_number_fails(exported, tmp_path, dtype, quantity, check):
    expected = load_file(exported / "plain" / "expected.safetensors")
    bound = np.broadcast_to(expected[f"bound.{dtype}.{quantity}"], expected[quantity].shape)

    def perturb(value):
        value = value.copy()
        value[(-1,) * value.ndim] += np.asarray(3 * bound[(-1,) * value.ndim]).astype(dtype)
        return value

    report = answer(exported, tmp_path, only(quantity, perturb, "plain"), dtype)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    (failure,) = [result for result in report.results if result.status is Status.FAILED]
    assert (failure.case, failure.check, failure.dtype) == ("plain", check, dtype)
    last = [size - 1 for size in expected[quantity].shape] or ""
    assert failure.message.startswith(f"{quantity}{last} off by ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: y[:, :-1], "y has shape (2, 8, 8), expected (2, 9, 8)"),
        (lambda y: y[0], "y has shape (9, 8), expected (2, 9, 8)"),
        (lambda y: y * np.nan, "y[0, 0, 0] off by inf bounds"),
        (lambda y: y + np.inf, "y[0, 0, 0] off by inf bounds"),
    ],
)
def test_wrong_shapes_and_numbers_that_are_none_fail(exported, tmp_path, change, message):
    report = answer(exported, tmp_path, only("y", lambda y: np.ascontiguousarray(change(y))))
    (failure,) = [result for result in report.results if result.status is Status.FAILED]
    assert (failure.message, failure.ratio) == (message, np.inf)


def test_float32_computation_in_float64_files_fails(exported, tmp_path):
    def lower(name, values):
        return {n: v.astype(np.float32).astype(np.float64) for n, v in values.items()}

    assert answer(exported, tmp_path, lower).verdict is Verdict.DOES_NOT_CONFORM


def test_float32_angles_are_a_departure_in_float64_only(exported, tmp_path):
    departing = SessaConfig.published(8, 2, rotary_dtype="float32")

    def change(name, values):
        if name != "heads":
            return values
        parameters = type(CASES[0].parameters)(departing, CASES[0].parameters)
        dx, gradients = reference.vjp(parameters, CASES[0].x, CASES[0].dy)
        return {"y": reference.forward(parameters, CASES[0].x), "dx": dx} | {
            f"grad.{n}": np.array(g, order="C") for n, g in gradients.items()
        }

    report = answer(exported, tmp_path, change)
    assert report.verdict is Verdict.CONFORMS_WITH_DEPARTURES
    departed = [result for result in report.results if result.status is Status.DEPARTED]
    assert {(result.case, result.check) for result in departed} == {("heads", "forward"), ("heads", "gradients")}
    assert all(result.message.startswith("float32 rotary angles: ") for result in departed)


def test_missing_gradients_are_skipped_and_a_missing_output_is_an_error(exported, tmp_path):
    def change(name, values):
        return {"y": values["y"]} if name == "heads" else values

    report = answer(exported, tmp_path / "gradients", change)
    (skipped,) = [r for r in report.results if r.status is Status.SKIPPED]
    assert (skipped.case, skipped.check) == ("heads", "gradients")
    assert skipped.message.startswith("not there: dx, grad.")
    assert report.verdict is Verdict.CONFORMS
    assert report.remark == "1 of 6 checks was skipped: gradients (1)"
    strict = vectors.check(exported, tmp_path / "gradients", require=["gradients"])
    assert strict.verdict is Verdict.DOES_NOT_CONFORM

    for folder, value in (("file", lambda values: None), ("y", lambda values: {"dx": values["dx"]})):
        report = answer(
            exported, tmp_path / folder, lambda name, values, value=value: value(values) if name == "plain" else values
        )
        assert report.verdict is Verdict.DOES_NOT_CONFORM
        (errored,) = [r for r in report.results if r.status is Status.ERRORED]
        assert (errored.case, errored.check, errored.message) == ("plain", "forward", "not there: y")
    with pytest.raises(ValueError, match="require must be some of"):
        vectors.check(exported, tmp_path / "y", require=["decode"])


def test_no_token_decides_nothing(exported, tmp_path):
    def change(name, values):
        return None if name == "no_token" else values

    report = answer(exported, tmp_path, change)
    assert report.verdict is Verdict.CONFORMS
    (errored,) = [r for r in report.results if r.status is Status.ERRORED]
    assert (errored.case, errored.required) == ("no_token", False)


def test_nothing_is_compared_where_there_is_no_token(exported, tmp_path):
    report = answer(exported, tmp_path, lambda name, values: values if name == "no_token" else None)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert next(r for r in report.results if (r.case, r.check) == ("no_token", "forward")).ratio is None


def test_optional_configs_may_be_missing(tmp_path):
    config = SessaConfig.paper(4)
    cases = [case("published", "", SessaConfig.published(4), T=3), case("paper", "", config, T=3)]
    vectors.export(tmp_path / "v", cases)
    (tmp_path / "o" / "published").mkdir(parents=True)
    expected = load_file(tmp_path / "v" / "published" / "expected.safetensors")
    save_file({"y": expected["y"]}, tmp_path / "o" / "published" / "out.safetensors")
    report = vectors.check(tmp_path / "v", tmp_path / "o")
    assert report.verdict is Verdict.CONFORMS
    assert report.skipped == {"gradients": 2, "forward": 1}


@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.SKIPPED), (1.001, Status.FAILED)])
def test_some_gradients_are_judged_but_never_pass_as_all(exported, tmp_path, factor, status):
    def change(name, values):
        return {n: v * factor if n == "dx" else v for n, v in values.items() if n != "grad.ln.bias"}

    report = answer(exported, tmp_path, change)
    (result,) = [r for r in report.results if (r.case, r.check) == ("heads", "gradients")]
    assert result.status is status
    assert "not there: grad.ln.bias" in result.message


def test_nothing_but_skipped_does_not_conform(exported, tmp_path):
    assert answer(exported, tmp_path, lambda name, values: {"z": values["y"]}).verdict is Verdict.DOES_NOT_CONFORM


def test_mixed_and_foreign_formats_fail(exported, tmp_path):
    report = answer(exported, tmp_path / "mixed", only("y", lambda y: y.astype(np.float32)))
    failures = [result for result in report.results if result.status is Status.FAILED]
    assert [result.message for result in failures] == [
        "tensors are stored as F32, F64, expected one of F64, F32, F16, BF16"
    ] * 2
    report = answer(exported, tmp_path / "integers", lambda name, v: {"y": v["y"].astype(np.int64)})
    assert {result.status for result in report.results} == {Status.FAILED}


def test_a_precision_without_bounds_is_skipped(tmp_path):
    vectors.export(tmp_path / "v", [case("few", "", SessaConfig.published(4), T=3, dtypes=("float64", "float32"))])
    (tmp_path / "o" / "few").mkdir(parents=True)
    expected = load_file(tmp_path / "v" / "few" / "expected.safetensors")
    save_file({"y": expected["y"].astype(np.float16)}, tmp_path / "o" / "few" / "out.safetensors")
    report = vectors.check(tmp_path / "v", tmp_path / "o")
    assert [result.status for result in report.results] == [Status.SKIPPED, Status.SKIPPED, Status.ERRORED]
    assert report.results[2].message == "no output was ever compared"
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert report.results[0].message == "float16 leaves this case no digits"


def test_a_pickle_is_an_error_and_is_not_loaded(exported, tmp_path):
    answer(exported, tmp_path)
    (tmp_path / "heads" / "out.safetensors").write_bytes(b"\x80\x04cos\nabort\n(tR.")
    report = vectors.check(exported, tmp_path)
    errored = [result for result in report.results if result.status is Status.ERRORED]
    assert {result.check for result in errored} == {"forward", "gradients"}
    assert "is not a safetensors file" in errored[0].message


def damage(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: shutil.rmtree(d), "holds no test vectors: there is no"),
        (lambda d: (d / "manifest.json").unlink(), "holds no test vectors: there is no"),
        (lambda d: (d / "manifest.json").write_text("{"), "is damaged: JSONDecodeError"),
        (lambda d: (d / "manifest.json").write_bytes(b"\xff"), "is damaged: UnicodeDecodeError"),
        (lambda d: (d / "manifest.json").write_text("[]"), "is damaged: TypeError"),
        (
            lambda d: damage(d / "manifest.json", lambda m: m.update(format_version=99)),
            "has format version 99, expected 2",
        ),
        (lambda d: damage(d / "manifest.json", lambda m: m.update(cases=[])), "is damaged"),
        (lambda d: damage(d / "manifest.json", lambda m: m.pop("bound")), "is damaged: KeyError: 'bound'"),
        (lambda d: damage(d / "manifest.json", lambda m: m["cases"][0].update(name="../heads")), "is damaged"),
        (lambda d: damage(d / "manifest.json", lambda m: m["cases"][0].pop("config")), "is damaged: KeyError"),
        (lambda d: damage(d / "manifest.json", lambda m: m["cases"].append(m["cases"][0])), "is damaged: the names"),
        (lambda d: damage(d / "manifest.json", lambda m: m["cases"][0].update(dtypes="float32")), "the precisions of"),
        (lambda d: damage(d / "manifest.json", lambda m: m["cases"][0].update(T=0)), "is damaged: y is F64 of shape"),
        (lambda d: (d / "heads" / "expected.safetensors").unlink(), "cannot be read: No such file"),
        (lambda d: (d / "heads" / "expected.safetensors").write_bytes(b"{}"), "is not a safetensors file"),
    ],
)
def test_damaged_vectors_are_one_clear_line(exported, tmp_path, spoil, message):
    answer(exported, tmp_path / "outputs")
    shutil.copytree(exported, tmp_path / "vectors")
    spoil(tmp_path / "vectors")
    with pytest.raises(ValueError, match=message) as error:
        vectors.check(tmp_path / "vectors", tmp_path / "outputs")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("names", "change", "message"),
    [
        ("y", lambda a: a * np.nan, "y holds numbers that are not finite"),
        ("bound.float64.y", lambda a: a * np.nan, "bound.float64.y holds numbers that are not finite"),
        ("bound.float64.dx", lambda a: a + np.inf, "bound.float64.dx holds numbers that are not finite"),
        ("radius.dx", lambda a: -a - 1, "or negative tolerances"),
        ("dx", None, "there is no dx"),
        ("radius.y", None, "there is no radius.y"),
        ("float32_angles.grad.W_in.bias", None, "there is no float32_angles.grad.W_in.bias"),
        ("bound.float32.y", lambda a: np.ones(7), r"bound.float32.y is F64 of shape \(7,\)"),
        ("grad.W_in.bias", lambda a: a[1:], "grad.W_in.bias is F64 of shape"),
        ("y", lambda a: a.astype(np.float32), "y is F32"),
    ],
)
def test_nothing_is_judged_by_damaged_values(exported, tmp_path, names, change, message):
    answer(exported, tmp_path / "outputs", only("y", lambda y: y + 1))
    shutil.copytree(exported, tmp_path / "vectors")
    path = tmp_path / "vectors" / "heads" / "expected.safetensors"
    tensors = load_file(path)
    value = tensors.pop(names)
    save_file(tensors | ({names: np.array(change(value))} if change else {}), path)
    with pytest.raises(ValueError, match=rf"heads.expected\.safetensors is damaged: .*{message}"):
        vectors.check(tmp_path / "vectors", tmp_path / "outputs")


def test_outputs_that_are_not_there(exported, tmp_path):
    for outputs in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ValueError, match=r"holds no NAME/out\.safetensors for any of the 3 cases"):
            vectors.check(exported, outputs)


def test_what_cannot_be_exported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="file is not a directory"):
        vectors.export(tmp_path / "file", CASES)
    for cases in ([], [CASES[0], CASES[0]], [case("../up", "", SessaConfig.published(4), T=1)]):
        with pytest.raises(ValueError, match="cases must have distinct names that can be names of folders"):
            vectors.export(tmp_path / "new", cases)
    assert not (tmp_path / "new").exists()


def test_the_default_cases_are_the_short_ones_of_the_battery(tmp_path, monkeypatch):
    long = case("long", "", SessaConfig.published(2), T=vectors.LONGEST + 1)
    monkeypatch.setattr(vectors, "battery", lambda: [long, CASES[2]])
    monkeypatch.setattr(vectors, "_expected", lambda case: {"y": case.x})
    seen = []
    assert vectors.export(tmp_path, progress=seen.append) == ["no_token"] == seen


def test_true_values_are_certified(exported):
    """The stored radius is proven by ball arithmetic, also by that of twice the precision, and is tight."""
    expected = load_file(exported / "heads" / "expected.safetensors")
    for name, enclosure in enclose_vjp(CASES[0].parameters, CASES[0].x, CASES[0].dy, 256).items():
        value, radius = expected[name], expected[f"radius.{name}"]
        assert (enclosure.error(value)[1] <= radius).all()
        # Half a unit of what is stored; where the true value is 0, what is left in balls of 128 bits instead of 53.
        assert (radius <= np.maximum(np.spacing(np.abs(value)), 2.0**-60 * expected[f"bound.float64.{name}"])).all()
        moved = value + 3 * np.maximum(radius, np.spacing(np.abs(value)))
        assert (enclosure.error(moved)[0] > radius).all(), "another value is told apart"


def test_too_long_cases_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"cases must have at most 257 tokens, and .* more have"):
        vectors.export(tmp_path, [c for c in battery() if c.name == "length_521"])
    with pytest.raises(ValueError, match="more have \\['wide'\\]"):
        vectors.export(tmp_path, [case("wide", "", SessaConfig.published(400), T=20)])
