"""A process that doesn't outlive the one that asked for it."""

import ctypes
import os
import signal

from tools.simulator.errors import SimulatorError

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """SIGTERM for this process when the one that started it is gone (prctl(2))."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent or parent == 1:
        raise SimulatorError("the process that asked for a simulator is already gone")
