"""One run in a folder of its own: the model, its tokenizer and the result."""

import json
import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import transformers

from experiments.checkpoints import resume, save_training
from experiments.files import replace_file
from experiments.metrics import Metrics
from experiments.mixers import parameters
from experiments.results import CHECKPOINT, METRICS, RESULT, describe_machine
from experiments.stories.settings import Settings
from experiments.stories.texts import FileText, StoryText
from experiments.stories.training import Training, bits_per_byte, possible, tell

MODEL = "model"
"""The folder that `from_pretrained` reads."""


def run(
    settings: Settings,
    text: StoryText | FileText,
    folder: Path,
    command: str,
    progress: Callable[[int, float], None] = lambda step, bits: None,
) -> dict[str, Any]:
    """Train, test, let the model tell stories, and write all that down; an interrupted run goes on from its checkpoint.

    Returns:
        The result: `command`, `settings`, `parameters`, `machine`, `seconds`, `bits_per_byte` of the test, beside it the
        `limits` of the text, `told`, an example, of the stories that were told how many were `possible`, None for a
        file, and `curve`, the bits per byte of every training step.

    Raises:
        OSError: the folder cannot be written.
        ValueError: it holds a finished run, or the checkpoint of other settings or another text; nothing is changed.
        ArithmeticError: training has diverged.
    """
    if (folder / RESULT).exists():
        raise ValueError(f"{folder} holds a finished run; choose another folder, or remove it")
    checkpoint, training = folder / CHECKPOINT, Training(settings, text)
    before = resume(checkpoint, training) if checkpoint.exists() else 0.0
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter() - before
    with closing(Metrics(folder / METRICS, training.step)) as metrics:
        while training.step < settings.steps:
            step = metrics.advance(training)
            progress(step.step, _bits(step.loss))
            if training.step % settings.save_every == 0:
                save_training(checkpoint, training, time.perf_counter() - start)
    seconds = round(time.perf_counter() - start, 1)
    model = training.model.eval()
    told = tell(model)
    result = {
        "command": command,
        "settings": asdict(settings),
        "parameters": parameters(model),
        "machine": describe_machine() | {"transformers": transformers.__version__},
        "seconds": seconds,
        "bits_per_byte": bits_per_byte(model, text.test()),
        "limits": text.limits(),
        "told": told[:3],
        "possible": {"stories": len(told), "possible": possible(told)} if isinstance(text, StoryText) else None,
        "curve": [round(_bits(step.loss), 4) for step in metrics.steps],
    }
    model.save_pretrained(folder / MODEL)
    transformers.ByT5Tokenizer(extra_ids=0, padding_side="left").save_pretrained(folder / MODEL)
    replace_file(folder / RESULT, (json.dumps(result, indent=1) + "\n").encode())
    return result


def _bits(nats: float) -> float:
    return nats / math.log(2)
