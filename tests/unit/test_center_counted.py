"""What is counted: undone and late, practised and open; a recount after an update, after damage, and by command."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from center import ingest
from center.ingest import Heading
from center.rollups.folding import VERSION
from center.rollups.spans import periods
from center.store import counted
from center.store.answers import Stored
from center.store.migrations import MIGRATIONS, migrate
from center.store.sqlite import FILE_NAME, SqliteStore, connect
from tests.center_support import CONFIG, DAY, NOON_MS, OFFSET_MINUTES, Journal, rating
from tools.servers import center

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    yield opened
    await opened.close()


async def put(store: SqliteStore, journal: Journal, after: int = 0) -> Stored:
    heading = Heading(journal.hall, journal.name, after, journal.links[after], OFFSET_MINUTES)
    body = b"[" + b",".join(journal.events[after:]) + b"]"
    return await store.submit(ingest.read_batch(heading, body, ""), NOON_MS)


async def day(store: SqliteStore, date: str = DAY) -> tuple[int, tuple[int, ...]]:
    found = await store.tallies("hall", date, date, None)
    return sum(t.served for t in found), tuple(sum(t.grades[g] for t in found) for g in range(5))


def finish(journal: Journal, run: str, window: str = "1", at_ms: int = NOON_MS) -> None:
    data = {"run": run, "ticket": "t" + run, "window": window, "staff": "s1", "service": "A", "served_ms": 60_000}
    journal.add("hall.ticket.finished", data, at_ms=at_ms)


def undo(journal: Journal, run: str) -> None:
    data = {"ticket": "t" + run, "number": "A001", "window": "1", "staff": "s1", "reason": "finish", "run": run}
    journal.add("hall.ticket.undone", data)


def same_when_counted_anew(path: Path) -> bool:
    """Whether `recompute` would find every row as it stands."""
    with closing(connect(path)) as other:
        before = counted.digests(other)
        other.execute("BEGIN")
        counted.recount(other, lambda hall: OFFSET_MINUTES)
        other.execute("COMMIT")
        return counted.digests(other) == before


async def test_an_undone_finish_takes_its_run_back_until_it_is_finished_again(store: SqliteStore) -> None:
    journal = Journal()
    finish(journal, "r1")
    await put(store, journal)
    assert (await day(store))[0] == 1
    undo(journal, "r1")
    await put(store, journal, 1)
    assert await store.tallies("window", DAY, DAY, None) == []
    assert await store.times("hall", DAY, DAY, None) == []
    finish(journal, "r1", window="2", at_ms=NOON_MS + DAY_MS)
    await put(store, journal, 2)
    (tally,) = await store.tallies("window", DAY, "2026-11-30", None)
    assert (tally.key, tally.served) == (("qingxi", "2"), 1)
    assert [t.key for t in await store.tallies("day", DAY, "2026-11-30", None)] == [("2026-11-22",)]


async def test_a_finish_of_the_same_second_leaves_its_own_milliseconds(store: SqliteStore, tmp_path: Path) -> None:
    journal = Journal()
    for after, served_ms in ((0, 60_100), (1, 60_900)):
        if after:
            undo(journal, "r1")
        data = {"run": "r1", "ticket": "t1", "window": "1", "staff": "s1", "service": "A", "served_ms": served_ms}
        journal.add("hall.ticket.finished", data)
        await put(store, journal, after)
        for by in ("hall", "window", "staff", "service", "quarter"):
            (tally,) = await store.times(by, DAY, DAY, None)
            assert (tally.times.served, tally.times.serving.sum_ms) == (1, served_ms), by
    assert same_when_counted_anew(tmp_path / FILE_NAME)


async def test_an_event_that_is_malformed_and_out_of_its_place_is_kept_for_what_it_is(
    store: SqliteStore, tmp_path: Path
) -> None:
    journal = Journal()
    journal.add("hall.ticket.finished", {"run": 7})
    finish(journal, "r2")
    # Their numbers are 1 and 2, their places 2 and 3.
    events, journal = journal.events, Journal()
    finish(journal, "r1")
    for data in events:
        journal.add_raw(data)
    finish(journal, "r4")
    stored = await put(store, journal)
    assert (stored.stored_through, sorted(stored.quarantined)) == (4, [2, 3])
    assert "data of hall.ticket.finished" in stored.quarantined[2]
    assert stored.quarantined[3] == "its sequence is 2, its place in the journal 3"
    assert same_when_counted_anew(tmp_path / FILE_NAME)


async def test_a_store_that_was_counted_by_other_rules_is_counted_anew(tmp_path: Path) -> None:
    path, journal = tmp_path / FILE_NAME, Journal()
    store = SqliteStore(path, asyncio.get_running_loop())
    finish(journal, "r1")
    await put(store, journal)
    await store.close()
    with closing(connect(path)) as other:
        other.execute("UPDATE ratings_rollup SET served = 7")
    for rules, served in ((VERSION, 7), (VERSION - 1, 1)):
        with closing(connect(path)) as other:
            other.execute("UPDATE counted SET rules = ?", (rules,))
        store = SqliteStore(path, asyncio.get_running_loop())
        assert (await day(store))[0] == served
        await store.close()


async def test_a_rating_makes_an_undone_run_stand(store: SqliteStore) -> None:
    journal = Journal()
    finish(journal, "r1")
    journal.add("hall.rating.submitted", rating("r1", 2, 1))
    undo(journal, "r1")
    finish(journal, "r1", window="2")
    await put(store, journal)
    (tally,) = await store.tallies("window", DAY, DAY, None)
    assert (tally.key, tally.served, tally.grades) == (("qingxi", "1"), 1, (0, 1, 0, 0, 0))


async def test_a_week_away_lands_on_its_days_and_a_late_rating_moves_its_run(store: SqliteStore) -> None:
    journal = Journal()
    for ago in range(7):
        finish(journal, f"r{ago}", at_ms=NOON_MS - ago * DAY_MS)
    await put(store, journal)
    assert [t.served for t in await store.tallies("day", "2026-11-15", DAY, None)] == [1] * 7
    assert await day(store, "2026-11-18") == (1, (0, 0, 0, 0, 0))
    phone = rating("r3", 4, 1) | {"channel": "phone", "device": None, "epoch": None, "fact": None}
    journal.add("hall.rating.submitted", phone, at_ms=NOON_MS)
    await put(store, journal, 7)
    assert await day(store, "2026-11-18") == (1, (0, 0, 0, 1, 0))
    assert await day(store) == (1, (0, 0, 0, 0, 0))


async def test_practice_is_stored_and_never_counted(store: SqliteStore) -> None:
    journal = Journal()
    data = {"run": "r1", "window": "1", "staff": "s1", "service": "A", "training": True}
    journal.add("hall.ticket.finished", data)
    journal.add("hall.ticket.finished", data | {"run": "r2", "training": False})
    assert (await put(store, journal)).stored_through == 2
    assert (await day(store))[0] == 1


async def test_how_long_a_window_was_open(store: SqliteStore) -> None:
    """9 to 12 with half an hour of pause; a clerk who forgot to sign out is at work until the last finish."""
    journal = Journal()
    at = NOON_MS - 3 * HOUR_MS
    journal.add("hall.staff.signed_in", {"staff": "s1", "window": "1", "role": "A"}, at_ms=at)
    journal.add("hall.window.paused", {"staff": "s1", "window": "1"}, at_ms=at + HOUR_MS)
    journal.add("hall.window.unpaused", {"staff": "s1", "window": "1"}, at_ms=at + HOUR_MS * 3 // 2)
    journal.add("hall.staff.signed_out", {"staff": "s1", "window": "1", "role": "A"}, at_ms=at + 3 * HOUR_MS)
    journal.add("hall.ticket.called", {"ticket": "t1", "window": "2", "waited_ms": 5000}, at_ms=NOON_MS)
    finish(journal, "r1", window="2", at_ms=NOON_MS + HOUR_MS)
    journal.add("hall.staff.signed_out", {"staff": "s2", "window": "2", "role": "A"}, at_ms=NOON_MS + DAY_MS)
    await put(store, journal)
    times = {t.key[-1]: t.times.open_ms for t in await store.times("window", DAY, DAY, None)}
    assert times == {"1": HOUR_MS * 5 // 2, "2": HOUR_MS}
    (hall,) = await store.times("hall", DAY, DAY, None)
    assert hall.times.open_ms == HOUR_MS * 7 // 2


async def test_an_unbelievable_time_is_no_sample_and_stops_nobody(store: SqliteStore) -> None:
    journal = Journal()
    for number in range(3):
        data = {"run": f"r{number}", "window": "1", "served_ms": 2**53 - 1}
        journal.add("hall.ticket.finished", data)
        journal.add("hall.ticket.called", {"ticket": f"t{number}", "window": "1", "waited_ms": 2**53 - 1})
    assert (await put(store, journal)).quarantined == {}
    (hall,) = await store.times("hall", DAY, DAY, None)
    assert (hall.times.served, hall.times.called, hall.times.waiting.count, hall.times.serving.count) == (3, 3, 0, 0)


async def test_a_store_of_the_first_schema_is_brought_up_and_counted_anew(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    old = connect(path)
    migrate(old, MIGRATIONS[:1])
    journal = Journal()
    for number in range(30):
        journal.run(number, 5 if number % 2 else None)
    old.execute("INSERT INTO journals VALUES (1, ?, 'qingxi', ?, ?, 0, 0, 0)", (journal.name, journal.through, b""))
    for sequence, data in enumerate(journal.events, start=1):
        old.execute("INSERT INTO events VALUES (1, ?, ?, ?)", (sequence, data, journal.links[sequence]))
    old.close()
    store = SqliteStore(path, asyncio.get_running_loop())
    try:
        assert await day(store) == (30, (0, 0, 0, 0, 15))
        assert (await store.cursor("qingxi", journal.name)).stored_through == journal.through
    finally:
        await store.close()


def recompute(folder: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(center, ["recompute", "--config", str(folder / "center.toml"), *options])
    return done.exit_code, done.output


async def test_recompute_finds_and_mends_figures_that_are_not_the_events(tmp_path: Path) -> None:
    (tmp_path / "center.toml").write_text(CONFIG, "utf-8")
    (tmp_path / "var").mkdir()
    path = tmp_path / "var" / FILE_NAME
    store = SqliteStore(path, asyncio.get_running_loop())
    journal = Journal()
    for number in range(40):
        journal.run(number, number % 5 + 1, window=str(number % 3))
    journal.add("hall.ticket.finished", {"run": 1})
    journal.add("hall.device.online", {"device": "ev1", "role": "evaluator", "detail": {"epoch": "a"}})
    journal.add("hall.device.replaced", {"device": "ev1", "role": "evaluator", "detail": {"by": "ev2", "epoch": "a"}})
    await put(store, journal)
    await store.close()
    assert await asyncio.to_thread(recompute, tmp_path) == (0, "recompute: 163 events; every figure is the same\n")
    tampered = sqlite3.connect(path)
    tampered.execute("UPDATE ratings_rollup SET grade_5 = grade_5 + 1 WHERE dimension = 'hall' AND grain = 'day'")
    tampered.execute("UPDATE runs SET grade = 5 WHERE grade = 1")
    tampered.commit()
    status, said = await asyncio.to_thread(recompute, tmp_path, "--check")
    assert (status, "runs, ratings_rollup; nothing was changed" in said) == (1, True), said
    assert (await asyncio.to_thread(recompute, tmp_path))[0] == 1
    assert (await asyncio.to_thread(recompute, tmp_path))[0] == 0
    tampered.close()


async def test_recompute_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "center.toml").write_text(CONFIG, "utf-8")
    status, said = await asyncio.to_thread(recompute, tmp_path)
    assert status == 1
    assert "there is no store here" in said


async def test_a_recount_keeps_the_order_of_arrival_where_halls_share_a_box(store: SqliteStore, tmp_path: Path) -> None:
    """A box that moved sends one fact by both halls' journals: the first that came counts, also when counted again."""
    one, two = Journal(name="j1"), Journal(hall="liuhe", name="j2")
    for journal, run in ((two, "r2"), (one, "r1")):
        finish(journal, run)
        journal.add("hall.rating.submitted", rating(run, 5, 7))
        finish(journal, run + "b")
    await put(store, two)
    await put(store, one)
    before = {t.key: t.grades[4] for t in await store.tallies("hall", DAY, DAY, None)}
    assert before == {("liuhe",): 1, ("qingxi",): 0}
    other = connect(tmp_path / FILE_NAME)
    digests = counted.digests(other)
    other.execute("BEGIN")
    assert counted.recount(other, lambda hall: OFFSET_MINUTES) == 6
    other.execute("COMMIT")
    assert counted.digests(other) == digests
    other.close()


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-11-05", "2026-11-20", [("day", "2026-11-05", "2026-11-05"), ("five", "2026-11-06", "2026-11-16")]),
        ("2026-11-07", "2026-11-10", [("day", "2026-11-07", "2026-11-10")]),
        ("2026-11-07", "2026-11-14", [("day", "2026-11-07", "2026-11-14")]),
        ("2026-02-26", "2026-02-28", [("five", "2026-02-26", "2026-02-26")]),
        ("2026-02-26", "2026-02-27", [("day", "2026-02-26", "2026-02-27")]),
        (
            "2025-02-14",
            "2025-09-17",
            [
                ("day", "2025-02-14", "2025-02-15"),
                ("five", "2025-02-16", "2025-02-26"),
                ("month", "2025-03", "2025-08"),
                ("five", "2025-09-01", "2025-09-11"),
                ("day", "2025-09-16", "2025-09-17"),
            ],
        ),
        ("2026-11-01", "2026-11-30", [("month", "2026-11", "2026-11")]),
        ("2025-01-01", "2025-12-31", [("month", "2025-01", "2025-12")]),
        (
            "2025-12-31",
            "2026-03-01",
            [
                ("day", "2025-12-31", "2025-12-31"),
                ("month", "2026-01", "2026-02"),
                ("day", "2026-03-01", "2026-03-01"),
            ],
        ),
        ("2026-11-01", "2026-11-29", [("five", "2026-11-01", "2026-11-21"), ("day", "2026-11-26", "2026-11-29")]),
        ("2026-02-01", "2026-03-05", [("month", "2026-02", "2026-02"), ("five", "2026-03-01", "2026-03-01")]),
    ],
)
def test_a_range_is_whole_months_and_fives_and_days_around_them(
    first: str, last: str, expected: list[tuple[str, str, str]]
) -> None:
    assert periods(first, last) == expected


