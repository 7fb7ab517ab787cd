"""A snapshot's bytes: plain state packed, compressed and sealed by a digest, beside the chain it belongs to."""

import sqlite3
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

# The newest, and the one before it should a page of the newest go bad.
KEPT = 2
# What a snapshot may unpack to: 50,000 runs are 3 MB, and facts of 10,000 boxes another.
MAX_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after event `sequence`, as `version` of the rules made it; `state` is plain data."""

    sequence: int
    version: str
    state: Any


class SnapshotUnfit(Exception):  # noqa: N818 - a reason to look at the next one
    """Why a stored snapshot is not used."""


def pack(state: Any) -> bytes:
    """Plain data to bytes; 50,000 runs: 3 ms that hold the interpreter, 27 ms that don't."""
    return zlib.compress(msgspec.msgpack.encode(state), 1)


def keep(db: sqlite3.Connection, sequence: int, link: bytes, version: str, state: bytes) -> None:
    """Writes it and lets the oldest go, inside the caller's transaction."""
    db.execute(
        "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)",
        (sequence, link, version, state, _digest(sequence, link, version, state)),
    )
    db.execute(
        "DELETE FROM snapshots WHERE sequence NOT IN (SELECT sequence FROM snapshots ORDER BY sequence DESC LIMIT ?)",
        (KEPT,),
    )


def sequences(db: sqlite3.Connection) -> list[int]:
    """Where snapshots stand, newest first."""
    return [row[0] for row in db.execute("SELECT sequence FROM snapshots ORDER BY sequence DESC").fetchall()]


def fetch(db: sqlite3.Connection, sequence: int, link: bytes | None) -> Snapshot:
    """The snapshot after that event, whose link in the journal is `link`; raises `SnapshotUnfit`."""
    row = db.execute("SELECT chain, version, state, digest FROM snapshots WHERE sequence = ?", (sequence,)).fetchone()
    if row is None:
        raise SnapshotUnfit("it is gone")
    kept_link, version, state, _ = row
    if not is_whole((sequence, *row)):
        raise SnapshotUnfit("its bytes are not what was written")
    if kept_link != link:
        raise SnapshotUnfit("it belongs to another history than the journal's")
    try:
        unpacking = zlib.decompressobj()
        plain = msgspec.msgpack.decode(unpacking.decompress(state, MAX_BYTES))
    except (zlib.error, msgspec.DecodeError) as error:
        raise SnapshotUnfit(f"it does not decode ({error})") from error
    return Snapshot(sequence, version, plain)


def is_whole(row: tuple[Any, ...]) -> bool:
    """A row (sequence, chain, version, state, digest) is what was written."""
    sequence, link, version, state, digest = row
    kinds = (int, bytes, str, bytes)
    whole = all(type(value) is kind for value, kind in zip(row, kinds, strict=False))
    return whole and digest == _digest(sequence, link, version, state)


def _digest(sequence: int, link: bytes, version: str, state: bytes) -> bytes:
    return sha256(b"%d %s %s %s" % (sequence, link, version.encode(), state)).digest()
