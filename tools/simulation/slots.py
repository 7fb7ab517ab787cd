"""What starts on a simulated box: the shipped chooser, and of its two slots a firmware that is good, or fails."""

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from types import ModuleType, SimpleNamespace
from typing import Any

import firmware.box
from firmware import trial, updating
from hub.devices import manners
from protocol import updating as wire
from protocol.errors import MessageError
from tools.simulation.volume import Volume
from tools.simulation.world import World

SLOT = "/slot"
FORMS = re.compile(rb"a|b|(ab|ba)[0-3]|a-b|b-a")  # docs/decisions/update-slots.md
STARTS = 3  # of one trial
# Of the 120 s that a trial has from each start: a storm has half a minute, and a trial's end is to fall into it. And of
# the five minutes without a number after which a dispenser is sent to: in them nothing happens but heartbeats.
SHARE = 1 / 8
GOOD, CRASHES, HANGS, DEAF = "works", "crashes", "hangs", "is deaf"
Live = Callable[[Callable[[], object]], None]
VERSION_FILE, PROGRAM = "firmware/__init__.mpy", "firmware/main.mpy"


class ResetError(Exception):
    """`machine.reset()`: nothing after it is done, and the box starts again."""


class Slots:
    """Of one box. `wrong` hears of what must never be; acknowledged: whether a hub has taken a fact in this boot."""

    def __init__(self, world: World, name: str, volume: Volume, wrong: Callable[[str], None]) -> None:
        self.volume = volume
        self.acknowledged = False
        self.version = self.kind = ""
        self.end: Callable[[Exception | None], None] | None = None  # of a trial: for its firmware's own end
        self.trials = 0
        self.good: list[str] = []  # versions that were found good
        self.back: list[str] = []  # from which it went back
        self._world = world
        self._name = name
        self._wrong = wrong
        self._cabled: dict[str, bytes] = {}
        self._line = b"a"
        self._timer: Any = None
        self._live: Live = lambda job: None
        volume.renamed = self._renamed

    def provision(self, settings: str, files: dict[str, bytes]) -> None:
        """By cable: who it is, and a firmware in /a."""
        self._cabled = files
        self.volume.put({"/settings.json": settings.encode()} | {f"/a/{path}": data for path, data in files.items()})

    def start(self, live: Live) -> None:
        """As /main.py does, up to what it starts; `live` does what an interrupt brings."""
        self.acknowledged = False
        self._live = live
        before = self.line
        self.end = CHOOSER.start()
        slot = self.volume.getcwd()
        found = self.volume.below(slot)
        self.version = self._version(slot)
        self.kind = found.get(PROGRAM, CRASHES.encode()).partition(b"\n")[0].decode()  # what isn't there isn't imported
        self._judge_start(before, slot)

    @property
    def line(self) -> bytes:
        """What stands in /slot."""
        return self.volume.files.get(SLOT, b"a")

    @property
    def settled(self) -> bool:
        """Nothing is on trial."""
        return len(self.line) == 1 or self.line[1:2] == b"-"

    def off(self) -> None:
        """No power, or a reset: no timer goes on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def arm(self, period_ms: int, callback: Callable[[Any], None]) -> None:
        """The chooser's timer."""
        self._timer = self._world.after(round(period_ms * SHARE), lambda: self._rings(callback))

    def _rings(self, callback: Callable[[Any], None]) -> None:
        self._timer = None
        self._live(lambda: callback(None))

    # --- what must be true

    def _judge_start(self, before: bytes, slot: str) -> None:
        here = slot[1:].encode()
        if not self._is_whole(slot):
            self._wrong(f"{self._name}: starts {slot}, whose files are not those that were signed")
        if self.end is None:
            if here != self.line[:1]:
                self._wrong(f"{self._name}: starts {slot}, and its line is {self.line.decode()}")
            if self.kind != GOOD:
                self._wrong(f"{self._name}: starts for good a firmware that {self.kind}")
            return
        counted = before[:2] + bytes((before[2] - 1,)) if len(before) == len("ab3") else b""
        if self.line != counted or here != self.line[1:2]:
            lines = f"its line was {before.decode()}, is {self.line.decode()}"
            self._wrong(f"{self._name}: starts {slot} on trial uncounted; {lines}")

    def _renamed(self, path: str, line: bytes) -> None:
        if path != SLOT:
            return
        before, self._line = self._line, line
        if not FORMS.fullmatch(line):
            self._wrong(f"{self._name}: its slot line is {line!r}")
        elif not self._may_follow(before, line):
            self._wrong(f"{self._name}: its slot line was {before.decode()}, and now is {line.decode()}")

    def _may_follow(self, before: bytes, line: bytes) -> bool:
        trying = len(before) == len("ab3") and before[1:2] != b"-"
        if not trying:
            self.trials += 1
            other = "/b" if before[:1] == b"a" else "/a"
            return line == before[:1] + other[1:].encode() + b"%d" % STARTS and self._is_whole(other)
        if line == before[1:2]:
            self.good.append(self.version)
            return self.acknowledged and self.kind == GOOD
        if before[2:] == b"0":
            self.back.append(self._version(f"/{before[1:2].decode()}"))
            return line == before[:1] + b"-" + before[1:2]
        return line == before[:2] + bytes((before[2] - 1,))

    def _version(self, slot: str) -> str:
        return self.volume.below(slot).get(VERSION_FILE, b"").decode()

    def _is_whole(self, slot: str) -> bool:
        found = self.volume.below(slot)
        manifest = found.pop("manifest", None)
        if manifest is None:
            return found == self._cabled
        try:
            rows = wire.read_manifest(manifest)[1]
        except MessageError:
            return False
        return {path: (len(data), sha256(data).hexdigest().encode()) for path, data in found.items()} == {
            path: (size, digest) for size, digest, path in rows
        }


