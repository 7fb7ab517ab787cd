"""A new box takes an old one's place: at the hub, and with the real mpremote on simulated boards."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

from protocol import messages
from tests.hub_support import Box, HubProcess, until
from tests.integration.simulator_bench import make_image, read_image
from tests.integration.test_device_provision import tingting
from tools.simulator.board import SimulatedBoard

QUICK = {"erase_ms": 0.0, "program_ms": 0.0}


async def faults(hub: HubProcess, code: str) -> list[dict[str, object]]:
    found = await hub.events("hall.device.fault")
    return [fault["data"] for fault in found if fault["data"]["detail"]["code"] == code]


async def shown(hub: HubProcess, device: str) -> dict[str, object]:
    _, reply = await hub.call("GET", "/api/v1/devices", "manager")
    return next(entry for entry in reply["devices"] if entry["device"] == device)


async def ratings(hub: HubProcess) -> list[tuple[str, str]]:
    return [(each["data"]["device"], each["data"]["run"]) for each in await hub.events("hall.rating.submitted")]


async def test_the_old_key_is_dead_and_what_the_old_box_holds_counts_once(tmp_path: Path) -> None:
    async with Box("ev-old") as old, Box("ev-new") as new, HubProcess(tmp_path, (old.line, new.line)) as hub:
        await hub.register(old)
        await until(lambda: hub.online(old), "the old box")
        status, reply = await hub.command("1", "sign_in", staff="7", role="A")
        assert status == 200, reply
        await hub.serve_one()
        await until(lambda: old.open_run, "it asks")
        # Its line breaks with a citizen's press inside.
        old.mute = True
        old.cut()
        old.press(4)

        hub.secrets.add(new.secret.hex())
        wanted = {"device": "ev-new", "role": "evaluator", "window": None, "board": "rpi_pico", "replaces": "ev-old"}
        wanted |= {"epoch": new.epoch.hex(), "secret": new.secret.hex()}
        status, reply = await hub.call("POST", "/api/v1/devices", "admin", wanted | {"replaces": "ev-none"})
        assert (status, "No device 'ev-none'" in reply["detail"]) == (409, True)
        status, reply = await hub.call("POST", "/api/v1/devices", "admin", wanted | {"role": "caller"})
        assert (status, "flash the new box with --role evaluator" in reply["detail"]) == (409, True)
        for _ in range(2):  # the same again, as after a broken-off command
            status, reply = await hub.call("POST", "/api/v1/devices", "admin", wanted)
            assert (status, reply["window"]) == (201, "1"), reply
        await until(lambda: hub.online(new), "the new box")
        [replaced] = await hub.wait_event("hall.device.replaced")
        assert replaced["data"]["device"] == "ev-old"
        assert replaced["data"]["detail"] == {"by": "ev-new", "window": "1", "epoch": old.epoch.hex()}

        # The old box comes back with its key: refused, and reported by name.
        old.mute = False
        old.cut()
        [fault] = await until(lambda: faults(hub, "replaced"), "the dead key is reported")
        assert (fault["detail"]["said"], fault["detail"]["by"]) == ("ev-old", "ev-new")  # type: ignore[index]
        assert not await hub.online(old)
        assert await ratings(hub) == []
        _, ready = await hub.call("GET", "/readyz")
        assert [entry["device"] for entry in ready["each_device"]] == ["ev-new"]

        # No place for it in the hall's table either.
        text = "[devices]\ndevice,role,window\nev-new,evaluator,1\nev-old,evaluator,1\n"
        assert hub.http is not None
        headers = {"Authorization": f"Bearer {hub.tokens['manager']}", "Content-Type": "text/csv"}
        async with hub.http.post(f"{hub.url}/api/v1/hall/sheet", data=text.encode(), headers=headers) as answer:
            assert answer.status == 422, await answer.text()

        # A hub that starts again knows it still, and says it once only.
        await hub.kill()
        await hub.start()
        await until(lambda: hub.online(new), "the new box again")
        status, said = await tingting(
            "fetch", "ev-new", "--hub", hub.url, "--lang", "en", token=hub.tokens["admin"]
        )  # fmt: skip
        assert (status, "ev-new was not replaced" in said) == (1, True)
        status, said = await tingting(
            "fetch", "ev-old", "--hub", hub.url, "--lang", "en", token=hub.tokens["admin"]
        )  # fmt: skip
        assert status == 0, said
        assert "ev-old has told all: 1 facts came, each counts once. Its key is dead again." in said
        assert [device for device, _ in await ratings(hub)] == ["ev-old"]
        assert len(await hub.events("hall.device.replaced")) == 1

        # Dead again: what it says now is not heard, and what it says twice counts once.
        assert (await shown(hub, "ev-old"))["online"] is False
        old.log.oldest = old.log.next  # it has nothing more
        old.fact(messages.IGNORED, why=messages.IGNORED_NOT_INVITED)
        before = len(await faults(hub, "replaced"))
        old.cut()
        status, said = await tingting("fetch", "ev-old", "--hub", hub.url, token=hub.tokens["manager"])
        assert status == 1
        assert len(await ratings(hub)) == 1
        assert not await hub.online(old)
        assert before >= 1


async def test_a_copied_name_without_its_key_is_refused_and_reported(tmp_path: Path) -> None:
    async with Box("ev-1") as box, Box("ev-1") as copy, HubProcess(tmp_path, (box.line, copy.line)) as hub:
        copy.fact(messages.IGNORED, why=messages.IGNORED_NOT_INVITED)
        await hub.register(box)
        await until(lambda: hub.online(box), "the real box")
        [fault] = await until(lambda: faults(hub, "wrong_key"), "the copy is reported")
        assert fault["detail"]["said"] == "ev-1"  # type: ignore[index]
        assert fault["detail"]["url"] == copy.line  # type: ignore[index]
        assert await hub.online(box)
        assert await hub.events("hall.rating.ignored") == []
        assert copy.log.oldest == 1  # nobody took its fact


async def test_replace_by_the_real_mpremote_again_and_again(tmp_path: Path) -> None:
    image = make_image(tmp_path / "flash.img", {})
    async with (
        Box("ev-old") as old,
        HubProcess(tmp_path, (old.line,)) as hub,
        await SimulatedBoard.start(image, "rpi_pico", "00112233445566bb", **QUICK) as board,
    ):
        await hub.register(old)
        await until(lambda: hub.online(old), "the old box")
        ask, admin = ("replace", "ev-old", board.usb_port, "--hub", hub.url), {"token": hub.tokens["admin"]}
        status, said = await tingting("replace", "ev-none", *ask[2:], **admin)
        assert (status, "No device 'ev-none'" in said) == (1, True)
        assert board.face.boots == 1  # nothing has touched the box
        secrets = []
        for option, words in (
            ("--lang", "已接替 ev-old（1 号窗口）"),
            ("--json", '"replaces": "ev-old", "window": "1"'),
        ):
            status, said = await tingting(*ask, *([option, "zh-CN"] if option == "--lang" else [option]), **admin)
            assert (status, words in said) == (0, True), said
            await board.cut_power()
            written = json.loads(read_image(image, "settings.json"))
            secrets.append(written["secret"])
            hub.secrets.add(written["secret"])
            assert written["secret"] not in said
            await board.restore_power()
        assert len(set(secrets)) == 2  # a new key each time
        assert len(await hub.wait_event("hall.device.replaced")) == 1
        status, listed = await tingting("list", "--hub", hub.url, token=hub.tokens["manager"])
        assert re.search(
            r"✗ ev-old · Evaluator · without a window .*\n +ev-00112233445566bb stands in its place", listed
        ), listed


async def test_a_person_tries_every_key_lamp_and_sound(tmp_path: Path) -> None:
    image = make_image(tmp_path / "flash.img", {})
    async with (
        HubProcess(tmp_path) as hub,
        await SimulatedBoard.start(image, "rpi_pico", "00112233445566cc", **QUICK) as board,
    ):
        where = ("--hub", hub.url)
        status, said = await tingting("selftest", board.usb_port, *where, "--lang", "en", token=hub.tokens["manager"])
        assert (status, "never provisioned" in said) == (1, True)
        status, said = await tingting(
            "provision", board.usb_port, "--window", "1", *where, token=hub.tokens["admin"]
        )  # fmt: skip
        assert status == 0, said
        seen: set[tuple[bool, ...]] = set()
        heard: set[int] = set()
        board.subscribe(lambda _: (seen.add(tuple(board.view.lamps)), heard.add(board.view.buzzer_hz)))

        def fingers(dead: frozenset[str]) -> "asyncio.Task[tuple[int, str]]":
            return asyncio.create_task(person(board, hub, dead))

        status, said = await fingers(frozenset())
        assert (status, "All is well." in said, "The hub has noted it." in said) == (0, True, True), said
        assert {(True, False, False, False, False), (False, False, False, False, True), (True,) * 5} <= seen
        assert {1319, 1760, 1568} <= heard
        [tested] = await hub.wait_event("hall.device.key_tested")
        assert tested["data"]["detail"] == {
            "keys": ["1", "2", "3", "4", "5"],
            "dead": [],
            "lamps": True,
            "sounds": True,
            "shows": None,
            "keys_ok": 31,
        }
        assert tested["data"]["window"] == "1"

        # The key that does nothing: what citizens remember.
        status, said = await fingers(frozenset({"1"}))
        assert (status, "Keys without answer: 1" in said) == (1, True), said
        tests = await hub.wait_event("hall.device.key_tested", 2)
        assert (tests[-1]["data"]["detail"]["dead"], tests[-1]["data"]["detail"]["keys_ok"]) == (["1"], 30)
        # No press of it is a rating, nor a press that came uninvited.
        assert await hub.events("hall.rating") == []
        _, hall = await hub.call("GET", "/api/v1/hall")
        [window] = hall["windows"]
        assert re.match(r"\d{4}-\d\d-\d\dT", window["keys_tested_at"])
        assert window["keys_dead"] == 1

        # The hub goes away meanwhile: what the person has pressed for is told all the same.
        status, said = await asyncio.create_task(person(board, hub, frozenset(), hub_goes=True))
        assert (status, "All is well." in said) == (1, True), said
        assert "The hub has not noted it: the hub at" in said, said
        assert "The hub has noted it." not in said


async def person(
    board: SimulatedBoard, hub: HubProcess, dead: frozenset[str], *, hub_goes: bool = False
) -> tuple[int, str]:
    """Answers and presses as the command asks."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.cli", "device", "selftest", board.usb_port, "--hub", hub.url,
        "--wait", "10" if dead else "60", "--lang", "en",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TINGTING_TOKEN": hub.tokens["manager"], "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"y\nr\ny\n")
    said = b""
    async with asyncio.timeout(300):
        while line := await process.stdout.readline():
            said += line
            if hub_goes and b"Press the key" in line:
                await hub.stop()
                hub_goes = False
            if (found := re.search(rb"Press the key: (\d)", line)) and found[1].decode() not in dead:
                await board.hold(int(found[1]))
            elif found := re.search(rb"felt: (\d)", line):
                await board.release(int(found[1]))
        status = await process.wait()
    return status, said.decode()
