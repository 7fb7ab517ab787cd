"""Keys, proofs and sealed packets.

HMAC-SHA256 (RFC 2104), HKDF-SHA256 (RFC 5869), AES-128-CCM with an 8-byte tag (RFC 3610). One 32-byte secret a device;
every key has its own label, session keys live for one session, and a CCM nonce is a counter under such a key.
"""

from protocol.compat import NONCE_SIZE, TAG_SIZE, Ccm, const, hmac_sha256, sha256
from protocol.errors import MisuseError, SealError

__all__ = [
    "Keyring",
    "Opener",
    "Sealer",
    "hkdf",
    "hkdf_expand",
    "hkdf_extract",
    "hmac_sha256",
    "proof",
    "session_key",
    "transcript",
]

SECRET_SIZE = const(32)
KEY_SIZE = const(16)
PROOF_SIZE = const(16)
HANDSHAKE_NONCE_SIZE = const(16)
PACKET_SEALED = const(0x10)
COUNTER_SIZE = const(4)
OVERHEAD = const(13)  # packet kind 1, counter 4, tag 8
LAST_COUNTER = 0xFFFFFFFF  # a sealer refuses beyond it; a nonce never comes twice under one key
RENEW_COUNTER = 0xFFFF0000  # endpoints begin a new session here, long before the end

_LABEL_NONCE = b"tingting 1 nonce"
_LABEL_PROOF = b"tingting 1 proof"
LABEL_TO_HUB = b"tingting 1 device to hub"
LABEL_TO_DEVICE = b"tingting 1 hub to device"
_SPEAKER_HUB = b"hub"
_SPEAKER_DEVICE = b"device"


def hkdf_extract(salt: bytes, material: bytes) -> bytes:
    """RFC 5869, step 1."""
    return hmac_sha256(salt or bytes(32), material)


def hkdf_expand(key: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869, step 2; at most 255 blocks of 32 bytes."""
    if size > 255 * 32:
        raise MisuseError("HKDF-SHA256 gives at most 8160 bytes")
    output = b""
    block = b""
    number = 0
    while len(output) < size:
        number += 1
        block = hmac_sha256(key, block + info + bytes([number]))
        output += block
    return output[:size]


def hkdf(material: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869, both steps."""
    return hkdf_expand(hkdf_extract(salt, material), info, size)


class Keyring:
    """The keys that one device's secret stands for, each made once."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_SIZE:
            raise MisuseError("a device secret has %d bytes, this one %d" % (SECRET_SIZE, len(secret)))
        self._secret = bytes(secret)
        self.nonce_key = hkdf(self._secret, b"", _LABEL_NONCE, 32)
        self.proof_key = hkdf(self._secret, b"", _LABEL_PROOF, 32)

    def device_nonce(self, boot: int, session: int, chance: bytes) -> bytes:
        """A handshake nonce that is new even where the board's random numbers repeat."""
        counted = boot.to_bytes(4, "big") + session.to_bytes(4, "big")
        return hmac_sha256(self.nonce_key, counted + chance)[:HANDSHAKE_NONCE_SIZE]

    def hub_proof(self, bound: bytes) -> bytes:
        """What shows the device that the hub knows the secret."""
        return proof(self.proof_key, _SPEAKER_HUB, bound)

    def device_proof(self, bound: bytes) -> bytes:
        """What shows the hub that the device knows the secret."""
        return proof(self.proof_key, _SPEAKER_DEVICE, bound)

    def session_key(self, bound: bytes, label: bytes) -> bytes:
        """One direction's key, for one session."""
        return session_key(self._secret, bound, label)


def transcript(version: int, role: int, device_id: bytes, device_nonce: bytes, hub_nonce: bytes) -> bytes:
    """What both proofs and both session keys are bound to."""
    return bytes([version, role, len(device_id)]) + device_id + device_nonce + hub_nonce


def proof(key: bytes, speaker: bytes, bound: bytes) -> bytes:
    """HMAC(key, speaker ‖ 00 ‖ transcript), its first 16 bytes."""
    return hmac_sha256(key, speaker + b"\x00" + bound)[:PROOF_SIZE]


def session_key(secret: bytes, bound: bytes, label: bytes) -> bytes:
    """HKDF(secret, salt = SHA-256(transcript), info = label), 16 bytes."""
    return hkdf(secret, sha256(bound).digest(), label, KEY_SIZE)


class Sealer:
    """Seals one direction: 10 ‖ counter u32 big-endian ‖ ciphertext ‖ tag; the counter begins at 1."""

    def __init__(self, key: bytes, counter: int = 0) -> None:
        self.counter = counter  # of the last packet
        self._ccm = Ccm(key)

    def seal(self, plaintext: bytes) -> bytes:
        """The packet; raises `MisuseError` once the counters of this key are used up."""
        if self.counter >= LAST_COUNTER:
            raise MisuseError("the counters of this key are used up: begin a new session")
        self.counter += 1
        counter = self.counter.to_bytes(COUNTER_SIZE, "big")
        return b"\x10" + counter + self._ccm.seal(bytes(NONCE_SIZE - COUNTER_SIZE) + counter, plaintext)


class Opener:
    """Opens one direction; a counter that doesn't rise, or a tag that doesn't fit, is refused and counted."""

    def __init__(self, key: bytes) -> None:
        self.rejected = 0
        self.counter = 0  # of the last packet that verified
        self._ccm = Ccm(key)

    def open(self, packet: bytes) -> bytes:
        """The plaintext; raises `SealError` and changes nothing else when the packet is not the peer's next."""
        plaintext = None
        why = "is no sealed packet"
        if len(packet) >= 1 + COUNTER_SIZE + TAG_SIZE and packet[0] == PACKET_SEALED:
            counter = packet[1 : 1 + COUNTER_SIZE]
            number = int.from_bytes(counter, "big")
            why = "has a counter that didn't rise"
            if number > self.counter:
                why = "doesn't verify"
                plaintext = self._ccm.open(bytes(NONCE_SIZE - COUNTER_SIZE) + counter, packet[1 + COUNTER_SIZE :])
        if plaintext is None:
            self.rejected += 1
            raise SealError("a packet that " + why)
        self.counter = number
        return plaintext
