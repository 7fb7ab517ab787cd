"""When a box may be bothered with what has time: citizens go first."""

from collections.abc import Callable, Sequence

from hub.devices.around import Hall
from hub.devices.registry import Registry
from hub.devices.sessions import DeviceSession
from hub.queueing import events as ev
from hub.queueing.events import Event
from hub.queueing.tables import WindowState

# A finished citizen may be asked for so long at most: ten minutes are the longest invitation that the wire knows.
MOST_ASKED_MS = 11 * 60 * 1000


class Manners:
    """find: a box's session, if there is one."""

    def __init__(self, registry: Registry, hall: Hall, find: Callable[[str], DeviceSession | None]) -> None:
        self._registry = registry
        self._hall = hall
        self._find = find
        self._asked: dict[str, tuple[str, int]] = {}  # window → the run that it asks about, and since when

    def committed(self, events: Sequence[Event]) -> None:
        """Who is asked, and who no longer."""
        for event in events:
            data = event.data
            if event.type == ev.TICKET_FINISHED:
                self._asked[data["window"]] = data["run"], self._hall.rising_ms()
            elif event.type in (ev.RATING_SUBMITTED, ev.RATING_UNRATED):
                for window, (run, _) in tuple(self._asked.items()):
                    if run == data["run"]:
                        del self._asked[window]

    def asked(self, device: str) -> bool:
        """Somebody is asked for a grade there; also as the box itself says, which survives the hub."""
        session = self._find(device)
        status = None if session is None else session.status
        if status is not None and status["open_run"] is not None:
            return True
        known = self._registry.find(device)
        _, since_ms = self._asked.get((known.window if known is not None else None) or "", ("", None))
        return since_ms is not None and self._hall.rising_ms() - since_ms < MOST_ASKED_MS

    def free(self, device: str) -> bool:
        """Nobody is called to its window, served or asked there."""
        known = self._registry.find(device)
        window = self._hall.shown.windows.get((known.window if known is not None else None) or "")
        near = window is not None and window.state in (WindowState.CALLING, WindowState.SERVING)
        return not near and not self.asked(device)
