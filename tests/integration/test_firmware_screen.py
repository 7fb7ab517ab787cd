"""The evaluator's display: unmodified firmware, genuine framebuf, and the panel that its I2C bus ends at."""

import base64
from pathlib import Path

import pytest

from protocol import messages as m
from tests.integration.firmware_bench import WAIT_S, box_and_hub, flash, settings
from tests.screen_support import picture
from tools.simulator import panel

RUN = b"run 0001"
HEAP = 96 * 1024
# The promise is kept with a reserve, and what grows is noticed before the promise breaks: here it must work as well.
RESERVED = 4 * 1024
NO_ROOM = 88 * 1024  # enough for a box, not for its display


def seen(view) -> list[str]:
    return panel.rows(base64.b64decode(view.panel))


def bar(view) -> int:
    return seen(view)[56].count("#") - 2


@pytest.mark.parametrize("kind", panel.KINDS)
async def test_firmware_shows_every_state_on_its_display(tmp_path, kind):
    image = flash(tmp_path, settings(screen=f"firmware.drivers.{kind}"))
    async with box_and_hub(image, heap_bytes=HEAP - RESERVED, panel=kind) as (board, hub):

        async def shows(*rows: str) -> None:
            wanted = picture(*rows)
            await board.wait_for(
                lambda view: seen(view)[: len(wanted)] == wanted, WAIT_S, f"{rows} {bytes(board.output)} {hub.facts}"
            )

        await shows("您好", "办完以后请您评价", "Welcome", "")
        hub.endpoint.show(m.WINDOW_SERVING, "A012", "3", None, "1023", 4)
        await shows("正在为您办理", "A012", "Serving you", "1023 ★★★★☆")
        assert await hub.invite(RUN) == (m.ACCEPTED, None)
        await shows("请您评价这次服务", "按一个键就好", "Press any key")
        await board.wait_for(lambda view: 90 < bar(view) <= 124, WAIT_S)
        first = bar(board.view)
        await board.wait_for(lambda view: 0 < bar(view) < first, WAIT_S)
        await board.press(5)
        await shows("谢谢您", "已记录", "Thank you", "1023 ★★★★☆")
        hub.endpoint.show(m.WINDOW_PAUSED, "", "3")
        await shows("窗口暂停", "请稍候", "Please wait", "")
        assert (await hub.fact(m.RATED))["fields"]["grade"] == 5
        assert (await hub.ask(m.KEY_TEST, {"wait_ms": 1500}))[0] == m.ACCEPTED
        await shows("按键自检 1/5", "请按第 1 个键", "Press key 1")
        assert board._fittings.panel.unknown == []
        assert hub.of_kind(m.FAULT) == []
        assert board.view.boots == 1


async def test_firmware_without_memory_for_its_display_goes_on_in_the_dark(tmp_path):
    """It tells so, rates as before, and needs no restart for it."""
    image = flash(tmp_path, settings(screen="firmware.drivers.ssd1306"))
    async with box_and_hub(image, heap_bytes=NO_ROOM, panel="ssd1306") as (board, hub):
        fault = await hub.fact(m.FAULT)
        assert fault["fields"] == {"code": m.FAULT_DISPLAY, "detail": "no memory for the display"}
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        await board.press(4)
        assert (await hub.fact(m.RATED))["fields"]["grade"] == 4
        assert not any(base64.b64decode(board.view.panel))
        assert len(hub.of_kind(m.FAULT)) == 1
        assert board.view.boots == 1


async def test_firmware_says_saved_while_the_hub_is_away_and_broken_when_a_key_hangs(tmp_path):
    image = flash(tmp_path, settings(screen="firmware.drivers.ssd1306"))
    async with box_and_hub(image, heap_bytes=HEAP, panel="ssd1306") as (board, hub):
        hub.endpoint.configure({"stuck_key_s": 1})
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await hub.close()
        await board.wait_for(lambda view: seen(view)[:16] == picture("请您评价这次服务"), WAIT_S)
        await board.cut_wire(True)
        await board.hold(3)
        await board.wait_for(lambda view: seen(view)[:16] == picture("谢谢您"), WAIT_S)
        wanted = picture("评价器不能用", "请扫号票上的码", "Scan your ticket", "7天内都能评价")
        await board.wait_for(lambda view: seen(view) == wanted, WAIT_S)
        await board.release(3)
        await board.wait_for(lambda view: seen(view)[:16] == picture("您好"), WAIT_S)
        await board.cut_wire(False)
        await hub.open()


async def test_firmware_tells_a_dead_display_and_goes_on(tmp_path):
    image = flash(tmp_path, settings(screen="firmware.drivers.sh1106"))
    async with box_and_hub(image, heap_bytes=HEAP, panel="sh1106") as (board, hub):
        await board.wait_for(lambda view: seen(view)[:16] == picture("您好"), WAIT_S)
        await board.plug_display(False)
        assert not any("#" in row for row in seen(board.view))
        fault = await hub.fact(m.FAULT)
        assert fault["fields"] == {"code": m.FAULT_DISPLAY, "detail": "the display does not answer"}
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        await board.press(2)
        assert (await hub.fact(m.RATED))["fields"]["grade"] == 2
        await board.plug_display(True)
        assert (await hub.fact(m.RECOVERED))["fields"] == {"code": m.FAULT_DISPLAY}
        await board.wait_for(lambda view: seen(view)[:16] == picture("您好"), WAIT_S)
        assert board.view.boots == 1


async def test_firmware_never_had_a_display_where_one_is_set(tmp_path: Path):
    image = flash(tmp_path, settings(screen="firmware.drivers.ssd1306"))
    async with box_and_hub(image, heap_bytes=HEAP) as (board, hub):
        assert (await hub.fact(m.FAULT))["fields"]["code"] == m.FAULT_DISPLAY
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        await board.press(4)
        assert (await hub.fact(m.RATED))["fields"]["grade"] == 4
