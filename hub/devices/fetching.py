"""Letting a replaced box in once more, for what it still holds: its key is dead before and after.

Of this process only: after a restart of the hub the technician asks again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.devices.registry import Registry
from hub.devices.sessions import DeviceSession

QUIET_MS = 3000  # a box that has told all for so long has told all; its facts come within one round trip of each other


@dataclass(slots=True)
class _Fetch:
    epoch: str
    until_ms: int
    before: int  # the highest fact that was stored when it was let in
    open: bool = True
    quiet_ms: int | None = None  # since when nothing is on its way


class Fetching:
    """Who is let in, until when, and what came of it. stored: (device, epoch) → its highest durable fact."""

    def __init__(self, registry: Registry, rising_ms: Callable[[], int], stored: Callable[[str, str], int]) -> None:
        self._registry = registry
        self._rising_ms = rising_ms
        self._stored = stored
        self._fetches: dict[str, _Fetch] = {}

    def open(self, device: str, for_s: int) -> None:
        """A registered one may come for so long."""
        known = self._registry.find(device)
        if known is not None:
            before = self._stored(device, known.epoch)
            self._fetches[device] = _Fetch(known.epoch, self._rising_ms() + for_s * 1000, before)
            self._registry.fetching.add(device)

    def close(self, device: str) -> None:
        """Its key opens nothing any more."""
        self._registry.fetching.discard(device)
        if device in self._fetches:
            self._fetches[device].open = False

    def forget(self, device: str) -> None:
        """It was registered anew."""
        self._registry.fetching.discard(device)
        self._fetches.pop(device, None)

    def over(self, session_of: Callable[[str], DeviceSession | None]) -> list[str]:
        """Those that were shut out just now; asked every second."""
        return [name for name, fetch in self._fetches.items() if fetch.open and self._is_over(name, fetch, session_of)]

    def _is_over(self, name: str, fetch: _Fetch, session_of: Callable[[str], DeviceSession | None]) -> bool:
        now_ms = self._rising_ms()
        session = session_of(name)
        if session is None or not session.live or session.unstored:
            fetch.quiet_ms = None
        elif fetch.quiet_ms is None:
            fetch.quiet_ms = now_ms
        elif now_ms - fetch.quiet_ms >= QUIET_MS:
            self.close(name)
        if now_ms >= fetch.until_ms:
            self.close(name)
        return not fetch.open

    def view(self, device: str) -> dict[str, Any] | None:
        """How far it is: `open` while it is let in, `done` once it told all; None: nobody has asked."""
        fetch = self._fetches.get(device)
        if fetch is None:
            return None
        facts = self._stored(device, fetch.epoch) - fetch.before
        return {"open": fetch.open, "done": not fetch.open and fetch.quiet_ms is not None, "facts": facts}
