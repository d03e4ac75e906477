"""Files that are there as a whole or not at all."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in one go: whoever is interrupted leaves the file that was there.

    Raises:
        OSError: it cannot be written.
    """
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    os.replace(new, path)
