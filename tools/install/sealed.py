"""Before a hub is installed over: whether the key that it will be given opens what its registry has sealed."""

import os
import tomllib
from pathlib import Path, PurePosixPath

from hub.devices import key_file
from hub.devices.errors import DevicesError, RegistryError
from hub.devices.registry import FILE, check_opens, rows_of
from hub.devices.sealing import Keyring, used_keys
from tools.install.errors import InstallError
from tools.install.plans import CONFIG_FOLDER

DATA = PurePosixPath("/var/lib/tingting-hub")
DROP_INS = "etc/systemd/system/tingting-hub.service.d"
FROM_SYSTEMD = f"LoadCredentialEncrypted={key_file.NAME}:"  # of a TPM: there is no file in the clear


def place(root: Path, name: str, otherwise: PurePosixPath) -> PurePosixPath:
    """A path of hub.toml, [paths]; what the file can't tell is said when it is used."""
    try:
        said = tomllib.loads((root / "etc/tingting/hub.toml").read_text("utf-8")).get("paths", {}).get(name)
    except (OSError, ValueError, AttributeError):
        said = None
    return CONFIG_FOLDER / said if isinstance(said, str) and said else otherwise


def wants_file(root: Path, key: PurePosixPath) -> bool:
    """Whether the key's file belongs to the installation, made where it is missing; not where a drop-in hands it over.

    Raises `InstallError` for a registry that is sealed, where the file is missing or opens it not: a new key there
    would let the hub end at each start, and the hall stand.
    """
    if any(FROM_SYSTEMD in drop_in.read_text("utf-8", "replace") for drop_in in (root / DROP_INS).glob("*.conf")):
        return False
    registry = root / place(root, "data", DATA).relative_to("/") / FILE
    file = root / key.relative_to("/")
    try:
        used = used_keys(rows_of(registry))
    except RegistryError as error:
        if os.path.lexists(file):
            return True  # the hub says itself what is wrong with its registry
        raise InstallError(
            f"{error} {file} is missing, and none is made before it is known what it must open"
        ) from error
    try:
        if used:
            check_opens(registry, Keyring(key_file.read(file), os.urandom))
    except DevicesError as error:
        if isinstance(error.__cause__, PermissionError):
            return True  # not the administrator: nothing is written
        raise InstallError(
            f"{error}. The boxes' secrets are sealed under key {', '.join(used)}. Put the key file there first: from "
            "where it was until now, from its copy, or plug in its stick; then install again. Nothing was changed."
        ) from error
    return True
