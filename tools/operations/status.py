"""`tingting hub status`: what the hub says of itself, in plain words."""

from typing import Any

from tools.operations.report import Finding, Mark, Speak, age, hubs_own


def findings(ready: dict[str, Any], _: Speak) -> list[Finding]:
    """From the answer of /readyz."""
    return [
        _serving(ready, _),
        journal(ready["journal"], _),
        uplink(ready["uplink"], ready["journal"]["durable"], _),
        *secrets(ready.get("secrets"), _),
        clock(ready, _),
        *(line(entry, _) for entry in ready["lines"]),
        *(device(entry, _) for entry in ready["each_device"]),
        *([_no_device(_)] if not ready["each_device"] else []),
        _last_fault(ready["last_fault"], _),
    ]


def _serving(ready: dict[str, Any], _: Speak) -> Finding:
    words = {"hall": ready["hall"], "version": ready["version"]}
    if ready["ready"]:
        return Finding("serving", Mark.WELL, _("Hall %(hall)s: the hub serves (version %(version)s).") % words)
    text = _("Hall %(hall)s: the hub runs (version %(version)s), but not everything works.") % words
    return Finding("serving", Mark.BAD, text)


def journal(said: dict[str, Any], _: Speak) -> Finding:
    """Whether events are kept."""
    if said["refuses"] is not None:
        text = _("Journal: it takes nothing now. %(why)s") % {"why": said["refuses"]}
        return Finding(
            "journal",
            Mark.BAD,
            text,
            _("Make room on its disk, or replace the disk; nothing that was said to be kept is lost."),
        )
    words = {"durable": said["durable"], "queued": said["queued"]}
    return Finding(
        "journal", Mark.WELL, _("Journal: %(durable)s events safe on disk, %(queued)s waiting for it.") % words
    )


def uplink(said: dict[str, Any] | None, durable: int, _: Speak) -> Finding:
    """How the center is reached."""
    if said is None:
        return Finding("uplink", Mark.NOTE, _("Center: none configured; everything is kept here."))
    words = {"stored": said["stored_through"], "behind": durable - said["stored_through"], "why": said["why"]}
    match said["state"]:
        case "idle" | "sending":
            return Finding(
                "uplink", Mark.WELL, _("Center: it has %(stored)s events, %(behind)s are on their way.") % words
            )
        case "starting":
            return Finding("uplink", Mark.NOTE, _("Center: being asked for the first time."))
        case "away":
            text = _("Center: it does not answer (%(why)s); %(behind)s events wait here, nothing is lost.") % words
            return Finding(
                "uplink", Mark.BAD, text, _("Check the network and the center; the hub asks again by itself.")
            )
        case "forked":
            text = _("Center: it holds another history than this hub; nothing is sent. %(why)s") % words
            todo = _("Find out which of the two was set back (restored from a copy?); don't delete either.")
            return Finding("uplink", Mark.BAD, text, todo)
        case _:
            text = _("Center: it refuses this hall (%(why)s); %(behind)s events wait here, nothing is lost.") % words
            todo = _(
                "Check url and token under [center] and id under [hall] in hub.toml; tingting doctor looks closer."
            )
            return Finding("uplink", Mark.BAD, text, todo)


def clock(ready: dict[str, Any], _: Speak) -> Finding:
    """Whether the hour can be trusted."""
    if ready["clock_sure"]:
        return Finding("clock", Mark.WELL, _("Clock: sure."))
    text = _("Clock: not sure; it was not set since this machine started. Times are bounded, not exact.")
    return Finding(
        "clock", Mark.BAD, text, _("Give the machine a time server (timedatectl), or a clock with a battery.")
    )


def secrets(said: dict[str, Any] | None, _: Speak) -> list[Finding]:
    """From the answer of /readyz; an older hub's has nothing of them."""
    if said is None:
        return [older_hub("secrets", _("Secrets: not told."), _)]
    files = said.get("aside", [])
    text = _("Secrets: %(files)s beside the registry can't be read; what stands in it is not sealed.")
    todo = _("It does no harm to the hall. Delete it in the hub's data folder when nobody needs it any more.")
    aside = [Finding("aside", Mark.NOTE, text % {"files": ", ".join(files)}, todo)] if files else []
    return [_sealed(said, _), *aside]


