"""Who sits at a window, and whether it calls anybody."""

from typing import Any

from hub.queueing.apply.ground import move_window
from hub.queueing.events import Event
from hub.queueing.state import State


def signed_in(state: State, data: dict[str, Any], event: Event) -> None:
    """A clerk takes it."""
    window = move_window(state, data["window"], "sign_in")
    window.staff = data["staff"]
    window.role = data["role"]
    window.staff_at_ms = event.time_ms


def signed_out(state: State, data: dict[str, Any], event: Event) -> None:
    """The clerk leaves it."""
    window = move_window(state, data["window"], "sign_out")
    window.staff = window.role = window.pause_reason = None
    window.staff_at_ms = event.time_ms


def paused(state: State, data: dict[str, Any], event: Event) -> None:
    """It calls nobody for a while."""
    move_window(state, data["window"], "pause").pause_reason = data["reason"]


def unpaused(state: State, data: dict[str, Any], event: Event) -> None:
    """It goes on."""
    move_window(state, data["window"], "unpause").pause_reason = None


def empty(state: State, data: dict[str, Any], event: Event) -> None:
    """Nobody is there while people wait for it."""
    state.window(data["window"]).empty = True


def covered(state: State, data: dict[str, Any], event: Event) -> None:
    """Somebody is there again."""
    state.window(data["window"]).empty = False
