"""The doors to the printers at the hub: how they are, a test, and a ticket as a picture."""

from aiohttp import web

from common.problem import Problem
from common.tokens import Holder
from hub.web.bodies import json_response, read_body
from hub.web.door import API, Door
from hub.web.house import HOUSE
from hub.web.printer_schema import LabelWanted, PrinterAsked, Printers, PrintTest
from hub.web.who import asker

_READERS = (Holder("kiosk"), Holder("desk"), Holder("manager"), Holder("admin"))
_KEEPERS = (Holder("manager"), Holder("admin"))
_WIDTHS = ("58", "80")


async def printers(request: web.Request) -> web.Response:
    """Whether each may be asked for paper, as last heard a few seconds ago."""
    asker(request, *_READERS)
    return json_response({"printers": request.app[HOUSE].paper.printers_view()})


async def test_print(request: web.Request) -> web.Response:
    """A practice ticket."""
    asker(request, *_KEEPERS)
    wanted: PrintTest = await read_body(request, PrintTest)
    return json_response(await request.app[HOUSE].paper.test_print(wanted.printer))


async def print_label(request: web.Request) -> web.Response:
    """The label of a registered box; nothing of it is secret."""
    asker(request, *_KEEPERS)
    wanted: LabelWanted = await read_body(request, LabelWanted)
    house = request.app[HOUSE]
    known = next((each for each in house.devices.shown_devices() if each["device"] == wanted.device), None)
    if known is None:
        raise Problem(
            404, "unknown-device", f"No device {wanted.device!r} is registered", "GET /api/v1/devices lists them."
        )
    return json_response(await house.paper.print_label(wanted.printer, known["device"], known["role"], known["window"]))


async def preview(request: web.Request) -> web.Response:
    """A practice ticket as a picture."""
    asker(request, *_KEEPERS)
    width = request.query.get("paper_mm", "80")
    if width not in _WIDTHS:
        raise Problem(400, "wrong-query", f"paper_mm is {width!r}", f"It must be one of {', '.join(_WIDTHS)}.")
    picture = await request.app[HOUSE].paper.preview(request.query.get("service"), int(width))
    return web.Response(body=picture, content_type="image/png", headers={"Cache-Control": "no-store"})


PRINTER_DOORS = (
    Door(
        "GET",
        f"{API}/printers",
        printers,
        ("kiosk", "desk", "manager", "admin"),
        "Printers at the hub: whether each may be asked for paper, and what is wrong since when",
        Printers,
        problems=(401, 403),
    ),
    Door(
        "POST",
        f"{API}/printers/test",
        test_print,
        ("manager", "admin"),
        "Prints a ticket that is marked as practice",
        PrinterAsked,
        PrintTest,
        problems=(400, 401, 403, 404, 413, 415, 422),
    ),
    Door(
        "POST",
        f"{API}/printers/label",
        print_label,
        ("manager", "admin"),
        "Prints the label of a registered box: its name, its window, a QR code of its name",
        PrinterAsked,
        LabelWanted,
        problems=(400, 401, 403, 404, 413, 415, 422),
    ),
    Door(
        "GET",
        f"{API}/printers/preview",
        preview,
        ("manager", "admin"),
        "A practice ticket as a picture, dot for dot",
        media="image/png",
        query=("service", "paper_mm"),
        problems=(400, 401, 403, 422),
    ),
)
