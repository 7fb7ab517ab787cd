"""Cuts what a box's display can say out of an open font: words and glyphs in one file, firmware/screen.bin.

The font is GNU Unifont as Debian packages it (`unifont`; GPL-2+ with the font embedding exception, which leaves what
it is built into alone): made of dots, 16 high, 8 or 16 wide. The file: a byte each for how many lines of words and
how many letters there are; the words as in firmware/drivers/screen.txt; the letters, 2 bytes each (big-endian); then
for each letter 32 bytes, its upper and its lower half column by column, as framebuf's MONO_VLSB has them.
"""

from pathlib import Path
from typing import Final

from tools.device.errors import DeviceError

FONT: Final = Path("/usr/share/unifont/unifont.hex")
HEIGHT: Final = 16
_ASCII: Final = "".join(map(chr, range(0x20, 0x7F)))  # numbers and what hubs call things
_MOST: Final = 255
_STARS: Final = "★☆"


def cut(words: str, font: Path = FONT) -> bytes:
    """The file for these words."""
    letters = "".join(sorted(set(_ASCII + _STARS + words) - {"\n"}))
    found = dots(font, set(letters))
    missing = [letter for letter in letters if letter not in found]
    if missing:
        raise DeviceError(
            "%(font)s has no %(missing)s: use other words in firmware/drivers/screen.txt",
            font=font,
            missing=", ".join(missing),
        )
    lines = words.splitlines()
    if len(letters) > _MOST or len(lines) > _MOST:
        raise DeviceError(
            "%(letters)s letters and %(lines)s lines of words; at most %(most)s of each",
            letters=len(letters),
            lines=len(lines),
            most=_MOST,
        )
    index = b"".join(ord(letter).to_bytes(2, "big") for letter in letters)
    head = bytes((len(lines), len(letters)))
    return (
        head
        + "".join(f"{line}\n" for line in lines).encode()
        + index
        + b"".join(_columns(found[letter]) for letter in letters)
    )


def dots(font: Path, letters: set[str]) -> dict[str, list[int]]:
    """Letter → its 16 rows, 16 bits each, the leftmost dot in the highest bit."""
    found: dict[str, list[int]] = {}
    try:
        with font.open(encoding="ascii") as lines:
            for line in lines:
                code, _, digits = line.strip().partition(":")
                letter = chr(int(code, 16))
                if letter in letters:
                    wide = len(digits) // HEIGHT
                    rows = [int(digits[at : at + wide], 16) for at in range(0, len(digits), wide)]
                    found[letter] = [row << (16 - 4 * wide) for row in rows]
    except (OSError, ValueError) as error:
        raise DeviceError("%(file)s: can't be read (%(why)s); apt install unifont", file=font, why=error) from error
    return found


def _columns(rows: list[int]) -> bytes:
    return bytes(
        sum((rows[half + bit] >> (15 - column) & 1) << bit for bit in range(8))
        for half in (0, 8)
        for column in range(16)
    )
