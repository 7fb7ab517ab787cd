"""The hub's key as a person looks after it: made, shown by its name, exchanged for another. Never printed."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hub import config as hub_config
from hub.devices import key_file
from hub.devices.errors import DevicesError, HubKeyError
from hub.devices.registry import FILE, Registry, check_opens, rows_of
from hub.devices.sealing import KEY_BYTES, Keyring, key_id, used_keys
from hub.journal import JournalLimits, JournalLocked
from hub.journal.storage import Storage
from tools.operations.errors import OperationsError

JOURNAL = "journal.sqlite3"


@dataclass(frozen=True, slots=True)
class State:
    """Where the key is and what it opens; `problem` where it does not open what is sealed, or can't be read."""

    place: Path
    keys: list[str]
    boxes: int
    sealed: int
    problem: str = ""
    # The same file system as the data: a stolen card has both.
    beside_data: bool = False
    # Somebody besides its owner may read the file.
    open_to_others: bool = False


def look(config: Path, random: Callable[[int], bytes]) -> State:
    """Changes nothing; raises `CommonError`, `HubError`."""
    loaded = hub_config.load(config)
    place, registry = Path(loaded.paths.hub_key), Path(loaded.paths.data) / FILE
    rows = rows_of(registry)
    sealed = sum("sealed" in row for row in rows)
    try:
        keys = key_file.read(place)
    except HubKeyError as error:
        return State(place, [], len(rows), sealed, str(error))
    problem = ""
    try:
        check_opens(registry, Keyring(keys, random))
    except HubKeyError as error:
        problem = str(error)
    there = place.stat()
    return State(
        place,
        [key_id(key) for key in keys],
        len(rows),
        sealed,
        problem,
        Path(loaded.paths.data).exists() and there.st_dev == Path(loaded.paths.data).stat().st_dev,
        there.st_mode & 0o077 != 0,
    )


def make(config: Path, random: Callable[[int], bytes]) -> str:
    """A key where there is none; its name. Raises `OperationsError`, `CommonError`, `HubError`."""
    loaded = hub_config.load(config)
    place, registry = Path(loaded.paths.hub_key), Path(loaded.paths.data) / FILE
    if place.exists():
        raise OperationsError(f"{place}: a key is there already; `tingting hub key rotate` exchanges it")
    if used := used_keys(rows_of(registry)):
        raise OperationsError(
            f"{registry}: is sealed under key {', '.join(used)}, which a new one would not open. Put that file back."
        )
    key_file.write(place, [random(KEY_BYTES)])
    return key_id(key_file.read(place)[0])


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was done; `finished`: an exchange that was broken off before, or a key that was put there by hand."""

    old: str
    new: str
    boxes: int
    finished: bool


def rotate(config: Path, former: Path | None, random: Callable[[int], bytes]) -> Rotated:
    """Another key takes the place of this one; the hub must be stopped.

    In three steps, each old or new after a power cut, and any state between them opens: both keys into the file,
    the secrets sealed under the new one, the old one out of the file. former: where the old one is kept for the
    backups made under it. Raises `OperationsError`, `CommonError`, `HubError`.
    """
    loaded = hub_config.load(config)
    data, place = Path(loaded.paths.data), Path(loaded.paths.hub_key)
    if not data.is_dir():
        raise OperationsError(f"{data}: there is no data of a hub. Is {config} the hub's file?")
    try:
        storage = Storage(data / JOURNAL, JournalLimits())  # its lock is what a running hub holds
    except JournalLocked as error:
        raise OperationsError(f"{error} Another key needs it ended: sudo systemctl stop tingting-hub") from error
    try:
        keys = key_file.read(place)
        check_opens(data / FILE, Keyring(keys, random))
        finished = len(keys) == key_file.MOST_KEYS
        if not finished:
            keys = [random(KEY_BYTES), *keys]
        if former is not None:
            _keep(former, keys[1:])
        if not finished:
            _write(place, keys)
        registry = Registry(data / FILE, Keyring(keys, random))
        registry.close()
        if registry.unsealed:
            raise OperationsError(
                f"{registry.unsealed} Both keys stand in {place} and nothing is lost: the same command again ends it."
            )
        _write(place, keys[:1])
    finally:
        storage.close()
        give_to_owner(data)
    return Rotated(key_id(keys[1]), key_id(keys[0]), len(registry.all()), finished)


def give_to_owner(data: Path) -> None:
    """What root has written belongs to the folder's owner, the hub's user."""
    if os.geteuid() == 0:
        owner = data.stat()
        for path in data.iterdir():
            os.chown(path, owner.st_uid, owner.st_gid)


def _keep(former: Path, keys: list[bytes]) -> None:
    """The old key in a file of its own, which may be there from a command that was broken off."""
    if not former.exists():
        key_file.write(former, keys)
    elif key_file.read(former) != keys:
        raise OperationsError(f"{former}: is there already and holds another key; name a file that is not there")


def _write(place: Path, keys: list[bytes]) -> None:
    owner = place.stat()
    key_file.write(place, keys)
    if os.geteuid() == 0:
        os.chown(place, owner.st_uid, owner.st_gid)


def check_backup(registry: Path, place: Path, random: Callable[[int], bytes]) -> None:
    """Whether the key at `place` opens a backup's registry; raises `OperationsError` where it doesn't."""
    try:
        if used_keys(rows_of(registry)):
            check_opens(registry, Keyring(key_file.read(place), random))
    except DevicesError as error:
        raise OperationsError(
            f"{error}. Put the key file of the hub that made this backup there: {place} (or add its line to the one "
            "that is there). Where it is lost for good, --without-boxes restores all else, and every box is "
            "provisioned again."
        ) from error
