"""One run in a folder of its own: metrics as they come, checkpoints on the way, at the end the model and its result."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.checkpoints import resume, save_model, save_training
from experiments.mixers import parameters
from experiments.results import Result, describe_machine, look
from experiments.settings import Settings
from experiments.training import Step, Training

METRICS, CHECKPOINT, MODEL, RESULT = "metrics.jsonl", "checkpoint.safetensors", "model.safetensors", "result.json"
"""The files of a folder."""


def run(
    settings: Settings, folder: str | Path, command: str, progress: Callable[[Step], None] = lambda step: None
) -> Result:
    """Train and test a model in `folder`, which is made; a run that was interrupted there goes on from its checkpoint.

    Args:
        settings: model, task and training.
        folder: gets `metrics.jsonl`, a JSON object in each line, the checkpoint, the model and the result.
        command: what made the run, for the result.
        progress: called after every step.

    Raises:
        OSError: the folder cannot be written.
        ValueError: it holds a finished run, or the checkpoint of other settings; nothing is changed.
        ArithmeticError: training has diverged.
        ModuleNotFoundError: the mixer needs a package that is not installed; nothing is changed.
    """
    folder = Path(folder)
    if (folder / RESULT).exists():
        raise ValueError(f"{folder} holds a finished run; choose another folder, or remove it")
    checkpoint = folder / CHECKPOINT
    training, before = resume(checkpoint, settings) if checkpoint.exists() else (Training(settings), 0.0)
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter() - before
    lines = _lines(folder / METRICS, training.step)
    with (folder / METRICS).open("w", buffering=1, encoding="utf-8", newline="\n") as metrics:

        def note(line: dict[str, Any]) -> None:
            lines.append(line)
            metrics.write(json.dumps(line) + "\n")

        for line in lines[:]:
            metrics.write(json.dumps(line) + "\n")
        while training.step < settings.steps:
            if training.step % settings.watch_every == 0:
                _watch(training, note)
            done = training.advance()
            note(asdict(done))
            progress(done)
            if training.step % settings.save_every == 0:
                save_training(checkpoint, training, time.perf_counter() - start)
        _watch(training, note)
        accuracy = {lag: training.accuracy_at(lag) for lag in settings.test_lags}
        note({"accuracy_by_lag": accuracy})
    save_model(folder / MODEL, training.model, settings)
    result = Result(
        command,
        settings,
        parameters(training.model),
        describe_machine(),
        round(time.perf_counter() - start, 1),
        [Step(**line) for line in lines if "loss" in line],
        [line for line in lines if "layers" in line],
        accuracy,
    )
    (folder / RESULT).write_text(result.to_json(), encoding="utf-8", newline="\n")
    return result


def _watch(training: Training, note: Callable[[dict[str, Any]], None]) -> None:
    layers = training.watch()
    if layers is not None:
        note(look(training.step, layers))


def _lines(path: Path, step: int) -> list[dict[str, Any]]:
    """The metrics of the steps before this one; what came after the checkpoint is made again."""
    if step == 0 or not path.exists():
        return []
    found = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:  # the last line of an interrupted run
            break
        if line.get("step", step) < step:
            found.append(line)
    return found
