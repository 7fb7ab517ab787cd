"""Stands on the box as /main.py and is never updated: starts the good slot, or the one on trial (device_start.py)."""

import gc

# Collect often from the first import on: what lives long then stays together, and large buffers find room.
gc.threshold(4096)

import sys  # noqa: E402 - the line above has to come first

import start  # type: ignore  # noqa: E402 - the box's own /start.mpy, after the threshold

end = start.start()
del start, sys.modules["start"]
try:
    from firmware.main import run

    run(end is not None)
except Exception as e:
    if not end:
        raise
    end(e)
else:
    if end:
        end(None)  # a technician works on it
