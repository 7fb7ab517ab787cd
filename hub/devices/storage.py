"""TinyDB over a file that a power cut leaves old or new: TinyDB's own storage writes in place and tears."""

import json
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

from common import files
from hub.devices.errors import RegistryError

MAX_BYTES = 8 * 1024 * 1024  # 600 devices take 200 KB; more than this is no registry of ours


class CrashSafeStorage(Storage):
    """Reads the whole file; writes a new one, syncs it, renames it (owner-only: it holds secrets)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, dict[str, Any]] | None:
        """What the file holds, None before the first write; raises `RegistryError`."""
        try:
            if self._path.stat().st_size > MAX_BYTES:
                raise RegistryError(f"{self._path}: larger than {MAX_BYTES} bytes. Restore it from a backup.")
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RegistryError(f"{self._path}: can't be read ({error.strerror}).") from error
        try:
            data = json.loads(content)
            if not isinstance(data, dict) or not all(isinstance(table, dict) for table in data.values()):
                raise ValueError("not a table of tables")
        except (ValueError, RecursionError) as error:
            raise RegistryError(
                f"{self._path}: is damaged ({error}). Restore it from a backup, or move it away and provision again."
            ) from error
        return data

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Old or new, never half; raises `RegistryError`."""
        try:
            files.replace(self._path, json.dumps(data, indent=1, ensure_ascii=False).encode())
        except OSError as error:
            raise RegistryError(f"{self._path}: can't be written ({error.strerror}); nothing was changed.") from error

    def close(self) -> None:
        """Nothing is held open."""
