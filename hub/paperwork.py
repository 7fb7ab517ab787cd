"""A number and its paper: the printer is asked first, the number is given and committed, then printed, and what the
printer says of it is a fact again. A number whose paper did not come out is void."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from hub.errors import HubError
from hub.hall.rows import Rows
from hub.printing.paper import Paper
from hub.printing.printers import OK, READY, Printers
from hub.queueing.commands import Command, IssueTicket, PrintFailed, TicketPrinted
from hub.queueing.errors import Refusal
from hub.queueing.state import State
from hub.queueing.tables import TicketState

# Answers remembered for a request that is asked again: a kiosk asks again within seconds.
REMEMBERED = 500
# The journal takes nothing (a full disk): the paper is out, and its word is kept until it can be written.
AGAIN_S = 1.0
RESTARTED = "hub_restarted"

Submit = Callable[[Command, str | None], Awaitable[dict[str, Any]]]


def compose(rows: Rows, command: IssueTicket, reply: dict[str, Any], address: str) -> Paper:
    """What stands on the paper of a reply; address: where the citizen's phone finds this hub."""
    row = next((row for row in rows.services if row.id == command.service), None)
    matter = next((each for each in rows.matters if each.id == command.matter), row)
    zone = next((each.name for each in rows.zones if row is not None and each.id == row.zone), "")
    wait = reply.get("wait")
    return Paper(
        ticket=reply["ticket"],
        number=reply["number"],
        matter=command.service if matter is None else matter.name,
        matter_en="" if matter is None else matter.name_en,
        hall=rows.hall.name,
        zone=zone if row is None or matter is None else matter.place or row.place or zone,
        ahead=reply["ahead"],
        wait="" if wait is None else f"{wait['low_min']}–{wait['high_min']}",
        url=f"{address}/t/{reply['token']}",
        at=reply["issued_at"][:16].replace("T", " "),
        training=reply["training"],
    )


class NoPaperError(HubError):
    """The printer can't print now: no number was given. `state` says why."""

    def __init__(self, printer: str, state: str) -> None:
        super().__init__(f"Printer {printer} is {state}; no number was given.")
        self.printer = printer
        self.state = state


class NotPrintedError(HubError):
    """The paper did not come out whole: the number is void."""

    def __init__(self, printer: str, number: str, reason: str) -> None:
        super().__init__(f"{number} was not printed ({reason}) and is void.")
        self.printer = printer
        self.number = number
        self.reason = reason


class Paperwork:
    """compose: what stands on the paper of a reply to `IssueTicket`, for a page that was opened at this address."""

    def __init__(
        self,
        printers: Printers,
        submit: Submit,
        state: Callable[[], State],
        compose: Callable[[IssueTicket, dict[str, Any], str], Paper],
        log: Callable[..., None],
    ) -> None:
        self._printers = printers
        self._submit = submit
        self._state = state
        self._compose = compose
        self._log = log
        self._jobs: OrderedDict[str, asyncio.Task[str]] = OrderedDict()

    async def give(self, command: IssueTicket, request: str, printer: str, address: str) -> dict[str, Any]:
        """A number on paper; raises `Refusal`, `NoPaperError`, `NotPrintedError`, `UnknownPrinterError`.

        The same request again waits for the same paper.
        """
        job = self._jobs.get(request)
        if job is None:
            state = await self._printers.ready(printer)
            if state not in READY:
                raise NoPaperError(printer, state)
        wanted = replace(command, printer=printer)
        reply = await self._submit(wanted, request)
        if "token" not in reply:
            return reply  # the id belongs to another door's command
        job = self._jobs.get(request)
        if job is None:
            job = asyncio.create_task(self._print(wanted, reply, printer, address))
            self._jobs[request] = job
            while len(self._jobs) > REMEMBERED:
                self._jobs.popitem(last=False)
        result = await asyncio.shield(job)
        if result != OK:
            raise NotPrintedError(printer, reply["number"], result)
        return reply

    async def _print(self, command: IssueTicket, reply: dict[str, Any], printer: str, address: str) -> str:
        found = self._state().tickets.get(reply["ticket"])
        if found is None or found.state is not TicketState.PRINTING:
            # Asked again after a restart: what became of its paper is told already.
            return OK if found is not None else RESTARTED
        result = await self._printers.print(printer, self._compose(command, reply, address))
        await self._tell(reply["ticket"], printer, result)
        return result

    async def _tell(self, ticket: str, printer: str, result: str) -> None:
        told: Command = TicketPrinted(ticket, printer) if result == OK else PrintFailed(ticket, printer, result)
        while True:
            try:
                await self._submit(told, None)
            except Refusal as refusal:
                # Cancelled or swept meanwhile: there is nothing to confirm.
                self._log("hub.print_not_told", ticket=ticket, printer=printer, why=str(refusal))
            except HubError as error:
                self._log("hub.print_not_journalled", ticket=ticket, printer=printer, why=str(error))
                await asyncio.sleep(AGAIN_S)
                continue
            return

    async def recover(self, printers: set[str]) -> None:
        """What a stop left half-way: not confirmed counts as not printed, and a slip says so."""
        left = [
            (each.id, each.number, each.printer)
            for each in self._state().tickets.values()
            if each.state is TicketState.PRINTING and each.printer in printers
        ]
        for ticket, number, printer in left:
            await self._tell(ticket, str(printer), RESTARTED)
            self._printers.owe_void(str(printer), number)

    async def close(self) -> None:
        """Papers under way are let go; the next start settles them."""
        jobs = [job for job in self._jobs.values() if not job.done()]
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
