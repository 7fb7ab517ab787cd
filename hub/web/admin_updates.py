"""New firmware on the manager's page: how far an update has come with each box, and which firmware each one has."""

from typing import Any

from hub.web.admin_parts import Translate, problem, role

Update = dict[str, Any]
Rows = list[dict[str, Any]]
# What a person has to see first stands first; what is over and well, last.
ORDER = ("gone_back", "missing", "refused", "trying", "sending", "waiting", "good", "current")
BAD = ("gone_back", "missing", "refused")
OVER = (*BAD, "good", "current")


def shown(update: Update | None, devices: list[dict[str, Any]], _: Translate) -> dict[str, Any]:
    """The section: the plan, if there is one, and every box's firmware."""
    return {"plan": None if update is None else _plan(update, _), "firmware": _firmware(update, devices, _)}


def wrong(update: Update | None, _: Translate) -> list[dict[str, str]]:
    """A line while an update stands because something went wrong; a person who stopped it knows."""
    if update is None or update["state"] != "stopped" or update["why"] == "by_hand":
        return []
    title = _("The update has stopped: {why}").format(why=_why(update, _))
    return [problem(title, _("Look at that box, then let the update go on, or leave it stopped."), "updates")]


def _plan(update: Update, _: Translate) -> dict[str, Any]:
    counts, boxes = update["counts"], [box for box in update["boxes"] if box["state"] in ORDER]
    chosen, over = len(boxes), sum(counts[state] for state in OVER)
    states = states_of(_)
    return {
        "state": update["state"],
        "title": {
            "running": _("Under way: {n} of {all} boxes are through").format(n=over, all=chosen),
            "stopped": _("Stopped: {n} of {all} boxes are through").format(n=over, all=chosen),
            "done": _("Over: {n} of {all} boxes have the new firmware").format(
                n=counts["good"] + counts["current"], all=chosen
            ),
        }[update["state"]],
        "why": _why(update, _) if update["state"] == "stopped" else "",
        "over": over,
        "all": chosen,
        "pairs": [
            (_("New firmware"), _(", ").join(sorted({each["version"] for each in update["versions"]}))),
            (_("For"), _for(update, _)),
            (_("Older is meant"), _("yes") if update["older"] else _("no")),
            (_("Begun"), update["began_at"][:16].replace("T", " ")),
        ],
        "counts": [(states[state], counts[state], state in BAD) for state in ORDER if counts[state]],
        "not_chosen": counts["not_chosen"],
        # One that was replaced is to have nothing any more.
        "failed": sum(box["state"] in BAD and box["reason"] != "replaced" for box in boxes),
        "boxes": [_box(each, _) for each in sorted(boxes, key=_by_need)],
    }


def _for(update: Update, _: Translate) -> str:
    if update["device"]:
        return str(update["device"])
    if update["window"]:
        return _("window {window}").format(window=update["window"])
    if update["percent"] >= 100:
        return _("every box of the hall")
    return _("{n} percent of the boxes of each kind").format(n=update["percent"])


def _why(update: Update, _: Translate) -> str:
    """Why it stands, with the box that it was."""
    box = update.get("why_device") or ""
    return {
        "gone_back": _("{device} went back to its old firmware").format(device=box),
        "missing": _("{device} was not heard after its restart").format(device=box),
        "first_refused": _("{device}, the first of its kind, refused it").format(device=box),
        "bundle": _("the hub can't read the update any more, or its key was changed"),
        "by_hand": _("by hand"),
    }.get(update["why"], str(update["why"]))


def _by_need(box: dict[str, Any]) -> tuple[int, str]:
    return ORDER.index(box["state"]), box["device"]


def _box(box: dict[str, Any], _: Translate) -> dict[str, Any]:
    return {
        "bad": box["state"] in BAD,
        "link": f"/admin/devices/{box['device']}",
        "cells": [
            box["device"],
            role(box["role"], _),
            box["window"] or "—",
            _stands(box, _),
            box["was"] or "—",
            box["version"] or "—",
            _todo(box, _),
        ],
    }


def states_of(_: Translate) -> dict[str, str]:
    """What becomes of a box, in words."""
    return {
        "waiting": _("waits for its turn"),
        "sending": _("is being sent"),
        "trying": _("tries it"),
        "good": _("has it and is well"),
        "current": _("had it already"),
        "gone_back": _("went back to its old firmware"),
        "missing": _("not heard after its restart"),
        "refused": _("refused"),
    }


def _stands(box: dict[str, Any], _: Translate) -> str:
    words = states_of(_)[box["state"]]
    if box["state"] == "sending" and box["bytes"]:
        words = _("is being sent, {n} %").format(n=box["sent"] * 100 // box["bytes"])
    held = {
        "citizen": _("waits for a quiet moment: somebody is at this window"),
        "away": _("waits until it is heard again"),
    }
    return held.get(box["held_by"], words) if box["state"] in ("waiting", "sending") else words


def reasons(_: Translate) -> dict[str, str]:
    """Why a box takes no update, and what a person does about it."""
    return {
        "board": _("The update is for another board. Make one for this board, too."),
        "role": _("The update is for another kind of box. Make one for this kind, too."),
        "older": _("It has a newer firmware. If the older one is meant, say so: --older."),
        "mac": _("Its key is not the one that the hub knows. Provision it again."),
        "format": _("It does not know this kind of update. Update it over its cable."),
        "space": _("Its flash is full of facts or files. Let it deliver, or flash it anew."),
        "trial": _("It still tries another firmware. Try again in six minutes."),
        "memory": _("It is short of memory. Restart it and try again."),
        "flash": _("Its flash failed. Try again; if it fails again, replace the board."),
        "damaged": _("What arrived was damaged again and again. Look at its cable or its place."),
        "unknown": _("Its firmware knows no updates. Update it over its cable once."),
        "strange": _("It answers what makes no sense. Update it over its cable."),
        "current": _("It has this firmware already; nothing is to be done."),
        "replaced": _("Another box stands in its place; nothing is to be done."),
        "not_in_bundle": _("Nothing for such a box is in this update. Make one with it."),
    }


def _todo(box: dict[str, Any], _: Translate) -> str:
    if box["state"] == "gone_back":
        return _("It works as before. Its diary says why: tingting device log PORT")
    if box["state"] == "missing":
        return _("Look at its power and its cable; the old firmware starts by itself.")
    return reasons(_).get(box["reason"], box["todo"]) or "—"


def _firmware(update: Update | None, devices: list[dict[str, Any]], _: Translate) -> Rows:
    plan = {each["device"]: each["state"] for each in ([] if update is None else update["boxes"])}
    return [
        {
            "bad": plan.get(each["device"]) in BAD,
            "link": f"/admin/devices/{each['device']}",
            "cells": [
                each["device"],
                role(each["role"], _),
                each["board"] or "—",
                each["window"] or "—",
                each["firmware"] or _("not told yet"),
                _("online") if each["online"] else _("silent"),
            ],
        }
        for each in devices
        if each["replaced_by"] is None
    ]
