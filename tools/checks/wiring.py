"""The technician's guide, as far as the code says it: wiring drawings and parts for each box on two boards, faults."""

import importlib
from dataclasses import dataclass
from html import escape
from typing import Any

from common import catalogue
from firmware.drivers import lamps
from hub.devices.care import BOX_TODO
from hub.devices.faults import TODO

BOARDS = {"rpi_pico": "Raspberry Pi Pico", "esp32_c3": "ESP32-C3"}
BOXES = (
    ("evaluator", "rpi_pico"),
    ("evaluator", "esp32_c3"),
    ("caller", "rpi_pico"),
    ("caller", "esp32_c3"),
    ("dispenser", "rpi_pico"),
)
_ROLES = {"evaluator": "评价器 evaluator", "caller": "叫号器 caller", "dispenser": "取号机 dispenser"}
_GRADES = ("非常满意 5", "满意 4", "基本满意 3", "不满意 2", "非常不满意 1")
_BRIDGED = "esp32_c3"  # its link runs over the board's own USB bridge, its strap is the board's BOOT button
_FREE = "串口桥，空着 · bridge, leave free"
_ROW = 36
_TOP = 110


@dataclass(frozen=True, slots=True)
class Wire:
    """A pin, what hangs on it, and how it goes on: to ground, through a resistor, or to a part's own pin."""

    pin: int
    what: str
    kind: str  # key, lamp, to


def wires(role: str, board: str) -> tuple[list[Wire], list[Wire]]:
    """What hangs left and right of the board."""
    pins: dict[str, Any] = vars(importlib.import_module(f"firmware.boards.{board}"))
    own = [
        Wire(pins["POWER_LED_PIN"], "电源灯 power light", "lamp"),
        Wire(pins["BUZZER_PIN"], "蜂鸣器 buzzer +", "to"),
        Wire(pins["STRAP_PIN"], f"维护短接 maintenance strap{' (BOOT)' if board == _BRIDGED else ''}", "key"),
        Wire(pins["UART_TX_PIN"], _FREE if board == _BRIDGED else "串口适配器 RX · adapter RX", "to"),
        Wire(pins["UART_RX_PIN"], _FREE if board == _BRIDGED else "串口适配器 TX · adapter TX", "to"),
    ]
    if role == "evaluator":
        named = list(zip(pins["EVALUATOR_KEY_PINS"], pins["EVALUATOR_LAMP_PINS"], _GRADES, strict=True))
        keys = [Wire(key, f"键 key {grade}", "key") for key, _, grade in named]
        return keys, [Wire(lamp, f"灯 lamp {grade}", "lamp") for _, lamp, grade in named] + own
    if role == "caller":
        rows = [Wire(pin, f"键盘行 row {at}", "to") for at, pin in enumerate(pins["CALLER_ROW_PINS"], 1)]
        columns = [Wire(pin, f"键盘列 column {at}", "to") for at, pin in enumerate(pins["CALLER_COLUMN_PINS"], 1)]
        shown = [Wire(pins["CALLER_CLK_PIN"], "TM1637 CLK", "to"), Wire(pins["CALLER_DIO_PIN"], "TM1637 DIO", "to")]
        return rows + columns, shown + own
    keys = [Wire(pin, f"业务键 service key {at}", "key") for at, pin in enumerate(pins["DISPENSER_KEY_PINS"], 1)]
    keys.append(Wire(pins["DISPENSER_CLERK_PIN"], "内部键 clerk's key", "key"))
    lines = ("SER", "SRCLK", "RCLK")
    shift = [Wire(pin, f"74HC595 {line}", "to") for pin, line in zip(pins["DISPENSER_LAMP_PINS"], lines, strict=True)]
    printer = [
        Wire(pins["PRINTER_TX_PIN"], "打印机 RX · printer RX", "to"),
        Wire(pins["PRINTER_RX_PIN"], "打印机 TX · printer TX", "to"),
    ]
    return keys, shift + printer + own


