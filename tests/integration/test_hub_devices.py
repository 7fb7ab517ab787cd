"""The hub process with boxes on real lines: the way of a rating, and what must not disturb it."""

import asyncio
import contextlib
import os
import time
from pathlib import Path

import pytest

from common import envelope
from protocol import messages
from protocol.framing import encode_frame
from tests.hub_support import Box, HubProcess, until


@pytest.fixture
async def box():
    async with Box("evaluator-1") as made:
        yield made


async def connected(hub: HubProcess, box: Box, window: str = "1") -> None:
    await hub.register(box, window)
    await until(lambda: hub.online(box), "the box coming online")


async def fault(hub: HubProcess, code: str) -> dict:
    """The one fault of this code."""

    async def seen() -> list[dict]:
        return [event for event in await hub.events("hall.device.fault") if event["data"]["detail"]["code"] == code]

    [found] = await until(seen, f"the fault {code}")
    return found


async def test_a_press_goes_from_the_box_into_the_journal_once(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        await hub.command("1", "sign_in", staff="s1")
        await hub.serve_one()
        await until(lambda: box.invited, "the invitation")
        [invited] = await hub.wait_event("hall.rating.invited")
        assert invited["data"]["run"] == box.invited[0].hex()
        assert invited["data"]["device"] == box.device
        number = box.press(5)
        [rated] = await hub.wait_event("hall.rating.submitted")
        await until(lambda: box.log.oldest == number + 1, "the acknowledgement")
        assert rated["data"]["grade"] == 5
        assert (rated["data"]["device"], rated["data"]["epoch"], rated["data"]["fact"]) == (
            box.device,
            box.epoch.hex(),
            number,
        )
        [finished] = await hub.events("hall.ticket.finished")
        assert rated["data"]["run"] == finished["data"]["run"]
        assert len(await hub.events("hall.rating.submitted")) == 1
        assert "grade" not in hub.log()


async def test_a_press_while_the_hub_is_away_arrives_after_it_at_its_time(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        await hub.command("1", "sign_in", staff="s1")
        await hub.serve_one()
        [invited] = await hub.wait_event("hall.rating.invited")
        await hub.kill()
        pressed_ms = time.time_ns() // 1_000_000
        box.press(2)
        await hub.start()
        [rated] = await hub.wait_event("hall.rating.submitted")
        apart_ms = abs(envelope.parse_time(rated["time"]) - pressed_ms)
        recorded_ms = envelope.parse_time(rated["recordedtime"]) - envelope.parse_time(rated["time"])
        # Pressed before the restart, recorded after it: the two can't be one moment.
        assert apart_ms < max(1000, recorded_ms // 2)
        assert envelope.parse_time(rated["time"]) >= envelope.parse_time(invited["time"])
        assert recorded_ms > 100
        await until(lambda: box.log.oldest == box.log.next, "the acknowledgement")
        assert len(await hub.events("hall.rating.submitted")) == 1
        assert not await hub.events("hall.rating.unrated")


async def test_an_invitation_accepted_just_before_a_kill_is_known_after_it(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        await hub.command("1", "sign_in", staff="s1")
        box.answers = False
        await hub.serve_one()
        await until(lambda: box.invited, "the invitation")
        await hub.kill()
        box.open_run = box.invited[0]  # it stood in the box's flash, only its answer was lost
        await hub.start()
        [invited] = await hub.wait_event("hall.rating.invited")
        assert invited["data"]["run"] == box.invited[0].hex()


async def test_a_finish_without_a_box_is_unrated_for_now(tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub:
        await hub.command("1", "sign_in", staff="s1")
        await hub.serve_one()
        [unrated] = await hub.wait_event("hall.rating.unrated")
        assert unrated["data"]["reason"] == "device_away"


async def test_the_box_shows_its_window_after_each_commit(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        await until(lambda: (messages.WINDOW_CLOSED, "", "1号窗口") in box.views, "the closed window")
        await hub.command("1", "sign_in", staff="s1")
        await until(lambda: (messages.WINDOW_IDLE, "", "1号窗口") in box.views, "the free window")
        await hub.ticket()
        await hub.command("1", "next")
        await until(lambda: (messages.WINDOW_CALLING, "A001", "1号窗口") in box.views, "the number")
        await hub.command("1", "finish")
        await until(lambda: box.views[-1] == (messages.WINDOW_IDLE, "", "1号窗口"), "the free window again")
        await hub.command("1", "pause", reason="lunch")
        await until(lambda: box.views[-1][0] == messages.WINDOW_PAUSED, "the pause")


async def test_garbage_on_one_line_is_named_and_disturbs_no_other(tmp_path: Path, box: Box) -> None:
    async with Box("babbler") as babbler, HubProcess(tmp_path, (babbler.line, box.line)) as hub:
        await connected(hub, box)
        await until(lambda: babbler.raw, "the line")

        def babble() -> None:
            assert babbler.raw is not None
            with contextlib.suppress(ConnectionError):
                babbler.raw.write(b"".join(os.urandom(60).replace(b"\0", b"\1") + b"\0" for _ in range(200)))

        babble()
        await fault(hub, "babbling")
        for _ in range(5):
            babble()
            number = box.fact(messages.RECOVERED, code=1)
            await until(lambda number=number: box.log.oldest > number, "the acknowledgement")
        await fault(hub, "babbling")
        assert "check cable" in hub.log()


async def test_a_wrong_key_is_refused_and_named_once(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        right, box.secret = box.secret, os.urandom(32)
        await hub.register(box)
        registered, box.secret = box.secret, right
        box.cut()
        await fault(hub, "wrong_key")
        assert not await hub.online(box)
        box.secret = registered
        box.cut()
        await until(lambda: box.raw is None or box.raw.is_closing(), "the cut")
        await until(lambda: hub.online(box), "the right key")
        assert box.secret.hex() not in hub.log()


async def test_an_unknown_device_is_named(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await fault(hub, "unknown_device")
        assert "provision it at this hub" in hub.log()
        await connected(hub, box)


async def test_a_replay_changes_nothing(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        number = box.fact(messages.RECOVERED, code=3)
        await until(lambda: box.log.oldest > number, "the acknowledgement")
        assert box.raw is not None
        for _ in range(6):
            for frames in tuple(box.sent):
                box.raw.write(frames)
        await fault(hub, "replayed")
        assert len(await hub.events("hall.device.recovered")) == 1
        again = box.fact(messages.RECOVERED, code=4)
        await until(lambda: box.log.oldest > again, "the next fact")


async def test_a_malformed_body_is_dropped_and_the_box_goes_on(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        assert box.raw is not None
        assert box.endpoint is not None
        box.raw.write(encode_frame(box.endpoint._sealer.seal(b"\xa1\x00\xff")))
        await fault(hub, "malformed")
        number = box.fact(messages.RECOVERED, code=3)
        await until(lambda: box.log.oldest > number, "the acknowledgement")


async def test_numbers_below_what_the_hub_has_are_a_fault_and_are_moved_up(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        for code in (1, 2, 3):
            number = box.fact(messages.RECOVERED, code=code)
        await until(lambda: box.log.oldest > number, "the acknowledgement")
        box.log.oldest = box.log.next = 1  # its flash was lost
        box.cut()
        await fault(hub, "numbers_regressed")
        await until(lambda: box.log.next == 4, "the number moved up")
        box.fact(messages.RECOVERED, code=5)
        found = await hub.wait_event("hall.device.recovered", 4)
        assert [event["data"]["fact"] for event in found] == [1, 2, 3, 4]


async def test_a_box_that_is_unplugged_goes_offline_and_comes_back(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        line = box._server
        assert line is not None
        line.close()
        box.cut()
        [offline] = await hub.wait_event("hall.device.offline")
        assert offline["data"]["device"] == box.device
        assert len(await hub.events("hall.device.online")) == 1


async def test_a_new_box_at_a_window_takes_the_place_of_the_old(tmp_path: Path, box: Box) -> None:
    async with Box("evaluator-2") as second, HubProcess(tmp_path, (box.line, second.line)) as hub:
        await connected(hub, box)
        reply = await hub.register(second)
        assert reply["displaced"] == [box.device]
        await until(lambda: hub.online(second), "the new box")
        await hub.command("1", "sign_in", staff="s1")
        await hub.serve_one()
        await hub.wait_event("hall.rating.invited")
        assert len(second.invited) == 1
        assert not box.invited


async def test_boxes_registered_side_by_side_are_all_kept(tmp_path: Path) -> None:
    async with HubProcess(tmp_path, windows=6) as hub:
        boxes = [Box(f"evaluator-{number}") for number in range(1, 7)]
        await asyncio.gather(*(hub.register(box, str(number)) for number, box in enumerate(boxes, 1)))
        await hub.kill()
        await hub.start()
        _, reply = await hub.call("GET", "/api/v1/devices", "manager")
        assert [entry["device"] for entry in reply["devices"]] == [box.device for box in boxes]
        assert all("secret" not in entry for entry in reply["devices"])
