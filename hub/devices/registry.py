"""Which devices this hall knows, with their secrets. Secrets leave this room for the wire's endpoint only.

In the file each is sealed under the hub's key; in memory they are in the clear, for the wire needs them.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from tinydb import TinyDB

from hub.devices.errors import HubKeyError, RegistryError
from hub.devices.sealing import PLAIN, SEALED, Keyring, Row, used_keys
from hub.devices.storage import CrashSafeStorage

MAX_DEVICES = 2000  # three times a large city hall
EVALUATOR = "evaluator"
FILE = "registry.json"

DeviceId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One registered device."""

    device: DeviceId
    role: Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,15}$")]
    window: str | None
    epoch: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$")]
    secret: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    board: Annotated[str, Meta(max_length=32)]
    registered_at: str
    # The line on which it was last where it belongs; none before it was first heard, or on the radio.
    line: str | None = None
    # Who stands in its place; its key opens nothing any more, but for fetching what it still holds.
    replaced_by: str | None = None

    def __repr__(self) -> str:
        """Without the secret: a repr ends in logs."""
        return f"Device({self.device!r}, {self.role!r}, window={self.window!r}, epoch={self.epoch!r})"

    def public(self) -> dict[str, Any]:
        """What doors and logs may show."""
        shown = msgspec.structs.asdict(self)
        del shown["secret"]
        return shown

    @property
    def secret_bytes(self) -> bytes:
        """For the wire's endpoint."""
        return bytes.fromhex(self.secret)


class Registry:
    """The devices of a hall, kept in one TinyDB file and in memory."""

    def __init__(self, path: Path, keys: Keyring | None = None, *, unsealed: str = "") -> None:
        """Opens or begins the file, and seals what is plain in it; raises `RegistryError`.

        keys: None leaves the secrets as they are. unsealed: why there are none; with a reason nothing new is taken.
        """
        self._path = path
        self._keys = keys
        self._refuses = unsealed
        # Why secrets are not sealed under the hub's key, as far as they are not.
        self.unsealed = unsealed
        # Registries set aside that can't be read, by name, with why: what a person moved away for being damaged.
        self.unread: dict[str, str] = {}
        # What stands in the file for a device: the same seal is written again, not made again.
        self._rows: dict[str, Row] = {}
        self._db = TinyDB(path=path, storage=CrashSafeStorage)
        self._table = self._db.table("devices")
        self._devices: dict[str, Device] = {}
        # Replaced boxes that a technician lets in, to fetch what they still hold; of this process only.
        self.fetching: set[str] = set()
        for entry in self._table.all():
            row = dict(entry)
            try:
                device = msgspec.convert(self._opened(row), Device)
            except msgspec.ValidationError as error:
                raise RegistryError(
                    f"{path}: device {entry.get('device')!r}: {error}. Restore the file from a backup, or take this "
                    "entry out of it, start the hub and provision the device again."
                ) from error
            self._devices[device.device] = device
            if SEALED in row:
                self._rows[device.device] = row
        if keys is not None:
            self._seal_all(keys)

    def find(self, device: str) -> Device | None:
        """The device of this id."""
        return self._devices.get(device)

    def all(self) -> list[Device]:
        """By id."""
        return [self._devices[key] for key in sorted(self._devices)]

    def standing(self) -> list[Device]:
        """Those that nobody stands in the place of, by id."""
        return [device for device in self.all() if device.replaced_by is None]

    def opens(self, device: Device) -> bool:
        """Whether its key opens a session: not after it was replaced, but while it is fetched from."""
        return device.replaced_by is None or device.device in self.fetching

    def evaluators(self, window: str) -> list[Device]:
        """Who asks for a grade at a window."""
        return [device for device in self.all() if device.role == EVALUATOR and device.window == window]

    def at(self, window: str) -> list[Device]:
        """Every device at a window."""
        return [device for device in self.all() if device.window == window]

    def with_role(self, role: str) -> list[Device]:
        """Every device of a role."""
        return [device for device in self.all() if device.role == role]

    def register(self, device: Device, replaces: str | None = None) -> list[Device]:
        """Adds or replaces; returns those it takes the place of (same role at the same window: they get no window).

        A box that is taken away stays known, so that what it still holds is accepted when it is plugged in again; the
        one that it `replaces` only where the technician fetches that. All in one write: a cut leaves the one or the
        other. Raises `RegistryError`.
        """
        if self._refuses:
            raise RegistryError(f"Its secret could not be sealed: {self._refuses}. Nothing was changed.")
        if device.device not in self._devices and len(self._devices) >= MAX_DEVICES:
            raise RegistryError(f"{MAX_DEVICES} devices are registered; a hall has no more.")
        displaced = [
            msgspec.structs.replace(other, window=None)
            for other in self._devices.values()
            if device.window is not None
            and other.window == device.window
            and other.role == device.role
            and other.device != device.device
        ]
        changed = {other.device: other for other in displaced} | {device.device: device}
        if replaces is not None:
            old = changed.get(replaces) or self._devices[replaces]
            changed[replaces] = msgspec.structs.replace(old, window=None, replaced_by=device.device)
        self._put(changed)
        return displaced

    def place(self, places: Mapping[str, str | None]) -> list[str]:
        """Gives known devices other windows, all at once; returns those that were moved. Raises `RegistryError`."""
        moved = {
            name: msgspec.structs.replace(self._devices[name], window=window)
            for name, window in places.items()
            if self._devices[name].window != window
        }
        self._put(moved)
        return list(moved)

    def keep_lines(self, lines: Mapping[str, str]) -> None:
        """Remembers on which lines boxes belong, all at once. Raises `RegistryError`."""
        kept = {name: url for name, url in lines.items() if name in self._devices}
        changed = {name: msgspec.structs.replace(self._devices[name], line=url) for name, url in kept.items()}
        # One line, one box: who belonged there before belongs nowhere now.
        for name, known in self._devices.items():
            if name not in changed and known.line in kept.values():
                changed[name] = msgspec.structs.replace(known, line=None)
        self._put(changed)

    def sealing(self) -> dict[str, Any]:
        """How the secrets are kept, for `/readyz`: how many, under which key, and why not, where some are plain.

        aside: files beside the registry that can't be read, so that what may stand in them stands there as it was.
        """
        return {
            "sealed": len(self._rows),
            "of": len(self._devices),
            "key": None if self._keys is None else self._keys.id,
            "why": self.unsealed,
            "aside": sorted(self.unread),
        }

    def _opened(self, row: Row) -> Row:
        """A row of the file with its secret in the clear; raises `RegistryError` with what to do about the key."""
        try:
            if self._keys is not None:
                return self._keys.open(row)
            if SEALED in row:
                raise HubKeyError(self.unsealed or "the boxes' secrets are sealed, and no key was given")
        except HubKeyError as error:
            raise RegistryError(
                f"{self._path}: {error}. Put back the key file that this hub had (its copy is kept apart from the "
                "backups) and start it again; nothing was changed. If it is lost for good: "
                "docs/how-to/keep-the-hubs-key.md."
            ) from error
        return row

    def _seal_all(self, keys: Keyring) -> None:
        """What is plain, or under another key, is written anew; a disk that takes nothing leaves it as it is."""
        try:
            if used_keys(list(self._rows.values())) not in ([], [keys.id]) or len(self._rows) < len(self._devices):
                self._put(self._devices)
            for aside in sorted(self._path.parent.glob(f"{self._path.name}.*")):
                if aside.suffix == ".new":  # of a write that a cut ended: it may have plain secrets
                    with contextlib.suppress(FileNotFoundError):
                        aside.unlink()
                elif why := _seal_aside(aside, keys):
                    self.unread[aside.name] = why
        except (RegistryError, OSError, ValueError, TypeError) as error:
            self.unsealed = str(error)

    def _put(self, changed: Mapping[str, Device]) -> None:
        if changed:
            devices = {**self._devices, **changed}
            kept = {name: self._row(device) for name, device in devices.items()}
            rows = {str(number): row for number, row in enumerate(kept.values(), 1)}
            self._db.storage.write({self._table.name: rows})
            self._table.clear_cache()
            self._devices = devices
            self._rows = {name: row for name, row in kept.items() if SEALED in row}
            if self._keys is not None:
                self.unsealed = ""

    def _row(self, device: Device) -> Row:
        """As it stands in the file."""
        row: Row = msgspec.to_builtins(device)
        if self._keys is None:
            return row
        before, known = self._rows.get(device.device), self._devices.get(device.device)
        if before is not None and known is not None and (known.secret, known.epoch) == (device.secret, device.epoch):
            del row[PLAIN]
            row[SEALED] = before[SEALED]
        return self._keys.seal(row)

    def close(self) -> None:
        """Gives the file back."""
        self._db.close()


