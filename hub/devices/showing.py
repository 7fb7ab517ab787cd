"""What each box shows: its window's state and number, who serves there, how many wait."""

from collections.abc import Callable

from hub.devices import callers
from hub.devices.around import Hall
from hub.devices.registry import EVALUATOR, Device, Registry
from hub.devices.sessions import DeviceSession, ServedBy
from hub.devices.wire import WINDOW_STATES
from hub.queueing import events as ev
from hub.queueing.tables import WindowState
from protocol import messages

# After these the boxes of their window show something else.
SHOWN_BY = frozenset(
    {
        ev.TICKET_CALLED,
        ev.TICKET_ARRIVED,
        ev.TICKET_NO_SHOW,
        ev.TICKET_HELD,
        ev.TICKET_RESUMED,
        ev.TICKET_TRANSFERRED,
        ev.TICKET_CANCELLED,
        ev.TICKET_UNDONE,
        ev.TICKET_FINISHED,
        ev.STAFF_SIGNED_IN,
        ev.STAFF_SIGNED_OUT,
        ev.WINDOW_PAUSED,
        ev.WINDOW_UNPAUSED,
    }
)
# After these a question will come.
NEAR = frozenset({ev.TICKET_CALLED, ev.TICKET_ARRIVED})


class Showing:
    """From what is durable. stars: of a clerk, as the hall's configuration has them; find: a box's session, if any."""

    def __init__(
        self,
        registry: Registry,
        hall: Hall,
        stars: Callable[[str], int | None],
        find: Callable[[str], DeviceSession | None],
    ) -> None:
        self._registry = registry
        self._hall = hall
        self._stars = stars
        self._find = find

    def show(self, session: DeviceSession, device: Device) -> None:
        """All that this box shows now."""
        shown = self._hall.shown
        if device.role == callers.ROLE:
            session.show(*callers.view(shown, device.window))
            return
        if device.window is None or device.window not in shown.layout.window_by_id:
            session.show(messages.WINDOW_CLOSED, "", "")
            return
        window = shown.windows[device.window]
        number = "" if window.ticket is None else shown.tickets[window.ticket].number
        label = shown.layout.window_by_id[device.window].name
        session.show(WINDOW_STATES[window.state.value], number, label, served_by=self._served_by(device))

    def is_near(self, window: str | None) -> bool:
        """Somebody was called there or is served: a question will come."""
        known = self._hall.shown.windows.get(window or "")
        return known is not None and known.state in (WindowState.CALLING, WindowState.SERVING)

    def at(self, window: str) -> None:
        """What the boxes at a window show."""
        for device in self._registry.at(window):
            session = self._find(device.device)
            if session is not None:
                self.show(session, device)

    def count_anew(self) -> None:
        """Callers that show another count of who waits."""
        for device in self._registry.with_role(callers.ROLE):
            session = self._find(device.device)
            if session is not None and session.shown != callers.view(self._hall.shown, device.window):
                self.show(session, device)

    def stars_changed(self) -> None:
        """Displays of clerks whose stars did follow."""
        for device in self._registry.with_role(EVALUATOR):
            session = self._find(device.device)
            if session is not None and session.served_by != self._served_by(device):
                self.show(session, device)

    def _served_by(self, device: Device) -> ServedBy:
        """Who sits at the window of this box, with the stars of now."""
        known = self._hall.shown.windows.get(device.window or "")
        staff = None if known is None else known.staff
        return (staff, None if staff is None else self._stars(staff))
