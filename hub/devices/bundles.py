"""Signed updates as they are believed: nothing before its signature, no file before its SHA-256.

A bundle is a zip of targets (role and board), each with the manifest of protocol/SPEC.md, "Updates", the Ed25519
signature (RFC 8032) over its exact bytes, and its files. `tools/device/bundles.py` writes them.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.devices.errors import DevicesError
from protocol import updating
from protocol.errors import MessageError

MAX_BUNDLE_BYTES: Final = 16 * 1024 * 1024  # every role on every board of today takes 1 MB
MANIFEST: Final = "manifest"
SIGNATURE: Final = "signature"
FILES: Final = "files"
# What `tools/device/bundles.py` writes, and zip's usual one: their unpacking can be ended at any byte.
PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Kind = tuple[str, str]  # role and board


class BundleError(DevicesError):
    """This update can't be believed, or its key can't be used; the text says why and what to do.

    `message` has places like %(name)s for the values; the catalogue has its Chinese. reason: `damaged` on its way,
    `unsigned`, `foreign` (signed by somebody else, or changed since), or `wrong` (no update is like that).
    """

    def __init__(self, message: str, *, reason: str = "damaged", **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.reason = reason
        self.values = values


@dataclass(frozen=True, slots=True)
class Target:
    """One firmware of a bundle, proven."""

    version: str
    made: int
    manifest: bytes
    files: dict[str, bytes]  # path below a slot → content

    @property
    def parts(self) -> list[bytes]:
        """What goes over the wire, by its number there: the manifest, then its files in their order."""
        return [self.manifest, *(self.files[path] for _, _, path in updating.read_manifest(self.manifest)[1])]


def public_key(text: str) -> Ed25519PublicKey:
    """From 64 hex digits; raises `BundleError`."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.strip()))
    except ValueError as error:
        raise BundleError(
            "the public key can't be read (%(why)s); it is the file .pub that `device signing-key` made", why=error
        ) from error


def read(content: bytes, public: Ed25519PublicKey) -> dict[Kind, Target]:
    """(role, board) → what is for such a box; `BundleError` says what can't be believed, and why."""
    if len(content) > MAX_BUNDLE_BYTES:
        raise BundleError("an update has at most %(most)s bytes", reason="wrong", most=MAX_BUNDLE_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            sizes = {info.filename: info.file_size for info in bundle.infolist()}
            if sum(sizes.values()) > MAX_BUNDLE_BYTES or len(sizes) != len(bundle.infolist()):
                raise BundleError(
                    "more than %(most)s bytes inside, or a name twice", reason="wrong", most=MAX_BUNDLE_BYTES
                )
            there = {info.filename: _content(bundle, info) for info in bundle.infolist()}
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise BundleError(
            "no update, or one that was cut off or damaged (%(why)s); copy it again", why=error
        ) from error
    found: dict[Kind, Target] = {}
    for folder in sorted({name.partition("/")[0] for name in there}):
        kind, target = _target(folder, there, public)
        if kind in found:
            raise BundleError(
                "two firmwares for %(role)s on %(board)s, the second in %(folder)s; sign it again",
                role=kind[0],
                board=kind[1],
                folder=folder,
                reason="wrong",
            )
        found[kind] = target
    if not found:
        raise BundleError("nothing is in it", reason="wrong")
    return found


def _content(bundle: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """As many bytes as the table of contents says; nothing that only pretends to be small is unpacked."""
    if info.compress_type not in PACKED:
        raise BundleError(
            "%(name)s is packed in a way that no update is; sign it again", reason="wrong", name=info.filename
        )
    with bundle.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise BundleError("%(name)s has another size than it says; copy it again", name=info.filename)
    return content


def _target(folder: str, content: dict[str, bytes], public: Ed25519PublicKey) -> tuple[Kind, Target]:
    manifest, signature = (content.get(f"{folder}/{name}") for name in (MANIFEST, SIGNATURE))
    if manifest is None or signature is None:
        raise BundleError(
            "%(folder)s is not signed; `tingting device sign` makes updates", reason="unsigned", folder=folder
        )
    try:
        public.verify(signature, manifest)
    except InvalidSignature as error:
        raise BundleError(
            "%(folder)s was not signed with this key, or was changed since; nothing of it is used",
            reason="foreign",
            folder=folder,
        ) from error
    try:
        (version, made, role, board), rows = updating.read_manifest(manifest)
    except MessageError as error:
        raise BundleError(
            "%(folder)s is signed, and still no manifest (%(why)s)", reason="wrong", folder=folder, why=error
        ) from error
    here = f"{folder}/{FILES}/"
    there = {name.removeprefix(here): data for name, data in content.items() if name.startswith(here)}
    wanted = {name: digest for _, digest, name in rows}
    for name in sorted(wanted.keys() | there.keys()):
        if name not in there:
            raise BundleError("%(folder)s lacks %(name)s; copy the update again", folder=folder, name=name)
        if sha256(there[name]).hexdigest().encode() != wanted.get(name):
            raise BundleError(
                "%(name)s of %(folder)s is not what was signed; nothing of it is used",
                reason="foreign",
                name=name,
                folder=folder,
            )
    return (role, board), Target(version, made, manifest, there)
