"""Training, step by step: every batch follows from the seed and the number of the step, so that a run can go on anywhere."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from experiments import samples
from experiments.decoder import Decoder
from experiments.mixers import MIXERS
from experiments.settings import Settings
from experiments.watch import Watched, watch
from sessa_ref.tasks import Sample


@dataclass(frozen=True)
class Step:
    """What one step found, before its update."""

    step: int
    loss: float
    """Mean cross-entropy in nats, over all answers that are due."""
    accuracy: float


def build(settings: Settings) -> Decoder:
    """The untrained model of these settings."""
    task = settings.make_task()
    torch.manual_seed(settings.seed)
    return Decoder(
        settings.config,
        MIXERS[settings.mixer],
        layers=settings.layers,
        vocabulary=task.vocabulary,
        answers=task.classes,
    )


def update(optimizer: torch.optim.Optimizer, loss: Tensor, step: int, rate: float, clip: float) -> None:
    """Move all parameters of the optimizer by the gradient of the loss.

    Args:
        optimizer: made with the largest learning rate.
        loss: of this step's batch.
        step: its number, for the message.
        rate: its learning rate.
        clip: largest norm of the gradient of all parameters together.

    Raises:
        ArithmeticError: the loss is not finite; nothing is moved.
    """
    if not torch.isfinite(loss):
        raise ArithmeticError(
            f"the loss is {loss.item()} at step {step}: training has diverged; try a smaller learning_rate than "
            f"{optimizer.defaults['lr']}"
        )
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], clip)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()


class Training:
    """A model in training."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.model = build(settings)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.step = 0
        """Steps that are done."""

    def advance(self) -> Step:
        """Do one step.

        Raises:
            ArithmeticError: the loss is not finite; the model is left as it was.
        """
        settings = self.settings
        loss, right = judge(self.model, samples.to_train(settings, self.step))
        update(self.optimizer, loss, self.step, settings.rate(self.step), settings.clip)
        self.step += 1
        return Step(self.step - 1, loss.item(), right)

    def watch(self) -> list[Watched] | None:
        """The layers on a few fixed sequences of the training's task; None where there is no feedback."""
        return watch(self.model, samples.to_watch(self.settings))


def judge(model: Decoder, sample: Sample) -> tuple[Tensor, float]:
    """Mean cross-entropy over all answers, with its derivatives, and accuracy."""
    logits = model.answers(torch.from_numpy(sample.tokens), torch.from_numpy(sample.positions)).flatten(0, 1)
    answers = torch.from_numpy(sample.answers).flatten()
    return functional.cross_entropy(logits, answers), (logits.argmax(dim=-1) == answers).double().mean().item()


def accuracy(model: Decoder, sample: Sample) -> float:
    """The share of right answers on a sample."""
    count, right = len(sample.answers), 0.0
    with torch.no_grad():
        for start in range(0, count, 64):  # a few at a time, to save memory
            part = sample[start : start + 64]
            right += judge(model, part)[1] * len(part.answers)
    return right / count
