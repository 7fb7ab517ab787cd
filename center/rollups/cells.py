"""Cells of figures: the counts under one key of one day, or of a longer span. Pure.

A row's cells are by hall, window, staff, service and (times only) quarter hour. Every entity says where it counts and
how; what a batch changed is the difference between after and before, so how events are cut into batches makes no digit
differ.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

import msgspec

from center.rollups.entities import Run, Ticket, WindowDay
from center.rollups.histogram import Histogram, step
from center.rollups.spans import BY_DAY

QUARTER = "quarter"
DIMENSIONS = ("hall", "window", "staff", "service", QUARTER)

# hall, grain, dimension, span (`spans`)
Group = tuple[str, str, str, str]


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
        return not (  # the first that is something ends the question
            self.served
            or self.tickets
            or self.called
            or self.waiting.counts
            or self.serving.counts
            or self.open_ms
            or self.no_shows
            or self.restored
            or self.left
            # One time went and another of the same second came.
            or self.waiting.sum_ms
            or self.serving.sum_ms
        )


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
        waiting.in_order(),
        serving.sum_ms,
        serving.in_order(),
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


# key, what is added to the ratings, the times as `pack` writes them, or nothing where there are none
PackedRow = tuple[str, Ratings, bytes]
# dimension, date, and its rows; the quarter hours of a day are one row without ratings
PackedGroup = tuple[str, str, list[PackedRow]]


def added(known: dict[str, Times], more: dict[str, list[Times]]) -> dict[str, Times]:
    """What is known with more added; what comes to nothing is left out."""
    for key, some in more.items():
        mine = known.get(key)
        if mine is None:
            if len(some) == 1:
                known[key] = some[0]
                continue
            mine = known[key] = Times()
        for times in some:
            mine.merge(times)
    return {key: times for key, times in known.items() if not times.empty}


def sums(ratings: list[Ratings]) -> Ratings:
    """All of them together."""
    return ratings[0] if len(ratings) == 1 else [sum(counts) for counts in zip(*ratings, strict=True)]


_CLOCK = tuple(f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in range(96))


def clock(quarter: int) -> str:
    """When a quarter hour begins, e.g. 09:15."""
    return _CLOCK[quarter]


@dataclass(slots=True)
class Cell:
    """What counts under one key of a dimension, which is empty where there is none."""

    ratings: Ratings = field(default_factory=lambda: [0] * RATINGS_WIDTH)
    times: Times = field(default_factory=Times)

    @property
    def empty(self) -> bool:
        """Nothing counts here."""
        return self.times.empty and not any(self.ratings)


Cells = dict[str, Cell]


class Changes:
    """What cells become more or less by: a day's cells in a dictionary for each dimension."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, str], tuple[Cells, ...]] = {}

    def run(self, run: Run, sign: int) -> None:
        """What a run counts for: once more, or with -1 no longer."""
        if not run.stands:
            return
        grade, aside, served_ms = run.grade, sign * run.aside, run.served_ms
        served = -1 if served_ms is None else step(served_ms)
        quarter = None if run.quarter is None else _CLOCK[run.quarter]
        keys = ("", run.window or "", run.staff or "", run.service or "", quarter)
        for dimension, cells, key in zip(DIMENSIONS, self._day(run.date or "", run.hall), keys, strict=True):
            if key is None:
                continue
            cell = cells.get(key)
            if cell is None:
                cell = cells[key] = Cell()
            times = cell.times
            times.served += sign
            if served_ms is not None:
                times.serving.put(served, served_ms, sign)
            if dimension is QUARTER:
                continue
            ratings = cell.ratings
            ratings[0] += sign
            if grade is not None:
                ratings[grade] += sign
                ratings[6] += aside

    def ticket(self, ticket: Ticket, sign: int) -> None:
        """What a ticket counts for."""
        if not ticket.counts:
            return
        date = ticket.date or ticket.called_date or ""
        quarter = ticket.quarter if ticket.quarter is not None else ticket.called_quarter or 0
        wait_ms = ticket.wait_ms
        waited = -1 if wait_ms is None else step(wait_ms)
        called = sign if ticket.called_date is not None else 0
        left = sign if ticket.left and not called else 0
        keys = ("", ticket.window or "", ticket.staff or "", ticket.service or "", _CLOCK[quarter])
        for cells, key in zip(self._day(date, ticket.hall), keys, strict=True):
            cell = cells.get(key)
            if cell is None:
                cell = cells[key] = Cell()
            times = cell.times
            times.tickets += sign
            times.called += called
            times.left += left
            if ticket.missed:
                times.no_shows += sign
                times.restored += sign * min(ticket.restored, 1)
            if wait_ms is not None:
                times.waiting.put(waited, wait_ms, sign)

    def window_day(self, day: WindowDay, sign: int) -> None:
        """How long a window was open."""
        if day.open_ms:
            of_hall, of_window, *_ = self._day(day.date, day.hall)
            for cells, key in ((of_hall, ""), (of_window, day.window)):
                cells.setdefault(key, Cell()).times.open_ms += sign * day.open_ms

    def _day(self, date: str, hall: str) -> tuple[Cells, ...]:
        day = self._days.get((date, hall))
        if day is None:
            day = self._days[date, hall] = tuple({} for _ in DIMENSIONS)
        return day

    def days(self, dimension: str) -> Iterator[tuple[str, Cell]]:
        """Each cell of a dimension with its key, day by day."""
        at = DIMENSIONS.index(dimension)
        for day in self._days.values():
            yield from day[at].items()

    def groups(self) -> dict[Group, dict[str, list[Cell]]]:
        """What is to be added to each row of a day."""
        found: dict[Group, dict[str, list[Cell]]] = {}
        for (date, hall), day in self._days.items():
            for dimension, cells in zip(DIMENSIONS, day, strict=True):
                changed = {key: [cell] for key, cell in cells.items() if not cell.empty}
                if changed:
                    found[hall, BY_DAY, dimension, date] = changed
        return found


def packed(changes: Changes) -> list[PackedGroup]:
    """All changes in the order of their keys, as a row that is new is written."""
    found: list[PackedGroup] = []
    for (_, _, dimension, date), cells in sorted(changes.groups().items(), key=itemgetter(0)):
        rows: list[PackedRow]
        if dimension == QUARTER:
            rows = [("", [], pack_quarters({key: cell.times for key, [cell] in cells.items()}))]
        else:
            rows = [
                (key, cell.ratings, b"" if cell.times.empty else pack(cell.times))
                for key, [cell] in sorted(cells.items(), key=itemgetter(0))
            ]
        found.append((dimension, date, rows))
    return found


def opened(dimension: str, rows: Iterable[PackedRow]) -> Iterator[tuple[str, Cell]]:
    """The cells of packed rows."""
    for key, ratings, counts in rows:
        if dimension == QUARTER:
            for quarter, times in unpack_quarters(counts).items():
                yield quarter, Cell(times=times)
        else:
            yield key, Cell(ratings, unpack(counts) if counts else Times())
