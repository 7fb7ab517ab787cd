"""A technician's acts on callers, dispensers and by the hub's own line: self-test, key test, maintenance."""

import asyncio
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.caller_support import press
from tests.hub_support import HubProcess, new_id, until
from tests.integration.firmware_bench import flash, settings
from tests.integration.simulator_bench import make_image
from tests.integration.test_device_provision import tingting
from tests.integration.test_docs_operations import typed
from tools.simulator.board import SimulatedBoard
from tools.simulator.profile import FOUR_KEYS, KEYPAD

QUICK: dict[str, Any] = {"erase_ms": 0.0, "program_ms": 0.0, "baud_delay": False}
WAIT_S = 90.0  # no test measures time with it
LONGEST_S = 300.0
SERVICES = tuple(str(number) for number in range(1, 13))


@dataclass
class Person:
    """Answers the questions and presses what is asked for, each key until it is felt."""

    board: SimulatedBoard
    hub: HubProcess
    answers: bytes
    asked: list[str] = field(default_factory=list)

    async def test(self, *more: str) -> tuple[int, str]:
        """`tingting device selftest`: status and what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tools.cli", "device", "selftest", self.board.usb_port,
            "--hub", self.hub.url, "--wait", "60", "--lang", "en", *more,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "TINGTING_TOKEN": self.hub.tokens["manager"], "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(self.answers)
        said = b""
        async with asyncio.timeout(LONGEST_S):
            while line := await process.stdout.readline():
                said += line
                if found := re.search(rb"Press the key: (\S+)", line):
                    self.asked.append(found[1].decode())
                    await self.board.hold(self.key(found[1].decode()))
                elif found := re.search(rb"felt: (\S+)", line):
                    await self.board.release(self.key(found[1].decode()))
            return await process.wait(), said.decode()

    def key(self, name: str) -> int | str:
        """As the board knows it."""
        return int(name) if self.board.profile.role == "dispenser" and name.isdigit() else name


async def last_test(hub: HubProcess, count: int) -> dict[str, Any]:
    """What the journal has of the newest of so many tests."""
    tests = await hub.wait_event("hall.device.key_tested", count)
    return dict(tests[-1]["data"])


CALLERS = [("caller", (), KEYPAD), ("caller_four", ("--keys", "four"), FOUR_KEYS)]


@pytest.mark.parametrize(("wiring", "options", "keys"), CALLERS)
async def test_every_key_and_the_display_of_a_caller(
    tmp_path: Path, wiring: str, options: tuple[str, ...], keys: tuple[str, ...]
) -> None:
    image = make_image(tmp_path / "flash.img", {})
    async with (
        HubProcess(tmp_path) as hub,
        await SimulatedBoard.start(image, "rpi_pico", "00112233445566c1", role=wiring, **QUICK) as board,
    ):
        wish = ("--role", "caller", "--window", "1", "--hub", hub.url, *options)
        status, said = await tingting("provision", board.usb_port, *wish, token=hub.tokens["admin"])
        assert status == 0, said
        shown: set[str] = set()
        heard: set[int] = set()
        lit: set[bool] = set()
        board.subscribe(
            lambda _: (shown.add(board.view.text), heard.add(board.view.buzzer_hz), lit.add(board.view.power_led))
        )
        person = Person(board, hub, b"y\ny\nr\ny\n")  # the display once more: the person looked away
        status, said = await person.test()
        assert (status, "All is well." in said, "The hub has noted it." in said) == (0, True, True), said
        assert tuple(person.asked) == keys
        assert "8888" in shown
        assert {1319, 1760, 1568} <= heard
        assert lit == {False, True}
        tested = await last_test(hub, 1)
        assert (tested["role"], tested["window"]) == ("caller", "1")
        whole = {"keys": sorted(keys), "dead": [], "lamps": True, "sounds": True, "shows": True}
        assert tested["detail"] == whole

        # A key that hangs, and a display that stays dark: both are told, and no key of a caller is a grade's.
        await board.hold("recall")
        person = Person(board, hub, b"y\ny\nn\n")
        status, said = await person.test()
        assert (status, "it hangs: recall" in said, "Keys without answer: recall" in said) == (1, True, True), said
        assert tuple(person.asked) == tuple(key for key in keys if key != "recall")
        detail = (await last_test(hub, 2))["detail"]
        assert (detail["dead"], detail["shows"], "keys_ok" in detail) == (["recall"], False, False)
        _, hall = await hub.call("GET", "/api/v1/hall")
        assert hall["windows"][0]["keys_tested_at"] is None  # what is published is the rating box's
        # The doctor has it.
        _, ready = await hub.call("GET", "/readyz")
        [told] = [each["told"]["tested"] for each in ready["each_device"]]
        assert (told["keys_dead"], told["shows"]) == (1, False)


async def test_every_key_and_lamp_of_a_dispenser(tmp_path: Path) -> None:
    image = make_image(tmp_path / "flash.img", {})
    async with (
        HubProcess(tmp_path) as hub,
        await SimulatedBoard.start(image, "rpi_pico", "00112233445566d1", role="dispenser", **QUICK) as board,
    ):
        wish = ("--role", "dispenser", "--hub", hub.url)
        status, said = await tingting("provision", board.usb_port, *wish, token=hub.tokens["admin"])
        assert status == 0, said
        lamps: set[tuple[bool, ...]] = set()
        board.subscribe(lambda _: lamps.add(tuple(board.view.lamps)))
        person = Person(board, hub, b"y\ny\n")
        status, said = await person.test()
        assert (status, "All is well." in said, "The hub has noted it." in said) == (0, True, True), said
        assert tuple(person.asked) == (*SERVICES, "clerk")
        alone = {tuple(at == lamp for at in range(13)) for lamp in range(13)}
        assert alone <= lamps
        assert (True,) * 13 in lamps
        detail = (await last_test(hub, 1))["detail"]
        assert detail == {
            "keys": sorted([*SERVICES, "clerk"]),
            "dead": [],
            "lamps": True,
            "sounds": True,
            "shows": None,
        }

        await board.hold("clerk")
        await board.hold(7)
        status, said = await Person(board, hub, b"n\ny\n").test()
        assert (status, "Keys without answer: 7, clerk" in said) == (1, True), said
        detail = (await last_test(hub, 2))["detail"]
        assert (detail["dead"], detail["lamps"]) == (["7", "clerk"], False)
        # Nobody got a number by it.
        assert await hub.events("hall.ticket") == []


async def ask(hub: HubProcess, device: str, who: str = "manager", **command: Any) -> tuple[int, dict[str, Any]]:
    """A technician's command by the hub."""
    status, said = await hub.call("POST", f"/api/v1/devices/{device}/commands", who, {"id": new_id()} | command)
    return status, dict(said)


