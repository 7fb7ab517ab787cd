"""Every shell script parses."""

import subprocess
from pathlib import Path

from tools.checks.rooms import ROOT
from tools.checks.tracked import tracked

_SHEBANGS = (b"#!/usr/bin/env bash", b"#!/bin/bash", b"#!/bin/sh", b"#!/usr/bin/env sh")


def check(root: Path = ROOT) -> list[str]:
    """What `bash -n` says of each script, known by its ending or its first line."""
    out = []
    for path in tracked(root):
        with path.open("rb") as file:
            first = file.readline().strip()
        if path.suffix == ".sh" or first in _SHEBANGS:
            done = subprocess.run(["bash", "-n", str(path)], cwd=root, capture_output=True, text=True, check=False)
            out += done.stderr.splitlines()
    return out
