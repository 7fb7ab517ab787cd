"""The figures, and the order of the halls on the overview."""

import pytest

from center.config import Hall, Overview
from center.counting import local_date
from center.reports.overview import MOST_HALLS, Known, OverviewData, build
from center.reports.ratings import figures, merged, rate, report
from center.store.answers import HallDay, JournalState, Tally, Waits

NOW_MS = 1_795_233_600_000
MINUTE_MS = 60_000


def test_the_sources_own_figures() -> None:
    """domain.md: 58 of 90 is 64.44 %, and 35,361 of 37,211 is 95.03 %, not 94.87 %."""
    assert round(100 * rate(58, 90)["value"], 2) == 64.44
    assert round(100 * rate(35_361, 37_211)["value"], 2) == 95.03
    assert rate(0, 0) == {"numerator": 0, "denominator": 0, "value": None}


def test_unrated_is_never_satisfied() -> None:
    assert figures(10, (1, 2, 3, 0, 1)) == {
        "served": 10,
        "rated": 7,
        "unrated": 3,
        "grades": {"1": 1, "2": 2, "3": 3, "4": 0, "5": 1},
        "evaluation_rate": {"numerator": 7, "denominator": 10, "value": 0.7},
        "satisfaction_rate": {"numerator": 4, "denominator": 7, "value": 4 / 7},
        "points": 2 * 3 + 3 * 6 + 10,
        "set_aside": 0,
    }
    assert figures(4, (0, 0, 0, 0, 0))["satisfaction_rate"]["value"] is None


@pytest.mark.parametrize(
    ("by", "rated", "hidden"),
    [("staff", 4, True), ("staff", 5, False), ("staff", 0, False), ("window", 4, False)],
)
def test_few_ratings_of_a_person_are_not_told_apart(by: str, rated: int, hidden: bool) -> None:
    answer = report(by, [Tally(("qingxi", "s1"), 9, (rated, 0, 0, 0, 0))])
    (row,) = answer["rows"]
    for part in (row, answer):  # the total is that one person's, too
        shown = (part.get("hidden", False), part["grades"] is None, part["points"] is None)
        assert shown == (hidden, hidden, hidden)
    assert (row["key"], row["hall"], row["served"], row["rated"]) == ("s1", "qingxi", 9, rated)


@pytest.mark.parametrize(
    ("rated", "shown"),
    [
        ((9, 4, 6, 7), [True, False, False, True]),  # alone, it would be the total less the others
        ((9, 4, 1, 7), [True, False, False, True]),
        ((9, 4, 0, 0), [False, False, True, True]),  # who has none gives nothing away, and hides nothing
        ((9, 5, 6, 7), [True, True, True, True]),
    ],
)
def test_a_hidden_row_does_not_follow_from_the_total(rated: tuple[int, ...], shown: list[bool]) -> None:
    answer = report("staff", [Tally(("qingxi", f"s{n}"), 9, (0, 0, 0, 0, count)) for n, count in enumerate(rated)])
    assert [row["grades"] is not None for row in answer["rows"]] == shown
    assert answer["grades"]["5"] == sum(rated)


def test_tallies_add_up_under_other_keys() -> None:
    tallies = [
        Tally(("a",), 2, (0, 0, 0, 0, 1)),
        Tally(("b",), 3, (1, 0, 0, 0, 1)),
        Tally(("c",), 1, (0, 0, 0, 0, 0)),
    ]
    assert merged(tallies, {("a",): ("north",), ("b",): ("north",)}) == [
        Tally((None,), 1, (0, 0, 0, 0, 0)),
        Tally(("north",), 5, (1, 0, 0, 0, 2)),
    ]


def test_the_date_is_the_halls() -> None:
    midnight_ms = NOW_MS - 12 * 60 * MINUTE_MS
    assert local_date(midnight_ms, 480) == "2026-11-21"
    assert local_date(midnight_ms - 1, 480) == "2026-11-20"
    assert local_date(midnight_ms, 0) == "2026-11-20"


