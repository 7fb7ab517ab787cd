"""What the monthly notice says, from one moment's rows. Pure; a verifier makes the same from an export."""

import calendar
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import msgspec

from center.config import Hall
from center.counting import POINTS
from center.errors import CenterError
from center.reports import ranking, ratings, times
from center.reports.keys import Key, ordered, regrouped
from center.reports.ranking import Ranked
from center.rollups.cells import Times
from center.store.answers import KeyTest, Month, Tally

TOP = 5  # places that are named
STAR_MONTHS = 3  # in a row among the first: what S3 calls a five-star window
ALL_KEYS = 0b11111  # five grades, five keys
FORMAT = "tingting-bulletin/1"
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


class MonthError(CenterError):
    """This is no month."""


@dataclass(frozen=True, slots=True)
class PutRight:
    """What came of the bad ratings: rows of cause, how many, how many closed, what was done; and appeals upheld."""

    rows: tuple[tuple[str, int, int, str], ...]
    closed_grade_1: int
    closed_grade_2: int
    upheld: int


@dataclass(frozen=True, slots=True)
class KeyTests:
    """Tests of the evaluators' keys in the month."""

    evaluators: int
    tests: int
    untested: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A month's notice. `units` are departments of one hall, or halls; `hall` is set in the notice of one hall."""

    month: str
    hall: Hall | None
    halls: tuple[Hall, ...]
    days_open: int
    total: Tally
    times: Times
    units_by: str
    units: tuple[Tally, ...]
    ranked: tuple[Ranked, ...]
    stars: tuple[Key, ...]
    key_tests: KeyTests
    put_right: PutRight | None
    rests_on: tuple[dict[str, Any], ...]

    @property
    def top(self) -> tuple[Ranked, ...]:
        """The first places."""
        return tuple(one for one in self.ranked if one.rank is not None and one.rank <= TOP)

    @property
    def flag(self) -> tuple[Ranked, ...]:
        """Who has the red flag; more than one where bounds are equal."""
        return tuple(one for one in self.ranked if one.rank == 1)

    @property
    def unranked(self) -> tuple[Ranked, ...]:
        """Those with ratings, but too few."""
        return tuple(one for one in self.ranked if one.rank is None and one.interval.count)

    def department(self, key: Key) -> str | None:
        """A window's department."""
        for hall in self.halls:
            if hall.id == key[0]:
                return hall.departments.get(str(key[1]))
        return None


def month_dates(month: str) -> tuple[str, str]:
    """First and last date of 2026-10; raises `MonthError`."""
    try:
        if not _MONTH.fullmatch(month):
            raise ValueError(month)
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise MonthError(f"{month!r} is no month; write 2026-10") from error
    if not 2000 <= first.year < 2200:
        raise MonthError(f"{month!r} is outside of 2000 to 2199")
    return first.isoformat(), first.replace(day=calendar.monthrange(first.year, first.month)[1]).isoformat()


def month_before(month: str) -> str:
    """The month before."""
    first = date.fromisoformat(f"{month}-01")
    return f"{first.year - 1}-12" if first.month == 1 else f"{first.year}-{first.month - 1:02}"


def months_wanted(month: str) -> list[tuple[str, str]]:
    """The dates that a notice needs: its month and the two before it."""
    wanted = [month_dates(month)]
    for _ in range(STAR_MONTHS - 1):
        month = month_before(month)
        wanted.append(month_dates(month))
    return wanted


