"""The boxes' secrets at rest: each sealed by AES-256-GCM under the hub's key and bound to its device and epoch.

Pure: keys and chance come in as arguments. Where the key is kept: `key_file`; why so: docs/decisions/hub-key.md.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.devices.errors import HubKeyError

KEY_BYTES: Final = 32
ID_BYTES: Final = 4  # tells keys of one hall apart; nothing rests on it
NONCE_BYTES: Final = 12  # at random for each seal: one key seals some thousand times in a hall's life, 2^32 are allowed
# The two forms of a row in the registry's file: as it was before there was a hub's key, and since.
PLAIN: Final = "secret"
SEALED: Final = "sealed"

Row = dict[str, Any]


class Keyring:
    """The hub's keys: the first seals, every one opens (two, while one takes the other's place)."""

    def __init__(self, keys: Sequence[bytes], random: Callable[[int], bytes]) -> None:
        """keys: KEY_BYTES each; random: the operating system's, for nonces."""
        self._random = random
        self._ciphers = {key_id(key): AESGCM(_derived(key, b"tingting registry", KEY_BYTES)) for key in keys}
        self.id = key_id(keys[0])

    def seal(self, row: Row) -> Row:
        """A row with its secret sealed under the first key; the same where it is already."""
        sealed = row.get(SEALED)
        if isinstance(sealed, str) and sealed.startswith(f"{self.id}:"):
            return row
        secret = bytes.fromhex(self.open(row)[PLAIN])
        nonce = self._random(NONCE_BYTES)
        text = b64encode(nonce + self._ciphers[self.id].encrypt(nonce, secret, _about(row))).decode()
        return {name: value for name, value in row.items() if name != PLAIN} | {SEALED: f"{self.id}:{text}"}

    def open(self, row: Row) -> Row:
        """A row with its secret in the clear; raises `HubKeyError` where no key here opens it."""
        if SEALED not in row:
            return row
        name, sealed = row.get("device"), row[SEALED]
        used, _, text = sealed.partition(":") if isinstance(sealed, str) else ("", "", "")
        cipher = self._ciphers.get(used)
        if cipher is None:
            raise HubKeyError(
                f"the secret of {name!r} is sealed under key {used!r}, and the keys here are {', '.join(self._ciphers)}"
            )
        try:
            content = b64decode(text, validate=True)
            secret = cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], _about(row))
        except (InvalidTag, ValueError) as error:
            raise HubKeyError(f"the sealed secret of {name!r} is not what was written under key {used}") from error
        return {name: value for name, value in row.items() if name != SEALED} | {PLAIN: secret.hex()}


def key_id(key: bytes) -> str:
    """What a key is called; nobody makes the key from it."""
    return _derived(key, b"tingting hub key id", ID_BYTES).hex()


def used_keys(rows: Sequence[Row]) -> list[str]:
    """The ids of the keys under which rows are sealed; empty where all are plain."""
    return sorted({str(row[SEALED]).partition(":")[0] for row in rows if SEALED in row})


def _derived(key: bytes, label: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, None, label).derive(key)


def _about(row: Row) -> bytes:
    """What a seal is bound to: moved into another row it does not open."""
    return f"{row.get('device')}\0{row.get('epoch')}".encode()
