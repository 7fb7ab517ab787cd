"""`/admin`: the manager's page. Its data comes from doors; what it changes goes through the hall's own."""

from dataclasses import replace
from typing import Any

import msgspec
from aiohttp import web

from common import catalogue, sessions
from common.problem import Problem
from common.sessions import CSRF_FIELD
from common.tokens import Holder
from hub.web import admin_now
from hub.web.admin_forms import forms
from hub.web.admin_words import words
from hub.web.bodies import json_response, read_body
from hub.web.house import HOUSE, House
from hub.web.patience import too_many
from hub.web.who import asker, signed_in
from hub.web.window_page import TOKEN_CHARS, hall_name

# The admin's token belongs to the technician's tools; it opens the page, too.
HOLDERS = (Holder("manager"), Holder("admin"))
# Tokens that open more than the manager may do are renewed with the technician's tool.
RENEWABLE = ("clerk", "kiosk", "desk", "monitor")


class TokenWanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose token is lost."""

    role: str
    place: str | None = None


async def show(request: web.Request) -> web.Response:
    """The page, or the sign-in."""
    house = request.app[HOUSE]
    session = signed_in(request, *HOLDERS)
    if session is None:
        return _ask_token(request, house)
    translate = catalogue.translations(house.pages.language(request)).gettext
    return house.pages.page(
        request,
        "admin.html",
        hall_name=hall_name(request, house),
        csrf=session.csrf,
        training=house.guide.training,
        words=words(translate) | {"forms": forms(translate), "renewable": list(RENEWABLE)},
    )


async def sign_in(request: web.Request) -> web.Response:
    """The manager's token for a session."""
    house = request.app[HOUSE]
    sessions.check_origin(request)
    sent = (await request.post()).get("token", "")
    holder = house.tokens.find(sent.strip()) if isinstance(sent, str) and 0 < len(sent) <= TOKEN_CHARS else None
    if holder not in HOLDERS:
        return too_many(request) or _ask_token(request, house, wrong=True)
    answer = web.Response(status=303, headers={"Location": "/admin"})
    house.sessions.begin(request, answer, holder)
    return answer


async def leave(request: web.Request) -> web.Response:
    """Signs out."""
    house = request.app[HOUSE]
    sent = (await request.post()).get(CSRF_FIELD, "")
    answer = web.Response(status=303, headers={"Location": "/"})
    for holder in HOLDERS:
        session = house.sessions.find(request, holder)
        if session is not None:
            sessions.check_csrf(session, sent if isinstance(sent, str) else "")
            house.sessions.end(request, answer, holder)
    return answer


async def now(request: web.Request) -> web.Response:
    """How everything is, in the page's language."""
    who = asker(request, *HOLDERS)
    house = request.app[HOUSE]
    translate = catalogue.translations(house.pages.language(request)).gettext
    found = admin_now.now(replace(house.admin(), update=house.updates.shown_update()), translate)
    holders = [{"role": each.role, "place": each.place} for each in house.tokens.holders()]
    staff = {each["staff"]: each["pin_set_at"] for each in house.staff.shown()}
    day = {"date": house.queue_view()["business_date"], "training": house.guide.training}
    return json_response(found | {"tokens": holders, "pins": staff, "day": day, "who": who.role})


async def export(request: web.Request) -> web.Response:
    """The whole configuration as a file that `import` takes."""
    asker(request, *HOLDERS)
    house = request.app[HOUSE]
    config = house.rows.config_view()
    kept = {name: rows for name, rows in config.items() if name != "undo"}
    name = f"{house.hall}-revision-{config['revision']}.json"
    return web.Response(
        body=msgspec.json.format(msgspec.json.encode(kept)),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def renew(request: web.Request) -> web.Response:
    """A new token instead of a lost one; whoever came in by the old one is out."""
    asker(request, *HOLDERS)
    house = request.app[HOUSE]
    wanted: TokenWanted = await read_body(request, TokenWanted)
    holder = Holder(wanted.role, wanted.place)
    if wanted.role not in RENEWABLE or holder not in house.tokens.holders():
        raise Problem(
            422,
            "not-renewable",
            f"No token of {wanted.role} {wanted.place or ''} can be renewed here",
            f"Here: {', '.join(RENEWABLE)}. The others: `tingting hub tokens --renew` at the hub.",
        )
    token = house.tokens.renew(holder)
    house.sessions.end_all(holder)
    return json_response({"role": holder.role, "place": holder.place, "token": token})


def _ask_token(request: web.Request, house: House, *, wrong: bool = False) -> web.Response:
    values: dict[str, Any] = {"heading": hall_name(request, house), "action": "/admin/sign-in", "wrong": wrong}
    return house.pages.page(request, "admin_sign_in.html", status=401 if wrong else 200, **values)


ROUTES = (
    web.get("/admin", show),
    web.post("/admin/sign-in", sign_in),
    web.post("/admin/leave", leave),
    web.get("/admin/now", now),
    web.get("/admin/export", export),
    web.post("/admin/tokens", renew),
)
