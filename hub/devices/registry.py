"""Which devices this hall knows, with their secrets. Secrets leave this room for the wire's endpoint only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from tinydb import TinyDB

from hub.devices.errors import RegistryError
from hub.devices.storage import CrashSafeStorage

MAX_DEVICES = 2000  # three times a large city hall
EVALUATOR = "evaluator"

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

    def __init__(self, path: Path) -> None:
        """Opens or begins the file; raises `RegistryError`."""
        self._path = path
        self._db = TinyDB(path=path, storage=CrashSafeStorage)
        self._table = self._db.table("devices")
        self._devices: dict[str, Device] = {}
        # Replaced boxes that a technician lets in, to fetch what they still hold; of this process only.
        self.fetching: set[str] = set()
        for entry in self._table.all():
            try:
                device = msgspec.convert(dict(entry), Device)
            except msgspec.ValidationError as error:
                raise RegistryError(
                    f"{path}: device {entry.get('device')!r}: {error}. Restore the file from a backup, or take this "
                    "entry out of it, start the hub and provision the device again."
                ) from error
            self._devices[device.device] = device

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

    def _put(self, changed: dict[str, Device]) -> None:
        if changed:
            devices = self._devices | changed
            rows = {str(number): msgspec.to_builtins(device) for number, device in enumerate(devices.values(), 1)}
            self._db.storage.write({self._table.name: rows})
            self._table.clear_cache()
            self._devices = devices

    def close(self) -> None:
        """Gives the file back."""
        self._db.close()