def program(version: str, kind: str, padding: bytes) -> dict[str, bytes]:
    """The files of a firmware: what it calls itself, and what becomes of it when it runs."""
    return {VERSION_FILE: version.encode(), PROGRAM: kind.encode() + b"\n" + padding}


class _Timer:
    """`machine.Timer`, once."""

    ONE_SHOT = 0

    def __init__(self, number: int) -> None:
        del number

    def init(self, *, mode: int, period: int, callback: Callable[[Any], None]) -> None:
        """From now on."""
        del mode
        whose_turn().arm(period, callback)

    def deinit(self) -> None:
        """Not any more."""
        whose_turn().off()


def _reset() -> None:
    raise ResetError


class _Turn:
    """Of which box the shipped code is running."""

    slots: Slots | None = None


def take_turn(slots: Slots | None) -> None:
    """From here on the shipped code finds the flash of this box."""
    _Turn.slots = slots


def whose_turn() -> Slots:
    """The slots of the box whose code runs now."""
    assert _Turn.slots is not None
    return _Turn.slots


class _Os:
    """`os` of whose turn it is."""

    def __getattr__(self, name: str) -> Any:
        return getattr(whose_turn().volume, name)


class _Version(str):
    """`firmware.VERSION` of what runs there."""

    __slots__ = ()

    def __str__(self) -> str:
        return whose_turn().version

    def partition(self, separator: str) -> tuple[str, str, str]:
        """As of the text that it stands for."""
        return whose_turn().version.partition(separator)


def _opened(path: str | bytes, mode: str = "r") -> Any:
    return whose_turn().volume.open(path, mode)


def _imported_chooser() -> ModuleType:
    """`machine` is there while it is imported; on no host it is otherwise."""
    sys.modules["machine"] = SimpleNamespace(Timer=_Timer, reset=_reset)  # type: ignore[assignment]  # as good as one
    try:
        return importlib.import_module("firmware.device_start")
    finally:
        del sys.modules["machine"]


CHOOSER: Any = _imported_chooser()
# Memory and its garbage are the whole host's here: run.py keeps them. Where a box collects, a seventh of the time went.
_ENOUGH = SimpleNamespace(collect=lambda: 0)
_SILENT = SimpleNamespace(stdout=SimpleNamespace(write=lambda text: None), print_exception=lambda error: None)
_HERE: dict[Any, dict[str, Any]] = {
    CHOOSER: {"os": _Os(), "open": _opened, "sys": _SILENT},
    updating: {"os": _Os(), "open": _opened, "gc": _ENOUGH, "VERSION": _Version()},
    trial: {"os": _Os(), "open": _opened, "VERSION": _Version()},
    manners: {"QUIET_MS": round(manners.QUIET_MS * SHARE)},
    firmware.box: {"once": importlib.import_module, "gc": _ENOUGH},  # modules stay, for loading anew takes time
}


@contextmanager
def on_simulated_flash() -> Iterator[None]:
    """While this lasts what the shipped modules ask of `os` and `open` is answered by the box whose turn it is.

    What else stands in `_HERE` holds as well, of the hub, too: the wait before a dispenser is sent to is shorter.
    """
    before = [(module, name, getattr(module, name, None)) for module, put in _HERE.items() for name in put]
    for module, put in _HERE.items():
        for name, value in put.items():
            setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            if value is None:
                delattr(module, name)
            else:
                setattr(module, name, value)
        take_turn(None)