async def test_a_replaced_box_is_no_box_of_the_hall_until_it_is_registered_anew(store: SqliteStore) -> None:
    journal = Journal()
    box = {"device": "ev1", "role": "evaluator"}

    async def told(kind: str, detail: dict[str, str], device: str = "ev1") -> tuple[list[str], int, int]:
        journal.add(f"hall.device.{kind}", box | {"device": device, "detail": detail})
        await put(store, journal, len(journal.events) - 1)
        (hall_day,) = await store.hall_day({"qingxi": DAY})
        known = [each.device for each in await store.devices(["qingxi"])]
        return known, hall_day.devices_up, hall_day.devices

    assert await told("online", {"epoch": "a"}) == (["ev1"], 1, 1)
    assert await told("online", {"epoch": "b"}, "ev2") == (["ev1", "ev2"], 2, 2)
    assert await told("replaced", {"by": "ev2", "epoch": "a"}) == (["ev2"], 1, 1)
    # What it still holds is fetched, under its dead key.
    assert await told("online", {"epoch": "a"}) == (["ev2"], 1, 1)
    assert await told("booted", {}) == (["ev2"], 1, 1)
    assert await told("online", {"epoch": "c"}) == (["ev1", "ev2"], 2, 2)
    # The same two again.
    assert await told("replaced", {"by": "ev2", "epoch": "c"}) == (["ev2"], 1, 1)


