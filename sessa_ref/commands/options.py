"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

PowersFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw B, its powers and (I - B)^(-1).")]
Checkpoint = Annotated[
    Path,
    typer.Argument(
        metavar="CHECKPOINT", help="A layer: what SessaParameters.save wrote, or a state_dict as safetensors."
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The config of a checkpoint that carries none: SessaConfig.to_json()."),
]
