"""Cells of figures: the counts under one key of one day, or of one month. Pure.

A row's cells are by hall, window, staff, service and (times only) quarter hour. Every entity says where it counts and
how; what a batch changed is the difference between after and before, so how events are cut into batches makes no digit
differ.
"""

from dataclasses import dataclass, field

import msgspec

from center.rollups.entities import Run, Ticket, WindowDay
from center.rollups.histogram import Histogram, step

BY_DAY, BY_MONTH = "day", "month"
DIMENSIONS = ("hall", "window", "staff", "service")
QUARTER = "quarter"


# grain (day or month), dimension, span (2026-11-21 or 2026-11), hall, key (of the dimension, or empty):
# a plain tuple, since a batch makes ten thousands of them.
CellKey = tuple[str, str, str, str, str]


# served, grades 1 to 5, ratings set aside after an appeal
Ratings = list[int]
RATINGS_WIDTH = 7


@dataclass(slots=True)
class Times:
    """Tickets and times under one key."""

    tickets: int = 0
    called: int = 0
    no_shows: int = 0
    restored: int = 0
    left: int = 0
    served: int = 0
    open_ms: int = 0
    waiting: Histogram = field(default_factory=Histogram)
    serving: Histogram = field(default_factory=Histogram)

    def merge(self, other: "Times") -> None:
        """Both together."""
        self.tickets += other.tickets
        self.called += other.called
        self.no_shows += other.no_shows
        self.restored += other.restored
        self.left += other.left
        self.served += other.served
        self.open_ms += other.open_ms
        self.waiting.merge(other.waiting)
        self.serving.merge(other.serving)

    @property
    def empty(self) -> bool:
        """Nothing counts here."""
        plain = (self.tickets, self.called, self.no_shows, self.restored, self.left, self.served, self.open_ms)
        return not any(plain) and not self.waiting.counts and not self.serving.counts


_Packed = tuple[int, int, int, int, int, int, int, int, dict[int, int], int, dict[int, int]]
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)
_quarters_decoder = msgspec.msgpack.Decoder(dict[str, _Packed])


def _plain(times: Times) -> _Packed:
    waiting, serving = times.waiting, times.serving
    return (
        times.tickets,
        times.called,
        times.no_shows,
        times.restored,
        times.left,
        times.served,
        times.open_ms,
        waiting.sum_ms,
        dict(sorted(waiting.counts.items())),
        serving.sum_ms,
        dict(sorted(serving.counts.items())),
    )


def pack(times: Times) -> bytes:
    """The one way that these counts are written, so that equal figures are equal bytes."""
    return _encoder.encode(_plain(times))


def pack_quarters(quarters: dict[str, Times]) -> bytes:
    """The quarter hours of a hall's day or month, which are read and written together: one row instead of forty."""
    return _encoder.encode({name: _plain(times) for name, times in sorted(quarters.items())})


def unpack(data: bytes) -> Times:
    """The other way."""
    return _times(_decoder.decode(data))


def unpack_quarters(data: bytes) -> dict[str, Times]:
    """The other way."""
    return {name: _times(packed) for name, packed in _quarters_decoder.decode(data).items()}


def _times(packed: _Packed) -> Times:
    tickets, called, no_shows, restored, left, served, open_ms, wait_ms, waits, serve_ms, serves = packed
    waiting, serving = Histogram(wait_ms, waits), Histogram(serve_ms, serves)
    return Times(tickets, called, no_shows, restored, left, served, open_ms, waiting, serving)


_CLOCK = tuple(f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in range(96))


def clock(quarter: int) -> str:
    """When a quarter hour begins, e.g. 09:15."""
    return _CLOCK[quarter]


class Changes:
    """What cells become more or less by; of days while facts are folded, of months at the end."""

    def __init__(self) -> None:
        self.ratings: dict[CellKey, Ratings] = {}
        self.times: dict[CellKey, Times] = {}

    def run(self, run: Run, sign: int) -> None:
        """What a run counts for: once more, or with -1 no longer."""
        if not run.stands:
            return
        date, hall, grade, served_ms = run.date or "", run.hall, run.grade, run.served_ms
        served = None if served_ms is None else step(served_ms)
        for dimension, key in (("hall", ""), ("window", run.window), ("staff", run.staff), ("service", run.service)):
            cell = (BY_DAY, dimension, date, hall, key or "")
            ratings = self.ratings.get(cell)
            if ratings is None:
                ratings = self.ratings[cell] = [0] * RATINGS_WIDTH
            ratings[0] += sign
            if grade is not None:
                ratings[grade] += sign
                ratings[6] += sign * run.aside
            times = self._times(cell)
            times.served += sign
            if served_ms is not None and served is not None:
                times.serving.put(served, served_ms, sign)
        if run.quarter is not None:
            times = self._times((BY_DAY, QUARTER, date, hall, _CLOCK[run.quarter]))
            times.served += sign
            if served_ms is not None and served is not None:
                times.serving.put(served, served_ms, sign)

    def ticket(self, ticket: Ticket, sign: int) -> None:
        """What a ticket counts for."""
        if not ticket.counts:
            return
        date = ticket.date or ticket.called_date or ""
        quarter = ticket.quarter if ticket.quarter is not None else ticket.called_quarter or 0
        wait_ms = ticket.wait_ms
        waited = None if wait_ms is None else step(wait_ms)
        places = (
            ("hall", ""),
            ("window", ticket.window),
            ("staff", ticket.staff),
            ("service", ticket.service),
            (QUARTER, _CLOCK[quarter]),
        )
        for dimension, key in places:
            times = self._times((BY_DAY, dimension, date, ticket.hall, key or ""))
            times.tickets += sign
            if ticket.called_date is not None:
                times.called += sign
            elif ticket.left:
                times.left += sign
            if ticket.missed:
                times.no_shows += sign
                times.restored += sign * min(ticket.restored, 1)
            if wait_ms is not None and waited is not None:
                times.waiting.put(waited, wait_ms, sign)

    def window_day(self, day: WindowDay, sign: int) -> None:
        """How long a window was open."""
        if day.open_ms:
            for dimension, key in (("hall", ""), ("window", day.window)):
                self._times((BY_DAY, dimension, day.date, day.hall, key)).open_ms += sign * day.open_ms

    def _times(self, cell: CellKey) -> Times:
        times = self.times.get(cell)
        if times is None:
            times = self.times[cell] = Times()
        return times

    def finish(self) -> None:
        """Drops what came to nothing, and adds the months."""
        self.ratings = {cell: ratings for cell, ratings in self.ratings.items() if any(ratings)}
        self.times = {cell: times for cell, times in self.times.items() if not times.empty}
        months: dict[CellKey, Ratings] = {}
        for cell, ratings in self.ratings.items():
            month = _month(cell)
            known = months.get(month)
            months[month] = [a + b for a, b in zip(known, ratings, strict=True)] if known else list(ratings)
        month_times: dict[CellKey, Times] = {}
        for cell, times in self.times.items():
            month_times.setdefault(_month(cell), Times()).merge(times)
        self.ratings |= {cell: ratings for cell, ratings in months.items() if any(ratings)}
        self.times |= {cell: times for cell, times in month_times.items() if not times.empty}


def _month(cell: CellKey) -> CellKey:
    _, dimension, span, hall, key = cell
    return (BY_MONTH, dimension, span[:7], hall, key)
