"""What the manager sees first: what is wrong and what to do about it, the first steps, and how everything is."""

from dataclasses import dataclass
from typing import Any

from hub.web import admin_radio, admin_updates
from hub.web.admin_parts import Translate, age, role
from hub.web.admin_parts import problem as _problem

# An uplink that is behind by more than this is worth a line: a minute of the largest hall.
BEHIND_MOST = 500
_LINKED = ("idle", "sending")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the page is made from, as the house's views give it."""

    ready: dict[str, Any]
    devices: list[dict[str, Any]]
    printers: list[dict[str, Any]]
    leds: list[dict[str, Any]]
    config: dict[str, Any]
    key_tests: dict[str, str]
    # Device → starts, resets, faults and the last key test, as the journal has them.
    histories: dict[str, dict[str, Any]]
    as_of: str
    update: dict[str, Any] | None = None  # the plan that is there, as GET /api/v1/updates has it


def now(facts: Facts, translate: Translate) -> dict[str, Any]:
    """All of it, in words."""
    return {
        "as_of": facts.as_of,
        "wrong": _wrong(facts, translate),
        "steps": _steps(facts, translate),
        "journal": _journal(facts.ready, translate),
        "uplink": _uplink(facts.ready, translate),
        "devices": _devices(facts, translate),
        "printers": _printers(facts.printers, translate),
        "leds": [_led(each, translate) for each in facts.leds],
        "lines": [_line(each, translate) for each in facts.ready["lines"]],
        "adapters": admin_radio.adapters(facts.ready, translate),
        "radio": admin_radio.boxes(facts.ready, translate),
        "updates": admin_updates.shown(facts.update, facts.devices, translate),
    }


def _wrong(facts: Facts, _: Translate) -> list[dict[str, str]]:
    """The worst first: what stops the hall, then what stops a machine."""
    return [
        *_wrong_hub(facts.ready, _),
        *_wrong_printers(facts.printers, _),
        *_wrong_devices(facts, _),
        *admin_updates.wrong(facts.update, _),
        *admin_radio.wrong(facts.ready, _),
    ]


def _wrong_hub(ready: dict[str, Any], _: Translate) -> list[dict[str, str]]:
    found = []
    if ready["journal"]["refuses"]:
        found.append(_problem(_("The journal takes no events"), str(ready["journal"]["refuses"]), "journal"))
    uplink = ready["uplink"]
    if uplink is not None:
        behind = ready["journal"]["durable"] - uplink["stored_through"]
        if uplink["state"] not in (*_LINKED, "starting"):
            text = _("{n} events wait here; nothing is lost.").format(n=behind)
            found.append(_problem(_("The center is not reached"), f"{text} {uplink['why']}", "journal"))
        elif behind > BEHIND_MOST:
            text = _("{n} events are on their way.").format(n=behind)
            found.append(_problem(_("The center is behind"), text, "journal"))
    if not ready["clock_sure"]:
        detail = _("Times are marked as unsure until it is set. Check the network's time server.")
        found.append(_problem(_("The clock was not set since the machine started"), detail, "journal"))
    return found


def _wrong_printers(printers: list[dict[str, Any]], _: Translate) -> list[dict[str, str]]:
    words = states(_)
    return [
        _problem(
            _("Printer {name}: {state}").format(
                name=each["name"] or each["printer"], state=words.get(each["state"], each["state"])
            ),
            printer_todo(each["state"], _),
            "printers",
        )
        for each in printers
        if not each["ready"] and each["state"] != "unknown"
    ]


