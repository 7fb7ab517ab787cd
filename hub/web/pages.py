"""The pages. So far `/`: where everything is, and in which state."""

from aiohttp import web

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
    )
