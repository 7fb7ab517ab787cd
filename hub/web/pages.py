"""`/`: where everything is, and in which state; and what the voice said."""

from aiohttp import web

from common.pages import STATIC_CACHE
from hub.web import keys
from hub.web.house import HOUSE


async def index(request: web.Request) -> web.Response:
    """The index."""
    house = request.app[HOUSE]
    return house.pages.page(
        request,
        "hub_index.html",
        hall=house.hall_view(),
        queue=house.queue_view(),
        ready=house.ready(),
        devices=house.devices.shown_devices(),
        journal=house.journal,
        tested=keys.tested(house),
        zones=house.guide.zones(),
        training=house.guide.training,
        printers=house.paper.printers_view(),
        tick=house.tick(),
        last=house.stream.last_id,
    )


async def clip(request: web.Request) -> web.Response:
    """What the voice said, while it is remembered; its address is made from what is said."""
    found = request.app[HOUSE].clip(request.match_info["key"])
    if found is None:
        raise web.HTTPNotFound
    return web.Response(body=found.wav, content_type="audio/wav", headers={"Cache-Control": STATIC_CACHE})
