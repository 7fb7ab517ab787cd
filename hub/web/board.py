"""The boards: one page and one state a zone; between two states a board lives by the stream that all boards share."""

from typing import Any

import msgspec
from aiohttp import web

from common import catalogue
from common.problem import Problem
from hub.web import guide, opening
from hub.web.bodies import json_response
from hub.web.guide import Zone
from hub.web.house import HOUSE, House
from hub.web.words import clock, day_en, day_zh

CALLS = 24  # enough for six different numbers, each called as often as it may be


def zone_of(request: web.Request) -> Zone:
    """The zone that is asked for; without one the whole hall."""
    house = request.app[HOUSE]
    wanted = request.query.get("zone", "")
    known = house.guide.zones()
    if not wanted:
        return Zone("", "", "", tuple(house.layout.window_by_id))
    for zone in known:
        if zone.id == wanted:
            return zone
    names = ", ".join(zone.id for zone in known if zone.id) or "none"
    raise Problem(404, "unknown-zone", f"There is no zone {wanted!r}", f"Zones of this hall: {names}.")


def state(house: House, zone: Zone) -> dict[str, Any]:
    """Everything that a board of this zone shows."""
    hall, queue = house.hall_view(), house.queue_view()
    zones = house.guide.zones()
    served = {service for window in zone.windows for service in house.layout.window_by_id[window].services}
    return {
        "id": house.stream.last_id,
        "as_of": queue["as_of"],
        "release": house.pages.release,
        "revision": house.guide.revision,
        "giving": house.tick()["giving"],
        "training": house.guide.training,
        "voice": house.tick()["voice"],
        "hall": {"name": hall["name"], "name_en": hall["name_en"], "hours": hall["hours"]},
        "zone": {"id": zone.id, "name": zone.name, "name_en": zone.name_en},
        "windows": {
            each["window"]: {
                "name": each["name"],
                "name_en": each["name_en"],
                "state": each["state"],
                "place": guide.place(zones, each["window"]),
            }
            for each in hall["windows"]
            if each["window"] in zone.windows
        },
        "services": [each for each in hall["services"] if each["service"] in served],
        "names": {each["service"]: {"name": each["name"], "name_en": each["name_en"]} for each in hall["services"]},
        "queue": {"waiting": queue["waiting"], "paused": queue["paused"], "open": queue["open"]},
        "calls": house.calls(zone.windows, CALLS),
        "announcements": [{"text": each.text, "text_en": each.text_en} for each in house.guide.notices(zone.id)],
        "opens": _opens(house),
    }


def _opens(house: House) -> dict[str, str] | None:
    found = opening.opens(house.layout, house.now_ms(), house.guide.open_day)
    if found is None:
        return None
    return {
        "text": day_zh(found.day) + clock(found.minute),
        "text_en": f"{day_en(found.day)}, {clock(found.minute)}",
    }


async def board(request: web.Request) -> web.Response:
    """The page."""
    house = request.app[HOUSE]
    shown = state(house, zone_of(request))
    text = msgspec.json.encode(shown).decode()
    sound = request.query.get("sound") == "1"
    return house.pages.page(request, "board.html", language=catalogue.CHINESE, board=shown, state=text, sound=sound)


async def board_state(request: web.Request) -> web.Response:
    """The state again: after a long absence, or when the hall's own words changed."""
    return json_response(state(request.app[HOUSE], zone_of(request)))
