"""Starting from a kept state: what is used, what is ignored, and that only the rest is replayed."""

import ast
import asyncio
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from hub import service as hub_service
from hub.journal import JournalLimits
from hub.queueing import snapshot
from hub.queueing import state as queueing_state
from hub.queueing.commands import IssueTicket
from hub.queueing.snapshot import SnapshotError
from hub.queueing.window_commands import CallNext, SignIn
from tests.support_hub_core import LAYOUT, open_journal, service


async def morning(folder: Path) -> None:
    """Four events, their state kept at the orderly stop."""
    hall, _ = service(open_journal(folder))
    await hall.submit(SignIn("1", "li"))
    for _ in range(2):
        await hall.submit(IssueTicket("A", "kiosk"))
    await hall.submit(CallNext("1"))
    await hall.journal.close()


def changed(folder: Path, statement: str, *arguments: Any) -> None:
    with sqlite3.connect(folder / "journal.db") as database:
        assert database.execute(statement, arguments).rowcount > 0
    database.close()


def count_applied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    applied: list[str] = []

    def counted(state: Any, event: Any) -> Any:
        applied.append(event.type)
        return apply(state, event)

    apply = hub_service.apply
    monkeypatch.setattr(hub_service, "apply", counted)
    return applied


async def test_an_orderly_stop_keeps_the_state_and_the_next_start_replays_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await morning(tmp_path)
    applied = count_applied(monkeypatch)
    hall, _ = service(open_journal(tmp_path))
    assert applied == []
    assert hall.state.waiting("A") == hall.shown.waiting("A") == 1
    assert hall.state.windows["1"].staff == "li"
    await hall.journal.close()


async def test_a_state_is_kept_every_so_many_events_and_a_killed_hub_replays_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_service, "SNAPSHOT_EVERY", 10)
    hall, _ = service(open_journal(tmp_path))
    for _ in range(37):
        await hall.submit(IssueTicket("A", "kiosk"))
    await hall.journal.settled()
    hall.journal.on_closing = lambda: None
    assert [kept.sequence for kept in hall.journal.snapshots()] == [30, 20]
    await hall.journal.close()
    applied = count_applied(monkeypatch)
    again, _ = service(open_journal(tmp_path))
    assert len(applied) == 7
    assert again.state == hall.state
    await again.journal.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE snapshots SET state = zeroblob(40)", "bytes are not what was written"),
        ("UPDATE snapshots SET chain = zeroblob(32)", "bytes are not what was written"),
        ("UPDATE snapshots SET version = 'other'", "bytes are not what was written"),
    ],
)
async def test_a_snapshot_that_is_not_what_was_written_is_ignored_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, statement: str, said: str
) -> None:
    await morning(tmp_path)
    changed(tmp_path, statement)
    with caplog.at_level(logging.WARNING):
        hall, _ = service(open_journal(tmp_path))
    assert said in caplog.text
    assert hall.state.waiting("A") == 1
    await hall.journal.close()


@pytest.mark.parametrize(
    ("version", "state", "said"),
    [
        ("other rules", {"format": 1}, "of other rules"),
        (None, {"format": 99}, "format 99"),
        (None, {"format": 1, "issued": "x"}, "not what these rules wrote"),
        (None, 7, "not what these rules wrote"),
    ],
)
async def test_a_snapshot_of_other_rules_or_another_shape_is_ignored_and_the_one_before_is_used(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    version: str | None,
    state: object,
    said: str,
) -> None:
    await morning(tmp_path)
    hall, _ = service(open_journal(tmp_path))
    await hall.submit(IssueTicket("B", "kiosk"))
    await hall.journal.keep_snapshot(version or hub_service.rules_version(), state)
    hall.journal.on_closing = lambda: None
    await hall.journal.close()
    applied = count_applied(monkeypatch)
    with caplog.at_level(logging.WARNING):
        again, _ = service(open_journal(tmp_path))
    assert said in caplog.text
    assert applied == ["hall.ticket.issued"]
    assert again.state == hall.state
    await again.journal.close()


