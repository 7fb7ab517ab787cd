"""Who stands at a window, and whether it calls."""

from hub.queueing import events as ev
from hub.queueing.decide.ground import Ids, allowed, event
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.priority import lines_of
from hub.queueing.state import State, WindowNow
from hub.queueing.window_commands import Pause, SignIn, SignOut, Unpause

STAFF_ROLES = ("A", "B")


def sign_in(state: State, command: SignIn, now: Now, ids: Ids) -> list[Event]:
    """A clerk takes the window; another one there is signed out."""
    window = allowed(state, command.window, "sign_in")
    if not command.staff:
        raise Refusal("no_staff", window.state, "sign_in", "Say who signs in.")
    if command.role not in STAFF_ROLES:
        raise Refusal("unknown_role", window.state, "sign_in", f"{command.role!r} is none of {', '.join(STAFF_ROLES)}.")
    if (window.staff, window.role) == (command.staff, command.role):
        raise Refusal("already_signed_in", window.state, "sign_in", f"{command.staff} is signed in here already.")
    events = signed_out(window, now) if window.staff is not None else []
    data = {"staff": command.staff, "window": window.id, "role": command.role}
    events.append(event(ev.STAFF_SIGNED_IN, f"window/{window.id}", data, now))
    if window.empty:
        covered = {"window": window.id, "staff": command.staff, "reason": f"role {command.role}"}
        events.append(event(ev.WINDOW_COVERED, f"window/{window.id}", covered, now))
    return events


def sign_out(state: State, command: SignOut, now: Now, ids: Ids) -> list[Event]:
    """The clerk leaves; a window that people wait for then stands empty."""
    window = allowed(state, command.window, "sign_out")
    events = signed_out(window, now)
    waiting = sum(len(line) for _, line in lines_of(state, window.id))
    if waiting:
        data = {"window": window.id, "staff": window.staff, "reason": f"{waiting} waiting"}
        events.append(event(ev.WINDOW_EMPTY, f"window/{window.id}", data, now))
    return events


def signed_out(window: WindowNow, now: Now) -> list[Event]:
    """The clerk of a window is signed out of it."""
    data = {"staff": window.staff, "window": window.id, "role": window.role}
    return [event(ev.STAFF_SIGNED_OUT, f"window/{window.id}", data, now)]


def pause(state: State, command: Pause, now: Now, ids: Ids) -> list[Event]:
    """暂停."""
    window = allowed(state, command.window, "pause")
    data = {"window": window.id, "staff": window.staff, "reason": command.reason}
    return [event(ev.WINDOW_PAUSED, f"window/{window.id}", data, now)]


def unpause(state: State, command: Unpause, now: Now, ids: Ids) -> list[Event]:
    """The window goes on."""
    window = allowed(state, command.window, "unpause")
    data = {"window": window.id, "staff": window.staff, "reason": None}
    return [event(ev.WINDOW_UNPAUSED, f"window/{window.id}", data, now)]
