"""Formulas know where they are used, and caches keep notes."""

import numpy as np

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.faults.catalogue import situation
from sessa_ref.parameters import SessaParameters

PARAMETERS = SessaParameters.random(SessaConfig.published(8, 2), seed=1)
X = np.random.default_rng(0).normal(size=(1, 5, 8))


class Notes(situation.RemembersPrompt):
    """Formulas that list where their gain was asked for."""

    def __init__(self):
        """Nothing asked yet."""
        self.asked = []

    def gain(self, u, weight, bias, gamma_max):
        """The gain, and a line in the list."""
        self.asked.append((self.before, self.prompt, None if self.x is None else self.x.shape[-2]))
        return super().gain(u, weight, bias, gamma_max)


def test_formulas_know_tokens_and_cache():
    formulas = Notes()
    _, cache = reference.prefill(PARAMETERS, X[:, :3], formulas=formulas)
    _, cache = reference.decode_step(PARAMETERS, X[:, 3], cache, formulas=formulas)
    reference.decode_step(PARAMETERS, X[:, 4], cache, formulas=formulas)
    assert formulas.asked == [(0, 0, 3), (3, 3, 1), (4, 3, 1)]
    assert (formulas.x, formulas.past, formulas.n) == (None, None, None)


def test_normalised_tokens():
    here = situation.Situated().for_tokens(PARAMETERS, X, None)
    assert isinstance(here, situation.Situated)
    assert here.n is not None
    np.testing.assert_array_equal(here.n, reference.trace(PARAMETERS, X).n)


def test_notes_stay_with_the_cache():
    _, cache = reference.prefill(PARAMETERS, X)
    assert situation.notes_of(cache) == situation.notes_of(None) == {}
    twice = situation.noted(situation.noted(cache, first=1), second=2)
    assert situation.notes_of(twice) == {"first": 1, "second": 2}
    assert twice.length == 5


def test_the_last_token_alone_is_replaced():
    _, cache = reference.prefill(PARAMETERS, X)
    other = situation.with_last_token(cache, s=np.zeros_like(cache.s[..., :1, :]))
    np.testing.assert_array_equal(other.s[..., :-1, :], cache.s[..., :-1, :])
    assert not other.s[..., -1, :].any()
    assert cache.s[..., -1, :].any()
