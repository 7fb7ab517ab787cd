"""From the call to the finish: what a clerk does with tickets."""

from typing import Any

from hub.queueing import events as ev
from hub.queueing import priority
from hub.queueing.commands import CancelTicket, Sweep
from hub.queueing.decide.ground import Ids, allowed, event, known_service, moved, named, open_ticket
from hub.queueing.decide.issuing import DEFAULT_OUTCOME, finished_data
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.state import State, Ticket, WindowNow
from hub.queueing.tables import TicketState
from hub.queueing.times import DAY_MS
from hub.queueing.window_commands import (
    Call,
    CallNext,
    Cancel,
    Finish,
    Hold,
    MarkArrived,
    NoShow,
    Recall,
    Restore,
    Resume,
    Transfer,
    Undo,
)

# 重呼, 3 at most (domain, "Caller"): then it is a no-show, or the holder has come.
RECALLS_MOST = 3
# How long a finish or no-show can be undone: a slip is seen at once; later, others were told of it.
UNDO_MS = 60_000


def call_next(state: State, command: CallNext, now: Now, ids: Ids) -> list[Event]:
    """下一位."""
    window = allowed(state, command.window, "next")
    choice = priority.choose(state, window.id, now)
    if choice is None:
        services = state.layout.window_by_id[window.id].services
        raise Refusal("queue_empty", window.state, "next", f"Nobody waits for {', '.join(services)}.")
    return [_called(choice.ticket, window, now, choice.turn, choice.passed)]


def call(state: State, command: Call, now: Now, ids: Ids) -> list[Event]:
    """A chosen number; it may wait for another window alone, which perhaps is closed."""
    window = allowed(state, command.window, "call")
    ticket = named(state, command.number, "call", "called")
    _served_here(state, ticket, window, "call")
    return [_called(ticket, window, now, priority.CHOSEN, (), reason=command.reason)]


def _called(
    ticket: Ticket,
    window: WindowNow,
    now: Now,
    turn: str | None,
    passed: tuple[str, ...],
    *,
    reason: str | None = None,
) -> Event:
    since_ms = ticket.issued_at_ms if ticket.waiting_since_ms is None else ticket.waiting_since_ms
    data: dict[str, Any] = {
        "ticket": ticket.id,
        "number": ticket.number,
        "window": window.id,
        "staff": window.staff,
        "waited_ms": max(0, now.ms - since_ms),
    }
    # Only of calls out of turn, so that everybody can see later why somebody was passed over.
    if turn is not None:
        data |= {"turn": turn, "passed": list(passed)}
    if reason is not None:
        data["reason"] = reason
    return event(ev.TICKET_CALLED, f"ticket/{ticket.id}", data, now)


def _served_here(state: State, ticket: Ticket, window: WindowNow, verb: str) -> None:
    if ticket.service not in state.layout.window_by_id[window.id].services and ticket.to_window != window.id:
        detail = f"{ticket.number} is for service {ticket.service}, which this window doesn't serve."
        raise Refusal("other_service", window.state, verb, detail)


def recall(state: State, command: Recall, now: Now, ids: Ids) -> list[Event]:
    """重呼."""
    window = allowed(state, command.window, "recall")
    ticket = open_ticket(state, window)
    if ticket.recalls >= RECALLS_MOST:
        detail = f"{ticket.number} was called again {RECALLS_MOST} times; mark the arrival or a no-show."
        raise Refusal("recalled_enough", window.state, "recall", detail)
    data = {
        "ticket": ticket.id,
        "number": ticket.number,
        "window": window.id,
        "staff": window.staff,
        "waited_ms": max(0, now.ms - ticket.issued_at_ms),
    }
    return [event(ev.TICKET_RECALLED, f"ticket/{ticket.id}", data, now)]


def arrive(state: State, command: MarkArrived, now: Now, ids: Ids) -> list[Event]:
    """到达."""
    window = allowed(state, command.window, "arrive")
    return [moved(ev.TICKET_ARRIVED, open_ticket(state, window), window, now)]


