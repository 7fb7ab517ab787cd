"""The hashes of PINs in one TinyDB file of its own, which only the hub's user can read."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from tinydb import TinyDB, where

from hub.devices.storage import CrashSafeStorage
from hub.staff.errors import PinFileError

PIN_FILE = "pins.json"


class _Pin(msgspec.Struct, frozen=True, kw_only=True):
    staff: str
    hash: Annotated[str, Meta(pattern=r"^\$argon2id\$", max_length=200)]
    set_at: str


class PinStore:
    """Staff code → hash."""

    def __init__(self, path: Path) -> None:
        """Opens or begins the file; raises `PinFileError`."""
        self._db = TinyDB(path=path, storage=CrashSafeStorage)
        self._table = self._db.table("pins")
        self._pins: dict[str, _Pin] = {}
        for entry in self._table.all():
            try:
                pin = msgspec.convert(dict(entry), _Pin)
            except msgspec.ValidationError as error:
                raise PinFileError(
                    f"{path}: the PIN of {entry.get('staff')!r}: {error}. Take this entry out of it, start the hub and "
                    "let the manager reset that PIN."
                ) from error
            self._pins[pin.staff] = pin

    def hash_of(self, staff: str) -> str | None:
        """None: this clerk has no PIN yet."""
        pin = self._pins.get(staff)
        return None if pin is None else pin.hash

    def set_at(self, staff: str) -> str | None:
        """When it was set."""
        pin = self._pins.get(staff)
        return None if pin is None else pin.set_at

    def keep(self, staff: str, hashed: str, at: str) -> None:
        """A new PIN in place of the one before it."""
        pin = _Pin(staff=staff, hash=hashed, set_at=at)
        self._table.upsert(msgspec.to_builtins(pin), where("staff") == staff)
        self._pins[staff] = pin

    def close(self) -> None:
        """Gives the file back."""
        self._db.close()
