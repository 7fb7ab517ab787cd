"""Delivers what a damaged journal left, under its own id, beside the hall's own uplink; ends when the center has it."""

import asyncio
from collections.abc import Callable

from hub.journal import JournalCorrupt, JournalError
from hub.journal.old import OldJournal
from hub.uplink.client import CenterClient
from hub.uplink.errors import CenterAway, CenterRefused
from hub.uplink.uplink import CURSOR, PROBE_S, Log, Uplink


async def deliver(journals: list[OldJournal], client: CenterClient, chance: Callable[[], float], log: Log) -> None:
    """One after the other; a disk that takes nothing is waited for."""
    for journal in journals:
        log("uplink.old_journal", journal=journal.id, through=journal.durable, what="delivering what was left of it")
        while not await _delivered(journal, client, chance, log):  # noqa: ASYNC110 - a disk tells nobody when it is well
            await asyncio.sleep(PROBE_S * (0.5 + 0.5 * chance()))
        log("uplink.old_journal_delivered", journal=journal.id, through=journal.durable)


async def _delivered(journal: OldJournal, client: CenterClient, chance: Callable[[], float], log: Log) -> bool:
    """Whether the center has it, and the hub has noted that."""
    if not await _has_all(journal, client, chance):
        await _send(journal, client, chance, log)
    try:
        await journal.set_cursor(CURSOR, str(journal.durable))
    except JournalCorrupt:  # only a new start, which sets the damage aside, helps
        raise
    except JournalError as error:
        log("uplink.old_journal_not_noted", journal=journal.id, why=str(error), what="trying again")
        return False
    return True


async def _has_all(journal: OldJournal, client: CenterClient, chance: Callable[[], float]) -> bool:
    """The center may have more than the hub had noted, and more than is left here."""
    while True:
        try:
            cursor = await client.cursor(journal.id)
        except (CenterAway, CenterRefused):
            # The hall's own uplink says what is wrong.
            await asyncio.sleep(PROBE_S * (0.5 + 0.5 * chance()))
        else:
            return cursor.stored_through >= journal.durable


async def _send(journal: OldJournal, client: CenterClient, chance: Callable[[], float], log: Log) -> None:
    sending = asyncio.create_task(Uplink(journal, client, chance, log).run())
    done = asyncio.create_task(journal.done.wait())
    try:
        await asyncio.wait((sending, done), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        sending.cancel()
        done.cancel()
        await asyncio.gather(sending, done, return_exceptions=True)
