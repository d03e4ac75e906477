"""One run in a folder of its own: the model, its tokenizer and the result."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import transformers

from experiments.mixers import parameters
from experiments.results import describe_machine
from experiments.stories.settings import Settings
from experiments.stories.texts import FileText, StoryText
from experiments.stories.training import bits_per_byte, possible, tell, train

MODEL, RESULT = "model", "result.json"
"""What a folder gets: a folder that `from_pretrained` reads, and a JSON object."""


def run(
    settings: Settings,
    text: StoryText | FileText,
    folder: Path,
    command: str,
    progress: Callable[[int, float], None] = lambda step, bits: None,
) -> dict[str, Any]:
    """Train, test, let the model tell stories, and write all that down. An interrupted run starts over.

    Returns:
        The result: `command`, `settings`, `parameters`, `machine`, `seconds`, `bits_per_byte` of the test, beside it the
        `limits` of the text, `told`, an example, of the stories that were told how many were `possible`, None for a
        file, and `curve`, the bits per byte of every training step.

    Raises:
        OSError: the folder cannot be written.
        ValueError: it holds a finished run; nothing is changed.
        ArithmeticError: training has diverged.
    """
    if (folder / RESULT).exists():
        raise ValueError(f"{folder} holds a finished run; choose another folder, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    model, curve = train(settings, text, progress)
    seconds = round(time.perf_counter() - start, 1)
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
        "curve": [round(bits, 4) for bits in curve],
    }
    model.save_pretrained(folder / MODEL)
    transformers.ByT5Tokenizer(extra_ids=0, padding_side="left").save_pretrained(folder / MODEL)
    (folder / RESULT).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8", newline="\n")
    return result
