"""The unmodified firmware, as .mpy, on genuine MicroPython in a board's heap: keys, lamps, flash and wire."""

from pathlib import Path

import pytest

from protocol import messages as m
from tests.caller_support import press
from tests.integration.firmware_bench import QUICK, WAIT_S, Hub, box_and_hub, flash, settings
from tools.simulator.board import SimulatedBoard

RUN = b"run 0001"
OTHER = b"run 0002"


@pytest.fixture(scope="module")
def flashed(tmp_path_factory) -> bytes:
    return flash(tmp_path_factory.mktemp("flash"), settings()).read_bytes()


@pytest.fixture
def image(flashed, tmp_path) -> Path:
    path = tmp_path / "flash.img"
    path.write_bytes(flashed)
    return path


async def test_firmware_rates_in_96_kb_with_a_flash_that_takes_its_time(image):
    async with box_and_hub(image, erase_ms=45.0, program_ms=0.4, baud_delay=True) as (board, hub):
        booted = await hub.fact(m.BOOTED)
        assert booted["fields"]["interpreter"].startswith("MicroPython 1.")
        assert booted["fields"]["board"] == "rpi_pico"
        assert booted["fields"]["reset_cause"] == "power on"
        assert booted["fields"]["firmware"].startswith("0.1.0+")
        health = await hub.wait_for(lambda: hub.health, "health")
        assert health[0]["free_memory"] > 0
        hub.endpoint.show(m.WINDOW_SERVING, "A012", "3")
        await hub.wait_for(lambda: hub.statuses[-1]["app_state"] == m.APP_SERVING, "serving")
        assert await hub.invite(RUN) == (m.ACCEPTED, None)
        await board.wait_lamps(True, WAIT_S)
        await press(board, 4)
        await board.wait_lamps(False, WAIT_S)
        rated = await hub.fact(m.RATED)
        assert rated["fields"]["run"] == RUN
        assert rated["fields"]["grade"] == 4
        assert 0 < rated["fields"]["pressed_after_ms"] < 20_000
        assert rated["boot_at_sure"] is True
        await hub.wait_for(lambda: hub.statuses[-1]["app_state"] == m.APP_SERVING, "thanks to be over")
        assert await hub.invite(RUN) == (m.ENDED, None)


async def test_firmware_keeps_a_press_through_a_power_cut(image):
    async with box_and_hub(image) as (board, hub):
        await hub.fact(m.BOOTED)
        hub.acknowledging = False
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await press(board, 1)
        await board.wait_lamps(False, WAIT_S)
        await board.cut_power()
        before = dict(hub.facts)
        hub.facts = {n: fact for n, fact in before.items() if fact["fact_kind"] == m.BOOTED}
        hub.acknowledging = True
        await board.restore_power()
        await hub.fact(m.BOOTED, 2)
        rated = await hub.fact(m.RATED)
        assert rated["fields"]["grade"] == 1
        assert rated["fields"]["run"] == RUN
        assert rated["boot_at_ms"] is not None
        assert sorted(hub.facts) == list(range(1, len(hub.facts) + 1))
        assert hub.of_kind(m.UNRATED) == []


async def test_firmware_ends_an_invitation_that_a_power_cut_left_open(image):
    async with box_and_hub(image) as (board, hub):
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        await board.cut_power()
        await board.restore_power()
        unrated = await hub.fact(m.UNRATED)
        assert unrated["fields"] == {"run": RUN, "reason": m.UNRATED_DEVICE_FAULT}
        assert board.lamps == (False,) * 5
        assert await hub.invite(RUN) == (m.ENDED, None)
        assert (await hub.invite(OTHER))[0] == m.ACCEPTED


async def test_firmware_stores_a_press_while_the_hub_is_away(image):
    async with box_and_hub(image) as (board, hub):
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await hub.close()
        await board.wait_lamps(True, WAIT_S)
        await press(board, 3)
        await board.wait_lamps(False, WAIT_S)
        again = Hub(board)
        again.facts = hub.facts
        await again.open()
        try:
            assert (await again.fact(m.RATED))["fields"]["grade"] == 3
        finally:
            await again.close()
        await hub.open()


async def test_firmware_silence_ends_unrated(image):
    async with box_and_hub(image) as (board, hub):
        assert (await hub.invite(RUN, 1000))[0] == m.ACCEPTED
        lamps = {(f"lamp{number}", 1) for number in range(5)}
        await board.wait_for(lambda _: lamps <= {(each.what, each.value) for each in board.history}, WAIT_S)
        assert (await hub.fact(m.UNRATED))["fields"] == {"run": RUN, "reason": m.UNRATED_TIMEOUT}
        await board.wait_lamps(False, WAIT_S)
        await press(board, 5)
        assert (await hub.fact(m.IGNORED))["fields"] == {"why": m.IGNORED_NOT_INVITED}


