"""Training, step by step: every batch follows from the seed and the number of the step, so that a run can go on anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from experiments import samples
from experiments.decoder import Decoder
from experiments.divergence import check_finite
from experiments.mixers import MIXERS
from experiments.parallel import ALONE, Processes
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


def update(optimizer: torch.optim.Optimizer, loss: Tensor, rate: float, clip: float) -> None:
    """Move all parameters of the optimizer by the gradient of the loss.

    Args:
        optimizer: of these parameters.
        loss: of this step's batch.
        rate: the step's learning rate.
        clip: largest norm of the gradient of all parameters together.
    """
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], clip)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()


class Training:
    """A model in training, by one process or by several.

    Raises:
        ValueError: the batch cannot be divided among the processes.
    """

    def __init__(self, settings: Settings, processes: Processes = ALONE) -> None:
        processes.check_batch(settings.batch)
        self.settings, self.processes = settings, processes
        self.model = build(settings)
        self._answers = processes.share(self.model)
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
        own, right = judge(self._answers, self.processes.rows(samples.to_train(settings, self.step)))
        loss, right = self.processes.mean(own.item(), right)
        check_finite(loss, self.step, settings.learning_rate)
        update(self.optimizer, own, settings.rate(self.step), settings.clip)
        self.step += 1
        return Step(self.step - 1, loss, right)

    def entries(self) -> dict[str, Any]:
        """What a checkpoint and a training that goes on from it have in common."""
        return self.settings.entries()

    def whole_model(self) -> Decoder:
        """The model as one process has it; where several share it, a copy, and all of them have to ask for it."""
        if self.processes.kind is None:
            return self.model
        copy = build(self.settings)
        copy.load_state_dict({name: self.processes.whole(value) for name, value in self.model.state_dict().items()})
        return copy

    def watch(self) -> list[Watched] | None:
        """The layers on a few fixed sequences of the training's task; None where there is no feedback.

        Of several processes, all have to ask for it, and the first alone looks.
        """
        model = self.whole_model()
        return watch(model, samples.to_watch(self.settings)) if self.processes.first else None


def judge(answers: Callable[[Tensor, Tensor], Tensor], sample: Sample) -> tuple[Tensor, float]:
    """Mean cross-entropy over all answers of a sample, with its derivatives, and accuracy.

    Args:
        answers: computes logits, as `Decoder.answers`.
        sample: gives them their tokens and positions.
    """
    logits = answers(torch.from_numpy(sample.tokens), torch.from_numpy(sample.positions)).flatten(0, 1)
    due = torch.from_numpy(sample.answers).flatten()
    return functional.cross_entropy(logits, due), (logits.argmax(dim=-1) == due).double().mean().item()


def accuracy(model: Decoder, sample: Sample) -> float:
    """The share of right answers on a sample."""
    count, right = len(sample.answers), 0.0
    with torch.no_grad():
        for start in range(0, count, 64):  # a few at a time, to save memory
            part = sample[start : start + 64]
            right += judge(model.answers, part)[1] * len(part.answers)
    return right / count
