"""TinyDB over a file that a power cut leaves old or new: TinyDB's own storage writes in place and tears."""

import json
from pathlib import Path
from typing import Any

import msgspec
from tinydb.storages import Storage

from common import files
from hub.devices.errors import RegistryError

MAX_BYTES = 8 * 1024 * 1024  # 600 devices take 200 KB; more than this is no registry of ours


class CrashSafeStorage(Storage):
    """Reads the whole file; writes a new one, syncs it, renames it (owner-only: it holds secrets)."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, else_do: str = "provision again") -> None:
        """max_bytes: of the file, read or written; else_do: what helps where there is no backup of a damaged one."""
        self._path = path
        self._max_bytes = max_bytes
        self._else_do = else_do

    def read(self) -> dict[str, dict[str, Any]] | None:
        """What the file holds, None before the first write; raises `RegistryError`."""
        try:
            if self._path.stat().st_size > self._max_bytes:
                raise RegistryError(f"{self._path}: larger than {self._max_bytes} bytes. Restore it from a backup.")
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
                f"{self._path}: is damaged ({error}). Restore it from a backup, or move it away and {self._else_do}."
            ) from error
        return data

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Old or new, never half; raises `RegistryError`."""
        content = msgspec.json.format(msgspec.json.encode(data), indent=1)
        if len(content) > self._max_bytes:
            raise RegistryError(f"{self._path}: would be larger than {self._max_bytes} bytes; nothing was changed.")
        try:
            files.replace(self._path, content)
        except OSError as error:
            raise RegistryError(f"{self._path}: can't be written ({error.strerror}); nothing was changed.") from error

    def close(self) -> None:
        """Nothing is held open."""
