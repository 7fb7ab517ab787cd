"""The doors to a new firmware for the hall's boxes."""

from typing import Final
from uuid import UUID, uuid4

from aiohttp import web

from common.problem import Problem
from common.tokens import Holder
from hub.web.bodies import json_response, read_body
from hub.web.door import API, Door
from hub.web.house import HOUSE, UpdateWish
from hub.web.update_schema import ContinueUpdate, UpdateCommand, Updates
from hub.web.who import asker

TAKES: Final = "application/octet-stream"
_PIECE_BYTES: Final = 64 * 1024
_QUERY: Final = ("percent", "older", "window", "device", "id")


async def update(request: web.Request) -> web.Response:
    """The last one."""
    asker(request, Holder("manager"), Holder("admin"))
    return json_response({"update": request.app[HOUSE].updates.shown_update()})


async def begin_update(request: web.Request) -> web.Response:
    """A bundle comes in."""
    who = asker(request, Holder("admin"))
    wish = UpdateWish(
        id=_id(request),
        percent=_number(request, "percent", 100, 1, 100),
        older=_number(request, "older", 0, 0, 1) == 1,
        window=request.query.get("window"),
        device=request.query.get("device"),
        by=who.role,
    )
    if request.content_type not in (TAKES, "application/zip"):
        raise Problem(415, "no-bundle", "This door takes a signed update", f"Send it with Content-Type: {TAKES}")
    if wish.window is not None and wish.device is not None:
        raise Problem(400, "wrong-query", "window and device", "Give one of them, or none for the whole hall.")
    desk = request.app[HOUSE].updates
    content = await _read(request, desk.most_bytes)
    return json_response({"update": await desk.begin_update(content, wish)}, 201)


async def update_commands(request: web.Request) -> web.Response:
    """Stop, go on."""
    asker(request, Holder("admin"))
    wanted: UpdateCommand = await read_body(request, UpdateCommand)
    desk = request.app[HOUSE].updates
    if isinstance(wanted, ContinueUpdate):
        return json_response({"update": await desk.continue_update(again=wanted.again)})
    return json_response({"update": await desk.stop_update()})


async def _read(request: web.Request, most_bytes: int) -> bytes:
    """More than other doors take, and not a byte more than an update may have."""
    content = bytearray()
    async for piece in request.content.iter_chunked(_PIECE_BYTES):
        content += piece
        if len(content) > most_bytes:
            raise Problem(
                413, "too-large", "This is no update", f"An update has at most {most_bytes} bytes; nothing was changed."
            )
    return bytes(content)


def _id(request: web.Request) -> str:
    text = request.query.get("id")
    try:
        return str(uuid4() if text is None else UUID(text))
    except ValueError:
        raise Problem(400, "wrong-query", f"id is {text!r}", "It must be a UUID, fresh for each update.") from None


def _number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and least <= int(text) <= most):
        raise Problem(400, "wrong-query", f"{name} is {text!r}", f"It must be a whole number from {least} to {most}.")
    return int(text)


UPDATE_DOORS = (
    Door(
        "GET",
        f"{API}/updates",
        update,
        ("manager", "admin"),
        "The last update of the hall's boxes: how far it is, box by box",
        Updates,
        problems=(401, 403),
    ),
    Door(
        "POST",
        f"{API}/updates",
        begin_update,
        ("admin",),
        "Gives a signed update to the hall's boxes, to some percent of them, or to those of one window or one device; "
        "the same update again with a larger percent goes on with it",
        Updates,
        status=201,
        takes=TAKES,
        query=_QUERY,
        problems=(400, 401, 403, 404, 409, 413, 415, 422, 503),
    ),
    Door(
        "POST",
        f"{API}/updates/commands",
        update_commands,
        ("admin",),
        "Stops the update (`stop`): who tries it already is waited for; or goes on after a stop (`continue`)",
        Updates,
        UpdateCommand,
        problems=(400, 401, 403, 409, 413, 415, 422, 503),
    ),
)
