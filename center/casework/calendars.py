"""Working days: the State Council's published years from a kept library, and any year from a file of one's own.

A calendar file is CSV with the header `date,kind`, a line for each day that is not as its weekday says:
`2027-01-01,holiday` or `2027-02-20,workday`. A file counts before the library, day by day. A year that neither knows is
reckoned by weekends alone, and a deadline that touches it is said to be unsure.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import chinese_calendar

from center.casework.errors import CaseworkError

HOLIDAY = "holiday"
WORKDAY = "workday"
KINDS = (HOLIDAY, WORKDAY)
MAX_DAYS = 400  # of one deadline; a year is more than any place gives
MAX_FILE_BYTES = 1024 * 1024  # a hundred years have 400 KB
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day on which a thing may be done; `sure` is False where a year's holidays are not known yet."""

    day: date
    sure: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked. `special`: days of files, True for a working day; `years`: those that files describe."""

    special: Mapping[date, bool] = field(default_factory=dict)
    years: frozenset[int] = frozenset()

    def known(self, year: int) -> bool:
        """Whether the holidays of a year are published here."""
        return year in self.years or _published(date(year, 1, 1)) is not None

    def works(self, day: date) -> bool:
        """Whether offices work on a day."""
        special = self.special.get(day)
        if special is not None:
            return special
        # A year of which a file was given is described by that file alone: only so can a file correct the library.
        published = None if day.year in self.years else _published(day)
        return day.weekday() < _SATURDAY if published is None else published

    def after(self, day: date, working_days: int) -> Deadline:
        """The day so many working days after a day, which itself doesn't count."""
        if not 1 <= working_days <= MAX_DAYS:
            raise CaseworkError(f"{working_days} working days: 1 to {MAX_DAYS} are allowed")
        sure = True
        left = working_days
        while left:
            day += timedelta(days=1)
            sure = sure and self.known(day.year)
            left -= self.works(day)
        return Deadline(day, sure)

    def between(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; negative when `last` is before `first`."""
        if last < first:
            return -self.between(last, first)
        days = (last - first).days
        return sum(self.works(first + timedelta(days=number)) for number in range(1, days + 1))


@lru_cache(maxsize=4096)  # eleven years of days; the library takes 5 µs for each, and an old case counts hundreds
def _published(day: date) -> bool | None:
    """Whether a day is worked, as the library knows it; None in a year that the State Council has not announced."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


def read(name: str, text: str) -> dict[date, bool]:
    """The days of one calendar file; raises `CaseworkError` naming file, line and what is allowed."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    days: dict[date, bool] = {}
    for number, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0].lower() in ("date", "日期")):
            continue
        where = f"{name}, line {number}"
        if len(cells) < 2 or cells[1] not in KINDS:
            raise CaseworkError(f"{where}: write a date and one of {', '.join(KINDS)}, as 2027-01-01,holiday")
        try:
            day = date.fromisoformat(cells[0])
        except ValueError as error:
            raise CaseworkError(f"{where}: {cells[0]!r} is no date; write it as 2027-01-01") from error
        if days.get(day, cells[1] == WORKDAY) != (cells[1] == WORKDAY):
            raise CaseworkError(f"{where}: {day} is both a holiday and a working day; keep one of the two lines")
        days[day] = cells[1] == WORKDAY
    if not days:
        raise CaseworkError(f"{name}: no day in it; the first line is `date,kind`, then a line a day")
    return days


def load(paths: Iterable[Path]) -> Calendar:
    """The calendar of some files, a later one counting before an earlier; raises `CaseworkError`."""
    special: dict[date, bool] = {}
    for path in paths:
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise CaseworkError(f"{path}: larger than {MAX_FILE_BYTES} bytes; a calendar has a line a special day")
            special |= read(str(path), path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CaseworkError(f"{path}: can't be read as a calendar ({error}); save it as UTF-8") from error
    return Calendar(special, frozenset(day.year for day in special))
