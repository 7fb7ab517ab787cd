"""A hub goes on from a backup: all is verified before anything is touched, and what was there is set aside.

The journal of the backup ends where the backup does; a new one begins with `hall.journal.restored`
(docs/decisions/restored-journal.md).
"""

import asyncio
import contextlib
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from common import files
from common.settings import SettingsError
from hub import config as hub_config
from hub.building import TOKEN_FILE
from hub.config import Config
from hub.devices.registry import FILE as REGISTRY
from hub.hall.store import HALL_FILE, current
from hub.journal import Journal, JournalLimits, JournalLocked
from hub.journal.renewal import Hall, begin_anew, put_in_place
from hub.journal.storage import Storage
from hub.main import Clock
from hub.queueing.errors import QueueingError
from hub.queueing.events import JOURNAL_RESTORED, Event, Now
from hub.service import HallService, SystemIds
from hub.staff.store import PIN_FILE
from tools.operations import backups, keys
from tools.operations.backups import CENTER_TOKEN, CONFIG, JOURNAL, Manifest, Say
from tools.operations.errors import OperationsError

ASIDE = "replaced"
BESIDE = (REGISTRY, TOKEN_FILE, HALL_FILE, PIN_FILE)  # the journal's companions
HOUR_MS = 3_600_000
# Numbers passed over for each hour that may be lost: one every 36 s and service, more than a line of people gives.
AN_HOUR = 100
# A day's numbers of the busiest service; more than a day needs no more, for each day's numbers begin anew.
AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done."""

    manifest: Manifest
    data: Path
    to_ms: int
    numbers_skipped: int
    settings_written: bool
    set_aside: list[Path]


def restore(
    folder: Path, config: Path, *, replace: bool, numbers: int | None, say: Say, boxes: bool = True
) -> Restored:
    """Puts a backup in place; raises `OperationsError`, `HubError`, `CommonError`, `OSError`, before any change."""
    backup = backups.find(folder)
    manifest = backups.read(backup)
    tail = backups.verify(backup, manifest, say)
    now = Clock()()
    check_clock(now.ms, manifest.made_at_ms)
    with _settings(config, backup, manifest) as (loaded, written):
        if loaded.hall.id != manifest.hall:
            raise OperationsError(
                f"{backup}: is of hall {manifest.hall!r}, {config} says {loaded.hall.id!r}. Name the right one."
            )
        boxes = boxes and REGISTRY in manifest.files
        if boxes:
            keys.check_backup(backup / REGISTRY, Path(loaded.paths.hub_key), os.urandom)
        to_ms = max(now.ms, tail.recorded_ms)
        skipped = _numbers(loaded, backup / HALL_FILE, to_ms - manifest.made_at_ms, numbers)
        restored = Event(
            JOURNAL_RESTORED,
            f"journal/{manifest.journal}",
            {
                "journal": manifest.journal,
                "through": manifest.sequence,
                "from_ms": manifest.made_at_ms,
                "to_ms": to_ms,
                "numbers_skipped": skipped,
                "what": "restored from a backup; what was acknowledged from from_ms to to_ms is possibly lost",
            },
            to_ms,
            None if now.sure else manifest.made_at_ms,
            sure=now.sure,
        )
        data = Path(loaded.paths.data)
        wanted = [name for name in BESIDE if boxes or name != REGISTRY]
        set_aside = _put(backup, data, loaded, restored, wanted, replace=replace)
    return Restored(manifest, data, to_ms, skipped, written, set_aside)


def check_clock(now_ms: int, made_at_ms: int) -> None:
    """Raises `OperationsError` where the backup was made later than now: its last day's numbers would come again."""
    if now_ms < made_at_ms:
        raise OperationsError(
            "The clock of this machine is behind the backup's. Set it first: numbers hang on the date."
        )


