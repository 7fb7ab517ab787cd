"""Boxes with one identity, boxes that were moved, and boxes that lost their log, at the hub process."""

from collections import Counter
from pathlib import Path
from typing import Any

from protocol import messages
from tests.hub_support import Box, HubProcess, until


async def faults(hub: HubProcess, code: str) -> list[dict[str, Any]]:
    """The journal's faults of this code."""
    return [event for event in await hub.events("hall.device.fault") if event["data"]["detail"]["code"] == code]


async def ready(hub: HubProcess) -> dict[str, Any]:
    """What `/readyz` says."""
    _, found = await hub.call("GET", "/readyz")
    return dict(found)


async def test_two_boxes_with_one_identity_are_told_and_neither_loses_a_fact(tmp_path: Path) -> None:
    async with Box("ev-1") as first, Box("ev-1", first.secret) as second:
        second.epoch = first.epoch
        async with HubProcess(tmp_path, (first.line, second.line)) as hub:
            await hub.register(first)
            [told] = await until(lambda: faults(hub, "identity_shared"), "the fault")
            refused = told["data"]["detail"]["line"]
            online = len(await hub.events("hall.device.online"))  # a slow machine's boxes may have changed places first
            inside, outside = (first, second) if refused == "line-2" else (second, first)
            for _ in range(3):
                inside.fact(messages.RECOVERED, code=1)
                outside.fact(messages.RECOVERED, code=2)
            await until(lambda: inside.log.oldest == 4, "the acknowledgement")
            # The one outside goes on asking, and keeps what it has.
            asked = len(outside.sent)
            await until(lambda: len(outside.sent) > asked + 5, "the refused box trying again")
            assert (outside.log.oldest, outside.log.next) == (1, 4)
            assert len(await hub.events("hall.device.online")) == online
            assert len(await faults(hub, "identity_shared")) == 1
            [line] = [line for line in (await ready(hub))["lines"] if line["line"] == refused]
            assert line["fault"] == "identity_shared"
            assert "provision it under a new name" in line["todo"]

            # One of them is gone: the other's facts come under numbers of their own, and the fault is over.
            assert inside._server is not None
            inside._server.close()
            inside.cut()
            found = await hub.wait_event("hall.device.recovered", 6)
            assert sorted(Counter(event["data"]["detail"]["code"] for event in found).values()) == [3, 3]
            assert len({event["data"]["fact"] for event in found}) == 6
            [line] = [line for line in (await ready(hub))["lines"] if line["line"] == refused]
            assert (line["fault"], line["device"]) == (None, "ev-1")


async def test_a_box_that_was_moved_is_let_in_though_its_old_line_stays_open(tmp_path: Path) -> None:
    async with Box("ev-1") as old, Box("ev-1", old.secret) as new:
        new.epoch = old.epoch
        new.boot = 2
        async with HubProcess(tmp_path, (old.line, new.line)) as hub:
            new.mute = True
            await hub.register(old)
            await until(lambda: hub.online(old), "the box on its old line")
            old.mute, new.mute = True, False
            await until(lambda: new.views, "the box being let in on its new line")
            new.fact(messages.RECOVERED, code=1)
            await hub.wait_event("hall.device.recovered")
            assert not await faults(hub, "identity_shared")


async def test_a_box_whose_place_another_took_is_let_in_elsewhere(tmp_path: Path) -> None:
    """Found by seed 3234: the cable stays plugged in, and the new box greets before the old one is missed."""
    async with Box("ev-1") as place, Box("ev-1", place.secret) as bench:
        bench.epoch, bench.boot, bench.mute = place.epoch, 2, True
        bench.fact(messages.RECOVERED, code=1)
        async with HubProcess(tmp_path, (place.line, bench.line)) as hub:
            await hub.register(bench)
            await until(lambda: hub.online(bench), "the box in its place")
            new = Box("ev-2")
            await hub.register(new)
            greeted = len(await hub.events("hall.device.online"))
            place.cut()  # the old one greets once more, after the new one was registered
            await hub.wait_event("hall.device.online", greeted + 1)
            offline = len(await hub.events("hall.device.offline"))
            place.become(new)
            await until(lambda: hub.online(place), "the new box in the old one's place")
            gone = await hub.wait_event("hall.device.offline", offline + 1)
            assert gone[-1]["data"]["device"] == "ev-1"
            bench.mute = False
            await until(lambda: bench.log.oldest == 2, "what the old box holds, from the technician's bench")
            await until(lambda: hub.online(place), "the new one, still there")
            assert not await faults(hub, "identity_shared")


async def test_a_box_that_lost_its_log_and_logged_past_the_hub_keeps_its_facts(tmp_path: Path) -> None:
    async with Box("ev-1") as box, HubProcess(tmp_path, (box.line,)) as hub:
        box.boot = 7
        await hub.register(box)
        await until(lambda: hub.online(box), "the box")
        for _ in range(2):
            box.fact(messages.RECOVERED, code=1)
        await until(lambda: box.log.oldest == 3, "the acknowledgement")
        # Its flash is empty: numbers and boots begin anew, and it has logged more than the hub has of it.
        box.log.oldest = box.log.next = 1
        box.boot = 1
        for _ in range(4):
            box.fact(messages.RECOVERED, code=2)
        box.cut()
        found = await hub.wait_event("hall.device.recovered", 6)
        assert sorted(Counter(event["data"]["detail"]["code"] for event in found).values()) == [2, 4]
        assert await faults(hub, "numbers_regressed")
