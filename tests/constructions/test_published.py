"""A network moved into the published layer does the same, or is refused with the reason."""

import numpy as np
import pytest

from sessa_ref.config import SessaConfig
from sessa_ref.constructions import Channels, Network
from sessa_ref.constructions.published import to_published
from sessa_ref.constructions.selective_retrieval import NAMES, column_margins, selective_retrieval
from sessa_ref.parameters import SessaParameters
from tests.rounding import bounds


@pytest.mark.parametrize("width", [6, 7, 8])
def test_scores_stay_and_the_published_constructor_can_build_the_blocks(width):
    channels = Channels(width, NAMES if width > 6 else [name for name in NAMES if name != "tgt"])
    network = selective_retrieval(2, 0.5, 12, target=1, channels=channels).network
    published, coarse = to_published(network, size=1e7), to_published(network, size=1e5)
    assert all(block.config.is_published for block in published.blocks)
    x = np.random.default_rng(0).uniform(-0.3, 0.3, (14, width))
    later = np.array([2, 7, 13])
    cotangents = np.zeros((3, 14, width))
    cotangents[np.arange(3), later] = channels["sig"]

    def values(built):
        return {"y": built(x), "margins": column_margins(built, channels, x, 1)[later - 2]}

    def by_reverse_mode(many):
        """The same; margins, which are derivatives with respect to token 1, are rounded much as in forward mode."""
        return {"y": published(many), "margins": channels.read("sig", published.vjp(many, cotangents)[:, 1])}

    rounding = bounds(by_reverse_mode, np.repeat(x[None], 3, axis=0), draws=1)
    wanted, far, found = (values(one) for one in (network, coarse, published))
    for name in wanted:
        # the scaffold's error falls like 1/size^2, from a size at which rounding is far below it
        falls = np.abs(far[name] - wanted[name]).max() * (1e5 / 1e7) ** 2
        allowed = 2 * falls + rounding[name].max()
        assert np.abs(found[name] - wanted[name]).max() <= allowed < 1e-5, name


def test_the_integrators_gain_is_possible_up_to_248():
    assert to_published(selective_retrieval(1, 0.5, 247, target=1).network).width == 10
    with pytest.raises(ValueError, match=r"'integrate tail' needs the gain 0\.999.*Lemma K\.20.*L_H = 248"):
        to_published(selective_retrieval(1, 0.5, 248, target=1).network)


def test_a_smaller_clamp_refuses_sooner():
    network = selective_retrieval(1, 0.5, 23, target=1).network
    with pytest.raises(ValueError, match="L_H = 23 only"):
        to_published(network, gamma_max=0.99)


def test_gains_that_depend_on_the_token_are_refused():
    random = SessaParameters.random(SessaConfig.paper(4), 0)
    with pytest.raises(ValueError, match="depends on the token"):
        to_published(Network.of([("random", random)]))
