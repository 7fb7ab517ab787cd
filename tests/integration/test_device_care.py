"""Finding a box, seeing that two were swapped, and the list that never says more than was heard."""

import json
import re
from pathlib import Path

from tests.hub_support import Box, HubProcess, until
from tests.integration.firmware_bench import DEVICE, EPOCH, QUICK, SECRET, flash, settings
from tests.integration.simulator_bench import read_image
from tests.integration.test_device_provision import tingting
from tools.simulator.board import SimulatedBoard

CONFIG = "/api/v1/hall/config"


async def test_the_real_box_blinks_and_beeps_when_it_is_asked_for(tmp_path: Path) -> None:
    async with (
        await SimulatedBoard.start(flash(tmp_path, settings()), "rpi_pico", **QUICK) as board,
        HubProcess(tmp_path) as hub,
    ):
        keys = {"epoch": EPOCH.hex(), "secret": SECRET.hex()}
        wanted = {"role": "evaluator", "window": "1", "board": "rpi_pico", **keys}
        hub.secrets.add(SECRET.hex())
        status, reply = await hub.call("POST", "/api/v1/devices", "admin", wanted | {"device": DEVICE})
        assert status == 201, reply
        arguments = ("--hub", hub.url)
        token = hub.tokens["manager"]
        status, said = await tingting("identify", "ev-none", *arguments, token=token)
        assert (status, 'no box is called "ev-none", and none serves a window' in said) == (1, True)
        # Registered is not online: nothing was heard of it yet.
        _, listed = await tingting("list", *arguments, token=token)
        assert re.search(rf"✗ {DEVICE} · Evaluator · window 1 · offline\n +not heard since the hub started\n", listed)
        assert (await tingting("identify", DEVICE, *arguments, token=token))[0] == 1
        status, reply = await hub.call("PUT", CONFIG, "manager", {"links": [{"url": board.uart_url}]})
        assert status == 200, reply

        async def online() -> bool:
            _, devices = await hub.call("GET", "/api/v1/devices", "manager")
            return bool(devices["devices"][0]["online"] and devices["devices"][0]["firmware"])

        await until(online, "the box is heard")
        seen: set[tuple[bool, int]] = set()
        board.subscribe(lambda _: seen.add((board.view.power_led, board.view.buzzer_hz)))
        done, said = await tingting("identify", "1", "--for", "5", *arguments, token=token)  # by its window
        assert (done, said) == (0, f"{DEVICE}: the power light blinks quickly for 5 s\n")
        await until(lambda: {led for led, _ in seen} == {True, False}, "the power light blinks")
        assert 1760 in {hz for _, hz in seen}
        _, listed = await tingting("list", *arguments, token=token)
        assert re.search(
            rf"✓ {DEVICE} · Evaluator · window 1 · 0\.1\.0\S* · online · heard \d+ s ago · {board.uart_url}\n", listed
        ), listed
        await board.cut_power()

        async def offline() -> bool:
            return not await online()

        await until(offline, "the box is gone")
        _, listed = await tingting("list", *arguments, token=token)
        assert re.search(rf"✗ {DEVICE} .*offline · heard \d+ s ago.*\n +silent for \d+ s\n +→ Check its", listed), (
            listed
        )
        _, listed = await tingting("list", *arguments, "--json", token=token)
        (box,) = json.loads(listed)["boxes"]
        assert (box["online"], [wrong["code"] for wrong in box["wrong"]]) == (False, ["silent"])


async def swapped(hub: HubProcess) -> list[dict[str, object]]:
    faults = await hub.events("hall.device.fault")
    return [fault["data"] for fault in faults if fault["data"]["detail"]["code"] == "swapped"]


def change_plugs(one: Box, other: Box) -> None:
    """Each is heard on the other's line from now on."""
    for name in ("device", "secret", "epoch", "log"):
        mine, theirs = getattr(one, name), getattr(other, name)
        setattr(one, name, theirs)
        setattr(other, name, mine)
    for box in (one, other):
        box.boot += 1
        box.cut()


async def trouble(hub: HubProcess) -> list[str | None]:
    _, ready = await hub.call("GET", "/readyz")
    return [line["fault"] for line in ready["lines"]]


