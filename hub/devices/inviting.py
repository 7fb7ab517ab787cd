"""Who was served is asked for a grade; where nobody could be asked, that is told as such."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hub.devices.around import Hall, Log
from hub.devices.keeping import Keeping
from hub.devices.reaching import Answer
from hub.devices.registry import Registry
from hub.queueing.commands import InvitationAccepted, InvitationFailed
from hub.queueing.tables import RunState
from protocol import messages

SETTLE_S = 15.0  # boxes greet again within 10 s: who hasn't told of an open question by then doesn't have it

Ask = Callable[[str, int, dict[str, Any]], Awaitable[Answer]]


class Inviting:
    """Asks over `ask`; wait_s: how long a citizen may press, which the hall's configuration may change."""

    def __init__(
        self,
        registry: Registry,
        hall: Hall,
        keeping: Keeping,
        log: Log,
        *,
        ask: Ask,
        is_online: Callable[[str], bool],
        wait_s: Callable[[], int],
    ) -> None:
        self.counts = dict.fromkeys(("invited", "invitations_failed"), 0)
        self._registry = registry
        self._hall = hall
        self._keeping = keeping
        self._log = log
        self._ask = ask
        self._is_online = is_online
        self._wait_s = wait_s

    async def invite(self, run: str, window: str) -> None:
        """The finished citizen is asked; nobody there, or no answer in time, is told as such."""
        devices = self._registry.evaluators(window)
        device = devices[0].device if devices else None
        if device is None or not self._is_online(device):
            await self._failed(run, device, "no evaluator is connected at this window")
            return
        question = {"run": bytes.fromhex(run), "wait_ms": self._wait_s() * 1000}
        answer = await self._ask(device, messages.INVITE, question)
        if answer is None:
            await self._failed(run, device, "no answer in time")
        elif answer[0] == messages.ACCEPTED:
            self.counts["invited"] += 1
            await self._keeping.persist(InvitationAccepted(run, device))
        elif answer[0] != messages.ENDED:  # an ended one has its own fact, which is on its way
            await self._failed(run, device, answer[1] or f"refused with code {answer[0]}")

    def told(self, device: str, open_run: bytes) -> None:
        """A box that has an open question has accepted it, whatever became of its answer."""
        run = self._hall.state.runs.get(open_run.hex())
        if run is not None and run.state in (RunState.OPEN, RunState.AWAY):
            self._keeping.keep(InvitationAccepted(run.id, device))

    def settle_all(self) -> None:
        """Questions that were open when the hub stopped get SETTLE_S to be told of."""
        for run in self._hall.state.unanswered():
            self._keeping.spawn(self._settle(run.id, run.window))

    async def _settle(self, run: str, window: str | None) -> None:
        """A question from before a restart: its box tells of it when it comes, or doesn't have it."""
        await asyncio.sleep(SETTLE_S)
        known = self._hall.state.runs.get(run)
        if known is not None and known.state is RunState.OPEN:
            devices = self._registry.evaluators(window) if window is not None else []
            await self._failed(run, devices[0].device if devices else None, "the hub stopped before it was accepted")

    async def _failed(self, run: str, device: str | None, why: str) -> None:
        self.counts["invitations_failed"] += 1
        self._log("invitation.failed", run=run, device=device, why=why)
        await self._keeping.persist(InvitationFailed(run, device))