async def test_a_snapshot_of_another_history_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await morning(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = service(open_journal(tmp_path / "other"))
    for _ in range(4):
        await other.submit(IssueTicket("B", "desk"))
    await other.journal.close()
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("ATTACH ? AS other", (str(tmp_path / "other" / "journal.db"),))
        database.execute("INSERT OR REPLACE INTO snapshots SELECT * FROM other.snapshots")
    database.close()
    with caplog.at_level(logging.WARNING):
        hall, _ = service(open_journal(tmp_path))
    assert "another history" in caplog.text
    assert (hall.state.waiting("A"), hall.state.waiting("B")) == (1, 0)
    await hall.journal.close()


async def test_a_snapshot_that_can_not_be_kept_takes_nothing_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hall, published = service(open_journal(tmp_path, limits=JournalLimits(commit_rows=1)))
    await hall.submit(SignIn("1", "li"))
    bad = hall.journal.keep_snapshot("rules", object())
    issued = [asyncio.create_task(hall.submit(IssueTicket("A", "kiosk"))) for _ in range(3)]
    with pytest.raises(TypeError):
        await bad
    await asyncio.gather(*issued)
    assert [row.sequence for row in published] == [1, 2, 3, 4]
    # Somebody holds the tables: keeping fails, the hall goes on.
    other = sqlite3.connect(tmp_path / "journal.db")
    with other:
        other.execute("DROP TABLE snapshots")
    other.close()
    with caplog.at_level(logging.WARNING):
        hall.keep_snapshot()
        await hall.submit(IssueTicket("A", "kiosk"))
    assert "no snapshot of the state was kept" in caplog.text
    assert len(published) == 5
    await hall.journal.close()


async def test_a_journal_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    await morning(tmp_path)
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("DROP TABLE snapshots")
        database.execute("DROP TABLE old")
        database.execute("DROP TABLE old_journals")
        database.execute("UPDATE meta SET value = 1 WHERE name = 'schema'")
    database.close()
    hall, _ = service(open_journal(tmp_path))
    assert hall.state.waiting("A") == 1
    hall.keep_snapshot()
    await hall.journal.close()
    again = open_journal(tmp_path)
    assert [kept.sequence for kept in again.snapshots()] == [4]
    await again.close()


def test_the_forgetting_of_runs_goes_on_in_its_order() -> None:
    state = queueing_state.new(LAYOUT)
    for number in range(5):
        run = f"{number:016x}"
        state.runs[run] = queueing_state.Run(run, None, "1", "li", "A", queueing_state.RunState.RATED)
        state.run_order.append(run)
    again = snapshot.load(LAYOUT, snapshot.dump(state))
    assert list(again.run_order) == list(state.run_order)
    cut = snapshot.dump(state)
    del cut["runs"][-1]
    for broken in (None, cut):
        with pytest.raises(SnapshotError):
            snapshot.load(LAYOUT, broken)


def test_every_module_that_makes_a_state_is_part_of_the_rules_version() -> None:
    root = Path(queueing_state.__file__).parent
    files = {file.relative_to(root).with_suffix("").as_posix().replace("/", "."): file for file in root.rglob("*.py")}
    rules = {name.removesuffix(".__init__"): file for name, file in files.items() if name != "__init__"}
    reached: set[str] = set()
    left = ["apply", "snapshot"]
    while left:
        name = left.pop()
        reached.add(name)
        for node in ast.walk(ast.parse(rules[name].read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hub.queueing"):
                module = (node.module or "").removeprefix("hub.queueing").removeprefix(".")
                named = {module, *(f"{module}.{each.name}".removeprefix(".") for each in node.names)}
                left += [each for each in named if each in rules and each not in reached]
    assert reached == set(hub_service.STATE_RULES)