async def test_two_boxes_swapped_between_windows_are_noticed_and_named(tmp_path: Path) -> None:
    async with Box("ev-1") as one, Box("ev-2") as two, HubProcess(tmp_path, (one.line, two.line), windows=2) as hub:
        await hub.register(one, "1")
        await hub.register(two, "2")
        await until(lambda: hub.online(one), "the first box")
        await until(lambda: hub.online(two), "the second box")
        assert await swapped(hub) == []
        # What each line is for outlives the hub.
        registry = tmp_path / "data/registry.json"
        await until(lambda: registry.read_text("utf-8").count('"line": "socket') == 2, "both are kept")
        await hub.kill()
        change_plugs(one, two)
        await hub.start()

        [fault] = await until(lambda: swapped(hub), "the swap is told")
        detail = fault["detail"]
        assert isinstance(detail, dict)
        named = {(fault["device"], detail["window"]), (detail["other"], detail["other_window"])}
        assert named == {("ev-1", "1"), ("ev-2", "2")}
        assert await trouble(hub) == ["swapped", "swapped"]

        # The plugs are put right: nothing is left of it.
        change_plugs(one, two)

        async def well() -> bool:
            return await trouble(hub) == [None, None] and await hub.online(one) and await hub.online(two)

        await until(well, "the lines are well again")

        # Swapped once more, and this time the windows follow the boxes.
        change_plugs(one, two)

        async def both() -> bool:
            return await trouble(hub) == ["swapped", "swapped"]

        await until(both, "the second swap")
        text = "[devices]\ndevice,role,window\nev-1,evaluator,2\nev-2,evaluator,1\n"
        assert hub.http is not None
        headers = {"Authorization": f"Bearer {hub.tokens['manager']}", "Content-Type": "text/csv"}
        async with hub.http.post(f"{hub.url}/api/v1/hall/sheet", data=text.encode(), headers=headers) as answer:
            assert answer.status == 200, await answer.text()
        await until(well, "the boxes stand where they are said to")


async def test_a_box_on_a_free_line_has_moved_and_a_spare_in_its_place_is_no_swap(tmp_path: Path) -> None:
    async with Box("ev-1") as one, Box("free") as free, HubProcess(tmp_path, (one.line, free.line), windows=2) as hub:
        await hub.register(one, "1")
        await until(lambda: hub.online(one), "the box")
        change_plugs(one, free)
        await until(lambda: hub.online(free), "the box on the free line")
        # Registered for the same window on the first line: it takes the place, and the old one has none.
        one.device = "ev-9"
        await hub.register(one, "1")
        await until(lambda: hub.online(one), "the spare box")
        assert await swapped(hub) == []


async def test_a_box_gets_another_line_and_stays_who_it_is(tmp_path: Path) -> None:
    image = flash(tmp_path, settings(window_label="3号"))
    before = json.loads(read_image(image, "settings.json"))
    async with await SimulatedBoard.start(image, "rpi_pico", **QUICK) as board:
        status, said = await tingting("link", board.usb_port)
        assert (status, "say which line" in said) == (2, True)
        # A board without a radio stays on its cable.
        status, said = await tingting("link", board.usb_port, "--ble")
        assert (status, "this board has no radio" in said, "Nothing was changed" in said) == (1, True, True)
        status, said = await tingting("link", board.usb_port, "--uart")
        assert (status, f"{DEVICE} speaks over uart already" in said) == (0, True)
        status, said = await tingting("link", board.usb_port, "--usb", "--json")
        told = json.loads(said)
        assert (status, told["device"], told["was"], told["line"]) == (0, DEVICE, "uart", "usb")
        assert SECRET.hex() not in said
        await board.cut_power()
    assert json.loads(read_image(image, "settings.json")) == before | {"link": "usb"}


async def test_a_box_that_nobody_provisioned_has_no_line_to_change(tmp_path: Path) -> None:
    async with await SimulatedBoard.start(flash(tmp_path, None), "rpi_pico", **QUICK) as board:
        status, said = await tingting("link", board.usb_port, "--uart")
        assert (status, "never provisioned" in said) == (1, True)
