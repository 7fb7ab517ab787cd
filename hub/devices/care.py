"""What a person who looks after the hall is told of it: each line, each device, the last fault and what to do."""

from collections.abc import Callable
from typing import Any

from common import envelope
from hub.devices.faults import TODO
from hub.devices.registry import Device
from hub.devices.sessions import DeviceSession
from hub.queueing import events as ev
from hub.queueing.events import Event

# What boxes find in themselves; the codes are those of hall.device.fault.
BOX_TODO = {
    "stuck_key": "a key hangs: free it or clean it; if it comes again, replace the box",
    "key_dead": "a key gives nothing: test the keys, then replace the box",
    "log_full": "it kept ratings for longer than it has room: connect it and leave it until they are through",
    "log_damaged": "its flash lost something: if it comes again, replace the box",
    "number_behind": "its numbers were behind the hub's (an older flash?): what it still has is taken, look at its log",
    "task_died": "its software failed and restarted: report it with the hub's log",
    "memory": "its memory ran out: report it with the hub's log",
    "paper_out": "its paper is out: put in a new roll; numbers are given again at once",
    "paper_low": "its paper runs low: have a roll ready",
    "cover_open": "its printer's cover is open: close it",
    "printer_fault": "its printer's knife or head has a fault: free the knife, then switch the printer off and on",
    "printer_offline": "its printer is off line: press its feed or on-line key",
    "printer_silent": "its printer says nothing: check its power and the cable to the box",
    "display": "its display doesn't answer: check the display's cable; rating goes on",
}
SILENT_MS = 10 * 60 * 1000  # a box that nothing was heard of for so long is a fault
MOST_STANDING = 2000  # devices with faults; more than three times the devices of a large hall
OTHER_TODO = "look into the hub's log"


class Care:
    """Remembers what `/readyz` tells besides numbers; of this process only."""

    def __init__(self, rising_ms: Callable[[], int], offset_minutes: int) -> None:
        self.last_fault: dict[str, Any] | None = None
        self._rising_ms = rising_ms
        self._offset_minutes = offset_minutes
        self._present_ms: dict[str, int] = {}
        self._began_ms = rising_ms()
        self._missing: set[str] = set()
        self._troubles: dict[str, str] = {}
        self._standing: dict[str, dict[str, str]] = {}  # device → code → when it was told

    def present(self, device: str) -> None:
        """A device was there a moment ago."""
        self._present_ms[device] = self._rising_ms()
        self._missing.discard(device)

    def missing(self, device: str) -> bool:
        """Whether a person was told that nothing is heard of it."""
        return device in self._missing

    def gone_missing(self, device: str, *, online: bool) -> bool:
        """Whether a person is to be told now that nothing was heard of it for SILENT_MS; once until it is back."""
        if online:
            self.present(device)
            return False
        silent_ms = self._rising_ms() - self._present_ms.get(device, self._began_ms)
        if device in self._missing or silent_ms < SILENT_MS:
            return False
        self._missing.add(device)
        return True

    def arrived(self, session: DeviceSession, device: str) -> None:
        """It is proven on this line: what was wrong there is over."""
        self.present(device)
        self._troubles.pop(session.name, None)
        for code in TODO:  # what the hub itself saw on its line; what a box finds in itself, it says is over itself
            self._standing.get(device, {}).pop(code, None)
        fault = self.last_fault
        if fault is not None and (fault["line"] == session.name or fault["device"] == device):
            fault["over"] = True

    def over(self, session: DeviceSession, device: str) -> None:
        """What was wrong with a device on this line has gone with it."""
        self._troubles.pop(session.name, None)
        if self.last_fault is not None and self.last_fault["device"] == device:
            self.last_fault["over"] = True

    def trouble(self, session: DeviceSession, code: str) -> None:
        """Something is wrong on a line."""
        self._troubles[session.name] = code

    def committed(self, event: Event) -> None:
        """What the journal keeps of faults, those that the hub saw and those that boxes told."""
        detail = event.data.get("detail") or {}
        if event.type == ev.DEVICE_FAULT:
            code = str(detail.get("code", "unknown"))
            self.last_fault = {
                "at": envelope.format_time(event.time_ms, self._offset_minutes),
                "device": event.data["device"],
                "line": detail.get("line"),
                "code": code,
                "todo": todo(code),
                "over": False,
            }
            if event.data["device"] in self._standing or len(self._standing) < MOST_STANDING:
                self._standing.setdefault(event.data["device"], {})[code] = self.last_fault["at"]
        elif event.type == ev.DEVICE_RECOVERED:
            self._standing.get(event.data["device"], {}).pop(str(detail.get("code")), None)
            if self.last_fault is not None:
                self.last_fault["over"] |= self.last_fault["device"] == event.data["device"]

    def faults(self, device: str) -> list[dict[str, str]]:
        """What was told of a device since the hub started and is not over."""
        return [
            {"code": code, "at": at, "todo": todo(code)} for code, at in sorted(self._standing.get(device, {}).items())
        ]

    def line(self, session: DeviceSession) -> dict[str, Any]:
        """One line as it is now."""
        code = self._troubles.get(session.name)
        return {
            "line": session.name,
            "url": session.url,
            "open": session.is_open,
            "why": "" if session.is_open else session.why,
            "silent_s": self._age_s(session.heard_ms),
            "device": None if session.device is None or not session.live else session.device.device,
            "fault": code,
            "todo": None if code is None else todo(code),
            "unstored": session.unstored,
        }

    def silent_s(self, device: str, *, online: bool) -> float | None:
        """How long nothing was heard of a device; None: not since the hub started."""
        return 0.0 if online else self._age_s(self._present_ms.get(device))

    def heard_s(self, device: str, session: DeviceSession | None, *, online: bool) -> float | None:
        """How long ago a word of a device came; None: none since the hub started."""
        if session is not None and session.live and session.heard_ms is not None:
            return self._age_s(session.heard_ms)
        return self.silent_s(device, online=online)

    def device(self, device: Device, *, online: bool) -> dict[str, Any]:
        """One device as it is now."""
        return {
            "device": device.device,
            "role": device.role,
            "window": device.window,
            "online": online,
            "silent_s": self.silent_s(device.device, online=online),
        }

    def _age_s(self, at_ms: int | None) -> float | None:
        return None if at_ms is None else max(0, self._rising_ms() - at_ms) / 1000


def todo(code: str) -> str:
    """What a person does about a fault."""
    return TODO.get(code) or BOX_TODO.get(code) or OTHER_TODO
