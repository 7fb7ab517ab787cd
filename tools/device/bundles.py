"""Signed updates in one file: a zip of targets (role and board), each with its manifest, signature and files.

The manifest is that of protocol/SPEC.md, "Updates"; its exact bytes are signed with Ed25519 (RFC 8032). Reading and
proving is the hub's business as well: hub/devices/bundles.py.
"""

import io
import zipfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from common import files
from hub.devices import bundles as proving
from hub.devices.bundles import FILES, MANIFEST, MAX_BUNDLE_BYTES, SIGNATURE, BundleError, Kind, Target
from protocol import updating
from tools.device.build import FIXED, SLOTS, Image
from tools.device.errors import DeviceError

_DATE: Final = (2020, 1, 1, 0, 0, 0)  # the same sources make the same bytes


def make_key(path: Path) -> str:
    """A fresh private key, for its owner alone; the public half goes beside it and is returned in hex."""
    if path.exists():
        raise DeviceError(
            "%(file)s is there already; who loses a key can sign for no box any more, so it stays", file=path
        )
    key = Ed25519PrivateKey.generate()
    files.replace(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    files.replace(path.with_name(path.name + ".pub"), (public + "\n").encode(), 0o644)
    return public


def write(targets: Iterable[tuple[str, str, Image]], made: int, key_file: Path) -> bytes:
    """The bundle of these (role, board, image), signed. made: unix time, s."""
    key = _private(key_file)
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w", zipfile.ZIP_DEFLATED) as bundle:
        for role, board, image in targets:
            there = {
                name.removeprefix(f"{SLOTS[0]}/"): path.read_bytes()
                for name, path in image.files.items()
                if name not in FIXED
            }
            rows = [(len(data), sha256(data).hexdigest().encode(), path) for path, data in sorted(there.items())]
            manifest = updating.write_manifest(image.version, made, role, board, rows)
            packed = {MANIFEST: manifest, SIGNATURE: key.sign(manifest)} | {
                f"{FILES}/{path}": data for path, data in sorted(there.items())
            }
            for name, data in packed.items():
                bundle.writestr(zipfile.ZipInfo(f"{role}-{board}/{name}", _DATE), data, zipfile.ZIP_DEFLATED)
    return room.getvalue()


def read(path: Path, key_file: Path) -> dict[Kind, Target]:
    """(role, board) → what is for such a box; DeviceError says what can't be believed, and why."""
    try:
        public = proving.public_key(key_file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DeviceError(
            "%(file)s: the public key can't be read (%(why)s); it is the file .pub that `device signing-key` made",
            file=key_file,
            why=error,
        ) from error
    except BundleError as error:
        raise _unproven(key_file, error) from error
    try:
        return proving.read(content(path), public)
    except BundleError as error:
        raise _unproven(path, error) from error


def content(path: Path) -> bytes:
    """The bytes of a bundle, as they are; raises `DeviceError`."""
    try:
        if path.stat().st_size > MAX_BUNDLE_BYTES:
            raise DeviceError("%(file)s: an update has at most %(most)s bytes", file=path, most=MAX_BUNDLE_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise DeviceError("%(file)s: can't be read (%(why)s)", file=path, why=error) from error


def _unproven(path: Path, error: BundleError) -> DeviceError:
    return DeviceError("%(file)s: %(why)s", file=path, why=DeviceError.worded(error.message, error.values))


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise DeviceError(
            "%(file)s: the signing key can't be read (%(why)s); `device signing-key` makes one", file=path, why=error
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise DeviceError("%(file)s: a key of another kind than Ed25519; `device signing-key` makes one", file=path)
    return key
