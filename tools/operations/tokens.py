"""Tokens before the first start, for a new window, or instead of a lost one."""

import json
from collections.abc import Sequence
from pathlib import Path

from common import files
from common.tokens import Holder, Tokens
from tools.operations.errors import OperationsError


def words(holder: Holder) -> str:
    """As hub and center print it."""
    return f"{holder.role} {holder.place}" if holder.place else holder.role


def make(path: Path, wanted: Sequence[Holder], renew: Sequence[str]) -> dict[str, str]:
    """Makes what is missing or to be renewed; returns the new ones. Raises `OperationsError`, `CommonError`."""
    known = {words(holder): holder for holder in wanted}
    for name in renew:
        if name not in known:
            raise OperationsError(f"--renew {name!r}: nobody is called so; there are: {', '.join(known)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if renew and path.exists():
        Tokens.open(path, ())  # says what is wrong with a file that isn't one
        entries = json.loads(path.read_text("utf-8"))
        kept = {
            key: entry
            for key, entry in entries.items()
            if words(Holder(entry["role"], entry.get("place"))) not in renew
        }
        files.replace(path, json.dumps(kept, indent=1).encode())
    _, made = Tokens.open(path, wanted)
    return {words(holder): token for holder, token in made.items()}
