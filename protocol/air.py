"""What both ends agree on beneath the frames when the line is Bluetooth Low Energy: SPEC.md, "Over the air".

The frames' bytes go through two characteristics as one stream each way, cut to what the link's MTU lets through; a
frame's own delimiter and CRC put it together again. The advertisement says whether connecting is worth it.
"""

from protocol.compat import TYPE_CHECKING, const, crc32

if TYPE_CHECKING:
    from protocol.compat import Any

# Our own numbers (a random 128-bit base, the two bytes behind it ours to give out); they stay for ever.
SERVICE = "8c600001-7d4d-46a7-89ab-27b265b478df"
TO_HUB = "8c600002-7d4d-46a7-89ab-27b265b478df"  # notify
TO_DEVICE = "8c600003-7d4d-46a7-89ab-27b265b478df"  # write, with and without response
COMPANY = const(0xFFFF)  # nobody's: the service UUID before it says whose the six bytes are
FORMAT = const(1)  # of the six bytes; their first has this in its low bits
CALLS = const(0x80)  # and this one when the box has something to say that is no fact
STATE_BYTES = const(6)
NAME_BYTES = const(29)  # what a scan response of 31 has room for
MANY = const(255)  # so many facts, or more
ATT_HEAD = const(3)  # of a notification or a write: its MTU minus this is what it carries
LEAST_MTU = const(23)
WANTED_MTU = const(247)  # what fills one link-layer packet of 251 bytes
BURST_BYTES = const(512)  # a box holds so much until its program looks: one longest frame
UNPROVEN_MS = const(3000)  # a box drops a peer that has proven nothing by then
_FLAGS = b"\x02\x01\x06"  # general discovery, no classic Bluetooth
_UUID_LIST = b"\x11\x07"  # complete list of 128-bit services: one
_MAKER = b"\x09\xff\xff\xff"
_WHOLE_NAME = const(0x09)
_CUT_NAME = const(0x08)


def uuid_bytes(text: str) -> bytes:
    """A UUID as it goes over the air, last byte first."""
    raw = bytes.fromhex(text.replace("-", ""))
    return bytes([raw[at] for at in range(15, -1, -1)])


def advertisement(calls: bool, pending: int, following: int, settings: int) -> bytes:
    """31 bytes. calls: wants a link for more than facts; pending: facts that wait; following: number of the next one.

    settings: their `settings_mark`, or 0.
    """
    first = FORMAT | (CALLS if calls else 0)
    state = bytes([first, min(pending, MANY)]) + (following & 0xFFFF).to_bytes(2, "big") + settings.to_bytes(2, "big")
    return _FLAGS + _UUID_LIST + uuid_bytes(SERVICE) + _MAKER + state


def scan_response(name: bytes) -> bytes:
    """The device's id, cut where it is too long."""
    cut = name[:NAME_BYTES]
    return bytes([len(cut) + 1, _WHOLE_NAME if len(cut) == len(name) else _CUT_NAME]) + cut


def read_state(data: bytes) -> "tuple[bool, int, int, int] | None":
    """(calls, pending, the next fact's number modulo 65,536, settings) from the six bytes; None: no known format."""
    if len(data) != STATE_BYTES or data[0] & ~CALLS != FORMAT:
        return None
    return data[0] >= CALLS, data[1], int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:6], "big")


def settings_mark(settings: "dict[str, Any]") -> int:
    """16 bits that tell settings apart; never 0, which is a box that was told none since it started."""
    names = sorted(name for name in settings if settings[name] is not None)
    text = ",".join(["%s=%s" % (name, settings[name]) for name in names])
    return crc32(text.encode()) & 0xFFFF or 1
