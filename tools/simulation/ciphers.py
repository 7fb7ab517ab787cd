"""Whether any key seals two packets under one nonce, opens one twice, or any box greets twice with the same nonce."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from protocol import seal
from protocol.compat import Ccm

_CIPHER = "Ccm"
Wrong = Callable[[str], None]


@contextmanager
def watched(wrong: Wrong) -> Iterator[None]:
    """While this lasts every seal of every endpoint is looked at; the shipped sealing goes on below."""
    sealed: set[tuple[bytes, bytes]] = set()
    opened: set[tuple[bytes, bytes]] = set()
    greeted: set[tuple[bytes, bytes]] = set()

    class WatchedCcm(Ccm):
        """The shipped one."""

        def __init__(self, key: bytes) -> None:
            super().__init__(key)
            self._watched = bytes(key)

        def seal(self, nonce: bytes, plaintext: bytes, associated: bytes = b"") -> bytes:
            """As the shipped one."""
            use = self._watched, bytes(nonce)
            if use in sealed:
                wrong(f"a nonce came twice under one key: counter {int.from_bytes(nonce, 'big')}")
            sealed.add(use)
            return super().seal(nonce, plaintext, associated)

        def open(self, nonce: bytes, sealed: bytes, associated: bytes = b"") -> bytes | None:
            """As the shipped one."""
            plaintext = super().open(nonce, sealed, associated)
            if plaintext is not None:
                use = self._watched, bytes(nonce)
                if use in opened:
                    wrong(f"a packet was taken twice: counter {int.from_bytes(nonce, 'big')}")
                opened.add(use)
            return plaintext

    shipped_nonce = seal.Keyring.device_nonce

    def device_nonce(self: seal.Keyring, boot: int, session: int, chance: bytes) -> bytes:
        nonce = shipped_nonce(self, boot, session, chance)
        if (self.nonce_key, nonce) in greeted:
            wrong(f"a box greeted twice with one nonce: boot {boot}, session {session}")
        greeted.add((self.nonce_key, nonce))
        return nonce

    # By its name: the module lends it, and types know only what a module exports.
    setattr(seal, _CIPHER, WatchedCcm)
    seal.Keyring.device_nonce = device_nonce  # type: ignore[method-assign]
    try:
        yield
    finally:
        setattr(seal, _CIPHER, Ccm)
        seal.Keyring.device_nonce = shipped_nonce  # type: ignore[method-assign]
