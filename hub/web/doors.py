"""The hub's doors: one table says method, path, who may, what goes in and out. Routes and OpenAPI come from it."""

import asyncio
from typing import Any

from aiohttp import HttpVersion11, web

from common import envelope
from common import metrics as prometheus
from common.problem import Problem
from common.tokens import Holder
from hub.queueing import commands
from hub.queueing.errors import Refusal
from hub.web import clerk, device_schema, schema
from hub.web.bodies import json_response, read_body
from hub.web.desk_schema import Desk
from hub.web.door import API, PUBLIC, Door, refused
from hub.web.hall_doors import HALL_DOORS
from hub.web.house import HOUSE, address
from hub.web.metrics import HUB
from hub.web.printer_doors import PRINTER_DOORS
from hub.web.staff_doors import STAFF_DOORS, let_in
from hub.web.stream import Reader, StreamFull
from hub.web.update_doors import UPDATE_DOORS
from hub.web.who import asker, at_window, holder

LOCAL = ("monitor",)  # from this machine without a token, from elsewhere with the monitor's
MAX_EVENTS = 1000  # a page of the journal; an auditor asks for the next
WRITE_S = 30.0  # a reader that takes nothing of what it missed for so long is let go; it comes back with its last id

_CHANNELS = {"kiosk": "kiosk", "desk": "desk"}


def _local(request: web.Request) -> None:
    if request.remote not in ("127.0.0.1", "::1"):
        holder(request, *LOCAL)


async def healthz(request: web.Request) -> web.Response:
    """Alive."""
    _local(request)
    return json_response({"status": "alive"})


async def readyz(request: web.Request) -> web.Response:
    """Journal open, devices served."""
    _local(request)
    state = request.app[HOUSE].ready()
    return json_response(state, 200 if state["ready"] else 503)


async def metrics(request: web.Request) -> web.Response:
    """Prometheus text."""
    _local(request)
    answer = web.Response(text=prometheus.text(HUB, request.app[HOUSE].metrics()))
    answer.headers["Content-Type"] = prometheus.CONTENT_TYPE
    return answer


async def hall(request: web.Request) -> web.Response:
    """Windows, services, hours, languages."""
    return json_response(request.app[HOUSE].hall_view())


async def queue(request: web.Request) -> web.Response:
    """Waiting, now serving, last calls."""
    return json_response(request.app[HOUSE].queue_view())


async def tickets(request: web.Request) -> web.Response:
    """Gives a number."""
    who = asker(request, Holder("kiosk"), Holder("desk"))
    wanted: schema.TicketWanted = await read_body(request, schema.TicketWanted)
    command = commands.IssueTicket(
        wanted.service,
        _CHANNELS[who.role],
        wanted.priority or (None if wanted.appointment_at_ms is None else "appointment"),
        wanted.verified_by,
        wanted.appointment_at_ms,
        tuple(wanted.also),
    )
    if wanted.printer is None:
        reply = await _submit(request, command, str(wanted.id))
    else:
        reply = await _on_paper(request, command, str(wanted.id), wanted.printer)
    if "token" not in reply:
        raise _id_used()
    return json_response(reply, 201)


async def _on_paper(request: web.Request, command: commands.IssueTicket, name: str, printer: str) -> dict[str, Any]:
    try:
        return await request.app[HOUSE].paper.give_on_paper(command, name, printer, address(request))
    except Refusal as refusal:
        raise refused(refusal) from refusal


async def window_commands(request: web.Request) -> web.Response:
    """What a clerk's keys do."""
    window = request.match_info["window"]
    asker(request, *at_window(window), Holder("device", f"window/{window}"))
    wanted = await read_body(request, schema.WindowCommand)
    if isinstance(wanted, schema.SignIn):
        await let_in(request.app[HOUSE], wanted)
    reply = await _submit(request, clerk.command(window, wanted), str(wanted.id))
    if reply.get("window") != window:
        raise _id_used()
    return json_response(reply)


async def window_desk(request: web.Request) -> web.Response:
    """The window as its clerk sees it."""
    window = request.match_info["window"]
    asker(request, *at_window(window), Holder("device", f"window/{window}"))
    if window not in request.app[HOUSE].layout.window_by_id:
        raise Problem(404, "unknown-window", f"This hall has no window {window!r}", "GET /api/v1/hall lists them.")
    return json_response(request.app[HOUSE].desk_view(window))


async def day_commands(request: web.Request) -> web.Response:
    """What the manager puts right for the whole hall."""
    who = asker(request, Holder("manager"))
    wanted = await read_body(request, schema.DayCommand)
    reply = await _submit(request, clerk.day_command(who.role, wanted), str(wanted.id))
    if "cancelled" not in reply:
        raise _id_used()
    return json_response(reply)


