"""The files of the project: what git tracks, and what it would track; nothing ignored."""

import subprocess
from pathlib import Path

from tools.checks.rooms import ROOT


def tracked(root: Path = ROOT) -> list[Path]:
    """Every file of the project that is there, in order."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
    )
    paths = (root / name.decode() for name in sorted(set(done.stdout.split(b"\0"))) if name)
    return [path for path in paths if path.is_file()]
