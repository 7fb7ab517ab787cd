"""Training: the whole hall in practice. Its numbers, lines and figures are kept apart from the real ones.

What happens meanwhile is journalled like everything else, marked `training` in its data, and counted nowhere. A run
that was finished in training stays marked: its rating may come after the training is over.
"""

from collections import deque
from typing import Any

from hub.queueing import events as ev
from hub.queueing.events import Event
from hub.queueing.state import CALLS_KEPT, DayFigures, State

MARK = "training"
# Before a number in training, so that nobody takes its paper for a real one's.
LETTER = "X"

_TABLES = ("counters", "days", "skipped", "leased", "left", "missed", "since_jump", "overtaken", "served")
_MARKED = ("hall.ticket.", "hall.rating.", "hall.staff.", "hall.window.")


def mark(state: State, events: list[Event]) -> list[Event]:
    """Marks what is no real work: all of a hall in training, and what becomes of its runs later."""
    if state.training or state.practice:
        for event in events:
            if event.type.startswith(_MARKED) and _is_practice(state, event):
                event.data[MARK] = True
    return events


def _is_practice(state: State, event: Event) -> bool:
    run = event.data.get("run")
    # A rating may come for a run of the real work before, or of a training before.
    if run is not None and event.type.startswith("hall.rating."):
        return run in state.practice
    return state.training


def began(state: State, data: dict[str, Any], event: Event) -> None:
    """Everything of the day is put away."""
    state.real = _fresh()
    swap(state)
    state.training = True


def ended(state: State, data: dict[str, Any], event: Event) -> None:
    """The day goes on where it was."""
    swap(state)
    state.real = {}
    state.training = False


def _fresh() -> dict[str, Any]:
    tables: dict[str, Any] = {name: {} for name in _TABLES}
    return tables | {"business_date": "", "calls": deque(maxlen=CALLS_KEPT), "desks": {}}


def swap(state: State) -> None:
    """The parts that practice has of its own against those of the real work."""
    for name in state.real:
        if name != "desks":
            here = getattr(state, name)
            setattr(state, name, state.real[name])
            state.real[name] = here
    put_away = state.real["desks"]
    state.real["desks"] = {window.id: window.day for window in state.windows.values()}
    for window in state.windows.values():
        window.day = put_away.get(window.id) or DayFigures()
        window.last = None


HANDLERS = {ev.TRAINING_BEGAN: began, ev.TRAINING_ENDED: ended}
