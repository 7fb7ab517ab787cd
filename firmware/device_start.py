"""Stands on the box as /start.mpy beside /main.py, and like it is never updated: makes a slot the current folder.

/slot has one line (docs/decisions/update-slots.md); without it /a runs.
    a      /a is good and runs
    ab3    /a is good, /b is on trial and has three starts left: one is taken off before it runs
    a-b    /a is good; /b had its trial and was not good
Whoever changes it writes /slot.new and renames: after a power cut it is the old line or the new one.

Nothing of it stays in memory once a good slot runs: so it is a file of its own, with bytes in place of texts.
"""

import os
import sys

import machine


def start():
    """None for a good slot; for one on trial what to call when its firmware has ended, with its error or None."""
    try:
        with open(b"/slot", "rb") as file:
            line = file.read()
    except OSError:
        line = b"a"
    slot = b"b" if line[:1] == b"b" else b"a"
    other = line[1:2]
    trial = len(line) == 3 and other in b"ab" and other != slot and line[2:3] in b"0123456789"
    if trial:
        trial = line[2:3] != b"0"
        line = slot + other + bytes((line[2] - 1,)) if trial else slot + b"-" + other
        with open(b"/slot.new", "wb") as file:
            file.write(line)
        os.rename(b"/slot.new", b"/slot")
    if trial:
        slot = other
    # Not by `sys.path`: a module's path is a name, which would cost each module one more.
    os.chdir(b"/" + slot)
    if not trial:
        return None
    # Keeps the time of the trial, whatever its firmware does.

    def end(_):
        with open(b"/slot", "rb") as file:
            if len(file.read()) == 3:
                machine.reset()

    try:
        timer = machine.Timer(-1)
    except ValueError:
        timer = machine.Timer(0)  # an ESP32 has no virtual ones
    # From its start to "good"; a hub that comes back finds its boxes within 10 s.
    timer.init(mode=machine.Timer.ONE_SHOT, period=120_000, callback=end)
    sys.stdout.write("tingting: on trial is /%s\n" % slot.decode())

    def run(error):
        timer.deinit()
        if error is not None:
            sys.print_exception(error)
            machine.reset()

    return run
