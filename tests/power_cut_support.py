"""Power cuts after every flash operation of a run that was recorded once: what is in flash then, and whether it mounts.

A board's flash after a cut at operation n is its image before the run with the first n changes made; torn, with half of
the next one. So one run with the real tools is enough for every cut.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from littlefs import LittleFS

from tests.integration.simulator_bench import volume

_HEAD = 8
READ = 1_000_000  # more than any file of a box


@dataclass(frozen=True)
class Cut:
    """The flash after `operations` changes, the next one half done or not begun."""

    operations: int
    torn: bool
    image: bytes


def operations(record: Path) -> list[tuple[int, bytes]]:
    """(where, bytes) of each recorded change."""
    data = record.read_bytes() if record.exists() else b""
    found, at = [], 0
    while at < len(data):
        where, length = (int.from_bytes(data[at + skip : at + skip + 4], "little") for skip in (0, 4))
        found.append((where, data[at + _HEAD : at + _HEAD + length]))
        at += _HEAD + length
    return found


def cuts(before: bytes, changes: list[tuple[int, bytes]]) -> Iterator[Cut]:
    """Two for every change, before it and in its middle, and one after the last."""
    image = bytearray(before)
    for number, (where, data) in enumerate(changes):
        yield Cut(number, False, bytes(image))
        half = len(data) // 2
        torn = bytearray(image)
        torn[where : where + half] = data[:half]
        yield Cut(number, True, bytes(torn))
        image[where : where + len(data)] = data
    yield Cut(len(changes), False, bytes(image))


def files(fs: LittleFS, folder: str = "/") -> dict[str, bytes]:
    """Every file by its path."""
    found: dict[str, bytes] = {}
    for name in fs.listdir(folder):
        path = f"{folder.rstrip('/')}/{name}"
        if fs.stat(path).type == 2:  # LFS_TYPE_DIR
            found |= files(fs, path)
        else:
            with fs.open(path, "rb") as file:
                found[path] = file.read(READ)
    return found


def readable_and_writable(image: bytes) -> dict[str, bytes]:
    """What a cut left, read back; then something is written and read: both must work."""
    fs = volume(image)
    found = files(fs)
    with fs.open("/after", "wb") as file:
        file.write(b"written after the cut")
    with fs.open("/after", "rb") as file:
        assert file.read(READ) == b"written after the cut"
    return found


def without(image: bytes, name: str) -> bytes:
    """This flash after the file was removed."""
    fs = volume(image)
    fs.remove(name)
    return bytes(fs.context.buffer)


def digest(found: dict[str, bytes], names: tuple[str, ...]) -> str:
    """Tells states apart by these files alone."""
    content = sha256()
    for name in names:
        content.update(name.encode() + b"\0" + repr(found.get(name)).encode())
    return content.hexdigest()