def _wrong_devices(facts: Facts, _: Translate) -> list[dict[str, str]]:
    found = []
    silent = {each["device"]: each["silent_s"] for each in facts.ready["each_device"]}
    for device in facts.devices:
        if not device["online"] and device["window"] is not None:
            title = _("{device} at window {window} is silent").format(device=device["device"], window=device["window"])
            found.append(_problem(title, _seen(silent.get(device["device"]), _), "devices"))
    for line in facts.ready["lines"]:
        if not line["open"]:
            found.append(_problem(_("Line {url} is closed").format(url=line["url"]), str(line["why"]), "devices"))
        elif line["fault"]:
            title = _("Fault on line {url}: {code}").format(url=line["url"], code=line["fault"])
            found.append(_problem(title, _todo(line, _), "devices"))
    fault = facts.ready["last_fault"]
    if fault is not None and not fault["over"]:
        title = _("Fault of {device}: {code}").format(device=fault["device"], code=fault["code"])
        found.append(_problem(title, _todo(fault, _), "devices"))
    away = [each for each in facts.leds if not each["up"] and each["why"]]
    title = _("LED module of window {window} is away")
    return found + [_problem(title.format(window=each["window"]), str(each["why"]), "leds") for each in away]


def _todo(entry: dict[str, Any], translate: Translate) -> str:
    """What the devices' room says to do; its texts are marked for the catalogue there."""
    todo = entry["todo"]
    return translate(todo) if todo else ""


def states(_: Translate) -> dict[str, str]:
    """A printer's states in words."""
    return {
        "ok": _("ready"),
        "paper_low": _("paper is low"),
        "paper_out": _("out of paper"),
        "cover_open": _("cover open"),
        "fault": _("fault"),
        "offline": _("offline"),
        "no_answer": _("does not answer"),
        "unknown": _("not asked yet"),
    }


def printer_todo(state: str, _: Translate) -> str:
    """What a person does about it."""
    return {
        "paper_out": _("Put in a new roll. It goes on by itself, and says void for what was torn."),
        "cover_open": _("Close the cover."),
        "fault": _("Look at the knife and the lamp; switch it off and on."),
        "offline": _("Press its feed key, or switch it off and on."),
    }.get(state, _("Check its power and cable, and its address here."))


def _seen(silent_s: float | None, _: Translate) -> str:
    if silent_s is None:
        return _("Not heard since the hub started. Check its power and cable.")
    return _("Last seen {age} ago. Check its power and cable.").format(age=age(silent_s, _))


def _steps(facts: Facts, _: Translate) -> list[dict[str, Any]]:
    """The first-run path, in its order; each may be done again later."""
    config, ready = facts.config, facts.ready
    subjects = [*config["matters"]] or [*config["services"]]
    lacking = [each["name"] for each in subjects if not _disclosed(each)]
    windows = _("{n} windows").format(n=len(config["windows"]))
    told = _("All {n} disclose everything.").format(n=len(subjects))
    if lacking:
        told = _("{n} of {all} lack a disclosure: {names}").format(
            n=len(lacking), all=len(subjects), names=_(", ").join(lacking[:3])
        )
    devices = _("{online} of {all} are online").format(
        online=sum(each["online"] for each in facts.devices), all=len(facts.devices)
    )
    uplink = ready["uplink"]
    center = _("No center is set. Put its address and token into hub.toml, [center], and restart the hub.")
    if uplink is not None:
        center = _("Connected.") if uplink["state"] in _LINKED else _("Set, and not reached now.")
    named = config["hall"]["name"] not in ("", "-")
    hours = bool(config["hall"]["hours"])
    return [
        _step(_("Name the hall, say its hours"), named and hours, config["hall"]["name"], "hall"),
        _step(_("Set up the windows"), bool(config["windows"]), windows, "windows"),
        _step(
            _("Say what is served, with the disclosures"),
            not lacking,
            told,
            "matters" if config["matters"] else "services",
        ),
        _step(
            _("Connect the devices"),
            bool(facts.devices) and all(each["online"] for each in facts.devices),
            devices,
            "devices",
        ),
        _step(_("Enter the staff"), bool(config["staff"]), _("{n} people").format(n=len(config["staff"])), "staff"),
        _step(_("Connect the center"), uplink is not None and uplink["state"] in _LINKED, center, "journal"),
    ]


def _step(title: str, done: bool, detail: str, section: str) -> dict[str, Any]:
    return {"title": title, "done": done, "detail": detail, "section": section}


def _disclosed(row: dict[str, Any]) -> bool:
    return all(row[name] for name in ("legal_basis", "procedure", "papers", "promised_time", "fee"))


