"""Signed updates in one file: a zip of targets (role and board), each with its manifest, signature and files.

The manifest is that of protocol/SPEC.md, "Updates"; its exact bytes are signed with Ed25519 (RFC 8032). Nothing in a
bundle is believed before its signature, and no file before its SHA-256.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from common import files
from protocol import updating
from protocol.errors import MessageError
from tools.device.build import FIXED, SLOTS, Image
from tools.device.errors import DeviceError

MAX_BUNDLE_BYTES: Final = 16 * 1024 * 1024  # every role on every board of today takes 1 MB
_MANIFEST: Final = "manifest"
_SIGNATURE: Final = "signature"
_DATE: Final = (2020, 1, 1, 0, 0, 0)  # the same sources make the same bytes


@dataclass(frozen=True, slots=True)
class Target:
    """One firmware of a bundle, proven."""

    version: str
    made: int
    manifest: bytes
    files: dict[str, bytes]  # path below a slot → content


def make_key(path: Path) -> str:
    """A fresh private key, for its owner alone; the public half goes beside it and is returned in hex."""
    if path.exists():
        raise DeviceError(f"{path} is there already; who loses a key can sign for no box any more, so it stays")
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
            content = {
                name.removeprefix(f"{SLOTS[0]}/"): path.read_bytes()
                for name, path in image.files.items()
                if name not in FIXED
            }
            rows = [(len(data), sha256(data).hexdigest().encode(), path) for path, data in sorted(content.items())]
            manifest = updating.write_manifest(image.version, made, role, board, rows)
            content = {_MANIFEST: manifest, _SIGNATURE: key.sign(manifest)} | {
                f"files/{path}": data for path, data in sorted(content.items())
            }
            for name, data in content.items():
                bundle.writestr(zipfile.ZipInfo(f"{role}-{board}/{name}", _DATE), data, zipfile.ZIP_DEFLATED)
    return room.getvalue()


def read(path: Path, key_file: Path) -> dict[tuple[str, str], Target]:
    """(role, board) → what is for such a box; DeviceError says what can't be believed, and why."""
    public = _public(key_file)
    try:
        if path.stat().st_size > MAX_BUNDLE_BYTES:
            raise DeviceError(f"{path}: an update has at most {MAX_BUNDLE_BYTES} bytes")
        with zipfile.ZipFile(path) as bundle:
            sizes = {info.filename: info.file_size for info in bundle.infolist()}
            if sum(sizes.values()) > MAX_BUNDLE_BYTES or len(sizes) != len(bundle.infolist()):
                raise DeviceError(f"{path}: more than {MAX_BUNDLE_BYTES} bytes inside, or a name twice")
            content = {name: bundle.read(name) for name in sizes}
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise DeviceError(f"{path}: no update, or one that was cut off or damaged ({error}); copy it again") from error
    found: dict[tuple[str, str], Target] = {}
    for folder in sorted({name.partition("/")[0] for name in content}):
        role, board, target = _target(path, folder, content, public)
        if (role, board) in found:
            raise DeviceError(f"{path}: two firmwares for {role} on {board}, the second in {folder}; sign it again")
        found[role, board] = target
    if not found:
        raise DeviceError(f"{path}: nothing is in it")
    return found


def _target(path: Path, folder: str, content: dict[str, bytes], public: Ed25519PublicKey) -> tuple[str, str, Target]:
    manifest, signature = (content.get(f"{folder}/{name}") for name in (_MANIFEST, _SIGNATURE))
    if manifest is None or signature is None:
        raise DeviceError(f"{path}: {folder} is not signed; `tingting device sign` makes updates")
    try:
        public.verify(signature, manifest)
    except InvalidSignature as error:
        raise DeviceError(
            f"{path}: {folder} was not signed with this key, or was changed since; nothing of it is used"
        ) from error
    try:
        (version, made, role, board), rows = updating.read_manifest(manifest)
    except MessageError as error:
        raise DeviceError(f"{path}: {folder} is signed, and still no manifest ({error})") from error
    here = f"{folder}/files/"
    there = {name.removeprefix(here): data for name, data in content.items() if name.startswith(here)}
    wanted = {name: digest for _, digest, name in rows}
    for name in sorted(wanted.keys() | there.keys()):
        if name not in there:
            raise DeviceError(f"{path}: {folder} lacks {name}; copy the update again")
        if sha256(there[name]).hexdigest().encode() != wanted.get(name):
            raise DeviceError(f"{path}: {name} of {folder} is not what was signed; nothing of it is used")
    return role, board, Target(version, made, manifest, there)


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise DeviceError(f"{path}: the signing key can't be read ({error}); `device signing-key` makes one") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise DeviceError(f"{path}: a key of another kind than Ed25519; `device signing-key` makes one")
    return key


def _public(path: Path) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(path.read_text("utf-8").strip()))
    except (OSError, ValueError) as error:
        raise DeviceError(
            f"{path}: the public key can't be read ({error}); it is the file .pub that `device signing-key` made"
        ) from error