async def test_the_hub_asks_an_evaluator_for_its_keys_and_puts_it_into_maintenance(tmp_path: Path) -> None:
    values = settings()
    name = str(values["device"])
    image = flash(tmp_path, values)
    async with (
        await SimulatedBoard.start(image, "rpi_pico", **QUICK) as board,
        HubProcess(tmp_path, (board.uart_url,), windows=2) as hub,
    ):
        hub.secrets.add(str(values["secret"]))
        body = {key: values[key] for key in ("device", "role", "board", "epoch", "secret")}
        for wanted in (
            body | {"window": "1"},
            body | {"device": "ca-2", "role": "caller", "window": "2", "secret": "ab" * 32},
        ):
            status, said = await hub.call("POST", "/api/v1/devices", "admin", wanted)
            assert status == 201, said

        async def online() -> bool:
            _, reply = await hub.call("GET", "/api/v1/devices", "manager")
            return any(each["device"] == name and each["online"] for each in reply["devices"])

        await until(online, "the evaluator online")

        # What can't be asked says why, and what to do.
        status, said = await ask(hub, "ev-none", command="key_test")
        assert (status, "No device 'ev-none'" in said["title"]) == (404, True)
        status, said = await ask(hub, "ca-2", command="key_test")
        assert (status, said["detail"]) == (409, "Test a caller at its cable: `tingting device selftest PORT`.")
        status, said = await ask(hub, name, command="maintenance")
        assert status == 403, said  # a manager's token may test, not put out of work
        status, said = await ask(hub, "ca-2", "admin", command="maintenance")
        assert (status, said["title"]) == (409, "ca-2 is not heard")
        status, said = await ask(hub, name, command="key_test", wait_s=61)
        assert status == 422, said
        status, said = await ask(hub, name, "kiosk", command="key_test")
        assert status == 403, said

        # Every key, as the hub asked for it: each press is noted and none is a rating.
        status, said = await ask(hub, name, command="key_test", wait_s=60)
        assert (status, said["command"]) == (200, "key_test"), said
        status, said = await ask(hub, name, command="key_test", wait_s=60)
        assert (status, said["title"]) == (409, f"{name} can't do that")  # it is at it
        for count, grade in enumerate((5, 4, 3, 2, 1), 1):
            await press(board, grade)
            await hub.wait_event("hall.rating.ignored", count)
        tested = await last_test(hub, 1)
        assert tested["detail"]["keys_ok"] == 31
        assert {each["data"]["why"] for each in await hub.events("hall.rating.ignored")} == {"key_test"}
        assert await hub.events("hall.rating.submitted") == []
        _, hall = await hub.call("GET", "/api/v1/hall")
        assert [(bool(row["keys_tested_at"]), row["keys_dead"]) for row in hall["windows"]] == [
            (True, 0),
            (False, None),
        ]

        # Into maintenance over the hub's line, and out of it at the cable.
        token = {"token": hub.tokens["admin"]}
        status, text = await tingting("maintain", name, "--off", "--hub", hub.url, **token)
        assert (status, "hears no hub" in text or "听不到" in text) == (2, True), text
        status, text = await tingting("maintain", "ca-2", "--hub", hub.url, "--lang", "en", **token)
        assert (status, "ca-2 is not heard" in text) == (1, True), text
        status, text = await tingting("maintain", name, "--hub", hub.url, "--lang", "en", **token)
        assert (status, text.strip()) == (0, f"{name}: application and watchdog are off."), text
        await board.wait_output(b">>> ", WAIT_S)
        boots = board.view.boots
        await board.cut_power()  # it stays so over a loss of power, too
        await board.restore_power()
        await board.wait_for(lambda view: view.boots > boots, WAIT_S, "the start after the cut")
        status, text = await tingting("maintain", board.usb_port, "--off", "--lang", "zh-CN")
        assert status == 0, text
        assert board.usb_port in text
        await hub.wait_event("hall.device.booted", 2)
        await until(online, "the evaluator online again")
        # At the cable in and out, twice: the same again is no harm.
        for off in ((), (), ("--off",), ("--off",)):
            status, text = await tingting("maintain", board.usb_port, *off, "--lang", "en")
            assert status == 0, text
        await until(online, "the evaluator online at last")

        # The doctor reads its diary at the cable, and says what it told of its keys.
        words = ("--config", str(hub.config), "--hub", hub.url, "--diary", board.usb_port, "--lang", "en", "--json")
        found = json.loads(await typed("doctor", *words, status=1))["findings"]  # the caller is not there
        (noted,) = [each for each in found if each["step"] == "diary"]
        assert noted["state"] in ("well", "note"), noted  # a busy machine may wake its watchdog
        assert re.search(r": [1-9]\d* starts, \d+ by its watchdog; \d+ faults", noted["text"]), noted
        (keys,) = [each for each in found if each["step"] == "selftest" and each["device"] == name]
        assert keys["state"] == "well", keys
        assert "every key answers" in keys["text"]
        # A port that is none is told as such, and stops nothing.
        words = ("--config", str(hub.config), "--hub", hub.url, "--diary", str(tmp_path / "none"), "--json")
        found = json.loads(await typed("doctor", *words, status=1))["findings"]
        assert [each["state"] for each in found if each["step"] == "diary"] == ["bad"]
