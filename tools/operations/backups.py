"""Backups of a hub in a folder: one folder each, named by its moment, complete or not there."""

import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path

import msgspec

from common import files
from hub import config as hub_config
from hub.building import TOKEN_FILE
from hub.devices.registry import FILE as REGISTRY
from hub.devices.registry import rows_of
from hub.devices.sealing import used_keys
from hub.hall.store import HALL_FILE
from hub.journal import backup as journal_backup
from hub.journal.backup import Progress, Tail
from hub.staff.store import PIN_FILE
from tools.operations.errors import OperationsError

FORMAT = 2
READS = (1, 2)  # 1: without keys and plain; made before secrets were sealed
MANIFEST = "manifest.json"
JOURNAL = "journal.sqlite3"
CONFIG = "hub.toml"
CENTER_TOKEN = "center.token"  # noqa: S105 - a file's name
NAME = re.compile(r"\d{8}-\d{6}-\d{3}")
UNFINISHED = ".unfinished"

# Says how far something is: its name, done, of.
Say = Callable[[str, int, int], None]


class Entry(msgspec.Struct, frozen=True):
    """One file of a backup."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup says of itself; what was acknowledged after made_at_ms is not in it."""

    format: int
    made_at_ms: int
    version: str
    hall: str
    journal: str
    sequence: int
    chain: str
    files: dict[str, Entry]
    # The keys under which the boxes' secrets in it are sealed, and how many are plain.
    keys: list[str] = []
    plain: int = 0


def make(config: Path, folder: Path, keep: int, at_ms: int, say: Say) -> tuple[Path, Manifest, Path]:
    """Backs a hub up while it runs; also where its key is, which stays out of it.

    Raises `OperationsError`, `HubError`, `CommonError`, `OSError`.
    """
    loaded = hub_config.load(config)
    data = Path(loaded.paths.data)
    if not (data / JOURNAL).exists():
        raise OperationsError(f"{data / JOURNAL}: there is no journal yet. Is {config} the hub's file?")
    _take(folder)
    target = folder / _name(at_ms)
    building = folder / UNFINISHED
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    journal_backup.copy(data / JOURNAL, building / JOURNAL, _part(say, "copied"))
    tail = journal_backup.check(building / JOURNAL, _part(say, "checked"))
    # After the journal: a box that is known and has no events yet harms nothing; the other way round it could.
    beside = [(data / name, name) for name in (REGISTRY, TOKEN_FILE, HALL_FILE, PIN_FILE)]
    for source, name in (*beside, (config, CONFIG)):
        if source.exists():
            files.replace(building / name, source.read_bytes())
    if loaded.center is not None and loaded.center.token_file:
        files.replace(building / CENTER_TOKEN, loaded.center.token.encode() + b"\n")
    rows = rows_of(building / REGISTRY)
    entries = {path.name: _entry(path) for path in sorted(building.iterdir())}
    manifest = Manifest(
        format=FORMAT,
        made_at_ms=at_ms,
        version=version("tingting"),
        hall=tail.hall,
        journal=tail.journal,
        sequence=tail.sequence,
        chain=tail.chain.hex(),
        files=entries,
        keys=used_keys(rows),
        plain=sum("sealed" not in row for row in rows),
    )
    _sync(building / JOURNAL)
    files.replace(building / MANIFEST, json.dumps(msgspec.to_builtins(manifest), indent=1).encode())
    building.replace(target)
    _sync(folder)
    for old in complete(folder)[:-keep]:
        shutil.rmtree(old)
    return target, manifest, Path(loaded.paths.hub_key)


def complete(folder: Path) -> list[Path]:
    """The backups in a folder, oldest first."""
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name) and (path / MANIFEST).is_file())


def find(folder: Path) -> Path:
    """The backup that a folder is, or the newest in it."""
    if (folder / MANIFEST).is_file():
        return folder
    there = complete(folder) if folder.is_dir() else []
    if not there:
        raise OperationsError(f"{folder}: no backup is here. Name the folder that `tingting hub backup` wrote to.")
    return there[-1]


def read(backup: Path) -> Manifest:
    """What a backup says of itself."""
    path = backup / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise OperationsError(f"{path}: is no manifest ({error}). Take another backup.") from error
    if manifest.format not in READS:
        raise OperationsError(f"{path}: has format {manifest.format}, this program reads {FORMAT}. Use a newer one.")
    return manifest


def verify(backup: Path, manifest: Manifest, say: Say) -> Tail:
    """Every file against the manifest, every event against the chain; changes nothing."""
    allowed = {JOURNAL, REGISTRY, TOKEN_FILE, HALL_FILE, PIN_FILE, CONFIG, CENTER_TOKEN}
    if JOURNAL not in manifest.files or CONFIG not in manifest.files or not set(manifest.files) <= allowed:
        raise OperationsError(f"{backup / MANIFEST}: does not name a hub's files. Take another backup.")
    for name, entry in manifest.files.items():
        path = backup / name
        if not path.is_file():
            raise OperationsError(f"{path}: is missing. Take another backup.")
        if _entry(path) != entry:
            raise OperationsError(f"{path}: is not what was backed up (its sha256 differs). Take another backup.")
    tail = journal_backup.check(backup / JOURNAL, _part(say, "checked"))
    said = (manifest.hall, manifest.journal, manifest.sequence, manifest.chain)
    if said != (tail.hall, tail.journal, tail.sequence, tail.chain.hex()):
        raise OperationsError(f"{backup}: manifest and journal do not belong together. Take another backup.")
    return tail


def token_place(config: Path) -> Path | None:
    """Where a configuration says that the center's token lies, as it says it."""
    place = tomllib.loads(config.read_text("utf-8")).get("center", {}).get("token_file")
    return Path(place) if isinstance(place, str) and place else None


def _take(folder: Path) -> None:
    """The folder is ours, or empty, or made now."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    strange = [path.name for path in folder.iterdir() if path.name != UNFINISHED and path not in complete(folder)]
    if strange:
        raise OperationsError(
            f"{folder}: holds something that is no backup ({', '.join(sorted(strange)[:3])}). Name a folder of its own."
        )


def _name(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{at_ms % 1000:03d}"


def _entry(path: Path) -> Entry:
    with path.open("rb") as file:
        return Entry(file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _part(say: Say, what: str) -> Progress:
    return lambda done, of: say(what, done, of)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
