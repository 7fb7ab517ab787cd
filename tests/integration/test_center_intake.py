"""Large batches go through a process beside the center: the answers are the same, and its end loses nothing."""

import asyncio
import contextlib
import fcntl
import gzip
import os
import signal
import struct
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from center.errors import StoreError
from center.ingest import Heading, unpacks_within
from center.intake import AT_ONCE_BYTES, Intake
from tests.center_support import OFFSET_MINUTES, CenterProcess, Journal, running

LIMIT_S = 60.0
POLL_S = 0.01


def beside(center: CenterProcess) -> list[int]:
    """The processes that a center has started."""
    return children(center.process.pid)


def children(pid: int) -> list[int]:
    """The processes that one has started: each belongs to the thread that did."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it has ended meanwhile
            found += map(int, (thread / "children").read_text("ascii").split())
    return found


def large(journal: Journal, runs: int = 150) -> int:
    """Adds more than is read at once; where it ends."""
    before = journal.through
    for number in range(before, before + runs):
        journal.run(number, 1 + number % 5)
    assert sum(map(len, journal.events[before:])) > AT_ONCE_BYTES
    return journal.through


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not true():
            await asyncio.sleep(POLL_S)


def gone(pid: int) -> bool:
    """Ended, whether or not anybody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def unread(pid: int) -> bool:
    """Something stands in the pipe to its stdin."""
    pipe = os.open(f"/proc/{pid}/fd/0", os.O_RDONLY | os.O_NONBLOCK)
    try:
        return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0] > 0
    finally:
        os.close(pipe)


async def test_a_large_batch_is_answered_as_a_small_one(tmp_path: Path) -> None:
    journal = Journal()
    async with running(tmp_path) as center:
        journal.run(1, 5)
        assert (await center.send(journal))[0] == 200
        assert beside(center) == []
        before = journal.through
        journal.add_raw(b'{"no": "event"}')
        through = large(journal)
        status, answer = await center.send(journal, before)
        assert (status, answer["stored_through"], answer["quarantined"]) == (200, through, [before + 1])
        (pid,) = beside(center)
        more = large(journal)
        forked = await center.send(journal, through, link="0" * 64)
        assert (forked[0], forked[1]["type"].rpartition(":")[2]) == (409, "forked")
        cut = b"[" + b",".join(journal.events[through:])
        assert (await center.send(journal, through, body=cut))[0] == 422
        assert (await center.send(journal, through, body=b"[" + b"1," * 200_000 + b"1]"))[0] == 413
        status, answer = await center.send(journal, through)
        assert (status, answer["stored_through"]) == (200, more)
        assert beside(center) == [pid]
    assert gone(pid)


async def test_a_small_body_that_unpacks_to_much_is_read_beside(tmp_path: Path) -> None:
    journal = Journal()
    async with running(tmp_path) as center:
        journal.run(1, 5)
        assert (await center.send(journal, packed=True))[0] == 200
        assert beside(center) == []
        bomb = b"[" + b"1," * 2_000_000 + b"1]"
        assert len(gzip.compress(bomb)) < AT_ONCE_BYTES
        assert (await center.send(journal, journal.through, body=bomb, packed=True))[0] == 413
        assert len(beside(center)) == 1


@pytest.mark.parametrize(
    ("body", "small"),
    [
        (gzip.compress(b"x" * AT_ONCE_BYTES), True),
        (gzip.compress(b"x" * (AT_ONCE_BYTES + 1)), False),
        (gzip.compress(b"x") * 2, False),
        (gzip.compress(os.urandom(AT_ONCE_BYTES + 1)), False),
        (b"no gzip", True),
    ],
    ids=["small", "one byte more", "two members", "large packed", "damaged"],
)
def test_how_large_a_packed_body_is_unpacked(body: bytes, small: bool) -> None:
    assert unpacks_within(body, "gzip", AT_ONCE_BYTES) is small


async def test_the_end_of_the_process_beside_is_no_end_of_the_center(tmp_path: Path) -> None:
    journal = Journal()
    async with running(tmp_path) as center:
        first = large(journal)
        assert (await center.send(journal))[0] == 200
        (pid,) = beside(center)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: gone(pid))
        second = large(journal)
        assert (await center.send(journal, first))[0] == 200
        # And in the midst of a batch.
        (pid,) = beside(center)
        os.kill(pid, signal.SIGSTOP)
        third = large(journal)
        sending = asyncio.create_task(center.send(journal, second))
        await until(lambda: unread(pid))
        os.kill(pid, signal.SIGKILL)
        status, answer = await sending
        assert (status, answer["type"].rpartition(":")[2]) == (503, "not-stored")
        status, answer = await center.send(journal, second)
        assert (status, answer["stored_through"]) == (200, third)
        report = await center.ratings()
        assert report["served"] == report["rated"] == third // 4


def body_of(journal: Journal) -> tuple[Heading, bytes]:
    heading = Heading(journal.hall, journal.name, 0, bytes(32), OFFSET_MINUTES)
    return heading, b"[" + b",".join(journal.events) + b"]"


@pytest.mark.parametrize("runs", [150, 900], ids=["while it reads", "while it is sent to"])
async def test_a_process_beside_that_stands_still_costs_one_batch(runs: int) -> None:
    journal = Journal()
    large(journal, runs)
    heading, body = body_of(journal)
    before = children(os.getpid())
    intake = Intake(answer_s=LIMIT_S)
    async with asyncio.timeout(5 * LIMIT_S):
        assert len((await intake.read(heading, body, "")).unfolded().elements) == journal.through
        (pid,) = set(children(os.getpid())) - set(before)
        os.kill(pid, signal.SIGSTOP)
        intake.answer_s = 0.5
        with pytest.raises(StoreError, match=r"ended with -9 with this one; another is started"):
            await intake.read(heading, body, "")
        assert gone(pid)
        intake.answer_s = LIMIT_S
        assert len((await intake.read(heading, body, "")).unfolded().elements) == journal.through
        await intake.close()


async def test_a_process_beside_that_stands_still_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("center.intake.END_S", 0.5)
    journal = Journal()
    large(journal)
    heading, body = body_of(journal)
    before = children(os.getpid())
    intake = Intake(answer_s=60 * LIMIT_S)
    async with asyncio.timeout(2 * LIMIT_S):
        await intake.read(heading, body, "")
        (pid,) = set(children(os.getpid())) - set(before)
        os.kill(pid, signal.SIGSTOP)
        reading = asyncio.create_task(intake.read(heading, body, ""))
        await until(lambda: unread(pid))
        await intake.close()
        with pytest.raises(StoreError):
            await reading
    assert gone(pid)


async def test_nothing_is_left_of_a_killed_center(tmp_path: Path) -> None:
    journal = Journal()
    async with running(tmp_path) as center:
        large(journal)
        assert (await center.send(journal))[0] == 200
        (pid,) = beside(center)
        center.kill()
        await until(lambda: gone(pid))
