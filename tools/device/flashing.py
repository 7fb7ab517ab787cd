"""Putting a build onto a box, so that a broken-off copy is mended by running it again.

The order matters: /main.py goes first and comes last, so that a box with half a build on it starts nothing.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tools.device import mpremote
from tools.device.build import MAIN, SLOTS, Image
from tools.device.errors import DeviceError
from tools.device.maintenance import maintenance

ROOMS: Final = (*SLOTS, "firmware", "protocol")  # on the box ours alone: anything else found in them is removed
# Which slot runs: without them it is the first, which a flash fills. Rooms beside the slots are of boxes before them.
SLOT_FILES: Final = ("slot", "slot.new")
# 4 files of 10 KB a second was measured on an emulated Pico; a whole image must not need more than this.
COPY_TIMEOUT_S: Final = 180.0

# Prints every folder and file below the root as JSON: [[path, is_folder], …].
_SURVEY: Final = """
import os, json
def walk(folder, found):
    for entry in os.ilistdir(folder or "/"):
        path = folder + "/" + entry[0]
        found.append([path[1:], entry[1] == 0x4000])
        if entry[1] == 0x4000:
            walk(path, found)
    return found
print(json.dumps(walk("", [])))
"""

Progress = Callable[[str, int, int], None]  # what, done, of how many


@dataclass(frozen=True, slots=True)
class Flashed:
    """What a flash did."""

    version: str
    copied: int
    kept: int
    removed: int


def flash(port: str, image: Image, progress: Progress) -> Flashed:
    """Copies what differs, removes what is left over, checks every file's SHA-256; raises `DeviceError`."""
    with maintenance(port):
        folders, files = survey(port)
        have = digests(port, [name for name in image.files if name in files])
        wanted = {name: image.digest(name) for name in image.files}
        missing = [name for name in image.files if have.get(name) != wanted[name]]
        leftover = [name for name in files if name.split("/")[0] in (*ROOMS, *SLOT_FILES) and name not in image.files]
        if missing or leftover:
            commands = [["fs", "rm", f":/{name}"] for name in ([MAIN] if MAIN in files else []) + leftover]
            _rewrite(port, image, missing, commands + make_folders(missing, folders), progress)
            written = digests(port, image.files)
            for name, digest in wanted.items():
                if written.get(name) != digest:
                    raise DeviceError(
                        "%(port)s: %(name)s on the box differs from what was sent. Run the same command again; "
                        "if it stays so, the box's flash is worn out.",
                        port=port,
                        name=name,
                    )
    return Flashed(image.version, len(missing), len(image.files) - len(missing), len(leftover))


def make_folders(names: Iterable[str], folders: set[str]) -> list[list[str]]:
    needed = {"/".join(name.split("/")[:depth]) for name in names for depth in range(1, name.count("/") + 1)}
    return [["fs", "mkdir", f":/{folder}"] for folder in sorted(needed - folders)]


def _rewrite(port: str, image: Image, missing: list[str], first: list[list[str]], progress: Progress) -> None:
    copies = [*(name for name in missing if name != MAIN), MAIN]
    commands = first + [["fs", "cp", str(image.files[name]), f":/{name}"] for name in copies]
    total = len(copies)
    done = 0

    def line(text: str) -> None:
        nonlocal done
        if text.startswith("cp "):
            done += 1
            progress(text.rpartition(":/")[2], done, total)

    mpremote.run(port, *mpremote.chain(commands), timeout_s=COPY_TIMEOUT_S, on_line=line)


def survey(port: str) -> tuple[set[str], set[str]]:
    """The box's folders and files."""
    printed = mpremote.script(port, _SURVEY)
    try:
        found = json.loads(printed.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise DeviceError(
            "%(port)s: unexpected answer: %(answer)s. Run the same command again.",
            port=port,
            answer=repr(printed[-200:]),
        ) from error
    return {path for path, folder in found if folder}, {path for path, folder in found if not folder}


def digests(port: str, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files on the box, asked for by mpremote."""
    asked = list(names)
    if not asked:
        return {}
    printed = mpremote.run(port, "fs", "sha256sum", *[f":/{name}" for name in asked], timeout_s=COPY_TIMEOUT_S)
    found = [line.strip() for line in printed.splitlines() if len(line.strip()) == 64]
    if len(found) != len(asked):
        raise DeviceError(
            "%(port)s: asked for %(asked)s checksums, got %(got)s. Run the same command again.",
            port=port,
            asked=len(asked),
            got=len(found),
        )
    return dict(zip(asked, found, strict=True))
