"""The process that a Python candidate runs in: `python -m sessa_ref.oracle.worker TARGET ANSWERS`.

The oracle writes one request folder per line to standard input. Answers go to files, because standard output
belongs to the candidate: each request folder gets `answer.json` when it is done, and `ANSWERS/started.json`
says whether the target loaded.
"""

import json
import sys
from pathlib import Path

from sessa_ref.oracle.candidate import TargetError, UnsupportedError
from sessa_ref.oracle.operations import perform
from sessa_ref.oracle.protocol import read_case, write_output
from sessa_ref.oracle.targets import load_target


def main(target: str, answers: Path) -> None:
    """Load the target and serve requests until standard input ends."""
    try:
        adapter = load_target(target)
    except TargetError as error:
        _answer(answers / "started.json", {"target_error": str(error)})
        return
    _answer(answers / "started.json", {})
    for line in sys.stdin:
        folder = Path(line.rstrip("\n"))
        try:
            operation, case, dtype = read_case(folder)
            write_output(folder, perform(adapter, operation, case, dtype))
            answer = {}
        except TargetError as error:
            answer = {"target_error": str(error)}
        except UnsupportedError as error:
            answer = {"unsupported": str(error)}
        except MemoryError:
            answer = {"error": "MemoryError"}
        except Exception as error:  # whatever the candidate raises
            answer = {"error": (str(f"{type(error).__name__}: {error}").splitlines() or [""])[0]}
        _answer(folder / "answer.json", answer)


def _answer(path: Path, answer: dict[str, str]) -> None:
    # Renaming makes the file appear whole or not at all.
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(answer))
    partial.replace(path)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
