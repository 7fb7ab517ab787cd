"""An update of a hall, by its hub: begun, followed, stopped, and told to a person."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from tools.device.errors import DeviceError
from tools.device.hub import HubClient

ASK_AGAIN_S: Final = 1.0  # the hub itself looks every second
AWAY_S: Final = 20.0  # with nobody left but boxes that are not heard: they get it when they come
LOST_S: Final = 60.0  # a hub that is started anew is back within this
_OVER: Final = frozenset({"good", "current", "gone_back", "missing", "refused"})
_WRONG: Final = ("gone_back", "missing", "refused")

Say = Callable[[str], str]


def follow(hub: HubClient, begun: dict[str, Any], progress: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Until it is done or stopped, or only waits for boxes that are not heard; the last view."""
    view, heard_s, moved_s = begun, time.monotonic(), time.monotonic()
    while view["state"] == "running":
        progress(view)
        if not _waits_for_the_away(view):
            moved_s = time.monotonic()
        elif time.monotonic() - moved_s >= AWAY_S:
            break
        time.sleep(ASK_AGAIN_S)
        try:
            view = hub.update() or view
            heard_s = time.monotonic()
        except DeviceError:
            if time.monotonic() - heard_s >= LOST_S:
                raise
    progress(view)
    return view


def failed(view: Mapping[str, Any]) -> int:
    """How many boxes are to have it and haven't; one that was replaced is to have nothing any more."""
    return sum(box["state"] in _WRONG and box["reason"] != "replaced" for box in view["boxes"])


def ended_badly(view: Mapping[str, Any]) -> bool:
    """It has stopped, or is over without all boxes."""
    return view["state"] == "stopped" or (view["state"] == "done" and failed(view) > 0)


def percent_of(view: Mapping[str, Any]) -> int:
    """How much of it is done: a box that is being sent to counts by its bytes."""
    done = 0
    for box in view["boxes"]:
        if box["state"] in _OVER:
            done += 100
        elif box["state"] == "trying":
            done += 95
        elif box["state"] == "sending" and box["bytes"]:
            done += 90 * box["sent"] // box["bytes"]
    return done // max(1, len(view["boxes"]))


def now(view: Mapping[str, Any], _: Say) -> str:
    """A few words beside the bar."""
    counts = view["counts"]
    over = sum(counts[state] for state in _OVER)
    words = {"done": over, "all": len(view["boxes"])}
    text = _("%(done)s of %(all)s boxes") % words
    busy = [box for box in view["boxes"] if box["state"] in ("sending", "trying")]
    if busy and all(box["held_by"] == "citizen" for box in busy):
        return text + " · " + _("citizens first")
    return text + "".join(f" · {box['device']}" for box in busy[:1])


def summary(view: Mapping[str, Any] | None, _: Say) -> str:
    """How it is, box by box where it went wrong."""
    if view is None:
        return _("Nothing was given out here yet.")
    states = _states(_)
    versions = sorted({each["version"] for each in view["versions"]})
    lines = [_("Update to %(version)s: %(state)s") % {"version": ", ".join(versions), "state": _whole(view, _)}]
    counted = [f"{states[name]} {count}" for name, count in view["counts"].items() if count]
    lines.append("  " + " · ".join(counted))
    told = [box for box in view["boxes"] if box["state"] in _WRONG or (box["state"] not in _OVER and box["held_by"])]
    lines += ["  " + _line(box, states, _) for box in told]
    if view["state"] == "stopped":
        lines.append(_("Go on: tingting device update --hall … --continue; with those that went wrong: --again."))
    elif view["state"] == "done" and failed(view):
        lines.append(_("Once more on those: tingting device update --hall … --continue --again"))
    return "\n".join(lines)


def _whole(view: Mapping[str, Any], _: Say) -> str:
    if view["state"] == "done":
        bad = failed(view)
        words = {"bad": bad, "all": len(view["boxes"])}
        return _("over, and %(bad)s of %(all)s boxes do not have it") % words if bad else _("all done")
    if view["state"] == "running":
        away = _waits_for_the_away(view)
        return _("the boxes that are not heard get it when they come") if away else _("under way")
    why = {
        "gone_back": _("stopped: %(device)s went back to what it had"),
        "missing": _("stopped: %(device)s did not come back"),
        "first_refused": _("stopped: %(device)s, the first of its kind, refused it"),
        "by_hand": _("stopped by hand"),
        "bundle": _("stopped: the update can't be proven any more; give it again"),
    }
    return why.get(view["why"], str(view["why"])) % {"device": view["why_device"] or ""}


def _line(box: Mapping[str, Any], states: Mapping[str, str], _: Say) -> str:
    place = _("window %(window)s") % box if box["window"] else _("without a window")
    held = {"citizen": _("citizens first"), "away": _("not heard")}.get(box["held_by"], "")
    told = [f"{box['device']} ({place}): {states[box['state']]}"]
    told += [reasons(_).get(box["reason"], box["reason"])] if box["reason"] else []
    return " · ".join([*told, *([held] if held else [])])


def _waits_for_the_away(view: Mapping[str, Any]) -> bool:
    left = [box for box in view["boxes"] if box["state"] not in _OVER]
    return bool(left) and all(box["state"] == "waiting" and box["held_by"] == "away" for box in left)


def _states(_: Say) -> dict[str, str]:
    return {
        "waiting": _("waiting for its turn"),
        "sending": _("being sent"),
        "trying": _("on trial"),
        "good": _("good"),
        "current": _("had it already"),
        "gone_back": _("went back"),
        "missing": _("did not come back"),
        "refused": _("refused"),
        "not_chosen": _("not chosen yet"),
    }


def reasons(_: Say) -> dict[str, str]:
    """Why a box has not taken it, and what to do."""
    return {
        "current": _("it runs this version already"),
        "mac": _("its key is not the hub's: provision it again"),
        "role": _("the update has nothing for its role"),
        "board": _("the update has nothing for its board"),
        "older": _("it runs a newer version; if that is meant, say --older"),
        "format": _("it knows no update of this format: update it once at its cable"),
        "space": _("its flash is full: let its ratings get through, then again"),
        "trial": _("it tries another firmware already: wait, then again"),
        "damaged": _("a file came damaged three times: look at its line"),
        "memory": _("its memory is short: start it again, or update it at its cable"),
        "flash": _("its flash fails: replace the box"),
        "unknown": _("its firmware is older than updates: flash it once at its cable"),
        "strange": _("it answers what makes no sense: update it at its cable"),
        "replaced": _("another box stands in its place"),
    }
