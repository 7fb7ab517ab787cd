"""What the two Pythons do differently, in one place; nothing else in this room asks which one runs.

MicroPython has no hmac and no AES-CCM, and its UTF-8 decoder takes what RFC 3629 forbids. CPython has all three
natively, and a hub with hundreds of boxes needs them to be fast.
"""

import sys
from binascii import crc32
from hashlib import sha256

TYPE_CHECKING = False  # type checkers take this name as True; neither interpreter imports what stands under it
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

__all__ = [
    "MICROPYTHON",
    "NONCE_SIZE",
    "SMALL",
    "TAG_SIZE",
    "TYPE_CHECKING",
    "Any",
    "Callable",
    "Ccm",
    "Iterable",
    "Iterator",
    "const",
    "crc32",
    "hmac_sha256",
    "same",
    "sha256",
    "utf8",
]

MICROPYTHON: bool = sys.implementation.name == "micropython"
SMALL = MICROPYTHON  # here memory counts for more than time; where it doesn't, time does
TAG_SIZE = 8
NONCE_SIZE = 13
_BLOCK = 16

if not MICROPYTHON:
    import hmac as _hmac

    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    def const(value: int) -> int:
        """The value; on MicroPython the compiler puts it where the name stands."""
        return value

    def hmac_sha256(key: bytes, data: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104)."""
        return _hmac.digest(key, data, "sha256")

    def same(one: bytes, other: bytes) -> bool:
        """Whether both are equal, in a time that doesn't tell where they differ."""
        return _hmac.compare_digest(one, other)

    def utf8(data: bytes) -> str:
        """Text from UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF."""
        return data.decode()

    class Ccm:
        """AES-128-CCM (RFC 3610: L = 2, M = 8) from the cryptography library."""

        def __init__(self, key: bytes) -> None:
            self._aead = AESCCM(key, tag_length=TAG_SIZE)

        def seal(self, nonce: bytes, plaintext: bytes, associated: bytes = b"") -> bytes:
            """Ciphertext and tag."""
            return self._aead.encrypt(nonce, plaintext, associated)

        def open(self, nonce: bytes, sealed: bytes, associated: bytes = b"") -> "bytes | None":
            """The plaintext, or None when it doesn't verify."""
            try:
                return self._aead.decrypt(nonce, sealed, associated)
            except InvalidTag:
                return None

else:
    from cryptolib import aes
    from micropython import const  # type: ignore[no-redef]  # typed above

    _ECB = 1
    _CBC = 2

    def hmac_sha256(key: bytes, data: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104)."""
        if len(key) > 64:
            key = sha256(key).digest()
        key = key + bytes(64 - len(key))
        inner = sha256(_xor(key, b"\x36" * 64, 0, 64))
        inner.update(data)
        outer = sha256(_xor(key, b"\x5c" * 64, 0, 64))
        outer.update(inner.digest())
        return outer.digest()

    def same(one: bytes, other: bytes) -> bool:
        """Whether both are equal, in a time that doesn't tell where they differ."""
        if len(one) != len(other):
            return False
        difference = 0
        for index in range(len(one)):
            difference |= one[index] ^ other[index]
        return difference == 0

    def utf8(data: bytes) -> str:
        """Text from UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF."""
        index = 0
        size = len(data)
        while index < size:
            lead = data[index]
            index += 1
            if lead < 0x80:
                continue
            if 0xC2 <= lead <= 0xDF:
                more, low, high = 1, 0x80, 0xBF
            elif 0xE0 <= lead <= 0xEF:
                more, low, high = 2, 0xA0 if lead == 0xE0 else 0x80, 0x9F if lead == 0xED else 0xBF
            elif 0xF0 <= lead <= 0xF4:
                more, low, high = 3, 0x90 if lead == 0xF0 else 0x80, 0x8F if lead == 0xF4 else 0xBF
            else:
                raise ValueError("no UTF-8")
            if index + more > size or not low <= data[index] <= high:
                raise ValueError("no UTF-8")
            for follow in range(index + 1, index + more):
                if data[follow] & 0xC0 != 0x80:
                    raise ValueError("no UTF-8")
            index += more
        return bytes(data).decode()

    class Ccm:  # type: ignore[no-redef]  # the one above is the other interpreter's
        """AES-128-CCM (RFC 3610: L = 2, M = 8) from what every port has: CBC makes the MAC, ECB the key stream."""

        def __init__(self, key: bytes) -> None:
            self._key = key
            self._ecb = aes(key, _ECB)

        def seal(self, nonce: bytes, plaintext: bytes, associated: bytes = b"") -> bytes:
            """Ciphertext and tag."""
            stream = self._stream(nonce, len(plaintext))
            tag = _xor(self._mac(nonce, plaintext, associated), stream, 0, TAG_SIZE)
            return _xor(plaintext, stream, _BLOCK, len(plaintext)) + tag

        def open(self, nonce: bytes, sealed: bytes, associated: bytes = b"") -> "bytes | None":
            """The plaintext, or None when it doesn't verify."""
            size = len(sealed) - TAG_SIZE
            if size < 0:
                return None
            stream = self._stream(nonce, size)
            plaintext = _xor(sealed, stream, _BLOCK, size)
            tag = _xor(self._mac(nonce, plaintext, associated), stream, 0, TAG_SIZE)
            return plaintext if same(tag, sealed[size:]) else None

        def _stream(self, nonce: bytes, size: int) -> bytearray:
            blocks = 1 + (size + _BLOCK - 1) // _BLOCK
            stream = bytearray(blocks * _BLOCK)
            for block in range(blocks):
                at = block * _BLOCK
                stream[at] = 1
                stream[at + 1 : at + 14] = nonce
                stream[at + 14] = block >> 8
                stream[at + 15] = block & 0xFF
            self._ecb.encrypt(stream, stream)
            return stream

        def _mac(self, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
            size = len(plaintext)
            flags = 0x59 if associated else 0x19
            head = bytes([flags]) + nonce + bytes([size >> 8, size & 0xFF])
            if associated:
                head += bytes([len(associated) >> 8, len(associated) & 0xFF]) + associated
                head += bytes(-len(head) % _BLOCK)
            blocks = head + plaintext + bytes(-size % _BLOCK)
            return bytes(aes(self._key, _CBC, bytes(_BLOCK)).encrypt(blocks)[-_BLOCK:])

    def _xor(data: bytes, stream: "bytes | bytearray", at: int, size: int) -> bytes:
        # Two long numbers are xored by native code; a loop over bytes takes ten times as long.
        if not size:
            return b""
        mixed = int.from_bytes(data[:size], "big") ^ int.from_bytes(stream[at : at + size], "big")
        return mixed.to_bytes(size, "big")
