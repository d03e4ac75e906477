import numpy as np
import pytest
import torch

from experiments.training import Training
from experiments.watch import layer_of, watch
from sessa_ref import reference
from tests.experiments.small import EVERY_MIXER, small


def test_what_is_watched_is_what_the_definition_has():
    """Against sums over all tokens, written out, for one sequence."""
    training = Training(small())
    recall = small().task(6).sample(1, 5)
    found = watch(training.model, recall)
    assert found is not None
    for block, x, watched in zip(
        training.model.blocks, training.model.states(torch.from_numpy(recall.tokens)), found, strict=False
    ):
        steps = reference.trace(layer_of(block), x.detach().double().numpy()[0])
        rows = range(1, len(steps.B))
        c2 = max(t * steps.alpha_fb[t].max() for t in rows)
        gamma_max = max(abs(steps.gamma[t]) for t in rows)
        assert watched.c2 == pytest.approx(c2, rel=1e-12)
        assert watched.c2 > watched.median_c2 > 1
        assert watched.c2_gamma_max == pytest.approx(c2 * gamma_max, rel=1e-12)
        assert watched.rho == pytest.approx(gamma_max, rel=1e-12)  # rows of weights sum to 1
        row, powers = np.eye(len(steps.B))[recall.queries[0]], []
        for _ in range(len(steps.B)):
            powers.append(row.sum())
            row = row @ np.abs(steps.B)
        shares = np.array([*powers[:4], sum(powers[4:])]) / sum(powers)
        assert watched.hop_shares == pytest.approx(shares, rel=1e-12)


@pytest.mark.parametrize("mixer", EVERY_MIXER)
def test_only_layers_with_feedback_are_watched(mixer):
    training = Training(small(mixer))
    assert (training.watch() is not None) == mixer.startswith("sessa")


@pytest.mark.parametrize(("mixer", "kind"), [("gated-linear", "GatedLinear"), ("gain-0", "WithoutFeedback")])
def test_a_layer_of_another_mixer(mixer, kind):
    with pytest.raises(TypeError, match=f"block must have a SessaMixer, got {kind}"):
        layer_of(Training(small(mixer)).model.blocks[0])
