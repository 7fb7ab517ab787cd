"""An update of a hall over its cables: a real hub process, genuine MicroPython, people who press meanwhile."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.caller_support import press
from tests.hub_support import HubProcess, until
from tests.update_support import Cabled, Signer, ended, give, outcomes, serve, shown, states

LIT_S = 60.0


@asynccontextmanager
async def hall(folder: Path, signer: Signer, boxes: list[Cabled]) -> AsyncIterator[HubProcess]:
    """The hub with its boxes, all online, a clerk at each window."""
    async with AsyncExitStack() as stack:
        for box in boxes:
            await box.start()
            stack.push_async_callback(box.board.close)
        lines = tuple(box.board.uart_url for box in boxes)
        hub = await stack.enter_async_context(
            HubProcess(folder, lines, signer.section, windows=len(boxes), invitation_s=60)
        )
        for box in boxes:
            await hub.register(box, box.window)  # type: ignore[arg-type]
        for box in boxes:
            await until(lambda box=box: hub.online(box), f"{box.device} online")
            assert (await hub.command(box.window, "sign_in", staff=f"s{box.window}"))[0] == 200
        yield hub


async def rate(hub: HubProcess, box: Cabled, grade: int) -> None:
    """A citizen is served, asked, and presses."""
    await serve(hub, box.device, box.window)
    await box.board.wait_lamps(True, LIT_S)
    await press(box.board, grade)
    await box.board.wait_lamps(False, LIT_S)


async def test_hall_update_goes_on_while_people_press_and_after_the_hub_was_killed(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    boxes = [Cabled(tmp_path, number) for number in (1, 2)]
    async with hall(tmp_path, signer, boxes) as hub:
        status, said = await give(hub, signer.whole())
        assert status == 201, said
        first = next(box for box in boxes if box.device == said["update"]["boxes"][0]["device"])
        second = next(box for box in boxes if box is not first)
        await until(lambda: _sent(hub, first, 5_000), "the first pieces")
        await rate(hub, first, 4)
        await until(lambda: _sent(hub, first, 15_000), "more pieces")
        await hub.kill()
        await hub.start()
        await until(lambda: hub.online(first), "the box back")
        await rate(hub, second, 2)
        view = await ended(hub, "done", "stopped")
        assert (view["state"], states(view)) == ("done", {box.device: "good" for box in boxes}), view
        assert sorted(await outcomes(hub)) == sorted((box.device, "good") for box in boxes)
        for box in boxes:
            assert box.in_flash("slot") == b"b"
            await rate(hub, box, 5)
        rated = await hub.wait_event("hall.rating.submitted", 4)
        facts = {(event["data"]["device"], event["data"]["epoch"], event["data"]["fact"]) for event in rated}
        assert len(rated) == len(facts) == len({event["data"]["run"] for event in rated}) == 4


async def _sent(hub: HubProcess, box: Cabled, least: int) -> bool:
    view = await shown(hub)
    return any(each["device"] == box.device and each["sent"] >= least for each in view["boxes"])


# Its parts run in CI: a real box that goes back in test_hall_update_radio.py, who is left alone in test_updates.py, and
# what the doors refuse in test_update_desk.py.
@pytest.mark.long
async def test_hall_update_that_crashes_stops_at_its_first_box_which_works_on(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    boxes = [Cabled(tmp_path, number) for number in (1, 2)]
    async with hall(tmp_path, signer, boxes) as hub:
        stranger = tmp_path / "stranger"
        stranger.mkdir()
        for content, problem in (
            (signer.whole()[:-100], "wrong-bundle"),
            (Signer(stranger).whole(), "wrong-bundle"),
            (signer.whole(board="esp32_c3"), "nothing-to-update"),
            (signer.whole("0.0.1"), "nothing-to-update"),
        ):
            status, said = await give(hub, content)
            assert (status, said["type"].rpartition(":")[2]) in ((422, problem), (409, problem)), said
        assert said["errors"][0]["reason"] == "older"
        status, said = await give(hub, signer.crashing())
        assert status == 201, said
        view = await ended(hub, "done", "stopped")
        bad = next(box for box in boxes if box.device == view["why_device"])
        other = next(box for box in boxes if box is not bad)
        assert (view["state"], view["why"]) == ("stopped", "gone_back")
        assert states(view) == {bad.device: "gone_back", other.device: "waiting"}
        assert bad.in_flash("slot") == b"a-b"
        assert other.in_flash("slot") is None
        await until(lambda: hub.online(bad), "the box back on its old firmware")
        await rate(hub, bad, 3)
        await rate(hub, other, 1)
        await hub.wait_event("hall.rating.submitted", 2)
        assert await outcomes(hub) == [(bad.device, "gone_back")]
        assert other.board.view.boots == 1
