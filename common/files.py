"""Files that a power cut leaves either old or new, never half."""

import os
from pathlib import Path

OWNER_ONLY = 0o600


def replace(path: Path, content: bytes, mode: int = OWNER_ONLY) -> None:
    """Write beside, sync, rename, sync the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
