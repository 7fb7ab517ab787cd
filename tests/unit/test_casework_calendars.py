"""Working days: published years, imported years, unknown years."""

from datetime import date
from pathlib import Path

import pytest

from center.casework.calendars import Calendar, load, read
from center.casework.errors import CaseworkError

UNPUBLISHED = 2099


def test_a_published_year_knows_its_holidays_and_its_swapped_weekends() -> None:
    calendar = Calendar()
    # State Council, 2025: National Day and Mid-Autumn from 1 to 8 October; 28 September and 11 October are worked.
    assert calendar.known(2025)
    assert not calendar.works(date(2025, 10, 8))
    assert calendar.works(date(2025, 9, 28))
    assert calendar.works(date(2025, 10, 11))
    deadline = calendar.after(date(2025, 9, 30), 3)
    assert (deadline.day, deadline.sure) == (date(2025, 10, 11), True)


def test_an_unpublished_year_is_reckoned_by_weekends_and_said_to_be_unsure() -> None:
    calendar = Calendar()
    assert not calendar.known(UNPUBLISHED)
    assert calendar.works(date(UNPUBLISHED, 1, 1)) == (date(UNPUBLISHED, 1, 1).weekday() < 5)
    assert not calendar.after(date(UNPUBLISHED, 3, 1), 5).sure


def test_an_imported_year_is_sure(tmp_path: Path) -> None:
    file = tmp_path / "2099.csv"
    file.write_text("\ufeff日期,kind\n2099-01-01,holiday\n2099-01-03,workday\n", "utf-8")
    calendar = load([file])
    assert calendar.known(UNPUBLISHED)
    assert not calendar.works(date(2099, 1, 1))
    assert calendar.works(date(2099, 1, 3)), "a Saturday that is worked"
    assert calendar.after(date(2099, 1, 1), 5).sure


def test_a_file_counts_before_the_library_for_its_whole_year(tmp_path: Path) -> None:
    file = tmp_path / "2025.csv"
    file.write_text("date,kind\n2025-10-08,workday\n", "utf-8")
    calendar = load([file])
    assert calendar.works(date(2025, 10, 8))
    assert calendar.works(date(2025, 10, 1)), "a Wednesday that this file doesn't call a holiday"


def test_days_between_are_working_days() -> None:
    calendar = Calendar()
    assert calendar.between(date(2025, 9, 30), date(2025, 10, 11)) == 3
    assert calendar.between(date(2025, 10, 11), date(2025, 9, 30)) == -3
    assert calendar.between(date(2025, 10, 11), date(2025, 10, 11)) == 0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("date,kind\n2027-01-01\n", "line 2"),
        ("date,kind\n2027-01-01,free\n", "holiday, workday"),
        ("date,kind\n2027-13-01,holiday\n", "2027-13-01"),
        ("date,kind\n2027-01-01,holiday\n2027-01-01,workday\n", "both"),
        ("date,kind\n", "no day"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused_by_line(text: str, named: str) -> None:
    with pytest.raises(CaseworkError, match=named):
        read("c.csv", text)


def test_a_missing_and_an_unreadable_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(CaseworkError, match=r"none\.csv"):
        load([tmp_path / "none.csv"])
    (tmp_path / "gbk.csv").write_bytes("日期".encode("gb18030"))
    with pytest.raises(CaseworkError, match="UTF-8"):
        load([tmp_path / "gbk.csv"])


@pytest.mark.parametrize("days", [0, -1, 401])
def test_a_deadline_has_its_limit(days: int) -> None:
    with pytest.raises(CaseworkError, match="1 to 400"):
        Calendar().after(date(2026, 1, 1), days)