class _settings(contextlib.AbstractContextManager[tuple[Config, bool]]):  # noqa: N801 - read as a verb
    """The settings that are there; or the backup's, put there, and taken away again when nothing comes of it."""

    def __init__(self, config: Path, backup: Path, manifest: Manifest) -> None:
        self._config = config
        self._backup = backup
        self._manifest = manifest
        self._written: list[Path] = []

    def __enter__(self) -> tuple[Config, bool]:
        if not self._config.exists():
            self._write(self._config, CONFIG)
            token = backups.token_place(self._config)
            if token is not None and CENTER_TOKEN in self._manifest.files:
                place = self._config.resolve().parent / token
                if not place.exists():
                    self._write(place, CENTER_TOKEN)
        try:
            return hub_config.load(self._config), bool(self._written)
        except SettingsError:
            self._take_back()
            raise

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._take_back()

    def _write(self, path: Path, name: str) -> None:
        files.replace(path, (self._backup / name).read_bytes())
        self._written.append(path)

    def _take_back(self) -> None:
        for path in self._written:
            path.unlink()


def _numbers(config: Config, hall: Path, lost_ms: int, wanted: int | None) -> int:
    if wanted is not None:
        return wanted
    skipped = min(AT_MOST, AN_HOUR * (lost_ms // HOUR_MS + 1))
    for service in current(hall, hub_config.rows(config)).services:
        if service.last_number and service.first_number + 2 * skipped > service.last_number:
            raise OperationsError(
                f"service {service.id} has numbers {service.first_number} to {service.last_number}: {skipped} can't be "
                "passed over. Say --skip-numbers, at least as many as any service gave since the backup."
            )
    return skipped


def _put(
    backup: Path, data: Path, config: Config, restored: Event, wanted: Sequence[str], *, replace: bool
) -> list[Path]:
    path = data / JOURNAL
    fresh = not data.exists()
    try:
        storage = Storage(path, JournalLimits())
    except JournalLocked as error:
        raise OperationsError(f"{error} A restore needs it ended: sudo systemctl stop tingting-hub") from error
    try:
        if not replace and any((data / name).exists() for name in (JOURNAL, REGISTRY, TOKEN_FILE)):
            raise OperationsError(
                f"{data}: a hub's data is there{_written(path)}. --replace sets it aside for the backup."
            )
        building = _build(backup, path, config, restored)
        set_aside = _put_beside(backup, data, wanted)
        aside = put_in_place(path, building, ASIDE)
    finally:
        storage.close()
    if not fresh:  # a fresh folder waits for `install`
        keys.give_to_owner(data)
    return [*set_aside, *([aside] if aside is not None and aside.exists() else [])]


def _written(path: Path) -> str:
    """When the journal that is there was written last: opening it would change its files."""
    there = [beside for beside in (path, path.with_name(path.name + "-wal")) if beside.exists()]
    if not there:
        return ""
    last = max(beside.stat().st_mtime for beside in there)
    return f", its journal written last {datetime.fromtimestamp(last).astimezone():%Y-%m-%d %H:%M:%S}"


def _build(backup: Path, path: Path, config: Config, restored: Event) -> Path:
    """The journal to go on with, beside the one that is there."""
    whole = path.with_name(path.name + ".restoring")
    try:
        _remove(whole)
        shutil.copyfile(backup / JOURNAL, whole)
        whole.chmod(0o600)
        asyncio.run(_keep_state(whole, config))
        hall = Hall(config.hall.id, config.hall.offset_minutes, lambda: secrets.token_hex(8))
        return begin_anew(whole, path, hall, restored)
    finally:
        _remove(whole)


async def _keep_state(path: Path, config: Config) -> None:
    """Follows the backup's journal to its end, as a hub would, and has it keep the state there."""
    never = "0" * 16
    journal = Journal.open(path, config.hall.id, config.hall.offset_minutes, lambda: never)
    try:
        HallService(journal, hub_config.layout(config), lambda: Now(0), SystemIds())
    except QueueingError as error:
        raise OperationsError(f"the backup's journal can't be followed: {error}") from error
    finally:
        await journal.close()


def _put_beside(backup: Path, data: Path, wanted: Sequence[str]) -> list[Path]:
    """Registry, tokens and the hall's rows; those that are there are set aside first."""
    set_aside = []
    for name in BESIDE:
        path = data / name
        if path.exists():
            number = 1
            while (aside := path.with_name(f"{name}.{ASIDE}-{number}")).exists():
                number += 1
            path.replace(aside)
            set_aside.append(aside)
        if name in wanted and (backup / name).exists():
            files.replace(path, (backup / name).read_bytes())
    return set_aside


def _remove(path: Path) -> None:
    for beside in ("", "-wal", "-shm", ".lock", ".suspect"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
