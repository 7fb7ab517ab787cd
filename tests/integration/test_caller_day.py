"""Real callers at the windows of a real hub: a day, a fight for one ticket, a hub that dies in mid-call."""

import asyncio
import json
from pathlib import Path

from hub.devices.callers import CODES
from hub.staff.store import PIN_FILE
from tests.caller_support import SAME_KEY_S, WAIT_S, counter
from tests.hub_support import new_id
from tools.operations import backups
from tools.simulator.profile import CALLER, EVALUATOR


async def test_a_clerks_day(tmp_path: Path) -> None:
    async with counter(tmp_path, (CALLER, "1"), (CALLER, "2"), (EVALUATOR, "1")) as at:
        hub, caller, other = at.hub, at.caller("1"), at.caller("2")
        pins = await at.staff("1007", "8")
        await caller.shows("----")
        await caller.press("next")
        await caller.shows(CODES["nobody_signed_in"])
        await caller.shows("----")
        await caller.sign_in("1007", "000000")
        await caller.shows(CODES["wrong_pin"])
        await caller.shows("----")
        await caller.sign_in("1007", pins["1007"])
        [signed] = await hub.wait_event("hall.staff.signed_in")
        assert signed["data"]["staff"] == "1007"
        assert signed["data"]["role"] == "A"
        assert signed["data"]["device"] == caller.device
        assert signed["data"]["fact"] >= 1
        await other.sign_in("8", pins["8"], last="recall")
        assert (await hub.wait_event("hall.staff.signed_in", 2))[1]["data"]["role"] == "B"
        await caller.shows("L  0")

        beeped = asyncio.Event()
        end = caller.board.subscribe(
            lambda change: beeped.set() if (change.what, change.value) == ("buzzer", 1760) else None
        )
        for _ in range(4):
            await hub.ticket()
        await asyncio.wait_for(beeped.wait(), WAIT_S)
        end()
        await caller.shows("L  4")
        await caller.press("next")
        await caller.shows("A001")
        await other.shows("L  3")
        await caller.press("recall", "1")
        await hub.wait_event("hall.ticket.recalled")
        await hub.wait_event("hall.ticket.arrived")
        await caller.press("finish")
        await at.evaluator("1").board.wait_lamps(True, WAIT_S)
        await at.evaluator("1").press(5)
        [rated] = await hub.wait_event("hall.rating.submitted")
        assert (rated["data"]["staff"], rated["data"]["grade"]) == ("1007", 5)

        await caller.shows("L  3")
        await caller.press("next")
        await caller.shows("A002")
        await caller.press("no_show")
        await hub.wait_event("hall.ticket.no_show")
        await caller.shows("L  2")
        await caller.press("next")
        await caller.shows("A003")
        await caller.press("2")
        await caller.shows("t   ")
        await caller.press("2")
        await caller.shows("t  2")
        await caller.press("ok")
        [moved] = await hub.wait_event("hall.ticket.transferred")
        assert (moved["data"]["number"], moved["data"]["to_window"]) == ("A003", "2")
        await caller.shows("L  1")
        await other.shows("L  2")

        await caller.press("3")
        await hub.wait_event("hall.window.paused")
        await caller.shows("PAU5")
        await asyncio.sleep(SAME_KEY_S)
        await caller.press("3")
        await hub.wait_event("hall.window.unpaused")
        await caller.shows("L  1")
        await caller.press("4")
        await hub.wait_event("hall.ticket.finished", 2)
        await asyncio.sleep(SAME_KEY_S)
        await caller.press("4")
        await caller.shows(CODES["too_soon"])
        await caller.shows("L  1")
        await caller.press("0")
        [out] = await hub.wait_event("hall.staff.signed_out")
        assert (out["data"]["staff"], out["data"]["device"]) == ("1007", caller.device)
        await caller.shows("----")
        told = json.dumps(await hub.events())
        assert not [pin for pin in pins.values() if f'"{pin}"' in told]


