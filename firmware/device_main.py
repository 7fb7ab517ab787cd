"""Stands on the box as /main.py and is never updated: starts the slot that /slot names, each a whole firmware.

/slot has one line (docs/decisions/update-slots.md); without it /a runs.
    a      /a is good and runs
    ab3    /a is good, /b is on trial and has three starts left: one is taken off before it runs
    a-b    /a is good; /b had its trial and was not good
Whoever changes it writes /slot.new and renames: after a power cut it is the old line or the new one.
"""

import gc

# Collect often from the first import on: what lives long then stays together, and large buffers find room.
gc.threshold(4096)

import os  # noqa: E402 - the line above has to come first
import sys  # noqa: E402

import machine  # noqa: E402

# Its names are words that boards have in their ROM, and its texts are bytes: neither stays on the heap.
try:
    with open(b"/slot", "rb") as f:
        data = f.read()
except OSError:
    data = b"a"
name = b"b" if data[:1] == b"b" else b"a"
t = None
if len(data) == 3 and data[1:2] in b"ab" and data[1:2] != name and data[2:3] in b"0123456789":
    value = data[2:3] != b"0"
    if not value:
        data = name + b"-" + data[1:2]
    else:
        data = name + data[1:2] + bytes((data[2] - 1,))
        name = data[1:2]
    with open(b"/slot.new", "wb") as f:
        f.write(data)
    os.rename(b"/slot.new", b"/slot")
    if value:
        # From its start to "good". A hub that comes back finds its boxes within 10 s; then it is over, whatever runs.
        def end(_):
            with open(b"/slot", "rb") as f:
                if len(f.read()) == 3:
                    machine.reset()

        try:
            t = machine.Timer(-1)
        except ValueError:
            t = machine.Timer(0)  # an ESP32 has no virtual ones
        t.init(mode=machine.Timer.ONE_SHOT, period=120_000, callback=end)
        sys.stdout.write("tingting: on trial is /%s\n" % name.decode())
sys.path.insert(0, "/" + name.decode())
try:
    from firmware.main import run

    run()
except Exception as error:
    if not t:
        raise
    sys.print_exception(error)
    machine.reset()
if t:
    t.deinit()  # a technician works on it
