"""`python -m experiments stories`: a language model on stories with a known entropy."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from experiments.commands.terminal import command, exit_codes, plain_console, progress_bar, use_threads
from sessa_ref.messages import one_line, reason


def stories(
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A text to learn from, instead of generated stories.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of parameters and training text.")] = 0,
    steps: Annotated[int, typer.Option(help="Training steps.")] = 800,
    learning_rate: Annotated[float, typer.Option(help="Its largest value.")] = 1e-2,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="For model and result; runs/stories/SEED.")] = None,
    threads: Annotated[int, typer.Option(help="Of torch.")] = 1,
) -> None:
    """Train a language model on the bytes of generated stories, whose entropy is known; some minutes.

    Needs the extra `transformers`; the model is one that `AutoModelForCausalLM.from_pretrained` loads. Exit code 0: it is
    done. 1: training diverged. 2: bad options, or files that cannot be read or written.
    """
    log = Console(stderr=True)
    with exit_codes(log):
        try:
            from experiments.stories import run as stories_run
            from experiments.stories.settings import Settings as StorySettings
            from experiments.stories.texts import FileText, StoryText
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"{reason(error)}: this command needs the extra transformers") from None
        use_threads(threads)
        settings = StorySettings(seed=seed, steps=steps, learning_rate=learning_rate)
        source = StoryText(settings) if text is None else FileText(text, settings)
        folder = out or Path("runs") / "stories" / str(seed)
        with progress_bar(log) as bar:
            task = bar.add_task("", total=steps)

            def progress(step: int, bits: float) -> None:
                bar.update(task, completed=step + 1, description=f"{bits:.3f} bits per byte")

            result = stories_run.run(settings, source, folder, command(), progress)
    console = plain_console()
    console.print(f"{result['parameters']} parameters, {result['seconds']:.0f} s, {folder}")
    console.print(f"bits per byte on the test: {result['bits_per_byte']:.3f}")
    for name, bits in result["limits"].items():
        if name == "from_last_bytes":
            for order, needed in bits.items():
                console.print(f"  counted after the last {order} bytes: {needed:.3f}")
        else:
            console.print(f"  {name.replace('_', ' ')}: {bits:.3f}")
    console.print("one that it tells:")
    console.print(one_line(result["told"][0]))
