"""What the manager sees of boxes without a cable: how well each is heard, and which adapter hears nothing."""

from typing import Any

from hub.web.admin_parts import Translate, age, problem

# As docs/how-to/use-the-radio.md says: weaker than this, or failing more often than one time in ten.
WEAK_DBM = -85
FEW_CONNECTS = 10  # before so many, one that failed says nothing
OFTEN = 10


def wrong(ready: dict[str, Any], _: Translate) -> list[dict[str, str]]:
    """The adapters that hear nothing, then the boxes that are heard badly."""
    silent = _("Bluetooth adapter {adapter} hears nothing")
    todo = _("Is it plugged in, and does bluetoothd run? It is tried again every few seconds.")
    found = [
        problem(silent.format(adapter=each["adapter"]), f"{todo} {each['why']}", "devices")
        for each in ready["radios"]
        if not each["scanning"]
    ]
    for device, radio in _heard(ready):
        if _is_weak(radio):
            title = _("{device} is heard weakly: {dbm} dBm").format(device=device, dbm=radio["rssi_dbm"])
            todo = _("Move an adapter nearer to it, or add one on its side of the hall.")
            found.append(problem(title, todo, "devices"))
        elif _is_failing(radio):
            n = radio["failures"] + radio["lost"]
            title = _("{n} of {all} links to {device} failed").format(n=n, all=_tries(radio), device=device)
            found.append(problem(title, radio["why"], "devices"))
    return found


def adapters(ready: dict[str, Any], _: Translate) -> list[dict[str, Any]]:
    """Rows: the adapters of this hub."""
    return [
        {
            "bad": not each["scanning"],
            "cells": [
                each["adapter"],
                _("listening") if each["scanning"] else _("hears nothing"),
                f"{each['links']} / {each['links_most']}",
                str(each["connects"]),
                str(each["failures"]),
                str(each["lost"]),
                str(each["foreign"]),
                each["why"] or "—",
            ],
        }
        for each in ready["radios"]
    ]


def boxes(ready: dict[str, Any], _: Translate) -> list[dict[str, Any]]:
    """Rows: the registered boxes that an adapter hears, the weakest first."""
    return [
        {
            "bad": _is_weak(radio) or _is_failing(radio),
            "cells": [
                device,
                radio["adapter"],
                f"{radio['rssi_dbm']} dBm",
                _("connected") if radio["connected"] else age(radio["heard_s"], _),
                str(radio["connects"]),
                str(radio["failures"]),
                str(radio["lost"]),
                radio["why"] or "—",
            ],
        }
        for device, radio in _heard(ready)
    ]


def _heard(ready: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    heard = [(each["device"], each["radio"]) for each in ready["each_device"] if each.get("radio") is not None]
    return sorted(heard, key=lambda each: (each[1]["rssi_dbm"], each[0]))


def _is_weak(radio: dict[str, Any]) -> bool:
    return bool(radio["rssi_dbm"] < WEAK_DBM)


def _tries(radio: dict[str, Any]) -> int:
    return int(radio["connects"] + radio["failures"])


def _is_failing(radio: dict[str, Any]) -> bool:
    return _tries(radio) >= FEW_CONNECTS and (radio["failures"] + radio["lost"]) * OFTEN > _tries(radio)
