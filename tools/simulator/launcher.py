"""Turns this fresh process into the interpreter of one board.

Run as a session leader with the board's terminal on 0, 1, 2. The terminal becomes the controlling one, for two
reasons: ^C interrupts the board's program, and the kernel ends the interpreter (SIGHUP) when the supervisor dies,
however it dies.
"""

import fcntl
import os
import sys
import termios
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location


def main(interpreter: str, arguments: list[str]) -> int:
    """Becomes `interpreter`, a compiled Python module of the wheel or an executable."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if not interpreter.endswith(".so"):
        os.execv(interpreter, ["micropython", *arguments])  # noqa: S606 - becoming it is the job
    loader = ExtensionFileLoader("micropython_run", interpreter)
    spec = spec_from_file_location("micropython_run", interpreter, loader=loader)
    if spec is None:
        raise SystemExit(f"{interpreter}: not a loadable module")
    module = module_from_spec(spec)
    loader.exec_module(module)
    return int(module.run_main(["micropython", *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
