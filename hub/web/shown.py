"""The durable state as boards, phones and pages see it, and what each event changes of it for them."""

from collections.abc import Container, Iterable
from typing import Any

from hub.queueing import events as ev
from hub.queueing import views
from hub.queueing.desk import desk
from hub.queueing.events import Event, Now
from hub.queueing.state import State
from hub.web.followed import Followed

# Types that change something that is shown: (queue, window)
_SHOWN = {
    ev.TICKET_ISSUED: (True, False),
    ev.TICKET_PRINTED: (True, False),
    ev.TICKET_CALLED: (True, True),
    ev.TICKET_RECALLED: (True, True),
    ev.TICKET_ARRIVED: (True, True),
    ev.TICKET_NO_SHOW: (True, True),
    ev.TICKET_RESTORED: (True, False),
    ev.TICKET_HELD: (True, True),
    ev.TICKET_RESUMED: (True, True),
    ev.TICKET_TRANSFERRED: (True, True),
    ev.TICKET_CANCELLED: (True, True),
    ev.TICKET_UNDONE: (True, True),
    ev.TICKET_FINISHED: (True, True),
    ev.STAFF_SIGNED_IN: (False, True),
    ev.STAFF_SIGNED_OUT: (False, True),
    ev.WINDOW_PAUSED: (True, True),
    ev.WINDOW_UNPAUSED: (True, True),
    ev.DATE_SET: (True, False),
    ev.HALL_CHANGED: (True, False),
    ev.TRAINING_BEGAN: (True, False),
    ev.TRAINING_ENDED: (True, False),
}
# A call and its repetition.
_CALLS = (ev.TICKET_CALLED, ev.TICKET_RECALLED)
WALK_UP = "walk_up"


def last_shown(events: Iterable[tuple[int, str]], before: int) -> int:
    """The last of these (sequence, type) that a board may have been told of; `before` where it is none of them."""
    return max((sequence for sequence, kind in events if kind in _SHOWN), default=before)


class Shown:
    """Views of the state that follows the commits: the working state runs ahead of the disk."""

    def __init__(self, state: State) -> None:
        """The service's durable state, which it alone changes."""
        self.state = state
        self._followed = Followed(state)

    def take(self, event: Event, recorded_ms: int) -> dict[str, Any]:
        """After the state took a committed event in: the parts that it changed, nothing for what no board shows."""
        shown = _SHOWN.get(event.type)
        if shown is None:
            return {}
        self._followed.take(self.state, event)
        if event.type == ev.TICKET_ISSUED and event.data["channel"] == WALK_UP:
            return {}
        queue, window = shown
        parts: dict[str, Any] = {}
        if queue:
            parts["queue"] = self.queue(Now(recorded_ms))
        if event.type in _CALLS:
            parts["call"] = views.call(self.state, self.state.calls[-1])
        if event.type == ev.HALL_CHANGED:
            # Whoever shows names of windows, services or announcements reads them anew.
            parts["hall"] = {"revision": event.data["revision"]}
        if window and event.data["window"] is not None:
            parts["window"] = self._window(event.data["window"])
        return parts

    def hall(self) -> dict[str, Any]:
        """The hall as built, and what each window is doing."""
        return views.hall(self.state.layout, self.state)

    def queue(self, now: Now) -> dict[str, Any]:
        """Waiting and serving."""
        return views.queue(self.state, now)

    def phone(self, digest: str, now: Now) -> dict[str, Any] | None:
        """The ticket of a token, as its holder's phone shows it."""
        return self._followed.view(self.state, digest, now)

    def held_by(self, digest: str) -> str | None:
        """The id of the open ticket of a token."""
        ticket = self._followed.ticket(self.state, digest)
        return None if ticket is None else ticket.id

    def calls(self, windows: Container[str], most: int) -> list[dict[str, Any]]:
        """The last calls to these windows, newest first."""
        return [views.call(self.state, each) for each in views.last_calls(self.state, windows, most)]

    def desk(self, window: str, now: Now) -> dict[str, Any]:
        """A window as its clerk sees it."""
        return desk(self.state, window, now)

    def snapshot(self, now: Now) -> dict[str, Any]:
        """All that changes could tell of, at once."""
        queue = self.queue(now)
        return {
            "queue": queue,
            "call": queue["calls"][0] if queue["calls"] else None,
            "windows": [self._window(window) for window in self.state.layout.window_by_id],
        }

    def _window(self, window: str) -> dict[str, Any]:
        """A window as everybody may see it: no name of a clerk."""
        now = self.state.windows[window]
        number = None if now.ticket is None else self.state.tickets[now.ticket].number
        return {"window": window, "state": now.state.value, "number": number}
