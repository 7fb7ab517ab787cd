"""The state machines of the hall: one table for tickets, one for windows, one for runs. What is not here is illegal."""

from enum import StrEnum


class TicketState(StrEnum):
    """Where an open ticket stands; a finished one is open no longer."""

    WAITING = "waiting"
    CALLED = "called"
    ARRIVED = "arrived"
    # A walk-up: served without ever having waited.
    AT_WINDOW = "at_window"
    FINISHED = "finished"


class WindowState(StrEnum):
    """What a window is doing."""

    # Nobody is signed in.
    CLOSED = "closed"
    FREE = "free"
    CALLING = "calling"
    SERVING = "serving"
    PAUSED = "paused"


class RunState(StrEnum):
    """How far the rating of a run has come."""

    # Finished; no evaluator has answered yet.
    OPEN = "open"
    INVITED = "invited"
    # No evaluator took the invitation; provisional.
    AWAY = "away"
    UNRATED = "unrated"
    RATED = "rated"


# (state, event) → state
TICKET_MOVES: dict[tuple[TicketState, str], TicketState] = {
    (TicketState.WAITING, "called"): TicketState.CALLED,
    (TicketState.CALLED, "arrived"): TicketState.ARRIVED,
    # Arrival is often never marked; serving then counts from the call.
    (TicketState.CALLED, "finished"): TicketState.FINISHED,
    (TicketState.ARRIVED, "finished"): TicketState.FINISHED,
    (TicketState.AT_WINDOW, "finished"): TicketState.FINISHED,
}

# (state, command) → state
WINDOW_MOVES: dict[tuple[WindowState, str], WindowState] = {
    (WindowState.CLOSED, "sign_in"): WindowState.FREE,
    (WindowState.FREE, "sign_in"): WindowState.FREE,
    (WindowState.FREE, "sign_out"): WindowState.CLOSED,
    (WindowState.FREE, "pause"): WindowState.PAUSED,
    (WindowState.FREE, "next"): WindowState.CALLING,
    (WindowState.FREE, "walk_up"): WindowState.FREE,
    (WindowState.CALLING, "arrive"): WindowState.SERVING,
    (WindowState.CALLING, "finish"): WindowState.FREE,
    (WindowState.SERVING, "finish"): WindowState.FREE,
    (WindowState.PAUSED, "unpause"): WindowState.FREE,
    (WindowState.PAUSED, "sign_in"): WindowState.FREE,
    (WindowState.PAUSED, "sign_out"): WindowState.CLOSED,
}

# (state, event) → state. A submission counts whenever it comes, once; a rated run stays rated.
RUN_MOVES: dict[tuple[RunState, str], RunState] = {
    (RunState.OPEN, "invited"): RunState.INVITED,
    (RunState.OPEN, "away"): RunState.AWAY,
    (RunState.OPEN, "unrated"): RunState.UNRATED,
    (RunState.OPEN, "submitted"): RunState.RATED,
    # The answer was late, the invitation is in the box's flash all the same.
    (RunState.AWAY, "invited"): RunState.INVITED,
    (RunState.AWAY, "unrated"): RunState.UNRATED,
    (RunState.AWAY, "submitted"): RunState.RATED,
    (RunState.INVITED, "unrated"): RunState.UNRATED,
    (RunState.INVITED, "submitted"): RunState.RATED,
    (RunState.UNRATED, "unrated"): RunState.UNRATED,
    (RunState.UNRATED, "submitted"): RunState.RATED,
    (RunState.RATED, "unrated"): RunState.RATED,
}

# Why a window refuses: by (state, command) where that says more, otherwise by state.
REFUSAL_KINDS: dict[WindowState, tuple[str, str]] = {
    WindowState.CLOSED: ("nobody_signed_in", "Nobody is signed in at this window; sign in first."),
    WindowState.FREE: ("no_ticket", "No ticket is open at this window; press next first."),
    WindowState.CALLING: ("ticket_open", "A ticket is open at this window; finish it first."),
    WindowState.SERVING: ("ticket_open", "A ticket is open at this window; finish it first."),
    WindowState.PAUSED: ("window_paused", "This window is paused; unpause it first."),
}
SPECIAL_REFUSALS: dict[tuple[WindowState, str], tuple[str, str]] = {
    (WindowState.FREE, "unpause"): ("not_paused", "This window is not paused."),
    (WindowState.CALLING, "unpause"): ("not_paused", "This window is not paused."),
    (WindowState.SERVING, "unpause"): ("not_paused", "This window is not paused."),
    (WindowState.SERVING, "arrive"): ("already_arrived", "The arrival is already marked; finish comes next."),
    (WindowState.PAUSED, "pause"): ("window_paused", "This window is already paused."),
}
