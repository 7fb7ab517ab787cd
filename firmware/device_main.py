"""Stands on the box as /main.py: everything else may be replaced beneath it."""

import gc

# Collect often from the first import on: what lives long then stays together, and large buffers find room.
gc.threshold(4096)

from firmware.main import run  # noqa: E402 - the line above has to come first

run()
