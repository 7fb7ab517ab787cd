"""Pinyin initials of names: sfz for 身份证. pypinyin has 68 MB in memory once it is imported, so it is a process of its
own that lives for a second, when names are new: `python -m hub.web.initials`, a JSON list in, a list of initials out.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from common import files, programs

FILE = "initials.json"
LIMIT_S = 60.0  # 1,000 names take a Raspberry Pi 3 six seconds


class Initials:
    """Names → initials, kept in a file; what is new is asked for."""

    def __init__(self, path: Path, log: Callable[..., None]) -> None:
        self._path = path
        self._log = log
        self._known: dict[str, str] = {}
        # Rises when there is more.
        self.version = 0
        self._wanted: set[str] = set()
        self._wake = asyncio.Event()
        with contextlib.suppress(OSError, ValueError):  # it is made anew from the names
            found = json.loads(path.read_text("utf-8"))
            self._known = {str(name): str(read) for name, read in found.items()}

    def of(self, name: str) -> str:
        """The initials, or nothing while they are not known."""
        return self._known.get(name, "")

    def want(self, names: Iterable[str]) -> None:
        """These are needed from now on, and no others."""
        self._wanted = set(names)
        if self._wanted != self._known.keys():
            self._wake.set()

    async def run(self) -> None:
        """Makes what is wanted; ends only by being cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            new = sorted(self._wanted - self._known.keys())
            try:
                made = await _asked(new) if new else {}
            except (OSError, ValueError, programs.LateError) as error:
                # The kiosk finds by words all the same.
                self._log("hub.initials_failed", why=str(error))
                continue
            self._known = {name: read for name, read in (self._known | made).items() if name in self._wanted}
            self.version += 1
            try:
                await asyncio.to_thread(files.replace, self._path, json.dumps(self._known, ensure_ascii=False).encode())
            except OSError as error:
                # They are known all the same until the next start, which makes them again.
                self._log("hub.initials_failed", why=f"{self._path} can't be written ({error.strerror})")


async def _asked(names: list[str]) -> dict[str, str]:
    command = [sys.executable, "-m", "hub.web.initials"]
    ended = await programs.run(command, json.dumps(names).encode(), LIMIT_S, folder=Path(__file__).parents[2])
    if ended.status != 0:
        raise ValueError(ended.said[-300:])
    return dict(zip(names, json.loads(ended.output), strict=True))


def initials(name: str) -> str:
    """Of one name; where a character has several readings the likeliest in its word counts."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - 68 MB, and only in this process

    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()


if __name__ == "__main__":
    json.dump([initials(name) for name in json.load(sys.stdin)], sys.stdout)
