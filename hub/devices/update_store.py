"""What is given out, on disk: the plan and its bundle. A power cut leaves the old ones or the new ones."""

from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from common import files
from hub.devices.bundles import MAX_BUNDLE_BYTES, BundleError
from hub.devices.errors import RegistryError
from hub.devices.staging import Box, Plan
from hub.devices.storage import CrashSafeStorage

PLAN_FILE: Final = "updates.json"
BUNDLE_FILE: Final = "updates.bundle"
_PLAN: Final = "plan"
_BOXES: Final = "boxes"


class UpdateStore:
    """One plan at most; the newest replaces the one before it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / PLAN_FILE
        self.bundle_path = folder / BUNDLE_FILE
        self._storage = CrashSafeStorage(self.path, else_do="begin the update again")

    def read(self) -> Plan | None:
        """The plan; None: there was none yet. Raises `RegistryError`."""
        found = self._storage.read()
        if not found:
            return None
        try:
            boxes = {row["device"]: msgspec.convert(row, Box) for row in found[_BOXES].values()}
            return msgspec.convert(found[_PLAN]["1"] | {_BOXES: boxes}, Plan)
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            raise RegistryError(
                f"{self.path}: {error}. Restore it from a backup, or move it away and begin the update again."
            ) from error

    def write(self, plan: Plan) -> None:
        """Old or new, never half; raises `RegistryError`."""
        rows = {str(number): msgspec.to_builtins(box) for number, box in enumerate(plan.boxes.values(), 1)}
        head = msgspec.to_builtins(msgspec.structs.replace(plan, boxes={}))
        del head[_BOXES]
        self._storage.write({_PLAN: {"1": head}, _BOXES: rows})

    def begin(self, plan: Plan, content: bytes) -> None:
        """The bundle first: a plan never stands without it. Raises `RegistryError`."""
        try:
            files.replace(self.bundle_path, content)
        except OSError as error:
            raise RegistryError(
                f"{self.bundle_path}: can't be written ({error.strerror}); nothing was changed."
            ) from error
        self.write(plan)

    def bundle(self, digest: str) -> bytes:
        """The bytes of the plan's bundle; raises `BundleError`."""
        try:
            if self.bundle_path.stat().st_size > MAX_BUNDLE_BYTES:
                raise BundleError(f"{self.bundle_path}: larger than {MAX_BUNDLE_BYTES} bytes")
            content = self.bundle_path.read_bytes()
        except OSError as error:
            raise BundleError(f"{self.bundle_path}: can't be read ({error.strerror})") from error
        if sha256(content).hexdigest() != digest:
            raise BundleError(f"{self.bundle_path}: is not the bundle that was begun with; begin the update again")
        return content
