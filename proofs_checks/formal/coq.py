"""Runs Coq on a copy of the sources in a build folder."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from proofs_checks.formal.sources import Sources

INSTALL = "apt-get install coq libcoq-coquelicot libcoq-interval libcoq-mathcomp-algebra libcoq-flocq"
MISSING = f"Coq is not installed here; on Debian or Ubuntu: {INSTALL}"
LIMIT = 600.0
"""Seconds for each file after which a run of Coq is given up."""

_ROOMS = {"": "Sessa", "proofs": "Sessa.proofs", "counterexamples": "Sessa.counterexamples", "audit": "Sessa.audit"}
_ERROR = re.compile(r'File "([^"]*)", line (\d+), characters [\d-]+:\nError:\s*(.*)', re.DOTALL)


@dataclass(frozen=True)
class Run:
    """What a run of Coq said.

    Attributes:
        ok: whether it accepted.
        output: all that it printed.
        seconds: how long it took.
    """

    ok: bool
    output: str
    seconds: float

    @property
    def line(self) -> int:
        """The line of the first error; 0 where the message names none."""
        found = _ERROR.search(self.output)
        return int(found[2]) if found else 0

    @property
    def error(self) -> str:
        """The error in a line."""
        found = _ERROR.search(self.output)
        return " ".join((found[3] if found else self.output).split())[:300]


def installed() -> bool:
    """Whether Coq is here."""
    return shutil.which("coqc") is not None and shutil.which("coqchk") is not None


def version() -> str:
    """The version of Coq, such as "8.16.1"."""
    return subprocess.run(["coqc", "--print-version"], capture_output=True, text=True, check=True).stdout.split()[0]


def module(file: str) -> str:
    """The name of a file's module: "proofs/Solve.v" is Sessa.proofs.Solve."""
    folder, _, name = file.rpartition("/")
    return f"{_ROOMS[folder]}.{name.removesuffix('.v')}"


def coqc(folder: Path, file: str, *options: str, limit: float = LIMIT) -> Run:
    """Compile one file of a build folder."""
    return _run(folder, ["coqc", "-q", "-w", "none", *options, *_paths(folder), file], limit)


def coqchk(folder: Path, files: list[str]) -> Run:
    """Have the independent checker look at files that are compiled, not at the libraries that they use."""
    names = [part for file in files for part in ("-norec", module(file))]
    return _run(folder, ["coqchk", "-o", *_paths(folder), *names], LIMIT * len(files))


def compile_all(sources: Sources, folder: Path, jobs: int, done: Callable[[str, Run], None]) -> dict[str, Run]:
    """Compile every file after those that it rests on; a file is left out where one of these fails."""
    write(sources, folder)
    runs: dict[str, Run] = {}
    waiting = dict.fromkeys(sources.texts)
    with ThreadPoolExecutor(jobs) as pool:
        started: dict[Future[Run], str] = {}
        while waiting or started:
            for file in list(waiting):
                needed = sources.needs(file)[:-1]
                if any(name in runs and not runs[name].ok for name in needed):
                    del waiting[file]
                    runs[file] = Run(False, "it rests on a file that does not compile", 0.0)
                elif all(name in runs for name in needed):
                    del waiting[file]
                    started[pool.submit(coqc, folder, file)] = file
            for future in wait(started, return_when=FIRST_COMPLETED).done if started else ():
                file = started.pop(future)
                runs[file] = future.result()
                done(file, runs[file])
    return runs


def write(sources: Sources, folder: Path, changed: dict[str, str] | None = None) -> None:
    """Write the sources into a build folder, some of them changed, and nothing else there."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in (sources.texts | (changed or {})).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")


def _paths(folder: Path) -> list[str]:
    used = [(room or ".", name) for room, name in _ROOMS.items() if (folder / room).is_dir()]
    return [part for room, name in used for part in ("-Q", room, name)]


def _run(folder: Path, command: list[str], limit: float) -> Run:
    begun = time.perf_counter()
    try:
        ended = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return Run(False, f"no end within {limit:.0f} seconds", time.perf_counter() - begun)
    return Run(ended.returncode == 0, ended.stdout, time.perf_counter() - begun)
