"""The box's part of the chain, in plain words: how it started, when its keys were tested, its clock, line and memory.

From what each box told the hub (`/readyz`), and from its diary where a person has it on a cable.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from tools.device import diary
from tools.operations import status
from tools.operations.report import DAY_S, Finding, Mark, Speak, hubs_own

# A week, as the center has it: a key that died is noticed before a month's figures hang on it.
TEST_EVERY_DAYS: Final = 7
MANY_PPM: Final = 200  # a crystal is within 50; an RC oscillator is not
WEAK_DBM: Final = -85  # below that links break off when somebody stands in between
FULL_PERMILLE: Final = 500  # half of the log's room; it empties within seconds while the hub is there
KB: Final = 1024


def findings(entry: dict[str, Any], _: Speak) -> list[Finding]:
    """One registered device of /readyz that stands somewhere, or is heard."""
    place = _("Window %(window)s, %(device)s") % entry if entry["window"] else entry["device"]
    told = entry.get("told")
    if told is None:
        older = status.older_hub("told", f"{place}: " + _("what it tells of itself is not shown."), _)
        return [replace(older, device=entry["device"])]
    found = [
        _starts(told, _),
        _tested(entry, _),
        _clock(told, _),
        _link(entry, _),
        _memory(told, _),
        *_fault(told, _),
    ]
    return [Finding(each.step, each.mark, f"{place}: {each.text}", each.todo, entry["device"]) for each in found]


def _starts(told: dict[str, Any], _: Speak) -> Finding:
    last = told["last_start"]
    if last is None:
        return Finding("starts", Mark.NOTE, _("it has told of no start yet."))
    words = {
        "count": told["starts"],
        "at": moment(last["at"]),
        "cause": diary.causes(_).get(last["cause"], str(last["cause"])),
        "firmware": told["firmware"] or "—",
        "number": told["watchdog_starts"],
    }
    if told["watchdog_starts"]:
        text = _("its watchdog restarted it %(number)s times of late; last start %(at)s, %(cause)s.") % words
        todo = _(
            "Read its diary at its cable (tingting device log PORT) and report it; if it comes again, replace the box."
        )
        return Finding("starts", Mark.BAD if last["cause"] == "watchdog" else Mark.NOTE, text, todo)
    text = _("firmware %(firmware)s; %(count)s starts, the last %(at)s: %(cause)s.") % words
    return Finding("starts", Mark.WELL, text)


def _tested(entry: dict[str, Any], _: Speak) -> Finding:
    tested = entry["told"]["tested"]
    todo = _("Test it at its cable: tingting device selftest PORT --hub …")
    if tested is None:
        return Finding("selftest", Mark.NOTE, _("its keys were never tested."), todo)
    words = {"at": moment(tested["at"]), "dead": tested["keys_dead"], "days": tested["age_s"] // DAY_S}
    wrong = [_("%(dead)s keys gave nothing") % words] if tested["keys_dead"] else []
    names = {"lamps": _("its lamps"), "sounds": _("its sounds"), "shows": _("its display")}
    wrong += [
        _("not as they should be: %(what)s") % {"what": name} for key, name in names.items() if tested[key] is False
    ]
    if wrong:
        text = _("tested %(at)s: %(wrong)s.") % (words | {"wrong": "; ".join(wrong)})
        return Finding(
            "selftest", Mark.BAD, text, _("Free or clean what gave nothing and test again, else replace the box.")
        )
    if words["days"] >= TEST_EVERY_DAYS:
        return Finding("selftest", Mark.NOTE, _("last tested %(days)s days ago, all was well.") % words, todo)
    return Finding("selftest", Mark.WELL, _("tested %(at)s, every key answers.") % words)


def _clock(told: dict[str, Any], _: Speak) -> Finding:
    drift = told["drift_ppm"]
    if drift is None:
        return Finding("drift", Mark.NOTE, _("how its clock runs is known after ten minutes of one start."))
    words = {"ppm": abs(round(drift))}
    text = _("its clock runs %(ppm)s millionths fast.") if drift >= 0 else _("its clock runs %(ppm)s millionths slow.")
    if abs(drift) > MANY_PPM:
        return Finding("drift", Mark.BAD, text % words, _("More than a crystal should: replace the board."))
    return Finding("drift", Mark.WELL, text % words)


def _link(entry: dict[str, Any], _: Speak) -> Finding:
    told, radio = entry["told"], entry["radio"]
    health = told["health"] or {}
    words = {
        "box": health.get("rejected_frames", 0) + health.get("rejected_packets", 0),
        "hub": told["line_rejected"] or 0,
    }
    text = _("dropped and sent again: %(box)s by the box, %(hub)s by the hub.") % words
    if radio is None:
        return Finding("link", Mark.WELL, text)
    words |= {"dbm": radio["rssi_dbm"], "lost": radio["lost"], "failures": radio["failures"]}
    text += " " + _("Radio: %(dbm)s dBm, broken off %(lost)s times, failed %(failures)s times.") % words
    if isinstance(radio["rssi_dbm"], int) and radio["rssi_dbm"] < WEAK_DBM:
        todo = _("The signal is weak: bring box and adapter nearer, or out from behind metal.")
        return Finding("link", Mark.NOTE, text, todo)
    return Finding("link", Mark.WELL, text)


def _memory(told: dict[str, Any], _: Speak) -> Finding:
    health = told["health"]
    if health is None:
        return Finding("memory", Mark.NOTE, _("it tells of its memory every half minute while it is connected."))
    flash = health.get("free_flash")
    words = {
        "memory": health["free_memory"] // KB,
        "flash": "—" if flash is None else flash // KB,
        "fill": round(health["log_fill_permille"] / 10),
    }
    text = (
        _("free: %(memory)s KB of memory, %(flash)s KB of flash; its log of unsent facts is %(fill)s %% full.") % words
    )
    if health["log_fill_permille"] >= FULL_PERMILLE:
        todo = _("Leave it connected until its facts are through.")
        return Finding("memory", Mark.BAD, text, todo)
    return Finding("memory", Mark.WELL, text)


def _fault(told: dict[str, Any], _: Speak) -> list[Finding]:
    fault = told["last_fault"]
    if fault is None:
        return []
    words = {"at": moment(fault["at"]), "code": fault["code"]}
    return [Finding("fault", Mark.NOTE, _("last fault %(at)s: %(code)s.") % words, hubs_own(fault["todo"], _))]


def of_diary(port: str, entries: Sequence[diary.Entry], _: Speak) -> Finding:
    """What a box on a cable has noted of itself."""
    starts = [entry.value for entry in entries if entry.what == "reset"]
    lows = [int(entry.value) for entry in entries if entry.what == "memory" and entry.value.isdigit()]
    words: dict[str, Any] = {
        "port": port,
        "starts": len(starts),
        "watchdog": starts.count("watchdog"),
        "faults": sum(entry.what == "fault" for entry in entries),
        "memory": min(lows) if lows else "—",
    }
    text = _(
        "Diary of %(port)s: %(starts)s starts, %(watchdog)s by its watchdog; %(faults)s faults; least memory %(memory)s"
    )
    if words["watchdog"] or words["faults"]:
        todo = _("Read it whole: tingting device log %(port)s") % words
        return Finding("diary", Mark.NOTE, text % words, todo)
    return Finding("diary", Mark.WELL, text % words)


def moment(at: str) -> str:
    """As a person reads it."""
    return at[:16].replace("T", " ")
