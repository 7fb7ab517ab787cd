"""Reading a box's diary at its cable: what firmware/diary.py wrote, in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from hub.devices.care import todo
from hub.devices.wire import FAULT_CODES
from tools.device import mpremote
from tools.device.errors import DeviceError
from tools.device.maintenance import maintenance
from tools.operations.report import Speak, hubs_own

MOST_LINES: Final = 200  # two files of 1 KB hold 90

_READ: Final = """
import os
names = [name for name in os.listdir("/log") if name[0] == "d"] if "log" in os.listdir("/") else []
for name in sorted(names, key=lambda name: int(name[1:])):
    with open("/log/" + name) as file:
        for line in file:
            print("diary", line.strip())
print("end")
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: which boot, seconds since it, what and its value; when, where the box knew the hour in that boot."""

    boot: int
    after_s: int
    what: str
    value: str
    at_s: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {"boot": self.boot, "after_s": self.after_s, "what": self.what, "value": self.value, "at_s": self.at_s}


def read(port: str) -> list[Entry]:
    """The diary of the box at `port`, oldest first; raises `DeviceError`."""
    with maintenance(port):
        printed = mpremote.script(port, _READ).splitlines()
    if "end" not in [line.strip() for line in printed]:
        raise DeviceError("%(port)s: the diary came only in part; run the same command again", port=port)
    return parse([line.strip().removeprefix("diary ") for line in printed if line.startswith("diary ")])


def parse(lines: list[str]) -> list[Entry]:
    """Lines as the box wrote them; a line that a cut left half is none."""
    entries = []
    began: dict[int, int] = {}  # boot → unix second of its beginning
    for line in lines[-MOST_LINES:]:
        words = line.split(None, 3)
        if len(words) >= 3 and words[0].isdigit() and words[1].isdigit():
            entry = Entry(int(words[0]), int(words[1]), words[2], words[3] if len(words) > 3 else "")
            entries.append(entry)
            if entry.what == "time" and entry.value.isdigit():
                began[entry.boot] = int(entry.value) - entry.after_s
    return [
        Entry(each.boot, each.after_s, each.what, each.value, began[each.boot] + each.after_s)
        if each.boot in began
        else each
        for each in entries
    ]


def words(entry: Entry, offset_minutes: int, _: Speak) -> str:
    """One line for a person."""
    if entry.at_s is None:
        when = _("start %(boot)s, after %(seconds)s s") % {"boot": entry.boot, "seconds": entry.after_s}
    else:
        when = datetime.fromtimestamp(entry.at_s, timezone(timedelta(minutes=offset_minutes))).strftime(
            "%Y-%m-%d %H:%M:%S"
        )
    return f"{when}  {_what(entry, _)}"


def causes(_: Speak) -> dict[str, str]:
    """How a box came to start, in words."""
    return {
        "power on": _("power came on"),
        "hard": _("reset by a key or by its own program"),
        "watchdog": _("the watchdog restarted it: its program stood still"),
        "soft": _("restarted by a technician"),
    }


def _what(entry: Entry, _: Speak) -> str:
    if entry.what == "reset":
        return _("started: %(cause)s") % {"cause": causes(_).get(entry.value, entry.value)}
    if entry.what == "fault":
        number, _space, detail = entry.value.partition(" ")
        code = FAULT_CODES.get(int(number), number) if number.isdigit() else number
        return _("fault %(code)s: %(detail)s") % {"code": code, "detail": detail or hubs_own(todo(code), _)}
    if entry.what == "memory":
        return _("free memory fell to %(bytes)s bytes") % {"bytes": entry.value}
    if entry.what == "time":
        return _("met the hub and learned the hour")
    return f"{entry.what} {entry.value}"
