"""Whether a file is the whole flash of an ESP32: boot loader, partition table, application, nothing cut off.

Source: Espressif, "Firmware Image Format" and "Partition Tables" of the ESP-IDF programming guide.
"""

import struct
from hashlib import sha256
from typing import Final

from tools.device.errors import ImageError

MAGIC: Final = 0xE9
MOST_BYTES: Final = 16 * 1024 * 1024  # the largest flash that MicroPython has a build for
_HEAD: Final = struct.Struct("<BBBBIBBBBH8xBB")  # magic, segments, mode, size, entry, pins (4), chip id, …, hash
_SEGMENT: Final = struct.Struct("<II")
_TABLE: Final = 0x8000
_ROW: Final = struct.Struct("<HBBII16sI")
_ROW_MAGIC: Final = 0x50AA
_ROWS: Final = 95  # that a table has room for
_APPLICATION: Final = 0
_UF2: Final = b"UF2\n"
CHIPS: Final = {0: "ESP32", 2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2"}


def check(content: bytes, name: str, chip_id: int) -> None:
    """Raises `ImageError` naming what is wrong."""
    if content.startswith(_UF2):
        raise ImageError("%(file)s: this is a UF2, for a Pico; an ESP32 takes MicroPython's .bin", file=name)
    if len(content) > MOST_BYTES:
        raise ImageError("%(file)s: %(bytes)s bytes, at most %(most)s", file=name, bytes=len(content), most=MOST_BYTES)
    _image(content, 0, name, chip_id)
    at = _application(content, name)
    _image(content, at, name, chip_id)


def _application(content: bytes, name: str) -> int:
    """Where the table says that the first application is."""
    for row in range(_ROWS):
        where = _TABLE + row * _ROW.size
        if where + _ROW.size > len(content):
            break
        magic, kind, _, offset, _, _, _ = _ROW.unpack_from(content, where)
        if magic != _ROW_MAGIC:
            break
        if kind == _APPLICATION:
            return int(offset)
    raise ImageError(
        "%(file)s: no partition table in it: this is only a part. Take the .bin that MicroPython offers for the board "
        "as a first installation",
        file=name,
    )


def _image(content: bytes, begin: int, name: str, chip_id: int) -> None:
    if begin + _HEAD.size > len(content):
        raise _cut(name)
    head = _HEAD.unpack_from(content, begin)
    if head[0] != MAGIC:
        raise ImageError(
            "%(file)s: no image for an ESP32 (at %(at)s); is it MicroPython's .bin for this board?",
            file=name,
            at=hex(begin),
        )
    if head[9] != chip_id:
        raise ImageError(
            "%(file)s: it is for an %(there)s, and the board has an %(wanted)s",
            file=name,
            there=CHIPS.get(head[9], str(head[9])),
            wanted=CHIPS[chip_id],
        )
    at = begin + _HEAD.size
    for _ in range(head[1]):
        if at + _SEGMENT.size > len(content):
            raise _cut(name)
        at += _SEGMENT.size + _SEGMENT.unpack_from(content, at)[1]
    end = begin + (at - begin) // 16 * 16 + 16  # a checksum fills up the last sixteen
    if end > len(content):
        raise _cut(name)
    if head[11] and content[end : end + 32] != sha256(content[begin:end]).digest():
        raise ImageError("%(file)s: it is damaged (its own checksum differs); download it again", file=name)


def _cut(name: str) -> ImageError:
    return ImageError("%(file)s: it was cut off; download it again", file=name)
