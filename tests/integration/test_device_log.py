"""`tingting device log`: what a box wrote of itself, read with the real mpremote."""

import json
from pathlib import Path

from protocol import messages
from tests.integration.firmware_bench import QUICK, Hub, flash, settings
from tests.integration.test_device_provision import tingting
from tools.device import diary
from tools.simulator.board import SimulatedBoard


async def test_the_diary_tells_resets_with_their_cause_and_faults(tmp_path: Path) -> None:
    options = QUICK | {"heap_bytes": 200 * 1024}
    async with await SimulatedBoard.start(flash(tmp_path, settings()), "rpi_pico", **options) as board:
        hub = Hub(board)
        await hub.open()
        await hub.fact(messages.BOOTED)  # sent once it has met the hub
        await hub.close()
        await board.reset()
        await hub.open()
        await hub.fact(messages.BOOTED, 2)
        await hub.close()
        status, said = await tingting("log", board.usb_port, "--json")
        assert status == 0, said
        entries = json.loads(said)["entries"]
        resets = [(entry["boot"], entry["value"]) for entry in entries if entry["what"] == "reset"]
        assert resets[:2] == [(1, "power on"), (2, "hard")]
        met = [entry for entry in entries if entry["what"] == "time"]
        assert [(entry["boot"], entry["at_s"]) for entry in met] == [
            (boot, int(met[boot - 1]["value"])) for boot in (1, 2)
        ]
        assert all(entry["at_s"] is not None for entry in entries if entry["boot"] <= 2)
        status, said = await tingting("log", board.usb_port, "--lang", "zh-CN")
        assert status == 0, said
        assert "启动：通电" in said
        assert "启动：按键复位或由程序复位" in said
        assert "连上主机，得知时间" in said


def test_a_half_line_is_none_and_faults_have_their_words() -> None:
    entries = diary.parse(
        ["3 0 reset watchdog", "3 40 fault 7 OLED", "3 50 time 1800000050", "4", "4 x reset soft", "4 9 zz"]
    )
    assert [(each.boot, each.what, each.at_s) for each in entries] == [
        (3, "reset", 1_800_000_000),
        (3, "fault", 1_800_000_040),
        (3, "time", 1_800_000_050),
        (4, "zz", None),
    ]
    assert "its program stood still" in diary.words(entries[0], 480, str)
    assert diary.words(entries[1], 480, str).endswith("fault display: OLED")
    assert diary.words(entries[3], 480, str) == "start 4, after 9 s  zz "
