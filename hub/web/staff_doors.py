"""The doors to the clerks' PINs. No answer, log line or event holds one, but for the reset's own answer, once."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from common.problem import Problem
from common.tokens import Holder
from hub.errors import HubError
from hub.staff.errors import BadPinError, UnknownStaffError
from hub.web.bodies import json_response, read_body
from hub.web.door import API, Door
from hub.web.house import HOUSE, House
from hub.web.schema import SignIn
from hub.web.who import asker

_MANAGER = (Holder("manager"),)
_Typed = Annotated[str, Meta(max_length=64)]


class Clerk(msgspec.Struct):
    """One of the hall's staff; pin_set_at: null where there is no PIN yet, and so no signing in."""

    staff: str
    pin_set_at: str | None


class Clerks(msgspec.Struct):
    """All of them, as the hall lists them."""

    staff: list[Clerk]


class NewPin(msgspec.Struct):
    """Shown this once."""

    staff: str
    pin: str


class Kept(msgspec.Struct):
    """Whose PIN is another one now."""

    staff: str


class ResetWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing: the PIN is made here."""


class ChangeWanted(msgspec.Struct, forbid_unknown_fields=True):
    """The clerk's own doing."""

    pin: _Typed
    new_pin: _Typed


async def let_in(house: House, wanted: SignIn) -> None:
    """Raises a 403 or 429 where this clerk may not sign in with this PIN."""
    _refuse(await house.staff.may(wanted.staff, wanted.pin or ""))


def _refuse(why: str | None) -> None:
    if why == "locked":
        raise Problem(
            429,
            "locked",
            "Too many wrong PINs",
            "Wait some minutes, or let the manager reset the PIN.",
            command="sign_in",
        )
    if why is not None:
        raise Problem(
            403,
            "wrong-pin",
            "Staff number or PIN is wrong",
            "Type both again; where the PIN is forgotten, the manager gives a new one.",
            command="sign_in",
        )


async def clerks(request: web.Request) -> web.Response:
    """The hall's staff, and who has a PIN."""
    asker(request, *_MANAGER)
    return json_response({"staff": request.app[HOUSE].staff.shown()})


async def reset(request: web.Request) -> web.Response:
    """A new PIN, made here; the manager hands it over."""
    asker(request, *_MANAGER)
    await read_body(request, ResetWanted)
    staff = request.match_info["staff"]
    try:
        pin = await request.app[HOUSE].staff.reset(staff)
    except UnknownStaffError as error:
        raise _unknown(staff, error) from error
    except HubError as error:
        raise _not_kept(error) from error
    return json_response({"staff": staff, "pin": pin}, 201)


async def change(request: web.Request) -> web.Response:
    """A clerk's new PIN, for the one before it."""
    windows = request.app[HOUSE].layout.window_by_id
    asker(request, *(Holder("clerk", f"window/{window}") for window in windows), *_MANAGER)
    wanted: ChangeWanted = await read_body(request, ChangeWanted)
    staff = request.match_info["staff"]
    try:
        _refuse(await request.app[HOUSE].staff.change(staff, wanted.pin, wanted.new_pin))
    except BadPinError as error:
        raise Problem(422, "bad-pin", "This can't be a PIN", str(error)) from error
    except UnknownStaffError:
        _refuse("wrong_pin")  # who has only a window's token isn't told who works here
    except HubError as error:
        raise _not_kept(error) from error
    return json_response({"staff": staff})


def _unknown(staff: str, error: UnknownStaffError) -> Problem:
    return Problem(404, "unknown-staff", f"There is no clerk {staff!r}", str(error))


def _not_kept(error: HubError) -> Problem:
    return Problem(503, "not-kept", "The new PIN could not be kept; the one before it holds", str(error))


_PROBLEMS = (400, 401, 403, 404, 413, 415, 422, 429, 503)

STAFF_DOORS = (
    Door("GET", f"{API}/staff", clerks, ("manager",), "The hall's staff; who has a PIN", Clerks, problems=(401, 403)),
    Door(
        "POST",
        f"{API}/staff/{{staff}}/pin/reset",
        reset,
        ("manager",),
        "A new PIN for a clerk, shown this once; a recorded act",
        NewPin,
        ResetWanted,
        201,
        problems=_PROBLEMS,
    ),
    Door(
        "POST",
        f"{API}/staff/{{staff}}/pin",
        change,
        ("clerk", "manager"),
        "A clerk's own new PIN for the one before it",
        Kept,
        ChangeWanted,
        problems=_PROBLEMS,
    ),
)
