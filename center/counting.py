"""What an event means for the figures: which run, ticket or device it changes. Pure.

The law is the contract's "Identity and counting".
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from center.errors import CenterError
from common.envelope import Envelope, EnvelopeError, parse_time

MAX_NUMBER = 2**53 - 1  # what JSON readers keep exactly, and what a store's integer column holds
MIN_MS = 946_684_800_000  # 2000-01-01: a hub's clock may be unsure, but never older than computers like it
MAX_MS = 7_258_118_400_000  # 2200-01-01

POINTS = {5: 10, 4: 8, 3: 6, 2: 3, 1: 0}
SATISFIED = (3, 4, 5)
GRADES = (1, 2, 3, 4, 5)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
Grade = Annotated[int, msgspec.Meta(ge=1, le=5)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MalformedError(CenterError):
    """The envelope is an event's, but its data is not what its type asks for."""


class Issued(msgspec.Struct, frozen=True):
    """A citizen holds a number."""

    ticket: Name
    channel: str | None = None


class Called(msgspec.Struct, frozen=True):
    """A ticket was called; the first call ends its waiting."""

    ticket: Name
    waited_ms: Number | None = None


class Left(msgspec.Struct, frozen=True):
    """A ticket that waits no longer, though nobody called it."""

    ticket: Name


class Finished(msgspec.Struct, frozen=True):
    """A run: one service rendered."""

    run: Name
    window: Name | None = None
    staff: Name | None = None
    service: Name | None = None
    served_ms: Number | None = None


class Submitted(msgspec.Struct, frozen=True):
    """A grade for a run."""

    run: Name
    grade: Grade
    device: Name | None = None
    epoch: Name | None = None
    fact: Number | None = None


class Unrated(msgspec.Struct, frozen=True):
    """Why nobody pressed; changes no figure."""

    run: Name
    reason: Name
    device: Name | None = None
    epoch: Name | None = None
    fact: Number | None = None


class Ignored(msgspec.Struct, frozen=True):
    """A press that counts for nothing; its fact number is used up."""

    why: Name
    device: Name | None = None
    epoch: Name | None = None
    fact: Number | None = None


class DeviceSeen(msgspec.Struct, frozen=True):
    """A device came or went."""

    device: Name
    role: str | None = None


Data = Issued | Called | Left | Finished | Submitted | Unrated | Ignored | DeviceSeen

COUNTED: dict[str, type[Data]] = {
    "hall.ticket.issued": Issued,
    "hall.ticket.called": Called,
    "hall.ticket.cancelled": Left,
    "hall.ticket.no_show": Left,
    "hall.ticket.finished": Finished,
    "hall.rating.submitted": Submitted,
    "hall.rating.unrated": Unrated,
    "hall.rating.ignored": Ignored,
    "hall.device.online": DeviceSeen,
    "hall.device.offline": DeviceSeen,
    "hall.device.booted": DeviceSeen,
}


@dataclass(frozen=True, slots=True)
class Fact:
    """An event of a type that we count, read and checked; `data` is None for a type that we only keep."""

    type: str
    at_ms: int
    recorded_ms: int
    date: str
    data: Data | None


def moment_ms(text: str) -> int:
    """A time of an event; raises `MalformedError`."""
    try:
        at_ms = parse_time(text)
    except (EnvelopeError, OverflowError) as error:
        raise MalformedError(str(error)) from error
    if not MIN_MS <= at_ms < MAX_MS:
        raise MalformedError(f"time {text!r} is before 2000 or after 2199")
    return at_ms


def local_date(at_ms: int, offset_minutes: int) -> str:
    """The date in a hall, e.g. 2026-11-21."""
    return (_EPOCH + timedelta(milliseconds=at_ms, minutes=offset_minutes)).date().isoformat()


def read_fact(event: Envelope, offset_minutes: int) -> Fact:
    """What an event says to us; raises `MalformedError`."""
    at_ms = moment_ms(event.time)
    recorded_ms = moment_ms(event.recordedtime)
    kind = COUNTED.get(event.type)
    data = None
    if kind is not None:
        try:
            data = msgspec.convert(event.data, kind)
        except msgspec.ValidationError as error:
            raise MalformedError(f"data of {event.type}: {error}") from error
        if isinstance(data, (Submitted, Unrated, Ignored)):
            named = [data.device is not None, data.epoch is not None, data.fact is not None]
            # `device_away` names the device that didn't answer: there is no fact behind it.
            if named[1] != named[2] or (named[2] and not named[0]):
                raise MalformedError(f"data of {event.type}: a fact is device, epoch and fact together")
    return Fact(event.type, at_ms, recorded_ms, local_date(at_ms, offset_minutes), data)
