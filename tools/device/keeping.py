"""What is slow to make and rarely changes, kept beside the builds under the digest of what it is made from."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

MOST: Final = 24  # of one kind: six boards, two roles, and the sources of before and after a change


def kept(folder: Path, kind: str, digest: str, make: Callable[[], Any]) -> Any:
    """What `make` gives as JSON, made once for a digest; a file that can't be read is made again."""
    path = folder / f".kept-{kind}-{digest[:32]}.json"
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        made = make()
    folder.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(made), "utf-8")
    fresh.replace(path)  # others may make the very same at this moment
    for old in sorted(folder.glob(f".kept-{kind}-*.json"), key=_age)[MOST:]:
        old.unlink(missing_ok=True)
    return json.loads(json.dumps(made))


def _age(path: Path) -> float:
    """The newest first; one that went away meanwhile counts as oldest."""
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0
