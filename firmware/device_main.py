"""Stands on the box as /main.py: everything else may be replaced beneath it."""

from firmware.main import run

run()
