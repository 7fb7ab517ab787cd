"""Working on a box without its application in the way."""

import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tools.device import mpremote
from tools.device.errors import DeviceError

FLAG: Final = "/maintenance"  # while this file is there, main.py returns at once: no application, no watchdog
# mpremote's reset happens 100 ms after mpremote has left; a program that connects before that is torn down by it.
RESET_PAUSE_S: Final = 0.5

MOST_TRIES: Final = "3"  # starts of a trial, as firmware/updating.py gives them
# A start that we end is none of the trial's: it gets that back, before the reset that counts the next one.
_GIVE_BACK: Final = f"""
import os
try:
    with open("/slot") as file:
        line = file.read()
except OSError:
    line = ""
if len(line) == 3 and line[1] in "ab" and "0" <= line[2] < "{MOST_TRIES}":
    with open("/slot.new", "w") as file:
        file.write(line[:2] + str(int(line[2]) + 1))
    os.rename("/slot.new", "/slot")
"""
# Written and reset in one go: between them the box's watchdog may be running.
_ENTER: Final = _GIVE_BACK + f"open({FLAG!r}, 'w').close()"
_LEAVE: Final = _GIVE_BACK + f"if {FLAG[1:]!r} in os.listdir('/'): os.remove({FLAG!r})"
# As mpremote's own reset does it; a box in maintenance stays as it is.
_UNLESS_KEPT: Final = f"import os\nif {FLAG[1:]!r} not in os.listdir('/'):\n"
_ASKED: Final = _UNLESS_KEPT + textwrap.indent(_GIVE_BACK, "    ")
_AGAIN: Final = _UNLESS_KEPT + "    import machine, time\n    time.sleep_ms(100)\n    machine.reset()"


@contextmanager
def maintenance(port: str) -> Iterator[None]:
    """Resets the box into maintenance, and out of it again when the work is done.

    Work that failed leaves the box in maintenance: it waits for the same command again rather than run half of it.
    """
    enter(port)
    yield
    leave(port)


def enter(port: str) -> None:
    """Its application is off from now on."""
    _reset_after(port, _ENTER)
    _await_prompt(port)


def leave(port: str) -> None:
    """Its application runs again, if it was off."""
    _reset_after(port, _LEAVE)


def asked(port: str, source: str) -> str:
    """What a few lines print on a box that then starts again; a start of a trial that this ended is given back.

    All in one go: its program is stopped, and its watchdog may be running. A box in maintenance stays in it.
    """
    commands = [["exec", f"{source}\n{_ASKED}"], ["exec", "--no-follow", _AGAIN]]
    printed = mpremote.run(port, *mpremote.chain(commands))
    time.sleep(RESET_PAUSE_S)
    return printed


def _reset_after(port: str, source: str) -> None:
    mpremote.run(port, *mpremote.chain([["exec", source], ["reset"]]))
    time.sleep(RESET_PAUSE_S)


def _await_prompt(port: str) -> None:
    """After a reset the terminal of a real board is gone for about a second; three tries see it come back."""
    problem: DeviceError | None = None
    for _ in range(3):
        try:
            mpremote.script(port, "pass", timeout_s=5)
        except DeviceError as error:
            problem = error
        else:
            return
    raise DeviceError("%(port)s: the box did not come back after its reset (%(why)s)", port=port, why=problem)
