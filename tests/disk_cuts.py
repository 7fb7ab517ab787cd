"""What a power cut leaves of files that are replaced whole: one folder for every moment of a piece of work."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def images(folder: Path, to: Path, work: Callable[[], object]) -> tuple[list[Path], int]:
    """Does the work once; the folder as a cut before and after each sync and rename leaves it, and how many there were.

    What was not synced is half there. A rename whose folder was not synced is there or not: both are kept.
    """
    kept: list[Path] = []
    operations = 0
    sync, rename = os.fsync, Path.replace

    def keep(torn: Path | None = None) -> None:
        image = to / str(len(kept))
        shutil.copytree(folder, image)
        if torn is not None:
            half = image / torn.relative_to(folder)
            os.truncate(half, half.stat().st_size // 2)
        kept.append(image)

    def fsync(descriptor: int) -> None:
        nonlocal operations
        operations += 1
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        keep(path if path.is_file() else None)
        sync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        nonlocal operations
        operations += 1
        keep()
        return rename(self, target)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        patched.setattr(Path, "replace", replace)
        work()
    keep()
    return kept, operations
