"""Alpha signs (Adaptive, BetaBrite and compatible modules): the "1-byte" packet format with its checksum.

A text is written to the priority file (label 0), which is shown at once and needs no memory set aside; an empty one
makes it dark. A module that is set to an address hears its own packets on a shared RS-485 line, "00" all do.
"""

SOURCE = "Alpha Sign Communications Protocol, Revision F, 9708-8061F (Adaptive Micro Systems, 2006), 5.1 and 6.1"
BAUD = 9600

# At least five, by which the module finds the baud rate.
_WAKE = b"\x00" * 5
_SOH, _STX, _ETX, _EOT, _ESC = b"\x01", b"\x02", b"\x03", b"\x04", b"\x1b"
_ALL_TYPES = b"Z"
_WRITE_TEXT = b"A"
_PRIORITY_FILE = b"0"
# Display position "fill" makes letters as large as the module is high; mode "hold" stands still, "flash" blinks.
_FILL, _HOLD, _FLASH = b"\x30", b"b", b"c"
TEXT_MOST = 125  # what the priority file holds


def show(address: str, text: str, *, flash: bool) -> bytes:
    """See `Driver`; address: two hexadecimal digits."""
    shown = text.encode("ascii", "replace")[:TEXT_MOST]
    body = _WRITE_TEXT + _PRIORITY_FILE
    if shown:
        body += _ESC + _FILL + (_FLASH if flash else _HOLD) + shown
    summed = _STX + body + _ETX
    checksum = b"%04X" % (sum(summed) & 0xFFFF)
    return _WAKE + _SOH + _ALL_TYPES + address.upper().encode("ascii") + summed + checksum + _EOT
