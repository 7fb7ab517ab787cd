"""The doors to the hall's own configuration."""

from typing import Any

from aiohttp import web

from common import catalogue
from common.problem import Problem
from common.tokens import Holder
from hub.queueing.errors import Refusal
from hub.web.bodies import json_response
from hub.web.door import API, PUBLIC, Door, refused
from hub.web.hall_schema import HallChanged, HallConfig, HallServices, HallWanted, UndoWanted, read_rows
from hub.web.house import HOUSE
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


async def hall_sheet(request: web.Request) -> web.Response:
    """The whole hall as a file."""
    asker(request, *_WHO)
    content = request.app[HOUSE].rows.sheet(chinese=_language(request) == catalogue.CHINESE)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="hall.csv"'}
    return web.Response(body=content, content_type="text/csv", charset="utf-8", headers=headers)


async def take_sheet(request: web.Request) -> web.Response:
    """The hall becomes what a file says."""
    who = asker(request, *_WHO)
    if request.content_type not in ("text/csv", "application/octet-stream"):
        raise Problem(415, "no-csv", "This door takes CSV", "Send it with Content-Type: text/csv")
    dry_run = request.query.get("dry_run", "0")
    if dry_run not in ("0", "1"):
        raise Problem(400, "wrong-query", f"dry_run is {dry_run!r}", "It must be 0 or 1.")
    content = await request.read()
    rows = request.app[HOUSE].rows
    return await _done(rows.take_sheet(content, who.role, dry_run=dry_run == "1", language=_language(request)))


def _language(request: web.Request) -> str:
    return catalogue.pick(request.query.get("lang"), request.headers.get("Accept-Language", ""))


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
    Door(
        "GET",
        f"{API}/hall/sheet",
        hall_sheet,
        _ROLES,
        "The whole hall as tables for a spreadsheet (`lang`: zh-CN or en)",
        media="text/csv",
        query=("lang",),
        problems=(401, 403),
    ),
    Door(
        "POST",
        f"{API}/hall/sheet",
        take_sheet,
        _ROLES,
        "The hall becomes what the tables say, all of it or nothing (`dry_run=1`: only say what would change)",
        HallChanged,
        takes="text/csv",
        query=("dry_run", "lang"),
        problems=_PROBLEMS,
    ),
)
