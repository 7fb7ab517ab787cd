"""Whose ticket a token is, and where that ticket is: for the phone that scanned its code.

Only the digest of a token is known here. Tickets that are done leave the state; the last of them are remembered for a
word of goodbye, by this process only.
"""

from collections import OrderedDict
from typing import Any

from hub.queueing import events as ev
from hub.queueing.events import Event, Now
from hub.queueing.state import TOKEN_DIGITS, State, Ticket
from hub.queueing.tables import TicketState
from hub.queueing.times import rfc3339
from hub.queueing.wait import expected

DONE_KEPT = 5_000  # half a day of the largest hall
CALLS_MOST = 4  # a call and three recalls; then the next one is called
# How often a phone asks, by how soon it may be called: (people ahead, s). 500 phones then cost 60 answers a second.
PACE = ((2, 2.0), (10, 5.0))
PACE_FAR_S = 10.0
# Real ones are put away during practice.
_OTHER_TICKETS = (ev.TRAINING_BEGAN, ev.TRAINING_ENDED)


class Followed:
    """Tickets by the digest of their token."""

    def __init__(self, state: State) -> None:
        self._open: dict[str, str] = {}
        # The same by their ids: one that is done is in the state no more, and its goodbye tells of it.
        self._tickets: dict[str, Ticket] = {}
        self._done: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._date = state.business_date
        for ticket in (*state.tickets.values(), *state.missed.values()):
            self._keep(ticket)

    def _keep(self, ticket: Ticket) -> None:
        if ticket.token_digest is not None:
            self._open[ticket.token_digest] = ticket.id
            self._tickets[ticket.id] = ticket

    def take(self, state: State, event: Event) -> None:
        """After an event, which the state has taken in."""
        if state.business_date != self._date or event.type in _OTHER_TICKETS:
            self._look_anew(state)
        name = event.data.get("ticket", "")
        after = state.tickets.get(name) or state.missed.get(name)
        if after is not None:
            # Given, moved, or back from its end by an undo.
            self._done.pop(after.token_digest or "", None)
            self._keep(after)
            return
        before = self._tickets.pop(name, None)
        if before is None or before.token_digest is None:
            return
        self._open.pop(before.token_digest, None)
        how = "finished" if event.type == ev.TICKET_FINISHED else "cancelled"
        self._done[before.token_digest] = _told(state, before) | {"state": how, "reason": event.data.get("reason")}
        while len(self._done) > DONE_KEPT:
            self._done.popitem(last=False)

    def _look_anew(self, state: State) -> None:
        """Tickets left without an event of their own (yesterday's missed ones), or came back (after practice)."""
        self._date = state.business_date
        for name in [name for name in self._tickets if name not in state.tickets and name not in state.missed]:
            self._open.pop(self._tickets.pop(name).token_digest or "", None)
        for ticket in (*state.tickets.values(), *state.missed.values()):
            self._keep(ticket)

    def ticket(self, state: State, digest: str) -> Ticket | None:
        """The open or missed ticket of a token."""
        found = self._open.get(digest[:TOKEN_DIGITS])
        return None if found is None else state.tickets.get(found) or state.missed.get(found)

    def view(self, state: State, digest: str, now: Now) -> dict[str, Any] | None:
        """What the phone shows; None where no ticket of these days has this token."""
        ticket = self.ticket(state, digest)
        if ticket is None:
            done = self._done.get(digest[:TOKEN_DIGITS])
            return None if done is None else done | _times(state, now)
        ahead = _ahead(state, ticket)
        waits = ticket.state in (TicketState.WAITING, TicketState.PRINTING)
        shown = _told(state, ticket) | _times(state, now)
        return shown | {
            "state": ticket.state.value if ticket.id in state.tickets else "missed",
            "ahead": ahead if waits else None,
            "wait": expected(state, ticket.service, ahead, now) if waits else None,
            "window": ticket.window or ticket.to_window,
            "times": ticket.recalls + 1,
            "times_most": CALLS_MOST,
            "called_at": None if ticket.called_at_ms is None else _time(state, ticket.called_at_ms),
            "restored": ticket.restored,
            "next_s": _pace(ahead if waits else 0),
        }


def _told(state: State, ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "service": ticket.service,
        "matter": ticket.matter,
        "issued_at": _time(state, ticket.issued_at_ms),
        "next_s": PACE_FAR_S,
    }


def _times(state: State, now: Now) -> dict[str, Any]:
    return {"as_of": _time(state, now.ms)}


def _time(state: State, at_ms: int) -> str:
    return rfc3339(at_ms, state.layout.offset_minutes)


def _ahead(state: State, ticket: Ticket) -> int:
    """How many of its own line stand before it; all of them while its paper is on its way."""
    line = state.in_line(ticket.line)
    return next((place for place, other in enumerate(line) if other is ticket), len(line))


def _pace(ahead: int) -> float:
    return next((pace_s for most, pace_s in PACE if ahead <= most), PACE_FAR_S)
