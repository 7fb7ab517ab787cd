"""`/admin/devices/{device}`: all that is known of one box, for whoever looks after it."""

from typing import Any

from aiohttp import web

from common import catalogue
from common.tokens import Holder
from hub.web.admin_now import Facts
from hub.web.admin_parts import Translate, age, role
from hub.web.house import HOUSE
from hub.web.who import signed_in
from hub.web.window_page import hall_name

HOLDERS = (Holder("manager"), Holder("admin"))
MANY_PPM = 200  # a crystal is within 50; an RC oscillator is not
KB = 1024

Pairs = list[tuple[str, str]]


def figures(facts: Facts, name: str, _: Translate) -> list[tuple[str, Pairs]] | None:
    """Headings with their rows; None: no such box is registered."""
    device = next((each for each in facts.devices if each["device"] == name), None)
    if device is None:
        return None
    history = facts.histories.get(name, {"starts": 0, "resets": [], "faults": [], "key_test": None})
    seen = next((each["radio"] for each in facts.ready["each_device"] if each["device"] == name), None)
    return [
        (_("Now"), _now(device, _)),
        (_("Its memory and flash"), _memory(device["health"], _)),
        (_("Its line"), _line(device, seen, _)),
        (_("Its clock"), _clock(device, _)),
        (_("Keys"), _keys(history, facts.key_tests.get(name), _)),
        (_("Starts"), _starts(history, _)),
        (_("Faults"), _faults(history, _) or [("—", _("none known"))]),
    ]


def _now(device: dict[str, Any], _: Translate) -> Pairs:
    heard = _("not since the hub started") if device["silent_s"] is None else age(device["silent_s"], _)
    state = _("online") if device["online"] else _("silent")
    if device["missing"]:
        state = _("silent for more than ten minutes: look at its power and its cable, else replace it")
    if device["replaced_by"]:
        state = _("replaced by {device}; its key is dead").format(device=device["replaced_by"])
    return [
        (_("State"), state),
        (_("What it is"), role(device["role"], _)),
        (_("Window"), device["window"] or "—"),
        (_("Last heard"), heard),
        (_("Board"), device["board"] or "—"),
        (_("Firmware"), device["firmware"] or "—"),
        (_("Registered"), device["registered_at"][:16].replace("T", " ")),
    ]


def _memory(health: dict[str, Any] | None, _: Translate) -> Pairs:
    if health is None:
        return [("—", _("it tells this every half minute while it is connected"))]
    flash = health.get("free_flash")
    return [
        (_("Free memory"), f"{health['free_memory'] // KB} KB"),
        (_("Free flash"), "—" if flash is None else f"{flash // KB} KB"),
        (_("Log of unsent facts"), f"{health['log_fill_permille'] / 10:.1f} %"),
    ]


def _line(device: dict[str, Any], seen: dict[str, Any] | None, _: Translate) -> Pairs:
    health, dropped = device["health"] or {}, device["line_rejected"]
    rows = [
        (_("Line"), device["line"] or "—"),
        (
            _("Repeated, since the box dropped it"),
            str(health.get("rejected_frames", 0) + health.get("rejected_packets", 0)),
        ),
        (_("Repeated, since the hub dropped it"), "—" if dropped is None else str(dropped)),
    ]
    if seen is not None:
        rows += [
            (_("Bluetooth adapter"), seen["adapter"]),
            (_("Signal"), f"{seen['rssi_dbm']} dBm"),
            (_("Times connected"), str(seen["connects"])),
            (_("Failed"), str(seen["failures"])),
            (_("Broken off"), str(seen["lost"])),
        ]
    return rows


def _clock(device: dict[str, Any], _: Translate) -> Pairs:
    drift = device["drift_ppm"]
    if drift is None:
        return [(_("Runs"), _("known after ten minutes of one start"))]
    words = _("{ppm} millionths fast") if drift >= 0 else _("{ppm} millionths slow")
    text = words.format(ppm=abs(drift))
    if abs(drift) > MANY_PPM:
        text += _("; more than a crystal should: replace the board")
    return [(_("Runs"), text)]


def _keys(history: dict[str, Any], tested: str | None, _: Translate) -> Pairs:
    if tested is None:
        return [(_("Keys tested on"), _("never"))]
    found = history["key_test"] or {}
    dead, ok = found.get("dead"), found.get("keys_ok")
    if dead is None:
        dead = [] if not isinstance(ok, int) else [str(grade) for grade in range(1, 6) if not ok >> (grade - 1) & 1]
    words = {True: _("yes"), False: _("no"), None: "—"}
    return [
        (_("Keys tested on"), tested[:16].replace("T", " ")),
        (_("Keys that gave nothing"), str(len(dead)) if dead else _("none")),
        (_("Lamps as they should be"), words[found.get("lamps")]),
        (_("Sounds as they should be"), words[found.get("sounds")]),
    ]


def _starts(history: dict[str, Any], _: Translate) -> Pairs:
    causes = {
        "power on": _("power came on"),
        "hard": _("reset by a key or by its own program"),
        "watchdog": _("the watchdog restarted it: its program stood still"),
        "soft": _("restarted by a technician"),
    }
    rows = [(each["at"], causes.get(each["cause"], str(each["cause"]))) for each in history["resets"]]
    return [(_("How often"), str(history["starts"])), *rows]


def _faults(history: dict[str, Any], translate: Translate) -> Pairs:
    """What to do about each; the code is what the technician's guide and the log have it under."""
    return [(each["at"], f"{translate(each['todo'])} ({each['code']})") for each in history["faults"]]


async def show(request: web.Request) -> web.Response:
    """The page, or the way to the sign-in."""
    house = request.app[HOUSE]
    if signed_in(request, *HOLDERS) is None:
        raise web.HTTPSeeOther("/admin")
    translate = catalogue.translations(house.pages.language(request)).gettext
    name = request.match_info["device"]
    found = figures(house.admin(), name, translate)
    return house.pages.page(
        request,
        "admin_box.html",
        200 if found is not None else 404,
        hall_name=hall_name(request, house),
        device=name,
        parts=found,
        training=house.guide.training,
    )


ROUTES = (web.get("/admin/devices/{device}", show),)
