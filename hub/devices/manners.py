"""When a box may be bothered with what has time: citizens go first."""

from collections.abc import Callable, Sequence

from hub.devices.around import Hall
from hub.devices.dispensers import ROLE as DISPENSER
from hub.devices.registry import Registry
from hub.devices.sessions import DeviceSession
from hub.queueing import events as ev
from hub.queueing.events import Event
from hub.queueing.tables import WindowState

# A finished citizen may be asked for so long at most: ten minutes are the longest invitation that the wire knows.
MOST_ASKED_MS = 11 * 60 * 1000
# Nobody stands at a dispenser that gave no number for so long; in a morning's line the gaps are shorter. Once the hall
# is closed it gives none.
QUIET_MS = 5 * 60 * 1000


class Manners:
    """find: a box's session, if there is one."""

    def __init__(self, registry: Registry, hall: Hall, find: Callable[[str], DeviceSession | None]) -> None:
        self._registry = registry
        self._hall = hall
        self._find = find
        self._asked: dict[str, tuple[str, int]] = {}  # window → the run that it asks about, and since when
        self._gave_ms: dict[str, int] = {}  # dispenser → its last number
        self._began_ms = hall.rising_ms()

    def committed(self, events: Sequence[Event]) -> None:
        """Who is asked, and who no longer."""
        for event in events:
            data = event.data
            if event.type == ev.TICKET_ISSUED and data["channel"] == DISPENSER:
                self._gave_ms[data["printer"]] = self._hall.rising_ms()
            elif event.type == ev.TICKET_FINISHED:
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

    def quiet(self, device: str) -> bool:
        """It may be away for some seconds: free, and no dispenser in use, which has no window. Unknown is in use."""
        known = self._registry.find(device)
        if known is not None and known.role == DISPENSER:
            gave_ms = self._gave_ms.get(device, self._began_ms)
            return self._hall.rising_ms() - gave_ms >= QUIET_MS and self.free(device)
        return self.free(device)
