"""One run in a folder of its own: metrics as they come, checkpoints on the way, at the end the model and its result."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments import samples
from experiments.ceilings import ceiling_error
from experiments.checkpoints import resume, save_model, save_training
from experiments.decoder import Decoder
from experiments.divergence import check_divergence
from experiments.files import replace_file
from experiments.metrics import Metrics
from experiments.mixers import parameters
from experiments.parallel import ALONE, Processes
from experiments.results import (
    CHECKPOINT,
    DIVERGED,
    METRICS,
    MODEL,
    RESULT,
    Diverged,
    Result,
    Score,
    curve,
    describe_machine,
)
from experiments.settings import Settings
from experiments.training import Step, Training, accuracy


def run_name(settings: Settings) -> str:
    """The name of a run's folder among runs of one experiment; runs of a mixer sort by learning rate, then by seed."""
    return f"{settings.mixer}-{settings.learning_rate:.5f}-{settings.seed}"


def run(
    settings: Settings,
    folder: str | Path,
    command: str,
    progress: Callable[[Step], None] = lambda step: None,
    processes: Processes = ALONE,
) -> Result:
    """Train and test a model in `folder`, which is made; a run that was interrupted there goes on from its checkpoint.

    Args:
        settings: model, task and training.
        folder: gets `metrics.jsonl`, a JSON object in each line, the checkpoint, the model and the result; or
            `diverged.json` with what was said.
        command: what made the run, for the result.
        progress: called after every step.
        processes: those that share the training, each of which calls this; the first alone writes.

    Raises:
        OSError: the folder cannot be written.
        ValueError: it holds a finished run, or the checkpoint of other settings, or the batch cannot be divided among
            the processes; nothing is changed.
        ArithmeticError: training has diverged.
        ModuleNotFoundError: the mixer needs a package that is not installed; nothing is changed.
    """
    folder = Path(folder)
    if any((folder / name).exists() for name in (RESULT, DIVERGED)):
        raise ValueError(f"{folder} holds a finished run; choose another folder, or remove it")
    checkpoint = folder / CHECKPOINT
    training = Training(settings, processes)
    before = resume(checkpoint, training) if checkpoint.exists() else 0.0
    if processes.mean(training.step) != [training.step]:
        raise ValueError(f"all processes must see the same files in {folder}: they begin at different steps")
    if processes.first:
        folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter() - before
    with closing(Metrics(folder / METRICS, training.step, write=processes.first)) as metrics:

        def look() -> None:
            layers = training.watch()
            if layers is not None:
                metrics.note_layers(training.step, layers)

        try:
            while training.step < settings.steps:
                if training.step % settings.watch_every == 0:
                    look()
                _advance(training, metrics, progress)
                if training.step % settings.save_every == 0:
                    save_training(checkpoint, training, time.perf_counter() - start)
        except ArithmeticError as error:
            diverged = Diverged(command, settings, training.step, str(error))
            if processes.first:
                replace_file(folder / DIVERGED, diverged.to_json().encode())
            raise
        look()
        model = training.whole_model()
        tests = [_test(model, settings, options) for options in settings.tests]
        validation = accuracy(model, samples.to_validate(settings))
        metrics.note({"validation": validation, "tests": [asdict(test) for test in tests]})
    result = Result(
        command=command,
        settings=settings,
        parameters=parameters(model),
        machine=describe_machine() | processes.describe(),
        seconds=round(time.perf_counter() - start, 1),
        seconds_per_step=round(metrics.seconds_per_step, 5),
        validation=validation,
        tests=tests,
        watched=metrics.watched,
        curve=curve(metrics.steps, settings.record_every),
    )
    if processes.first:
        save_model(folder / MODEL, model, settings)
        replace_file(folder / RESULT, result.to_json().encode())
    return result


def _advance(training: Training, metrics: Metrics, progress: Callable[[Step], None]) -> None:
    progress(metrics.advance(training))
    settings = training.settings
    check_divergence([step.loss for step in metrics.steps], settings.make_task().classes, settings.warmup)


def _test(model: Decoder, settings: Settings, options: dict[str, Any]) -> Score:
    task = settings.make_task(**options)
    return Score(
        options=options,
        accuracy=accuracy(model, samples.to_test(settings, options)),
        chance=task.chance,
        from_counts=task.from_counts,
        ceiling=task.ceiling,
        ceiling_error=ceiling_error(task),
    )
