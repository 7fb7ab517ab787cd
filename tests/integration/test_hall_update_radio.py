"""An update of a hall over Bluetooth Low Energy, and over cables beside it: unmodified bleak, genuine MicroPython."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.radio_support import LIT_S, RadioBox, RadioHall, hub_on
from tests.update_support import Cabled, Signer, ended, give, outcomes, serve, shown, states
from tools.simulator.radio.client import Radio

HEAP = 144 * 1024  # what an update takes, beside the radio's link: docs/explanation/footprint.md
ALL_S = 900.0  # four firmwares of 60 KB, two of them in pieces of a radio's write; five minutes on two busy cores

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def radio() -> AsyncIterator[Radio]:
    async with await Radio.launch(("--adapters", "1")) as made:
        yield made


async def test_hall_update_over_the_radio_that_crashes_stops_and_the_box_is_asked_as_before(
    tmp_path: Path, radio: Radio
) -> None:
    signer = Signer(tmp_path)
    box = RadioBox(tmp_path, 1)
    hub = hub_on(tmp_path, radio)
    hub.config.write_text(hub.config.read_text("utf-8") + signer.section, "utf-8")
    await box.start(radio, heap_bytes=HEAP)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(box.board.close)
        await stack.enter_async_context(hub)
        hall = RadioHall(radio, hub, [box])
        await hall.online()
        status, said = await give(hub, signer.crashing())
        assert status == 201, said
        await serve(hub, box.device, box.window)
        await box.board.wait_lamps(True, LIT_S)
        await hall.rate(grade=2)
        view = await ended(hub, "stopped", "done")
        assert (view["state"], view["why"]) == ("stopped", "gone_back")
        assert await outcomes(hub) == [(box.device, "gone_back")]
        await serve(hub, box.device, box.window)
        await box.board.wait_lamps(True, LIT_S)
        await hall.rate(grade=4)
        await hall.ratings(2)


@pytest.mark.long
async def test_hall_update_over_radio_and_cable_while_people_press(tmp_path: Path, radio: Radio) -> None:
    signer = Signer(tmp_path)
    aired = [RadioBox(tmp_path, number) for number in (1, 2)]
    wired = [Cabled(tmp_path, number) for number in (3, 4)]
    hub = hub_on(tmp_path, radio, windows=4)
    async with AsyncExitStack() as stack:
        for box in aired:
            await box.start(radio, heap_bytes=HEAP)
            stack.push_async_callback(box.board.close)
        for wire in wired:
            await wire.start()
            stack.push_async_callback(wire.board.close)
        lines = "".join(f'[[links]]\nurl = "{wire.board.uart_url}"\n' for wire in wired)
        hub.config.write_text(hub.config.read_text("utf-8") + lines + signer.section, "utf-8")
        await stack.enter_async_context(hub)
        hall = RadioHall(radio, hub, [*aired, *wired])  # type: ignore[list-item]  # what is asked of them is the same
        await hall.online()
        status, said = await give(hub, signer.whole())
        assert status == 201, said
        rated = 0
        async with asyncio.timeout(ALL_S):
            while (await shown(hub))["state"] == "running":
                for box in hall.boxes:
                    if (await shown(hub))["state"] == "running":
                        await serve(hub, box.device, box.window)
                        await box.board.wait_lamps(True, LIT_S)
                        await hall.rate(box, grade=1 + rated % 5)
                        rated += 1
                await asyncio.sleep(5)
        view = await shown(hub)
        assert states(view) == {box.device: "good" for box in hall.boxes}, view
        assert sorted(await outcomes(hub)) == sorted((box.device, "good") for box in hall.boxes)
        print("ratings while it went on:", rated)
        assert rated >= len(hall.boxes)
        await hall.ratings(rated)
