"""The hall's rows in their file: begun, changed, undone, found again; and cut at every write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.hall.difference import again, between
from hub.hall.errors import ChangedMeanwhileError, HallFileError, NothingToUndoError, RowsError
from hub.hall.rows import MOST, AnnouncementRow, HallRow, Rows, ServiceRow, StaffRow, WindowRow, ZoneRow, check
from hub.hall.store import UNDO_MOST, HallStore, current

SEED = Rows(
    hall=HallRow(name="测试厅"),
    services=(ServiceRow(id="A", prefix="A", name="社保"), ServiceRow(id="B", prefix="B", name="税务")),
    windows=(
        WindowRow(id="1", name="1号窗口", services=("A", "B")),
        WindowRow(id="2", name="2号窗口", services=("A",)),
    ),
)


def with_rows(rows: Rows, **tables: Any) -> Rows:
    return msgspec.structs.replace(rows, **tables)


def window(name: str, *services: str) -> WindowRow:
    return WindowRow(id=name, name=f"{name}号窗口", services=services)


def do(store: HallStore, rows: Rows, *, undo: bool = False) -> None:
    store.begin(store.prepare(rows), "manager", "2026-11-26T09:00:00+08:00", undo=undo)
    store.settle(happened=True)


def opened(path: Path, seed: Rows = SEED) -> HallStore:
    store = HallStore(path, seed)
    store.keep_seed()
    return store


def test_a_fresh_hall_begins_with_the_settings_files_rows_and_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "hall.json"
    first = opened(path)
    assert (first.rows, first.revision) == (SEED, 1)
    do(first, with_rows(SEED, staff=(StaffRow(code="017", name="王芳"),)))
    first.close()
    second = HallStore(path, SEED)
    assert second.revision == 2
    assert second.rows.staff == (StaffRow(code="017", name="王芳"),)
    assert second.taken_in() is None


def test_whoever_only_looks_leaves_no_file(tmp_path: Path) -> None:
    assert current(tmp_path / "hall.json", SEED) == SEED
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("tables", "where", "what"),
    [
        ({"windows": (window("1", "A"), window("1", "B"))}, "windows[].id", "'1' stands there twice"),
        ({"windows": (window("1", "C"),)}, "windows[0].services", "there is no service 'C'; allowed here: A, B"),
        ({"windows": (window("1", "A", "A"),)}, "windows[0].services", "'A' stands there twice"),
        (
            {"announcements": (AnnouncementRow(id="n", text="今日停电", zone="east"),)},
            "announcements[0].zone",
            "there is no zone 'east'; allowed here: none, for there is no zone yet",
        ),
        (
            {"zones": tuple(ZoneRow(id=f"z{n}", name="区") for n in range(MOST["zones"] + 1))},
            "zones",
            "51 rows; a hall has at most 50",
        ),
        (
            {
                "services": (
                    *SEED.services,
                    *(
                        ServiceRow(
                            id=f"s{n}",
                            prefix="Z",
                            name="多",
                            papers="纸" * 2000,
                            procedure="办" * 2000,
                            legal_basis="法" * 2000,
                        )
                        for n in range(150)
                    ),
                )
            },
            "all rows",
            "2097152 is the most",
        ),
    ],
)
def test_rows_that_can_not_stand_together_are_told_where_and_what_is_allowed(
    tables: dict[str, Any], where: str, what: str
) -> None:
    with pytest.raises(RowsError) as told:
        check(with_rows(SEED, **tables))
    assert told.value.where == where
    assert what in told.value.what


def test_the_difference_names_rows_and_fields_and_never_what_they_hold() -> None:
    after = with_rows(
        SEED,
        hall=HallRow(name="测试厅", closing="17:00"),
        windows=(window("2", "A"), WindowRow(id="3", name="秘密", services=("B",)), window("1", "A")),
    )
    plain = [tuple(change.plain().values()) for change in between(SEED, after)]
    assert plain == [
        ("hall", "", "changed", ["closing"]),
        ("windows", "3", "added", []),
        ("windows", "1", "changed", ["services"]),
        ("windows", "", "ordered", []),
    ]
    assert between(after, after) == []


def test_changes_are_undone_one_after_another_order_and_all(tmp_path: Path) -> None:
    store = opened(tmp_path / "hall.json")
    steps = [SEED]
    for rows in (
        with_rows(SEED, windows=(window("9", "A"), *SEED.windows)),
        with_rows(SEED, windows=tuple(reversed(SEED.windows))),
        with_rows(SEED, hall=HallRow(name="另一个厅"), services=tuple(reversed(SEED.services))),
    ):
        do(store, rows)
        steps.append(rows)
    store.close()
    store = HallStore(tmp_path / "hall.json", SEED)
    for revision, before in zip((4, 3, 2), reversed(steps[:-1]), strict=True):
        rows, undone = store.before_last()
        assert (rows, undone) == (before, revision)
        do(store, rows, undo=True)
    assert store.rows == SEED
    assert store.revision == 7
    with pytest.raises(NothingToUndoError):
        store.before_last()


def test_only_so_many_changes_can_be_undone(tmp_path: Path) -> None:
    store = opened(tmp_path / "hall.json")
    for number in range(UNDO_MOST + 5):
        do(store, with_rows(SEED, hall=HallRow(name=f"厅{number}")))
    assert len(store.past) == UNDO_MOST
    assert store.past[-1].revision == store.revision


def test_a_change_made_from_old_rows_is_refused_and_the_same_again_changes_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path / "hall.json")
    after = with_rows(SEED, hall=HallRow(name="厅"))
    do(store, after)
    with pytest.raises(ChangedMeanwhileError, match="revision 1, the hall is at 2"):
        store.prepare(SEED, 1)
    assert store.prepare(after, 1).changes == []


@pytest.mark.parametrize("happened", [True, False])
def test_a_change_cut_between_file_and_journal_is_settled_by_the_journals_word(tmp_path: Path, happened: bool) -> None:
    path = tmp_path / "hall.json"
    store = opened(path)
    after = with_rows(SEED, hall=HallRow(name="厅"))
    store.begin(store.prepare(after), "manager", "2026-11-26T09:00:00+08:00")
    store.close()
    again_open = HallStore(path, SEED)
    assert (again_open.rows, again_open.revision, again_open.pending) == (SEED, 1, 2)
    again_open.settle(happened=happened)
    last = HallStore(path, SEED)
    assert (last.rows, last.revision, last.pending) == ((after, 2, None) if happened else (SEED, 1, None))


def test_what_changed_in_the_settings_file_is_taken_in_beside_what_was_changed_live(tmp_path: Path) -> None:
    path = tmp_path / "hall.json"
    store = opened(path)
    do(store, with_rows(SEED, windows=(*SEED.windows, window("3", "B"))))
    store.close()
    edited = with_rows(
        SEED,
        hall=HallRow(name="新厅名"),
        windows=(WindowRow(id="1", name="一号", services=("A",)), window("4", "A"), SEED.windows[1]),
    )
    store = HallStore(path, edited)
    rows = store.taken_in()
    assert rows is not None
    assert [row.id for row in rows.windows] == ["1", "4", "2", "3"]
    assert (rows.windows[0].name, rows.hall.name) == ("一号", "新厅名")
    do(store, rows)
    store.keep_seed()
    assert HallStore(path, edited).taken_in() is None


def test_a_settings_file_that_does_not_fit_what_was_changed_since_says_so(tmp_path: Path) -> None:
    path = tmp_path / "hall.json"
    store = opened(path)
    do(store, with_rows(SEED, windows=(*SEED.windows, window("3", "B"))))
    store.close()
    without_b = with_rows(SEED, services=SEED.services[:1], windows=(window("1", "A"), SEED.windows[1]))
    with pytest.raises(RowsError, match=r"there is no service 'B'.*The settings file was changed"):
        HallStore(path, without_b).taken_in()


def test_again_leaves_what_did_not_change() -> None:
    here = with_rows(SEED, staff=(StaffRow(code="1", name="甲"),))
    assert again(SEED, SEED, here) == here
    assert again(SEED, with_rows(SEED, windows=SEED.windows[:1]), here).windows == SEED.windows[:1]


def no_object(text: str) -> str:
    return text[: len(text) // 2]


def strange_row(text: str) -> str:
    tables = json.loads(text)
    tables["windows"]["1"]["services"] = 7
    return json.dumps(tables)


def no_hall(text: str) -> str:
    tables = json.loads(text)
    del tables["hall"]
    return json.dumps(tables)


@pytest.mark.parametrize("harm", [no_object, strange_row, no_hall])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, harm: Callable[[str], str]) -> None:
    path = tmp_path / "hall.json"
    opened(path).close()
    path.write_text(harm(path.read_text("utf-8")), "utf-8")
    with pytest.raises(HallFileError, match=r"hall\.json.*Restore it from a backup, or move it away"):
        HallStore(path, SEED)


def test_a_file_that_can_not_be_written_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "hall.json"
    store = opened(path)
    beside = tmp_path / "hall.json.new"
    beside.mkdir()  # what is written beside can't be opened
    with pytest.raises(HallFileError, match="nothing was changed"):
        do(store, with_rows(SEED, hall=HallRow(name="厅")))
    assert (store.rows, store.pending) == (SEED, None)
    beside.rmdir()
    assert HallStore(path, SEED).rows == SEED
