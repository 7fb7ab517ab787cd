"""What an event means for the figures: which run, ticket, window or device it changes. Pure.

The law is the contract's "Identity and counting".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import msgspec

from center.errors import CenterError

MAX_NUMBER = 2**53 - 1  # what JSON readers keep exactly, and what a store's integer column holds
MIN_MS = 946_684_800_000  # 2000-01-01: a hub's clock may be unsure, but never older than computers like it
MAX_MS = 7_258_118_400_000  # 2200-01-01

POINTS = {5: 10, 4: 8, 3: 6, 2: 3, 1: 0}
SATISFIED = (3, 4, 5)
GRADES = (1, 2, 3, 4, 5)
WALK_UP = "walk_up"

NUL = b"\\u0000"  # the one way to write that character in JSON

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
Grade = Annotated[int, msgspec.Meta(ge=1, le=5)]

_FIRST_DAY = date(1970, 1, 1)
_DAY_MS = 86_400_000
_MINUTE_MS = 60_000
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class MalformedError(CenterError):
    """The envelope is an event's, but its data is not what its type asks for."""


class Said(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="@", omit_defaults=True):
    """Data of an event; the tag tells them apart on the way from the process that read them (`center.beside`)."""


class Issued(Said, frozen=True, gc=False):
    """A citizen holds a number."""

    ticket: Name
    channel: str | None = None
    service: Name | None = None
    token_sha256: Name | None = None


class Called(Said, frozen=True, gc=False):
    """A ticket was called; the first call ends its waiting."""

    ticket: Name
    window: Name | None = None
    staff: Name | None = None
    waited_ms: Number | None = None


class Moved(Said, frozen=True, gc=False):
    """A ticket that waits no longer though nobody called it, that nobody came for, or that is in line again."""

    ticket: Name


class Undone(Said, frozen=True, gc=False):
    """A finish (then with its run) or a no-show was taken back."""

    ticket: Name
    reason: str | None = None
    run: Name | None = None


class Finished(Said, frozen=True, gc=False):
    """A run: one service rendered."""

    run: Name
    ticket: Name | None = None
    window: Name | None = None
    staff: Name | None = None
    service: Name | None = None
    served_ms: Number | None = None


class Submitted(Said, frozen=True, gc=False):
    """A grade for a run."""

    run: Name
    grade: Grade
    device: Name | None = None
    epoch: Name | None = None
    fact: Number | None = None


class CaseOpened(Said, frozen=True, gc=False):
    """A bad rating is being followed."""

    run: Name


class SetAside(Said, frozen=True, gc=False):
    """An appeal against a rating was upheld: it stays visible, set aside."""

    run: Name


class Unrated(Said, frozen=True, gc=False):
    """Why nobody pressed; changes no figure."""

    run: Name
    reason: Name
    device: Name | None = None
    epoch: Name | None = None
    fact: Number | None = None


class Ignored(Said, frozen=True, gc=False):
    """A press that counts for nothing; its fact number is used up."""

    why: Name
    window: Name | None = None
    device: Name | None = None
    epoch: Name | None = None
    fact: Number | None = None


class Staffed(Said, frozen=True, gc=False):
    """A clerk came to or left a window, or it paused or went on."""

    window: Name | None = None


class DeviceSeen(Said, frozen=True, gc=False):
    """A device came, went, or told something of itself; detail is JSON, as it was told."""

    device: Name
    role: str | None = None
    window: str | None = None
    detail: str = "null"


class _DeviceTold(msgspec.Struct, frozen=True):
    """The same as it comes."""

    device: Name
    role: str | None = None
    window: str | None = None
    detail: msgspec.Raw = msgspec.Raw(b"null")


Data = (
    Issued
    | Called
    | Moved
    | Undone
    | Finished
    | Submitted
    | CaseOpened
    | SetAside
    | Unrated
    | Ignored
    | Staffed
    | DeviceSeen
)

COUNTED: dict[str, type[Data]] = {
    "hall.ticket.issued": Issued,
    "hall.ticket.called": Called,
    "hall.ticket.cancelled": Moved,
    "hall.ticket.no_show": Moved,
    "hall.ticket.restored": Moved,
    "hall.ticket.undone": Undone,
    "hall.ticket.finished": Finished,
    "hall.rating.submitted": Submitted,
    "hall.case.opened": CaseOpened,
    "hall.case.uphold": SetAside,
    "hall.rating.unrated": Unrated,
    "hall.rating.ignored": Ignored,
    "hall.staff.signed_in": Staffed,
    "hall.staff.signed_out": Staffed,
    "hall.window.paused": Staffed,
    "hall.window.unpaused": Staffed,
    "hall.device.online": DeviceSeen,
    "hall.device.offline": DeviceSeen,
    "hall.device.booted": DeviceSeen,
    "hall.device.fault": DeviceSeen,
    "hall.device.recovered": DeviceSeen,
    "hall.device.key_tested": DeviceSeen,
    "hall.device.replaced": DeviceSeen,
}