async def test_a_box_that_is_back_is_no_fault_and_what_it_told_of_itself_stands(store: SqliteStore) -> None:
    journal = Journal()

    async def told(kind: str, code: str) -> str | None:
        journal.add(f"hall.device.{kind}", {"device": "ev1", "role": "evaluator", "detail": {"code": code}})
        await put(store, journal, len(journal.events) - 1)
        (device,) = await store.devices(["qingxi"])
        return device.fault

    assert await told("fault", "silent") is not None
    assert await told("recovered", "silent") is None
    await told("fault", "silent")
    assert "stuck_key" in (await told("fault", "stuck_key") or "")
    assert "stuck_key" in (await told("recovered", "silent") or "")
    assert await told("recovered", "stuck_key") is None


async def test_a_month_that_only_a_run_without_a_window_told_of_is_over_with_the_others(
    store: SqliteStore, tmp_path: Path
) -> None:
    journal = Journal()
    done = {"run": "r1", "ticket": None, "window": None, "staff": "s1", "service": "A", "served_ms": 60_000}
    journal.add("hall.ticket.finished", done)
    await put(store, journal)
    (alone,) = await store.tallies("month", "2026-11-01", "2026-11-30", None)
    finish(journal, "r2", at_ms=NOON_MS + 60 * DAY_MS)
    await put(store, journal, 1)
    assert await store.tallies("month", "2026-11-01", "2026-11-30", None) == [alone]
    assert [t.served for t in await store.tallies("month", "2026-01-01", "2027-12-31", None)] == [1, 1]
    with closing(connect(tmp_path / FILE_NAME)) as connection:
        over = connection.execute("SELECT DISTINCT grain, span FROM times_rollup WHERE grain <> 'day' ORDER BY 1")
        assert over.fetchall() == [("five", "2026-11-21"), ("month", "2026-11")]
    assert same_when_counted_anew(tmp_path / FILE_NAME)
