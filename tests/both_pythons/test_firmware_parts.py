"""Small parts of a box on both Pythons: uptime, settings, keys, buzzer, pins."""

import json
import os
import sys

from firmware import settings
from firmware.boards import esp32_c3, rpi_pico, rpi_pico_w
from firmware.drivers.buzzer import TUNES, Buzzer
from firmware.drivers.keys import FREED, PRESSED, STUCK, Keys
from firmware.settings import SettingsError
from firmware.uptime import Uptime

PERIOD = 1 << 30
PATH = "build/test-settings-%s.json" % sys.implementation.name  # both Pythons may be at it
GOOD = {
    "device": "ev-1",
    "role": "evaluator",
    "board": "rpi_pico",
    "window_label": "3",
    "secret": "0f" * 32,
    "epoch": "a5" * 8,
    "link": "usb",
}


class Ticks:
    """Ticks as a board's: they wrap at 2^30."""

    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at % PERIOD

    @staticmethod
    def diff(new, old):
        return (new - old + PERIOD // 2) % PERIOD - PERIOD // 2


class Pin:
    def __init__(self):
        self.level = 1

    def value(self):
        return self.level


class Pwm:
    def __init__(self):
        self.hz = self.duty = 0

    def freq(self, hz):
        self.hz = hz

    def duty_u16(self, duty):
        self.duty = duty


def test_uptime_never_wraps():
    ticks = Ticks(PERIOD - 700)
    uptime = Uptime(ticks, Ticks.diff)
    last = uptime()
    assert last == 0
    for _ in range(20):
        ticks.at += PERIOD // 3
        assert uptime() == last + PERIOD // 3
        last = uptime()


def write(text):
    try:
        os.mkdir("build")
    except OSError:
        os.stat("build")
    with open(PATH, "w") as file:
        file.write(text)


def problem(text):
    write(text)
    try:
        settings.load("evaluator", PATH)
    except SettingsError as error:
        return str(error)
    raise AssertionError("taken: " + text)


def test_settings_are_read():
    write(json.dumps(GOOD))
    loaded = settings.load("evaluator", PATH)
    assert (loaded.device, loaded.role, loaded.board, loaded.link) == ("ev-1", "evaluator", "rpi_pico", "usb")
    assert loaded.secret == b"\x0f" * 32 and loaded.epoch == b"\xa5" * 8 and loaded.screen is None


def test_settings_say_what_is_wrong_and_never_the_value():
    for key in GOOD:
        for value in (None, 7, "", "zz" * 40):
            if (key, value) == ("window_label", ""):
                continue
            changed = dict(GOOD)
            changed[key] = value
            text = problem(json.dumps(changed))
            assert PATH in text and "`%s`" % key in text and "zzzz" not in text
    assert "`secret` must be 64 hexadecimal digits" in problem(json.dumps(dict(GOOD, secret="0g" * 32)))
    assert "provisioned as caller and has the firmware of evaluator" in problem(json.dumps(dict(GOOD, role="caller")))
    assert "no JSON" in problem("{")
    assert "no JSON object" in problem("[]")
    os.remove(PATH)
    try:
        settings.load("evaluator", PATH)
    except SettingsError as error:
        assert "never provisioned" in str(error)
    else:
        raise AssertionError("there is no file")
    assert settings.board_of(PATH) is None
    write('{"board": "rpi_pico"}')
    assert settings.board_of(PATH) == "rpi_pico"


def test_keys_debounce_and_hang():
    pins = [Pin() for _ in range(5)]
    keys = Keys(pins, (5, 4, 3, 2, 1), 0)
    events = []
    now_ms = 0

    def scan(for_ms):
        nonlocal now_ms
        for _ in range(for_ms // 5):
            now_ms += 5
            events.extend(keys.scan(now_ms))

    for level in (0, 1, 0, 1):
        pins[1].level = level
        scan(5)
    scan(100)
    assert events == [] and not keys.busy()
    pins[1].level = 0
    scan(50)
    assert events == [(PRESSED, 4)] and keys.busy()
    scan(30_000)
    assert events == [(PRESSED, 4), (STUCK, 4)]
    pins[1].level = 1
    scan(50)
    assert events[2:] == [(FREED, 4)] and not keys.busy()


def test_a_press_that_came_and_went_while_nobody_could_look_counts_once():
    pins = [Pin() for _ in range(5)]
    keys = Keys(pins, (5, 4, 3, 2, 1), 0)
    assert keys.scan(5) == []
    keys.fell = pins[3]
    assert keys.scan(10) == [], "a flicker while we were looking is no finger"
    assert keys.scan(80, True) == [], "and is forgotten"
    keys.fell = pins[3]
    assert keys.scan(160, True) == [(PRESSED, 2)]
    assert keys.scan(165) == [] and not keys.busy()
    # A key that is still down is seen by looking, once.
    keys.fell = pins[0]
    pins[0].level = 0
    assert keys.scan(240, True) == []
    assert keys.scan(260) == [(PRESSED, 5)]
    # It bounces while it comes up and nobody looks: no second press.
    keys.fell = pins[0]
    pins[0].level = 1
    assert keys.scan(340, True) == []
    assert keys.scan(360) == [] and not keys.busy()


def test_a_key_held_at_boot_is_no_press():
    pins = [Pin() for _ in range(5)]
    pins[4].level = 0
    keys = Keys(pins, (5, 4, 3, 2, 1), 0)
    assert keys.scan(100) == []
    assert keys.scan(30_000) == [(STUCK, 1)]


def test_every_tune_ends_in_silence():
    for name in TUNES:
        pwm = Pwm()
        buzzer = Buzzer(pwm)
        buzzer.play(name)
        heard = set()
        now_ms = 0
        for _ in range(10):
            now_ms += buzzer.step(now_ms)
            heard.add(pwm.duty)
        assert heard == {0, 32768} and pwm.duty == 0


def test_no_pin_is_used_twice():
    for board in (esp32_c3, rpi_pico, rpi_pico_w):
        pins = list(board.EVALUATOR_KEY_PINS + board.EVALUATOR_LAMP_PINS)
        pins += [board.POWER_LED_PIN, board.BUZZER_PIN, board.STRAP_PIN, board.UART_TX_PIN, board.UART_RX_PIN]
        assert len(set(pins)) == 15 and len(board.EVALUATOR_KEY_PINS) == len(board.EVALUATOR_LAMP_PINS) == 5
        assert board.NAME and board.LOG_TAIL_BYTES >= 124