class Fact(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An event of a type that we count, read and checked; `data` is None for what we only keep.

    date and quarter (0 to 95, of the day) are the hall's own. Training is kept and never counted, so its data is None.
    """

    type: str
    at_ms: int
    recorded_ms: int
    date: str
    quarter: int
    data: Data | None


class Training(msgspec.Struct, frozen=True):
    """The mark of what happened while a hall was practising."""

    training: Any = None


_device = msgspec.json.Decoder(_DeviceTold)


def _device_seen(data: bytes) -> DeviceSeen:
    told = _device.decode(data)
    return DeviceSeen(told.device, told.role, told.window, bytes(told.detail).decode())


_readers: dict[type[Data], Callable[[bytes], Data]] = {
    kind: msgspec.json.Decoder(kind).decode for kind in set(COUNTED.values())
} | {DeviceSeen: _device_seen}
_training = msgspec.json.Decoder(Training)


def moment_ms(text: str) -> int:
    """A time of an event; raises `MalformedError`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedError(f"time {text!r} is not RFC 3339") from error
    if moment.tzinfo is None:
        raise MalformedError(f"time {text!r} has no offset")
    try:
        since: timedelta = moment - _EPOCH
    except OverflowError as error:
        raise MalformedError(f"time {text!r} is out of all calendars") from error
    at_ms = since.days * _DAY_MS + since.seconds * 1000 + since.microseconds // 1000
    if not MIN_MS <= at_ms < MAX_MS:
        raise MalformedError(f"time {text!r} is before 2000 or after 2199")
    return at_ms


@lru_cache(maxsize=4096)  # eleven years of days
def _day(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number)).isoformat()


def local_date(at_ms: int, offset_minutes: int) -> str:
    """The date in a hall, e.g. 2026-11-21."""
    return _day((at_ms + offset_minutes * _MINUTE_MS) // _DAY_MS)


# Counted from the center's own journals only: a hall does not set its own ratings aside.
OWN_PREFIX = "hall.case."


def read_fact(kind: str, time: str, recordedtime: str, data: bytes, offset_minutes: int, own: bool = False) -> Fact:  # noqa: PLR0917
    """What an event says to us; `own`: it stands in a journal of the center's. Raises `MalformedError`."""
    when = _when(time, recordedtime, offset_minutes)
    said = _read_data(kind, data) if own or not kind.startswith(OWN_PREFIX) else None
    return Fact(kind, *when, said)


def fact_of(kind: str, time: str, recordedtime: str, said: Data | None, offset_minutes: int) -> Fact:
    """The same, where its data has been decoded already, from bytes without `NUL`; raises `MalformedError`."""
    return Fact(kind, *_when(time, recordedtime, offset_minutes), None if said is None else _checked(kind, said))


def _when(time: str, recordedtime: str, offset_minutes: int) -> tuple[int, int, str, int]:
    at_ms = moment_ms(time)
    recorded_ms = at_ms if recordedtime == time else moment_ms(recordedtime)
    day, in_day_ms = divmod(at_ms + offset_minutes * _MINUTE_MS, _DAY_MS)
    return at_ms, recorded_ms, _day(day), in_day_ms // 900_000


def _read_data(kind: str, data: bytes) -> Data | None:
    wanted = COUNTED.get(kind)
    if wanted is None:
        return None
    try:
        if b'"training"' in data and _training.decode(data).training is True:
            return None
        said = _readers[wanted](data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedError(f"data of {kind}: {error}") from error
    if NUL in data:
        _check_texts(kind, said)
    return _checked(kind, said)


def _check_texts(kind: str, said: Data) -> None:
    """SQLite's JSON ends a text at U+0000, the only character of which that is so: it would never be found again."""
    for name in said.__struct_fields__:
        value = getattr(said, name)
        if isinstance(value, str) and "\0" in value:
            raise MalformedError(f"data of {kind}: {name} holds the character U+0000")


def _checked(kind: str, said: Data) -> Data:
    if isinstance(said, (Submitted, Unrated, Ignored)):
        named = [said.device is not None, said.epoch is not None, said.fact is not None]
        # `device_away` names the device that didn't answer: there is no fact behind it.
        if named[1] != named[2] or (named[2] and not named[0]):
            raise MalformedError(f"data of {kind}: a fact is device, epoch and fact together")
    return said


class DeviceFact(NamedTuple):
    """A device's own number of something that it told."""

    device: str
    epoch: str
    fact: int


@dataclass(slots=True)
class Touched:
    """What facts may change."""

    runs: set[str] = field(default_factory=set)
    tickets: set[str] = field(default_factory=set)
    window_days: set[tuple[str, str]] = field(default_factory=set)
    facts: set[DeviceFact] = field(default_factory=set)


def device_fact(data: Submitted | Unrated | Ignored) -> DeviceFact | None:
    """The fact number behind an event; None where no box told it."""
    if data.device is None or data.epoch is None or data.fact is None:
        return None
    return DeviceFact(data.device, data.epoch, data.fact)


def touched(facts: Iterable[Fact]) -> Touched:
    """What these facts may change."""
    found = Touched()
    for fact in facts:
        data = fact.data
        run = data.run if isinstance(data, (Finished, Submitted, CaseOpened, SetAside, Unrated, Undone)) else None
        if run is not None:
            found.runs.add(run)
        elif isinstance(data, (Issued, Called, Moved, Undone)):
            found.tickets.add(data.ticket)
        if isinstance(data, (Finished, Called, Staffed)):
            if data.window is not None:
                found.window_days.add((data.window, fact.date))
        elif isinstance(data, (Submitted, Unrated, Ignored)):
            number = device_fact(data)
            if number is not None:
                found.facts.add(number)
    return found
