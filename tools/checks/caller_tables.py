"""The tables of the caller's how-to: its wiring by board, and what its codes mean."""

import pkgutil
from importlib import import_module
from typing import Final

from hub.devices.callers import CODES, OTHER
from tools.checks.rooms import ROOT

_PINS: Final = {
    "CALLER_ROW_PINS": "keypad's rows, from the top",
    "CALLER_COLUMN_PINS": "keypad's columns, from the left",
    "CALLER_FOUR_KEY_PINS": "four keys instead: next, recall, no-show, finish",
    "CALLER_CLK_PIN": "display CLK",
    "CALLER_DIO_PIN": "display DIO",
    "POWER_LED_PIN": "LED",
    "BUZZER_PIN": "buzzer",
    "STRAP_PIN": "strap",
    "UART_TX_PIN": "line to the hub, TX",
    "UART_RX_PIN": "line to the hub, RX",
}
_WORDS: Final = {
    "nobody_signed_in": ("没有人签到", "nobody is signed in here"),
    "no_ticket": ("没有正在办理的号", "no ticket is open here: press next first"),
    "ticket_open": ("还有号没有办结", "a ticket is open here: finish it first"),
    "window_paused": ("窗口暂停中", "the window is paused"),
    "not_paused": ("窗口没有暂停", "the window is not paused"),
    "already_arrived": ("已经到达", "the arrival is marked: finish or transfer"),
    "recalled_enough": ("已经重呼三次", "called again three times: arrived or no-show"),
    "queue_empty": ("没有人等候", "nobody waits"),
    "too_soon": ("刚刚请评价过", "the last 请评价 was less than 60 s ago"),
    "unknown_target": ("没有这个窗口或业务", "there is no such window or service to transfer to"),
    "other_service": ("本窗口不办此业务", "this window doesn't serve that"),
    "cap_reached": ("今日号已满", "the day's numbers are used up"),
    "closed": ("现在不办理", "the service is closed now"),
    "wrong_pin": ("工号或密码不对", "staff number or PIN is wrong, or there is no PIN yet"),
    "locked": ("试错太多，请稍候", "too many wrong PINs: wait, or have it reset"),
    "journal": ("系统记不下，请报修", "the hub can't keep it now: call the technician"),
    "unknown_window": ("本机没有窗口", "this box stands at no window: call the technician"),
}


def pins() -> str:
    """What is wired where, by board."""
    names = [name for _, name, _ in sorted(pkgutil.iter_modules([str(ROOT / "firmware/boards")]))]
    boards = [import_module(f"firmware.boards.{name}") for name in names]
    lines = ["| what | " + " | ".join(f"`{name}`" for name in names) + " |", "|---" * (len(names) + 1) + "|"]
    for constant, what in _PINS.items():
        cells = [_shown(getattr(board, constant, None)) for board in boards]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return ", ".join(f"GP{pin}" for pin in value) if isinstance(value, tuple) else f"GP{value}"


def codes() -> str:
    """Every code; one without words here is a KeyError, which the check shows."""
    rows = [(code, *_WORDS[kind]) for kind, code in CODES.items()]
    rows.append((OTHER, "其他，见窗口页面", "anything else: the window's page says what"))
    return "\n".join(["| code | 意思 | means |", "|---|---|---|", *(f"| `{a}` | {b} | {c} |" for a, b, c in rows)])
