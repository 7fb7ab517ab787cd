"""What the journal tests run in a process of its own, to be killed or starved: `python -m … <verb> <folder>`."""

import asyncio
import json
import os
import resource
import sys
from pathlib import Path

from hub.journal import Journal, JournalError
from hub.queueing.commands import IssueTicket
from hub.queueing.events import Event
from hub.service import HallService
from tests.support_hub_core import MORNING_MS, open_journal, service

NOBODY = 65534


def say(*words: object) -> None:
    """One line, out at once: what was said before the kill was said."""
    print(*words, flush=True)


async def append(folder: Path) -> None:
    """Appends until killed; says each request when it is acknowledged."""
    journal = open_journal(folder)
    say("open", journal.durable)
    number = journal.durable

    async def one(name: str) -> None:
        event = Event("hall.window.paused", "window/1", {"window": "1", "name": name}, MORNING_MS)
        rows = await journal.append([event, event], MORNING_MS, name, name.encode())
        say("ack", name, rows[-1].sequence)

    while True:
        # Bursts of 1 to 40, so that a kill meets commits of every size.
        burst = 1 + number % 40
        await asyncio.gather(*(one(f"r{number + each}") for each in range(burst)))
        number += burst


async def serve(folder: Path) -> None:
    """Does commands under ids until killed; says each reply."""
    hall, _ = service(open_journal(folder))
    say("open")
    number = 0

    async def one(name: str) -> None:
        say("reply", name, json.dumps(await hall.submit(IssueTicket("A", "kiosk"), name)))

    while True:
        await asyncio.gather(*(one(f"r{number + each}") for each in range(8)))
        number += 8


async def starve(folder: Path) -> None:
    """Gives out numbers until the files may grow no further, then may again."""
    hall, _ = service(open_journal(folder))
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, unlimited[1]))
    given = 0
    try:
        while True:
            await hall.submit(IssueTicket("A", "kiosk"))
            given += 1
    except JournalError as error:
        say("refused", given, hall.state.waiting("A"), hall.shown.waiting("A"), type(error).__name__)
    refusals = 0
    for _ in range(5):
        try:
            await hall.submit(IssueTicket("A", "kiosk"))
        except JournalError:
            refusals += 1
        await asyncio.sleep(0.005)
    say("still", refusals)
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    await say_again(hall)
    await close(hall.journal)


async def say_again(hall: HallService) -> None:
    """Says the first number that is given once the journal takes something again."""
    while True:
        try:
            reply = await hall.submit(IssueTicket("A", "kiosk"))
        except JournalError:
            await asyncio.sleep(0.005)
        else:
            say("again", reply["number"])
            return


async def read_only(folder: Path) -> None:
    """Gives out numbers until nothing in the folder may be written any more, then may again; then opens it so."""
    if os.geteuid() == 0:
        # The administrator may write everywhere.
        os.seteuid(NOBODY)
    hall, _ = service(open_journal(folder))
    await hall.submit(IssueTicket("A", "kiosk"))
    # Open files stay writable, as on any system; what makes it look again is a write that fails.
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    writable(folder, False)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, unlimited[1]))
    try:
        await hall.submit(IssueTicket("A", "kiosk"))
    except JournalError as error:
        say("refused", hall.state.waiting("A"), hall.shown.waiting("A"), type(error).__name__)
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    for _ in range(20):
        await asyncio.sleep(0.005)
        try:
            await hall.submit(IssueTicket("A", "kiosk"))
        except JournalError as error:
            why = str(error)
    say("why", why)
    writable(folder, True)
    await say_again(hall)
    await close(hall.journal)
    writable(folder, False)
    try:
        open_journal(folder)
    except JournalError as error:
        say("opening", error)
    writable(folder, True)
    again, _ = service(open_journal(folder))
    say("opened", again.state.waiting("A"))
    await close(again.journal)


def writable(folder: Path, may: bool) -> None:
    """Files and folder, as on a file system that takes no writes."""
    folder.chmod(0o755 if may else 0o555)
    for path in folder.iterdir():
        path.chmod(0o600 if may else 0o400)


async def close(journal: Journal) -> None:
    await journal.close()
    say("closed")


if __name__ == "__main__":
    asyncio.run(
        {"append": append, "serve": serve, "starve": starve, "read_only": read_only}[sys.argv[1]](Path(sys.argv[2]))
    )
