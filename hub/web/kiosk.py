"""`/kiosk`: find a matter, read what it needs, take a number. One page that stays; its parts come as HTML by `fetch`,
so that a hub that is away is a sentence on the screen and never a browser's error page."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from common import catalogue, sessions
from common.problem import Problem
from common.tokens import Holder
from hub.queueing.times import rfc3339
from hub.web import finding, keys
from hub.web.bodies import json_response
from hub.web.guide import Matter, place
from hub.web.house import HOUSE, House
from hub.web.patience import too_many
from hub.web.who import asker, signed_in
from hub.web.words import figure, items, label, ranges

KIOSK = Holder("kiosk")
TOKEN_CHARS = 200
QUERY_CHARS = 40  # the longest name has 60; nobody types more on a screen
SLOT_MIN = 30  # appointments are made for half hours
SLOTS_BACK, SLOTS_AHEAD = 2, 4  # of which somebody who stands here now may have one
# The classes that a citizen may ask for; the others are somebody's word at the desk.
PRIORITIES = ("elderly", "disabled", "pregnant", "with_infant", "military")


def english(request: web.Request) -> bool:
    """Whether the part is read in English."""
    return request.app[HOUSE].pages.language(request) == catalogue.ENGLISH


def name_of(request: web.Request, thing: Any, field: str = "name") -> str:
    """A field in the request's language; Chinese where there is no English."""
    own = getattr(thing, f"{field}_en") if english(request) else ""
    return own or str(getattr(thing, field))


async def page(request: web.Request) -> web.Response:
    """The page itself, or the sign-in of a screen that was not set up."""
    house = request.app[HOUSE]
    session = signed_in(request, KIOSK)
    if session is None:
        return _ask_token(request)
    printers = house.paper.printers_view()
    wanted = request.query.get("printer") or (printers[0]["printer"] if printers else "")
    return house.pages.page(
        request,
        "kiosk.html",
        hall=house.hall_view(),
        csrf=session.csrf,
        printer=wanted,
        last=house.stream.last_id,
        release=house.pages.release,
    )


def _ask_token(request: web.Request, *, wrong: bool = False) -> web.Response:
    house = request.app[HOUSE]
    status = 403 if wrong else 200
    heading = catalogue.translations(house.pages.language(request)).gettext("Kiosk")
    return house.pages.page(request, "kiosk_sign_in.html", status, action=request.path_qs, wrong=wrong, heading=heading)


async def sign_in(request: web.Request) -> web.Response:
    """The kiosk's token for a session that lasts."""
    house = request.app[HOUSE]
    sessions.check_origin(request)
    sent = (await request.post()).get("token", "")
    holder = house.tokens.find(sent.strip()) if isinstance(sent, str) and 0 < len(sent) <= TOKEN_CHARS else None
    if holder != KIOSK:
        return too_many(request) or _ask_token(request, wrong=True)
    answer = web.Response(status=303, headers={"Location": request.path_qs})
    house.sessions.begin(request, answer, holder)
    return answer


def part(request: web.Request, template: str, **values: Any) -> web.Response:
    """A part of the page."""
    house = request.app[HOUSE]
    text = house.pages.text(request, template, hall=house.hall_view(), own=lambda *a: name_of(request, *a), **values)
    return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})


async def home(request: web.Request) -> web.Response:
    """The question, what is often asked for, departments."""
    asker(request, KIOSK)
    house = request.app[HOUSE]
    listed = house.guide.matters()
    return part(
        request,
        "kiosk_home.html",
        often=finding.often(listed),
        departments=finding.departments(listed),
        services=house.layout.services,
        queue=house.queue_view(),
        prefixes=_prefixes(house),
        giving=house.tick()["giving"],
    )


def _prefixes(house: House) -> dict[str, str]:
    return {service.id: service.prefix for service in house.layout.services}


async def department(request: web.Request) -> web.Response:
    """All departments, or the matters of one."""
    asker(request, KIOSK)
    house = request.app[HOUSE]
    listed = finding.departments(house.guide.matters())
    wanted = request.query.get("name")
    chosen = next((each for each in listed if each.name == wanted), None)
    return part(
        request,
        "kiosk_list.html",
        departments=listed if chosen is None else [],
        chosen=chosen,
        matters=[] if chosen is None else chosen.matters,
        queue=house.queue_view(),
        prefixes=_prefixes(house),
        services=house.layout.services,
    )