def _journal(ready: dict[str, Any], _: Translate) -> list[tuple[str, str]]:
    journal = ready["journal"]
    rows = [
        (_("Journal"), str(journal["id"])),
        (_("Events safe on disk"), str(journal["durable"])),
        (_("Waiting for the disk"), str(journal["queued"])),
        (_("Takes events"), str(journal["refuses"]) if journal["refuses"] else _("yes")),
        (_("Clock"), _("sure") if ready["clock_sure"] else _("unsure")),
        (_("Version"), str(ready["version"])),
    ]
    aside = journal["set_aside"]
    return [*rows, (_("Damaged journals set aside"), ", ".join(map(str, aside)))] if aside else rows


def _uplink(ready: dict[str, Any], _: Translate) -> list[tuple[str, str]]:
    uplink = ready["uplink"]
    if uplink is None:
        return [(_("Center"), _("works alone, no center configured"))]
    words = {
        "starting": _("starting"),
        "idle": _("connected"),
        "sending": _("sending"),
        "away": _("not reached"),
        "refused": _("refuses this hall"),
        "forked": _("stopped: the center holds another history"),
    }
    return [
        (_("Center"), words.get(str(uplink["state"]), str(uplink["state"]))),
        (_("Delivered"), str(uplink["stored_through"])),
        (_("Waiting to be sent"), str(ready["journal"]["durable"] - uplink["stored_through"])),
        *([(_("Reason"), str(uplink["why"]))] if uplink["why"] else []),
    ]


def _devices(facts: Facts, _: Translate) -> list[dict[str, Any]]:
    silent = {each["device"]: each["silent_s"] for each in facts.ready["each_device"]}
    return [_device(each, silent.get(each["device"]), facts.key_tests.get(each["device"]), _) for each in facts.devices]


def _device(device: dict[str, Any], silent_s: float | None, tested: str | None, _: Translate) -> dict[str, Any]:
    health = device["health"] or {}
    retries = health.get("rejected_frames", 0) + health.get("rejected_packets", 0)
    seen = _("online") if device["online"] else _("silent")
    if not device["online"] and silent_s is not None:
        seen = _("silent for {age}").format(age=age(silent_s, _))
    if device["replaced_by"]:
        seen = _("replaced by {device}; its key is dead").format(device=device["replaced_by"])
    return {
        "bad": not device["online"] and device["replaced_by"] is None,
        "link": f"/admin/devices/{device['device']}",
        "cells": [
            device["device"],
            role(device["role"], _),
            device["window"] or "—",
            seen,
            device["registered_at"][:10],
            age(health["uptime_ms"] / 1000, _) if health else "—",
            f"{health['free_memory'] // 1024} KB" if health else "—",
            f"{health['log_fill_permille'] / 10:.0f} %" if health else "—",
            str(retries) if health else "—",
            tested[:16].replace("T", " ") if tested else _("never"),
        ],
    }


def _printers(printers: list[dict[str, Any]], _: Translate) -> list[dict[str, Any]]:
    words = states(_)
    return [
        {
            "bad": not each["ready"],
            "id": each["printer"],
            "cells": [
                each["printer"],
                each["name"] or "—",
                words.get(each["state"], each["state"]),
                str(each["printed"]),
                str(each["failed"]),
                each["why"] or "—",
            ],
        }
        for each in printers
    ]


def _led(led: dict[str, Any], _: Translate) -> dict[str, Any]:
    state = _("connected") if led["up"] else _("away")
    return {
        "bad": not led["up"],
        "cells": [
            led["window"],
            led["url"],
            led["address"],
            led["driver"],
            state,
            led["shows"] or "—",
            led["why"] or "—",
        ],
    }


def _line(line: dict[str, Any], _: Translate) -> dict[str, Any]:
    quiet = "—" if line["silent_s"] is None else age(line["silent_s"], _)
    return {
        "bad": not line["open"] or bool(line["fault"]),
        "cells": [
            line["url"],
            _("open") if line["open"] else _("closed"),
            line["device"] or "—",
            quiet,
            line["fault"] or line["why"] or "—",
        ],
    }
