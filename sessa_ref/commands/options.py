"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

PowersFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw B, its powers and (I - B)^(-1).")]
