import subprocess
import sys

import sessa_ref
from tests.commands.running import run


def test_version():
    assert run("--version").output.strip() == f"sessa-ref {sessa_ref.__version__}"


def test_the_package_is_a_program():
    done = subprocess.run([sys.executable, "-m", "sessa_ref", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == run("--version").output