def _id_used() -> Problem:
    """The first answer to this id belongs to another door; it may hold a citizen's token, so it isn't told here."""
    return Problem(
        409, "id-used", "This id was used for something else", "Nothing was changed. Make a new id for each command."
    )


async def _submit(request: web.Request, command: commands.Command, command_id: str) -> dict[str, Any]:
    try:
        return await request.app[HOUSE].submit(command, command_id)
    except Refusal as refusal:
        raise refused(refusal) from refusal


async def stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events."""
    house = request.app[HOUSE]
    last_id = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
    reader = Reader(
        live=request.query.get("tick") == "1",
        calm=request.query.get("calm") == "1",
        chunked=request.version >= HttpVersion11,
    )
    try:
        house.stream.enter(reader)
    except StreamFull:
        raise Problem(
            503, "stream-full", "Too many boards and pages listen", "Close some, or raise limits.stream_clients."
        ) from None
    answer = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    answer.content_type = "text/event-stream"
    try:
        await answer.prepare(request)
        await answer.write(b": tingting\n\n" + (house.stream.tick_frame() if reader.live else b""))
        pieces, last_id = house.stream.missed(last_id)
        while pieces:
            for piece in pieces:
                async with asyncio.timeout(WRITE_S):
                    await answer.write(piece)
            pieces, last_id = house.stream.missed(last_id)
        if request.transport is not None:
            # From here on the stream writes by itself: 200 boards would be 200 tasks to wake for each change.
            house.stream.listen(reader, request.transport)
            await reader.gone.wait()
    except (ConnectionError, TimeoutError):
        pass
    finally:
        house.stream.leave(reader)
    return answer


async def events(request: web.Request) -> web.Response:
    """The journal, byte for byte."""
    holder(request, "auditor")
    after = _number(request, "after", 0, 2**53)
    limit = _number(request, "limit", 100, MAX_EVENTS)
    found = await request.app[HOUSE].read_events(after, limit)
    return web.Response(
        body=b"[" + b",".join(found) + b"]",
        content_type=envelope.BATCH_CONTENT_TYPE,
        headers={"Cache-Control": "no-store"},
    )


def _number(request: web.Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= most):
        raise Problem(400, "wrong-query", f"{name} is {text!r}", f"It must be a whole number from 0 to {most}.")
    return int(text)


async def devices(request: web.Request) -> web.Response:
    """The registry without secrets."""
    holder(request, "manager", "admin")
    return json_response({"devices": request.app[HOUSE].devices.shown_devices()})


async def device_commands(request: web.Request) -> web.Response:
    """A box shows itself, tests its keys or stops its application; or a replaced one is let in once more."""
    holder(request, "manager", "admin")
    wanted: device_schema.DeviceCommand = await read_body(request, device_schema.DeviceCommand)
    device = request.match_info["device"]
    doors = request.app[HOUSE].devices
    match wanted:
        case device_schema.FetchRest():
            holder(request, "admin")
            doors.fetch(device, wanted.for_s)
        case device_schema.Maintain():
            holder(request, "admin")
            await doors.maintain(device)
        case device_schema.KeyTest():
            await doors.test_keys(device, wanted.wait_s)
        case device_schema.Identify():
            await doors.identify(device, wanted.for_s)
    return json_response(
        {"device": device, "command": wanted.__struct_config__.tag, "for_s": getattr(wanted, "for_s", None)}
    )


async def device_tested(request: web.Request) -> web.Response:
    """What a technician found at its cable."""
    holder(request, "manager", "admin")
    wanted: device_schema.TestResult = await read_body(request, device_schema.TestResult)
    device = request.match_info["device"]
    well = await request.app[HOUSE].devices.tested(device, wanted)
    return json_response({"device": device, "well": well})


async def register_device(request: web.Request) -> web.Response:
    """Registers a device, or registers it anew."""
    holder(request, "admin")
    wanted: device_schema.DeviceWanted = await read_body(request, device_schema.DeviceWanted)
    layout = request.app[HOUSE].layout
    if wanted.window is not None and wanted.window not in layout.window_by_id:
        raise Problem(
            422,
            "unknown-window",
            f"There is no window {wanted.window!r}",
            f"Windows: {', '.join(layout.window_by_id)}.",
        )
    window, displaced = await request.app[HOUSE].devices.register(wanted)
    return json_response({"device": wanted.device, "window": window, "displaced": displaced}, 201)


async def reprint(request: web.Request) -> web.Response:
    """The last ticket once more."""
    holder(request, "desk", "clerk", "manager")
    await read_body(request, device_schema.ReprintWanted)
    device = request.match_info["device"]
    await request.app[HOUSE].devices.reprint(device)
    return json_response({"device": device, "printing": True})


_COMMAND_PROBLEMS = (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)

DOORS = (
    Door("GET", "/healthz", healthz, LOCAL, "Alive", schema.Health, problems=(401, 403)),
    Door("GET", "/readyz", readyz, LOCAL, "Journal open and devices served", schema.Ready, problems=(401, 403)),
    Door("GET", "/metrics", metrics, LOCAL, "Prometheus text", media="text/plain", problems=(401, 403)),
    Door("GET", f"{API}/hall", hall, PUBLIC, "Windows, services, hours, languages", schema.Hall),
    Door("GET", f"{API}/queue", queue, PUBLIC, "Waiting, now serving, last calls, paused windows", schema.Queue),
    Door(
        "POST",
        f"{API}/tickets",
        tickets,
        ("kiosk", "desk"),
        "Gives a number; the same id again gives the first answer",
        schema.Ticket,
        schema.TicketWanted,
        201,
        problems=(400, 401, 403, 409, 413, 415, 422, 503),
    ),
    Door(
        "POST",
        f"{API}/windows/{{window}}/commands",
        window_commands,
        ("clerk", "device", "manager"),
        "What a clerk's keys do; the same id again gives the first answer",
        schema.Window,
        schema.WindowCommand,
        problems=_COMMAND_PROBLEMS,
    ),
    Door(
        "GET",
        f"{API}/windows/{{window}}",
        window_desk,
        ("clerk", "device", "manager"),
        "The window as its clerk sees it: ticket, which keys work and why the others don't, who comes next and why",
        Desk,
        problems=(401, 403, 404),
    ),
    Door(
        "POST",
        f"{API}/day/commands",
        day_commands,
        ("manager",),
        "Puts the date right (`set_date`), cancels every open ticket (`sweep`), switches `training` on and off",
        schema.Day,
        schema.DayCommand,
        problems=_COMMAND_PROBLEMS,
    ),
    Door(
        "GET",
        f"{API}/stream",
        stream,
        PUBLIC,
        "Server-sent events: `change` for each journal event that a view shows, `snapshot` when the last id is too "
        "old; with `?tick=1` also a `tick` at the start and every 2 s in which nothing changes; with `?calm=1` what is "
        "no call may come up to 1 s later, with others in one piece",
        media="text/event-stream",
        problems=(503,),
    ),
    Door(
        "GET",
        f"{API}/events",
        events,
        ("auditor",),
        "The journal, byte for byte, as a CloudEvents batch",
        media=envelope.BATCH_CONTENT_TYPE,
        query=("after", "limit"),
        problems=(400, 401, 403, 410),
    ),
    Door(
        "GET",
        f"{API}/devices",
        devices,
        ("manager", "admin"),
        "The registry, without secrets",
        device_schema.Devices,
        problems=(401, 403),
    ),
    Door(
        "POST",
        f"{API}/devices",
        register_device,
        ("admin",),
        "Registers a device, or registers it anew",
        device_schema.Registered,
        device_schema.DeviceWanted,
        201,
        problems=(400, 401, 403, 409, 413, 415, 422, 503),
    ),
    Door(
        "POST",
        f"{API}/devices/{{device}}/commands",
        device_commands,
        ("manager", "admin"),
        "The box blinks and beeps (`identify`), asks for its keys (`key_test`), starts without its application "
        "(`maintenance`, admin), or is let in after it was replaced (`fetch`, admin)",
        device_schema.Identified,
        device_schema.DeviceCommand,
        problems=_COMMAND_PROBLEMS,
    ),
    Door(
        "POST",
        f"{API}/devices/{{device}}/tested",
        device_tested,
        ("manager", "admin"),
        "A technician tried every key, lamp and sound of a box over its cable",
        device_schema.Noted,
        device_schema.TestResult,
        problems=_COMMAND_PROBLEMS,
    ),
    Door(
        "POST",
        f"{API}/devices/{{device}}/reprint",
        reprint,
        ("desk", "clerk", "manager"),
        "A dispenser prints its last ticket once more, marked as a second print",
        device_schema.Reprinting,
        device_schema.ReprintWanted,
        problems=(400, 401, 403, 404, 409, 413, 415, 422),
    ),
    *HALL_DOORS,
    *PRINTER_DOORS,
    *STAFF_DOORS,
    *UPDATE_DOORS,
)
