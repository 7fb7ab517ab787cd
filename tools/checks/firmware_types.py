"""Types of firmware/ and protocol/ against MicroPython's own stubs, with ty.

MicroPython's standard library is smaller than CPython's, so ty gets micropython-stdlib-stubs as its typeshed, on a copy
into which the boards' top-level stubs (`machine`, `time`, `binascii` …) are laid where it has none: without them those
stay unresolved. The copy lies outside of the project: ty takes a typeshed within it for project files, and panics.
"""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

from tools.checks.rooms import ROOT

_TIMEOUT_S: Final = 120.0  # it takes about one second
# Nobody hands these arguments over by keyword; underscored overrides rename theirs.
_IGNORED: Final = ("--ignore", "lost-keyword-for-regular-parameter")
_COMMAND: Final = ("check", "--output-format", "concise", "--color", "never", *_IGNORED)
# protocol/compat.py's CPython half imports what boards don't have; this is what it uses of it.
_HMAC: Final = """def digest(key: bytes, msg: bytes, digest: str) -> bytes: ...
def compare_digest(a: bytes, b: bytes) -> bool: ...
"""


def _make_typeshed(site: Path, target: Path) -> None:
    """Lays the installed stubs together."""
    stdlib = target / "stdlib"
    shutil.copytree(site / "stdlib", stdlib)
    for stub in site.glob("*.pyi"):
        # Only what is missing there: some of the boards' stubs hide better ones.
        if not (stdlib / stub.name).exists() and not (stdlib / stub.stem).is_dir():
            shutil.copyfile(stub, stdlib / stub.name)
    (stdlib / "hmac.pyi").write_text(_HMAC, "utf-8")


def check() -> list[str]:
    """What ty complains of; [] when all is well."""
    site = Path(sysconfig.get_paths()["purelib"])
    if not (site / "stdlib" / "VERSIONS").exists():
        return ["micropython-stdlib-stubs is not installed: run `make setup`"]
    with tempfile.TemporaryDirectory(prefix="typeshed-") as folder:
        typeshed = Path(folder)
        _make_typeshed(site, typeshed)
        program = str(Path(sys.executable).with_name("ty"))
        command = [program, *_COMMAND, "--typeshed", str(typeshed), "firmware", "protocol"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode == 0:
        return []
    return (done.stdout + done.stderr).strip().splitlines() or [f"ty ended with {done.returncode}"]