async def find(request: web.Request) -> web.Response:
    """The keys to type with, and what was found."""
    asker(request, KIOSK)
    house = request.app[HOUSE]
    wanted = request.query.get("q", "")[:QUERY_CHARS]
    template = "kiosk_found.html" if request.query.get("only") == "1" else "kiosk_find.html"
    return part(
        request,
        template,
        wanted=wanted,
        matters=finding.find(house.guide.matters(), wanted),
        most=finding.FOUND_MOST,
        queue=house.queue_view(),
        prefixes=_prefixes(house),
        services=house.layout.services,
    )


def known(request: web.Request, wanted: str) -> Matter:
    """A matter of this hall; raises a 404."""
    found = request.app[HOUSE].guide.matter(wanted)
    if found is None:
        raise Problem(404, "unknown-matter", f"There is no matter {wanted!r}", "Go back to the start of the kiosk.")
    return found


def where(request: web.Request, matter: Matter) -> dict[str, str]:
    """Windows that serve it, and where they are."""
    house = request.app[HOUSE]
    serving = [each for each in house.hall_view()["windows"] if matter.service in each["services"]]
    zones = house.guide.zones()
    found = [place(zones, each["window"]) for each in serving]
    key = "name_en" if english(request) else "name"
    named = ", ".join(dict.fromkeys(each[key] or each["name"] for each in found if each["name"]))
    return {
        "windows": ranges(label(each["name"]) for each in serving),
        "place": name_of(request, matter, "place") or named,
    }


async def matter(request: web.Request) -> web.Response:
    """The six disclosures and the place, then the ways to a number."""
    asker(request, KIOSK)
    house = request.app[HOUSE]
    found = known(request, request.match_info["matter"])
    queue = house.queue_view()
    return part(
        request,
        "kiosk_matter.html",
        matter=found,
        promised=figure(name_of(request, found, "promised_time")),
        fee=figure(name_of(request, found, "fee")),
        where=where(request, found),
        papers=items(name_of(request, found, "papers")),
        steps=items(name_of(request, found, "procedure")),
        law=items(name_of(request, found, "legal_basis")),
        waiting=queue["waiting"][found.service],
        wait=queue["wait"][found.service],
        priorities=PRIORITIES,
        giving=house.tick()["giving"],
    )


async def help_(request: web.Request) -> web.Response:
    """Where people are who help."""
    asker(request, KIOSK)
    return part(request, "kiosk_help.html")


async def key_tests(request: web.Request) -> web.Response:
    """When the rating keys of each window were tested, and with what result."""
    asker(request, KIOSK)
    return part(request, "kiosk_keys.html", tested=keys.tested(request.app[HOUSE]))


async def appointment(request: web.Request) -> web.Response:
    """The half hours around now."""
    asker(request, KIOSK)
    house = request.app[HOUSE]
    minutes = house.layout.offset_minutes
    local = datetime.fromtimestamp(house.now_ms() / 1000, UTC) + timedelta(minutes=minutes)
    begun = local.replace(minute=local.minute // SLOT_MIN * SLOT_MIN, second=0, microsecond=0)
    slots = [begun + timedelta(minutes=SLOT_MIN * step) for step in range(-SLOTS_BACK, SLOTS_AHEAD + 1)]
    shown = [(each.strftime("%H:%M"), int((each - timedelta(minutes=minutes)).timestamp() * 1000)) for each in slots]
    return part(request, "kiosk_appointment.html", slots=shown, now=rfc3339(house.now_ms(), minutes)[11:16])


async def state(request: web.Request) -> web.Response:
    """How the printer is, and whether the page is still the newest."""
    asker(request, KIOSK)
    house = request.app[HOUSE]
    wanted = request.query.get("printer", "")
    printers = {each["printer"]: each for each in house.paper.printers_view()}
    return json_response(
        {
            "paper": "none" if wanted not in printers else "ok" if printers[wanted]["ready"] else "out",
            "others": [each["name"] for each in printers.values() if each["ready"] and each["printer"] != wanted],
            "release": house.pages.release,
            "training": house.guide.training,
        }
    )


ROUTES = (
    web.get("/kiosk", page),
    web.post("/kiosk", sign_in),
    web.get("/kiosk/home", home),
    web.get("/kiosk/department", department),
    web.get("/kiosk/find", find),
    web.get("/kiosk/matter/{matter}", matter),
    web.get("/kiosk/help", help_),
    web.get("/kiosk/keys", key_tests),
    web.get("/kiosk/appointment", appointment),
    web.get("/kiosk/state", state),
)
