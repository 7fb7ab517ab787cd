"""The demo to look at: citizens come and go, the page shows the boxes, until Ctrl-C."""

import asyncio
from typing import Any, Final

from tools.demo import plan, shelf
from tools.demo.callers import PLACES, Hand
from tools.demo.center_reading import CenterReader
from tools.demo.citizens import Play
from tools.demo.hall import SERVICES, SPARES, YOURS
from tools.demo.headless import now_ms
from tools.demo.house import House
from tools.demo.page.server import Page
from tools.demo.presses import clock_text
from tools.demo.story import Story

INVITATION_S: Final = 20  # the domain page's; a person at the page has time to press
FOLLOW_EVERY_S: Final = 0.3  # between two looks at the public queue: a face is never later than the eye
COUNT_EVERY_S: Final = 2.0  # the panel's figures


async def run(seed: int, port: int, story: Story) -> None:
    """Runs until it is cancelled."""
    async with House(story, None, INVITATION_S, PLACES, SPARES) as house:
        play = Play(
            hub=house.hub,
            doors=house.hub_doors,
            boxes=house.boxes,
            log=None,
            story=story,
            now_ms=now_ms,
            invitation_s=INVITATION_S,
            machine=house.machine,
            shared=True,
            hands={window: Hand(caller, house.hub_doors, house.hub) for window, caller in house.callers.items()},
        )
        page = Page(house, story, play)
        await page.start(port)
        try:
            _invite(house, page, story)
            story.say("The doors are open; the first citizen is on the way.")
            async with asyncio.TaskGroup() as group:
                citizens = plan.visits(seed, [service.id for service in SERVICES], plan.CALM, may_leave=True)
                group.create_task(play.run(citizens))
                group.create_task(_count(house, page))
                group.create_task(_follow_windows(house))
                group.create_task(shelf.follow(house))
        finally:
            await page.stop()


def _invite(house: House, page: Page, story: Story) -> None:
    viewer = house.center.token("viewer")
    story.step("")
    story.step("A whole hall is running. Open in a browser on this machine:")
    story.step(f"  the boxes      {page.url}/   press a key when the lamps burn")
    story.step(f"  the hub        {house.hub.url}/   where everything is; no sign-in")
    clerk, manager = house.hub.token("clerk", f"window/{YOURS}"), house.hub.token("manager")
    story.step(f"  the board      {house.hub.url}/board?sound=1   touch it once, and it speaks")
    story.step(f"  the kiosk      {house.hub.url}/kiosk   token: {house.hub.token('kiosk')}")
    story.step(f"  your window    {house.hub.url}/window/{YOURS}   token: {clerk}; then any staff number")
    story.step(f"  the manager    {house.hub.url}/admin   token: {manager}")
    story.step(f"  the center     {house.center.url}/   sign in with the viewer's token: {viewer}")
    story.step(
        f"  a technician   two spare boxes; docs/how-to/add-a-window.md after:  . {shelf.write_for_technician(house)}"
    )
    story.step("Ctrl-C ends it.")


async def _follow_windows(house: House) -> None:
    """What stands on a display beside the invitation: the hall's public queue says it."""
    while True:
        queue = await house.hub_doors.get("/api/v1/queue")
        serving = {entry["window"]: entry for entry in queue["serving"]}
        for window, box in list(house.boxes.items()):
            entry = serving.get(window, {"state": "paused" if window in queue["paused"] else "free", "number": ""})
            box.in_window(entry["state"], entry["number"])
        await asyncio.sleep(FOLLOW_EVERY_S)


async def _count(house: House, page: Page) -> None:
    """Reads the figures at the center's doors, like anybody else."""
    reader = CenterReader(house.center, house.center_doors)
    tickets: set[str] = set()
    seen = 0
    while True:
        events = await reader.read()
        tickets |= {event["data"]["ticket"] for event in events[seen:] if event["type"] == "hall.ticket.issued"}
        seen = len(events)
        ratings = await reader.ratings(now_ms())
        counts: dict[str, Any] = {"tickets": len(tickets), "served": ratings["served"], "rated": ratings["rated"]}
        page.count(**counts, as_of=clock_text(now_ms())[11:19])
        await asyncio.sleep(COUNT_EVERY_S)
