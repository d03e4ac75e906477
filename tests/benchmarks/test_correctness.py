"""Wrong methods are not timed."""

import json

import pytest
import torch
import typer
from torch.nn import functional
from typer.testing import CliRunner

from benchmarks import __main__, correctness
from benchmarks.attention import AttentionLayer, AttentionMixer
from benchmarks.correctness import admission_cases, admit
from benchmarks.methods import Method
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaLayer
from sessa_ref.oracle import battery
from tests.oracle.wrong_layers import DiagonalIncluded

FEW = [case for case in battery() if case.name in ("heads", "two_tokens")]
RIGHT = Method("right", lambda config: SessaLayer(**config.published_arguments()))
WRONG = Method("wrong", lambda config: DiagonalIncluded(**config.published_arguments()))
BASELINE = Method("attention", AttentionLayer, is_sessa=False)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_wrong_layer_is_refused_and_a_right_one_is_not(dtype):
    assert admit(RIGHT, dtype, FEW).admitted
    refused = admit(WRONG, dtype, FEW)
    assert not refused.admitted
    assert refused.verdict.startswith("does not conform")
    assert "on heads" in refused.verdict or "on two_tokens" in refused.verdict


def test_a_layer_that_cannot_run_is_refused():
    refused = admit(Method("none", lambda config: torch.nn.Linear(2, 2)), "float32", FEW)
    assert not refused.admitted
    assert refused.verdict.startswith("cannot be run")


def test_admission_goes_beyond_a_block():
    lengths = [case.x.shape[1] for case in admission_cases() if "float32" in case.dtypes]
    assert max(lengths) > 2000
    assert {case.name for case in battery(quick=True)} <= {case.name for case in admission_cases()}


class _NotCausal(AttentionMixer):
    def forward(self, u):
        return self.output(functional.scaled_dot_product_attention(*self.projections(u, 0)))


class _LateRotation(AttentionMixer):
    """Queries are one position ahead of keys."""

    def projections(self, u, first):
        _, k, v = super().projections(u, first)
        return super().projections(u, first + 1)[0], k, v


class _DetachedValues(AttentionMixer):
    def projections(self, u, first):
        q, k, v = super().projections(u, first)
        return q, k, v.detach()


def baseline_with(mixer_class) -> Method:
    def layer(config):
        made = AttentionLayer(config)
        made.mixer = mixer_class(config)
        return made

    return Method("attention", layer, is_sessa=False)


def test_the_baseline_is_causal_attention():
    assert admit(BASELINE, "float32").admitted
    for mixer_class in (_NotCausal, _LateRotation, _DetachedValues):
        assert not admit(baseline_with(mixer_class), "float32").admitted, mixer_class


def test_the_baseline_decodes_what_it_computes():
    torch.manual_seed(0)
    layer = AttentionLayer(SessaConfig.published(16, 2)).double()
    x = torch.randn(2, 9, 16, dtype=torch.float64)
    whole, _ = layer.prefill(x, layer.init_cache(2, max_len=9))
    start, cache = layer.prefill(x[:, :5], layer.init_cache(2, max_len=9))
    steps = [start]
    for t in range(5, 9):
        y, cache = layer.decode_step(x[:, t], cache)
        steps.append(y[:, None])
    # sums of at most 16 + 16 + 9 + 16 terms of size at most 10
    assert torch.allclose(torch.cat(steps, dim=1), whole, rtol=0, atol=57 * 10 * 2**-53)


def test_the_command_leaves_a_wrong_method_out_and_says_so(monkeypatch, tmp_path):
    app = typer.Typer()
    app.command()(__main__.main)
    monkeypatch.setattr(__main__, "method", lambda name, published: WRONG._replace(name=name))
    monkeypatch.setattr(correctness, "battery", lambda: FEW)
    arguments = ["--quick", "--methods", "dense", "--threads", "1", "--json", str(tmp_path / "results.json")]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 1, outcome.output
    assert "dense was not timed: does not conform" in outcome.output
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["rows"] == []
    assert not content["admissions"][0]["admitted"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lengths", "64,16"], "--lengths must be increasing positive integers, got [64, 16]"),
        (["--lengths", "many"], "--lengths must be integers with commas between them, got many"),
        (["--methods", "fast"], "--methods must be different ones of blocked"),
        (["--methods", "published"], "needs --published PATH"),
        (["--published", "tests"], "--published must be a clone of the public repository"),
        (["--heads", "7"], "width must be divisible by heads"),
        (["--dtype", "float8"], "--dtype must be one of"),
        (["--memory-limit", "0"], "--memory-limit must be positive"),
        (["--json", "nowhere/results.json"], "to write results.json into"),
    ],
)
def test_bad_options(arguments, message):
    app = typer.Typer()
    app.command()(__main__.main)
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 2
    assert message in outcome.output
