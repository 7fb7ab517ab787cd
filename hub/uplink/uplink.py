"""Brings the journal to the center: from the center's own cursor, in order, without a hole, at once when idle.

The backlog stays in the journal: at most one batch is in memory. A gap is answered by going back; a fork stops the
sending, is said loudly and is never skipped or written over.
"""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from common.metrics import Values
from hub.journal import Journal, JournalCorrupt, JournalError
from hub.journal import Stored as Row
from hub.journal.old import OldJournal
from hub.uplink.client import CenterClient, Stored
from hub.uplink.errors import BatchTooLarge, CenterAway, CenterRefused, Forked, Gap

BATCH_EVENTS = 1000  # the contract's promise of what always fits
BATCH_BYTES = 512 * 1024  # likewise
PROBE_S = 5.0  # contract: probes at most 5 s apart; jittered down to half, so that halls don't come in step
FORK_CHECK_S = 60.0  # a person has to act at the center; until then only the cursor is asked
BEAT_S = 25.0  # an empty batch when nothing happens, so that the center knows the hall is there (it wants one in 30 s)
CURSOR = "center"
CURSOR_EVENTS = 5000  # kept so often, and when nothing happens: a sync for each batch would wear a card for nothing
GAPS_IN_A_ROW = 3  # a center whose cursor moves back each time loses what it stores: wait, don't hammer

Log = Callable[..., None]


class UplinkState(StrEnum):
    """How the hall stands with its center."""

    STARTING = "starting"
    SENDING = "sending"
    IDLE = "idle"
    AWAY = "away"
    REFUSED = "refused"
    FORKED = "forked"