async def test_two_clerks_fight_for_one_ticket_and_a_double_press_is_one(tmp_path: Path) -> None:
    async with counter(tmp_path, (CALLER, "1"), (CALLER, "2")) as at:
        for caller in at.boxes:
            await caller.sign_in("7", "")
            await caller.shows("L  0")
        await at.hub.ticket()
        for caller in at.boxes:
            await caller.shows("L  1")
        await asyncio.gather(*(caller.press("next") for caller in at.boxes))
        [(number, window)] = await at.called()
        winner, loser = at.caller(window), at.caller("2" if window == "1" else "1")
        await winner.shows(number)
        await loser.shows("L  0")

        for _ in range(2):
            await at.hub.ticket()
        await loser.shows("L  2")
        await asyncio.sleep(SAME_KEY_S)
        await loser.press("next", "next")
        await loser.shows("A002")
        await loser.press("1")
        await at.hub.wait_event("hall.ticket.arrived")
        assert len(await at.called()) == 2, "what came before the arrival is in the journal by now"


async def test_a_hub_that_dies_in_mid_call_and_five_presses_that_nobody_heard(tmp_path: Path) -> None:
    async with counter(tmp_path, (CALLER, "1")) as at:
        hub, caller = at.hub, at.caller("1")
        await caller.sign_in("7", "")
        await caller.shows("L  0")
        for _ in range(6):
            await hub.ticket()
        await caller.shows("L  6")
        await caller.press("next")
        await caller.shows("A001")
        await hub.kill()
        await caller.shows("noHb")
        await hub.start()
        await caller.shows("A001")
        assert await at.called() == [("A001", "1")]
        await caller.press("finish")
        await caller.shows("L  5")

        await hub.stop()
        await caller.shows("noHb")
        for _ in range(5):
            await caller.press("next")
            await asyncio.sleep(SAME_KEY_S)
        await hub.start()
        await caller.shows("L  5")
        await caller.press("3")
        await hub.wait_event("hall.window.paused")
        assert await at.called() == [("A001", "1")], "next pressed five times while the hub was away calls nobody later"


async def test_the_doors_of_staff_and_pin(tmp_path: Path) -> None:
    async with counter(tmp_path, (CALLER, "1")) as at:
        hub = at.hub
        pins = await at.staff("1007")
        status, problem = await hub.command("1", "sign_in", staff="1007")
        assert (status, problem["type"].rpartition(":")[2]) == (403, "wrong-pin")
        assert (await hub.command("1", "sign_in", staff="4711", pin=pins["1007"]))[0] == 403
        assert (await hub.command("1", "sign_in", staff="1007", pin=pins["1007"]))[0] == 200
        body = {"pin": pins["1007"], "new_pin": "918273"}
        hub.secrets.add("918273")
        assert (await hub.call("POST", "/api/v1/staff/1007/pin", "clerk window/1", body | {"new_pin": "1234"}))[
            0
        ] == 422
        assert (await hub.call("POST", "/api/v1/staff/1007/pin", "clerk window/1", body))[0] == 200
        assert (await hub.call("POST", "/api/v1/staff/1007/pin", "clerk window/1", body))[0] == 403
        assert (await hub.call("POST", "/api/v1/staff/1007/pin/reset", "clerk window/1", {}))[0] == 403
        assert (await hub.call("POST", "/api/v1/staff/4711/pin/reset", "manager", {}))[0] == 404
        status, listed = await hub.call("GET", "/api/v1/staff", "manager")
        assert [entry["staff"] for entry in listed["staff"]] == ["1007"]
        assert listed["staff"][0]["pin_set_at"] is not None
        for _ in range(4):
            assert (await hub.command("1", "sign_in", staff="1007", pin="000001"))[0] == 403
        status, problem = await hub.command("1", "sign_in", staff="1007", pin="918273")
        assert (status, problem["type"].rpartition(":")[2]) == (429, "locked")
        told = json.dumps(await hub.events())
        assert '"918273"' not in told
        assert [event["data"] for event in await hub.events("hall.staff.pin_set")] == [
            {"staff": "1007", "by": "manager"},
            {"staff": "1007", "by": "1007"},
        ]
        assert (await hub.command("1", "finish", id=new_id()))[0] == 409


async def test_pins_go_with_a_backup(tmp_path: Path) -> None:
    async with counter(tmp_path, (CALLER, "1")) as at:
        await at.staff("1007")
        kept = (at.hub.folder / "data" / PIN_FILE).read_bytes()
        (target := tmp_path / "backups").mkdir()
        folder, manifest, _ = await asyncio.to_thread(
            backups.make, at.hub.config, target, 2, 1_800_000_000_000, lambda *_: None
        )
        backups.verify(folder, manifest, lambda *_: None)
        assert (folder / PIN_FILE).read_bytes() == kept