def build(month: str, halls: Sequence[Hall], hall: Hall | None, rows: Month, put_right: PutRight | None) -> Notice:
    """The notice of these halls; `hall` when it is that hall's own."""
    units_by = "department" if len(halls) == 1 else "hall"
    units = rows.halls if units_by == "hall" else _departments(rows.windows, halls)
    ranked = ranking.rank(rows.windows)
    return Notice(
        month=month,
        hall=hall,
        halls=tuple(halls),
        days_open=sum(1 for tally in rows.days if tally.served),
        total=ratings.total(rows.halls),
        times=times.total(rows.times),
        units_by=units_by,
        units=tuple(sorted(units, key=lambda tally: (-tally.served, ordered(tally.key)))),
        ranked=tuple(ranked),
        stars=_stars(ranked, rows.windows_before),
        key_tests=_key_tests(rows),
        put_right=put_right,
        rests_on=tuple(
            {
                "hall": end.hall,
                "journal": end.journal,
                "stored_through": end.stored_through,
                "chain": end.chain.hex(),
            }
            for end in rows.journals
        ),
    )


def _departments(windows: list[Tally], halls: Sequence[Hall]) -> list[Tally]:
    return ratings.merged(windows, regrouped("department", [tally.key for tally in windows], halls))


def _stars(ranked: Sequence[Ranked], before: Sequence[Sequence[Tally]]) -> tuple[Key, ...]:
    """Among the first in each of the months, in the order of this month."""
    months = [ranked, *(ranking.rank(tallies) for tallies in before)]
    first = [{one.key for one in month if one.rank is not None and one.rank <= TOP} for month in months]
    return tuple(one.key for one in ranked if all(one.key in month for month in first))


def _key_tests(rows: Month) -> KeyTests:
    evaluators = [f"{state.hall}/{state.device}" for state in rows.devices if state.role == "evaluator"]
    tested = {f"{test.hall}/{test.device}" for test in rows.key_tests}
    failed = sorted({f"{test.hall}/{test.device}" for test in rows.key_tests if not _all_keys(test)})
    untested = tuple(name for name in evaluators if name not in tested)
    return KeyTests(len(evaluators), len(rows.key_tests), untested, tuple(failed))


def _all_keys(test: KeyTest) -> bool:
    try:
        said = msgspec.json.decode(test.detail)
    except msgspec.DecodeError:
        return False
    keys = said.get("keys_ok") if isinstance(said, dict) else None
    return isinstance(keys, int) and keys & ALL_KEYS == ALL_KEYS


def as_json(notice: Notice) -> dict[str, Any]:
    """All figures, definitions, and what they rest on; equal notices are equal values."""
    first, last = month_dates(notice.month)
    return {
        "format": FORMAT,
        "month": notice.month,
        "from": first,
        "to": last,
        "hall": notice.hall.id if notice.hall else None,
        "halls": [hall.id for hall in notice.halls],
        "days_open": notice.days_open,
        "total": ratings.of(notice.total),
        "waiting": times.figures(notice.times),
        "units": {"by": notice.units_by, "rows": ratings.rows(notice.units)},
        "ranking": [ranking.row(one, False) for one in notice.ranked],
        "flag": [list(one.key) for one in notice.flag],
        "stars": [list(key) for key in notice.stars],
        "key_tests": {
            "evaluators": notice.key_tests.evaluators,
            "tests": notice.key_tests.tests,
            "untested": list(notice.key_tests.untested),
            "failed": list(notice.key_tests.failed),
        },
        "put_right": None
        if notice.put_right is None
        else {
            "rows": [list(row) for row in notice.put_right.rows],
            "closed": {"1": notice.put_right.closed_grade_1, "2": notice.put_right.closed_grade_2},
            "upheld": notice.put_right.upheld,
        },
        "definitions": {
            "served": "runs finished and not taken back, on the date of the service",
            "evaluation_rate": "rated / served",
            "satisfaction_rate": "grades 3, 4, 5 / rated",
            "points": {str(grade): value for grade, value in POINTS.items()},
            "ranking": f"by the lower bound of Wilson's {ranking.LEVEL:.0%} interval of the mean points",
            "least_ranked": ranking.LEAST_RANKED,
            "flag": "the first place of the month",
            "stars": f"among the first {TOP} in {STAR_MONTHS} months running",
        },
        "rests_on": list(notice.rests_on),
    }


def digest(value: dict[str, Any]) -> str:
    """What names these figures: SHA-256 of their JSON with sorted keys and no blanks."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()
