"""Training, step by step, and what the trained model is worth."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from experiments.stories.settings import Settings
from experiments.stories.texts import FIRST_BYTE, FileText, StoryText, as_tokens
from experiments.training import update
from sessa_ref.language_model import SessaForCausalLM
from sessa_ref.tasks import Stories

_CLIP = 1.0


def train(
    settings: Settings, text: StoryText | FileText, progress: Callable[[int, float], None] = lambda step, bits: None
) -> tuple[SessaForCausalLM, list[float]]:
    """A trained model, and the bits per byte of every step, before its update.

    Raises:
        ArithmeticError: the loss is not finite.
    """
    torch.manual_seed(settings.seed)
    model = SessaForCausalLM(settings.config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    curve = []
    for step in range(settings.steps):
        tokens = as_tokens(text.batch(step))
        loss = model(tokens, labels=tokens).loss
        update(optimizer, loss, step, settings.rate(step), _CLIP)
        curve.append(loss.item() / math.log(2))
        progress(step, curve[-1])
    return model.eval(), curve


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
