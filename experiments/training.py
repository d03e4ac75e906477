"""Training, step by step: every batch follows from the seed and the number of the step, so that a run can go on anywhere."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from experiments.decoder import Decoder
from experiments.mixers import MIXERS
from experiments.settings import Settings
from experiments.watch import Watched, watch
from sessa_ref.tasks import Sample

_TRAINING, _TEST, _WATCHED = 0, 1, 2  # so that no sequence of one use is drawn for another
_WATCHED_SEQUENCES = 8


@dataclass(frozen=True)
class Step:
    """What one step found, before its update."""

    step: int
    loss: float
    """Mean cross-entropy in nats."""
    accuracy: float


def build(settings: Settings) -> Decoder:
    """The untrained model of these settings."""
    task = settings.task(settings.lag)
    torch.manual_seed(settings.seed)
    return Decoder(
        settings.config,
        MIXERS[settings.mixer],
        layers=settings.layers,
        vocabulary=task.vocabulary,
        answers=task.symbols,
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
        batch = settings.task(settings.lag).sample(settings.batch, [_TRAINING, settings.seed, self.step])
        loss, accuracy = judge(self.model, batch)
        update(self.optimizer, loss, self.step, settings.rate(self.step), settings.clip)
        self.step += 1
        return Step(self.step - 1, loss.item(), accuracy)

    def watch(self) -> list[Watched] | None:
        """The layers on a few fixed sequences of the training lag; None where there is no feedback."""
        task = self.settings.task(self.settings.lag)
        return watch(self.model, task.sample(_WATCHED_SEQUENCES, [_WATCHED]))

    def accuracy_at(self, lag: int) -> float:
        """Accuracy on the test sequences of a lag, which training never sees."""
        return accuracy_at(self.model, self.settings, lag)


def accuracy_at(model: Decoder, settings: Settings, lag: int) -> float:
    """Accuracy of a model on the test sequences of a lag: the same for all models with one task."""
    count = settings.test_sequences
    right, recall = 0.0, settings.task(lag).sample(count, [_TEST, lag])
    with torch.no_grad():
        for start in range(0, count, 64):  # a few at a time, to save memory
            part = recall[start : start + 64]
            right += judge(model, part)[1] * len(part.answers)
    return right / count


def judge(model: Decoder, recall: Sample) -> tuple[torch.Tensor, float]:
    """Mean cross-entropy, with its derivatives, and accuracy."""
    logits = model.answers(torch.from_numpy(recall.tokens), torch.from_numpy(recall.positions[:, 0]))
    answers = torch.from_numpy(recall.answers[:, 0])
    accuracy = (logits.argmax(dim=-1) == answers).double().mean().item()
    return functional.cross_entropy(logits, answers), accuracy
