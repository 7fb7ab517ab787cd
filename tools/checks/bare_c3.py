"""The tutorial of a bare ESP32-C3 and four wires, as far as the code says it: its drawing and its table of wires."""

from dataclasses import dataclass
from html import escape
from typing import Final

from firmware.boards import esp32_c3

PICTURE: Final = "docs/pictures/bare-board-esp32_c3.svg"
_TOP: Final = 190
_ROW: Final = 84
_EDGE: Final = 470
_END: Final = 700
_GRADES: Final = ("非常满意 · very satisfied", "满意 · satisfied", "", "", "非常不满意 · very dissatisfied")


@dataclass(frozen=True, slots=True)
class Wire:
    """A jumper wire with one end on a pin and the other bare."""

    pin: str  # as it is printed on the board
    grade: int  # 0: the ground wire, which is the finger
    what: str
    colour: str


def wires() -> list[Wire]:
    """The four: ground, and three of the five keys."""
    pins = dict(zip((5, 4, 3, 2, 1), esp32_c3.EVALUATOR_KEY_PINS, strict=True))
    words = dict(zip((5, 4, 3, 2, 1), _GRADES, strict=True))
    keys = [
        Wire(str(pins[grade]), grade, f"键 key {grade} {words[grade]}", colour)
        for grade, colour in ((5, "#0F4C5C"), (4, "#2B7FA3"), (1, "#8A5A00"))
    ]
    return [Wire("GND", 0, "地：就是手指 · ground: the finger", "#13222C"), *keys]


def table() -> str:
    """Wire by wire, and the lamp that may be added."""
    rows = ["| 线 wire | 开发板上印着 printed on the board | 用途 what it is |", "|---|---|---|"]
    rows += [f"| {at} | `{wire.pin}` | {wire.what} |" for at, wire in enumerate(wires(), 1)]
    lamp = esp32_c3.EVALUATOR_LAMP_PINS[0]
    rows.append(f"| （可选 optional） | `{lamp}` | 灯：经 330 Ω 接发光二极管到地 · lamp: 330 Ω, LED, ground |")
    return "\n".join(rows)


def drawing() -> str:
    """The SVG."""
    known = wires()
    height = _TOP + _ROW * (len(known) + 1) + 150
    lamp = esp32_c3.EVALUATOR_LAMP_PINS[0]
    said = "; ".join(f"{wire.pin}: {wire.what}" for wire in known)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 {height}" role="img" aria-labelledby="title desc" '
        "font-family=\"'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei',sans-serif\">",
        '<title id="title">一块 ESP32-C3 裸板和四根线 · A bare ESP32-C3 and four wires</title>',
        f'<desc id="desc">{escape(said)}; {lamp}: an optional lamp through 330 ohms to ground. '
        "Touching a key's bare end with the ground's presses that key.</desc>",
        "<style>.h{font-size:28px;font-weight:700;fill:#13222C}.s{font-size:17px;fill:#465560}.r{font-size:20px;"
        "fill:#13222C}.pin{font-size:19px;fill:#FFFFFF;font-weight:700}.chip{font-size:16px;fill:#B7C6CE}"
        ".part-name{font-size:17px;font-weight:700;fill:#13222C}"
        ".maybe{stroke:#75818A;stroke-width:3;fill:none;stroke-dasharray:9 7}"
        ".part{fill:#FFFFFF;stroke:#13222C;stroke-width:2}</style>",
        f'<rect width="1200" height="{height}" fill="#F6F5F1"/>',
        '<text x="60" y="62" class="h">一块 ESP32-C3 裸板和四根线</text>',
        '<text x="60" y="96" class="s">A bare ESP32-C3 and four wires. 线的裸头碰一下地线的裸头，就是按一下键。'
        "Touch a wire's bare end with the ground's: that is a press.</text>",
        '<text x="60" y="122" class="s">尚未在实物上试过 · Not yet tried on hardware</text>',
        *_board(height),
    ]
    for at, wire in enumerate(known):
        parts += _drawn(wire, _TOP + at * _ROW)
    parts += _lamp(lamp, _TOP + len(known) * _ROW)
    first, last = _TOP + 14, _TOP + (len(known) - 1) * _ROW
    parts.append(
        f'<path d="M{_END + 36} {first}C{_END + 66} {first + 60} {_END + 66} {last - 60} {_END + 36} {last - 6}" '
        'fill="none" stroke="#13222C" stroke-width="2" stroke-dasharray="3 6"/>'
    )
    parts.append(
        f'<text x="60" y="{height - 34}" class="s">先接好线再插 USB；复位时别碰线头。'
        "Wire it with USB out; touch nothing while it starts.</text></svg>"
    )
    return "\n".join(parts) + "\n"


