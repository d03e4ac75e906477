"""Training, step by step, and what the trained model is worth."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from experiments.divergence import check_finite
from experiments.parallel import ALONE
from experiments.stories.settings import Settings
from experiments.stories.texts import FIRST_BYTE, FileText, StoryText, as_tokens
from experiments.training import Step, update
from sessa_ref.language_model import SessaForCausalLM
from sessa_ref.tasks import Stories

_CLIP = 1.0


class Training:
    """A model in training."""

    def __init__(self, settings: Settings, text: StoryText | FileText) -> None:
        self.settings, self.text, self.processes = settings, text, ALONE
        torch.manual_seed(settings.seed)
        self.model = SessaForCausalLM(settings.config)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=settings.learning_rate, weight_decay=0.01)
        self.step = 0
        """Steps that are done."""

    def advance(self) -> Step:
        """Do one step, whose accuracy is the share of right bytes.

        Raises:
            ArithmeticError: the loss is not finite; the model is left as it was.
        """
        tokens = as_tokens(self.text.batch(self.step))
        found = self.model.train()(tokens, labels=tokens)
        check_finite(found.loss.item(), self.step, self.settings.learning_rate)
        update(self.optimizer, found.loss, self.settings.rate(self.step), _CLIP)
        self.step += 1
        right = (found.logits[:, :-1].argmax(dim=-1) == tokens[:, 1:]).double().mean()
        return Step(self.step - 1, found.loss.item(), right.item())

    def entries(self) -> dict[str, Any]:
        """What a checkpoint and a training that goes on from it have in common."""
        return {**asdict(self.settings), "text": self.text.name}


def bits_per_byte(model: SessaForCausalLM, rows: Sequence[bytes]) -> float:
    """What the model needs for each byte of the rows but their first, on average."""
    with torch.no_grad():
        parts = [as_tokens(rows[start : start + 16]) for start in range(0, len(rows), 16)]
        nats = sum(model(tokens, labels=tokens).loss.item() * len(tokens) for tokens in parts)
    return nats / len(rows) / math.log(2)


def tell(model: SessaForCausalLM, count: int = 16, longest: int = 500) -> list[str]:
    """Stories that the model tells: sampled from what it predicts, each up to its end of line, or to `longest` bytes."""
    torch.manual_seed(0)
    begin = as_tokens([b"\n"] * count)
    end = FIRST_BYTE + ord("\n")
    told = model.generate(begin, do_sample=True, top_k=0, max_new_tokens=longest, eos_token_id=end, pad_token_id=0)
    return [
        bytes(token - FIRST_BYTE for token in row[1:].tolist() if token >= FIRST_BYTE).decode(errors="replace")
        for row in told
    ]


def possible(stories: Sequence[str]) -> int:
    """How many of these texts are whole stories that the grammar can have made."""
    task = Stories()
    return sum(story.endswith("\n") and bool(np.isfinite(task.bits(story.encode())).all()) for story in stories)