def older_hub(step: str, text: str, _: Speak) -> Finding:
    """The hub that answers does not tell this yet: after an update it was not started again, or is elsewhere."""
    todo = _("This hub is older than this tool: start it again, or update it (sudo tingting hub install).")
    return Finding(step, Mark.UNKNOWN, text, todo)


def _sealed(said: dict[str, Any], _: Speak) -> Finding:
    words = {"sealed": said["sealed"], "of": said["of"], "key": said["key"], "why": said["why"]}
    if said["why"]:
        text = _("Secrets: %(sealed)s of %(of)s boxes' are sealed. %(why)s") % words
        todo = _("sudo tingting hub install makes the key; then the hub's next start seals them. No box is affected.")
        return Finding("secrets", Mark.BAD, text, todo)
    if not said["of"]:
        return Finding("secrets", Mark.WELL, _("Secrets: none yet; they will be sealed under key %(key)s.") % words)
    return Finding("secrets", Mark.WELL, _("Secrets: those of %(of)s boxes are sealed under key %(key)s.") % words)


def line(entry: dict[str, Any], _: Speak) -> Finding:
    """One line to a box."""
    words = {"url": entry["url"], "why": entry["why"], "device": entry["device"], "fault": entry["fault"]}
    if not entry["open"]:
        todo = _(
            "Check that it is plugged in and that hub.toml names it as tingting device list does; the hub tries on."
        )
        return Finding("line", Mark.BAD, _("Line %(url)s: can't be opened (%(why)s).") % words, todo)
    if entry["device"] is not None:
        return Finding("line", Mark.WELL, _("Line %(url)s: %(device)s.") % words)
    if entry["todo"] is not None:
        return Finding(
            "line", Mark.BAD, _("Line %(url)s: nobody is proven (%(fault)s).") % words, hubs_own(entry["todo"], _)
        )
    todo = _("Check the box's power and the line's two data wires; a box greets every few seconds.")
    if entry["silent_s"] is None:
        return Finding("line", Mark.BAD, _("Line %(url)s: open, but nothing was heard yet.") % words, todo)
    words["age"] = age(entry["silent_s"], _)
    return Finding("line", Mark.BAD, _("Line %(url)s: nobody is proven; last heard %(age)s ago.") % words, todo)


def device(entry: dict[str, Any], _: Speak) -> Finding:
    """One registered device."""
    words = {"device": entry["device"], "place": _place(entry, _)}
    if entry["online"]:
        return Finding("device", Mark.WELL, _("%(place)s: %(device)s is connected.") % words)
    if entry["window"] is None:  # taken away on purpose; what it still holds is accepted when it comes
        return Finding("device", Mark.NOTE, _("%(place)s: %(device)s is put aside.") % words)
    todo = _("Check its power and its line; its ratings wait in it and come when it is back.")
    if entry["silent_s"] is None:
        text = _("%(place)s: %(device)s was not heard since the hub started.") % words
    else:
        text = _("%(place)s: %(device)s is silent for %(age)s.") % (words | {"age": age(entry["silent_s"], _)})
    return Finding("device", Mark.BAD, text, todo)


def _place(entry: dict[str, Any], _: Speak) -> str:
    return _("No window") if entry["window"] is None else _("Window %(window)s") % {"window": entry["window"]}


def _no_device(_: Speak) -> Finding:
    return Finding("device", Mark.NOTE, _("No device is registered; tingting device provision does it."))


def _last_fault(fault: dict[str, Any] | None, _: Speak) -> Finding:
    if fault is None:
        return Finding("fault", Mark.WELL, _("Faults: none since the hub started."))
    words = {"at": fault["at"][:19].replace("T", " "), "device": fault["device"], "code": fault["code"]}
    if fault["over"]:
        return Finding("fault", Mark.NOTE, _("Last fault: %(at)s %(device)s %(code)s; it is over.") % words)
    return Finding("fault", Mark.BAD, _("Last fault: %(at)s %(device)s %(code)s.") % words, hubs_own(fault["todo"], _))