def no_show(state: State, command: NoShow, now: Now, ids: Ids) -> list[Event]:
    """过号."""
    window = allowed(state, command.window, "no_show")
    return [moved(ev.TICKET_NO_SHOW, open_ticket(state, window), window, now)]


def restore(state: State, command: Restore, now: Now, ids: Ids) -> list[Event]:
    """A no-show stands in line again, once."""
    window = allowed(state, command.window, "restore")
    ticket = named(state, command.number, "restore", "restored")
    if ticket.restored:
        detail = f"{ticket.number} was restored once already; a new number is needed."
        raise Refusal("restored_once", ticket.state, "restore", detail)
    lost = ticket.to_window is not None and ticket.to_window not in state.layout.window_by_id
    if lost or ticket.service not in state.layout.service_by_id:
        detail = f"{ticket.number}: nobody serves its line any more; a new number is needed."
        raise Refusal("line_gone", ticket.state, "restore", detail)
    return [moved(ev.TICKET_RESTORED, ticket, window, now)]


def hold(state: State, command: Hold, now: Now, ids: Ids) -> list[Event]:
    """Set aside."""
    window = allowed(state, command.window, "hold")
    return [moved(ev.TICKET_HELD, open_ticket(state, window), window, now, reason=command.reason)]


def resume(state: State, command: Resume, now: Now, ids: Ids) -> list[Event]:
    """Back at the window that held it, or at another that serves it."""
    window = allowed(state, command.window, "resume")
    ticket = named(state, command.number, "resume", "resumed")
    if ticket.window != window.id:
        _served_here(state, ticket, window, "resume")
    return [moved(ev.TICKET_RESUMED, ticket, window, now)]


def transfer(state: State, command: Transfer, now: Now, ids: Ids) -> list[Event]:
    """转移."""
    window = allowed(state, command.window, "transfer")
    ticket = open_ticket(state, window)
    if command.to_service is None and command.to_window is None:
        raise Refusal("no_target", window.state, "transfer", "Say to which service or window.")
    if command.to_service is not None:
        known_service(state, command.to_service, "transfer")
    if command.to_window is not None and command.to_window not in state.layout.window_by_id:
        detail = f"This hall has no window {command.to_window!r} to transfer to."
        raise Refusal("unknown_target", window.state, "transfer", detail)
    more = {"back": True} if command.back else {}
    return [
        moved(
            ev.TICKET_TRANSFERRED,
            ticket,
            window,
            now,
            to_service=command.to_service,
            to_window=command.to_window,
            reason=command.reason,
            **more,
        )
    ]


def finish(state: State, command: Finish, now: Now, ids: Ids) -> list[Event]:
    """办结: the run; and where the visit goes on, at once."""
    window = allowed(state, command.window, "finish")
    ticket = open_ticket(state, window)
    if command.then is not None:
        known_service(state, command.then, "finish")
    begun_ms = ticket.arrived_at_ms if ticket.arrived_at_ms is not None else ticket.called_at_ms
    served_ms = None if begun_ms is None else max(0, now.ms - begun_ms)
    # After an undone finish the same run is finished again: it counts once, and its rating stands.
    data = finished_data(ticket.id, ticket.number, ticket.service, window, ticket.run or ids.run())
    data |= {"served_ms": served_ms, "outcome": command.outcome or DEFAULT_OUTCOME}
    finished = event(ev.TICKET_FINISHED, f"ticket/{ticket.id}", data, now)
    if command.then is not None:
        return [finished, _goes_on(state, window, ticket, (command.then, None), now)]
    if ticket.legs:
        return [finished, _goes_on(state, window, ticket, ticket.legs[0], now)]
    return [finished]


