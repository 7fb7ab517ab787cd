"""The way of one firmware onto one box, step by step: pure. protocol/SPEC.md, "Updates", has the steps and answers.

Nothing is remembered of a box over a lost link: `again` asks it what it wants next, and it knows that from its flash.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from hub.devices.bundles import Target
from protocol import messages, updating
from protocol.errors import MessageError

MAX_DAMAGED: Final = 3  # a file that came wrong so often in a row: this line or this flash can't carry it
# Answers without any progress in a row: 64 files are looked at one by one, and a full slot is emptied by fours.
MAX_IDLE: Final = 2 * updating.MAX_FILES
_TRIAL_BYTES: Final = 3


class Reason(StrEnum):
    """Why a box has not taken an update; the first eight are the box's own words, SPEC.md."""

    MAC = "mac"
    ROLE = "role"
    BOARD = "board"
    OLDER = "older"
    FORMAT = "format"
    SPACE = "space"
    TRIAL = "trial"
    DAMAGED = "damaged"
    MEMORY = "memory"
    FLASH = "flash"
    UNKNOWN = "unknown"  # its firmware is so old that it knows no update
    STRANGE = "strange"  # it answers what makes no sense
    REPLACED = "replaced"  # another box stands in its place
    BEGIN = "begin"  # it has forgotten what came; never an outcome
    BUSY = "busy"  # a citizen or a clerk is at it; never an outcome


_FOR_GOOD: Final = frozenset(
    {Reason.MAC, Reason.ROLE, Reason.BOARD, Reason.OLDER, Reason.FORMAT, Reason.SPACE, Reason.TRIAL}
)
_LATER: Final = frozenset({Reason.MEMORY, Reason.FLASH})


@dataclass(frozen=True, slots=True)
class Ready:
    """All is there: the box may try it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not now, or never: `later` says which."""

    reason: Reason
    later: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What a box says of its slots: the line of /slot, the slot that runs, the version in it."""

    line: str
    running: str
    version: str

    @property
    def on_trial(self) -> bool:
        """It tries a firmware, or will at its next start."""
        return len(self.line) == _TRIAL_BYTES and self.line[1] != "-"

    @property
    def went_back(self) -> bool:
        """The last firmware that it tried was no good."""
        return len(self.line) == _TRIAL_BYTES and self.line[1] == "-"


ASK: Final = {"step": updating.STEP_ASK, "file": 0, "at": 0, "data": b""}
GO: Final = {"step": updating.STEP_GO, "file": 0, "at": 0, "data": b""}


def seen(answer: tuple[int, str | None]) -> Seen | Refused:
    """What the answer to ASK says."""
    code, detail = answer
    words = (detail or "").split()
    if code == messages.ACCEPTED and len(words) == 3:
        return Seen(*words)
    return _refusal(code, detail) or Refused(Reason.STRANGE)


BUSY: Final = Refused(Reason.BUSY, later=True)


def went(answer: tuple[int, str | None]) -> Refused | None:
    """What the answer to GO says; None: it tries it."""
    code, detail = answer
    if code == messages.ACCEPTED:
        return None
    if code == messages.REFUSED and detail in (Reason.BEGIN, Reason.BUSY):
        return Refused(Reason(detail), later=True)
    return _refusal(code, detail) or Refused(Reason.STRANGE)


def is_older(version: str, made: int, running: str) -> bool:
    """Whether a firmware is older than what runs, as far as the versions alone tell; one of nobody's making never."""
    try:
        return updating.older(updating.order(version, made), updating.order(running, 0))
    except MessageError:
        return False


class Sending:
    """`step` is what to ask next; `answered` takes the answer."""

    def __init__(self, target: Target, secret: bytes, *, older: bool) -> None:
        self.parts = target.parts
        self.bytes = sum(map(len, self.parts))
        flags = updating.FLAG_OLDER if older else 0
        digest = sha256(target.manifest).digest()
        self._mac = bytes([flags]) + updating.update_mac(updating.update_key(secret), flags, digest)
        self._place: tuple[int, int] | None = None  # file and byte that go next; None: begin
        self._damaged = 0
        self._idle = 0

    @property
    def sent(self) -> int:
        """Bytes that the box has, as far as it has said."""
        if self._place is None:
            return 0
        file, at = self._place
        return sum(map(len, self.parts[:file])) + at

    @property
    def step(self) -> dict[str, Any]:
        """The arguments of the next UPDATE."""
        if self._place is None:
            return {"step": updating.STEP_BEGIN, "file": 0, "at": len(self.parts[0]), "data": self._mac}
        file, at = self._place
        data = self.parts[file][at : at + updating.CHUNK_BYTES]
        return {"step": updating.STEP_DATA, "file": file, "at": at, "data": data}

    def again(self) -> None:
        """The link was lost, or the box started anew."""
        self._place = None

    def answered(self, code: int, detail: str | None) -> Ready | Refused | None:
        """None: there is a next step."""
        self._idle += 1
        if code == messages.ACCEPTED and self._place is not None and detail is None:
            return self._on(*self._place)
        told = self._told(code, detail)
        if told is None and self._idle > MAX_IDLE:
            return Refused(Reason.STRANGE)
        return told

    def _told(self, code: int, detail: str | None) -> Ready | Refused | None:
        if detail == "done" and code in (messages.ACCEPTED, messages.REFUSED):
            return Ready()
        if detail is not None and detail.startswith("want "):
            return self._wanted(detail)
        if code == messages.ACCEPTED and detail == "more" and self._place is None:
            return None
        if code == messages.REFUSED and detail == "begin":
            self._place = None
            return None
        if code == messages.REFUSED and detail == Reason.DAMAGED:
            self._place = None
            self._damaged += 1
            return Refused(Reason.DAMAGED) if self._damaged >= MAX_DAMAGED else None
        return _refusal(code, detail) or Refused(Reason.STRANGE)

    def _wanted(self, detail: str) -> Refused | None:
        words = detail.split()
        if len(words) != 3 or not words[1].isdigit() or not words[2].isdigit():
            return Refused(Reason.STRANGE)
        file, at = int(words[1]), int(words[2])
        if file >= len(self.parts) or at >= len(self.parts[file]):
            return Refused(Reason.STRANGE)
        self._place = file, at
        return None

    def _on(self, file: int, at: int) -> Ready | None:
        at += updating.CHUNK_BYTES
        self._idle = 0
        if at < len(self.parts[file]):
            self._place = file, at
            return None
        self._damaged = 0
        if file + 1 == len(self.parts):
            return Ready()
        self._place = file + 1, 0
        return None


def _refusal(code: int, detail: str | None) -> Refused | None:
    word = (detail or "").partition(" ")[0]
    if code == messages.UNKNOWN_COMMAND:
        return Refused(Reason.UNKNOWN)
    if code == messages.REFUSED and word in _FOR_GOOD:
        return Refused(Reason(word))
    if code == messages.FAILED and word in _LATER:
        return Refused(Reason(word), later=True)
    return None
