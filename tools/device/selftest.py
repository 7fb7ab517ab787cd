"""Trying every key, lamp and sound of a box at its cable, with its application off: no press there is anybody's grade.

What runs on the box is a few lines of Python; its pins come from firmware/boards/.
"""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from firmware.apps.caller_keys import FOUR_KEYS, KEYS
from tools.device import mpremote
from tools.device.errors import DeviceError
from tools.device.provisioning import SETTINGS

GRADES: Final = ("5", "4", "3", "2", "1")
CLERK: Final = "clerk"
SERVICES: Final = tuple(str(number) for number in range(1, 13))
STEP_MS: Final = 400  # a lamp alone: long enough to be seen, and a dispenser's thirteen are through in 5 s
SLACK_S: Final = 15.0  # for what is no waiting for keys

# Never the secret: what is printed here is seen on this machine.
_WHO: Final = f"""
import json
try:
    with open("/{SETTINGS}") as file:
        values = json.load(file)
    print("who", json.dumps([values.get(name) for name in ("device", "role", "board", "keys", "window_label")]))
except (OSError, ValueError):
    print("who", "null")
"""
_LAMPS: Final = """
from machine import Pin
import time
pins = [Pin(number, Pin.OUT, value=0) for number in {pins}]
for pin in pins:
    pin.value(1)
    time.sleep_ms({step_ms})
    pin.value(0)
for pin in pins:
    pin.value(1)
"""
_SHIFTED: Final = """
from machine import Pin
import time
data, clock, latch = [Pin(number, Pin.OUT, value=0) for number in {pins}]
def light(bits):
    for output in range(15, -1, -1):
        data.value(bits >> output & 1)
        clock.value(1)
        clock.value(0)
    latch.value(1)
    latch.value(0)
for lamp in range(13):
    light(1 << lamp)
    time.sleep_ms({step_ms})
light(0x1FFF)
"""
_SOUND: Final = """
from machine import PWM, Pin
import time
tone = PWM(Pin({pin}), freq=1000, duty_u16=0)
for hertz in (1319, 1760, 1568):
    tone.freq(hertz)
    tone.duty_u16(32768)
    time.sleep_ms(250)
    tone.duty_u16(0)
    time.sleep_ms(80)
"""
_DIGITS: Final = """
from machine import Pin
import time
clk, dio = [Pin(number, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1) for number in {pins}]
def send(data):
    dio.value(0)
    for byte in data:
        for bit in range(8):
            clk.value(0)
            dio.value(byte >> bit & 1)
            clk.value(1)
        clk.value(0)
        dio.value(1)
        clk.value(1)
    clk.value(0)
    dio.value(0)
    clk.value(1)
    dio.value(1)
for data in (b"\\x40", b"\\xc0\\x7f\\x7f\\x7f\\x7f", b"\\x8c"):
    send(data)
"""
_KEYS: Final = """
from machine import Pin
import time
rows = [Pin(number, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1) for number in {rows}]
columns = [Pin(number, Pin.IN, Pin.PULL_UP) for number in {columns}]
names = {names}
def down():
    found = []
    for row in rows or [None]:
        if row:
            row.value(0)
            time.sleep_us(50)
        for column in columns:
            found.append(not column.value())
        if row:
            row.value(1)
    return found
def steady():
    last = down()
    same = 0
    while same < 3:
        time.sleep_ms(5)
        now = down()
        same = same + 1 if now == last else 0
        last = now
    return last
def wait(wanted, limit_ms):
    end = time.ticks_add(time.ticks_ms(), limit_ms)
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        if wanted(steady()):
            return True
    return False
wait(lambda found: not any(found), 2000)
hanging = steady()
for at, name in enumerate(names):
    if hanging[at]:
        print("hangs", name)
        continue
    print("ask", name)
    if not wait(lambda found: found[at], {wait_ms}):
        print("dead", name)
    else:
        print("felt", name)
        if not wait(lambda found: not found[at], 10000):
            print("hangs", name)
"""


@dataclass(frozen=True, slots=True)
class Who:
    """Which box it is, as its settings say."""

    device: str | None
    role: str
    board: str
    four_keys: bool


