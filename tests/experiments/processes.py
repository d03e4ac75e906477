"""Run as a program: two processes, with the variables that torchrun gives to those it starts, share trainings.

All numbers are float64, so that what is wrong stands out from what is rounded.
"""

import faulthandler
import os
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import torch
from torch.multiprocessing.spawn import start_processes

from experiments.__main__ import app
from experiments.parallel import started
from experiments.run import run
from experiments.settings import Settings
from tests.experiments.small import KilledError, kill_after

TRAININGS = [
    ("ddp", "gain-0", "ddp", "interrupted"),
    ("ddp", "gain-0", "ddp", "finished"),
    ("fsdp", "sessa", "fsdp", "interrupted"),
    ("fsdp", "sessa", "fsdp", "finished"),
    ("begun-alone", "sessa", "fsdp", "finished"),
    ("finished-alone", "sessa", "fsdp", "interrupted"),
]
"""Folder, mixer, how it is shared, and whether this time it goes to its end."""


def main(rank: int, config: str, folder: str, port: str, training: int) -> None:
    faulthandler.dump_traceback_later(60, exit=True)  # whoever waits for ever says where
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    os.environ |= {
        "TORCHELASTIC_RUN_ID": "a test",
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
    }
    name, mixer, kind, how = TRAININGS[training]
    out = Path(folder) / name
    if how == "finished":
        app(
            ["train", "--config", config, "--mixer", mixer, "--out", str(out), "--parallel", kind],
            standalone_mode=False,
        )
    else:
        with suppress(KilledError), started(kind) as processes:
            run(Settings.read(config, {"mixer": mixer}), out, "", kill_after(3), processes)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    # Imports are the most work: made once, with those of a first step and of FSDP.
    for module in ("torch._dynamo", "torch.distributed.fsdp", "torch.distributed.tensor"):
        import_module(module)
    for training in range(len(TRAININGS)):  # each in processes of its own, as with torchrun
        start_processes(main, (*sys.argv[1:], free_port(), training), nprocs=2, start_method="fork")
