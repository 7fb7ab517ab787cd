"""Who is next at a window: the order of issue, bent by what the window prefers and by priority, both capped.

The bound, for a ticket that joined its line with n in front of it (or put in front since: a restored no-show, a
transfer that keeps its place), with `one_in` = k:
- by its own line, `next` passes it over at most 1 + n // (k - 1) times: one call in k goes out of turn, not more;
- by the other lines of windows that serve its line, at most k - 1 times between two calls from its own line.
A number that a clerk chooses (`call`) is that clerk's recorded act and stands outside both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.queueing.events import Now
from hub.queueing.state import JUMP_MEMORY, State, Ticket, own_line

MINUTE_MS = 60_000

# Class → head start: among those with priority, who waits longest goes first, each counted as having come so much
# earlier. All head starts are finite, so none of them waits for ever behind another.
CLASSES: dict[str, int] = {
    "elderly": 0,
    "disabled": 0,
    "pregnant": 0,
    "with_infant": 0,
    "military": 0,
    "appointment": 10 * MINUTE_MS,
    "urgent": 30 * MINUTE_MS,
}
PRIORITY = "priority"
PREFERENCE = "preference"
CHOSEN = "chosen"

Line = tuple[str, Sequence[Ticket]]


@dataclass(frozen=True, slots=True)
class Choice:
    """The next one; turn: why out of turn, or None; passed: lines of the window whose first came earlier."""

    ticket: Ticket
    turn: str | None
    passed: tuple[str, ...]


def lines_of(state: State, window: str) -> list[Line]:
    """The lines where somebody waits whom this window may call, the one it prefers first: its own before all."""
    names = (own_line(window), *state.layout.window_by_id[window].services)
    return [(name, line) for name in names if (line := state.in_line(name))]


def choose(state: State, window: str, now: Now) -> Choice | None:
    """Whom `next` calls; None where nobody waits."""
    lines = lines_of(state, window)
    if not lines:
        return None
    cap = state.layout.one_in - 1
    if any(state.overtaken.get(name, 0) >= cap for name, _ in lines):
        # A line was passed over as often as it may be: strictly in the order of issue, until it had its call.
        return Choice(min((line[0] for _, line in lines), key=_order), None, ())
    home, line = lines[0]
    ticket, turn = line[0], PREFERENCE
    jumping = _first_jumper(state, lines, now)
    if jumping is not None:
        home, ticket, turn = jumping.line, jumping, PRIORITY
    passed = tuple(name for name, other in lines if name != home and other[0].order < ticket.order)
    in_turn = not passed and state.in_line(home)[0] is ticket
    return Choice(ticket, None if in_turn else turn, passed)


def _first_jumper(state: State, lines: Iterable[Line], now: Now) -> Ticket | None:
    """Who may go out of turn now: of the lines whose last such call is long enough ago, who has waited longest."""
    cap = state.layout.one_in - 1
    ready = [
        ticket
        for name, line in lines
        if state.since_jump.get(name, JUMP_MEMORY) >= cap
        for ticket in line
        if ticket.priority is not None and may_jump(ticket, now)
    ]
    return min(ready, key=lambda ticket: (_seniority(ticket), ticket.order), default=None)


def may_jump(ticket: Ticket, now: Now) -> bool:
    """Not before an appointment's time, and not after a no-show: who is restored stands where that put them."""
    due = ticket.due_at_ms is None or now.ms >= ticket.due_at_ms or not now.sure
    return due and ticket.priority in CLASSES and not ticket.restored


def _seniority(ticket: Ticket) -> int:
    return ticket.issued_at_ms - CLASSES.get(ticket.priority or "", 0)


def _order(ticket: Ticket) -> int:
    return ticket.order
