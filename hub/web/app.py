"""The hub's web application, built from the table of doors."""

from pathlib import Path

from aiohttp import web

from common import problem
from common.guesses import GUESSES, Guesses, remote, slow_guesses
from common.pages import security_headers
from common.throttle import Throttle
from hub.web import admin_box, admin_page, board, kiosk, kiosk_tickets, openapi, pages, phone, window_page
from hub.web.bodies import json_response
from hub.web.claims import Claims
from hub.web.door import API
from hub.web.doors import DOORS
from hub.web.hall_schema import CONFIG_BYTES
from hub.web.house import HOUSE, House
from hub.web.kiosk_tickets import CLAIMS

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"
STATIC = FOLDER / "static"


def build(house: House, version: str) -> web.Application:
    """All doors and pages of one hall."""
    app = web.Application(middlewares=[problem.middleware, slow_guesses], client_max_size=CONFIG_BYTES)
    app.on_response_prepare.append(security_headers)
    app[HOUSE] = house
    app[GUESSES] = Guesses(Throttle(house.rising_ms), remote)
    for door in DOORS:
        app.router.add_route(door.method, door.path, door.handler)
    described = openapi.document(version)

    async def described_doors(_request: web.Request) -> web.Response:
        return json_response(described)

    app.router.add_get(f"{API}/openapi.json", described_doors)
    app.router.add_get("/", pages.index)
    app.router.add_get("/board", board.board)
    app.router.add_get("/board/state", board.board_state)
    app.router.add_get("/voice/{key}.wav", pages.clip)
    app.add_routes(window_page.ROUTES)
    app[CLAIMS] = Claims()
    app.add_routes((*phone.ROUTES, *kiosk.ROUTES, *kiosk_tickets.ROUTES))
    app.add_routes((*admin_page.ROUTES, *admin_box.ROUTES))
    house.pages.add_to(app)
    return app
