"""UF2: what a Pico's boot drive takes (the format of Microsoft's uf2, README of 2016; family RP2040).

A file is blocks of 512 bytes, each with 256 bytes of payload, where they belong and which of how many it is.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from tools.device.errors import ImageError

PAGE: Final = 256
BLOCK: Final = 512
RP2040: Final = 0xE48BFF56
_MAGIC: Final = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_HAS_FAMILY: Final = 0x2000
_HEAD: Final = struct.Struct("<8I")
MOST_BYTES: Final = 32 * 1024 * 1024  # twice what a 16 MB flash takes as UF2


class Page(NamedTuple):
    """256 bytes and where they go."""

    address: int
    data: bytes


def parse(content: bytes, name: str) -> list[Page]:
    """The pages of a UF2 for an RP2040; raises `ImageError` naming what is wrong where."""
    if not content or len(content) % BLOCK or len(content) > MOST_BYTES:
        raise ImageError(
            "%(file)s: %(bytes)s bytes; a UF2 is whole blocks of %(block)s, at most %(most)s bytes",
            file=name,
            bytes=len(content),
            block=BLOCK,
            most=MOST_BYTES,
        )
    total = len(content) // BLOCK
    pages = []
    for at in range(total):
        block = content[at * BLOCK : (at + 1) * BLOCK]
        first, second, flags, address, length, number, count, family = _HEAD.unpack_from(block)
        if (first, second) != _MAGIC[:2] or struct.unpack_from("<I", block, BLOCK - 4)[0] != _MAGIC[2]:
            raise ImageError("%(file)s: block %(at)s is no UF2 block; is it the .uf2 for this board?", file=name, at=at)
        if not flags & _HAS_FAMILY or family != RP2040:
            raise ImageError(
                "%(file)s: block %(at)s is for another chip (%(family)s), not an RP2040 (%(wanted)s)",
                file=name,
                at=at,
                family=hex(family),
                wanted=hex(RP2040),
            )
        if length != PAGE or number != at or count != total:
            raise ImageError(
                "%(file)s: block %(at)s says it is number %(number)s of %(count)s with %(length)s bytes",
                file=name,
                at=at,
                number=number,
                count=count,
                length=length,
            )
        pages.append(Page(address, block[_HEAD.size : _HEAD.size + PAGE]))
    return pages


def pack(pages: list[Page]) -> bytes:
    """A UF2 of these pages, by address."""
    ordered = sorted(pages)
    blocks = []
    for number, page in enumerate(ordered):
        head = _HEAD.pack(*_MAGIC[:2], _HAS_FAMILY, page.address, PAGE, number, len(ordered), RP2040)
        blocks.append((head + page.data.ljust(PAGE, b"\xff")).ljust(BLOCK - 4, b"\0") + struct.pack("<I", _MAGIC[2]))
    return b"".join(blocks)


def paged(address: int, data: bytes) -> Iterator[Page]:
    """Data cut into pages from an address on."""
    for at in range(0, len(data), PAGE):
        yield Page(address + at, data[at : at + PAGE])