@dataclass(slots=True)
class Found:
    """What the test found; lamps, sounds and shows as the person said, None where there is none."""

    keys: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    lamps: bool | None = None
    sounds: bool | None = None
    shows: bool | None = None

    @property
    def well(self) -> bool:
        """Every key felt, nothing denied."""
        return not self.dead and False not in (self.lamps, self.sounds, self.shows)

    def as_dict(self) -> dict[str, Any]:
        """For the hub and --json."""
        return {
            "keys": self.keys,
            "dead": self.dead,
            "lamps": self.lamps,
            "sounds": self.sounds,
            "shows": self.shows,
        }


def who(port: str, role: str | None, board: str | None) -> Who:
    """Who answers at `port`; role and board for a box that was never provisioned. Raises `DeviceError`."""
    for line in mpremote.script(port, _WHO).splitlines():
        if line.startswith("who "):
            said = json.loads(line[4:])
            if said is not None:
                return Who(said[0], said[1], said[2], said[3] == "four")
            if role is None or board is None:
                raise DeviceError(
                    "%(port)s: this box was never provisioned; say --role and --board, or provision it", port=port
                )
            return Who(None, role, board, four_keys=False)
    raise DeviceError("%(port)s: the box does not tell who it is; run the same command again", port=port)


def lamps(port: str, box: Who) -> bool:
    """Each alone, then all; they stay lit. Whether the box has any."""
    pins = _pins(box.board)
    if box.role == "dispenser":
        mpremote.script(port, _SHIFTED.format(pins=pins["DISPENSER_LAMP_PINS"], step_ms=STEP_MS))
        return True
    own = pins["EVALUATOR_LAMP_PINS"] if box.role == "evaluator" else ()
    mpremote.script(port, _LAMPS.format(pins=(*own, pins["POWER_LED_PIN"]), step_ms=STEP_MS))
    return True


def sound(port: str, box: Who) -> None:
    """Three tones."""
    mpremote.script(port, _SOUND.format(pin=_pins(box.board)["BUZZER_PIN"]))


def digits(port: str, box: Who) -> bool:
    """All segments of a caller's display; whether the box has one."""
    if box.role != "caller":
        return False
    pins = _pins(box.board)
    mpremote.script(port, _DIGITS.format(pins=(pins["CALLER_CLK_PIN"], pins["CALLER_DIO_PIN"])))
    return True


def names(box: Who) -> tuple[str, ...]:
    """The box's keys in the order in which they are asked for."""
    if box.role == "evaluator":
        return GRADES
    if box.role == "caller":
        found: tuple[str, ...] = FOUR_KEYS if box.four_keys else KEYS
        return found
    return (*SERVICES, CLERK)


def keys(port: str, box: Who, wait_s: int, hear: Callable[[str, str], None]) -> tuple[list[str], list[str]]:
    """Asks for one key after the other; those felt, and those that gave nothing or hang.

    hear: told as it goes: (ask | felt | dead | hangs, key).
    """
    pins = _pins(box.board)
    rows: tuple[int, ...] = ()
    if box.role == "evaluator":
        columns = pins["EVALUATOR_KEY_PINS"]
    elif box.role == "dispenser":
        columns = (*pins["DISPENSER_KEY_PINS"], pins["DISPENSER_CLERK_PIN"])
    elif box.four_keys:
        columns = pins["CALLER_FOUR_KEY_PINS"]
    else:
        rows, columns = pins["CALLER_ROW_PINS"], pins["CALLER_COLUMN_PINS"]
    wanted = names(box)
    said: dict[str, str] = {}

    def line(text: str) -> None:
        what, _, key = text.strip().partition(" ")
        if what in ("ask", "felt", "dead", "hangs") and key in wanted:
            said[key] = what
            hear(what, key)

    source = _KEYS.format(rows=rows, columns=columns, names=wanted, wait_ms=wait_s * 1000)
    longest_s = len(wanted) * (wait_s + 12) + SLACK_S
    mpremote.run(port, "exec", source, timeout_s=longest_s, on_line=line)
    felt = [key for key in wanted if said.get(key) == "felt"]
    return felt, [key for key in wanted if key not in felt]


def _pins(board: str) -> dict[str, Any]:
    try:
        return vars(importlib.import_module(f"firmware.boards.{board}"))
    except ModuleNotFoundError as error:
        raise DeviceError(
            "no firmware/boards/%(board)s.py: the box was made for a newer release of these tools", board=board
        ) from error