class Uplink:
    """One task (`run`) that sends; `notify` wakes it after a commit."""

    def __init__(
        self, journal: Journal | OldJournal, client: CenterClient, chance: Callable[[], float], log: Log
    ) -> None:
        self._journal = journal
        self._client = client
        self._chance = chance
        self._log = log
        self._fresh = asyncio.Event()
        self._batch_events = BATCH_EVENTS
        self._gaps = 0
        self.state = UplinkState.STARTING
        self.why = ""
        self._kept = int(journal.cursor(CURSOR) or 0)
        self.stored_through = self._kept  # as far as we know before the center is asked
        self.counts = dict.fromkeys(("batches", "events", "failures", "gaps", "forks", "quarantined"), 0)

    def notify(self) -> None:
        """Something was committed."""
        self._fresh.set()

    def status(self) -> dict[str, Any]:
        """For /readyz and pages."""
        return {"state": self.state, "stored_through": self.stored_through, "why": self.why}

    def metrics(self) -> Values:
        """For Prometheus."""
        return {
            "tingting_uplink_state": {(name.value,): float(self.state is name) for name in UplinkState},
            "tingting_uplink_stored_through": {(): self.stored_through},
            "tingting_uplink_behind_events": {(): self._journal.durable - self.stored_through},
            "tingting_uplink_total": {(name,): count for name, count in self.counts.items()},
        }

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._follow()
            except CenterAway as error:
                self._now(UplinkState.AWAY, str(error))
                await self._pause(PROBE_S)
            except CenterRefused as error:
                self._now(UplinkState.REFUSED, str(error))
                await self._pause(PROBE_S)
            except JournalCorrupt:  # only a new start, which sets the damage aside, helps
                raise
            except JournalError as error:  # it says the same to everybody; there may be room again in a moment
                self._now(UplinkState.AWAY, f"the journal can't be read: {error}")
                await self._pause(PROBE_S)
            except Forked as error:
                self.counts["forks"] += 1
                self._now(UplinkState.FORKED, str(error))
                await self._pause(FORK_CHECK_S)
            except Gap as gap:
                self.counts["gaps"] += 1
                self._gaps += 1
                self._log("uplink.gap", stored_through=gap.stored_through, what="going back to where the center is")
                if self._gaps >= GAPS_IN_A_ROW:
                    self._now(
                        UplinkState.REFUSED, f"{self._gaps} gaps in a row: the center does not keep what it takes"
                    )
                    await self._pause(PROBE_S)

    async def _follow(self) -> None:
        """From the center's cursor on, until something goes wrong."""
        cursor = await self._client.cursor(self._journal.id)
        position = cursor.stored_through
        link = await self._check(position, cursor.chain)
        self._reached(position)
        self._batch_events = BATCH_EVENTS  # what was too large once is so until the next beginning
        while True:
            self._fresh.clear()
            rows = await self._next_batch(position)
            try:
                stored = await self._client.post(self._journal.id, position, link.hex(), [row.data for row in rows])
            except BatchTooLarge as error:
                if len(rows) <= 1:
                    raise CenterRefused(f"event {position + 1} alone is too large for the center: {error}") from error
                self._batch_events = max(1, len(rows) // 2)
                continue
            self._check_answer(position, len(rows), stored)
            self._gaps = 0
            self._name_quarantined(stored)
            sent_through = position + len(rows)
            position = stored.stored_through
            link = rows[-1].chain if rows and position == sent_through else await self._link(position)
            self.counts["batches"] += 1
            self.counts["events"] += len(rows)
            self._reached(position)
            if position >= self._journal.durable:
                self._now(UplinkState.IDLE, "")
                await self._wait_for_news()
            else:
                self._now(UplinkState.SENDING, "")

    async def _link(self, position: int) -> bytes:
        link = await asyncio.to_thread(self._journal.chain_at, position)
        if link is None:
            raise Forked(f"the center has event {position}, which journal {self._journal.id} doesn't hold")
        return link

    async def _check(self, position: int, at_center: str) -> bytes:
        """The center's last link must be ours; otherwise one of the two histories is another one."""
        if position > self._journal.durable:
            raise Forked(
                f"the center has event {position} of journal {self._journal.id}, this hub {self._journal.durable}: "
                "this journal was set back (restored from an older copy?)"
            )
        ours = await self._link(position)
        if at_center != ours.hex():
            raise Forked(f"the chain at event {position} of journal {self._journal.id} differs at the center")
        return ours

    def _check_answer(self, position: int, sent: int, stored: Stored) -> None:
        if stored.journal != self._journal.id or stored.stored_through < position + sent:
            raise CenterRefused(
                f"sent through {position + sent}, but it says {stored.stored_through} of journal {stored.journal!r}"
            )
        if stored.stored_through > self._journal.durable:
            raise Forked(f"the center has event {stored.stored_through}, this hub only {self._journal.durable}")

    async def _next_batch(self, position: int) -> list[Row]:
        """Whole events, within both limits, at least one if there is one."""
        batch: list[Row] = []
        size = 2
        for row in await asyncio.to_thread(self._journal.read, position, self._batch_events):
            size += len(row.data) + 1
            if batch and size > BATCH_BYTES:
                break
            batch.append(row)
        return batch

    def _reached(self, position: int) -> None:
        self.stored_through = position
        if position - self._kept >= CURSOR_EVENTS:
            self._keep()

    def _keep(self) -> None:
        """The journal remembers it; it isn't waited for: after a restart the center's cursor says it again."""
        if self.stored_through != self._kept:
            self._kept = self.stored_through
            self._journal.set_cursor(CURSOR, str(self._kept))

    def _name_quarantined(self, stored: Stored) -> None:
        if stored.quarantined:
            self.counts["quarantined"] += len(stored.quarantined)
            self._log(
                "uplink.quarantined",
                events=stored.quarantined,
                what="the center could not read these and keeps them aside; report them to the software's maintainers",
            )

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(BEAT_S):
                await self._fresh.wait()
        except TimeoutError:
            self._keep()
            return  # the next round posts [], which changes nothing and says that we are here

    async def _pause(self, longest_s: float) -> None:
        await asyncio.sleep(longest_s * (0.5 + 0.5 * self._chance()))

    def _now(self, state: UplinkState, why: str) -> None:
        """Says a change of state, once."""
        if state in (UplinkState.AWAY, UplinkState.REFUSED):
            self.counts["failures"] += 1
        if state is self.state and (why == self.why or state is UplinkState.AWAY):
            return
        was, self.state, self.why = self.state, state, why
        todo = {
            UplinkState.AWAY: "nothing is lost; asking again at most 5 s apart",
            UplinkState.REFUSED: "check center.url, center.token and hall.id in the hub's TOML file",
            UplinkState.FORKED: "sending has stopped: one of the two histories was set back; find out which",
        }.get(state, "")
        if not {was, state} <= {UplinkState.IDLE, UplinkState.SENDING}:
            self._log(f"uplink.{state}", why=why, stored_through=self.stored_through, what=todo)
