"""What a running box does when one of its tasks fails or hangs, and when the board's ticks wrap."""

import asyncio
from pathlib import Path

import pytest

from protocol import messages as m
from protocol.hub import DEFAULT_WINDOW
from tests.caller_support import press
from tests.integration.firmware_bench import WAIT_S, box_and_hub, flash, settings

RUN = b"run 0001"
# A display whose driver does something of its own when it is to show an invitation.
SCREEN = """
class Screen:
    def show(self, face, now_ms):
        if face.name == "invited":
            {deed}

def open_screen(board, files):
    return Screen()
"""
BACKLOG = 64  # ratings; each may take a second to arrive on a machine with better things to do
PERIOD_MS = 1 << 30  # after so many milliseconds a board's ticks begin again
UNTIL_WRAP_MS = 10_000  # time for booting and the handshake, which take one second alone


def image_with(tmp_path: Path, deed: str) -> Path:
    return flash(
        tmp_path, settings(screen="broken_screen"), {"lib/broken_screen.py": SCREEN.format(deed=deed).encode()}
    )


async def test_firmware_lost_task_is_a_fact_and_a_restart(tmp_path):
    async with box_and_hub(image_with(tmp_path, "raise ValueError('broken glass')")) as (board, hub):
        await hub.fact(m.BOOTED)
        hub.endpoint.request(m.INVITE, {"run": RUN, "wait_ms": 20_000}, hub.now_ms() + 5000)
        await hub.fact(m.BOOTED, 2)
        fault = await hub.fact(m.FAULT)
        assert fault["fields"]["code"] == m.FAULT_TASK_DIED
        assert fault["fields"]["detail"] == "read: ValueError('broken glass',)"
        assert (await hub.fact(m.UNRATED))["fields"] == {"run": RUN, "reason": m.UNRATED_DEVICE_FAULT}
        assert board.stats["resets"] == {"soft": 0, "hard": 1, "watchdog": 0, "crash": 0}
        assert board.lamps == (False,) * 5
        assert await hub.invite(RUN) == (m.ENDED, None)


async def test_firmware_hung_task_is_ended_by_the_watchdog(tmp_path):
    async with box_and_hub(image_with(tmp_path, "while True: pass")) as (board, hub):
        assert (await hub.fact(m.BOOTED))["fields"]["reset_cause"] == "power on"
        hub.endpoint.request(m.INVITE, {"run": RUN, "wait_ms": 20_000}, hub.now_ms() + 5000)
        booted = await hub.fact(m.BOOTED, 2)
        assert booted["fields"]["reset_cause"] == "watchdog"
        assert board.stats["resets"]["watchdog"] == 1
        assert (await hub.fact(m.UNRATED))["fields"] == {"run": RUN, "reason": m.UNRATED_DEVICE_FAULT}
        assert board.lamps == (False,) * 5


async def test_firmware_ticks_wrap_during_an_invitation(tmp_path):
    image = flash(tmp_path, settings())
    async with box_and_hub(image, start_ticks_ms=PERIOD_MS - UNTIL_WRAP_MS) as (board, hub):
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        await asyncio.sleep(UNTIL_WRAP_MS / 1000)
        await press(board, 2)
        await board.wait_lamps(False, WAIT_S)
        rated = await hub.fact(m.RATED)
        assert rated["fields"]["grade"] == 2
        after_ms = rated["fields"]["pressed_after_ms"]
        assert rated["uptime_ms"] - after_ms < UNTIL_WRAP_MS <= rated["uptime_ms"]
        assert after_ms >= UNTIL_WRAP_MS
        await hub.wait_for(lambda: hub.statuses[-1]["app_state"] == m.APP_IDLE, "thanks to be over")
        assert (await hub.invite(b"run 0002"))[0] == m.ACCEPTED
        assert board.view.boots == 1


@pytest.mark.parametrize("window", [DEFAULT_WINDOW, m.MAX_WINDOW])
async def test_firmware_collects_a_backlog_that_the_hub_never_acknowledges(tmp_path, window):
    """64 ratings in a row, all in the window sent again and again; then a hub takes them, in order, each once."""
    image = flash(tmp_path, settings())
    async with box_and_hub(image) as (board, hub):
        booted = await hub.fact(m.BOOTED)
        await hub.close()
        hub.acknowledging = False
        hub.send_window = window
        await hub.open()
        await hub.welcomed()
        for number in range(BACKLOG):
            assert await hub.invite(number.to_bytes(8, "big")) == (m.ACCEPTED, None)
            await board.wait_lamps(True, WAIT_S)
            await board.hold(1 + number % 5)
            await board.wait_lamps(False, WAIT_S)
            await board.release(1 + number % 5)
        for acknowledging, facts in ((False, 1 + window), (True, 1 + BACKLOG)):
            await hub.close()
            hub.facts = {1: booted}
            hub.acknowledging = acknowledging
            await hub.open()
            await hub.wait_for(lambda facts=facts: len(hub.facts) == facts, f"{facts} facts", BACKLOG)
        assert sorted(hub.facts) == list(range(1, BACKLOG + 2))
        rated = [(fact["fields"]["run"], fact["fields"]["grade"]) for fact in hub.of_kind(m.RATED)]
        assert rated == [(number.to_bytes(8, "big"), 1 + number % 5) for number in range(BACKLOG)]
        assert (board.view.boots, bytes(board.output), hub.of_kind(m.FAULT)) == (1, b"", [])
