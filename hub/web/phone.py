"""The citizen's phone: place in line, expected range, the call. The token in the address is all that opens it."""

import uuid
from typing import Any

from aiohttp import web

from common import tokens
from common.problem import Problem
from hub.queueing.commands import CancelTicket
from hub.queueing.errors import Refusal
from hub.web import guide
from hub.web.bodies import json_response
from hub.web.house import HOUSE, House
from hub.web.patience import too_many
from hub.web.words import label, papers

GIVEN_BACK = "given_back"  # the reason of a ticket that its own holder cancelled
_CANCELS = uuid.UUID(
    "5d6d9f6e-6f0c-4a58-9a3d-2d5c6a1f7b10"
)  # a namespace: one cancel a ticket, however often it is sent


def view(house: House, token: str) -> dict[str, Any] | None:
    """What this token's phone shows."""
    found = house.phone(tokens.digest(token))
    if found is None:
        return None
    service = next((each for each in house.layout.services if each.id == found["service"]), None)
    matter = house.guide.matter(found["matter"]) if found["matter"] else None
    window = found.get("window")
    named = None
    if window is not None and window in house.layout.window_by_id:
        names = next(each for each in house.hall_view()["windows"] if each["window"] == window)
        named = {
            "label": label(names["name"]),
            "name": names["name"],
            "name_en": names["name_en"] or names["name"],
            **{f"place{end}": text for end, text in zip(("", "_en"), _place(house, window), strict=True)},
        }
    return found | {
        "service": None if service is None else {"name": service.name, "name_en": service.name_en or service.name},
        "matter": None
        if matter is None
        else {
            "name": matter.name,
            "name_en": matter.name_en or matter.name,
            "papers": papers(matter.papers, "、"),
            "papers_en": papers(matter.papers_en, ", "),
        },
        "window": named,
        "training": house.guide.training,
        "release": house.pages.release,
    }


def _place(house: House, window: str) -> tuple[str, str]:
    found = guide.place(house.guide.zones(), window)
    return found["name"], found["name_en"] or found["name"]


async def page(request: web.Request) -> web.Response:
    """The page; an unknown token gets one that says what to do."""
    house = request.app[HOUSE]
    shown = view(house, request.match_info["token"])
    if shown is None:
        return too_many(request) or house.pages.page(request, "phone_unknown.html", status=404, hall=house.hall_view())
    return house.pages.page(
        request, "phone.html", hall=house.hall_view(), shown=shown, token=request.match_info["token"]
    )


async def state(request: web.Request) -> web.Response:
    """The same again."""
    shown = view(request.app[HOUSE], request.match_info["token"])
    if shown is None:
        raise Problem(
            404, "unknown-address", "No ticket of these days has this address", "Ask at the information desk."
        )
    return json_response(shown)


async def cancel(request: web.Request) -> web.Response:
    """Its holder no longer needs the number; whoever stands behind moves up."""
    house = request.app[HOUSE]
    token = request.match_info["token"]
    ticket = house.held_by(tokens.digest(token))
    if ticket is not None:
        try:
            await house.submit(CancelTicket(ticket, GIVEN_BACK), str(uuid.uuid5(_CANCELS, ticket)))
        except Refusal as refusal:
            raise Problem(
                409, refusal.kind.replace("_", "-"), "This number can't be given back now", refusal.detail
            ) from None
    return await state(request)


ROUTES = (
    web.get("/t/{token}", page),
    web.get("/t/{token}/state", state),
    web.post("/t/{token}/cancel", cancel),
)