def is_sealed(path: Path) -> bool:
    """Whether a registry's file has sealed secrets; raises `RegistryError` where it can't be read."""
    return bool(used_keys(rows_of(path)))


def rows_of(path: Path) -> list[Row]:
    """The rows of a registry's file as they stand there; raises `RegistryError`."""
    tables = CrashSafeStorage(path).read() or {}
    return [row for row in tables.get("devices", {}).values() if isinstance(row, dict)]


def check_opens(path: Path, keys: Keyring) -> None:
    """Raises `HubKeyError` for a secret that none of the keys opens; changes nothing."""
    for row in rows_of(path):
        keys.open(row)


def _seal_aside(path: Path, keys: Keyring) -> str:
    """A registry that a restore set aside: nobody reads it but a person, and its secrets are as good as any.

    Returns why it can't be read, where it can't: then nobody can seal it, and nothing else waits for it. Raises
    `RegistryError` where the disk takes nothing.
    """
    storage = CrashSafeStorage(path)

    def kept(row: Row) -> Row:
        try:
            return keys.seal(row) if {PLAIN, SEALED} & set(row) else row
        except HubKeyError:  # under a key that is gone: sealed it is
            return row

    try:
        tables = storage.read() or {}
        sealed = {name: {number: kept(row) for number, row in table.items()} for name, table in tables.items()}
    except (RegistryError, ValueError, TypeError, AttributeError) as error:
        return str(error)
    if sealed != tables:
        storage.write(sealed)
    return ""