def drawing(role: str, board: str) -> str:
    """The SVG of one box."""
    left, right = wires(role, board)
    height = _TOP + _ROW * max(len(left), len(right)) + 110
    title = f"接线：{_ROLES[role]} · {BOARDS[board]}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 {height}" role="img" aria-labelledby="title desc" '
        "font-family=\"'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei',sans-serif\">",
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape("; ".join(f"GPIO {wire.pin}: {wire.what}" for wire in left + right))}</desc>',
        "<style>.h{font-size:24px;font-weight:700;fill:#13222C}.s{font-size:15px;fill:#465560}.r{font-size:16px;"
        "fill:#13222C}.pin{font-size:15px;fill:#FFFFFF;font-weight:700}.wire{stroke:#0F4C5C;stroke-width:3;fill:none}"
        ".ground{stroke:#75818A;stroke-width:3;fill:none}.part{fill:#FFFFFF;stroke:#13222C;stroke-width:2}</style>",
        f'<rect width="1200" height="{height}" fill="#F6F5F1"/>',
        f'<text x="40" y="44" class="h">{escape(title)}</text>',
        '<text x="40" y="72" class="s">键：引脚到地。灯：引脚经 330 Ω 到地。'
        "Key: pin to ground. Lamp: pin through 330 Ω to ground.</text>",
        f'<rect x="510" y="{_TOP - 20}" width="180" height="{height - _TOP - 70}" rx="14" fill="#0A1A23"/>',
        f'<text x="600" y="{height - 100}" text-anchor="middle" class="pin">{BOARDS[board]}</text>',
    ]
    for side, rows in ((-1, left), (1, right)):
        for at, wire in enumerate(rows):
            parts += _drawn(wire, side, _TOP + at * _ROW + 10)
    ground = (
        "所有的地接 GND；屏、打印机按其说明另接电源。All grounds to GND; displays and printers have their own supply."
    )
    if board == "esp32_c3":
        ground += " GPIO 8：10 kΩ 到 3.3 V · 10 kΩ to 3.3 V."
    parts.append(f'<text x="40" y="{height - 30}" class="s">{escape(ground)}</text></svg>')
    return "\n".join(parts) + "\n"


def _drawn(wire: Wire, side: int, y: int) -> list[str]:
    edge, at = 600 + side * 90, 600 + side * 170
    end = 600 + side * 230
    anchor, text = ("end", end - 16) if side < 0 else ("start", end + 16)
    out = [
        f'<circle cx="{edge}" cy="{y}" r="7" fill="#FFC94A"/>',
        f'<text x="{edge - side * 14}" y="{y + 5}" text-anchor="{"start" if side < 0 else "end"}" class="pin">'
        f"GPIO {wire.pin}</text>",
        f'<path class="wire" d="M{edge + side * 8} {y}H{at - side * 20}"/>',
    ]
    if wire.kind == "key":
        out.append(
            f'<path class="wire" d="M{at - side * 20} {y}l{side * 34} -12"/>'
            f'<circle cx="{at - side * 20}" cy="{y}" r="4" class="part"/>'
            f'<circle cx="{at + side * 18}" cy="{y}" r="4" class="part"/>'
        )
        out += _ground(at + side * 22, end, y)
    elif wire.kind == "lamp":
        out.append(
            f'<path class="wire" d="M{at + side * 4} {y}h{side * 12}"/>'
            f'<rect x="{min(at - side * 20, at + side * 4)}" y="{y - 6}" width="24" height="12" class="part"/>'
            f'<circle cx="{at + side * 24}" cy="{y}" r="9" class="part" style="fill:#FFC94A"/>'
        )
        out += _ground(at + side * 34, end, y)
    else:
        out.append(f'<path class="wire" d="M{at - side * 20} {y}H{end}"/>')
        out.append(f'<rect x="{end - 6}" y="{y - 6}" width="12" height="12" class="part"/>')
    return [*out, f'<text x="{text}" y="{y + 6}" text-anchor="{anchor}" class="r">{escape(wire.what)}</text>']


