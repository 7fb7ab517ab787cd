"""Training: the whole hall in practice. Its numbers, lines and figures are kept apart from the real ones.

What happens meanwhile is journalled like everything else, marked `training` in its data, and counted nowhere. A run
that was finished in training stays marked: its rating may come after the training is over.

Numbers on loan are real ones, never practice. What a dispenser gave before it heard of the training comes in unmarked,
is put away with the rest of the real work, and stands in line when the training is over.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hub.queueing import events as ev
from hub.queueing.events import Event
from hub.queueing.state import CALLS_KEPT, DayFigures, State, Ticket
from hub.queueing.tables import TicketState

MARK = "training"
# Before a number in training, so that nobody takes its paper for a real one's.
LETTER = "X"

_TABLES = ("counters", "days", "skipped", "leased", "left", "missed", "since_jump", "overtaken", "served")
_SWAPPED = (*_TABLES, "business_date", "calls")
# Besides those: real tickets that come in meanwhile, in no line until the training is over.
_ASIDE = ("tickets", "printing")
_LINES = ("queues", "own")
_TICKET = "hall.ticket."
_MARKED = (_TICKET, "hall.rating.", "hall.staff.", "hall.window.")


def mark(state: State, events: list[Event]) -> list[Event]:
    """Marks what is no real work: all of a hall in training, and what becomes of its runs later."""
    if state.training or state.practice:
        real = {event.data["ticket"] for event in events if event.data.get("lease") and "ticket" in event.data}
        real.update(ticket.id for ticket in put_aside(state))
        for event in events:
            if event.type.startswith(_MARKED) and event.data.get("ticket") not in real and _is_practice(state, event):
                event.data[MARK] = True
    return events


def put_aside(state: State) -> list[Ticket]:
    """Real tickets that wait for the end of the training."""
    return list(state.real.get("tickets", {}).values())


def real_side(state: State) -> State:
    """The real work to decide by, also while the hall practises; not to be changed."""
    if not state.training:
        return state
    tables = {name: state.real[name] for name in _SWAPPED if name in state.real}
    tickets = {name: state.real.get(name, {}) for name in _ASIDE}
    queues: dict[str, deque[Ticket]] = {}
    for ticket in put_aside(state):
        if ticket.state is TicketState.WAITING:
            queues.setdefault(ticket.service, deque()).append(ticket)
    return replace(state, **tables, **tickets, queues=queues, own={}, training=False, real={})


def is_aside(state: State, event: Event) -> bool:
    """Whether it is of the real work while the hall practises."""
    return state.training and event.type.startswith(_TICKET) and not event.data.get(MARK)


def aside(state: State, apply: Callable[[], None]) -> None:
    """Applies to what is put away; its tickets stand in no line meanwhile."""
    kept = {name: getattr(state, name) for name in (*_ASIDE, *_LINES)}
    swap(state)
    for name in _ASIDE:
        setattr(state, name, state.real.setdefault(name, {}))
    for name in _LINES:
        setattr(state, name, {})
    try:
        apply()
    finally:
        for name, value in kept.items():
            setattr(state, name, value)
        swap(state)


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
    _forget_last_acts(state)


def ended(state: State, data: dict[str, Any], event: Event) -> None:
    """The day goes on where it was."""
    found = {name: state.real.pop(name, {}) for name in _ASIDE}
    swap(state)
    state.real = {}
    state.training = False
    _forget_last_acts(state)
    for name, tickets in found.items():
        getattr(state, name).update(tickets)
    for ticket in found["tickets"].values():
        if ticket.state is TicketState.WAITING:
            state.join_by_time(ticket)


def _fresh() -> dict[str, Any]:
    tables: dict[str, Any] = {name: {} for name in _TABLES}
    return tables | {"business_date": "", "calls": deque(maxlen=CALLS_KEPT), "desks": {}}


def swap(state: State) -> None:
    """The parts that practice has of its own against those of the real work."""
    for name in _SWAPPED:
        if name in state.real:
            here = getattr(state, name)
            setattr(state, name, state.real[name])
            state.real[name] = here
    put_away = state.real["desks"]
    state.real["desks"] = {window.id: window.day for window in state.windows.values()}
    for window in state.windows.values():
        window.day = put_away.get(window.id) or DayFigures()


def on_both_sides(state: State, act: Callable[[], None]) -> None:
    """Does it to what goes on now and, while the hall practises, to the real work that is put away."""
    act()
    if state.training:
        swap(state)
        act()
        swap(state)


def _forget_last_acts(state: State) -> None:
    """Nothing of before can be undone."""
    for window in state.windows.values():
        window.last = None


HANDLERS = {ev.TRAINING_BEGAN: began, ev.TRAINING_ENDED: ended}
