import math

import pytest
import torch

from experiments import samples
from experiments.tasks import TASKS
from experiments.training import Training, accuracy, judge
from tests.experiments.small import EVERY_MIXER, small
from tests.rounding import LIBRARY, near


@pytest.mark.parametrize("mixer", EVERY_MIXER)
def test_equal_seeds_give_equal_losses_and_others_do_not(mixer):
    def losses(seed: int) -> list[float]:
        training = Training(small(mixer, seed=seed))
        return [training.advance().loss for _ in range(3)]

    first = losses(0)
    assert first == losses(0)
    assert first != losses(1)


def test_a_model_learns_a_short_lag():
    training = Training(
        small(width=16, options={"symbols": 4, "starts": 3, "lag": 4}, steps=60, batch=16, learning_rate=1e-2)
    )
    found = [training.advance() for _ in range(60)]
    # At first it guesses among four symbols, in the end it is sure: e^-0.1 is 0.9.
    assert found[0].loss > 0.8 * math.log(4)
    assert found[-1].loss < 0.1
    assert accuracy(training.model, samples.to_validate(training.settings)) >= 0.9


def test_divergence_is_said_and_changes_nothing():
    training = Training(small())
    with torch.no_grad():
        training.model.head.bias[0] = torch.nan
    before = {name: value.clone() for name, value in training.model.state_dict().items()}
    with pytest.raises(ArithmeticError, match="the loss is nan at step 0: training has diverged"):
        training.advance()
    for name, value in training.model.state_dict().items():
        assert torch.equal(value.nan_to_num(), before[name].nan_to_num())


def test_the_loss_is_the_mean_over_all_answers_that_are_due():
    settings = small(task="selective-copying", options={"memory": 6, "copied": 3, "symbols": 4}, tests=({},))
    model, sample = Training(settings).model.double(), samples.to_train(settings, 0)
    loss, right = judge(model.answers, sample)
    with torch.no_grad():
        chosen = model(torch.from_numpy(sample.tokens)).log_softmax(dim=-1).numpy()
    rows = range(len(sample.tokens))
    due = [
        (row, int(t), int(answer))
        for row in rows
        for t, answer in zip(sample.positions[row], sample.answers[row], strict=True)
    ]
    assert len(due) == 4 * 3
    # Sums of the head's 8 products, of 4 exponentials and of 12 logarithms, on either side; none of them is large.
    assert loss.item() == near(-sum(chosen[one] for one in due) / len(due), 2 * (8 + 4 + 12 + LIBRARY))
    assert right == sum(chosen[row, t].argmax() == answer for row, t, answer in due) / len(due)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_can_be_trained(task):
    options = {"vocabulary": 32} if task == "mqar" else {"least": 23, "most": 40} if task == "symbol-soup" else {}
    settings = small(task=task, options=options, tests=({},), batch=2)
    step = Training(settings).advance()
    classes = settings.make_task().classes
    assert 0.5 * math.log(classes) < step.loss < 2 * math.log(classes)  # before it is trained, it nearly guesses


def test_no_sequence_is_drawn_twice():
    settings = small()
    task = [samples.to_train(settings, 0), samples.to_train(settings, 1), samples.to_train(small(seed=1), 0)]
    task += [samples.to_validate(settings), samples.to_test(settings, {"lag": 6}), samples.to_watch(settings)]
    first = [tuple(sample.tokens[0].tolist()) for sample in task]
    assert len(set(first)) == len(first)
    assert samples.to_test(small(seed=1), {"lag": 6}).tokens.tolist() == task[4].tokens.tolist()
