"""What doors ask of the printers, with this room's errors told as problems."""

import asyncio
from io import BytesIO
from typing import Any

from common.catalogue import CHINESE, translations
from common.errors import CommonError
from common.problem import Problem
from hub.hall.store import HallStore
from hub.paperwork import NoPaperError, NotPrintedError, Paperwork, compose
from hub.printing.errors import UnknownPrinterError
from hub.printing.label import BoxLabel
from hub.printing.paper import Paper, rendered
from hub.printing.printers import Printers
from hub.queueing.commands import IssueTicket
from protocol.ticket import NARROW, WIDE

# A practice ticket: it looks like one, and nobody waits for it.
PRACTICE = {
    "ticket": "",
    "number": "A000",
    "ahead": 3,
    "wait": {"low_min": 5, "high_min": 12},
    "token": "practice",
    "training": True,
}
COLUMNS = {58: NARROW, 80: WIDE}


def _(text: str) -> str:
    """Marks a message for the catalogue."""
    return text


_ROLES = {"evaluator": _("Evaluator"), "caller": _("Caller"), "dispenser": _("Dispenser")}


class PaperDesk:
    """See `hub.web.house.PaperDoors`."""

    def __init__(self, paperwork: Paperwork, printers: Printers, hall: HallStore) -> None:
        self._paperwork = paperwork
        self._printers = printers
        self._hall = hall

    def printers_view(self) -> list[dict[str, Any]]:
        """Every printer."""
        return self._printers.state()

    async def give_on_paper(self, command: IssueTicket, request: str, printer: str, address: str) -> dict[str, Any]:
        """A number on paper."""
        try:
            return await self._paperwork.give(command, request, printer, address)
        except UnknownPrinterError as error:
            raise Problem(422, "unknown-printer", f"There is no printer {printer!r}", str(error)) from error
        except NoPaperError as error:
            raise Problem(
                409,
                "printer-not-ready",
                "The printer can't print now; no number was given",
                "Take the number on the phone, at the desk, or at another machine.",
                printer=error.printer,
                state=error.state,
            ) from error
        except NotPrintedError as error:
            raise Problem(
                409,
                "not-printed",
                f"{error.number} was not printed and is void",
                "Ask for a new number: on the phone, at the desk, or at another machine.",
                printer=error.printer,
                state=error.reason,
                number=error.number,
            ) from error

    async def test_print(self, printer: str) -> dict[str, Any]:
        """A practice ticket on a printer."""
        try:
            return {"printer": printer, "state": await self._printers.print(printer, self._practice(None))}
        except UnknownPrinterError as error:
            raise Problem(404, "unknown-printer", f"There is no printer {printer!r}", str(error)) from error

    async def print_label(self, printer: str, device: str, role: str, window: str | None) -> dict[str, Any]:
        """A box's label on a printer."""
        chinese = translations(CHINESE).gettext
        rows = self._hall.rows
        name = next((row.name for row in rows.windows if row.id == window), window or "")
        label = BoxLabel(device, chinese(_ROLES.get(role, role)), name, rows.hall.name)
        try:
            return {"printer": printer, "state": await self._printers.print(printer, label)}
        except UnknownPrinterError as error:
            raise Problem(404, "unknown-printer", f"There is no printer {printer!r}", str(error)) from error

    async def preview(self, service: str | None, paper_mm: int) -> bytes:
        """A practice ticket as a PNG."""
        if service is not None and service not in {row.id for row in self._hall.rows.services}:
            raise Problem(422, "unknown-service", f"There is no service {service!r}", "GET /api/v1/hall lists them.")
        columns = COLUMNS[paper_mm]
        data = rendered(self._practice(service), columns)
        try:
            return await asyncio.to_thread(_picture, data, columns)
        except CommonError as error:
            raise Problem(503, "no-picture", "The picture could not be drawn", str(error)) from error

    def _practice(self, service: str | None) -> Paper:
        rows = self._hall.rows
        row = next((row for row in rows.services if row.id == service), rows.services[0])
        reply = PRACTICE | {"number": f"{row.prefix}000", "issued_at": "2026-01-01T09:00"}
        return compose(rows, IssueTicket(row.id, "kiosk"), reply, "http://example.invalid")


def _picture(data: bytes, columns: int) -> bytes:
    """Drawing needs Pillow and the fonts; a hub that shows no preview loads neither."""
    from common.paper.decoder import Decoder  # noqa: PLC0415
    from common.paper.errors import PaperError  # noqa: PLC0415
    from common.paper.picture import draw  # noqa: PLC0415

    decoder = Decoder(columns)
    decoder.feed(data)
    kept = BytesIO()
    try:
        draw(decoder.finished[0], columns).save(kept, "PNG")
    except PaperError as error:
        raise CommonError(str(error)) from error
    return kept.getvalue()