async def test_firmware_key_test_publishes_and_never_rates(image):
    async with box_and_hub(image) as (board, hub):
        assert (await hub.ask(m.KEY_TEST, {"wait_ms": 5000}))[0] == m.ACCEPTED
        for count, grade in enumerate((5, 4, 3, 2), 1):
            await press(board, grade)
            await hub.fact(m.IGNORED, count)
        tested = await hub.fact(m.KEY_TESTED)
        assert tested["fields"] == {"keys_ok": 0b11110}
        assert hub.of_kind(m.RATED) == []


async def test_firmware_sees_a_key_that_hangs(image):
    async with box_and_hub(image) as (board, hub):
        hub.endpoint.configure({"stuck_key_s": 1})
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await board.hold(2)
        fault = await hub.fact(m.FAULT)
        assert fault["fields"]["code"] == m.FAULT_STUCK_KEY
        assert "2" not in fault["fields"]["detail"]
        code, why = await hub.invite(OTHER)
        assert (code, why) == (m.REFUSED, "fault")
        await board.release(2)
        assert (await hub.fact(m.RECOVERED))["fields"] == {"code": m.FAULT_STUCK_KEY}
        assert (await hub.invite(OTHER))[0] == m.ACCEPTED


async def test_firmware_takes_new_numbers_from_a_hub_that_knows_more(image):
    async with box_and_hub(image) as (board, hub):
        await hub.fact(m.BOOTED)
        await hub.close()
        hub.facts = {}
        hub.expected = 500
        await hub.open()
        fault = await hub.fact(m.FAULT)
        assert fault["fields"]["code"] == m.FAULT_NUMBER_BEHIND
        assert min(hub.facts) >= 500
        assert (await hub.invite(RUN))[0] == m.ACCEPTED
        await press(board, 5)
        await hub.fact(m.RATED)


async def test_firmware_identify_blinks_and_beeps(image):
    async with box_and_hub(image) as (board, hub):
        seen = []
        end = board.subscribe(lambda change: seen.append((change.what, change.value)))
        assert await hub.ask(m.IDENTIFY, {"for_ms": 2000}) == (m.ACCEPTED, None)
        await board.wait_for(lambda view: not view.power_led, WAIT_S)
        await board.wait_for(lambda view: view.power_led, WAIT_S)
        end()
        assert any(what == "buzzer" and value for what, value in seen)


async def test_firmware_maintenance_keeps_application_and_watchdog_off(image):
    async with box_and_hub(image) as (board, hub):
        assert await hub.ask(m.MAINTENANCE, {}) == (m.ACCEPTED, None)
        await hub.wait_for(lambda: board.view.boots == 2, "the restart")
        await board.wait_output(b">>> ", WAIT_S)


async def test_firmware_without_settings_rests_and_can_be_provisioned(tmp_path):
    image = flash(tmp_path, None)
    async with await SimulatedBoard.start(image, "rpi_pico", **QUICK) as board:
        await board.wait_output(b"never provisioned", WAIT_S)
        assert board.view.boots == 1


async def test_firmware_with_a_bad_setting_says_which_and_blinks(tmp_path):
    image = flash(tmp_path, settings(secret="short"))
    async with await SimulatedBoard.start(image, "rpi_pico", **QUICK) as board:
        await board.wait_output(b"`secret` must be 64 hexadecimal digits", WAIT_S)
        await board.wait_for(lambda view: view.power_led, WAIT_S)
        await board.wait_for(lambda view: not view.power_led, WAIT_S)
        assert b"short" not in bytes(board.output)


async def test_firmware_strap_keeps_application_and_watchdog_off(image):
    async with await SimulatedBoard.start(image, "rpi_pico", strap=True, **QUICK) as board:
        await board.wait_output(b">>> ", WAIT_S)
        assert board.lamps == (False,) * 5
        assert board.view.boots == 1


async def test_firmware_speaks_over_usb_too(tmp_path):
    image = flash(tmp_path, settings(link="usb"))
    async with await SimulatedBoard.start(image, "rpi_pico", **QUICK) as board:
        hub = Hub(board)
        await hub.open(usb=True)
        try:
            assert (await hub.fact(m.BOOTED))["fields"]["board"] == "rpi_pico"
            for number in range(3, 9):  # a run of bytes 3: ^C is a byte like any other
                assert (await hub.invite(bytes([3]) * 7 + bytes([number])))[0] == m.ACCEPTED
            await press(board, 5)
            assert (await hub.fact(m.RATED))["fields"]["grade"] == 5
            assert board.view.boots == 1
        finally:
            await hub.close()