def _board(height: int) -> list[str]:
    bottom = height - 120
    return [
        f'<rect x="170" y="{_TOP - 46}" width="{_EDGE - 170}" height="{bottom - _TOP + 30}" rx="16" fill="#0A1A23"/>',
        f'<rect x="230" y="{_TOP - 14}" width="120" height="120" rx="6" fill="#D8DBD7"/>',
        f'<text x="290" y="{_TOP + 52}" text-anchor="middle" class="part-name">ESP32-C3</text>',
        f'<rect x="240" y="{bottom - 46}" width="100" height="44" rx="6" fill="#D8DBD7"/>',
        f'<text x="290" y="{bottom - 18}" text-anchor="middle" class="part-name">USB</text>',
        f'<text x="290" y="{bottom - 92}" text-anchor="middle" class="chip">串口桥 serial bridge</text>',
        f'<path d="M290 {bottom - 2}V{bottom + 34}" stroke="#13222C" stroke-width="10"/>',
        f'<text x="310" y="{bottom + 30}" class="s">电脑 computer</text>',
        f'<circle cx="200" cy="{bottom - 24}" r="13" fill="#465560"/>'
        f'<text x="200" y="{bottom - 50}" text-anchor="middle" class="chip">BOOT</text>',
        f'<circle cx="380" cy="{bottom - 24}" r="13" fill="#465560"/>'
        f'<text x="380" y="{bottom - 50}" text-anchor="middle" class="chip">RST</text>',
    ]


def _pin(name: str, y: int) -> list[str]:
    return [
        f'<circle cx="{_EDGE - 8}" cy="{y}" r="8" fill="#FFC94A"/>',
        f'<text x="{_EDGE - 26}" y="{y + 7}" text-anchor="end" class="pin">{name}</text>',
    ]


def _drawn(wire: Wire, y: int) -> list[str]:
    number = wires().index(wire) + 1
    return [
        *_pin(wire.pin, y),
        f'<path d="M{_EDGE} {y}C{_EDGE + 90} {y + 26} {_END - 90} {y - 14} {_END} {y}" '
        f'fill="none" stroke="{wire.colour}" stroke-width="7" stroke-linecap="round"/>',
        f'<path d="M{_END} {y}h26" stroke="#75818A" stroke-width="5"/>',
        f'<circle cx="{_EDGE + 100}" cy="{y + 6}" r="15" class="part"/>'
        f'<text x="{_EDGE + 100}" y="{y + 12}" text-anchor="middle" font-size="18" font-weight="700" '
        f'fill="#13222C">{number}</text>',
        f'<text x="{_END + 86}" y="{y + 7}" class="r">{escape(wire.what)}</text>',
    ]


def _lamp(pin: int, y: int) -> list[str]:
    return [
        *_pin(str(pin), y),
        f'<path class="maybe" d="M{_EDGE} {y}H{_EDGE + 70}"/>',
        f'<rect x="{_EDGE + 70}" y="{y - 10}" width="56" height="20" class="part"/>',
        f'<text x="{_EDGE + 98}" y="{y - 18}" text-anchor="middle" class="s">330 Ω</text>',
        f'<path class="maybe" d="M{_EDGE + 126} {y}H{_END - 60}"/>',
        f'<circle cx="{_END - 44}" cy="{y}" r="16" class="part" style="fill:#FFC94A"/>',
        f'<path class="maybe" d="M{_END - 28} {y}H{_END + 20}M{_END + 20} {y - 14}v28M{_END + 28} {y - 8}v16"/>',
        f'<text x="{_END + 86}" y="{y - 4}" class="r">可选：灯亮着，就在等评价</text>',
        f'<text x="{_END + 86}" y="{y + 20}" class="s">optional lamp: lit while it asks for a grade</text>',
    ]
