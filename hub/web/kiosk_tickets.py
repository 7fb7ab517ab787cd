"""The kiosk's numbers: on paper, by phone with a code, what is said when the paper fails; the page read aloud."""

import secrets
import uuid
from typing import Annotated, Any

import msgspec
import segno
from aiohttp import web
from msgspec import Meta

from common import tokens
from common.problem import Problem
from hub.queueing.commands import IssueTicket
from hub.queueing.errors import Refusal
from hub.web.bodies import json_response, read_body
from hub.web.claims import LIVES_MS, Claim, Claims, Wish
from hub.web.door import refused
from hub.web.guide import Matter
from hub.web.house import HOUSE, address
from hub.web.kiosk import KIOSK, known, part, where
from hub.web.patience import too_many
from hub.web.who import asker

PHONE_COOKIE = "phone"
CLAIMS: web.AppKey[Claims] = web.AppKey("claims", Claims)
# Command ids made from codes: a phone that sends twice gets its first answer.
_BY_CODE = uuid.UUID("0b1bd5a6-3c25-4f0e-8c4e-6c1c0f4f9d37")
ALOUD_CHARS = 1_500  # a full matter page has 700


class Wanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A number for a matter; printer: who prints it, empty for a phone."""

    id: uuid.UUID
    matter: Annotated[str, Meta(min_length=1, max_length=64)]
    priority: Annotated[str, Meta(max_length=20)] | None = None
    appointment_at_ms: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    printer: Annotated[str, Meta(max_length=32)] = ""


class Aloud(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What stands on the screen."""

    lang: Annotated[str, Meta(pattern=r"^(zh-CN|en)$")]
    text: Annotated[str, Meta(min_length=1, max_length=ALOUD_CHARS)]


def code_picture(text: str) -> str:
    """A QR code as SVG; M: a finger's width of it may be torn off."""
    picture: str = segno.make(text, error="m", micro=False).svg_inline(border=3, light="#fff", omitsize=True)
    return picture


def _command(matter: Matter, wish: Wish) -> IssueTicket:
    priority = wish.priority or (None if wish.appointment_at_ms is None else "appointment")
    return IssueTicket(matter.service, "kiosk", priority, appointment_at_ms=wish.appointment_at_ms, matter=matter.id)


async def take(request: web.Request) -> web.Response:
    """A number on paper, or a code for a phone; the answer is the next part of the page."""
    asker(request, KIOSK)
    wanted: Wanted = await read_body(request, Wanted)
    matter = known(request, wanted.matter)
    wish = Wish(matter.id, wanted.priority, wanted.appointment_at_ms)
    if not wanted.printer:
        return _code(request, matter, wish)
    command = _command(matter, wish)
    try:
        reply = await request.app[HOUSE].paper.give_on_paper(command, str(wanted.id), wanted.printer, address(request))
    except Refusal as refusal:
        return part(request, "kiosk_refused.html", refusal=refusal, matter=matter)
    except Problem as problem:
        if problem.kind not in ("printer-not-ready", "not-printed"):
            raise
        return _unprinted(request, matter, wish, problem)
    return part(
        request,
        "kiosk_ticket.html",
        reply=reply,
        matter=matter,
        where=where(request, matter),
        code=code_picture(f"{address(request)}/t/{reply['token']}"),
    )


def _code(request: web.Request, matter: Matter, wish: Wish) -> web.Response:
    claim = _claim(request, wish)
    return part(
        request,
        "kiosk_phone.html",
        matter=matter,
        claim=claim.code,
        code=_picture(request, claim),
        lives_s=LIVES_MS // 1000,
    )


def _claim(request: web.Request, wish: Wish) -> Claim:
    return request.app[CLAIMS].make(secrets.token_urlsafe(16), wish, request.app[HOUSE].now_ms())


def _picture(request: web.Request, claim: Claim) -> str:
    return code_picture(f"{address(request)}/claim/{claim.code}")


def _unprinted(request: web.Request, matter: Matter, wish: Wish, problem: Problem) -> web.Response:
    claim = _claim(request, wish)
    others = [each["name"] for each in request.app[HOUSE].paper.printers_view() if each["ready"]]
    return part(
        request,
        "kiosk_unprinted.html",
        matter=matter,
        number=problem.extra.get("number"),
        claim=claim.code,
        code=_picture(request, claim),
        others=others,
        lives_s=LIVES_MS // 1000,
    )


async def claim_state(request: web.Request) -> web.Response:
    """What became of a code: `open`, `taken` (with its number), `over`."""
    asker(request, KIOSK)
    now_ms = request.app[HOUSE].now_ms()
    claim = request.app[CLAIMS].find(request.match_info["code"], now_ms)
    if claim is None or (claim.number is None and claim.ends_ms <= now_ms):
        return json_response({"state": "over", "number": None})
    return json_response({"state": "open" if claim.number is None else "taken", "number": claim.number})


def _phone(request: web.Request) -> str:
    return request.cookies.get(PHONE_COOKIE) or secrets.token_urlsafe(16)


async def claim_page(request: web.Request) -> web.Response:
    """What the phone sees: the matter and one key. Opening it takes nothing: messengers open addresses themselves."""
    house = request.app[HOUSE]
    claim = request.app[CLAIMS].find(request.match_info["code"], house.now_ms())
    matter = None if claim is None else house.guide.matter(claim.wish.matter)
    over = claim is None or matter is None or (claim.number is None and claim.ends_ms <= house.now_ms())
    phone = _phone(request)
    if claim is not None and claim.phone not in (None, tokens.digest(phone)):
        over = True
    if claim is None and (slow := too_many(request)) is not None:
        return slow
    answer = house.pages.page(
        request, "claim.html", 410 if over else 200, hall=house.hall_view(), matter=None if over else matter
    )
    if not over and PHONE_COOKIE not in request.cookies:
        answer.set_cookie(
            PHONE_COOKIE, phone, max_age=LIVES_MS // 1000 * 2, httponly=True, samesite="Lax", path="/claim"
        )
    return answer


async def claim(request: web.Request) -> web.Response:
    """The number, to the first phone that asks; the same phone again gets the same one."""
    house = request.app[HOUSE]
    code = request.match_info["code"]
    phone = request.cookies.get(PHONE_COOKIE, "")
    found = request.app[CLAIMS].opened(code, tokens.digest(phone), house.now_ms()) if phone else None
    matter = None if found is None else house.guide.matter(found.wish.matter)
    if found is None or matter is None:
        return too_many(request) or house.pages.page(request, "claim.html", 410, hall=house.hall_view(), matter=None)
    try:
        reply = await house.submit(_command(matter, found.wish), str(uuid.uuid5(_BY_CODE, code)))
    except Refusal as refusal:
        raise refused(refusal) from refusal
    request.app[CLAIMS].taken(found, reply["number"], house.now_ms())
    return web.Response(status=303, headers={"Location": f"/t/{reply['token']}", "Cache-Control": "no-store"})


async def aloud(request: web.Request) -> web.Response:
    """The text on the screen as a clip."""
    asker(request, KIOSK)
    wanted: Aloud = await read_body(request, Aloud)
    spoken: dict[str, Any] = await request.app[HOUSE].aloud(wanted.lang, wanted.text)
    return json_response(spoken)


ROUTES = (
    web.post("/kiosk/ticket", take),
    web.get("/kiosk/claim/{code}", claim_state),
    web.post("/kiosk/aloud", aloud),
    web.get("/claim/{code}", claim_page),
    web.post("/claim/{code}", claim),
)