def overview(**halls: tuple[float | None, int | None, tuple[int, int, int, int, int], int]) -> OverviewData:
    """Halls by name: lag in s, heard s ago, grades, events in quarantine."""
    known = Known(
        now_ms=NOW_MS,
        tallies={name: Tally((name,), sum(grades) + 1, grades) for name, (_, _, grades, _) in halls.items()},
        days={name: HallDay(name, 2, NOW_MS - MINUTE_MS, 3, 4) for name in halls},
        waits=Waits(0, None, None),
        journals={
            name: [JournalState(name, "j", 9, NOW_MS, NOW_MS - heard_s * 1000, bad)]
            for name, (_, heard_s, _, bad) in halls.items()
            if heard_s is not None
        },
        lags={name: lag_s for name, (lag_s, _, _, _) in halls.items()},
        heard={},
    )
    return build([Hall(name, name) for name in halls], known, Overview(silent_after_s=300, late_after_s=120))


GOOD, BAD, WORSE = (0, 0, 0, 0, 5), (1, 0, 0, 0, 4), (2, 1, 0, 0, 4)


def test_halls_are_silent_late_unhappy_then_well() -> None:
    data = overview(
        well=(1.0, 1, GOOD, 0),
        unhappy=(1.0, 1, BAD, 0),
        unhappier=(1.0, 1, WORSE, 0),
        broken=(1.0, 1, GOOD, 2),
        never=(None, None, GOOD, 0),
        late=(121.0, 1, BAD, 0),
        silent=(9000.0, 301, GOOD, 0),
        longer=(9000.0, 900, GOOD, 0),
    )
    assert [(line.hall.id, line.state) for line in data.lines] == [
        ("longer", "silent"),
        ("silent", "silent"),
        ("late", "late"),
        ("unhappier", "unhappy"),
        ("unhappy", "unhappy"),
        ("broken", "quarantined"),
        ("never", "never"),
    ]
    assert [line.hall.id for line in data.well] == ["well"]
    assert (data.well_figures.served, data.well_figures.rated) == (6, 5)
    # Of silent halls and of those never heard of, no device is known to be up.
    assert (data.devices_up, data.devices) == (15, 32)
    assert data.total.served == sum(sum(grades) + 1 for grades in (GOOD, BAD, WORSE, GOOD, GOOD, BAD, GOOD, GOOD))


@pytest.mark.parametrize(
    ("lag_s", "heard_s", "state"),
    [(120.0, 300, "well"), (120.1, 300, "late"), (400.0, 300, "late"), (400.0, 301, "silent")],
)
def test_the_limits_are_the_settings(lag_s: float, heard_s: int, state: str) -> None:
    data = overview(a=(lag_s, heard_s, GOOD, 0))
    assert [line.state for line in (*data.lines, *data.well)] == [state]


def test_beyond_two_hundred_halls_regions_come_first() -> None:
    halls = [Hall(f"h{number}", f"h{number}", region=f"r{number % 4}") for number in range(MOST_HALLS + 1)]
    lags = dict.fromkeys((hall.id for hall in halls), 1.0)
    journals = {hall.id: [JournalState(hall.id, "j", 9, NOW_MS, NOW_MS, 0)] for hall in halls}
    lags["h5"] = 500.0  # late, in r1
    journals["h2"] = [JournalState("h2", "j", 9, NOW_MS, NOW_MS - 9_000_000, 0)]  # silent, in r2
    tallies = {"h3": Tally(("h3",), 5, BAD)}  # unhappy, in r3
    known = Known(NOW_MS, tallies, {}, Waits(0, None, None), journals, lags, {})
    data = build(halls, known, Overview())
    assert [(region.region, region.troubled) for region in data.regions] == [("r2", 1), ("r1", 1), ("r3", 1), ("r0", 0)]
    assert sum(region.halls for region in data.regions) == len(halls)
    assert build(halls[:MOST_HALLS], known, Overview()).regions == ()
