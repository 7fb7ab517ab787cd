"""The hub's key in its file, apart from the data: read, made at the first start, replaced.

A service manager may hand the file over as a credential (systemd: LoadCredential=hub.key:…); that one comes first.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from common import files
from hub.devices.errors import HubKeyError
from hub.devices.sealing import KEY_BYTES

NAME: Final = "hub.key"
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"  # set by systemd for a service with credentials
NONE_GIVEN: Final = "none"  # what the unit hands over where the file was missing at the service's start
MOST_KEYS: Final = 2  # the new one and the former, while one takes the other's place
MOST_BYTES: Final = 4096  # two keys and some words of explanation
HEAD: Final = (
    "# Tingting: the key of this hall's hub. It opens the boxes' secrets in the hub's data and its backups.\n"
    "# Keep a copy of this file apart from both; who has it and the data can be any box of this hall.\n"
)
_KEY: Final = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}")


def find(said: Path, environment: Mapping[str, str]) -> Path:
    """Where the key is read: what the service manager handed over, else where the settings say."""
    folder = environment.get(CREDENTIALS)
    if not folder:
        return said
    handed = Path(folder) / NAME
    try:
        return said if handed.read_bytes().strip() == NONE_GIVEN.encode() else handed
    except OSError:
        return said


def read(path: Path) -> list[bytes]:
    """The keys of a file, the one that seals first; raises `HubKeyError`, whose text has nothing of them."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise HubKeyError(f"{path}: the hub's key is missing") from error
    except OSError as error:
        raise HubKeyError(f"{path}: the hub's key can't be read ({error.strerror})") from error
    lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    wrong = [number for number, line in enumerate(lines, 1) if not _KEY.fullmatch(line)]
    if len(content) > MOST_BYTES or not lines or len(lines) > MOST_KEYS or wrong:
        raise HubKeyError(
            f"{path}: is no key file of a hub: it holds one key of {2 * KEY_BYTES} hexadecimal digits in a line "
            f"({MOST_KEYS} while one takes the other's place); this one has {len(lines)} lines in {len(content)} bytes"
        )
    return [bytes.fromhex(line) for line in lines]


def write(path: Path, keys: Sequence[bytes]) -> None:
    """Old or new, never half, for its owner alone; raises `HubKeyError`."""
    try:
        files.replace(path, text(keys).encode())
    except OSError as error:
        raise HubKeyError(f"{path}: the hub's key can't be written ({error.strerror})") from error


def text(keys: Sequence[bytes]) -> str:
    """A key file."""
    return HEAD + "".join(f"{key.hex()}\n" for key in keys)


def read_or_make(path: Path, random: Callable[[int], bytes]) -> list[bytes]:
    """The keys, made where there is no file; for a hub that has nothing sealed. Raises `HubKeyError`."""
    try:
        there = path.exists()
    except OSError as error:  # such as a folder that can't be entered
        raise HubKeyError(f"{path}: the hub's key can't be read ({error.strerror})") from error
    if not there:
        write(path, [random(KEY_BYTES)])
    return read(path)
