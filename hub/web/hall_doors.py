"""The doors to the hall's own configuration."""

from typing import Any

from aiohttp import web

from common.tokens import Holder
from hub.queueing.errors import Refusal
from hub.web.door import API, PUBLIC, Door, refused
from hub.web.hall_schema import HallChanged, HallConfig, HallServices, HallWanted, UndoWanted, read_rows
from hub.web.house import HOUSE
from hub.web.schema import json_response
from hub.web.who import asker

_ROLES = ("manager", "admin")
_WHO = (Holder("manager"), Holder("admin"))


async def hall_services(request: web.Request) -> web.Response:
    """Services with their disclosures."""
    return json_response(request.app[HOUSE].rows.services_view())


async def hall_config(request: web.Request) -> web.Response:
    """All rows."""
    asker(request, *_WHO)
    return json_response(request.app[HOUSE].rows.config_view())


async def change_hall(request: web.Request) -> web.Response:
    """Rows become others."""
    who = asker(request, *_WHO)
    wanted: HallWanted = await read_rows(request, HallWanted)
    return await _done(request.app[HOUSE].rows.change_hall(wanted, who.role))


async def undo_hall(request: web.Request) -> web.Response:
    """The last change is taken back."""
    who = asker(request, *_WHO)
    wanted: UndoWanted = await read_rows(request, UndoWanted)
    return await _done(request.app[HOUSE].rows.undo_hall(wanted, who.role))


async def _done(doing: Any) -> web.Response:
    try:
        return json_response(await doing)
    except Refusal as refusal:
        raise refused(refusal) from refusal


_PROBLEMS = (400, 401, 403, 409, 413, 415, 422, 503)

HALL_DOORS = (
    Door("GET", f"{API}/hall/services", hall_services, PUBLIC, "Services with all that is disclosed", HallServices),
    Door(
        "GET",
        f"{API}/hall/config",
        hall_config,
        _ROLES,
        "The hall's own configuration: all rows, their revision, what can be undone",
        HallConfig,
        problems=(401, 403),
    ),
    Door(
        "PUT",
        f"{API}/hall/config",
        change_hall,
        _ROLES,
        "Tables become these, at once and without a restart; what isn't given stays",
        HallChanged,
        HallWanted,
        problems=_PROBLEMS,
    ),
    Door(
        "POST",
        f"{API}/hall/config/undo",
        undo_hall,
        _ROLES,
        "The last change is taken back, as a change of its own",
        HallChanged,
        UndoWanted,
        problems=_PROBLEMS,
    ),
)
