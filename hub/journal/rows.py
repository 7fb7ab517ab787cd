"""What goes into the journal and comes out of it."""

import msgspec

from common import envelope
from common.envelope import Envelope
from hub.queueing.events import Event

SURE = "sure"
UNSURE = "unsure"


class Stored(msgspec.Struct, frozen=True):
    """A row as it is on disk: the exact bytes of the event and the chain's link after it."""

    sequence: int
    data: bytes
    chain: bytes


class Committed(msgspec.Struct, frozen=True):
    """An event that is durable, in the order of the journal."""

    sequence: int
    event: Event
    data: bytes
    chain: bytes
    recorded_ms: int
    request: str | None


class Writer:
    """Makes the bytes of events: the envelope of this journal of this hall."""

    def __init__(self, journal: str, hall: str, offset_minutes: int) -> None:
        self._journal = journal
        self._source = f"/halls/{hall}"
        self._offset_minutes = offset_minutes
        # Many events share a millisecond; formatting is the dearest part.
        self._last_time = (0, envelope.format_time(0, offset_minutes))

    def encode(self, sequence: int, event: Event, recorded_ms: int, request: str | None) -> bytes:
        """The exact bytes of the event under its sequence."""
        data = event.data
        clock = SURE
        if not event.sure:
            clock = UNSURE
            data = data | {"earliest": self._bound(event.earliest_ms), "latest": self._bound(event.latest_ms)}
        recorded = self._time(recorded_ms)
        return envelope.encode(
            Envelope(
                specversion=envelope.SPEC_VERSION,
                id=f"{self._journal}/{sequence}",
                source=self._source,
                type=event.type,
                time=self._time(event.time_ms),
                recordedtime=recorded,
                subject=event.subject,
                sequence=str(sequence),
                journal=self._journal,
                clock=clock,
                request=request,
                data=data,
            )
        )

    def _bound(self, at_ms: int | None) -> str | None:
        return None if at_ms is None else envelope.format_time(at_ms, self._offset_minutes)

    def _time(self, at_ms: int) -> str:
        if at_ms != self._last_time[0]:
            self._last_time = (at_ms, envelope.format_time(at_ms, self._offset_minutes))
        return self._last_time[1]


def read(row: Stored) -> Committed:
    """The event back from its bytes; raises `common.envelope.EnvelopeError`."""
    found = envelope.decode(row.data)
    data = found.data
    earliest_ms = latest_ms = None
    sure = found.clock == SURE
    if not sure:
        earliest_ms, latest_ms = _parse(data.pop("earliest", None)), _parse(data.pop("latest", None))
    time_ms = envelope.parse_time(found.time)
    recorded_ms = time_ms if found.recordedtime == found.time else envelope.parse_time(found.recordedtime)
    event = Event(found.type, found.subject, data, time_ms, earliest_ms, latest_ms, sure)
    return Committed(row.sequence, event, row.data, row.chain, recorded_ms, found.request)


def _parse(bound: str | None) -> int | None:
    return None if bound is None else envelope.parse_time(bound)
