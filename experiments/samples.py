"""Which sequences are drawn for what. Every use has seeds of its own, so that no sequence of one is drawn for another."""

from collections.abc import Mapping
from typing import Any

from experiments.settings import Settings
from sessa_ref.tasks import Sample

_TRAINING, _TEST, _WATCHED, _VALIDATION = range(4)
_WATCHED_SEQUENCES = 8


def to_train(settings: Settings, step: int) -> Sample:
    """The batch of a training step, from the seed of the settings."""
    return settings.make_task().sample(settings.batch, [_TRAINING, settings.seed, step])


def to_validate(settings: Settings) -> Sample:
    """Sequences like those of the training, the same for all models and seeds; learning rates are chosen by them."""
    return settings.make_task().sample(settings.test_sequences, [_VALIDATION])


def to_test(settings: Settings, options: Mapping[str, Any]) -> Sample:
    """The sequences of the test that replaces these options: the same for all models and seeds.

    Raises:
        ValueError, TypeError: the task has no such option, or it is not what it has to be.
    """
    numbers = [
        value for value in options.values() if isinstance(value, int)
    ]  # options alone, so that a test can be added
    return settings.make_task(**options).sample(settings.test_sequences, [_TEST, *numbers])


def to_watch(settings: Settings) -> Sample:
    """A few sequences like those of the training, on which layers are looked at."""
    return settings.make_task().sample(_WATCHED_SEQUENCES, [_WATCHED])
