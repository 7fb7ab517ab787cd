"""The evaluator's way over Bluetooth Low Energy: unmodified bleak against genuine MicroPython.

Where the radio can't start, these tests fail.
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.web.metrics import RADIO
from tests.caller_support import press
from tests.hub_support import WAIT_S, until
from tests.radio_support import RadioBox, RadioHall, hub_on, radio_hall
from tests.screen_support import picture
from tools.simulator import panel
from tools.simulator.radio.client import Radio

CALLER_HEAP = 128 * 1024  # 112 KB on a cable, and what the radio's link takes
SCREEN_HEAP = 128 * 1024
STRANGER_TOLD_S = 120.0  # four greetings that nobody answers: two links, between which the box lets no stranger in
PRESSES_APART_S = 1.1  # two presses of a key within a second are one

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def radio() -> AsyncIterator[Radio]:
    async with await Radio.launch(("--adapters", "2")) as made:
        yield made


async def test_a_press_goes_over_the_air_into_the_journal_once(tmp_path: Path, radio: Radio) -> None:
    async with radio_hall(tmp_path, radio) as hall:
        await hall.ask()
        await hall.rate(grade=4)
        [rated] = await hall.ratings(1)
        assert rated["data"]["grade"] == 4
        assert rated["data"]["device"] == hall.box.device
        [invited] = await hall.hub.events("hall.rating.invited")
        assert invited["data"]["run"] == rated["data"]["run"]
        assert await hall.hub.events("hall.device.offline") == []
        assert len(await hall.hub.events("hall.device.online")) == 1
        await until(lambda: _let_go(hall), "the link being let go")
        assert await hall.hub.online(hall.box)  # heard, though not connected
        await hall.radio.call("rssi", address=hall.box.address, dbm=-77)
        await until(lambda: _weaker(hall), "the strength in the metrics")
        for _ in range(2):
            await hall.ask()
            await hall.rate()
        await hall.ratings(3)
        assert len(await hall.hub.events("hall.device.online")) == 1


async def _let_go(hall: RadioHall) -> bool:
    return bool((await hall.seen())["links"] == 0)


async def _weaker(hall: RadioHall) -> bool:
    _, content = await hall.hub.call("GET", "/metrics")
    told = set(re.findall(r"^(\w+){", content.decode(), re.MULTILINE))
    assert {metric.name for metric in RADIO} <= told
    labels = f'device="{hall.box.device}",role="evaluator",window="1"'
    return f"tingting_device_rssi_dbm{{{labels}}} -77" in content.decode()


async def test_a_press_while_the_hub_is_away_is_kept_and_fetched_after(tmp_path: Path, radio: Radio) -> None:
    async with radio_hall(tmp_path, radio) as hall:
        await hall.ask()
        await hall.hub.kill()
        await hall.rate(grade=2)
        await hall.hub.start()
        [rated] = await hall.ratings(1)
        assert rated["data"]["grade"] == 2
        assert await hall.hub.events("hall.rating.unrated") == []


async def test_a_box_that_loses_its_power_is_told_offline_and_comes_back(tmp_path: Path, radio: Radio) -> None:
    async with radio_hall(tmp_path, radio) as hall:
        await hall.box.board.cut_power()
        [offline] = await hall.hub.wait_event("hall.device.offline")
        assert offline["data"]["device"] == hall.box.device
        assert not await hall.hub.online(hall.box)
        await hall.hub.serve_one()
        await hall.hub.wait_event("hall.rating.unrated")
        await hall.box.board.restore_power()
        await until(lambda: hall.hub.online(hall.box), "the box coming back")
        await hall.ask()
        await hall.rate()
        await hall.ratings(1)


async def test_a_session_moves_from_cable_to_radio_and_back(tmp_path: Path, radio: Radio) -> None:
    box = RadioBox(tmp_path, 1, link="uart")
    await box.start(radio)
    hub = hub_on(tmp_path, radio)
    hub.config.write_text(hub.config.read_text("utf-8") + f'[[links]]\nurl = "{box.board.uart_url}"\n', "utf-8")
    try:
        async with hub:
            hall = RadioHall(radio, hub, [box])
            await hall.online()
            await hall.ask()
            await hall.rate(grade=5)
            await hall.ratings(1)
            for count, link in enumerate(("ble", "uart", "ble"), 2):
                await box.relink(link)
                await until(lambda link=link: _is_on(hall, link), f"the box on {link}")
                await hall.ask()
                await hall.rate(grade=3)
                await hall.ratings(count)
            rated = await hall.ratings(4)
            facts = [event["data"]["fact"] for event in rated]
            assert facts == sorted(facts)  # one numbering, whatever the line
            assert {event["data"]["epoch"] for event in rated} == {box.epoch.hex()}
            faults = [event["data"]["detail"]["code"] for event in await hub.events("hall.device.fault")]
            assert not {"numbers_regressed", "identity_shared", "wrong_epoch"} & set(faults)
    finally:
        await box.board.close()


async def _is_on(hall: RadioHall, link: str) -> bool:
    _, ready = await hall.hub.call("GET", "/readyz", "monitor")
    on_cable = any(line["device"] == hall.box.device for line in ready["lines"])
    return bool(on_cable if link == "uart" else not on_cable and ready["radios"][0]["boxes"]) and await hall.hub.online(
        hall.box
    )


async def test_a_caller_without_a_cable_is_held_and_called_for(tmp_path: Path, radio: Radio) -> None:
    box = RadioBox(tmp_path, 1, role="caller")
    await box.start(radio, heap_bytes=CALLER_HEAP)
    hub = hub_on(tmp_path, radio)
    try:
        async with hub:
            hall = RadioHall(radio, hub, [box])
            await hall.online()
            await hub.ticket()
            await box.board.wait_text("L  1", WAIT_S)
            await press(box.board, "next")
            await hub.wait_event("hall.ticket.called")
            await asyncio.sleep(PRESSES_APART_S)
            # Out of reach for a moment: a press then finds no hub, does nothing, and calls for one.
            await radio.call("out_of_reach", address=box.address, away=True)
            await box.board.wait_text("noHb", WAIT_S)
            await press(box.board, "next")
            await until(lambda: _calls(radio, box), "the call in the advertisement")
            await radio.call("out_of_reach", address=box.address, away=False)
            await box.board.wait_text("A001", WAIT_S)
            await asyncio.sleep(PRESSES_APART_S)
            await press(box.board, "recall")
            await hub.wait_event("hall.ticket.recalled")
            assert len(await hub.events("hall.ticket.called")) == 1
    finally:
        await box.board.close()


async def test_a_box_is_visited_when_another_clerk_sits_down(tmp_path: Path, radio: Radio) -> None:
    box = RadioBox(tmp_path, 1, screen="ssd1306")
    await box.start(radio, heap_bytes=SCREEN_HEAP)
    hub = hub_on(tmp_path, radio)
    try:
        async with hub:
            hall = RadioHall(radio, hub, [box])
            await hall.online()
            await _shows(box, "工号 s1")
            for clerk in ("1024", "1025"):
                # Nothing but the clerk changes: the window is free before and after.
                await until(lambda: _let_go(hall), "the link being let go")
                status, reply = await hub.command("1", "sign_in", staff=clerk)
                assert status == 200, reply
                await _shows(box, f"工号 {clerk}")
    finally:
        await box.board.close()


async def _shows(box: RadioBox, clerk: str) -> None:
    wanted = picture("您好", "办完以后请您评价", "Welcome", clerk)
    await box.board.wait_for(
        lambda view: panel.rows(base64.b64decode(view.panel)) == wanted, 2 * WAIT_S, f"{clerk} on the display"
    )


async def _calls(radio: Radio, box: RadioBox) -> bool:
    return bool((await radio.call("advertised", address=box.address))["calls"])


async def test_of_two_adapters_a_box_has_the_one_that_hears_it_better_and_keeps_the_other(
    tmp_path: Path, radio: Radio
) -> None:
    async with radio_hall(tmp_path, radio, boxes=2, adapters=("hci0", "hci1")) as hall:
        one, two = hall.boxes
        for box, better in ((one, "hci0"), (two, "hci1")):
            await radio.call("rssi", address=box.address, dbm=-80)
            await radio.call("rssi", address=box.address, dbm=-50, adapter=better)
        await until(lambda: _are_told_apart(hall), "both adapters hearing both boxes")
        await until(lambda: _all_let_go(hall), "the links being let go")
        before, failed_before = await _counts(hall, "connects"), await _failures(hall)
        for _ in range(2):
            for box in hall.boxes:
                await hall.ask(box)
                await hall.rate(box)
            await until(lambda: _all_let_go(hall), "the links being let go")
        await hall.ratings(4)
        fresh = {key: count - before[key] for key, count in (await _counts(hall, "connects")).items()}
        failed = {key: count - failed_before[key] for key, count in (await _failures(hall)).items()}
        assert fresh[0, 0] > 0
        assert fresh[1, 1] > 0
        # Not once by the other one, as long as the better one's links hold.
        assert failed[0, 0] > 0 or fresh[1, 0] == 0, (fresh, failed)
        assert failed[1, 1] > 0 or fresh[0, 1] == 0, (fresh, failed)
        # The better one is pulled while the question is open; its press comes over the other one.
        await hall.ask(one)
        await radio.call("unplug", adapter="hci0")
        try:
            await hall.rate(one)
            await hall.ratings(5)
            assert (await hall.peer(one, 1))["connects"] > 0
            await hall.ask(one)
            await hall.rate(one)
            await hall.ratings(6)
        finally:
            await radio.call("plug", adapter="hci0")


async def _are_told_apart(hall: RadioHall) -> bool:
    heard = {
        (adapter, at): (await hall.peer(box, adapter)).get("rssi_dbm")
        for adapter in (0, 1)
        for at, box in enumerate(hall.boxes)
    }
    return heard == {(0, 0): -50, (0, 1): -80, (1, 0): -80, (1, 1): -50}


async def _counts(hall: RadioHall, what: str) -> dict[tuple[int, int], int]:
    """By adapter and box."""
    return {
        (adapter, at): (await hall.peer(box, adapter))[what] for adapter in (0, 1) for at, box in enumerate(hall.boxes)
    }


async def _failures(hall: RadioHall) -> dict[tuple[int, int], int]:
    """Attempts that came to nothing, and links that broke."""
    failures, lost = await _counts(hall, "failures"), await _counts(hall, "lost")
    return {key: failures[key] + lost[key] for key in failures}


async def _all_let_go(hall: RadioHall) -> bool:
    return all([(await hall.seen(adapter))["links"] == 0 for adapter in (0, 1)])


async def test_of_two_hubs_in_reach_a_box_belongs_to_the_one_that_knows_its_key(tmp_path: Path, radio: Radio) -> None:
    (tmp_path / "other").mkdir()
    other = hub_on(tmp_path / "other", radio, adapters=("hci1",))
    async with other, radio_hall(tmp_path, radio) as hall:
        stranger = RadioBox(tmp_path, 2)
        stranger.device, right = hall.box.device, hall.box.secret
        await other.register(stranger)  # type: ignore[arg-type]  # its name, with another key
        await hall.ask()
        await hall.rate()
        await hall.ratings(1)
        async with asyncio.timeout(STRANGER_TOLD_S):
            while not (faults := await other.events("hall.device.fault")):
                await asyncio.sleep(0.1)
        assert {event["data"]["detail"]["code"] for event in faults} == {"wrong_key"}
        await hall.ask()
        await hall.rate()
        await hall.ratings(2)
        assert await other.events("hall.rating") == []
        assert right.hex() not in other.log()
        await asyncio.sleep(0)
