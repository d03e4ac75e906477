import numpy as np
import pytest
import torch

from experiments.training import Training
from experiments.watch import layer_of, watch
from sessa_ref import reference
from tests.experiments.small import EVERY_MIXER, small
from tests.rounding import near


def test_what_is_watched_is_what_the_definition_has():
    """Against sums over all tokens, written out, for one sequence."""
    training = Training(small())
    recall = small().make_task().sample(1, 5)
    found = watch(training.model, recall)
    assert found is not None
    for block, x, watched in zip(
        training.model.blocks, training.model.states(torch.from_numpy(recall.tokens)), found, strict=False
    ):
        steps = reference.trace(layer_of(block), x.detach().double().numpy())
        alpha, gamma, sizes = steps.alpha_fb[0], steps.gamma[0], np.abs(steps.B[0])
        T = len(alpha)
        c2 = max(t * alpha[t].max() for t in range(1, T))
        gamma_max = max(abs(gamma[t]) for t in range(1, T))
        assert watched.c2 == c2
        assert watched.c2 > watched.median_c2 > 1
        assert watched.gamma_max == gamma_max
        assert watched.c2_gamma_max == c2 * gamma_max
        # Rows of weights sum to 1, but for their sum, a quotient, a product by the gain, and the sum of these.
        assert watched.rho == near(gamma_max, 2 * T)
        row, powers = np.eye(T)[recall.positions[0, 0]], []
        for _ in range(T):
            powers.append(row.sum())
            row = row @ sizes
        shares = np.array([*powers[:4], sum(powers[4:])]) / sum(powers)
        # Nothing is negative, so no sum loses digits: of T products or substitutions of at most T terms each, twice.
        assert watched.hop_shares == near(shares, 4 * T * T)


@pytest.mark.parametrize("mixer", EVERY_MIXER)
def test_only_layers_with_feedback_are_watched(mixer):
    training = Training(small(mixer))
    assert (training.watch() is not None) == mixer.startswith("sessa")


@pytest.mark.parametrize(("mixer", "kind"), [("gated-linear", "GatedLinear"), ("gain-0", "WithoutFeedback")])
def test_a_layer_of_another_mixer(mixer, kind):
    with pytest.raises(TypeError, match=f"block must have a SessaMixer, got {kind}"):
        layer_of(Training(small(mixer)).model.blocks[0])