def _ground(begin: int, end: int, y: int) -> list[str]:
    return [
        f'<path class="ground" d="M{begin} {y}H{end}M{end} {y - 9}v18M{end + (4 if end > begin else -4)} {y - 5}v10"/>'
    ]


_SHARED = (("1", "电源灯，330 Ω · power light, 330 Ω"), ("1", "无源蜂鸣器 3.3 V · passive buzzer, 3.3 V"))
_PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "evaluator": (
        ("5", "按键，形状、文字和凸点各不相同 · keys that differ by shape, text and raised mark"),
        ("5", "灯，330 Ω · lamps, 330 Ω"),
    ),
    "caller": (
        ("1", "4 × 4 矩阵键盘 · keypad, 4 × 4 matrix"),
        ("1", "TM1637 四位数码管 · TM1637 display, four digits"),
    ),
    "dispenser": (
        ("12", "业务键 · service keys"),
        ("1", "内部键 · clerk's key, inside"),
        ("2", "74HC595"),
        ("13", "灯，330 Ω · lamps, 330 Ω"),
        ("1", "58 或 80 mm ESC/POS 热敏打印机，TTL 串口，自带电源 · ESC/POS thermal printer, TTL serial, own supply"),
    ),
}


def parts() -> str:
    """The parts of each box on each board."""
    rows = ["| 盒子 box | 开发板 board | 件数 | 零件 part |", "|---|---|---|---|"]
    for role, board in BOXES:
        more = (("1", "10 kΩ（GPIO 8 到 3.3 V · GPIO 8 to 3.3 V）"),) if board == "esp32_c3" else ()
        for number, what in (("1", BOARDS[board]), *_PARTS[role], *_SHARED, *more):
            rows.append(f"| {_ROLES[role]} | `{board}` | {number} | {what} |")
    return "\n".join(rows)


def pins() -> str:
    """Pin by pin, as drawn."""
    rows = ["| 盒子 box | 开发板 board | GPIO | 接 what |", "|---|---|---|---|"]
    for role, board in BOXES:
        left, right = wires(role, board)
        rows += [f"| {_ROLES[role]} | `{board}` | {wire.pin} | {wire.what} |" for wire in left + right]
    return "\n".join(rows)


def lights(language: str) -> str:
    """What the power light says."""
    slow_s, quick_s = (lamps._HALF_MS[name] / 1000 for name in (lamps.SLOW, lamps.QUICK))
    if language == catalogue.CHINESE:
        rows = [
            ("常亮", "正常"),
            (f"慢闪，亮 {slow_s} 秒灭 {slow_s} 秒", "有故障，或还没有配置身份；故障代码见下表"),
            (f"快闪，亮 {quick_s} 秒灭 {quick_s} 秒", "有人在找它：tingting device identify"),
            ("不亮", "没有电，或在维护中"),
        ]
        head = "| 电源灯 | 意思 |"
    else:
        rows = [
            ("steady", "all is well"),
            (f"slow, {slow_s} s on and off", "a fault, or it was never provisioned; the codes stand below"),
            (f"quick, {quick_s} s on and off", "somebody looks for it: tingting device identify"),
            ("dark", "no power, or it is in maintenance"),
        ]
        head = "| power light | meaning |"
    return "\n".join([head, "|---|---|", *(f"| {light} | {meaning} |" for light, meaning in rows)])


def faults(language: str) -> str:
    """Every fault code and what to do, in the words of the program."""
    speak = catalogue.translations(language).gettext
    head = "| 代码 | 怎么办 |" if language == catalogue.CHINESE else "| code | what to do |"
    known = sorted((TODO | BOX_TODO).items())
    return "\n".join([head, "|---|---|", *(f"| `{code}` | {speak(todo)} |" for code, todo in known)])


def files() -> dict[str, str]:
    """The drawings, by their path."""
    return {f"docs/pictures/wiring-{role}-{board}.svg": drawing(role, board) for role, board in BOXES}
