"""The contacts that citizens left for an answer: sealed, for the case's handler alone, gone when the case closes.

By separate consent (PIPL art. 13 and 29). They stand in no event, no log and no database: one small file keeps the
sealed entries of open cases, written anew and renamed at each change, and the key lies in a file beside it. Each entry
has a key of its own, derived from that key and a salt that stands in the entry alone: with the entry it is destroyed.
"""

import json
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from center.casework.errors import CaseworkError
from common import files

KEY_BYTES = 32
SALT_BYTES = 32
NONCE = bytes(12)  # an entry's key seals one text only
MAX_CONTACT_CHARS = 100  # a telephone number or an address for mail
MAX_CONTACTS = 100_000  # open cases with a contact; a province has some thousands
MAX_DAYS_KEPT = 180  # a contact whose case nobody closes goes all the same

Randoms = Callable[[int], bytes]


class Contacts:
    """The contacts of open cases."""

    def __init__(self, folder: Path, random: Randoms) -> None:
        """Opens or begins the two files; raises `CaseworkError`."""
        self._path = folder / "contacts.json"
        self._random = random
        key_path = folder / "contacts.key"
        if not key_path.exists():
            if self._path.exists():
                raise CaseworkError(f"{key_path}: is missing; without it {self._path} can't be read. Restore both.")
            files.replace(key_path, random(KEY_BYTES))
        self._key = key_path.read_bytes()
        if len(self._key) != KEY_BYTES:
            raise CaseworkError(f"{key_path}: has {len(self._key)} bytes, not {KEY_BYTES}; restore it from a backup")
        self._entries: dict[str, list[str]] = {}
        if self._path.exists():
            try:
                self._entries = {str(case): [str(part) for part in entry] for case, entry in self._read().items()}
            except (ValueError, AttributeError, TypeError) as error:
                raise CaseworkError(f"{self._path}: can't be read ({error}); restore it from a backup") from error

    def _read(self) -> dict[str, list[str]]:
        entries: dict[str, list[str]] = json.loads(self._path.read_text("utf-8"))
        return entries

    def has(self, case: str) -> bool:
        """Whether a case has a contact."""
        return case in self._entries

    def keep(self, case: str, contact: str) -> None:
        """Seals and keeps a contact; raises `CaseworkError` for one that can't be kept."""
        contact = contact.strip()
        if not contact or len(contact) > MAX_CONTACT_CHARS:
            raise CaseworkError(f"a contact has 1 to {MAX_CONTACT_CHARS} characters")
        if len(self._entries) >= MAX_CONTACTS:
            raise CaseworkError(f"{MAX_CONTACTS} contacts are kept; close cases first")
        salt = self._random(SALT_BYTES)
        sealed = AESGCM(self._derived(salt)).encrypt(NONCE, contact.encode(), case.encode())
        self._write({**self._entries, case: [salt.hex(), sealed.hex()]})

    def show(self, case: str) -> str | None:
        """A contact in the clear, None where there is none; whom it is shown is decided before this is asked."""
        entry = self._entries.get(case)
        if entry is None:
            return None
        try:
            salt, sealed = bytes.fromhex(entry[0]), bytes.fromhex(entry[1])
            return AESGCM(self._derived(salt)).decrypt(NONCE, sealed, case.encode()).decode()
        except (InvalidTag, ValueError, IndexError) as error:
            raise CaseworkError(f"{self._path}: the contact of {case} doesn't open; restore both files") from error

    def destroy(self, case: str) -> bool:
        """Forgets a contact, its key with it; whether there was one."""
        if case not in self._entries:
            return False
        self._write({name: entry for name, entry in self._entries.items() if name != case})
        return True

    def cases(self) -> tuple[str, ...]:
        """The cases that have a contact."""
        return tuple(self._entries)

    def _write(self, entries: dict[str, list[str]]) -> None:
        files.replace(self._path, json.dumps(entries).encode())
        self._entries = entries

    def _derived(self, salt: bytes) -> bytes:
        return HKDF(hashes.SHA256(), KEY_BYTES, salt, b"tingting contact").derive(self._key)
