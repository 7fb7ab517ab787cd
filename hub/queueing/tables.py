"""The state machines of the hall: one table for tickets, one for windows, one for runs. What is not here is illegal."""

from enum import StrEnum


class TicketState(StrEnum):
    """Where a ticket stands; a finished, missed or cancelled one is open no longer."""

    # Its number is given, its paper isn't confirmed: it stands in no line yet.
    PRINTING = "printing"
    WAITING = "waiting"
    CALLED = "called"
    ARRIVED = "arrived"
    # Set aside by a window while its holder fetches something; no longer at the window.
    HELD = "held"
    # A walk-up: served without ever having waited.
    AT_WINDOW = "at_window"
    FINISHED = "finished"
    # A no-show: remembered for the business day, so that it may be restored once.
    MISSED = "missed"
    CANCELLED = "cancelled"


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
    (TicketState.PRINTING, "printed"): TicketState.WAITING,
    # By its number only: who shows the paper at a window proves that it was printed.
    (TicketState.PRINTING, "called"): TicketState.CALLED,
    (TicketState.PRINTING, "cancelled"): TicketState.CANCELLED,
    (TicketState.WAITING, "called"): TicketState.CALLED,
    (TicketState.WAITING, "cancelled"): TicketState.CANCELLED,
    (TicketState.CALLED, "recalled"): TicketState.CALLED,
    (TicketState.CALLED, "arrived"): TicketState.ARRIVED,
    (TicketState.CALLED, "no_show"): TicketState.MISSED,
    # Arrival is often never marked; serving then counts from the call.
    (TicketState.CALLED, "finished"): TicketState.FINISHED,
    (TicketState.CALLED, "held"): TicketState.HELD,
    (TicketState.CALLED, "transferred"): TicketState.WAITING,
    (TicketState.CALLED, "cancelled"): TicketState.CANCELLED,
    (TicketState.ARRIVED, "finished"): TicketState.FINISHED,
    (TicketState.ARRIVED, "held"): TicketState.HELD,
    (TicketState.ARRIVED, "transferred"): TicketState.WAITING,
    (TicketState.ARRIVED, "cancelled"): TicketState.CANCELLED,
    (TicketState.HELD, "resumed"): TicketState.ARRIVED,
    (TicketState.HELD, "cancelled"): TicketState.CANCELLED,
    (TicketState.AT_WINDOW, "finished"): TicketState.FINISHED,
    # The visit goes on: at the same window, or in another line without queueing again at its end.
    (TicketState.FINISHED, "resumed"): TicketState.ARRIVED,
    (TicketState.FINISHED, "transferred"): TicketState.WAITING,
    (TicketState.FINISHED, "undone"): TicketState.ARRIVED,
    (TicketState.MISSED, "restored"): TicketState.WAITING,
    (TicketState.MISSED, "undone"): TicketState.CALLED,
    (TicketState.MISSED, "cancelled"): TicketState.CANCELLED,
}

# (state, command) → state. Two commands have two names here, for they lead to two places: `cancel` of the ticket at the
# window and `cancel_other` of one elsewhere; `undo_finish` and `undo_no_show`.
WINDOW_MOVES: dict[tuple[WindowState, str], WindowState] = {
    (WindowState.CLOSED, "sign_in"): WindowState.FREE,
    (WindowState.FREE, "sign_in"): WindowState.FREE,
    (WindowState.FREE, "sign_out"): WindowState.CLOSED,
    (WindowState.FREE, "pause"): WindowState.PAUSED,
    (WindowState.FREE, "next"): WindowState.CALLING,
    (WindowState.FREE, "call"): WindowState.CALLING,
    (WindowState.FREE, "resume"): WindowState.SERVING,
    (WindowState.FREE, "walk_up"): WindowState.FREE,
    (WindowState.FREE, "restore"): WindowState.FREE,
    (WindowState.FREE, "cancel_other"): WindowState.FREE,
    (WindowState.FREE, "undo_finish"): WindowState.SERVING,
    (WindowState.FREE, "undo_no_show"): WindowState.CALLING,
    (WindowState.CALLING, "recall"): WindowState.CALLING,
    (WindowState.CALLING, "arrive"): WindowState.SERVING,
    (WindowState.CALLING, "no_show"): WindowState.FREE,
    (WindowState.CALLING, "finish"): WindowState.FREE,
    (WindowState.CALLING, "hold"): WindowState.FREE,
    (WindowState.CALLING, "transfer"): WindowState.FREE,
    (WindowState.CALLING, "cancel"): WindowState.FREE,
    (WindowState.CALLING, "restore"): WindowState.CALLING,
    (WindowState.CALLING, "cancel_other"): WindowState.CALLING,
    (WindowState.SERVING, "finish"): WindowState.FREE,
    (WindowState.SERVING, "hold"): WindowState.FREE,
    (WindowState.SERVING, "transfer"): WindowState.FREE,
    (WindowState.SERVING, "cancel"): WindowState.FREE,
    (WindowState.SERVING, "restore"): WindowState.SERVING,
    (WindowState.SERVING, "cancel_other"): WindowState.SERVING,
    (WindowState.PAUSED, "unpause"): WindowState.FREE,
    (WindowState.PAUSED, "sign_in"): WindowState.FREE,
    (WindowState.PAUSED, "sign_out"): WindowState.CLOSED,
    (WindowState.PAUSED, "restore"): WindowState.PAUSED,
    (WindowState.PAUSED, "cancel_other"): WindowState.PAUSED,
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
    (WindowState.SERVING, "recall"): ("already_arrived", "The arrival is already marked; finish comes next."),
    (WindowState.SERVING, "no_show"): ("already_arrived", "The arrival is already marked; finish or transfer."),
    (WindowState.PAUSED, "pause"): ("window_paused", "This window is already paused."),
}

# Why a ticket's state refuses a command on its number.
TICKET_REFUSALS: dict[TicketState, str] = {
    TicketState.PRINTING: "Its paper is being printed; call it if somebody shows it.",
    TicketState.WAITING: "It waits in its line; call it first.",
    TicketState.CALLED: "It is called to a window.",
    TicketState.ARRIVED: "It is being served at a window.",
    TicketState.HELD: "It is held; resume it first.",
    TicketState.MISSED: "It is a no-show; restore it first.",
}