def _goes_on(state: State, window: WindowNow, ticket: Ticket, leg: tuple[str, str | None], now: Now) -> Event:
    """The next service of the visit: here, if this window serves it; else in that line, by order of issue."""
    service, to_window = leg
    reason = "visit" if to_window is None else "return"
    here = service in state.layout.window_by_id[window.id].services if to_window is None else to_window == window.id
    if here:
        return moved(ev.TICKET_RESUMED, ticket, window, now, to_service=service, reason=reason)
    if to_window is not None and to_window not in state.layout.window_by_id:
        # The hall was laid out anew while the ticket was under way.
        to_window = None
    return moved(ev.TICKET_TRANSFERRED, ticket, window, now, to_service=service, to_window=to_window, reason=reason)


def cancel(state: State, command: Cancel, now: Now, ids: Ids) -> list[Event]:
    """The ticket at the window, or one that no window has, by its number."""
    if command.number is None:
        window = allowed(state, command.window, "cancel")
        return [moved(ev.TICKET_CANCELLED, open_ticket(state, window), window, now, reason=command.reason)]
    window = allowed(state, command.window, "cancel", "cancel_other")
    ticket = named(state, command.number, "cancel", "cancelled")
    if ticket.state in (TicketState.CALLED, TicketState.ARRIVED) and ticket.window != window.id:
        detail = f"{ticket.number} is at window {ticket.window}, which alone can cancel it."
        raise Refusal("ticket_state", ticket.state, "cancel", detail)
    return [moved(ev.TICKET_CANCELLED, ticket, window, now, reason=command.reason)]


def cancel_ticket(state: State, command: CancelTicket, now: Now, ids: Ids) -> list[Event]:
    """Without a window: never printed, or given back at the desk."""
    ticket = named(state, command.ticket, "cancel", "cancelled")
    if ticket.state in (TicketState.CALLED, TicketState.ARRIVED):
        detail = f"{ticket.number} is at window {ticket.window}, which alone can cancel it."
        raise Refusal("ticket_state", ticket.state, "cancel", detail)
    return [moved(ev.TICKET_CANCELLED, ticket, None, now, reason=command.reason)]


def sweep(state: State, command: Sweep, now: Now, ids: Ids) -> list[Event]:
    """Cancels what is open since before the last closing, also at windows; nothing where none is set or known."""
    before_ms = now.ms + 1 if command.now else _last_closing_ms(state, now)
    if before_ms is None:
        return []
    reason = "closing" if command.staff is None else f"closing, by {command.staff}"
    return [
        moved(ev.TICKET_CANCELLED, ticket, state.windows.get(_at(ticket) or ""), now, reason=reason)
        for ticket in state.tickets.values()
        if ticket.issued_at_ms < before_ms or command.now
    ]


def _at(ticket: Ticket) -> str | None:
    return ticket.window if ticket.state in (TicketState.CALLED, TicketState.ARRIVED) else None


def _last_closing_ms(state: State, now: Now) -> int | None:
    """The last time that the hall's closing minute came; None while the clock is unsure."""
    minute = state.layout.sweep_minute
    if minute is None or not now.sure:
        return None
    offset_ms = (minute - state.layout.offset_minutes) * 60_000
    return (now.ms - offset_ms) // DAY_MS * DAY_MS + offset_ms


def undo(state: State, command: Undo, now: Now, ids: Ids) -> list[Event]:
    """Takes back the window's last act. Whether the citizen has rated makes no difference: nobody could tell."""
    window = allowed(state, command.window, "undo", "undo_finish")
    last = window.last
    if last is None:
        detail = "Only a finish or a no-show can be undone, before anything else is done here."
        raise Refusal("nothing_to_undo", window.state, "undo", detail)
    if now.ms - last.at_ms > UNDO_MS:
        detail = f"It is more than {UNDO_MS // 1000} s ago; a no-show can be restored."
        raise Refusal("too_late_to_undo", window.state, "undo", detail)
    ticket = last.finished or state.missed.get(last.ticket)
    if ticket is None:
        raise Refusal("nothing_to_undo", window.state, "undo", "The no-show was restored or cancelled meanwhile.")
    more = {} if last.run is None else {"run": last.run}
    return [moved(ev.TICKET_UNDONE, ticket, window, now, reason=last.kind, **more)]
