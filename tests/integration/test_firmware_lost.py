"""What a running box does when one of its tasks fails or hangs, and when the board's ticks wrap."""

import asyncio
from pathlib import Path

from protocol import messages as m
from tests.integration.firmware_bench import WAIT_S, box_and_hub, flash, settings

RUN = b"run 0001"
# A display whose driver does something of its own when it is to show an invitation.
SCREEN = """
class Screen:
    def show(self, face, now_ms):
        if face.name == "invited":
            {deed}
"""
PERIOD_MS = 1 << 30  # after so many milliseconds a board's ticks begin again
UNTIL_WRAP_MS = 5000  # time for booting and the handshake, which take one second


def image_with(tmp_path: Path, deed: str) -> Path:
    return flash(tmp_path, settings(screen="broken_screen"), {"broken_screen.py": SCREEN.format(deed=deed).encode()})


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
        await board.press(2)
        await board.wait_lamps(False, WAIT_S)
        rated = await hub.fact(m.RATED)
        assert rated["fields"]["grade"] == 2
        after_ms = rated["fields"]["pressed_after_ms"]
        assert rated["uptime_ms"] - after_ms < UNTIL_WRAP_MS <= rated["uptime_ms"]
        assert after_ms >= UNTIL_WRAP_MS
        await hub.wait_for(lambda: hub.statuses[-1]["app_state"] == m.APP_IDLE, "thanks to be over")
        assert (await hub.invite(b"run 0002"))[0] == m.ACCEPTED
        assert board.view.boots == 1
