"""`python -m experiments mixers`: how large the models are."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from experiments.commands.terminal import exit_codes, plain_console
from experiments.mixers import MIXERS, parameters
from experiments.settings import CONFIGS, Settings
from experiments.training import build
from sessa_ref.messages import reason


def mixers(
    config: Annotated[Path, typer.Option(metavar="FILE", help="Settings, a TOML file.")] = CONFIGS / "recall.toml",
) -> None:
    """Print how many trainable parameters a model of these settings has with each mixer."""
    console = plain_console()
    with exit_codes(Console(stderr=True)):
        settings = Settings.read(config, {})
    wanted = parameters(build(replace(settings, mixer="sessa")))
    for name in MIXERS:
        try:
            count = parameters(build(replace(settings, mixer=name)))
            console.print(f"{name:30}{count:8}{count / wanted - 1:+8.1%}")
        except ModuleNotFoundError as error:
            console.print(f"{name:30}{reason(error)}")
