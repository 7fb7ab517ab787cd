"""The journal under SIGKILL, on a disk that is full, and with a torn tail: what was acknowledged is there."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from common import chain, envelope
from hub.journal import Journal
from hub.queueing.commands import IssueTicket
from hub.queueing.events import Event
from tests.integration.journal_child import NOBODY
from tests.support_hub_core import MORNING_MS, open_journal, service

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20


def child(verb: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.integration.journal_child", verb, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def lines(process: subprocess.Popen[str]) -> Iterator[list[str]]:
    assert process.stdout is not None
    for line in process.stdout:
        # The last line may be cut by the kill.
        if line.endswith("\n"):
            yield line.split()


def whole(journal: Journal) -> list[envelope.Envelope]:
    """Every event, after checking that they are dense and chained."""
    rows = journal.read(0, 1_000_000)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    link = chain.start(journal.id)
    for row in rows:
        link = chain.link(link, row.data)
        assert row.chain == link
    return [envelope.decode(row.data) for row in rows]


async def test_what_was_acknowledged_survives_sigkill(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    acknowledged: dict[str, int] = {}
    for _ in range(KILLS):
        process = child("append", tmp_path)
        wanted = chance.randrange(0, 250)
        heard = 0
        for words in lines(process):
            if words[0] == "ack":
                acknowledged[words[1]] = int(words[2])
                heard += 1
            if heard == wanted:
                process.kill()
                wanted = -1
        assert process.wait() == -9
        process.stdout.close()
        journal = open_journal(tmp_path)
        events = whole(journal)
        assert journal.durable == len(events)
        for name, sequence in acknowledged.items():
            assert events[sequence - 1].request == name
            assert journal.reply(name) == name.encode()
        # A transaction is there whole or not at all.
        assert all(first.request == second.request for first, second in zip(events[::2], events[1::2], strict=True))
        await journal.close()
    assert len(acknowledged) > KILLS


async def test_a_command_sent_again_after_sigkill_gets_its_first_reply_and_changes_nothing(tmp_path: Path) -> None:
    process = child("serve", tmp_path)
    replies: dict[str, dict[str, object]] = {}
    assert process.stdout is not None
    for line in process.stdout:
        word, *rest = line.rstrip("\n").split(" ", 2)
        if word == "reply" and line.endswith("\n"):
            replies[rest[0]] = json.loads(rest[1])
        if len(replies) == 101:
            process.kill()
    assert process.wait() == -9
    process.stdout.close()
    hall, published = service(open_journal(tmp_path))
    stored = hall.journal.durable
    for name, reply in replies.items():
        assert await hall.submit(IssueTicket("A", "kiosk"), name) == reply
    assert (hall.journal.durable, published) == (stored, [])
    numbers = [str(row.event.data["number"]) for row in hall.journal.replay()]
    assert len(numbers) == len(set(numbers)) == stored >= 101
    await hall.journal.close()


def test_a_disk_that_takes_no_more_refuses_and_goes_on_when_it_does(tmp_path: Path) -> None:
    process = child("starve", tmp_path)
    said = {words[0]: words[1:] for words in lines(process)}
    assert process.wait() == 0
    process.stdout.close()
    given, waiting, shown, error = said["refused"]
    assert int(given) > 10
    assert given == waiting == shown
    assert error in ("JournalFull", "JournalFailed")
    assert said["still"] == ["5"]
    assert said["again"] == [f"A{int(given) + 1:03d}"]
    assert said["closed"] == []


def test_a_file_system_that_takes_no_writes_is_said_refuses_and_goes_on_when_it_does() -> None:
    # Not below pytest's own folder: the child gives up its rights, and may not go there.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        work = Path(folder) / "data"
        work.mkdir()
        if os.geteuid() == 0:
            os.chown(work, NOBODY, NOBODY)
        process = child("read_only", work)
        said = {words[0]: words[1:] for words in lines(process)}
        assert process.wait() == 0
        process.stdout.close()
    assert said["refused"] == ["1", "1", "JournalFailed"]
    assert "the file system takes no writes" in " ".join(said["why"])
    assert "it goes on by itself" in " ".join(said["why"])
    assert said["again"] == ["A002"]
    assert "Check the disk and the rights of its folder" in " ".join(said["opening"])
    assert said["opened"] == ["2"]


@pytest.fixture
async def torn(tmp_path: Path) -> tuple[Path, bytes, list[tuple[int, int]]]:
    """A journal as a power cut leaves it: its WAL, and how long that was after each acknowledgement."""
    live = tmp_path / "live"
    journal = open_journal(live)
    wal = live / "journal.db-wal"
    marks = []
    for number in range(40):
        burst = [
            Event("hall.window.paused", "window/1", {"n": number, "words": "x" * 150}, MORNING_MS)
            for _ in range(1 + number % 7)
        ]
        await journal.append(burst, MORNING_MS)
        marks.append((wal.stat().st_size, journal.durable))
    base = tmp_path / "base"
    base.mkdir()
    shutil.copy(live / "journal.db", base)
    tail = wal.read_bytes()
    await journal.close()
    assert [size for size, _ in marks] == sorted({size for size, _ in marks})
    return base, tail, marks


@pytest.mark.parametrize("how", ["truncated", "garbled"])
async def test_a_torn_tail_keeps_what_was_acknowledged_before_the_tear(
    torn: tuple[Path, bytes, list[tuple[int, int]]], tmp_path: Path, how: str
) -> None:
    base, tail, marks = torn
    chance = random.Random(7)
    ends = [size + by for size, _ in marks for by in (-1, 0, 1)]
    tears = {0, 1, 31, 32, 33, *ends, *(chance.randrange(len(tail)) for _ in range(60))}
    for tear in sorted(tear for tear in tears if tear < len(tail)):
        folder = tmp_path / f"torn-{tear}"
        shutil.copytree(base, folder)
        left = tail[:tear] if how == "truncated" else tail[:tear] + bytes(b ^ 0xA5 for b in tail[tear : tear + 9])
        (folder / "journal.db-wal").write_bytes(left + (b"" if how == "truncated" else tail[tear + 9 :]))
        journal = open_journal(folder)
        kept = len(whole(journal))
        assert kept >= max((durable for size, durable in marks if size <= tear), default=0), tear
        assert kept in {0, *(durable for _, durable in marks)}
        assert journal.id == "journal-1"
        # It can be read; it can be written, too.
        event = Event("hall.window.unpaused", "window/1", {"window": "1"}, MORNING_MS)
        assert [row.sequence for row in await journal.append([event], MORNING_MS)] == [kept + 1]
        await journal.close()
        shutil.rmtree(folder)
